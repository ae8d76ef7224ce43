"""Run features on one partition. Called where the partition is, on this machine or on another; knows nothing of the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from forensics.features.interface import READABLE, Feature
from forensics.io.duck import connect
from forensics.model.errors import UsageError
from forensics.model.event import ARROW_TYPES, arrow_schema, table_sql
from forensics.model.feature import FeatureSpec

SUBJECTS = "subjects"


@dataclass(frozen=True, slots=True)
class Partition:
    """Files that hold every row of some clients in [start, end), by table."""

    files: tuple[tuple[str, tuple[str, ...]], ...]
    start: datetime
    end: datetime
    spill: str = ""  # where DuckDB may put what does not fit into memory; nowhere if empty


@dataclass(frozen=True, slots=True)
class PartitionFeatures:
    """Tables by feature name, and `SUBJECTS` (client_id, model, first_seen, last_seen, calls, query_count).

    ``filled``: required columns that hold a value anywhere in the partition. ``examples``: up to five event ids per subject.
    """

    tables: dict[str, pa.Table]
    filled: frozenset[str]
    examples: pa.Table
    events: int
    items: int


def compute(
    partition: Partition,
    features: Sequence[Feature],
    relations: Sequence[tuple[str, str]] = (),
    *,
    threads: int = 0,
    memory_limit: str = "2GB",
) -> PartitionFeatures:
    """All ``features`` of one partition, each sorted by its grain. ``relations``: (name, query) of tables that they also read, made in
    this order.

    Raises:
        UsageError: a feature's query does not run, or does not return what its header declares, once per subject.
    """
    with connect(threads=threads, memory_limit=memory_limit, spill=partition.spill) as con:
        given = dict(partition.files)
        for table in READABLE:
            _view(con, table, given.get(table, ()), partition)
        for name, sql in relations:
            con.execute(f"create temp table {name} as {sql}")
        tables = {f.spec.name: _run(con, f) for f in features} | {SUBJECTS: con.sql(_SUBJECTS_SQL).to_arrow_table()}
        examples = con.sql(_EXAMPLES_SQL).to_arrow_table()
        ((events, items),) = con.sql("select (select count(*) from events), (select count(*) from items)").fetchall()
        return PartitionFeatures(tables, _filled(con, features), examples, events, items)


def _view(con: duckdb.DuckDBPyConnection, table: str, files: Sequence[str], partition: Partition) -> None:
    window = f"ts >= '{partition.start.isoformat()}'::timestamptz and ts < '{partition.end.isoformat()}'::timestamptz"
    rows = f"select * replace (coalesce(model, 'unknown') as model) from ({table_sql(READABLE[table], files)}) where {window}"
    if table == "nodes":  # made in slices of the window, each of which counts from 0
        place = "(row_number() over (partition by client_id, model, shape order by ts, place) - 1)::bigint"
        con.execute(f"create temp table nodes as select * replace ({place} as place) from ({rows})")
    else:
        con.execute(f"create temp view {table} as {rows}")


def _run(con: duckdb.DuckDBPyConnection, feature: Feature) -> pa.Table:
    spec = feature.spec
    grain = ", ".join(spec.grain)
    casts = ", ".join([*spec.grain, *(f'"{c.name}"::{c.type} as "{c.name}"' for c in spec.columns)])
    try:
        if missing := [c.name for c in spec.columns if c.name not in con.sql(feature.sql).columns]:
            raise UsageError(f"feature {spec.name}: the query does not return {', '.join(missing)}", hint="its header declares them")
        table = con.sql(f"select {casts} from (\n{feature.sql}\n) order by {grain}").to_arrow_table()
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.ConversionException) as error:
        raise UsageError(f"feature {spec.name}: {error}", hint="the query has to return what its header declares") from error
    if len(table.group_by(list(spec.grain)).aggregate([])) < len(table):
        raise UsageError(f"feature {spec.name}: more than one row for one {grain}", hint="group by all of them")
    return table


def feature_schema(spec: FeatureSpec) -> pa.Schema:
    """Arrow schema of a feature's table."""
    grain = {name: arrow_schema("events").field(name).type for name in spec.grain}
    return pa.schema([*grain.items(), *((c.name, ARROW_TYPES[c.type]) for c in spec.columns)])


def _filled(con: duckdb.DuckDBPyConnection, features: Sequence[Feature]) -> frozenset[str]:
    required = sorted({name for f in features for name in f.spec.requires})
    filled: set[str] = set()
    for table in READABLE:
        columns = [name.split(".")[1] for name in required if name.startswith(f"{table}.")]
        if columns:
            row = con.sql(f"select {', '.join(f'count({c}) as {c}' for c in columns)} from {table}").to_arrow_table().to_pylist()[0]
            filled |= {f"{table}.{name}" for name, count in row.items() if count}
    return frozenset(filled)


_SUBJECTS_SQL = """
select client_id, model, min(ts) as first_seen, max(ts) as last_seen, count(*)::bigint as calls, sum(n_items)::bigint as query_count
from events group by client_id, model order by client_id, model
"""

# The most telling calls first: near copies that turned the answer, refusals, those that ask for scores, other near copies; of equals
# the earliest.
_EXAMPLES_SQL = """
with telling as (
  select event_id, max((near and coalesce(flip, false))::int) as flips, max(near::int) as near from nodes group by event_id
)
select client_id, model, event_id from events left join telling using (event_id)
qualify row_number() over (
  partition by client_id, model
  order by coalesce(flips, 0) desc, coalesce(refused, false) desc, coalesce(echo, false) desc, coalesce(logprobs, false) desc,
    coalesce(near, 0) desc, ts, event_id) <= 5
order by client_id, model, ts, event_id
"""
