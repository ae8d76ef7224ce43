"""The run records: what an ingest read, what a scan did, and everything that was left out, with the reason."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be read: where, why, and a hash to find it by. Never its content."""

    uri: str
    row: int
    reason: str
    record_sha256: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source of an ingest. ``status``: ingested, unchanged (read before, whole), unusable (see ``reason``).

    ``records`` = ``new`` + ``duplicates`` + ``rejected``; ``conflicts`` are among ``new``, ``items`` are those of new records.
    ``fill`` gives, for each canonical event column, the share of records that fill it.
    """

    uri: str
    source_id: str
    head_id: str
    format: str
    reason: str
    status: str
    size: int = 0
    records: int = 0
    new: int = 0
    duplicates: int = 0
    conflicts: int = 0
    mended: int = 0
    rejected: int = 0
    items: int = 0
    first_ts: datetime | None = None
    last_ts: datetime | None = None
    fill: tuple[tuple[str, float], ...] = ()
    rejects: tuple[Reject, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """An analytic that did not run, or a result that was held back, and why."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan. The window is [window_start, window_end); counts are of what it read and made."""

    scan_id: str
    window_start: datetime
    window_end: datetime
    engine: str
    data_commit: int
    config_sha256: str
    rules_sha256: str
    key_ids: tuple[str, ...]
    features: tuple[str, ...]
    events: int
    items: int
    clients: int
    findings: int
    incidents: int
    new_incidents: int
    skipped: tuple[Skipped, ...]
    tool_version: str
