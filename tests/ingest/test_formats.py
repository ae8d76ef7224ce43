"""Each format against its fixture: fixtures/logs/<format>/input.* in, expected.json out, whole values.

A new format needs a folder of its name, not a new test. FORENSICS_UPDATE_FIXTURES=1 rewrites what is expected; read the
difference before you commit it.
"""

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forensics.ingest.interface import LogFormat
from forensics.ingest.mapping import load_mapping
from forensics.ingest.recognise import builtin_formats

LOGS = Path(__file__).parents[2] / "fixtures" / "logs"
MAPPED = {"home-gateway"}
NAMES = sorted({f.name for f in builtin_formats()} | MAPPED)
# Derived from the place of the file, or from a hash that a test of its own covers.
VARYING = ("call_no", "source_uri", "record_sha256", "event_id", "key_id")


def mapping_of(name: str) -> LogFormat | None:
    return load_mapping(LOGS.parent / "mappings" / f"{name}.toml") if name in MAPPED else None


def readable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@pytest.mark.parametrize("name", NAMES)
def test_format(name: str, ingest: Callable[..., Any]) -> None:
    source = next((LOGS / name).glob("input.*"))
    read = ingest(source, mapping=mapping_of(name))
    found = {
        "format": read.report.format,
        "records": read.report.records,
        "mended": read.report.mended,
        "rejected": [f"{r.row}: {r.reason}" for r in read.report.rejects],
        **{table: read.rows(table, *VARYING) for table in ("events", "items", "vectors")},
    }
    found = json.loads(json.dumps(found, default=readable).replace("NaN", '"NaN"'))
    expected = LOGS / name / "expected.json"
    if os.environ.get("FORENSICS_UPDATE_FIXTURES"):
        expected.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(expected.read_text())


def test_every_format_has_a_fixture() -> None:
    assert sorted(p.name for p in LOGS.iterdir()) == NAMES


def test_a_parquet_record_is_the_same_wherever_it_stands(ingest: Callable[..., Any], tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (LOGS / "databricks" / "input.jsonl").read_text().splitlines()]
    names = sorted(rows[0])
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "b").mkdir()
    pq.write_table(pa.Table.from_pylist(rows[:1]), tmp_path / "b" / "0.parquet")
    pq.write_table(pa.Table.from_pylist(rows[::-1]).select(names[::-1]), tmp_path / "b" / "1.parquet")
    first, second = ingest(tmp_path / "a.parquet"), ingest(tmp_path / "b")
    expected = set(zip(*(first.events[c].to_pylist() for c in ("event_id", "record_sha256")), strict=True))
    assert set(zip(*(second.events[c].to_pylist() for c in ("event_id", "record_sha256")), strict=True)) == expected


def test_parquet_gives_what_json_lines_give(ingest: Callable[..., Any], tmp_path: Path) -> None:
    source = LOGS / "databricks" / "input.jsonl"
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    for row in rows:
        row["request_time"] = datetime.fromisoformat(row["request_time"] + "+00:00")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "table.parquet")
    lines, parquet = ingest(source), ingest(tmp_path / "table.parquet")
    assert parquet.report.format == "databricks"
    for table in ("items", "vectors"):
        assert repr(parquet.rows(table)) == repr(lines.rows(table))
    assert parquet.rows("events", *VARYING[:3]) == lines.rows("events", *VARYING[:3])
