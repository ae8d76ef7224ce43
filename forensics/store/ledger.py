"""Source ledger, rejects and scans: how they stand in the manifest, and as tables for readers."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from forensics.model.scan import Scan, SourceReport
from forensics.store.batch import KnownSource

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME = pa.timestamp("us", tz="UTC")

SOURCES = pa.schema(
    [
        ("source_id", pa.string()),
        ("key_id", pa.string()),
        ("head_id", pa.string()),
        ("uri", pa.string()),
        ("format", pa.string()),
        ("reason", pa.string()),
        ("status", pa.string()),
        ("size", pa.int64()),
        ("records", pa.int64()),
        ("new", pa.int64()),
        ("duplicates", pa.int64()),
        ("conflicts", pa.int64()),
        ("mended", pa.int64()),
        ("rejected", pa.int64()),
        ("items", pa.int64()),
        ("first_ts", TIME),
        ("last_ts", TIME),
        ("fill", pa.string()),
        ("warnings", pa.string()),
        ("commit_id", pa.int64()),
    ]
)
REJECTS = pa.schema(
    [("uri", pa.string()), ("row", pa.int64()), ("reason", pa.string()), ("record_sha256", pa.string()), ("commit_id", pa.int64())]
)
SCANS = pa.schema(
    [
        ("scan_id", pa.string()),
        ("window_start", TIME),
        ("window_end", TIME),
        ("engine", pa.string()),
        ("data_commit", pa.int64()),
        ("config_sha256", pa.string()),
        ("rules_sha256", pa.string()),
        ("key_ids", pa.list_(pa.string())),
        ("features", pa.list_(pa.string())),
        ("events", pa.int64()),
        ("items", pa.int64()),
        ("clients", pa.int64()),
        ("findings", pa.int64()),
        ("incidents", pa.int64()),
        ("new_incidents", pa.int64()),
        ("skipped", pa.list_(pa.struct([("kind", pa.string()), ("name", pa.string()), ("reason", pa.string())]))),
        ("tool_version", pa.string()),
        ("commit_id", pa.int64()),
        ("created_at", TIME),
    ]
)


def micros(moment: datetime | None) -> int | None:
    """Microseconds since 1970, exactly."""
    return None if moment is None else (moment - EPOCH) // timedelta(microseconds=1)


def moment(micros: int | None) -> datetime | None:
    """The UTC time ``micros`` microseconds after 1970."""
    return None if micros is None else after(micros)


def after(micros: int) -> datetime:
    """The UTC time ``micros`` microseconds after 1970."""
    return EPOCH + timedelta(microseconds=micros)


def record_sources(connection: sqlite3.Connection, reports: Sequence[SourceReport], key_id: str, commit_id: int) -> None:
    """Upsert ledger rows and add rejects. A source found unchanged keeps the report of the run that read it."""
    columns = ["source_key", *SOURCES.names]
    upsert = (
        f"INSERT INTO sources ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT (source_key, key_id) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in columns)} "
        "WHERE excluded.status <> 'unchanged'"
    )
    connection.executemany(upsert, (_source_row(report, key_id, commit_id) for report in reports))
    connection.executemany(
        "INSERT OR IGNORE INTO rejects (uri, row, reason, record_sha256, commit_id) VALUES (?, ?, ?, ?, ?)",
        ((r.uri, r.row, r.reason, r.record_sha256, commit_id) for report in reports for r in report.rejects),
    )


def _source_row(report: SourceReport, key_id: str, commit_id: int) -> tuple[Any, ...]:
    values: dict[str, Any] = {f.name: getattr(report, f.name) for f in fields(report)}
    values |= {
        "key_id": key_id,
        "first_ts": micros(report.first_ts),
        "last_ts": micros(report.last_ts),
        "fill": json.dumps(dict(report.fill), sort_keys=True),
        "warnings": json.dumps(report.warnings),
        "commit_id": commit_id,
    }
    # What could not be opened has no content hash; its name must do.
    return (report.source_id or f"uri:{report.uri}", *(values[name] for name in SOURCES.names))


def known_sources(connection: sqlite3.Connection, head_id: str) -> tuple[KnownSource, ...]:
    """Sources with this beginning that were read whole, sorted."""
    rows = connection.execute(
        "SELECT source_id, key_id, format, rejected FROM sources WHERE head_id = ? AND source_id <> '' AND status <> 'unusable' "
        "ORDER BY source_id, key_id",
        (head_id,),
    )
    return tuple(KnownSource(*row) for row in rows)


def record_scan(connection: sqlite3.Connection, scan: Scan, commit_id: int, created_at: int) -> None:
    """Keep the run record of a scan as JSON; times are ISO 8601."""
    record = json.dumps(asdict(scan), default=datetime.isoformat, sort_keys=True)
    connection.execute("INSERT INTO scans (commit_id, created_at, record) VALUES (?, ?, ?)", (commit_id, created_at, record))


def tables(connection: sqlite3.Connection) -> dict[str, pa.Table]:
    """`sources`, `rejects` and `scans` as Arrow tables, sorted."""
    sources = connection.execute(f"SELECT {', '.join(SOURCES.names)} FROM sources ORDER BY source_key, key_id")
    rejects = connection.execute(f"SELECT {', '.join(REJECTS.names)} FROM rejects ORDER BY uri, row, record_sha256")
    scans = connection.execute("SELECT record, commit_id, created_at FROM scans ORDER BY commit_id")
    return {
        "sources": arrow(SOURCES, sources.fetchall()),
        "rejects": arrow(REJECTS, rejects.fetchall()),
        "scans": pa.Table.from_pylist([_scan_row(*row) for row in scans], schema=SCANS),
    }


def arrow(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows of SQLite as a table."""
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)


def _scan_row(record: str, commit_id: int, created_at: int) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(record)
    for name in ("window_start", "window_end"):
        row[name] = datetime.fromisoformat(row[name])
    return row | {"commit_id": commit_id, "created_at": moment(created_at)}
