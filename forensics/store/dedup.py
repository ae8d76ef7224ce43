"""Which calls of a batch are new, and under which id: decided in SQL over whole columns."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from forensics.model.event import BUCKETS, TABLES
from forensics.store.batch import SourceCounts
from forensics.store.parts import Pending, select

# An id counts within its UTC date, over all clients: a record whose client is derived in another way than last time is still
# the same record. Looking beyond the date would read the ids of the whole store for every commit.
#
# The first new record with an id keeps it, unless the store has given it away; every other record with that id is evidence of
# reuse and gets an id of its own, which depends on nothing but id and content, so that reading it again finds it.
RECORDS = """
CREATE TEMP TABLE record AS
SELECT ts::DATE AS date, event_id, record_sha256, min(call_no) AS call_no, left(sha256(event_id || record_sha256), 32) AS other_id
FROM batch_events
GROUP BY ALL
"""

STORED = """
CREATE TEMP TABLE stored AS
SELECT ts::DATE AS date, event_id, record_sha256
FROM ({source})
WHERE event_id IN (SELECT event_id FROM record UNION ALL SELECT other_id FROM record)
"""

SETTLE = """
CREATE TEMP TABLE settled AS
WITH judged AS (
    SELECT *,
        EXISTS (FROM stored s WHERE s.date = r.date AND s.event_id = r.event_id) AS taken,
        EXISTS (FROM stored s WHERE s.date = r.date AND s.event_id = r.event_id AND s.record_sha256 = r.record_sha256)
        OR EXISTS (FROM stored s WHERE s.date = r.date AND s.event_id = r.other_id) AS known
    FROM record r
), fresh AS (
    SELECT *, taken OR row_number() OVER (PARTITION BY date, event_id ORDER BY call_no) > 1 AS conflict
    FROM judged
    WHERE NOT known
)
SELECT call_no, f.date, CAST(md5_number_lower(e.client_id) % $buckets AS INTEGER) AS bucket,
    CASE WHEN conflict THEN other_id ELSE f.event_id END AS event_id, conflict
FROM fresh f JOIN batch_events e USING (call_no)
"""

COUNTS = """
WITH item AS (SELECT call_no, count(*) AS items FROM batch_items GROUP BY ALL)
SELECT source_uri, count(s.call_no), count(*) - count(s.call_no), count(*) FILTER (WHERE s.conflict),
    coalesce(sum(i.items) FILTER (WHERE s.call_no IS NOT NULL), 0)::BIGINT
FROM batch_events e LEFT JOIN settled s USING (call_no) LEFT JOIN item i USING (call_no)
GROUP BY ALL
ORDER BY ALL
"""


class Settled:
    """The new calls of one batch, against the live parts of the dates that the batch touches."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table]) -> None:
        self._connection = connection
        for name, table in tables.items():
            connection.register(f"batch_{name}", table)

    def dates(self) -> frozenset[date]:
        """UTC dates of the events of the batch."""
        rows = self._connection.sql("SELECT DISTINCT ts::DATE FROM batch_events").fetchall()
        return frozenset(day for (day,) in rows)

    def settle(self, stored: Sequence[Path]) -> None:
        """Decide, given the event parts of these dates."""
        self._connection.execute(RECORDS)
        self._connection.execute(STORED.format(source=select("events", stored)))
        self._connection.execute(SETTLE, {"buckets": BUCKETS})

    def counts(self) -> tuple[SourceCounts, ...]:
        return tuple(SourceCounts(*row) for row in self._connection.sql(COUNTS).fetchall())

    def pending(self) -> Iterator[Pending]:
        """The new rows of each table, one slice per date and bucket, each ordered by time, id and position."""
        for table, columns in TABLES.items():
            names = ", ".join("s.event_id" if c.name == "event_id" else f"b.{c.name}" for c in columns)
            order = "s.date, s.bucket, b.ts, s.event_id" + ("" if table == "events" else ", b.idx")
            source = f"batch_{table} b JOIN settled s USING (call_no)"
            rows = self._connection.sql(f"SELECT {names} FROM {source} ORDER BY {order}").to_arrow_table()
            sizes = self._connection.sql(f"SELECT s.date, s.bucket, count(*) FROM {source} GROUP BY ALL ORDER BY ALL").fetchall()
            start = 0
            for day, bucket, size in sizes:
                yield Pending(table, day, bucket, rows.slice(start, size))
                start += size
