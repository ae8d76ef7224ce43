"""An incident: what an analyst gets. Findings of one subject, model and tactic, ranked and explained."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from forensics.model.finding import Finding
from forensics.model.rule import Level

# The words of OCSF's Detection Finding for where the work on an incident stands, and what it turned out to be.
STATUSES: Final = ("new", "in_progress", "suppressed", "resolved")
CLOSED: Final = ("suppressed", "resolved")
VERDICTS: Final = ("undetermined", "true_positive", "false_positive", "suspicious", "benign", "test", "duplicate")


@dataclass(frozen=True, slots=True)
class Incident:
    """``risk_score`` 0..100 orders the queue; severity, confidence and risk are three different things.

    ``incident_id`` is given once; later scans continue the incident under it and raise ``revision`` when it changed.
    """

    incident_id: str
    revision: int
    risk_score: float
    severity: Level
    confidence: float
    q_value: float | None
    title: str
    summary: str
    tactic: str
    techniques: tuple[str, ...]
    clients: tuple[str, ...]
    associated_clients: tuple[str, ...]
    models: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    query_count: int
    status: str
    verdict: str
    analytics: tuple[str, ...]
    findings: tuple[Finding, ...]
    merged_into: str | None = None

    @property
    def closed(self) -> bool:
        """Nobody works on it any more: it was decided, or another incident has taken it in."""
        return self.status in CLOSED or self.merged_into is not None
