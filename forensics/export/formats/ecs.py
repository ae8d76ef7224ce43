"""Elastic Common Schema 9.4 (https://www.elastic.co/docs/reference/ecs): a document of ``event.kind: alert`` for each revision.

What ECS has no name for stands under ``forensics``, the product's own name as ECS asks of custom fields.
"""

from collections.abc import Iterable
from typing import Any

from forensics.export.document import FRAMEWORK, LONGEST, PRODUCT, VERSION, attacks, document, fields_under, parted, strongest, within
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.text import bounded, finite, instant, json_bytes

ECS_VERSION = "9.4.0"
LIMIT = 2_000_000
MOST_NAMES = 20  # in the fields of ECS; all of them stand under forensics.clients

# The scale of detection rules in Elastic Security: low 21, medium 47, high 73, critical 99.
SEVERITY = {"informational": 1, "low": 21, "medium": 47, "high": 73, "critical": 99}

FIELDS = (
    Field("@timestamp", "modified_at"),
    Field("ecs.version", "", f"`{ECS_VERSION}`"),
    Field("message", "summary"),
    Field("event.kind", "", "`alert`"),
    Field("event.category[]", "", "`api`, `intrusion_detection`"),
    Field("event.type[]", "", "`info`"),
    Field("event.action", "action", "`incident-create`, `incident-update`, `incident-close`"),
    Field("event.id", "key"),
    Field("event.module", "", "`forensics`"),
    Field("event.dataset", "", "`forensics.incidents`"),
    Field("event.provider", "", "`forensics`"),
    Field("event.created", "created_at"),
    Field("event.start", "first_seen"),
    Field("event.end", "last_seen"),
    Field("event.severity", "severity", ", ".join(f"{n} {level}" for level, n in SEVERITY.items())),
    Field("event.risk_score", "risk_score"),
    Field("event.risk_score_norm", "risk_score"),
    Field("event.reason", "title"),
    Field("rule.id", "findings[0].analytic"),
    Field("rule.name", "findings[0].title"),
    Field("rule.ruleset", "", "`forensics`"),
    Field("threat.framework", "", f"`{FRAMEWORK}`"),
    Field("threat.tactic.id[]", "techniques", "tactics that the techniques serve"),
    Field("threat.tactic.name[]", "techniques"),
    Field("threat.technique.id[]", "techniques"),
    Field("threat.technique.name[]", "techniques"),
    Field("threat.technique.reference[]", "techniques"),
    Field("threat.technique.subtechnique.id[]", "techniques"),
    Field("threat.technique.subtechnique.name[]", "techniques"),
    Field("gen_ai.request.model[]", "models"),
    Field("user.id[]", "clients", "without their kind; addresses are not among them"),
    Field("source.ip[]", "clients", "of the kind `ip`"),
    Field("related.user[]", "clients, associated_clients"),
    Field("related.ip[]", "clients, associated_clients"),
    Field("observer.vendor", "", "`forensics`"),
    Field("observer.product", "", "`forensics`"),
    Field("observer.version", "", "of the software"),
    Field("tags[]", "severity, status, verdict"),
    *fields_under("forensics"),
)


def record(out: Outgoing) -> dict[str, Any]:
    """The document; ``elastic-bulk`` sends the same."""
    incident = out.incident
    rule, rule_title = strongest(incident)
    accounts, addresses = parted(incident.clients)
    all_accounts, all_addresses = parted(incident.clients + incident.associated_clients)
    filled = {
        "@timestamp": instant(out.modified_at),
        "ecs": {"version": ECS_VERSION},
        "message": bounded(incident.summary, 4096),
        "event": {
            "kind": "alert",
            "category": ["api", "intrusion_detection"],
            "type": ["info"],
            "action": f"incident-{out.action}",
            "id": out.key,
            "module": PRODUCT,
            "dataset": f"{PRODUCT}.incidents",
            "provider": PRODUCT,
            "created": instant(out.created_at),
            "start": instant(incident.first_seen),
            "end": instant(incident.last_seen),
            "severity": SEVERITY[incident.severity],
            "risk_score": finite(incident.risk_score),
            "risk_score_norm": finite(incident.risk_score),
            "reason": bounded(incident.title, LONGEST),
        },
        "rule": {"id": rule, "name": bounded(rule_title, LONGEST), "ruleset": PRODUCT},
        "threat": _threat(incident.techniques),
        "gen_ai": {"request": {"model": _names(incident.models)}},
        "user": {"id": _names(accounts)},
        "source": {"ip": _names(addresses)},
        "related": {"user": _names(all_accounts), "ip": _names(all_addresses)},
        "observer": {"vendor": PRODUCT, "product": PRODUCT, "version": VERSION},
        "tags": [incident.severity, incident.status, incident.verdict],
    }
    filled = {name: value for name, value in filled.items() if not isinstance(value, dict) or any(value.values())}
    return filled | {PRODUCT: within(document(out), LIMIT - len(json_bytes(filled)))}


def _names(values: Iterable[str]) -> list[str]:
    return [bounded(value, LONGEST) for value in values][:MOST_NAMES]


def _threat(techniques: tuple[str, ...]) -> dict[str, Any]:
    """ECS keeps techniques and sub-techniques apart; a sub-technique counts for its parent as well."""
    known = attacks(techniques)
    if not known:
        return {}
    parents = attacks(tuple(dict.fromkeys(a.parent for a in known)))
    subs = [a for a in known if a.technique != a.parent]
    tactics = dict.fromkeys((a.tactic, a.tactic_name) for a in known if a.tactic)
    return {
        "framework": FRAMEWORK,
        "tactic": {"id": [i for i, _ in tactics], "name": [name for _, name in tactics]},
        "technique": {
            "id": [a.technique for a in parents],
            "name": [a.name for a in parents],
            "reference": [a.url for a in parents],
            "subtechnique": {"id": [a.technique for a in subs], "name": [a.name for a in subs]},
        },
    }


def _line(out: Outgoing) -> bytes:
    return json_bytes(record(out))


FORMAT = Each("ecs", "application/x-ndjson", ".ndjson", FIELDS, _line)
