"""Splunk HTTP Event Collector (POST /services/collector/event): JSON objects one after the other, no array.

Source: "Format events for HTTP Event Collector" and "Troubleshoot HTTP Event Collector" (the codes) of the Splunk documentation; names
of the Common Information Model, data model Alerts. HEC drops no duplicates: ``key`` tells them (``| dedup key``).
"""

import json
from typing import Any

from forensics.export.document import PRODUCT, document, fields_under, parted, strongest, within
from forensics.export.interface import Field, Message, Outgoing, Receipt
from forensics.export.receipts import by_status, for_all, passes_later, reason
from forensics.export.shapes import Packed
from forensics.export.text import bounded, json_bytes, milliseconds

LIMIT = 1_000_000  # max_content_length of Splunk Cloud is 1 MB
# The record itself has every field; the rest names some of them a second time, in the words of CIM.
EVENT_LIMIT = 400_000
MOST_NAMES = 20

SEVERITY_ID = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
OVERDUE = frozenset({8, 9, 18, 26, 27})  # internal error; server busy; shutting down; queues at their limit

FIELDS = (
    Field("time", "modified_at", "seconds since 1970"),
    Field("source", "", "`forensics`"),
    Field("sourcetype", "", "`forensics:incident`"),
    Field("event.app", "", "`forensics`"),
    Field("event.type", "", "`alert`"),
    Field("event.id", "incident_id"),
    Field("event.signature", "findings[0].title"),
    Field("event.signature_id", "findings[0].analytic"),
    Field("event.subject", "title"),
    Field("event.description", "summary"),
    Field("event.severity_id", "severity"),
    Field("event.mitre_technique_id[]", "techniques"),
    Field("event.user[]", "clients", "without their kind; addresses are not among them"),
    Field("event.src[]", "clients", "of the kind `ip`"),
    Field("event.dest[]", "models"),
    *fields_under("event"),
)


def _event(out: Outgoing) -> bytes:
    incident = out.incident
    signature_id, signature = strongest(incident)
    accounts, addresses = parted(incident.clients)
    event: dict[str, Any] = {
        "app": PRODUCT,
        "type": "alert",
        "id": incident.incident_id,
        "signature": bounded(signature, 1024),
        "signature_id": signature_id,
        "subject": bounded(incident.title, 1024),
        "description": bounded(incident.summary, 4096),
        "severity_id": SEVERITY_ID[incident.severity],
        "mitre_technique_id": list(incident.techniques),
        "user": [bounded(a, 1024) for a in accounts[:MOST_NAMES]],
        "src": addresses[:MOST_NAMES],
        "dest": [bounded(m, 1024) for m in incident.models[:MOST_NAMES]],
    }
    event |= within(document(out), EVENT_LIMIT)
    return json_bytes(
        {"time": milliseconds(out.modified_at) / 1000, "source": PRODUCT, "sourcetype": f"{PRODUCT}:incident", "event": event}
    )


def _receipt(message: Message, status: int, answer: bytes) -> Receipt:
    """The code in the answer says more than the status: 200 without code 0 is a proxy's page.

    One bad event has the request refused, and its number is told: then that one is refused, and the others may pass without it.
    """
    said = _said(answer)
    code = said.get("code")
    if 200 <= status < 300:
        return by_status(message, status, answer) if code == 0 else for_all(message, reason(status, answer), again=True)
    number = said.get("invalid-event-number")
    if isinstance(number, int) and 0 <= number < len(message.keys):
        why = reason(status, answer)
        others = {key: "another event of the request was refused" for n, key in enumerate(message.keys) if n != number}
        return Receipt(retry=others or None, refused={message.keys[number]: why})
    return by_status(message, 503 if code in OVERDUE and not passes_later(status) else status, answer)


def _said(answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


FORMAT = Packed("splunk-hec", "application/json", ".json", FIELDS, _event, LIMIT, answer=_receipt)
