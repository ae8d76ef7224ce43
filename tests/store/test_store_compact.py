from collections.abc import Callable

import pyarrow as pa
import pytest
from store_batches import Call, batch, nth_batch

from forensics.store import Store

Rows = Callable[[str], list[tuple[object, ...]]]
TABLES = ("events", "items", "vectors")


def contents(store: Store) -> dict[str, pa.Table]:
    with store.reader() as connection:
        return {
            name: connection.sql(f"SELECT * FROM {name} ORDER BY ts, event_id{', idx' if name != 'events' else ''}").to_arrow_table()
            for name in TABLES
        }


@pytest.fixture
def crowded(store: Store) -> Store:
    with store.writing():
        for number in range(4):
            store.append(nth_batch(number))
    return store


def test_rows_stay_and_parts_become_few(crowded: Store) -> None:
    before, parts_before = contents(crowded), crowded.snapshot().parts
    reader = crowded.reader()
    with crowded.writing():
        assert crowded.compact(min_parts=5) == 0
        assert crowded.compact(min_parts=4) == len(parts_before)
    after = crowded.snapshot()
    assert contents(crowded) == before
    assert len(after.parts) == len(parts_before) / 4
    assert len({(p.table, p.date, p.bucket) for p in after.parts}) == len(after.parts)
    with reader:
        assert reader.sql("SELECT count(*) FROM items").fetchall() == [(1000,)], "who was reading goes on"
    with crowded.writing():
        assert crowded.append(nth_batch(2)).counts[0].new == 0
        assert all(p.path.exists() for p in parts_before), "within the grace period"


def test_retired_files_go_after_the_grace_period(crowded: Store) -> None:
    before, old = contents(crowded), crowded.snapshot().parts
    with crowded.writing():
        crowded.compact(min_parts=2)
    hasty = Store.open(crowded.root, grace_seconds=0)
    with hasty.writing():
        assert not any(p.path.exists() for p in old)
    assert contents(hasty) == before
    assert {p.path for p in hasty.snapshot().parts} == set(hasty.root.rglob("*.parquet"))


def test_keys_and_sketch_versions_are_not_mixed(store: Store, rows: Rows) -> None:
    with store.writing():
        for number in range(6):
            store.append(batch([Call(str(number))], key_id=f"key-{number % 2}", sketch_version=1 + number // 4))
        assert store.compact(min_parts=2) == 8
    kinds = [(p.key_id, p.sketch_version, p.rows) for p in store.snapshot().select("events")]
    assert sorted(kinds) == [("key-0", 1, 2), ("key-0", 2, 1), ("key-1", 1, 2), ("key-1", 2, 1)]
    assert rows("SELECT count(*), count(DISTINCT event_id) FROM events") == [(6, 6)]
