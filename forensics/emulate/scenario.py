"""Scenarios: how many clients of which world, how many of them hostile, and whose calls stand in which log."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil

import pyarrow as pa

from forensics.emulate.models import basket, glyphs, ngram, risk
from forensics.emulate.plan import LANGUAGE_MODELS, Job, plan
from forensics.emulate.traffic import Model, Truth, as_table, run
from forensics.model.errors import UsageError

# Share of the clients who ask a language model; whether there are attackers at all.
SCENARIOS: Mapping[str, tuple[float, bool]] = {
    "mixed": (0.5, True),
    "tabular": (0.0, True),
    "language": (1.0, True),
    "benign": (0.5, False),
}
# Which gateway logs a job's calls, where no format is asked for: jobs take turns.
LOGS: Mapping[str, tuple[str, ...]] = {"tabular": ("databricks",), "language": ("litellm", "bedrock")}
_BUILDERS: Mapping[str, Callable[[int], Model]] = {
    "sepsis-risk": risk.build,
    "basket-segments": basket.build,
    "glyph-reader": glyphs.build,
    **{name: partial(ngram.build, name=name) for name in LANGUAGE_MODELS},
}


@dataclass(frozen=True, slots=True)
class Emulation:
    """The calls of each log, by (world, format), as the ``c`` of `LogFormat.writes`; and what every account was."""

    logs: Mapping[tuple[str, str], pa.Table]
    truth: tuple[Truth, ...]

    @property
    def calls(self) -> int:
        return sum(table.num_rows for table in self.logs.values())


def emulate(scenario: str, *, clients: int = 240, attackers: float = 0.125, seed: int = 1, log_format: str | None = None) -> Emulation:
    """Run a scenario. The same arguments give the same calls.

    Raises:
        UsageError: there is no such scenario, or it is too small.
    """
    jobs = draw(scenario, clients=clients, attackers=attackers, seed=seed)
    models = build_models({job.model for job in jobs}, seed)
    rows: dict[tuple[str, str], list[dict[str, object]]] = {}
    truth: list[Truth] = []
    for job in jobs:
        calls, known = run(job, models, seed)
        logs = (log_format,) if log_format else LOGS[job.world]
        rows.setdefault((job.world, logs[job.number % len(logs)]), []).extend(calls)
        truth += known
    return Emulation({log: as_table(calls, seed) for log, calls in sorted(rows.items())}, tuple(sorted(truth, key=lambda t: t.client_id)))


def build_models(names: Iterable[str], seed: int) -> dict[str, Model]:
    """Train them."""
    return {name: _BUILDERS[name](seed) for name in sorted(names)}


def draw(scenario: str, *, clients: int, attackers: float, seed: int) -> list[Job]:
    """The jobs of a scenario, before any is run."""
    if scenario not in SCENARIOS:
        raise UsageError(f"no scenario is called {scenario!r}", hint=f"known are {', '.join(SCENARIOS)}")
    if clients < 4:
        raise UsageError(f"{clients} clients are too few", hint="at least 4, so that there is somebody to stand out from")
    language, hostile = SCENARIOS[scenario]
    share = attackers if hostile else 0.0
    worded = ceil(clients * language)
    jobs = plan("tabular", clients - worded, share, seed) if worded < clients else []
    return jobs + (plan("language", worded, share, seed, first=len(jobs)) if worded else [])
