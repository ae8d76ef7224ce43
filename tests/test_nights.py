"""One scan of many days, scans night by night, and one scan in runs of days tell the same story."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from forensics import pipeline
from forensics.config import Config
from forensics.engine.local import LocalEngine
from forensics.io.sources import expand
from forensics.model.lineage import DERIVED
from forensics.sketch.key import Key
from forensics.store import Store

ALIKE = 0.95  # windows of five hours know less of a small population than all of it


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("nights") / "traffic"
    pipeline.emulate("mixed", place, clients=60, attackers=0.2, seed=21)
    return place / "logs"


def store_of(logs: Path, place: Path, key: Key) -> Store:
    store = Store.open(place, create=True)
    pipeline.ingest(store, expand([str(logs)]), Config(), key)
    return store


def scan(store: Store, root: Path, since: datetime | None = None, until: datetime | None = None) -> None:
    pipeline.scan(store, Config(), LocalEngine(), root / "rules", since=since, until=until)


def rows(store: Store, table: str = "nodes") -> pa.Table:
    with store.reader() as con:
        return con.sql(f"select * from {table} order by all").to_arrow_table()


def windows(store: Store, hours: int) -> list[tuple[datetime, datetime]]:
    parts = store.snapshot().select("items")
    start = min(p.min_ts for p in parts if p.min_ts).replace(minute=0, second=0, microsecond=0)
    end = max(p.max_ts for p in parts if p.max_ts)
    step = timedelta(hours=hours)
    return [(start + n * step, start + (n + 1) * step) for n in range((end - start) // step + 1)]


def same_lineages(one: pa.Table, other: pa.Table) -> float:
    """Share of the queries whose lineage, as the set of queries in it, has the same first member."""
    assert one["node"].equals(other["node"])
    pairs = zip(one["lineage"].to_pylist(), other["lineage"].to_pylist(), strict=True)
    return sum(a == b for a, b in pairs) / len(one)


@pytest.fixture
def at_once(logs: Path, root: Path, tmp_path: Path, key: Key) -> pa.Table:
    store = store_of(logs, tmp_path / "at-once", key)
    scan(store, root)
    return rows(store)


def test_night_by_night_the_lineages_are_those_of_one_scan(logs: Path, root: Path, tmp_path: Path, key: Key, at_once: pa.Table) -> None:
    store = store_of(logs, tmp_path / "nights", key)
    nights = windows(store, 5)
    assert len(nights) > 4
    for since, until in nights:
        scan(store, root, since, until)
    found = rows(store)
    assert same_lineages(found, at_once) >= ALIKE
    assert found["kin"].null_count <= 1.02 * at_once["kin"].null_count


def test_in_runs_of_days_the_lineages_are_those_of_one_scan(
    logs: Path, root: Path, tmp_path: Path, key: Key, at_once: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "BYTES_AT_ONCE", 1)
    store = store_of(logs, tmp_path / "runs", key)
    scan(store, root)
    found = rows(store)
    assert same_lineages(found, at_once) >= ALIKE
    with store.reader() as con:
        ((queries, places),) = con.sql("select count(*), count(distinct (client_id, model, shape, node)) from nodes").fetchall()
    assert queries == places


def test_scanning_again_changes_nothing(logs: Path, root: Path, tmp_path: Path, key: Key) -> None:
    store = store_of(logs, tmp_path / "again", key)
    ((_, middle), *_) = windows(store, 7)
    scan(store, root)
    before: dict[str, Any] = {name: rows(store, name) for name in DERIVED}
    assert before["representatives"].num_rows > 0
    scan(store, root)
    assert all(rows(store, name).equals(table) for name, table in before.items())
    scan(store, root, until=middle)
    ids = ("node", "parent", "anchor", "kin", "lineage")
    again = rows(store)
    earlier = pa.compute.less(again["ts"], pa.scalar(middle, again["ts"].type))
    assert again.filter(pa.compute.invert(earlier)).equals(before["nodes"].filter(pa.compute.invert(earlier)))
    assert again.filter(earlier).select(ids).num_rows == before["nodes"].filter(earlier).num_rows
