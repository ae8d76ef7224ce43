"""Microsoft Sentinel: Logs Ingestion API (a JSON array of at most 1 MB), columns of the ASIM schema AlertEvent 0.1.

Source: learn.microsoft.com, "ASIM Alert Schema Reference", "ASIM common fields", "Logs Ingestion API in Azure Monitor". The table of the
data collection rule needs these columns; what ASIM has no column for is in ``AdditionalFields``.
"""

from typing import Any

from forensics.export.document import PRODUCT, VENDOR, VERSION, attacks, document, fields_under, is_address, principal, strongest, within
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Packed
from forensics.export.text import bounded, instant, json_bytes

LIMIT = 1_000_000
LONGEST_COLUMN = 64_000  # longer values are cut by the service at 64 KB

SEVERITY = {"informational": "Informational", "low": "Low", "medium": "Medium", "high": "High", "critical": "High"}
VERDICT = {"true_positive": "True Positive", "false_positive": "False Positive", "benign": "Benign Positive"}

FIELDS = (
    Field("TimeGenerated", "modified_at"),
    Field("EventUid", "key", "aliased to AlertId"),
    Field("EventOriginalUid", "incident_id"),
    Field("EventCount", "", "1"),
    Field("EventStartTime", "first_seen"),
    Field("EventEndTime", "last_seen"),
    Field("EventType", "", "`Alert`"),
    Field("EventSubType", "techniques", "`Suspicious Activity`, or `Anomaly` where no technique is named"),
    Field("EventOriginalType", "action"),
    Field("EventResult", "", "`NA`"),
    Field("EventSeverity", "severity", "ASIM ends at `High`"),
    Field("EventOriginalSeverity", "severity"),
    Field("EventMessage", "summary", "aliased to AlertDescription"),
    Field("EventProduct", "", "`forensics`"),
    Field("EventProductVersion", "", "of the software"),
    Field("EventVendor", "", "`forensics`"),
    Field("EventSchema", "", "`AlertEvent`"),
    Field("EventSchemaVersion", "", "`0.1`"),
    Field("Dvc", "models", "the first model: what was probed"),
    Field("DvcDescription", "models", "all of them"),
    Field("DvcIpAddr", "clients", "of the first client, where it is an address"),
    Field("AlertName", "title"),
    Field("AlertStatus", "action, status", "`Active`, `Closed`"),
    Field("AlertOriginalStatus", "status"),
    Field("AlertVerdict", "verdict", "`True Positive`, `False Positive`, `Benign Positive`, `Unknown`"),
    Field("DetectionMethod", "", "`Behavioral Analytics`"),
    Field("RuleName", "findings[0].analytic"),
    Field("RuleDescription", "findings[0].title"),
    Field("ThreatCategory", "", "`Unknown`: ASIM has none for probing of models"),
    Field("ThreatOriginalCategory", "tactic"),
    Field("ThreatRiskLevel", "risk_score", "rounded"),
    Field("ThreatOriginalRiskLevel", "risk_score"),
    Field("ThreatConfidence", "confidence", "0 to 100, rounded"),
    Field("ThreatOriginalConfidence", "confidence"),
    Field("ThreatFirstReportedTime", "created_at"),
    Field("ThreatLastReportedTime", "modified_at"),
    Field("IndicatorType", "clients", "`User` or `Ip`"),
    Field("IndicatorAssociation", "", "`Associated`"),
    Field("AttackTactics", "techniques"),
    Field("AttackTechniques", "techniques", "`name (id)`"),
    Field("AttackRemediationSteps", "findings[].triage"),
    Field("UserId", "clients", "the first client"),
    Field("UserIdType", "", "`Other`"),
    Field("Username", "clients", "the first client without its kind"),
    Field("UsernameType", "", "`Simple`"),
    *fields_under("AdditionalFields"),
)


def _row(out: Outgoing) -> bytes:
    incident = out.incident
    known = attacks(incident.techniques)
    tactics = dict.fromkeys(f"{a.tactic_name} ({a.tactic})" for a in known if a.tactic)
    steps = dict.fromkeys(step for f in incident.findings for step in f.triage)
    rule, rule_title = strongest(incident)
    row: dict[str, Any] = {
        "TimeGenerated": instant(out.modified_at),
        "EventUid": out.key,
        "EventOriginalUid": incident.incident_id,
        "EventCount": 1,
        "EventStartTime": instant(incident.first_seen),
        "EventEndTime": instant(incident.last_seen),
        "EventType": "Alert",
        "EventSubType": "Suspicious Activity" if known else "Anomaly",
        "EventOriginalType": out.action,
        "EventResult": "NA",
        "EventSeverity": SEVERITY[incident.severity],
        "EventOriginalSeverity": incident.severity,
        "EventMessage": bounded(incident.summary, 8000),
        "EventProduct": PRODUCT,
        "EventProductVersion": VERSION,
        "EventVendor": VENDOR,
        "EventSchema": "AlertEvent",
        "EventSchemaVersion": "0.1",
        "Dvc": bounded(incident.models[0] if incident.models else PRODUCT, 1024),
        "DvcDescription": bounded(", ".join(incident.models), 1024),
        "AlertName": bounded(incident.title, 1024),
        "AlertStatus": "Closed" if out.action == "close" else "Active",
        "AlertOriginalStatus": incident.status,
        "AlertVerdict": VERDICT.get(incident.verdict, "Unknown"),
        "DetectionMethod": "Behavioral Analytics",
        "RuleName": rule,
        "RuleDescription": bounded(rule_title, 1024),
        "ThreatCategory": "Unknown",
        "ThreatOriginalCategory": incident.tactic,
        "ThreatRiskLevel": round(incident.risk_score),
        "ThreatOriginalRiskLevel": str(incident.risk_score),
        "ThreatConfidence": round(incident.confidence * 100),
        "ThreatOriginalConfidence": str(incident.confidence),
        "ThreatFirstReportedTime": instant(out.created_at),
        "ThreatLastReportedTime": instant(out.modified_at),
        "AttackTactics": bounded(", ".join(tactics), 1024),
        "AttackTechniques": bounded(", ".join(f"{a.name} ({a.technique})" for a in known), 1024),
        "AttackRemediationSteps": bounded("\n".join(f"{n}. {step}" for n, step in enumerate(steps, 1)), 8000),
    }
    row |= _who(incident.clients)
    return json_bytes(row | {"AdditionalFields": within(document(out), LONGEST_COLUMN)})


def _who(clients: tuple[str, ...]) -> dict[str, str]:
    """ASIM has room for one user and one address: the first client, by what it is."""
    if not clients:
        return {}
    kind, identifier = principal(clients[0])
    who = {
        "IndicatorType": "User",
        "IndicatorAssociation": "Associated",
        "UserId": bounded(clients[0], 1024),
        "UserIdType": "Other",
        "Username": bounded(identifier, 1024),
        "UsernameType": "Simple",
    }
    if kind == "ip" and is_address(identifier):
        return {"IndicatorType": "Ip", "IndicatorAssociation": "Associated", "DvcIpAddr": identifier}
    return who


FORMAT = Packed("sentinel", "application/json", ".json", FIELDS, _row, LIMIT, before=b"[", between=b",", after=b"]")
