"""Bulk requests of Elasticsearch and OpenSearch (POST /<data stream>/_bulk): the documents of ``ecs``, each under an action line.

``create`` under an ``_id`` that is the revision's key: data streams take nothing else, and what was sent before is answered with 409,
which is what makes a second attempt harmless.
"""

import json
from typing import Any

from forensics.export.formats import ecs
from forensics.export.interface import Field, Message, Outgoing, Receipt
from forensics.export.receipts import by_status, for_all, passes_later
from forensics.export.shapes import Packed
from forensics.export.text import json_bytes, one_line

LIMIT = 5_000_000  # both advise requests of 5 to 15 MB
CONFLICT = 409

FIELDS = (Field("create._id", "key", "in the action line before each document"), *ecs.FIELDS)


def _pair(out: Outgoing) -> bytes:
    return json_bytes({"create": {"_id": out.key}}) + b"\n" + json_bytes(ecs.record(out))


def _receipt(message: Message, status: int, answer: bytes) -> Receipt:
    """200 says that the request was read, not that a document was stored: each has a status of its own, in order."""
    if not 200 <= status < 300:
        return by_status(message, status, answer)
    results = _results(answer)
    if len(results) != len(message.keys):
        return for_all(message, f"the answer speaks of {len(results)} documents, {len(message.keys)} were sent", again=True)
    delivered: list[str] = []
    retry: dict[str, str] = {}
    refused: dict[str, str] = {}
    for key, result in zip(message.keys, results, strict=True):
        code = result.get("status")
        if not isinstance(code, int):
            retry[key] = "the answer gives no status"
        elif 200 <= code < 300 or code == CONFLICT:
            delivered.append(key)
        else:
            (retry if passes_later(code) else refused)[key] = _reason(code, result.get("error"))
    return Receipt(tuple(delivered), retry or None, refused or None)


def _results(answer: bytes) -> list[dict[str, Any]]:
    """What became of each document; nothing where the answer is none of a bulk request."""
    try:
        items = json.loads(answer)["items"]
        return [result for item in items for result in item.values() if isinstance(result, dict)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _reason(code: int, error: Any) -> str:
    said = f"{error.get('type')}: {error.get('reason')}" if isinstance(error, dict) else str(error)
    return one_line(f"status {code}: {said}", 300)


FORMAT = Packed("elastic-bulk", "application/x-ndjson", ".ndjson", FIELDS, _pair, LIMIT, after=b"\n", answer=_receipt)
