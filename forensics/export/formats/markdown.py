"""Markdown for tickets and hand-overs: CommonMark 0.31 with tables, a section for each revision. Values are escaped and bounded."""

from forensics.export.interface import Field, Outgoing
from forensics.export.markdown import section
from forensics.export.shapes import Each

FIELDS = (
    Field("heading", "title"),
    Field("paragraph", "summary"),
    Field("Incident", "incident_id, revision, action"),
    Field("Risk", "risk_score"),
    Field("Severity", "severity"),
    Field("Confidence", "confidence"),
    Field("q-value", "q_value"),
    Field("Status", "status, verdict"),
    Field("Clients", "clients"),
    Field("Associated clients", "associated_clients"),
    Field("Models", "models"),
    Field("ATLAS", "techniques", "ids with names"),
    Field("Analytics", "analytics"),
    Field("Seen", "first_seen, last_seen"),
    Field("Queries", "query_count"),
    Field("Known since", "created_at, modified_at"),
    Field("Merged into", "merged_into"),
    Field("sections", "findings[]", "title, analytic, score, evidence sentences, false positives, triage"),
)


def _section(out: Outgoing) -> bytes:
    return section(out).encode()


FORMAT = Each("markdown", "text/markdown; charset=utf-8", ".md", FIELDS, _section)
