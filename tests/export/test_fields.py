"""The field tables of docs/export.md say what the formats do: every place of an output is in the table, every row of it in the output."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pyarrow.parquet as pq
import pytest
from line_formats import read_cef, read_leef, read_syslog
from outgoing import OUTGOING, PLAIN, incident, outgoing

from forensics.export.interface import ExportFormat, Outgoing
from forensics.export.plugins import formats
from forensics.model.finding import Finding
from forensics.model.incident import Incident

FORMATS: dict[str, ExportFormat] = {f.name: f for f in formats()}
# Once more with addresses first, for the fields that only they fill.
SHOWN = (*OUTGOING, outgoing(incident(PLAIN, clients=("ip:192.0.2.9", "ip:2001:db8::1", "email:a@example.org"))))
PROSE = {"markdown", "slack", "stix", "teams"}  # their tables name parts of a page or kinds of object
SOURCES = {f.name for f in fields(Incident)} | {f.name for f in fields(Outgoing)} | {f"findings[].{f.name}" for f in fields(Finding)}


def places(value: Any, at: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places(each, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for each in value:
            yield from places(each, f"{at}[]")
    elif value is not None:
        yield at


def found(name: str) -> set[str]:
    """Where values stand in what the format writes."""
    messages = [m.body for m in FORMATS[name].render(SHOWN)]
    if name == "csv":
        return set(next(csv.reader(io.StringIO(messages[0].decode()))))
    if name == "parquet":
        return {p.replace("[].list.element", "") for row in pq.read_table(io.BytesIO(messages[0])).to_pylist() for p in places(row)}
    if name == "cef":
        read = [read_cef(m.decode())[1] for m in messages]
        return {key for pairs in read for key in pairs if not key.endswith("Label")} | {"Device Event Class ID", "Name", "Severity"}
    if name == "leef":
        return {key for m in messages for key in read_leef(m.decode())[1]} | {"EventID"}
    if name == "syslog":
        return {key for m in messages for key, _ in read_syslog(m.decode())[1]} | {"PRI", "TIMESTAMP", "APP-NAME", "MSGID", "MSG"}
    if name == "splunk-hec":
        return {p for m in messages for line in m.splitlines() for p in places(json.loads(line))}
    if name == "sentinel":
        return {p for m in messages for row in json.loads(m) for p in places(row)}
    return {p for m in messages for line in m.splitlines() for p in places(json.loads(line))}


@pytest.mark.parametrize("name", sorted(set(FORMATS) - PROSE))
def test_the_table_is_what_is_written(name: str) -> None:
    written = found(name)
    rows = [f.target for f in FORMATS[name].fields]
    assert len(set(rows)) == len(rows)
    told = {
        p
        for p in written
        for row in rows
        if p == row or p.startswith((f"{row}.", f"{row}[]")) or (row.endswith("[]") and p.startswith(row))
    }
    assert written - told - {"forensics.left_out"} - {p for p in written if ".left_out." in p or p.startswith("left_out")} == set()
    assert [
        row
        for row in rows
        if not any(p == row or p.startswith((f"{row}.", f"{row}[]")) or (row.endswith("[]") and p.startswith(row)) for p in written)
    ] == []


@pytest.mark.parametrize("name", FORMATS)
def test_sources_are_fields_of_incidents(name: str) -> None:
    for field in FORMATS[name].fields:
        for source in re.split(r"[;,] ", field.source) if field.source else []:
            plain = re.sub(r"findings\[0\]", "findings[]", source).split(".evidence[]")[0]
            assert plain in SOURCES | {"*", "...", "findings[]"}, f"{name}: {source}"


def test_what_every_format_says_of_an_incident() -> None:
    """Nothing that an analyst decides by is left out anywhere."""
    needed = {
        "incident_id",
        "risk_score",
        "severity",
        "confidence",
        "status",
        "verdict",
        "clients",
        "models",
        "techniques",
        "first_seen",
        "last_seen",
    }
    for name, fmt in FORMATS.items():
        sources = {s for f in fmt.fields for s in re.split(r"[;,] ", f.source)}
        if "*" in sources:
            continue
        assert needed - sources <= set(), name
        assert any(s.startswith("findings") for s in sources), name
