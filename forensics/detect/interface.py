"""The contract of a detector: one file in ``detect/<folder>/`` with a ``DETECTOR``, found by its presence."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from forensics.model.feature import FeatureSpec
from forensics.model.finding import Finding
from forensics.model.scan import Skipped


@dataclass(frozen=True, slots=True)
class Subjects:
    """What there is to look at.

    ``frame``: a row per client and model: client_id, model, first_seen, last_seen, query_count, and ``feature.column`` columns, sorted
    by client and model; ``specs``: the features that it has; ``examples``: client_id, model, event_id of calls to cite.
    """

    frame: pa.Table
    specs: tuple[FeatureSpec, ...]
    examples: pa.Table
    window_start: datetime
    window_end: datetime


@dataclass(frozen=True, slots=True)
class Matches:
    """Findings in a fixed order, and the analytics that did not run, with the reason. ``q_values``: by client and model, of those that
    calibrated analytics have looked at, whether or not they found anything."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    q_values: Mapping[tuple[str, str], float] = field(default_factory=dict)


class Detector(ABC):
    """``name`` is what findings call it. Same subjects, same findings, to the last bit."""

    name: str
    version: int

    @abstractmethod
    def find(self, subjects: Subjects) -> Matches: ...


def together(parts: Sequence[Matches]) -> Matches:
    q_values = {subject: q for part in parts for subject, q in part.q_values.items()}
    return Matches(tuple(f for p in parts for f in p.findings), tuple(s for p in parts for s in p.skipped), q_values)
