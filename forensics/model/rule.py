"""A detection rule as the matcher sees it; ``forensics.detect.rules`` reads it from YAML."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["informational", "low", "medium", "high", "critical"]
LEVELS: tuple[Level, ...] = ("informational", "low", "medium", "high", "critical")

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """``feature.column|operator: operand``. Operators: eq, neq, gt, gte, lt, lte, in."""

    feature: str
    column: str
    operator: str
    operand: Scalar | tuple[Scalar, ...]

    @property
    def field(self) -> str:
        return f"{self.feature}.{self.column}"


@dataclass(frozen=True, slots=True)
class Selection:
    """A named list of comparisons, all of which must hold."""

    name: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class RuleTest:
    """Feature values in, verdict out; values by ``feature.column``, a missing one is null."""

    name: str
    values: tuple[tuple[str, Scalar], ...]
    fires: bool
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Sigma's metadata keys, conditions over features, ATLAS technique, tests."""

    uid: str
    title: str
    description: str
    status: str
    level: Level
    confidence: float
    techniques: tuple[str, ...]
    selections: tuple[Selection, ...]
    condition: str
    gain: str | None
    falsepositives: tuple[str, ...]
    triage: tuple[str, ...]
    tests: tuple[RuleTest, ...]
    version: int
    path: str
    sha256: str

    @property
    def fields(self) -> tuple[str, ...]:
        """Every ``feature.column`` that the rule reads, sorted."""
        used = {c.field for s in self.selections for c in s.comparisons}
        return tuple(sorted(used | ({self.gain} if self.gain else set())))
