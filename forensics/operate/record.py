"""The record of a night, and the same as metrics."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from forensics.export.delivery import Delivered
from forensics.model.errors import Exit, ForensicsError
from forensics.model.scan import Scan, SourceReport

# The first of these that came up is the exit code of the night.
PRECEDENCE: Final = (Exit.LOCKED, Exit.INTERNAL, Exit.USAGE, Exit.UNUSABLE_INPUT, Exit.DELIVERY_INCOMPLETE, Exit.FAIL_ON_MET)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong: in which stage, its exit code, what, and what to do."""

    stage: str
    code: int
    message: str
    hint: str | None = None


@dataclass
class Night:
    """One nightly run. ``resumed``: the one before left something to do. ``scanned_dates`` are those that had new calls;
    ``missing_dates`` have none at all, between days that have some."""

    run_id: int
    started_at: datetime
    tool_version: str
    resumed: bool = False
    finished_at: datetime | None = None
    sources: int = 0
    records: int = 0
    new: int = 0
    duplicates: int = 0
    rejected: int = 0
    newest_event: datetime | None = None
    scanned_dates: tuple[date, ...] = ()
    missing_dates: tuple[date, ...] = ()
    scans: list[Scan] = field(default_factory=list)
    incidents: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, Delivered] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    dead: dict[str, int] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def count(self, reports: Sequence[SourceReport]) -> None:
        self.sources = len(reports)
        for name in ("records", "new", "duplicates", "rejected"):
            setattr(self, name, sum(getattr(r, name) for r in reports))

    def trouble(self, stage: str, error: ForensicsError) -> None:
        self.troubles.append(Trouble(stage, int(error.exit_code), str(error), error.hint))

    @property
    def code(self) -> Exit:
        found = {t.code for t in self.troubles}
        return next((code for code in PRECEDENCE if code in found), Exit.DONE)

    def as_json(self) -> dict[str, Any]:
        """Plain values; times in ISO 8601."""
        plain: dict[str, Any] = _plain(asdict(self))
        return {"exit_code": int(self.code)} | plain


@dataclass(frozen=True, slots=True)
class Metric:
    """A number of the night, with its labels."""

    name: str
    kind: Literal["gauge"]
    help: str
    samples: tuple[tuple[tuple[tuple[str, str], ...], float], ...]


def metrics(night: Night) -> Iterator[Metric]:
    """What is worth an alarm. All are gauges of the last night: a run that exits each time has no counters to go on with."""

    def one(name: str, text: str, value: float) -> Metric:
        return Metric(f"forensics_nightly_{name}", "gauge", text, (((), float(value)),))

    def by(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
        samples = tuple((((label, key),), float(value)) for key, value in sorted(values.items()))
        return Metric(f"forensics_nightly_{name}", "gauge", text, samples)

    finished = night.finished_at or night.started_at
    yield one("last_run_timestamp_seconds", "When the last night ended.", finished.timestamp())
    yield one("duration_seconds", "How long it took.", (finished - night.started_at).total_seconds())
    yield one("exit_code", "Its exit code; 0 and 1 are good nights.", float(night.code))
    yield one("records", "Log records read.", night.records)
    yield one("new_events", "Calls that were not in the store before.", night.new)
    yield one("rejected_records", "Log records that could not be read.", night.rejected)
    yield one("missing_dates", "Days without a call between days that have some.", len(night.missing_dates))
    yield one("new_incidents", "Incidents that were not known before.", sum(s.new_incidents for s in night.scans))
    if night.newest_event:
        yield one("newest_event_timestamp_seconds", "Time of the newest call in the store.", night.newest_event.timestamp())
    yield by("incidents", "Open incidents in the queue.", "severity", night.incidents)
    yield by("delivered", "Revisions delivered this night.", "sink", {k: d.delivered for k, d in night.deliveries.items()})
    yield by("waiting", "Revisions that wait for their receiver.", "sink", night.waiting)
    yield by("dead", "Revisions that their receiver refused for good.", "sink", night.dead)


def prometheus(night: Night) -> str:
    """In the text format, for the textfile collector."""
    lines = []
    for metric in metrics(night):
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in metric.samples:
            shown = ",".join(f'{name}="{text}"' for name, text in labels)
            lines.append(f"{metric.name}{f'{{{shown}}}' if shown else ''} {value!r}")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
