"""The calls behind incidents, read from the store: one query for all clients shown, one for what is usual on their models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl
import pyarrow as pa

from forensics.model.incident import Incident

CLIENTS_SHOWN = 6
POINTS = 600
RUN = 50  # consecutive queries; long histories are shown as evenly spaced runs, so that steps between queries survive
POPULATION = 600
PER_CLIENT = 200

_TIME = pa.timestamp("us", tz="UTC")
_SLOTS = pa.schema(
    [("slot", pa.int64()), ("runs", pa.int64()), ("client_id", pa.string()), ("model", pa.string()), ("since", _TIME), ("until", _TIME)]
)

# Every query below names its model as scans do.
_ITEMS = "(select * replace (coalesce(model, 'unknown') as model) from items)"
_EVENTS = "(select * replace (coalesce(model, 'unknown') as model) from events)"

_QUERIES = f"""
with mine as (
  select s.slot, s.runs, i.event_id, i.idx, i.ts, i.client_id, i.modality, i.masked_hash, i.size, i.label, i.output_value, i.margin,
    i.finish_reason, i.refused, row_number() over w - 1 as n, count(*) over (partition by s.slot) as total
  from {_ITEMS} i join slots s on i.client_id = s.client_id and i.model = s.model and i.ts >= s.since and i.ts < s.until
  window w as (partition by s.slot order by i.ts, i.event_id, i.idx)
), chosen as (
  select * from mine where total <= runs * {RUN} or (n * greatest(runs - 1, 1)) % (total - {RUN}) < {RUN} * greatest(runs - 1, 1)
)
select c.slot, c.n, c.total, epoch(c.ts) as at, c.client_id, c.modality, c.masked_hash, c.size, c.label, c.output_value, c.margin,
  coalesce(c.finish_reason, e.finish_reason) as finish_reason, e.outcome, coalesce(c.refused, e.refused) as refused, e.echo, v.vector
from chosen c
join events e on e.event_id = c.event_id and e.client_id = c.client_id
left join vectors v on v.event_id = c.event_id and v.idx = c.idx and v.client_id = c.client_id
order by c.ts, c.event_id, c.idx, c.slot
"""

# The order of a hash is a sample that is the same every time; turns make every client count alike.
_USUAL = f"""
with target as (select model, min(since) as since, max(until) as until from slots group by all),
each as (
  select i.model, i.client_id, unnest(min_by({{event_id: i.event_id, idx: i.idx, h: md5(i.event_id || ':' || i.idx)}},
    md5(i.event_id || ':' || i.idx), {PER_CLIENT})) as pick
  from {_ITEMS} i join target t on i.model = t.model and i.ts >= t.since and i.ts < t.until
  group by i.model, i.client_id
), turns as (
  select *, row_number() over (partition by model, client_id order by pick.h) as turn from each
), chosen as (
  select * from turns qualify row_number() over (partition by model order by turn, pick.h) <= {POPULATION}
)
select c.model, c.client_id, i.modality, i.size, i.output_value, v.vector
from chosen c
join items i on i.event_id = c.pick.event_id and i.idx = c.pick.idx and i.client_id = c.client_id
left join vectors v on v.event_id = i.event_id and v.idx = i.idx and v.client_id = i.client_id
order by c.model, c.turn, c.pick.h
"""

_HOURS = f"""
select s.slot, epoch(date_trunc('hour', e.ts)) as hour, count(*) as calls
from {_EVENTS} e join slots s on e.client_id = s.client_id and e.model = s.model and e.ts >= s.since and e.ts < s.until
group by all order by all
"""


@dataclass(frozen=True, slots=True)
class Traffic:
    """One incident's calls on one model.

    ``queries`` in order of time, at most about `POINTS`, of ``total``; ``usual`` is a sample of the model's other clients;
    ``hours`` has calls per clock hour (epoch seconds). ``clients`` are those drawn, ``others`` is how many more there are.
    """

    model: str
    clients: tuple[str, ...]
    others: int
    total: int
    queries: pl.DataFrame
    usual: pl.DataFrame
    hours: pl.DataFrame


def read_traffic(connection: duckdb.DuckDBPyConnection, incidents: Sequence[Incident]) -> tuple[Traffic | None, ...]:
    """What the store holds of each incident, in their order; null where it holds nothing any more."""
    slots = [_slots(incident) for incident in incidents]
    places = {place: number for number, place in enumerate(place for mine in slots for place in mine)}
    rows = [dict(zip(_SLOTS.names, (number, *place), strict=True)) for place, number in places.items()]
    connection.register("slots", pa.Table.from_pylist(rows, schema=_SLOTS))
    queries, usual, hours = (_frame(connection, sql) for sql in (_QUERIES, _USUAL, _HOURS))
    connection.unregister("slots")
    return tuple(
        _traffic(incident, [places[p] for p in mine], queries, usual, hours) for incident, mine in zip(incidents, slots, strict=True)
    )


def _frame(connection: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    frame = pl.from_arrow(connection.sql(sql).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _slots(incident: Incident) -> list[tuple[int, str, str, datetime, datetime]]:
    """(runs, client, model, since, until) of the clients that are drawn, on the model that most findings are about."""
    counts: dict[str, int] = {}
    for finding in incident.findings:
        counts[finding.model] = max(counts.get(finding.model, 0), finding.query_count)
    models = sorted(counts, key=lambda m: (-counts[m], m)) or list(incident.models)
    if not models:
        return []
    of_model = [f for f in incident.findings if f.model == models[0]]
    since = min((f.window_start for f in of_model), default=incident.first_seen)
    until = max((f.window_end for f in of_model), default=incident.last_seen)
    clients = incident.clients[:CLIENTS_SHOWN]
    return [(POINTS // RUN // len(clients), client, models[0], since, until) for client in clients]


def _traffic(incident: Incident, slots: list[int], queries: pl.DataFrame, usual: pl.DataFrame, hours: pl.DataFrame) -> Traffic | None:
    if not slots:
        return None
    mine = queries.filter(pl.col("slot").is_in(slots))
    if mine.is_empty():
        return None
    model = _slots(incident)[0][2]
    calls = hours.filter(pl.col("slot").is_in(slots)).group_by("hour").agg(pl.col("calls").sum()).sort("hour")
    return Traffic(
        model=model,
        clients=incident.clients[:CLIENTS_SHOWN],
        others=max(0, len(incident.clients) - CLIENTS_SHOWN),
        total=int(mine.unique("slot")["total"].sum()),
        queries=mine,
        usual=usual.filter((pl.col("model") == model) & ~pl.col("client_id").is_in(list(incident.clients))),
        hours=calls,
    )
