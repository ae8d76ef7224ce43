"""TheHive 5 (POST /api/v1/alert): an alert for each revision.

Source: docs.strangebee.com, "Create alert". Type, source and sourceRef together are unique; with the revision's key as sourceRef a
second attempt is answered with 400 and harmless, and the alerts of one incident meet by its tag.
"""

from typing import Any

from forensics.export.document import PRODUCT, attacks, is_address, principal
from forensics.export.interface import Field, Message, Outgoing, Receipt
from forensics.export.markdown import escape, section
from forensics.export.receipts import by_status
from forensics.export.shapes import Each
from forensics.export.text import bounded, json_bytes, milliseconds, one_line

SEVERITY = {"informational": 1, "low": 1, "medium": 2, "high": 3, "critical": 4}
AMBER = 2
LONGEST_TAG = 128
LONGEST_OBSERVABLE = 1024
MOST_OBSERVABLES = 100

FIELDS = (
    Field("type", "", "`model-probing`"),
    Field("source", "", "`forensics`"),
    Field("sourceRef", "key"),
    Field("title", "title"),
    Field("description", "*", "the same as `markdown`"),
    Field("summary", "summary"),
    Field("severity", "severity", "1 informational and low, 2 medium, 3 high, 4 critical"),
    Field("date", "modified_at"),
    Field("tlp", "", "2, amber"),
    Field("pap", "", "2, amber"),
    Field("tags[]", "incident_id, revision, action, severity, status, verdict, techniques, analytics, risk_score, confidence"),
    Field("observables[].dataType", "clients, associated_clients, models", "`ip`, `mail` for the kind `email`, else `other`"),
    Field("observables[].data", "clients, associated_clients, models"),
    Field("observables[].message", "", "what it is to the incident"),
    Field("observables[].tags[]", "clients, associated_clients, models", "`client`, `associated-client`, `model`, and its kind"),
)


def _alert(out: Outgoing) -> bytes:
    incident = out.incident
    tags = [
        f"incident:{incident.incident_id}",
        f"revision:{incident.revision}",
        f"action:{out.action}",
        f"severity:{incident.severity}",
        f"status:{incident.status}",
        f"verdict:{incident.verdict}",
        f"risk:{incident.risk_score:.1f}",
        f"confidence:{incident.confidence:.2f}",
        *(f"atlas:{a.technique} {a.name}" for a in attacks(incident.techniques)),
        *(f"analytic:{analytic}" for analytic in incident.analytics),
    ]
    return json_bytes(
        {
            "type": "model-probing",
            "source": PRODUCT,
            "sourceRef": out.key,
            "title": one_line(incident.title, 512),
            "description": section(out),
            "summary": escape(incident.summary, 4096),
            "severity": SEVERITY[incident.severity],
            "date": milliseconds(out.modified_at),
            "tlp": AMBER,
            "pap": AMBER,
            "tags": [one_line(tag, LONGEST_TAG) for tag in tags],
            "observables": _observables(out),
        }
    )


def _observables(out: Outgoing) -> list[dict[str, Any]]:
    """Each value once: TheHive refuses an alert that names an observable twice."""
    incident = out.incident
    named = [(c, "client") for c in incident.clients] + [(c, "associated-client") for c in incident.associated_clients]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for client, role in named:
        kind, identifier = principal(client)
        data_type = "ip" if kind == "ip" and is_address(identifier) else "mail" if kind == "email" else "other"
        data = one_line(identifier if data_type != "other" else client, LONGEST_OBSERVABLE)
        found.setdefault((data_type, data), _observable(data_type, data, role, [role, kind] if kind else [role]))
    for model in incident.models:
        data = one_line(model, LONGEST_OBSERVABLE)
        found.setdefault(("other", data), _observable("other", data, "model", ["model"]))
    return list(found.values())[:MOST_OBSERVABLES]


def _observable(data_type: str, data: str, role: str, tags: list[str]) -> dict[str, Any]:
    message = {"client": "sent the queries", "associated-client": "tied to a client", "model": "was queried"}[role]
    return {"dataType": data_type, "data": data, "message": message, "tags": [bounded(tag, LONGEST_TAG) for tag in tags]}


def _receipt(message: Message, status: int, answer: bytes) -> Receipt:
    """400 with "already exist" is what an earlier attempt left behind."""
    there = status == 400 and b"already exist" in answer
    return Receipt(delivered=message.keys) if there else by_status(message, status, answer)


FORMAT = Each("thehive", "application/json", ".json", FIELDS, _alert, _receipt)
