"""The order of the queue."""

from collections.abc import Iterable

from forensics.model.incident import Incident
from forensics.model.rule import LEVELS


def rank(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Incidents with the most pressing first; an incident's rank is its place, from 1.

    By risk score, then severity, both falling; then by first_seen and id, so that the order never depends on the input's.
    """
    return tuple(sorted(incidents, key=lambda i: (-i.risk_score, -LEVELS.index(i.severity), i.first_seen, i.incident_id)))
