"""The incident as it is, one JSON object a line, values exact: for pipelines of one's own."""

from forensics.export.document import FIELDS, document
from forensics.export.interface import Outgoing
from forensics.export.shapes import Each
from forensics.export.text import json_bytes


def _line(out: Outgoing) -> bytes:
    return json_bytes(document(out, longest=None))


FORMAT = Each("ndjson", "application/x-ndjson", ".ndjson", FIELDS, _line)
