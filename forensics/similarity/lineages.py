"""The near-duplicate forest: vectors and texts in order, the nearest earlier query of each, and the group it belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from forensics.io.duck import connect
from forensics.model.event import EVENTS, ITEMS, VECTORS, table_sql
from forensics.model.lineage import nodes_schema
from forensics.similarity import numeric, text
from forensics.sketch.compiled import compiled

MARGINS_PER_CLIENT: Final = 20
MOST_DIMENSIONS: Final = 65_536
LARGE: Final = 50_000  # queries; a model with so many is a task of its own, the others share


@dataclass(frozen=True, slots=True)
class Traffic:
    """Files that hold the queries of ``models`` in [start, end), and maybe those of others. ``spill``: where DuckDB may put what does
    not fit into memory; nowhere if empty."""

    models: tuple[str, ...]
    events: tuple[str, ...]
    items: tuple[str, ...]
    vectors: tuple[str, ...]
    start: datetime
    end: datetime
    spill: str = ""


@dataclass(frozen=True, slots=True)
class Forest:
    """``nodes``: `NODES` sorted by model, client, shape and place; ``too_long``: vectors beyond `MOST_DIMENSIONS`, which have none."""

    nodes: pa.Table
    too_long: int


def share_out(items: Sequence[str], start: datetime, end: datetime) -> tuple[tuple[str, ...], ...]:
    """The models in files of ``items``, in groups that are read together: a thousand made-up names must not cost a thousand readings."""
    counted = f"""select coalesce(model, 'unknown') as name, count(*) as n from ({table_sql(ITEMS, items)})
      where {_within(start, end)} group by all order by all"""
    with connect() as con:
        found = con.sql(counted).fetchall()
    small = tuple(name for name, n in found if n < LARGE)
    return (*((name,) for name, n in found if n >= LARGE), *([small] if small else []))


def nodes(traffic: Traffic, *, threads: int = 0, memory_limit: str = "2GB") -> Forest:
    """The forest of some models. Only queries of one client, model and shape are linked: rows with other fields are never compared."""
    found = [nodes_schema().empty_table()]
    with connect(threads=threads, memory_limit=memory_limit, spill=traffic.spill) as con:
        _views(con, traffic)
        margins = _margins(con)
        found += [_of_vectors(rows, margins) for rows in _parts(con.sql(_VECTORS).to_arrow_table())]
        found += [_of_texts(rows, margins) for rows in _parts(con.sql(_TEXTS).to_arrow_table())]
        ((too_long,),) = con.sql(f"select count(*) from v where len(vector) > {MOST_DIMENSIONS}").fetchall()
    order = [(name, "ascending") for name in ("model", "client_id", "shape", "place")]
    return Forest(pa.concat_tables(found).sort_by(order), too_long)


def _within(start: datetime, end: datetime) -> str:
    return f"ts >= '{start.isoformat()}'::timestamptz and ts < '{end.isoformat()}'::timestamptz"


def _views(con: duckdb.DuckDBPyConnection, traffic: Traffic) -> None:
    con.execute("set variable models = $1", [list(traffic.models)])
    tables = (("e", EVENTS, traffic.events), ("i", ITEMS, traffic.items), ("v", VECTORS, traffic.vectors))
    for name, columns, files in tables:
        rows = f"select * replace (coalesce(model, 'unknown') as model) from ({table_sql(columns, files)})"
        mine = f"list_contains(getvariable('models')::varchar[], model) and {_within(traffic.start, traffic.end)}"
        con.execute(f"create temp view {name} as select * from ({rows}) where {mine}")


# Many logs have whole seconds only: within one, calls stand in the order of the log.
_ORDER = "client_id, ts, source_row, event_id, idx"
_COLUMNS = "i.event_id, i.idx, i.ts, i.client_id, i.model, label, margin, source_row"
_VECTORS = f"""
select {_COLUMNS}, dense_rank() over (partition by i.model order by len(vector), names) as shape, vector
from i join v using (event_id, idx) left join (select event_id, source_row from e) using (event_id)
where len(vector) between 1 and {MOST_DIMENSIONS} order by model, shape, {_ORDER}"""
_TEXTS = f"""
select {_COLUMNS}, 0 as shape, exact_hash, head_hash, tail_hash, fold_hash, words, sketch
from i left join (select event_id, source_row from e) using (event_id)
where modality = 'text' and sketch is not null order by model, {_ORDER}"""


def _parts(table: pa.Table) -> Iterator[pa.Table]:
    """The rows of one model and shape each."""
    if not len(table):
        return
    models = table["model"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    shapes = table["shape"].to_numpy()
    starts = np.flatnonzero(np.r_[True, (models[1:] != models[:-1]) | (shapes[1:] != shapes[:-1])])
    for start, end in zip(starts, np.r_[starts[1:], len(table)], strict=True):
        yield table.slice(start, end - start)


def _margins(con: duckdb.DuckDBPyConnection) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Margins of each model's population, sorted; a client counts for `MARGINS_PER_CLIENT` at most."""
    sql = f"""select model, margin from i where margin is not null
      qualify row_number() over (partition by model, client_id order by md5(event_id), idx) <= {MARGINS_PER_CLIENT}
      order by model, margin"""
    table = con.sql(sql).to_arrow_table()
    models, starts = np.unique(table["model"].to_numpy(), return_index=True)
    return dict(zip(models.tolist(), np.split(table["margin"].to_numpy(), starts)[1:], strict=True))


def _of_vectors(table: pa.Table, margins: dict[str, np.ndarray[Any, Any]]) -> pa.Table:
    flat = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    rows = np.ascontiguousarray(flat).reshape(len(table), -1)
    clients, bounds = _clients(table)
    steps = numeric.steps(rows, clients)
    columns = {
        "changed": pa.array(steps.changed, mask=steps.parent < 0),
        "kept": pa.array(steps.kept, from_pandas=True),
        "axis": pa.array(steps.axis, mask=steps.axis < 0),
        "delta": pa.array(steps.delta, mask=steps.axis < 0),
        "even": pa.array(steps.even),
        "step_hash": pa.array(steps.step_hash.view(np.int64), mask=steps.step_hash == 0),
        "line": pa.array(steps.line),
        "outside": pa.array(steps.outside, from_pandas=True),
        "outside_deviations": pa.array(steps.outside_deviations, from_pandas=True),
        "cell": pa.array(steps.cell),
    }
    return _table(table, "vector", bounds, steps, columns, margins)


def _of_texts(table: pa.Table, margins: dict[str, np.ndarray[Any, Any]]) -> pa.Table:
    sketches = np.frombuffer(_bytes(table["sketch"]), np.uint16).reshape(len(table), -1)
    _, bounds = _clients(table)
    same = table["exact_hash"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    found = text.edits(sketches, same, bounds)
    equal = {name: _equal_to_parent(table[name].to_numpy(), found.parent) for name in ("head_hash", "tail_hash", "fold_hash", "words")}
    columns = {
        "cell": table["head_hash"],
        "same_head": pa.array(equal["head_hash"]),
        "same_tail": pa.array(equal["tail_hash"]),
        "same_words": pa.array(equal["fold_hash"] & ~found.repeat),
        "same_length": pa.array(equal["words"]),
    }
    return _table(table, "text", bounds, found, columns, margins)


def _bytes(column: pa.ChunkedArray) -> memoryview:
    """The values of a binary column without nulls, one after the other; nothing is copied but what lies in several chunks."""
    values = column.combine_chunks().cast(pa.large_binary())
    _, offsets, data = values.buffers()
    bounds = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    return memoryview(data)[bounds[0] : bounds[-1]]


def _clients(table: pa.Table) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Number of the client of each row, and where each client's rows begin, and the end."""
    codes = table["client_id"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, np.flatnonzero(np.r_[True, codes[1:] != codes[:-1], True]).astype(np.int64)


def _equal_to_parent(values: np.ndarray[Any, Any], parent: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray((parent >= 0) & (values == values[np.maximum(parent, 0)]), np.bool_)


def _table(
    table: pa.Table,
    modality: str,
    bounds: np.ndarray[Any, Any],
    found: numeric.Steps | text.Edits,
    columns: dict[str, pa.Array],
    margins: dict[str, np.ndarray[Any, Any]],
) -> pa.Table:
    n = len(table)
    first = np.repeat(bounds[:-1], np.diff(bounds))
    orphan = found.parent < 0
    labels = table["label"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    known = ~np.isnan(labels.astype(np.float64))
    both = ~orphan & known & known[np.maximum(found.parent, 0)]
    margin = table["margin"].to_numpy(zero_copy_only=False).astype(np.float64)
    population = margins.get(table["model"][0].as_py(), np.empty(0))
    rank = np.searchsorted(population, margin) / max(1, len(population))
    own = {name: table[name] for name in ("event_id", "idx", "ts", "client_id", "model", "shape")} | {
        "modality": pa.array([modality] * n),
        "place": pa.array(np.arange(n) - first),
        "parent": pa.array(found.parent - first, mask=orphan),
        "lineage": pa.array(_roots(found.parent, found.near | found.repeat) - first),
        "repeat": pa.array(found.repeat),
        "near": pa.array(found.near),
        "distance": pa.array(found.distance, from_pandas=True),
        "gap": pa.array(found.gap, from_pandas=True),
        "flip": pa.array(labels != labels[np.maximum(found.parent, 0)], mask=~both),
        "margin_rank": pa.array(rank, mask=np.isnan(margin)),
    }
    whole = own | columns
    schema = nodes_schema()
    return pa.table([whole[f.name].cast(f.type) if f.name in whole else pa.nulls(n, f.type) for f in schema], schema=schema)


@compiled()
def _roots(parent: Any, linked: Any) -> Any:  # pragma: no cover - compiled
    """First member of each row's group; parents stand before their children."""
    root = np.arange(len(parent))
    for t in range(len(parent)):
        if linked[t]:
            root[t] = root[parent[t]]
    return root
