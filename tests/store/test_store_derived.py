"""The forest beside the queries: parts by date, which take the place of those of the same hours."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from store_batches import START, nodes, nth_batch, saved, scan

from forensics.model.errors import StoreError
from forensics.model.event import schema_of
from forensics.model.lineage import NODES, REPRESENTATIVES
from forensics.store import Store, derived, manifest

Rows = Callable[[str], list[tuple[object, ...]]]
MIDNIGHT = START.replace(hour=0)
SEEN = "SELECT place, date_diff('hour', TIMESTAMPTZ '2026-03-02 00:00:00+00', ts) FROM nodes ORDER BY ts"


def published(store: Store, mark: int, first: int, last: int, folder: Path) -> int:
    """A scan of the hours from midnight on, with a node in each of them."""
    folder.mkdir(exist_ok=True)
    found = saved(nodes(mark, *range(first, last), start=MIDNIGHT), folder / f"{mark}.parquet")
    with store.writing():
        window = scan(str(mark), start=MIDNIGHT + timedelta(hours=first), hours=last - first)
        return store.publish_scan(window, {}, {"nodes": found})


@pytest.mark.parametrize("locked_down", [False, True])
def test_before_the_first_scan_the_views_are_there_and_empty(store: Store, locked_down: bool) -> None:
    with store.reader(locked_down=locked_down) as connection:
        for name, columns in (("nodes", NODES), ("representatives", REPRESENTATIVES)):
            assert connection.sql(f"SELECT count(*) FROM {name}").fetchall() == [(0,)]
            assert connection.sql(f"FROM {name}").columns == [c.name for c in columns]
            assert connection.sql(f"FROM {name}").to_arrow_table().schema.field("node").type == pa.int64()


@pytest.mark.parametrize("locked_down", [False, True])
def test_readers_see_what_a_scan_made(store: Store, locked_down: bool, tmp_path: Path) -> None:
    published(store, 1, 3, 60, tmp_path / "files")
    with store.reader(locked_down=locked_down) as connection:
        assert connection.sql(SEEN).fetchall() == [(1, hour) for hour in range(3, 60)]
        assert connection.sql("SELECT count(*) FROM representatives").fetchall() == [(0,)]
    with duckdb.connect(str(store.root / "forensics.duckdb"), read_only=True) as connection:
        assert connection.sql(SEEN).fetchall() == [(1, hour) for hour in range(3, 60)]
        comments = "SELECT count(comment) FROM duckdb_columns() WHERE table_name = 'nodes'"
        assert connection.sql(comments).fetchall() == [(len(NODES),)]


def test_parts_lie_by_date_in_order_of_time_and_without_bucket(store: Store, tmp_path: Path) -> None:
    commit = published(store, 1, 3, 60, tmp_path / "files")
    found = store.snapshot().parts
    assert [(p.table, p.date, p.bucket, p.rows) for p in found] == [
        ("nodes", date(2026, 3, 2 + day), None, rows) for day, rows in enumerate((21, 24, 12))
    ]
    for part in found:
        table = pq.ParquetFile(part.path).read()
        assert part.path == store.root / f"parts/nodes/date={part.date}/c{commit:08d}.parquet"
        assert table.schema.remove_metadata().equals(schema_of(NODES))
        assert table["ts"].to_pylist() == sorted(table["ts"].to_pylist())
        assert (part.min_ts, part.max_ts) == (table["ts"][0].as_py(), table["ts"][-1].as_py())
        assert table.schema.metadata[b"forensics.commit_id"] == str(commit).encode()


def test_a_second_scan_replaces_the_hours_of_its_window_only(store: Store, rows: Rows, tmp_path: Path) -> None:
    published(store, 1, 0, 72, tmp_path / "files")
    first = {p.date: p.path for p in store.snapshot().parts}
    published(store, 2, 30, 40, tmp_path / "files")
    assert rows(SEEN) == [(2 if 30 <= hour < 40 else 1, hour) for hour in range(72)]
    second = {p.date: p.path for p in store.snapshot().parts}
    assert [second[day] == path for day, path in first.items()] == [True, False, True]
    published(store, 3, 20, 50, tmp_path / "files")
    assert rows(SEEN) == [(3 if 20 <= hour < 50 else 1, hour) for hour in range(72)]
    published(store, 4, 72, 80, tmp_path / "files")
    assert rows(SEEN) == [(3 if 20 <= hour < 50 else 1 if hour < 72 else 4, hour) for hour in range(80)]
    assert len(store.snapshot().select("nodes")) == 4


@pytest.mark.parametrize("microseconds", [-1, 0, 1])
def test_the_window_is_half_open_to_the_microsecond(microseconds: int, store: Store, rows: Rows, tmp_path: Path) -> None:
    published(store, 1, 0, 24, tmp_path / "files")
    end = MIDNIGHT + timedelta(hours=12, microseconds=microseconds)
    window = scan("2", start=MIDNIGHT, hours=24)
    with store.writing():
        store.publish_scan(replace(window, window_end=end), {}, {"nodes": []})
    assert rows("SELECT count(*) FROM nodes") == [(12 if microseconds <= 0 else 11,)]


def test_a_scan_that_found_no_query_leaves_none_in_its_window(store: Store, rows: Rows, tmp_path: Path) -> None:
    published(store, 1, 0, 48, tmp_path / "files")
    published(store, 2, 24, 24, tmp_path / "files")  # of no hour at all
    assert rows("SELECT count(*) FROM nodes") == [(48,)]
    with store.writing():
        store.publish_scan(scan("3", start=MIDNIGHT, hours=24), {}, {"nodes": [], "representatives": []})
    assert rows("SELECT min(ts)::VARCHAR, count(*) FROM nodes") == [("2026-03-03 00:00:00+00", 24)]
    assert {p.date for p in store.snapshot().parts} == {date(2026, 3, 3)}


def test_a_scan_without_a_forest_leaves_the_old_one(store: Store, rows: Rows, tmp_path: Path) -> None:
    published(store, 1, 0, 24, tmp_path / "files")
    with store.writing():
        store.publish_scan(scan("2"), {"findings": pa.table({"a": [1]})})
    assert rows("SELECT count(*) FROM nodes") == [(24,)]


def test_many_files_of_many_dates(store: Store, rows: Rows, tmp_path: Path) -> None:
    days = derived.DATES_AT_ONCE * 2 + 3
    found = [path for n in range(5) for path in saved(nodes(n, *range(n, 24 * days, 5), start=MIDNIGHT), tmp_path / f"{n}.parquet")]
    with store.writing():
        store.publish_scan(scan(start=MIDNIGHT, hours=24 * days), {}, {"nodes": found})
    assert rows(SEEN) == [(hour % 5, hour) for hour in range(24 * days)]
    assert len(store.snapshot().select("nodes")) == days


def test_both_tables_are_replaced_together(store: Store, rows: Rows, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{"node": 7, "ts": START, "client_id": "user:ada", "model": "m"}], schema=schema_of(REPRESENTATIVES))
    for mark in (1, 2):
        forest = {
            "nodes": saved(nodes(mark, 0, 1, 2), tmp_path / f"n{mark}.parquet"),
            "representatives": saved(table, tmp_path / f"r{mark}.parquet"),
        }
        with store.writing():
            store.publish_scan(scan(str(mark)), {}, forest)
    assert rows("SELECT count(*), min(place) FROM nodes") == [(3, 2)]
    assert rows("SELECT node FROM representatives") == [(7,)]
    assert [p.table for p in store.snapshot().parts] == ["nodes", "representatives"]


def test_the_snapshot_prunes_parts_of_the_forest_by_time_and_not_by_bucket(store: Store, tmp_path: Path) -> None:
    published(store, 1, 0, 72, tmp_path / "files")
    snapshot = store.snapshot()
    day = MIDNIGHT + timedelta(days=1)
    assert [p.date for p in snapshot.select("nodes", since=day, until=day + timedelta(hours=1))] == [day.date()]
    assert len(snapshot.select("nodes", bucket=3)) == 3
    assert snapshot.select("nodes", until=MIDNIGHT) == ()


def test_tables_of_the_forest_are_no_results(store: Store, tmp_path: Path) -> None:
    published(store, 1, 0, 2, tmp_path / "files")
    assert store.results("nodes", "representatives") == (None, None)
    for name in ("nodes", "representatives"):
        with store.writing(), pytest.raises(StoreError, match="cannot name a result"):
            store.publish_scan(scan("2"), {name: pa.table({"a": [1]})})


def test_compaction_keeps_the_forest(store: Store, rows: Rows, tmp_path: Path) -> None:
    with store.writing():
        store.append(nth_batch(0))
        store.append(nth_batch(1))
    published(store, 1, 0, 48, tmp_path / "files")
    published(store, 2, 12, 30, tmp_path / "files")
    with store.writing():
        assert store.compact(min_parts=2) > 0
    assert rows(SEEN) == [(2 if 12 <= hour < 30 else 1, hour) for hour in range(48)]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["retire_parts", "add_parts", "add_commit"])
def test_a_scan_that_is_cut_short_leaves_the_forest_as_it_was(
    step: str, store: Store, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(store, 1, 0, 48, tmp_path / "files")
    before = {p.path for p in store.snapshot().parts}
    with monkeypatch.context() as patch:
        patch.setattr(manifest, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            published(store, 2, 12, 30, tmp_path / "files")
    assert rows(SEEN) == [(1, hour) for hour in range(48)]
    assert {*store.root.rglob("parts/**/*.parquet")} > before
    with store.writing():
        assert {*store.root.rglob("parts/**/*.parquet")} == before
    assert [p.name for p in store.root.glob("spill-*")] == []
    published(store, 3, 12, 30, tmp_path / "files")
    assert rows(SEEN) == [(3 if 12 <= hour < 30 else 1, hour) for hour in range(48)]


def test_a_reader_that_began_before_a_scan_sees_the_old_forest(store: Store, tmp_path: Path) -> None:
    published(store, 1, 0, 48, tmp_path / "files")
    with store.reader() as connection:
        published(store, 2, 0, 48, tmp_path / "files")
        assert connection.sql("SELECT DISTINCT place FROM nodes").fetchall() == [(1,)]
    with store.reader() as connection:
        assert connection.sql("SELECT DISTINCT place FROM nodes").fetchall() == [(2,)]


def test_times_are_those_of_utc_days(store: Store, rows: Rows, tmp_path: Path) -> None:
    late = datetime.fromisoformat("2026-03-02T23:59:59.999999+00:00")
    table = nodes(1, 0, 0, start=late)
    with store.writing():
        store.publish_scan(scan(start=late, hours=1), {}, {"nodes": saved(table, tmp_path / "n.parquet")})
    assert [p.date for p in store.snapshot().parts] == [date(2026, 3, 2)]
    assert rows("SELECT max(ts)::VARCHAR FROM nodes") == [("2026-03-02 23:59:59.999999+00",)]
