"""An incident: what an analyst gets. Findings of one subject, model and tactic, ranked and explained."""

from dataclasses import dataclass
from datetime import datetime

from forensics.model.finding import Finding
from forensics.model.rule import Level


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
