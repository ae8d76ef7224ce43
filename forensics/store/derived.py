"""What a scan makes of the queries and keeps beside them: parts by date, which take the place of those of the same hours."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from forensics.io.duck import connect
from forensics.model.lineage import DERIVED
from forensics.store import manifest, parts
from forensics.store.parts import Part, Pending, Stamp

DATES_AT_ONCE = 16  # whose rows are held in memory together


def write(
    root: Path,
    connection: sqlite3.Connection,
    files: Mapping[str, Sequence[Path]],
    window: tuple[datetime, datetime],
    stamp: Stamp,
    scratch: Path,
) -> tuple[list[Part], list[Part]]:
    """Write the rows of ``files``, which are those of the whole ``window``, by table; (new parts, parts whose rows they replace).

    Rows of the same dates outside the window are kept. ``scratch``: an empty directory to work in.
    """
    live = manifest.live_parts(connection, root)
    made: list[Part] = []
    replaced: list[Part] = []
    for table, paths in sorted(files.items()):
        # Everything of these dates, or many scans a day would leave many parts.
        touched = [p for p in live if p.table == table and p.date and window[0].date() <= p.date <= window[1].date()]
        days = _by_date(table, paths, touched, window, scratch / table)
        for first in range(0, len(days), DATES_AT_ONCE):
            some = days[first : first + DATES_AT_ONCE]
            made += parts.write(root, (Pending(table, day, None, _read(folder)) for day, folder in some), stamp)
        replaced += touched
    return made, replaced


def _by_date(
    table: str, paths: Sequence[Path], touched: Sequence[Part], window: tuple[datetime, datetime], folder: Path
) -> list[tuple[date, Path]]:
    """A directory for each date."""
    new = parts.select(table, paths)
    old = parts.select(table, [p.path for p in touched])
    start, end = (moment.isoformat() for moment in window)
    outside = f"select * from ({old}) where ts < '{start}'::timestamptz or ts >= '{end}'::timestamptz"
    columns = ", ".join(c.name for c in DERIVED[table])
    folder.mkdir(mode=0o700)
    with connect(spill=str(folder.with_name(f"{folder.name}-spill"))) as con:
        rows = f"select {columns}, (ts at time zone 'UTC')::date as date from ({new} union all {outside})"
        con.execute(f"copy ({rows}) to {parts.quoted(str(folder))} (format parquet, partition_by (date), overwrite_or_ignore)")
    return sorted((date.fromisoformat(place.name.removeprefix("date=")), place) for place in folder.glob("date=*"))


def _read(folder: Path) -> pa.Table:
    found = pa.concat_tables(pq.ParquetFile(path).read() for path in sorted(folder.glob("*.parquet")))
    return found.sort_by([("ts", "ascending"), ("node", "ascending")])
