"""Nightly runs, and the dates whose events no scan has seen yet."""

import sqlite3
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import pyarrow as pa

from forensics.model.errors import Exit
from forensics.store import manifest
from forensics.store.ledger import TIME, arrow, micros
from forensics.store.parts import Part

UNFINISHED: Final = (int(Exit.USAGE), int(Exit.DELIVERY_INCOMPLETE), int(Exit.INTERNAL))
RUNS: Final = pa.schema([("run_id", pa.int64()), ("started_at", TIME), ("finished_at", TIME), ("record", pa.string())])


def freshen(connection: sqlite3.Connection, written: Iterable[Part]) -> None:
    """Parts of new events came: their dates wait for a scan."""
    connection.executemany(
        "INSERT INTO fresh VALUES (?, ?, ?) ON CONFLICT (date) DO UPDATE SET "
        "first_ts = min(first_ts, excluded.first_ts), last_ts = max(last_ts, excluded.last_ts)",
        [(p.date.isoformat(), micros(p.min_ts), micros(p.max_ts)) for p in written if p.table == "events" and p.date and p.min_ts],
    )


def scanned(connection: sqlite3.Connection, start: datetime, end: datetime) -> None:
    """A scan has seen [start, end): dates whose new events all lie in there wait no longer."""
    connection.execute("DELETE FROM fresh WHERE first_ts >= ? AND last_ts < ?", (micros(start), micros(end)))


def fresh(connection: sqlite3.Connection) -> tuple[date, ...]:
    """Dates that wait, in order."""
    return tuple(date.fromisoformat(day) for (day,) in connection.execute("SELECT date FROM fresh ORDER BY date"))


def begin(connection: sqlite3.Connection) -> tuple[int, bool]:
    """Open a run; (its id, whether the one before was killed, or ended with something still to do)."""
    unfinished = f"finished_at IS NULL OR json_extract(record, '$.exit_code') IN ({', '.join(map(str, UNFINISHED))})"
    with manifest.transaction(connection):
        last = connection.execute(f"SELECT {unfinished} FROM runs ORDER BY run_id DESC LIMIT 1").fetchone()
        cursor = connection.execute("INSERT INTO runs (started_at) VALUES (?)", (manifest.now(),))
        return int(cursor.lastrowid or 0), bool(last and last[0])


def finish(connection: sqlite3.Connection, run_id: int, record: str) -> None:
    """Close a run, with its record."""
    with manifest.transaction(connection):
        connection.execute("UPDATE runs SET finished_at = ?, record = ? WHERE run_id = ?", (manifest.now(), record, run_id))


def last(connection: sqlite3.Connection) -> str | None:
    """The record of the last run, empty where it did not end; null where there was none."""
    found = connection.execute("SELECT coalesce(record, '') FROM runs ORDER BY run_id DESC LIMIT 1").fetchone()
    return found and str(found[0])


def tables(connection: sqlite3.Connection) -> dict[str, pa.Table]:
    """`runs` as an Arrow table, in order."""
    rows = connection.execute("SELECT run_id, started_at, finished_at, record FROM runs ORDER BY run_id")
    return {"runs": arrow(RUNS, rows.fetchall())}
