"""Comma-separated values by RFC 4180, a line for each revision, safe to open in a spreadsheet.

A cell that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection"); control and direction characters
stand as escapes, so a line of the file is a record. Lists are JSON.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from forensics.export.document import FIELDS, document, sentences
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Whole
from forensics.model.text import printable

# Excel cuts cells at 32,767 characters and shifts what follows; the full-width forms are formulas in some locales.
LONGEST_CELL = 32_767
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

COLUMNS = (
    *(Field(f.target.removesuffix("[]"), f.source, f.meaning) for f in FIELDS if f.target != "findings[]"),
    Field("evidence", "findings[].evidence[].sentence", "what the findings show, the strongest first"),
)


def _document(outgoing: Sequence[Outgoing]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([c.target for c in COLUMNS])
    for out in outgoing:
        row = document(out) | {"evidence": list(sentences(out.incident))}
        writer.writerow([_cell(row[c.target]) for c in COLUMNS])
    return buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return _list([printable(v) for v in value])
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if value.lstrip(" ").startswith(FORMULA) else text


def _list(values: list[str]) -> str:
    """As JSON; where that is longer than a cell may be, the last ones give way to their number."""
    text = json.dumps(values, ensure_ascii=False)
    left = len(values)
    while len(text) > LONGEST_CELL:
        left //= 2
        text = json.dumps([*values[:left], f"… {len(values) - left} more"], ensure_ascii=False)
    return text


FORMAT = Whole("csv", "text/csv; charset=utf-8", ".csv", COLUMNS, _document)
