"""Google SecOps: events of the Unified Data Model in requests of ImportEvents (Chronicle API, POST .../events:import).

Source: "Unified Data Model field list" and "ImportEvents" of the Google SecOps documentation; names are those of the protocol buffers
(google.backstory.UDM). One event that is not valid has its whole request refused, so requests are small.
"""

from typing import Any

from forensics.export.document import PRODUCT, VENDOR, VERSION, attacks, parted, sentences
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Packed
from forensics.export.text import bounded, instant, json_bytes
from forensics.model.finding import Finding
from forensics.model.incident import Incident

LIMIT = 1_000_000
# With these an event of nothing but the widest characters stays below the limit.
LONGEST, LONGEST_TEXT = 256, 1000
MOST, MOST_RESULTS = 50, 25

CONFIDENT, RATHER = 0.8, 0.5  # from here on HIGH, MEDIUM

THREAT_STATUS = {"false_positive": "FALSE_POSITIVE", "benign": "FALSE_POSITIVE"}

_R = "inlineSource.events[].udm.securityResult[]"
_E = "inlineSource.events[].udm"

FIELDS = (
    Field(f"{_E}.metadata.productLogId", "key"),
    Field(f"{_E}.metadata.eventTimestamp", "modified_at"),
    Field(f"{_E}.metadata.eventType", "", "`GENERIC_EVENT`"),
    Field(f"{_E}.metadata.vendorName", "", "`forensics`"),
    Field(f"{_E}.metadata.productName", "", "`forensics`"),
    Field(f"{_E}.metadata.productVersion", "", "of the software"),
    Field(f"{_E}.metadata.productEventType", "action", "`incident-create`, `incident-update`, `incident-close`"),
    Field(f"{_E}.metadata.description", "summary"),
    Field(f"{_E}.principal.user.userid", "clients", "the first account"),
    Field(f"{_E}.principal.user.attribute.labels[]", "clients, associated_clients", "all of them as `client`, `associated_client`"),
    Field(f"{_E}.principal.ip[]", "clients", "of the kind `ip`"),
    Field(f"{_E}.target.application", "models", "the first model"),
    Field(f"{_E}.target.resource.name", "models", "the first model"),
    Field(f"{_E}.target.resource.resourceSubtype", "", "`model`"),
    Field(f"{_E}.target.resource.attribute.labels[]", "models", "all of them as `model`"),
    Field(f"{_R}.alertState", "action", "`ALERTING`, or `NOT_ALERTING` where it was closed"),
    Field(f"{_R}.category[]", "techniques", "`DATA_EXFILTRATION` for ATLAS' tactic of that name, else `EXPLOIT`"),
    Field(f"{_R}.categoryDetails[]", "tactic"),
    Field(f"{_R}.threatName", "title", "first result: the incident"),
    Field(f"{_R}.threatId", "incident_id"),
    Field(f"{_R}.threatStatus", "action, verdict", "`ACTIVE`, `CLEARED`, `FALSE_POSITIVE`"),
    Field(f"{_R}.summary", "title; findings[].title"),
    Field(f"{_R}.description", "findings[].evidence[].sentence"),
    Field(f"{_R}.severity", "severity; findings[].level"),
    Field(f"{_R}.severityDetails", "severity; findings[].level"),
    Field(
        f"{_R}.confidence", "confidence; findings[].confidence", f"`HIGH_CONFIDENCE` from {CONFIDENT}, `MEDIUM_CONFIDENCE` from {RATHER}"
    ),
    Field(f"{_R}.confidenceScore", "confidence; findings[].confidence", "0 to 100"),
    Field(f"{_R}.riskScore", "risk_score"),
    Field(f"{_R}.attackDetails", "techniques"),
    Field(f"{_R}.firstDiscoveredTime", "first_seen; findings[].first_seen"),
    Field(f"{_R}.lastDiscoveredTime", "last_seen; findings[].last_seen"),
    Field(f"{_R}.lastUpdatedTime", "modified_at"),
    Field(f"{_R}.outcomes[]", "revision, status, verdict, query_count, q_value", "as labels"),
    Field(f"{_R}.ruleId", "findings[].analytic"),
    Field(f"{_R}.ruleName", "findings[].title"),
    Field(f"{_R}.ruleVersion", "findings[].analytic_version"),
    Field(f"{_R}.detectionFields[]", "findings[].evidence[]", "`field: value (baseline ...)` as labels"),
)


def _event(out: Outgoing) -> bytes:
    incident = out.incident
    accounts, addresses = parted(incident.clients)
    clients = _labels([("client", c) for c in incident.clients] + [("associated_client", c) for c in incident.associated_clients])
    udm: dict[str, Any] = {
        "metadata": {
            "productLogId": out.key,
            "eventTimestamp": instant(out.modified_at),
            "eventType": "GENERIC_EVENT",
            "vendorName": VENDOR,
            "productName": PRODUCT,
            "productVersion": VERSION,
            "productEventType": f"incident-{out.action}",
            "description": bounded(incident.summary, 4096),
        },
        "principal": {
            "user": {"userid": bounded(accounts[0], LONGEST) if accounts else "", "attribute": {"labels": clients}},
            "ip": addresses[:MOST],
        },
        "securityResult": [_incident(out), *(_finding(f) for f in incident.findings[:MOST_RESULTS])],
    }
    if incident.models:
        model = bounded(incident.models[0], LONGEST)
        labels = _labels([("model", m) for m in incident.models])
        udm["target"] = {"application": model, "resource": {"name": model, "resourceSubtype": "model", "attribute": {"labels": labels}}}
    return json_bytes({"udm": udm})


def _incident(out: Outgoing) -> dict[str, Any]:
    incident = out.incident
    said = [(name, str(getattr(incident, name))) for name in ("revision", "status", "verdict", "query_count")]
    if incident.q_value is not None:
        said.append(("q_value", str(incident.q_value)))
    status = "CLEARED" if out.action == "close" else "ACTIVE"
    return {
        "alertState": "NOT_ALERTING" if out.action == "close" else "ALERTING",
        "category": [_category(incident)],
        "categoryDetails": [incident.tactic],
        "threatName": bounded(incident.title, LONGEST),
        "threatId": incident.incident_id,
        "threatStatus": THREAT_STATUS.get(incident.verdict, status),
        "summary": bounded(incident.title, LONGEST),
        "description": bounded("\n".join(sentences(incident)), 4096),
        **_judged(incident.severity, incident.confidence),
        "riskScore": incident.risk_score,
        "attackDetails": _attack(incident.techniques),
        "firstDiscoveredTime": instant(incident.first_seen),
        "lastDiscoveredTime": instant(incident.last_seen),
        "lastUpdatedTime": instant(out.modified_at),
        "outcomes": _labels(said),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    shown = [(e.field, f"{e.value} (baseline {e.baseline})") for e in finding.evidence]
    return {
        "ruleId": finding.analytic,
        "ruleName": bounded(finding.title, LONGEST),
        "ruleVersion": str(finding.analytic_version),
        "summary": bounded(finding.title, LONGEST),
        "description": bounded("\n".join(e.sentence for e in finding.evidence), LONGEST_TEXT),
        **_judged(finding.level, finding.confidence),
        "attackDetails": _attack(finding.techniques),
        "firstDiscoveredTime": instant(finding.first_seen),
        "lastDiscoveredTime": instant(finding.last_seen),
        "detectionFields": _labels(shown),
    }


def _judged(severity: str, confidence: float) -> dict[str, Any]:
    named = "HIGH_CONFIDENCE" if confidence >= CONFIDENT else "MEDIUM_CONFIDENCE" if confidence >= RATHER else "LOW_CONFIDENCE"
    return {
        "severity": severity.upper(),
        "severityDetails": severity,
        "confidence": named,
        "confidenceScore": round(confidence * 100, 6),
    }


def _category(incident: Incident) -> str:
    return "DATA_EXFILTRATION" if any(a.tactic_name == "Exfiltration" for a in attacks(incident.techniques)) else "EXPLOIT"


def _attack(techniques: tuple[str, ...]) -> dict[str, Any]:
    known = attacks(techniques)
    tactics = dict.fromkeys((a.tactic, a.tactic_name) for a in known if a.tactic)
    return {
        "tactics": [{"id": i, "name": name} for i, name in tactics],
        "techniques": [{"id": a.technique, "name": a.name} for a in known],
    }


def _labels(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": bounded(value, LONGEST)} for key, value in pairs[:MOST]]


FORMAT = Packed(
    "udm", "application/json", ".json", FIELDS, _event, LIMIT, most=50, before=b'{"inlineSource":{"events":[', between=b",", after=b"]}}"
)
