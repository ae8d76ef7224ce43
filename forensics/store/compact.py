"""Many small parts become one: rows and order stay, the number of files falls."""

import sqlite3
from collections import defaultdict
from datetime import date
from pathlib import Path

import duckdb

from forensics.model.event import TABLES
from forensics.store import manifest, parts
from forensics.store.parts import Part, Pending, Stamp
from forensics.store.scratch import spill_folder


def compact(root: Path, connection: sqlite3.Connection, min_parts: int) -> int:
    """Merge the parts of each table, date and bucket that has at least ``min_parts`` of one key and sketch version.

    Each date and bucket is one commit, so a killed run keeps what it has done. The caller holds the lock.

    Returns:
        How many parts were retired.
    """
    groups: dict[tuple[date, int, str, int], dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for part in manifest.live_parts(connection, root):
        if part.date is not None and part.bucket is not None:
            groups[part.date, part.bucket, part.key_id, part.sketch_version][part.table].append(part)
    retired = 0
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(f"SET temp_directory = {parts.quoted(spill_folder(root))}")
        for (day, bucket, key_id, sketch_version), tables in sorted(groups.items()):
            crowded = {name: found for name, found in tables.items() if len(found) >= min_parts}
            if not crowded:
                continue
            stamp = Stamp(manifest.last_commit(connection) + 1, key_id, sketch_version)
            merged = parts.write(root, (_merge(engine, name, day, bucket, found) for name, found in crowded.items()), stamp)
            replaced = [part for found in crowded.values() for part in found]
            with manifest.transaction(connection):
                manifest.add_commit(connection, stamp.commit_id, "compact")
                manifest.add_parts(connection, root, merged, stamp.commit_id)
                manifest.retire_parts(connection, root, replaced)
            retired += len(replaced)
    return retired


def _merge(engine: duckdb.DuckDBPyConnection, table: str, day: date, bucket: int, found: list[Part]) -> Pending:
    order = "ts, event_id, idx" if any(c.name == "idx" for c in TABLES[table]) else "ts, event_id"
    source = parts.select(table, [part.path for part in found])
    return Pending(table, day, bucket, engine.sql(f"{source} ORDER BY {order}").to_arrow_table())
