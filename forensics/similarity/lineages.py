"""The near-duplicate forest of a model: each query beside the nearest earlier ones, of its client and of anybody, from night to night."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forensics.io.duck import connect
from forensics.model.event import EVENTS, ITEMS, VECTORS, schema_of, table_sql
from forensics.model.lineage import NODES, REPRESENTATIVES
from forensics.similarity import kernels, numeric, text, wording
from forensics.similarity.forest import Bools, Ints, grown
from forensics.similarity.population import prepared

SINGLES: Final = timedelta(days=7)  # a query that nothing resembles is remembered for so long
LINEAGES: Final = timedelta(days=90)  # and one that stands for a lineage of two or more
LATELY: Final = 512  # queries of a client and model that are remembered for `SINGLES` although they belong to a lineage
MARGINS_PER_CLIENT: Final = 20
MOST_DIMENSIONS: Final = 65_536
LARGE: Final = 50_000  # queries; a model with so many is a task of its own, the others share


@dataclass(frozen=True, slots=True)
class Past:
    """Files of what was made of the queries before a window: nodes, and the queries themselves, of `SINGLES` before it; representatives
    of `LINEAGES` before it. Of the stored ones what is older than ``until`` counts, of those of this very scan everything."""

    until: datetime
    nodes: tuple[str, ...] = ()
    representatives: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    fresh_nodes: tuple[str, ...] = ()
    fresh_representatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Files that hold the queries of ``models`` in [start, end), and maybe those of others. ``spill``: where DuckDB may put what does not
    fit into memory; nowhere if empty."""

    models: tuple[str, ...]
    events: tuple[str, ...]
    items: tuple[str, ...]
    vectors: tuple[str, ...]
    start: datetime
    end: datetime
    past: Past | None = None
    spill: str = ""


@dataclass(frozen=True, slots=True)
class Forest:
    """``nodes``: `NODES` sorted by model, client, shape and place; ``representatives``: `REPRESENTATIVES` of the lineages of two or more
    that these belong to, sorted by time. What has no node: ``too_long``: vectors beyond `MOST_DIMENSIONS`; ``too_old``: texts of which an
    older version kept other sketches."""

    nodes: pa.Table
    representatives: pa.Table
    too_long: int
    too_old: int


def share_out(items: Sequence[str], start: datetime, end: datetime) -> tuple[tuple[str, ...], ...]:
    """The models in files of ``items``, in groups that are read together: a thousand made-up names must not cost a thousand readings."""
    counted = f"""select coalesce(model, 'unknown') as name, count(*) as n from ({table_sql(ITEMS, items)})
      where {_within(start, end)} group by all order by all"""
    with connect() as con:
        found = con.sql(counted).fetchall()
    small = tuple(name for name, n in found if n < LARGE)
    return (*((name,) for name, n in found if n >= LARGE), *([small] if small else []))


def sizes(items: Sequence[str], start: datetime, end: datetime) -> list[tuple[date, int]]:
    """(UTC date, about how many bytes of vectors and sketches are kept of its queries), by date."""
    sql = f"""select (ts at time zone 'UTC')::date as day,
        sum(case modality when 'vector' then 8 * size else 200 + 4 * least(words, 512) end)::bigint as bytes
      from ({table_sql(ITEMS, items)}) where {_within(start, end)} and modality in ('vector', 'text') group by day order by day"""
    with connect() as con:
        return [(day, size or 0) for day, size in con.sql(sql).fetchall()]


def nodes(traffic: Traffic, *, threads: int = 0, memory_limit: str = "2GB") -> Forest:
    """The forest of some models. Only queries of one model and shape are linked: rows with other fields are never compared."""
    found = [(schema_of(NODES).empty_table(), schema_of(REPRESENTATIVES).empty_table())]
    with connect(threads=threads, memory_limit=memory_limit, spill=traffic.spill) as con:
        _views(con, traffic)
        margins = _margins(con)
        found += [_grown(rows, "vector", margins) for rows in _parts(con.sql(_VECTORS).to_arrow_table())]
        found += [_grown(rows, "text", margins) for rows in _parts(con.sql(_TEXTS).to_arrow_table())]
        ((too_long, too_old),) = con.sql(_WITHOUT).fetchall()
    made, representatives = (pa.concat_tables(part) for part in zip(*found, strict=True))
    order = [(name, "ascending") for name in ("model", "client_id", "shape", "place")]
    return Forest(made.sort_by(order), representatives.sort_by([("ts", "ascending"), ("node", "ascending")]), too_long, too_old)


def _within(start: datetime, end: datetime) -> str:
    return f"ts >= '{start.isoformat()}'::timestamptz and ts < '{end.isoformat()}'::timestamptz"


def _views(con: duckdb.DuckDBPyConnection, traffic: Traffic) -> None:
    con.execute("set variable models = $1", [list(traffic.models)])
    start, past = traffic.start, traffic.past or Past(traffic.start)
    now, week, quarter = (_within(*window) for window in ((start, traffic.end), (start - SINGLES, start), (start - LINEAGES, start)))
    for name, columns, files, window in (
        ("e", EVENTS, traffic.events, now),
        ("i", ITEMS, traffic.items, now),
        ("v", VECTORS, traffic.vectors, now),
        ("past_n", NODES, past.nodes, week),
        ("past_f", NODES, past.fresh_nodes, week),
        ("past_i", ITEMS, past.items, week),
        ("past_v", VECTORS, past.vectors, week),
        ("past_r", REPRESENTATIVES, past.representatives, quarter),
        ("past_s", REPRESENTATIVES, past.fresh_representatives, quarter),
    ):
        rows = f"select * replace (coalesce(model, 'unknown') as model) from ({table_sql(columns, files)})"
        mine = f"list_contains(getvariable('models')::varchar[], model) and {window}"
        # Items are asked several times; opening thousands of parts costs more than what is in them.
        kind, wanted = ("table", _ITEM) if name == "i" else ("view", "*")
        con.execute(f"create temp {kind} {name} as select {wanted} from ({rows}) where {mine}")
    con.execute(f"set variable past_end = '{past.until.isoformat()}'::timestamptz")
    con.execute(_PAST)


# What is remembered: of each lineage its latest query, which is all there is of most; of each client its last queries, so that the first
# of tonight have steps; and of older lineages their representatives.
_PAST = f"""
create temp table past as
with
lately as (
  select node, event_id, idx, ts, client_id, model, shape, place, anchor, lineage, began
  from (select * from past_n where ts < getvariable('past_end') union all select * from past_f)
),
kept as (
  select * from lately
  qualify row_number() over (partition by model, lineage order by ts desc, node) = 1
    or row_number() over (partition by model, shape, client_id order by ts desc, place desc) <= {LATELY}
),
older as (
  select * from (select * from past_r where ts < getvariable('past_end') union all select * from past_s)
  where lineage not in (select lineage from lately)
  qualify row_number() over (partition by model, lineage order by ts desc, node) = 1
)
select kept.*, label, top_score, exact_hash, words, fold_hash, head_hash, tail_hash, masked_hash, shingles, grams, ordered, vector
from kept join past_i using (event_id, idx) left join (select event_id, idx, vector from past_v) using (event_id, idx)
union all by name
select * from older"""

# Many logs have whole seconds only: within one, calls stand in the order of the log.
_ORDER = "client_id, ts, known desc, source_row, event_id, idx"
_NODE = "(md5_number_lower(i.event_id || '#' || i.idx) >> 1)::bigint"
_SHAPE = "(md5_number_lower(len(vector) || coalesce(names, [])::json::varchar) >> 1)::bigint"
_TEXT = "exact_hash, words, fold_hash, head_hash, tail_hash, masked_hash, shingles, grams, ordered"
_ITEM = f"event_id, idx, ts, client_id, model, modality, size, label, top_score, margin, refused, answer_hash, answer_size, {_TEXT}"
_COLUMNS = f"""{_NODE} as node, i.event_id, i.idx, i.ts, i.client_id, i.model, label, top_score, margin, source_row, false as known,
  null::bigint as anchor, null::bigint as lineage, null::timestamptz as began"""
_KNOWN = """node, event_id, idx, ts, client_id, model, label, top_score, null::double as margin, place as source_row, true as known,
  anchor, lineage, began, shape"""
_EVENTS = "left join (select event_id, source_row from e) using (event_id)"
_VECTORS = f"""
select {_COLUMNS}, {_SHAPE} as shape, vector from i join v using (event_id, idx) {_EVENTS} where len(vector) between 1 and {MOST_DIMENSIONS}
union all by name select {_KNOWN}, vector from past where vector is not null
order by model, shape, {_ORDER}"""
_TEXTS = f"""
select {_COLUMNS}, 0 as shape, {_TEXT}, refused, answer_hash, answer_size from i {_EVENTS} where modality = 'text' and shingles is not null
union all by name select {_KNOWN}, {_TEXT} from past where shingles is not null
order by model, {_ORDER}"""

_WITHOUT = f"""
select count(*) filter (modality = 'vector' and size > {MOST_DIMENSIONS}),
  count(*) filter (modality = 'text' and shingles is null and words > 0) from i"""


def _parts(table: pa.Table) -> Iterator[pa.Table]:
    """The rows of one model and shape each, where any of them is new."""
    if not len(table):
        return
    table = _wide(table)
    models = _codes(table["model"])
    shapes = table["shape"].to_numpy()
    starts = np.flatnonzero(np.r_[True, (models[1:] != models[:-1]) | (shapes[1:] != shapes[:-1])])
    for start, end in zip(starts, np.r_[starts[1:], len(table)], strict=True):
        rows = table.slice(start, end - start)
        if not pc.all(rows["known"]).as_py():
            yield rows.combine_chunks()


def _wide(table: pa.Table) -> pa.Table:
    """Lists and bytes with offsets of 64 bits: two gigabytes of them in one column are no rarity."""
    wide = {pa.list_(pa.float64()): pa.large_list(pa.float64()), pa.binary(): pa.large_binary()}
    return table.cast(pa.schema([field.with_type(wide.get(field.type, field.type)) for field in table.schema]))


def _margins(con: duckdb.DuckDBPyConnection) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Margins of each model's population, sorted; a client counts for `MARGINS_PER_CLIENT` at most."""
    sql = f"""select model, margin from i where margin is not null
      qualify row_number() over (partition by model, client_id order by md5(event_id), idx) <= {MARGINS_PER_CLIENT}
      order by model, margin"""
    table = con.sql(sql).to_arrow_table()
    models, starts = np.unique(table["model"].to_numpy(), return_index=True)
    return dict(zip(models.tolist(), np.split(table["margin"].to_numpy(), starts)[1:], strict=True))


def _grown(table: pa.Table, modality: str, margins: dict[str, np.ndarray[Any, Any]]) -> tuple[pa.Table, pa.Table]:
    """(nodes, representatives) of the rows of one model and shape that are new."""
    clients = _codes(table["client_id"])
    # By time over all clients; within an instant by client, and there in order.
    ts = table["ts"].cast(pa.int64()).to_numpy()
    order = np.argsort(ts, kind="stable")
    asks = ~table["known"].to_numpy()
    found, columns = (_of_vectors if modality == "vector" else _of_texts)(table, clients, order, asks)
    margin = table["margin"].to_numpy().astype(np.float64)
    population = margins.get(table["model"][0].as_py(), np.empty(0))
    node = table["node"].to_numpy()
    known_since = pc.coalesce(table["began"], table["ts"]).cast(pa.int64()).to_numpy()
    anchor, _ = _numbered(table, "anchor", found.own.root, np.arange(len(table)), ts)
    tree = grown(found.kin.root, order, found.own.parent, found.own.linked)
    lineage, began = _numbered(table, "lineage", tree, order, known_since)
    told = {"anchor": pa.array(anchor), "lineage": pa.array(lineage), "began": pa.array(began).cast(table["ts"].type)}
    kin = np.where(found.kin.linked, found.kin.parent, -1)
    own = {name: table[name] for name in ("node", "event_id", "idx", "ts", "client_id", "model", "shape")} | {
        "modality": pa.array([modality]).take(pa.array(np.zeros(len(table), np.int64))),
        "place": pa.array(_places(clients, asks)),
        "parent": _picked(node, found.own.parent),
        **told,
        "repeat": pa.array(found.own.repeat),
        "near": pa.array(found.own.near),
        "distance": pa.array(found.own.distance, from_pandas=True),
        "gap": pa.array(found.gap, from_pandas=True),
        "margin_rank": pa.array(np.searchsorted(population, margin) / max(1, len(population)), mask=np.isnan(margin)),
        "kin": _picked(node, kin),
        "kin_foreign": pa.array(clients[kin] != clients, mask=kin < 0),
        "kin_repeat": pa.array(found.kin.repeat, mask=kin < 0),
        "kin_distance": pa.array(found.kin.distance, mask=kin < 0),
    }
    whole = own | columns | _answers(table, found.own.parent, "") | _answers(table, kin, "kin_")
    schema = schema_of(NODES)
    filled = pa.table([whole[f.name].cast(f.type) if f.name in whole else pa.nulls(len(table), f.type) for f in schema], schema=schema)
    return filled.filter(pa.array(asks)), _representatives(table, told, order, asks)


def _of_vectors(table: pa.Table, clients: Ints, order: Ints, asks: Bools) -> tuple[numeric.Steps, dict[str, pa.Array]]:
    flat = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    rows = prepared(np.array(flat, np.float64).reshape(len(table), -1))
    steps = numeric.steps(rows, clients, order, asks)
    columns = {
        **_changes(steps.own_change, steps.own.parent < 0, ""),
        **_changes(steps.kin_change, ~steps.kin.linked, "kin_"),
        "kept": pa.array(steps.own_change.kept, from_pandas=True),
        "step_hash": pa.array(steps.step_hash.view(np.int64), mask=steps.step_hash == 0),
        "line": pa.array(steps.moves.line),
        "halfway": pa.array(steps.moves.halfway),
        "corner": pa.array(steps.moves.corner),
        "contrast": pa.array(steps.moves.contrast, from_pandas=True),
        "lag": pa.array(steps.lag, mask=steps.own.parent < 0),
        "twin": _picked(table["node"].to_numpy(), steps.moves.twin),
        "twin_lag": pa.array(steps.twin_lag, mask=steps.moves.twin < 0),
        "twin_shared": pa.array(steps.moves.shared, mask=steps.moves.twin < 0),
        "twin_covered": pa.array(steps.moves.covered, mask=steps.moves.twin < 0),
        "twin_distance": pa.array(steps.moves.apart, from_pandas=True),
        "twin_changed": pa.array(kernels.count_changes(rows, steps.moves.twin, rows.shape[1]), mask=steps.moves.twin < 0),
        "outside": pa.array(steps.outside, from_pandas=True),
        "outside_deviations": pa.array(steps.outside_deviations, from_pandas=True),
        "outside_rank": pa.array(steps.outside_rank, from_pandas=True),
        "cell": pa.array(steps.cell),
        "company": pa.array(steps.company, mask=steps.company < 0),
    }
    return steps, columns


def _changes(change: numeric.Change, orphan: Bools, prefix: str) -> dict[str, pa.Array]:
    return {
        f"{prefix}changed": pa.array(change.changed, mask=orphan),
        f"{prefix}axis": pa.array(change.axis, mask=orphan | (change.axis < 0)),
        f"{prefix}delta": pa.array(change.delta, mask=orphan | (change.axis < 0)),
        f"{prefix}even": pa.array(change.even),
        f"{prefix}cosine": pa.array(change.cosine, mask=orphan | np.isnan(change.cosine)),
    }


def _of_texts(table: pa.Table, clients: Ints, order: Ints, asks: Bools) -> tuple[text.Edits, dict[str, pa.Array]]:
    shingles, offsets = _bytes(table["shingles"])
    grams, _ = _bytes(table["grams"])
    words, head = (table[name].to_numpy() for name in ("words", "head_hash"))
    sketches = text.Sketches(shingles.view(np.uint32), offsets // 4, grams.view(np.uint16).reshape(len(table), -1), words, head)
    found = text.edits(sketches, _codes(table["exact_hash"]), clients, order, asks)
    parent = found.own.parent
    ordered, kept = _bytes(pc.fill_null(table["ordered"], b""))
    edited = wording.edited(ordered.view(np.uint16), kept // 2, words, np.where(found.own.repeat, -1, parent))
    answers = np.where(np.asarray(table["answer_hash"].is_null()), -1, _codes(table["answer_hash"]))
    sizes, refused = pc.fill_null(table["answer_size"], 0).to_numpy(), pc.fill_null(table["refused"], False).to_numpy()
    stock = wording.stock_answers(answers, sizes, refused, clients)
    outside = wording.novelty(sketches.grams, words, clients, found.own.first)
    equal = {
        name: (parent >= 0) & (values == values[np.maximum(parent, 0)])
        for name in ("head_hash", "tail_hash", "fold_hash", "words", "masked_hash")
        for values in (table[name].to_numpy(),)
    }
    columns = {
        "cell": table["head_hash"],
        "grows": pa.array(found.grows),
        "edited_words": pa.array(edited.words, mask=edited.words < 0),
        "new_words": pa.array(edited.new, mask=edited.new < 0),
        "edit_start": pa.array(edited.start, mask=edited.start < 0),
        "edit_end": pa.array(edited.end, mask=edited.end < 0),
        "stock_answer": pa.array(stock, mask=answers < 0),
        "outside": pa.array(outside, from_pandas=True),
        "outside_rank": pa.array(numeric.rank_by_client(outside, clients), from_pandas=True),
        "same_head": pa.array(equal["head_hash"]),
        "same_tail": pa.array(equal["tail_hash"]),
        "same_words": pa.array(equal["fold_hash"] & ~found.own.repeat),
        "same_length": pa.array(equal["words"]),
        "same_skeleton": pa.array(equal["masked_hash"]),
    }
    return found, columns


def _bytes(column: pa.ChunkedArray) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], Ints]:
    """The values of a binary column without nulls, one after the other, and where each begins and the last ends."""
    values = column.cast(pa.large_binary()).combine_chunks()
    _, offsets, data = values.buffers()
    bounds = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    raw = np.frombuffer(data if data is not None else b"", np.uint8)
    return raw[bounds[0] : bounds[-1]], bounds - bounds[0]


def _codes(column: pa.ChunkedArray | pa.Array) -> Ints:
    """A number for each value, the same for the same."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(values.dictionary_encode(null_encoding="encode").indices, np.int64)


def _picked(values: Ints, rows: Ints) -> pa.Array:
    """``values`` of the given row numbers; null where the number is -1."""
    return pa.array(values[np.maximum(rows, 0)], mask=rows < 0)


def _places(clients: Ints, asks: Bools) -> Ints:
    """Position of each new row among its client's new rows; what was known before stands before them."""
    new: Ints = np.cumsum(asks) - asks
    starts = np.flatnonzero(np.r_[True, clients[1:] != clients[:-1]])
    return np.asarray(new - np.repeat(new[starts], np.diff(np.r_[starts, len(clients)])), np.int64)


def _numbered(table: pa.Table, name: str, root: Ints, order: Ints, began: Ints) -> tuple[Ints, Ints]:
    """(number of the tree of each row, when that tree began). ``name``: the column with the numbers of rows known from before; ``began``:
    when the tree of each known row, and each new row, began. A tree is numbered by its oldest part."""
    known = table["known"].to_numpy()
    number = np.where(known, pc.fill_null(table[name], 0).to_numpy(), table["node"].to_numpy())
    # What bore one number before is one tree still, whether or not its rows are near each other.
    _, first, member = np.unique(number[order], return_index=True, return_inverse=True)
    earliest = np.empty(len(number), np.int64)
    earliest[order] = order[first[member]]
    root = grown(root, order, earliest, known)
    oldest = order[np.lexsort((np.arange(len(order)), began[order], root[order]))]
    starts = np.flatnonzero(np.r_[True, root[oldest][1:] != root[oldest][:-1]])
    chosen = np.empty(len(number), np.int64)
    chosen[root[oldest[starts]]] = oldest[starts]
    return number[chosen[root]], began[chosen[root]]


def _answers(table: pa.Table, parent: Ints, prefix: str) -> dict[str, pa.Array]:
    """How the answer differs from the parent's."""
    labels = np.where(np.asarray(table["label"].is_null()), -1, _codes(table["label"]))
    score = table["top_score"].to_numpy().astype(np.float64)
    before = np.maximum(parent, 0)
    known = (parent >= 0) & (labels >= 0) & (labels[before] >= 0)
    step = np.where(parent >= 0, score - score[before], np.nan)
    return {
        f"{prefix}flip": pa.array(labels != labels[before], mask=~known),
        f"{prefix}score_step": pa.array(step, from_pandas=True),
    }


def _representatives(table: pa.Table, told: dict[str, pa.Array], order: Ints, asks: Bools) -> pa.Table:
    """Of each lineage of two or more that a new row belongs to, the latest row of each day: a later scan may begin on any of them."""
    _, member, size = np.unique(told["lineage"].to_numpy(), return_inverse=True, return_counts=True)
    day = table["ts"].cast(pa.int64()).to_numpy() // 86_400_000_000
    _, group = np.unique(np.stack([member, day]), axis=1, return_inverse=True)
    latest = np.full(int(group.max()) + 1, -1, np.int64)
    new = np.asarray(order[(asks & (size[member] > 1))[order]], np.int64)
    latest[group[new]] = new  # of several assignments the last one holds
    chosen = pa.array(np.sort(latest[latest >= 0]))
    rows = table.take(chosen)
    schema = schema_of(REPRESENTATIVES)
    columns = {f.name: rows[f.name] if f.name in rows.column_names else pa.nulls(len(rows), f.type) for f in schema}
    columns |= {name: values.take(chosen) for name, values in told.items()}
    return pa.table([columns[f.name].cast(f.type) for f in schema], schema=schema)
