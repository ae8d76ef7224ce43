"""What was scanned, what was left out: the head of the report."""

from dataclasses import dataclass, fields
from typing import Any

import duckdb

from forensics.model.scan import Scan, Skipped

NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Facts(Scan):
    """The latest scan, and the sources of the store. ``models``: (name, calls), the most called first, of ``model_count``."""

    model_count: int
    models: tuple[tuple[str, int], ...]
    sources: int
    unusable: int
    records: int
    duplicates: int
    rejected: int
    reject_reasons: tuple[tuple[str, int], ...]


def read_facts(connection: duckdb.DuckDBPyConnection) -> Facts | None:
    """Of the latest scan; null before the first."""
    scans = connection.sql("select * from scans order by commit_id desc limit 1")
    rows = scans.to_arrow_table().to_pylist()
    if not rows:
        return None
    scan: dict[str, Any] = rows[0]
    models = connection.execute(
        "select coalesce(model, 'unknown') as model, count(*) as calls from events where ts >= ? and ts < ? group by 1 order by 2 desc, 1",
        [scan["window_start"], scan["window_end"]],
    ).fetchall()
    sources = connection.sql(
        "select count(*), count(*) filter (status = 'unusable'), coalesce(sum(records), 0), coalesce(sum(duplicates), 0), "
        "coalesce(sum(rejected), 0) from sources"
    ).fetchall()[0]
    reasons = connection.sql(
        f"select reason, count(*) from rejects group by reason order by 2 desc, 1 limit {NAMES_SHOWN}",
    ).fetchall()
    scan |= dict(zip(("sources", "unusable", "records", "duplicates", "rejected"), (int(n) for n in sources), strict=True))
    scan |= {"model_count": len(models), "models": models[:NAMES_SHOWN], "reject_reasons": reasons}
    scan |= {"skipped": [Skipped(**s) for s in scan["skipped"]]}
    values: dict[str, Any] = {f.name: tuple(scan[f.name]) if isinstance(scan[f.name], list) else scan[f.name] for f in fields(Facts)}
    return Facts(**values)
