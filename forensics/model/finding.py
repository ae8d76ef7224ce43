"""A finding: one analytic says one thing about one subject, with the evidence for it."""

from dataclasses import dataclass
from datetime import datetime

from forensics.model.rule import Level


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observed value beside what is usual, in one sentence, with references to the items that show it.

    ``baseline`` is the median of the other clients of the same model, null where there are none.
    """

    field: str
    value: float | None
    baseline: float | None
    sentence: str
    event_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """``score`` is 0..1, higher is more suspicious; ``p_value`` is null for analytics without a calibrated null.

    ``falsepositives`` (who else looks like this) and ``triage`` (what to do) are the analytic's own words, kept with the finding
    because the rule may change before somebody reads it. ``group``: the kind of evidence of an analytic that has one; of findings of one
    group only the strongest counts, for they see the same thing.
    """

    finding_id: str
    analytic: str
    analytic_version: int
    title: str
    client_id: str
    model: str
    window_start: datetime
    window_end: datetime
    first_seen: datetime
    last_seen: datetime
    query_count: int
    score: float
    confidence: float
    p_value: float | None
    level: Level
    techniques: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    falsepositives: tuple[str, ...] = ()
    triage: tuple[str, ...] = ()
    group: str = ""
