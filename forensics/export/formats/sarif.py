"""SARIF 2.1.0 (OASIS): a run with a result for each finding, for gates in continuous integration and viewers of results."""

from collections.abc import Sequence
from typing import Any

from forensics.export.document import FRAMEWORK, FRAMEWORK_VERSION, LONGEST, PRODUCT, VERSION, attacks
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Whole
from forensics.export.text import bounded, instant, json_bytes, one_line, stable_uuid
from forensics.model.finding import Finding

LEVEL = {"informational": "note", "low": "note", "medium": "warning", "high": "error", "critical": "error"}
# A result that somebody judged is suppressed, not left out.
DISMISSED = frozenset({"false_positive", "benign", "duplicate", "test"})
MOST_EVENTS = 100

_D = "runs[].tool.driver"
_R = "runs[].results[]"
_P = f"{_R}.properties"

FIELDS = (
    Field("$schema", "", "of SARIF 2.1.0"),
    Field("version", "", "`2.1.0`"),
    Field(_D, "findings[].analytic", "`forensics`; the analytics are its rules, with false positives and triage as help"),
    Field("runs[].columnKind", "", "`unicodeCodePoints`"),
    Field("runs[].taxonomies[]", "techniques", f"{FRAMEWORK} {FRAMEWORK_VERSION}"),
    Field(f"{_R}.guid", "key, findings[].finding_id", "UUIDv5"),
    Field(f"{_R}.correlationGuid", "incident_id, findings[].finding_id", "UUIDv5, the same in all revisions"),
    Field(f"{_R}.ruleId", "findings[].analytic"),
    Field(f"{_R}.ruleIndex", "findings[].analytic"),
    Field(f"{_R}.kind", "", "`fail`"),
    Field(f"{_R}.level", "findings[].level", "`note`, `warning`, `error`"),
    Field(f"{_R}.rank", "risk_score"),
    Field(f"{_R}.message.text", "findings[].title, findings[].client_id, findings[].model, findings[].evidence[].sentence"),
    Field(f"{_R}.locations[]", "findings[].model, findings[].client_id", "logical: `model/client`"),
    Field(f"{_R}.partialFingerprints", "incident_id, findings[].analytic, findings[].client_id, findings[].model"),
    Field(f"{_R}.occurrenceCount", "findings[].query_count"),
    Field(f"{_R}.taxa[]", "findings[].techniques"),
    Field(f"{_R}.suppressions[]", "status, verdict", "status `suppressed`, or a verdict that dismisses"),
    Field(f"{_P}.incident", "incident_id"),
    Field(f"{_P}.severity", "severity"),
    Field(f"{_P}.status", "status"),
    Field(f"{_P}.verdict", "verdict"),
    Field(f"{_P}.evidence[]", "findings[].evidence[]"),
    Field(f"{_P}.confidence", "findings[].confidence"),
    Field(f"{_P}.score", "findings[].score"),
    Field(f"{_P}.firstSeen", "findings[].first_seen"),
    Field(f"{_P}.lastSeen", "findings[].last_seen"),
    Field("runs[].properties.incidents[]", "*", "every field of each incident but its findings"),
)


def _document(outgoing: Sequence[Outgoing]) -> bytes:
    findings = [f for out in outgoing for f in out.incident.findings]
    rules: dict[str, Finding] = {}
    for finding in findings:
        rules.setdefault(finding.analytic, finding)
    order = {analytic: n for n, analytic in enumerate(sorted(rules))}
    techniques = tuple(sorted({t for f in findings for t in f.techniques}))
    places = {technique: n for n, technique in enumerate(techniques)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": PRODUCT,
                "version": VERSION,
                "semanticVersion": VERSION,
                "informationUri": "https://pypi.org/project/model-api-forensics/",
                "rules": [_rule(rules[analytic]) for analytic in order],
            }
        },
        "columnKind": "unicodeCodePoints",
        "taxonomies": [
            {
                "name": FRAMEWORK,
                "version": FRAMEWORK_VERSION,
                "guid": stable_uuid(FRAMEWORK, FRAMEWORK_VERSION),
                "organization": "MITRE",
                "informationUri": "https://atlas.mitre.org/",
                "shortDescription": {"text": "Adversarial Threat Landscape for AI Systems."},
                "taxa": [
                    {"id": a.technique, "name": a.name, "helpUri": a.url, "shortDescription": {"text": f"{a.name}."}}
                    for a in attacks(techniques)
                ],
            }
        ],
        "results": [_result(out, f, order, places) for out in outgoing for f in out.incident.findings],
        "properties": {"incidents": [_incident(out) for out in outgoing]},
    }
    return json_bytes(
        {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]},
    )


def _rule(finding: Finding) -> dict[str, Any]:
    title = one_line(finding.title, LONGEST)
    rule: dict[str, Any] = {
        "id": finding.analytic,
        "name": "".join(word.capitalize() for word in finding.analytic.replace("-", "_").replace("/", "_").split("_")),
        "shortDescription": {"text": f"{title}."},
        "fullDescription": {"text": f"{title}."},
        "defaultConfiguration": {"level": LEVEL[finding.level]},
        "properties": {"version": finding.analytic_version},
    }
    told = [f"What to do: {step}" for step in finding.triage] + [f"Who else looks like this: {other}" for other in finding.falsepositives]
    return rule | {"help": {"text": "\n".join(one_line(t, LONGEST) for t in told)}} if told else rule


def _result(out: Outgoing, finding: Finding, order: dict[str, int], places: dict[str, int]) -> dict[str, Any]:
    incident = out.incident
    client, model = one_line(finding.client_id, LONGEST), one_line(finding.model, LONGEST)
    shown = " ".join(one_line(e.sentence, LONGEST) + "." for e in finding.evidence)
    result: dict[str, Any] = {
        "guid": stable_uuid(out.key, finding.finding_id),
        "correlationGuid": stable_uuid(incident.incident_id, finding.analytic, finding.client_id, finding.model),
        "ruleId": finding.analytic,
        "ruleIndex": order[finding.analytic],
        "kind": "fail",
        "level": LEVEL[finding.level],
        "rank": incident.risk_score,
        # A message may hold placeholders and links; both begin with a bracket.
        "message": {"text": _literal(f"{one_line(finding.title, LONGEST)}: {client} on {model}. {shown}".rstrip())},
        "locations": [{"logicalLocations": [{"name": client, "fullyQualifiedName": f"{model}/{client}", "kind": "resource"}]}],
        "partialFingerprints": {
            "incident/v1": incident.incident_id,
            "subject/v1": stable_uuid(finding.analytic, finding.client_id, finding.model),
        },
        "occurrenceCount": max(finding.query_count, 1),
        "taxa": [{"id": t, "index": places[t], "toolComponent": {"name": FRAMEWORK, "index": 0}} for t in finding.techniques],
        "properties": {
            "incident": incident.incident_id,
            "severity": incident.severity,
            "status": incident.status,
            "verdict": incident.verdict,
            "evidence": [
                {
                    "field": e.field,
                    "value": e.value,
                    "baseline": e.baseline,
                    "sentence": one_line(e.sentence, LONGEST),
                    "eventIds": list(e.event_ids[:MOST_EVENTS]),
                }
                for e in finding.evidence
            ],
            "confidence": finding.confidence,
            "score": finding.score,
            "firstSeen": instant(finding.first_seen),
            "lastSeen": instant(finding.last_seen),
        },
    }
    if incident.status == "suppressed" or incident.verdict in DISMISSED:
        why = one_line(f"status {incident.status}, verdict {incident.verdict}", LONGEST)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _literal(text: str) -> str:
    """SARIF 3.11: braces are doubled, backslash and brackets take a backslash, and so nothing is a placeholder or a link."""
    doubled = text.replace("{", "{{").replace("}", "}}").replace("\\", "\\\\")
    return doubled.replace("[", "\\[").replace("]", "\\]")


def _incident(out: Outgoing) -> dict[str, Any]:
    incident = out.incident
    return {
        "id": incident.incident_id,
        "revision": incident.revision,
        "action": out.action,
        "key": out.key,
        "title": one_line(incident.title, LONGEST),
        "summary": one_line(incident.summary, 4096),
        "severity": incident.severity,
        "riskScore": incident.risk_score,
        "confidence": incident.confidence,
        "qValue": incident.q_value,
        "status": incident.status,
        "verdict": incident.verdict,
        "tactic": incident.tactic,
        "techniques": list(incident.techniques),
        "clients": [bounded(c, LONGEST) for c in incident.clients],
        "associatedClients": [bounded(c, LONGEST) for c in incident.associated_clients],
        "models": [bounded(m, LONGEST) for m in incident.models],
        "analytics": list(incident.analytics),
        "queryCount": incident.query_count,
        "firstSeen": instant(incident.first_seen),
        "lastSeen": instant(incident.last_seen),
        "createdAt": instant(out.created_at),
        "modifiedAt": instant(out.modified_at),
        "mergedInto": incident.merged_into,
    }


FORMAT = Whole("sarif", "application/sarif+json", ".sarif", FIELDS, _document)
