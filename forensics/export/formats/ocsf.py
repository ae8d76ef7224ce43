"""OCSF 1.8.0 (schema.ocsf.io): a Detection Finding (2004) for each finding, then the Incident Finding (2005) that holds them.

Profiles ``security_control`` (confidence, risk) and ``incident`` (status, verdict). What the classes have no attribute for is in
``unmapped``.
"""

from typing import Any

from forensics.export.document import (
    FRAMEWORK_VERSION,
    LONGEST,
    PRODUCT,
    VENDOR,
    VERSION,
    Attack,
    attacks,
    is_address,
    principal,
)
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.text import bounded, finite, json_bytes, milliseconds
from forensics.model.finding import Evidence, Finding
from forensics.model.rule import LEVELS

OCSF_VERSION = "1.8.0"
FINDINGS, DETECTION, INCIDENT = 2, 2004, 2005
MOST = 100  # entries of a list

ACTIVITY = {"create": (1, "Create"), "update": (2, "Update"), "close": (3, "Close")}
SEVERITY = {
    "informational": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
OTHER = 99
# The two classes number their states differently; what neither has is Other with the word itself.
DETECTION_STATUS = {
    "new": (1, "New"),
    "in_progress": (2, "In Progress"),
    "suppressed": (3, "Suppressed"),
    "resolved": (4, "Resolved"),
    "closed": (4, "Resolved"),
    "archived": (5, "Archived"),
}
INCIDENT_STATUS = {
    "new": (1, "New"),
    "in_progress": (2, "In Progress"),
    "on_hold": (3, "On Hold"),
    "resolved": (4, "Resolved"),
    "closed": (5, "Closed"),
    "archived": (5, "Closed"),
}
VERDICT = {
    "undetermined": (0, "Unknown"),
    "unknown": (0, "Unknown"),
    "false_positive": (1, "False Positive"),
    "true_positive": (2, "True Positive"),
    "disregard": (3, "Disregard"),
    "suspicious": (4, "Suspicious"),
    "benign": (5, "Benign"),
    "test": (6, "Test"),
    "insufficient_data": (7, "Insufficient Data"),
    "security_risk": (8, "Security Risk"),
    "managed_externally": (9, "Managed Externally"),
    "duplicate": (10, "Duplicate"),
}
RULE, LEARNING = 1, 4  # analytic.type_id
LEARNED = "anomaly/"  # how detectors that learn are called; the others are rules
SERVICE, USER = 4, 1  # user.type_id
TARGET = 1  # resource_details.role_id
USER_NAME, ADDRESS, RESOURCE_NAME = 4, 2, 38  # observable.type_id

FIELDS = (
    Field("class_uid", "", f"`{DETECTION}` for each finding, `{INCIDENT}` for the incident"),
    Field("class_name", "", "of that class"),
    Field("category_uid", "", f"`{FINDINGS}`"),
    Field("category_name", "", "`Findings`"),
    Field("activity_id", "action", "1 create, 2 update, 3 close"),
    Field("activity_name", "action"),
    Field("type_uid", "action"),
    Field("type_name", "action"),
    Field("time", "modified_at"),
    Field("start_time", "first_seen; findings[].first_seen"),
    Field("end_time", "last_seen; findings[].last_seen"),
    Field("count", "query_count; findings[].query_count"),
    Field("severity_id", "severity; findings[].level"),
    Field("severity", "severity; findings[].level"),
    Field("confidence_id", "confidence; findings[].confidence", "1 low, 2 medium, 3 high: thirds"),
    Field("confidence_score", "confidence; findings[].confidence", "0 to 100"),
    Field("risk_score", "risk_score; findings[].score", "0 to 100, whole; exact in `unmapped`"),
    Field("risk_level_id", "severity; findings[].level"),
    Field("risk_level", "severity; findings[].level"),
    Field("is_alert", "", "true"),
    Field("status_id", "status"),
    Field("status", "status"),
    Field("verdict_id", "verdict"),
    Field("verdict", "verdict"),
    Field("message", "summary; findings[].title"),
    Field("desc", "summary", "2005"),
    Field("impact_id", "severity", "2005"),
    Field("impact", "severity", "2005"),
    Field("impact_score", "risk_score", "2005"),
    Field("assignee_group.name", "", "2005: `unassigned`; the class needs one, the product has none"),
    Field("metadata.version", "", f"`{OCSF_VERSION}`"),
    Field("metadata.product", "", "`forensics`, its version and vendor"),
    Field("metadata.profiles[]", "", "`security_control`, `incident` with 2004"),
    Field("metadata.uid", "key", "with the finding's id for 2004"),
    Field("metadata.correlation_uid", "incident_id"),
    Field("metadata.sequence", "revision"),
    Field("metadata.log_name", "", "`incidents`"),
    Field("finding_info", "findings[]", "2004: uid, title, description, analytic, attacks, times, related incident"),
    Field("finding_info_list[]", "findings[]", "2005"),
    Field("attacks[]", "techniques", "2005: technique, sub-technique, tactic of ATLAS"),
    Field("evidences[]", "findings[].evidence[]", "2004: the client as actor; field, value, baseline, sentence, event ids as data"),
    Field("anomaly_analyses[]", "findings[].evidence[]", "2004: observed values beside their baselines"),
    Field("resources[]", "findings[].model", "2004: the model, as target"),
    Field("remediation.desc", "findings[].triage", "2004"),
    Field("observables[]", "clients, associated_clients, models; findings[].client_id, findings[].model"),
    Field("unmapped", "risk_score, q_value, tactic, analytics, clients, associated_clients, models, merged_into, findings[].p_value, ..."),
)


def _events(out: Outgoing) -> bytes:
    return b"\n".join(json_bytes(event) for event in [*(_detection(out, f) for f in out.incident.findings), _incident(out)])


def _detection(out: Outgoing, finding: Finding) -> dict[str, Any]:
    return {
        **_head(out, DETECTION, "Detection Finding", f"{out.key}/{finding.finding_id}", ["security_control", "incident"]),
        **_judged(finding.level, finding.confidence, finding.score * 100),
        **_state(out, DETECTION_STATUS),
        "message": bounded(finding.title, LONGEST),
        "start_time": milliseconds(finding.first_seen),
        "end_time": milliseconds(finding.last_seen),
        "count": finding.query_count,
        "finding_info": _finding_info(out, finding),
        "evidences": [_evidence(finding, e) for e in finding.evidence[:MOST]],
        "anomaly_analyses": _anomalies(finding),
        "resources": [{"name": bounded(finding.model, LONGEST), "type": "model", "role_id": TARGET, "role": "Target"}],
        "observables": _observables((finding.client_id,), (finding.model,), "evidences[].actor.user.uid", "resources[].name"),
        **({"remediation": {"desc": "\n".join(bounded(t, LONGEST) for t in finding.triage)}} if finding.triage else {}),
        "unmapped": {
            "score": finite(finding.score),
            "p_value": finite(finding.p_value),
            "window_start": milliseconds(finding.window_start),
            "window_end": milliseconds(finding.window_end),
            "falsepositives": [bounded(f, LONGEST) for f in finding.falsepositives],
        },
    }


def _incident(out: Outgoing) -> dict[str, Any]:
    incident = out.incident
    impact = LEVELS.index(incident.severity)
    return {
        **_head(out, INCIDENT, "Incident Finding", out.key, ["security_control"]),
        **_judged(incident.severity, incident.confidence, incident.risk_score),
        **_state(out, INCIDENT_STATUS),
        "message": bounded(incident.title, LONGEST),
        "desc": bounded(incident.summary, 4096),
        "start_time": milliseconds(incident.first_seen),
        "end_time": milliseconds(incident.last_seen),
        "count": incident.query_count,
        "impact_id": max(impact, 1),
        "impact": ("Low", "Low", "Medium", "High", "Critical")[impact],
        "impact_score": round(incident.risk_score),
        "assignee_group": {"name": "unassigned"},
        "attacks": [_attack(a) for a in attacks(incident.techniques)],
        "finding_info_list": [_finding_info(out, f) for f in incident.findings] or [{"uid": incident.incident_id}],
        "observables": _observables(
            incident.clients + incident.associated_clients, incident.models, "unmapped.clients[]", "unmapped.models[]"
        ),
        "unmapped": {
            "incident_id": incident.incident_id,
            "risk_score": finite(incident.risk_score),
            "confidence": finite(incident.confidence),
            "q_value": finite(incident.q_value),
            "tactic": incident.tactic,
            "analytics": list(incident.analytics),
            "clients": [bounded(c, LONGEST) for c in incident.clients],
            "associated_clients": [bounded(c, LONGEST) for c in incident.associated_clients],
            "models": [bounded(m, LONGEST) for m in incident.models],
            "merged_into": incident.merged_into,
            "created": milliseconds(out.created_at),
        },
    }


def _head(out: Outgoing, class_uid: int, name: str, uid: str, profiles: list[str]) -> dict[str, Any]:
    activity, activity_name = ACTIVITY[out.action]
    return {
        "class_uid": class_uid,
        "class_name": name,
        "category_uid": FINDINGS,
        "category_name": "Findings",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": class_uid * 100 + activity,
        "type_name": f"{name}: {activity_name}",
        "time": milliseconds(out.modified_at),
        "metadata": {
            "version": OCSF_VERSION,
            "product": {"name": PRODUCT, "vendor_name": VENDOR, "version": VERSION},
            "profiles": profiles,
            "uid": uid,
            "correlation_uid": out.incident.incident_id,
            "sequence": out.incident.revision,
            "log_name": "incidents",
        },
    }


def _judged(level: str, confidence: float, risk: float) -> dict[str, Any]:
    severity, name = SEVERITY[level]
    return {
        "severity_id": severity,
        "severity": name,
        "confidence_id": 1 + min(int(confidence * 3), 2),
        "confidence_score": round(confidence * 100),
        "risk_score": round(risk),
        "risk_level_id": severity - 1,
        "risk_level": "Info" if severity == 1 else name,
        "is_alert": True,
    }


def _state(out: Outgoing, statuses: dict[str, tuple[int, str]]) -> dict[str, Any]:
    status, status_name = statuses.get(out.incident.status, (OTHER, out.incident.status))
    verdict, verdict_name = VERDICT.get(out.incident.verdict, (OTHER, out.incident.verdict))
    return {"status_id": status, "status": status_name, "verdict_id": verdict, "verdict": verdict_name}


def _finding_info(out: Outgoing, finding: Finding) -> dict[str, Any]:
    return {
        "uid": finding.finding_id,
        "title": bounded(finding.title, LONGEST),
        "desc": bounded(" ".join(e.sentence for e in finding.evidence), 4096),
        "analytic": {
            "name": finding.analytic,
            "uid": finding.analytic,
            "version": str(finding.analytic_version),
            "type_id": LEARNING if finding.analytic.startswith(LEARNED) else RULE,
            "type": "Learning (ML/DL)" if finding.analytic.startswith(LEARNED) else "Rule",
        },
        "attacks": [_attack(a) for a in attacks(finding.techniques)],
        "created_time": milliseconds(out.created_at),
        "modified_time": milliseconds(out.modified_at),
        "first_seen_time": milliseconds(finding.first_seen),
        "last_seen_time": milliseconds(finding.last_seen),
        "related_events": [{"uid": out.incident.incident_id, "type_uid": INCIDENT * 100 + ACTIVITY[out.action][0]}],
    }


def _attack(attack: Attack) -> dict[str, Any]:
    (parent,) = attacks((attack.parent,))
    said: dict[str, Any] = {
        "version": FRAMEWORK_VERSION,
        "technique": {"uid": parent.technique, "name": parent.name, "src_url": parent.url},
    }
    if attack.technique != attack.parent:
        said["sub_technique"] = {"uid": attack.technique, "name": attack.name, "src_url": attack.url}
    if attack.tactic:
        said["tactic"] = {"uid": attack.tactic, "name": attack.tactic_name}
    return said


def _evidence(finding: Finding, evidence: Evidence) -> dict[str, Any]:
    kind, identifier = principal(finding.client_id)
    return {
        "name": evidence.field,
        "actor": {
            "user": {
                "uid": bounded(finding.client_id, LONGEST),
                "name": bounded(identifier, LONGEST),
                "type_id": SERVICE if kind == "key" else USER if kind in ("user", "email") else 0,
            }
        },
        "data": {
            "field": evidence.field,
            "value": finite(evidence.value),
            "baseline": finite(evidence.baseline),
            "sentence": bounded(evidence.sentence, LONGEST),
            "event_ids": list(evidence.event_ids[:MOST]),
        },
    }


def _anomalies(finding: Finding) -> list[dict[str, Any]]:
    """Values beside what is usual, where both are known: the class has an object made for it."""
    shown = [e for e in finding.evidence[:MOST] if e.value is not None and e.baseline is not None]
    if not shown:
        return []
    return [
        {
            "analysis_targets": [{"name": bounded(finding.client_id, LONGEST), "type": "client"}],
            "anomalies": [{"observation_parameter": e.field, "observations": [{"value": str(e.value)}]} for e in shown],
            "baselines": [{"observation_parameter": e.field, "observations": [{"value": str(e.baseline)}]} for e in shown],
        }
    ]


def _observables(clients: tuple[str, ...], models: tuple[str, ...], client_name: str, model_name: str) -> list[dict[str, Any]]:
    found = []
    for client in clients[:MOST]:
        kind, identifier = principal(client)
        address = kind == "ip" and is_address(identifier)
        type_id, type_name = (ADDRESS, "IP Address") if address else (USER_NAME, "User Name")
        found.append({"name": client_name, "type_id": type_id, "type": type_name, "value": bounded(identifier, LONGEST)})
    for model in models[:MOST]:
        found.append(
            {"name": model_name, "type_id": RESOURCE_NAME, "type": "Resource Details Object: name", "value": bounded(model, LONGEST)}
        )
    return found


FORMAT = Each("ocsf", "application/x-ndjson", ".ndjson", FIELDS, _events)
