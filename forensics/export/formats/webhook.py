"""A generic webhook: CloudEvents 1.0.2 in JSON, structured mode (https://github.com/cloudevents/spec), the incident in ``data``."""

from forensics.export.document import PRODUCT, document, fields_under, within
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.text import instant, json_bytes

LIMIT = 60_000  # intermediaries should forward events of 64 KiB; the rest is the envelope

FIELDS = (
    Field("specversion", "", "`1.0`"),
    Field("id", "key"),
    Field("source", "", "`/forensics`"),
    Field("type", "action", "`forensics.incident.create`, `.update` or `.close`"),
    Field("subject", "incident_id"),
    Field("time", "modified_at"),
    Field("datacontenttype", "", "`application/json`"),
    *fields_under("data"),
)


def _event(out: Outgoing) -> bytes:
    return json_bytes(
        {
            "specversion": "1.0",
            "id": out.key,
            "source": f"/{PRODUCT}",
            "type": f"{PRODUCT}.incident.{out.action}",
            "subject": out.incident.incident_id,
            "time": instant(out.modified_at),
            "datacontenttype": "application/json",
            "data": within(document(out), LIMIT),
        }
    )


FORMAT = Each("webhook", "application/cloudevents+json", ".json", FIELDS, _event)
