"""Apache Parquet: the incident as it is, findings and evidence nested, values exact, times as UTC timestamps."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from forensics.export.document import FIELDS, document
from forensics.export.interface import Outgoing
from forensics.export.shapes import Whole

TIME = pa.timestamp("us", tz="UTC")
STRINGS = pa.list_(pa.string())

EVIDENCE = pa.struct(
    [
        ("field", pa.string()),
        ("value", pa.float64()),
        ("baseline", pa.float64()),
        ("sentence", pa.string()),
        ("event_ids", STRINGS),
    ]
)

FINDING = pa.struct(
    [
        ("finding_id", pa.string()),
        ("analytic", pa.string()),
        ("analytic_version", pa.int64()),
        ("title", pa.string()),
        ("client_id", pa.string()),
        ("model", pa.string()),
        ("window_start", TIME),
        ("window_end", TIME),
        ("first_seen", TIME),
        ("last_seen", TIME),
        ("query_count", pa.int64()),
        ("score", pa.float64()),
        ("confidence", pa.float64()),
        ("p_value", pa.float64()),
        ("level", pa.string()),
        ("techniques", STRINGS),
        ("evidence", pa.list_(EVIDENCE)),
        ("falsepositives", STRINGS),
        ("triage", STRINGS),
    ]
)

TYPES: dict[str, pa.DataType] = {
    "revision": pa.int64(),
    "query_count": pa.int64(),
    "risk_score": pa.float64(),
    "confidence": pa.float64(),
    "q_value": pa.float64(),
    "created_at": TIME,
    "modified_at": TIME,
    "first_seen": TIME,
    "last_seen": TIME,
    "findings[]": pa.list_(FINDING),
}

SCHEMA = pa.schema(
    [(f.target.removesuffix("[]"), TYPES.get(f.target, STRINGS if f.target.endswith("[]") else pa.string())) for f in FIELDS]
)

TIMES = ("created_at", "modified_at", "first_seen", "last_seen", "window_start", "window_end")


def _document(outgoing: Sequence[Outgoing]) -> bytes:
    rows = [document(out, longest=None) for out in outgoing]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([_timed(row) for row in rows], schema=SCHEMA), buffer)
    return buffer.getvalue()


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    timed = row | {name: datetime.fromisoformat(row[name]) for name in TIMES if name in row}
    return timed | {"findings": [_timed(f) for f in row["findings"]]} if "findings" in row else timed


FORMAT = Whole("parquet", "application/vnd.apache.parquet", ".parquet", FIELDS, _document)
