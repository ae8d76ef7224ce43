"""Timesketch: JSON lines with ``message``, ``datetime`` and ``timestamp_desc`` (timesketch.org, "Import from JSON/CSV").

An incident becomes the moments in which something began, ended or was known, so that it stands among the events of other timelines.
"""

from datetime import datetime
from typing import Any

from forensics.export.document import LONGEST, attacks
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.text import bounded, instant, json_bytes, one_line
from forensics.model.finding import Finding

FIELDS = (
    Field("message", "title, summary; findings[].title, findings[].evidence[].sentence"),
    Field("datetime", "first_seen, last_seen, modified_at; findings[].first_seen, findings[].last_seen"),
    Field("timestamp_desc", "", "`First Seen`, `Last Seen`, `Finding First Seen`, `Finding Last Seen`, `Incident create` and so on"),
    Field("data_type", "", "`forensics:incident`, `forensics:finding`"),
    Field("incident_id", "incident_id"),
    Field("revision", "revision"),
    Field("key", "key"),
    Field("severity", "severity; findings[].level"),
    Field("risk_score", "risk_score"),
    Field("confidence", "confidence; findings[].confidence"),
    Field("status", "status"),
    Field("verdict", "verdict"),
    Field("query_count", "query_count; findings[].query_count"),
    Field("clients[]", "clients; findings[].client_id"),
    Field("associated_clients[]", "associated_clients"),
    Field("models[]", "models; findings[].model"),
    Field("techniques[]", "techniques; findings[].techniques", "`id name`"),
    Field("analytics[]", "analytics; findings[].analytic"),
    Field("tag[]", "severity, techniques"),
)


def _lines(out: Outgoing) -> bytes:
    incident = out.incident
    title = one_line(incident.title, LONGEST)
    common = {
        "data_type": "forensics:incident",
        "incident_id": incident.incident_id,
        "revision": incident.revision,
        "key": out.key,
        "severity": incident.severity,
        "risk_score": incident.risk_score,
        "confidence": incident.confidence,
        "status": incident.status,
        "verdict": incident.verdict,
        "query_count": incident.query_count,
        "clients": [bounded(c, LONGEST) for c in incident.clients],
        "associated_clients": [bounded(c, LONGEST) for c in incident.associated_clients],
        "models": [bounded(m, LONGEST) for m in incident.models],
        "techniques": _named(incident.techniques),
        "analytics": list(incident.analytics),
        "tag": [incident.severity, *incident.techniques],
    }
    moments = [
        _moment(incident.first_seen, "First Seen", title, common),
        _moment(incident.last_seen, "Last Seen", title, common),
        _moment(out.modified_at, f"Incident {out.action}", one_line(incident.summary, 4096), common),
    ]
    for finding in incident.findings:
        said = one_line(" ".join([f"{finding.title}:", *(e.sentence for e in finding.evidence)]), 4096)
        told = common | _finding(finding)
        moments.append(_moment(finding.first_seen, "Finding First Seen", said, told))
        moments.append(_moment(finding.last_seen, "Finding Last Seen", said, told))
    return b"\n".join(json_bytes(m) for m in moments)


def _moment(at: datetime, what: str, message: str, told: dict[str, Any]) -> dict[str, Any]:
    return {"message": message, "datetime": instant(at), "timestamp_desc": what} | told


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "data_type": "forensics:finding",
        "severity": finding.level,
        "confidence": finding.confidence,
        "query_count": finding.query_count,
        "clients": [bounded(finding.client_id, LONGEST)],
        "models": [bounded(finding.model, LONGEST)],
        "techniques": _named(finding.techniques),
        "analytics": [finding.analytic],
        "tag": [finding.level, *finding.techniques],
    }


def _named(techniques: tuple[str, ...]) -> list[str]:
    return [f"{a.technique} {a.name}" for a in attacks(techniques)]


FORMAT = Each("timesketch", "application/x-ndjson", ".jsonl", FIELDS, _lines)
