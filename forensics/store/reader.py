"""Reading without a lock: what the manifest names at one moment, as views of a private connection."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from forensics.model.event import schema_of
from forensics.model.lineage import LAKE, LINEAGES_SQL
from forensics.store import ledger, manifest, nights, outbox, parts
from forensics.store.catalog import relations
from forensics.store.parts import Part
from forensics.store.scratch import spill_folder

# In this order; the last one makes the others final.
LOCKS = ("python_enable_replacements = false", "enable_external_access = false", "lock_configuration = true")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live parts as of one commit, by table, date, bucket and age."""

    commit_id: int
    parts: tuple[Part, ...]

    def select(
        self, table: str, *, bucket: int | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Part, ...]:
        """Parts of a table that may hold rows of a bucket (all, if null) with ``since`` <= ts < ``until``."""
        return tuple(
            p
            for p in self.parts
            if p.table == table
            and (bucket is None or p.bucket is None or p.bucket == bucket)
            and (since is None or p.max_ts is None or p.max_ts >= since)
            and (until is None or p.min_ts is None or p.min_ts < until)
        )


def snapshot(root: Path) -> Snapshot:
    with manifest.reading(root) as connection:
        return Snapshot(manifest.last_commit(connection), manifest.live_parts(connection, root))


def connect(root: Path, *, locked_down: bool) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with a view for each canonical table, each live result, the source ledger, scans, runs,
    decisions and deliveries.

    ``locked_down`` is for SQL that others wrote: it can read these views, and neither reach a file nor change a setting. DuckDB's
    ``allowed_directories`` would let such SQL write there too, so Arrow reads the parts, and DuckDB gets no file at all.
    """
    with manifest.reading(root) as state:
        found = relations(manifest.live_parts(state, root))
        tables = ledger.tables(state) | outbox.tables(state) | nights.tables(state)
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET temp_directory = {parts.quoted(spill_folder(root))}")
        for name, paths in found.items():
            if locked_down:
                connection.register(name, _dataset(name, paths))
            else:
                connection.execute(f"CREATE TEMP VIEW {name} AS {parts.select(name, paths)}")
        for name, table in tables.items():
            connection.register(name, table)
        connection.execute(f"CREATE TEMP VIEW lineages AS {LINEAGES_SQL}")
        for setting in LOCKS if locked_down else ():
            connection.execute(f"SET {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _dataset(name: str, paths: list[Path]) -> ds.Dataset | pa.Table:
    if not paths:
        return schema_of(LAKE[name]).empty_table()
    schema = schema_of(LAKE[name]) if name in LAKE else None
    return ds.dataset([str(path) for path in paths], schema=schema, format="parquet")
