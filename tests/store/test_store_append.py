import os
import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_batches import START, Call, batch, event_id, nth_batch, renamed

from forensics.model.errors import LockedError, StoreError
from forensics.model.event import arrow_schema
from forensics.model.scan import Reject, SourceReport
from forensics.store import AppendResult, CallBatch, KnownSource, SourceCounts, Store

Rows = Callable[[str], list[tuple[object, ...]]]
IDS = "SELECT event_id FROM events ORDER BY ALL"
CONTENT = "SELECT record_sha256, client_id, epoch_us(ts), n_items FROM events ORDER BY ALL"


def append(store: Store, *calls: Call, sources: tuple[SourceReport, ...] = ()) -> AppendResult:
    with store.writing():
        return store.append(batch(list(calls)), sources)


def append_in_turn(store: Store, calls: list[Call], bounds: list[int]) -> int:
    """How many calls were new."""
    with store.writing():
        results = [store.append(batch(calls[start:end])) for start, end in pairwise(bounds)]
    return sum(c.new for r in results for c in r.counts)


def fetch(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.reader() as connection:
        return connection.sql(sql).fetchall()


def report(uri: str = "a.jsonl", source_id: str = "id", **values: object) -> SourceReport:
    given = {"head_id": "head", "format": "litellm", "reason": "", "status": "ingested", "size": 10} | values
    return SourceReport(uri=uri, source_id=source_id, **given)  # type: ignore[arg-type]


def test_rows_lie_by_date_and_bucket_in_order_with_a_footer(store: Store) -> None:
    with store.writing():
        result = store.append(nth_batch(0))
    parts = store.snapshot().parts
    assert result.counts == (SourceCounts("a.jsonl", new=100, duplicates=0, conflicts=0, items=250),)
    assert {p.table: sum(q.rows for q in parts if q.table == p.table) for p in parts} == {"events": 100, "items": 250, "vectors": 10}
    for part in parts:
        table = pq.ParquetFile(part.path).read()
        assert part.path.relative_to(store.root).as_posix() == (
            f"parts/{part.table}/date={part.date}/bucket={part.bucket:02d}/c{result.commit_id:08d}.parquet"
        )
        assert table.schema.remove_metadata().equals(arrow_schema(part.table))
        assert {k: v for k, v in table.schema.metadata.items() if k.startswith(b"forensics.")} == {
            b"forensics.commit_id": b"1",
            b"forensics.key_id": b"key-1",
            b"forensics.sketch_version": b"1",
            b"forensics.schema_version": b"4",
        }
        order = [(r["ts"], r["event_id"], r.get("idx")) for r in table.to_pylist()]
        assert order == sorted(order)
        assert (order[0][0], order[-1][0]) == (part.min_ts, part.max_ts)
        assert {r["ts"].date() for r in table.to_pylist()} == {part.date}


def test_nobody_else_may_look(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store.open(tmp_path / "store", create=True)
        with store.writing():
            store.append(nth_batch(0))
            store.publish_catalog()
            files = {p.name for p in store.root.iterdir()}
            modes = {(p.is_dir(), p.stat().st_mode & 0o777) for p in [store.root, *store.root.rglob("*")]}
    finally:
        os.umask(before)
    assert files >= {"state.sqlite", "state.sqlite-wal", "lock", "parts", "forensics.duckdb"}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_reading_again_adds_nothing_and_grown_files_add_their_growth(store: Store, rows: Rows) -> None:
    calls = [Call(str(i), ts=START + timedelta(hours=7 * i), client=f"user:{i % 4}", items=2) for i in range(20)]
    append(store, *calls[:12])
    assert append(store, *calls[:12]).counts == (SourceCounts("a.jsonl", new=0, duplicates=12, conflicts=0, items=0),)
    assert store.snapshot().commit_id == 1, "nothing new: no commit"
    grown = append(store, *calls)
    assert grown.counts == (SourceCounts("a.jsonl", new=8, duplicates=12, conflicts=0, items=16),)
    moved = append(store, *(replace(c, uri="a.jsonl.1") for c in calls))
    assert moved.counts == (SourceCounts("a.jsonl.1", new=0, duplicates=20, conflicts=0, items=0),)
    assert rows("SELECT count(*), sum(n_items), (SELECT count(*) FROM items) FROM events") == [(20, 40, 40)]


def test_a_record_whose_client_is_derived_otherwise_is_the_same_record(store: Store, rows: Rows) -> None:
    calls = [Call(str(i), client="user:ada") for i in range(8)]
    append(store, *calls)
    again = append(store, *(replace(c, client=f"key:{i}") for i, c in enumerate(calls)))
    assert again.counts[0].duplicates == 8
    assert rows("SELECT DISTINCT client_id FROM events") == [("user:ada",)]


def test_an_id_reused_with_other_content_is_kept_under_an_id_of_its_own(store: Store, rows: Rows) -> None:
    first, second, third = (Call("x", content=c, items=n, vectors=1) for c, n in (("one", 1), ("two", 2), ("three", 3)))
    result = append(store, first, second, first)
    assert result.counts == (SourceCounts("a.jsonl", new=2, duplicates=1, conflicts=1, items=3),)
    assert append(store, third, second, first).counts == (SourceCounts("a.jsonl", new=1, duplicates=2, conflicts=1, items=3),)
    assert rows("SELECT event_id, n_items FROM events ORDER BY n_items") == [(event_id("x"), 1), (renamed(second), 2), (renamed(third), 3)]
    assert rows("SELECT n_items, count(*) FROM events JOIN items USING (event_id) GROUP BY ALL ORDER BY ALL") == [(1, 1), (2, 2), (3, 3)]
    assert rows("SELECT count(DISTINCT event_id) FROM vectors") == [(3,)]
    for order in ([third], [second, first], [third, second, first]):
        assert append(store, *order).counts[0].new == 0


CALLS = st.builds(
    Call,
    native=st.sampled_from("abcdef"),
    content=st.sampled_from(["", "other"]),
    ts=st.sampled_from([START, START + timedelta(hours=1), START + timedelta(days=1)]),
    client=st.sampled_from(["user:ada", "user:bob", "ip:10.0.0.1"]),
    items=st.integers(0, 3),
)


@settings(max_examples=10, deadline=None)
@given(calls=st.lists(CALLS, min_size=1, max_size=20), cuts=st.lists(st.integers(0, 20), max_size=3), seed=st.integers(0, 9))
def test_the_split_into_batches_does_not_matter(calls: list[Call], cuts: list[int], seed: int) -> None:
    # One content has one time and client, as in a log.
    distinct = list({(c.native, c.content, c.ts.date()): c for c in calls}.values())
    calls = [*distinct, *distinct[:3]]
    shuffled = random.Random(seed).sample(calls, len(calls))
    bounds = sorted({0, len(calls), *(c for c in cuts if c < len(calls))})
    with tempfile.TemporaryDirectory() as folder:
        stores = [Store.open(Path(folder) / name, create=True) for name in ("whole", "split", "shuffled")]
        append_in_turn(stores[0], calls, [0, len(calls)])
        append_in_turn(stores[1], calls, bounds)
        append_in_turn(stores[2], shuffled, [0, len(calls)])
        ids, contents = ([fetch(store, sql) for store in stores] for sql in (IDS, CONTENT))
        assert ids[0] == ids[1]
        assert contents[0] == contents[1] == contents[2]
        assert [append_in_turn(store, shuffled, bounds) for store in stores] == [0, 0, 0]


def test_the_ledger_is_written_with_the_rows(store: Store, rows: Rows) -> None:
    rejects = (Reject("a.jsonl", 3, "not JSON", "ff"),)
    running = report(new=5, duplicates=1, rejected=1, records=9, fill=(("ts", 1.0),), rejects=rejects, first_ts=START, warnings=("w",))
    result = append(store, Call("a"), Call("a"), Call("b", items=2), sources=(running,))
    assert result.reports == (replace(running, new=7, duplicates=2, items=3),)
    assert rows("SELECT uri, key_id, new, duplicates, items, fill, warnings, epoch_us(first_ts), commit_id FROM sources") == [
        ("a.jsonl", "key-1", 7, 2, 3, '{"ts": 1.0}', '["w"]', int(START.timestamp() * 1e6), 1)
    ]
    with store.writing():
        store.record_sources([replace(running, status="unchanged", new=0), report("b", "", head_id="", status="unusable")], key_id="key-1")
        store.record_sources([report("c", "", head_id="", status="unusable", reason="no access")], key_id="key-1")
    assert rows("SELECT uri, status, new FROM sources ORDER BY uri") == [
        ("a.jsonl", "ingested", 7),
        ("b", "unusable", 0),
        ("c", "unusable", 0),
    ]
    assert rows("SELECT uri, row, reason, record_sha256, commit_id FROM rejects") == [("a.jsonl", 3, "not JSON", "ff", 1)]


def test_a_source_read_whole_is_known_by_its_beginning(store: Store) -> None:
    with store.writing():
        store.record_sources([report(source_id="s1"), report("b", "s2", size=20), report("c", "s3", status="unusable")], key_id="key-1")
        store.record_sources([report(source_id="s1")], key_id="key-2")
    assert store.known_source("head") == (
        KnownSource("s1", "key-1", "litellm", 0),
        KnownSource("s1", "key-2", "litellm", 0),
        KnownSource("s2", "key-1", "litellm", 0),
    )
    assert store.known_source("other") == ()


def without(table: str, change: Callable[[pa.Table], pa.Table]) -> CallBatch:
    good = batch([Call("a", vectors=1), Call("b")])
    return replace(good, **{table: change(getattr(good, table))})


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (without("events", lambda t: t.drop_columns(["model"])), "batch.events: .*model"),
        (without("items", lambda t: t.select([*t.column_names[1:], "call_no"])), "batch.items: .*order"),
        (without("events", lambda t: t.set_column(6, "ts", pa.array(["x", "y"]))), "batch.events: .*type"),
        (without("events", lambda t: t.set_column(6, "ts", pa.nulls(2, t["ts"].type))), "ts is null in 2 rows"),
        (without("events", lambda t: t.slice(1)), "1 rows have a call_no that no event has"),
        (without("events", lambda t: pa.concat_tables([t, t])), "stands for two events"),
    ],
)
def test_a_wrong_batch_is_refused_whole(store: Store, bad: CallBatch, says: str) -> None:
    with store.writing(), pytest.raises(StoreError, match=says):
        store.append(bad)
    assert store.snapshot().parts == ()


def test_writing_needs_the_lock_and_there_is_one(store: Store) -> None:
    with pytest.raises(StoreError, match="without the lock"):
        store.append(batch([Call("a")]))
    other = Store.open(store.root)
    with store.writing(), pytest.raises(LockedError, match=rf"another run holds the lock \(pid {os.getpid()}\)"), other.writing():
        pass
    with other.writing():
        other.append(batch([Call("a")]))


def test_what_is_not_a_store_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store here") as missing:
        Store.open(tmp_path / "missing")
    assert str(missing.value.hint).startswith("forensics ingest SOURCE --store ")
    file, folder, sqlite = tmp_path / "file", tmp_path / "folder", tmp_path / "sqlite"
    file.write_text("hello")
    folder.mkdir()
    (folder / "thesis.txt").write_text("hello")
    sqlite.mkdir()
    (sqlite / "state.sqlite").write_text("hello, this is no database")
    for path in (file, folder, sqlite):
        for create in (False, True):
            with pytest.raises(StoreError, match=r"is not a store|manifest cannot be used"):
                Store.open(path, create=create)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "folder", "sqlite", "state.sqlite", "thesis.txt"]
