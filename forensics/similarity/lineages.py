"""The forest of one model: its vectors and texts in order, the nearest earlier query of each, and the group it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
from numba import njit

from forensics.model.event import ITEMS, VECTORS, table_sql
from forensics.model.lineage import nodes_schema
from forensics.similarity import numeric, text

MARGINS_PER_CLIENT: Final = 20
MOST_DIMENSIONS: Final = 4096


@dataclass(frozen=True, slots=True)
class ModelTraffic:
    """Files of ``items`` and ``vectors`` that hold the queries of ``model`` in [start, end), and maybe those of others."""

    model: str
    items: tuple[str, ...]
    vectors: tuple[str, ...]
    start: datetime
    end: datetime


def models(items: Sequence[str]) -> tuple[str, ...]:
    """Names of the models in files of ``items``, sorted."""
    with duckdb.connect() as con:
        found = con.sql(f"select distinct coalesce(model, 'unknown') from ({table_sql(ITEMS, items)}) order by 1").fetchall()
    return tuple(name for (name,) in found)


def nodes(traffic: ModelTraffic, *, threads: int = 0, memory_limit: str = "2GB") -> pa.Table:
    """`NODES` of one model, sorted by client, shape and place. Rows of different lengths are never compared.

    Vectors longer than `MOST_DIMENSIONS` and items without a sketch have no node.
    """
    found = [nodes_schema().empty_table()]
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"set memory_limit = '{memory_limit}'")
        if threads:
            con.execute(f"set threads = {threads}")
        _views(con, traffic)
        margins = _margins(con)
        for (size,) in con.sql(
            f"select distinct len(vector) from v where len(vector) between 1 and {MOST_DIMENSIONS} order by 1"
        ).fetchall():
            found.append(_of_vectors(con, size, margins))
        found.append(_of_texts(con, margins))
    return pa.concat_tables(found).sort_by([("client_id", "ascending"), ("shape", "ascending"), ("place", "ascending")])


def _views(con: duckdb.DuckDBPyConnection, traffic: ModelTraffic) -> None:
    con.execute("set variable model = $1", [traffic.model])
    window = f"ts >= '{traffic.start.isoformat()}'::timestamptz and ts < '{traffic.end.isoformat()}'::timestamptz"
    for name, columns, files in (("i", ITEMS, traffic.items), ("v", VECTORS, traffic.vectors)):
        mine = f"coalesce(model, 'unknown') = getvariable('model') and {window}"
        con.execute(f"create temp view {name} as select * from ({table_sql(columns, files)}) where {mine}")


def _margins(con: duckdb.DuckDBPyConnection) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Margins of the population, sorted; a client counts for `MARGINS_PER_CLIENT` at most."""
    sql = f"""select margin from i where margin is not null
      qualify row_number() over (partition by client_id order by hash(event_id), idx) <= {MARGINS_PER_CLIENT} order by margin"""
    return np.asarray(con.sql(sql).to_arrow_table()["margin"].to_numpy(), np.float64)


_COLUMNS = "event_id, idx, ts, client_id, coalesce(model, 'unknown') as model, label, margin"


def _of_vectors(con: duckdb.DuckDBPyConnection, size: int, margins: np.ndarray[Any, Any]) -> pa.Table:
    table = con.sql(
        f"""select {_COLUMNS}, vector from i join (select event_id, idx, vector from v where len(vector) = {size}) using (event_id, idx)
        order by client_id, ts, event_id, idx"""
    ).to_arrow_table()
    if not len(table):
        return nodes_schema().empty_table()
    rows = np.ascontiguousarray(table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)).reshape(-1, size)
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
    return _table(table, "vector", size, bounds, steps, columns, margins)


def _of_texts(con: duckdb.DuckDBPyConnection, margins: np.ndarray[Any, Any]) -> pa.Table:
    table = con.sql(
        f"""select {_COLUMNS}, exact_hash, head_hash, tail_hash, fold_hash, words, sketch from i
        where modality = 'text' and sketch is not null order by client_id, ts, event_id, idx"""
    ).to_arrow_table()
    if not len(table):
        return nodes_schema().empty_table()
    sketches = np.frombuffer(b"".join(table["sketch"].to_pylist()), np.uint16).reshape(len(table), -1)
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
    return _table(table, "text", 0, bounds, found, columns, margins)


def _clients(table: pa.Table) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Number of the client of each row, and where each client's rows begin, and the end."""
    codes = table["client_id"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, np.flatnonzero(np.r_[True, codes[1:] != codes[:-1], True]).astype(np.int64)


def _equal_to_parent(values: np.ndarray[Any, Any], parent: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray((parent >= 0) & (values == values[np.maximum(parent, 0)]), np.bool_)


def _table(
    table: pa.Table,
    modality: str,
    shape: int,
    bounds: np.ndarray[Any, Any],
    found: numeric.Steps | text.Edits,
    columns: dict[str, pa.Array],
    margins: np.ndarray[Any, Any],
) -> pa.Table:
    n = len(table)
    first = np.repeat(bounds[:-1], np.diff(bounds))
    orphan = found.parent < 0
    labels = table["label"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    known = ~np.isnan(labels.astype(np.float64))
    both = ~orphan & known & known[np.maximum(found.parent, 0)]
    margin = table["margin"].to_numpy(zero_copy_only=False).astype(np.float64)
    rank = np.searchsorted(margins, margin) / max(1, len(margins))
    own = {name: table[name] for name in ("event_id", "idx", "ts", "client_id", "model")} | {
        "modality": pa.array([modality] * n),
        "shape": pa.array(np.full(n, shape)),
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


@njit(cache=True)
def _roots(parent: Any, linked: Any) -> Any:  # pragma: no cover - compiled
    """First member of each row's group; parents stand before their children."""
    root = np.arange(len(parent))
    for t in range(len(parent)):
        if linked[t]:
            root[t] = root[parent[t]]
    return root
