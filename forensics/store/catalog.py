"""forensics.duckdb: built privately from the manifest, swapped in whole, never opened for writing in place."""

import os
import shutil
import sqlite3
from pathlib import Path

import duckdb

from forensics.model.event import SCHEMA_VERSION
from forensics.model.lineage import LAKE, LINEAGES_SQL
from forensics.store import ledger, manifest, parts
from forensics.store.parts import quoted

NAME = "forensics.duckdb"
NEW = f"{NAME}.new"


def is_current(root: Path, connection: sqlite3.Connection) -> bool:
    """Whether the published file is of the last commit, and of this place: its views have absolute paths."""
    published = connection.execute("SELECT commit_id, path FROM catalog").fetchall()
    return (root / NAME).exists() and published == [(manifest.last_commit(connection), str(root))]


def publish(root: Path, connection: sqlite3.Connection) -> None:
    """Build the catalog of the last commit beside the old one and put it in its place. The caller holds the lock."""
    remove_unfinished(root)
    commit_id = manifest.last_commit(connection)
    _build(root, connection, commit_id)
    _sync(root / NEW)
    os.replace(root / NEW, root / NAME)  # noqa: PTH105 - the name under which the promise is known
    parts.sync_folder(root)
    with manifest.transaction(connection):
        connection.execute("DELETE FROM catalog")
        connection.execute("INSERT INTO catalog VALUES (?, ?)", (commit_id, str(root)))


def remove_unfinished(root: Path) -> None:
    """Remove what a killed run had built of a catalog."""
    for leftover in root.glob(f"{NEW}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def relations(live: tuple[parts.Part, ...]) -> dict[str, list[Path]]:
    """Paths of the live parts of every table kept by date, there or not, and of every result."""
    found: dict[str, list[Path]] = {name: [] for name in LAKE}
    for part in live:
        found.setdefault(part.table, []).append(part.path)
    return found


def _build(root: Path, connection: sqlite3.Connection, commit_id: int) -> None:
    with duckdb.connect(str(root / NEW)) as new:
        (root / NEW).chmod(0o600)
        new.execute("SET TimeZone = 'UTC'")
        for name, paths in relations(manifest.live_parts(connection, root)).items():
            kind = "VIEW" if name in LAKE else "TABLE"
            new.execute(f"CREATE {kind} {name} AS {parts.select(name, paths)}")
            for column in LAKE.get(name, ()):
                new.execute(f"COMMENT ON COLUMN {name}.{column.name} IS {quoted(column.description)}")
        new.execute(f"CREATE VIEW lineages AS {LINEAGES_SQL}")
        for name, table in ledger.tables(connection).items():
            new.register("arrow_source", table)
            new.execute(f"CREATE TABLE {name} AS FROM arrow_source")
            new.unregister("arrow_source")
        new.execute("CREATE TABLE store_state AS SELECT ?::BIGINT AS commit_id, ?::INTEGER AS schema_version", [commit_id, SCHEMA_VERSION])


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
