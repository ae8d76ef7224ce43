"""Parquet parts: one file per table, date, bucket and commit, durable before the manifest names them."""

import os
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import repeat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from forensics.io.duck import connect
from forensics.model.errors import StoreError
from forensics.model.event import BUCKETS, SCHEMA_VERSION, table_sql
from forensics.model.lineage import LAKE

PARTS = "parts"
# Waiting for the disk costs no processor: more writers than cores let the file system join their flushes.
WRITERS = 8


@dataclass(frozen=True, slots=True)
class Part:
    """One live file. ``date`` is null for a result of a scan, ``bucket`` for all that is not divided by client; times are those of its
    first and last row, UTC."""

    table: str
    date: date | None
    bucket: int | None
    path: Path
    rows: int
    min_ts: datetime | None
    max_ts: datetime | None
    key_id: str
    sketch_version: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A part to be written: its rows in their final order, and where it goes."""

    table: str
    date: date | None
    bucket: int | None
    rows: pa.Table


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every part of a commit says in its footer."""

    commit_id: int
    key_id: str = ""
    sketch_version: int = 0

    def footer(self) -> dict[str, str]:
        return {
            "forensics.commit_id": str(self.commit_id),
            "forensics.sketch_version": str(self.sketch_version),
            "forensics.key_id": self.key_id,
            "forensics.schema_version": str(SCHEMA_VERSION),
        }


def part_path(root: Path, pending: Pending, commit_id: int) -> Path:
    """Where a part lies; at most one for each table, date, bucket and commit."""
    folder = root / PARTS / pending.table
    if pending.date is not None:
        folder = folder / f"date={pending.date.isoformat()}"
    if pending.bucket is not None:
        folder = folder / f"bucket={pending.bucket:02d}"
    return folder / f"c{commit_id:08d}.parquet"


def write(root: Path, pending: Iterable[Pending], stamp: Stamp) -> list[Part]:
    """Write parts, 0600 in directories 0700, and return when files and directories are on the disk."""
    waiting = tuple(pending)
    paths = [part_path(root, p, stamp.commit_id) for p in waiting]
    folders = {folder for path in paths for folder in path.relative_to(root).parents}
    for folder in sorted(folders):
        (root / folder).mkdir(mode=0o700, exist_ok=True)
    with ThreadPoolExecutor(WRITERS) as pool:
        parts = list(pool.map(_write_one, waiting, paths, repeat(stamp)))
        list(pool.map(sync_folder, (root / folder for folder in folders)))
    return parts


def _write_one(pending: Pending, path: Path, stamp: Stamp) -> Part:
    rows = pending.rows.replace_schema_metadata(stamp.footer())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        pq.write_table(rows, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    timed = pending.date is not None
    return Part(
        table=pending.table,
        date=pending.date,
        bucket=pending.bucket,
        path=path,
        rows=rows.num_rows,
        min_ts=rows["ts"][0].as_py() if timed else None,
        max_ts=rows["ts"][-1].as_py() if timed else None,
        key_id=stamp.key_id,
        sketch_version=stamp.sketch_version,
    )


def read(paths: Sequence[Path]) -> pa.Table:
    """Rows of parts of one table, in order; the footer's metadata is left out."""
    return pa.concat_tables(pq.ParquetFile(path).read().replace_schema_metadata(None) for path in paths)


def sync_folder(folder: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(root: Path, keep: Collection[str], last_commit: int) -> None:
    """Unlink every part file whose path relative to ``root`` is not in ``keep``; files that are not named like parts stay.

    Raises:
        StoreError: a part is younger than any that a killed run can have left: the manifest is older than the parts.
    """
    leftover = [path for path in sorted((root / PARTS).rglob("c[0-9]*.parquet")) if path.relative_to(root).as_posix() not in keep]
    for path in leftover:
        number = path.stem.removeprefix("c")
        if number.isdigit() and int(number) > last_commit + 1:
            raise StoreError(
                f"a part of commit {int(number)}, but the manifest ends at commit {last_commit}",
                where=str(path),
                hint="was an older state.sqlite restored? bring the newer one back, or move this part away if it may go",
            )
    for path in leftover:
        path.unlink()


def select(table: str, paths: Sequence[Path]) -> str:
    """SQL for the rows of parts; for a canonical table with every documented column, whatever version wrote the part."""
    files = [str(path) for path in paths]
    if table in LAKE:
        return table_sql(LAKE[table], files)
    return f"SELECT * FROM read_parquet([{', '.join(quoted(file) for file in files)}], hive_partitioning = false)"


def write_by_bucket(rows: pa.Table, folder: Path) -> list[tuple[int, Path]]:
    """Write ``rows`` (with a client_id) below ``folder``, a file per bucket of clients as in the parts; (bucket, file), sorted."""
    folder.mkdir(mode=0o700)
    with connect() as con:
        con.register("rows", rows)
        numbered = f"select *, (md5_number_lower(client_id) % {BUCKETS})::integer as bucket from rows"
        con.execute(f"copy ({numbered}) to {quoted(str(folder))} (format parquet, partition_by (bucket), overwrite_or_ignore)")
    return sorted((int(path.parent.name.removeprefix("bucket=")), path) for path in folder.rglob("*.parquet"))


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
