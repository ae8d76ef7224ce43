"""Each feature against its fixture: fixtures/features/<feature>.json gives rows in and rows out; columns left out are null."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forensics.engine.local import LocalEngine
from forensics.features import interface
from forensics.features.compare import of_all, of_client
from forensics.features.frame import FeatureSet, assemble
from forensics.features.interface import load_features
from forensics.features.kernel import Partition, compute
from forensics.model.errors import UsageError
from forensics.model.event import arrow_schema
from forensics.model.scan import Skipped

FIXTURES = Path(__file__).parents[2] / "fixtures" / "features"
FEATURES = {f.spec.name: f for f in load_features()}
DEFAULTS: dict[str, dict[str, Any]] = {"events": {"n_items": 1, "outcome": "ok"}, "items": {}, "vectors": {}}
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    whole = [DEFAULTS[name] | row | {"ts": datetime.fromisoformat(row["ts"])} for row in rows]
    return pa.Table.from_pylist(whole, schema=arrow_schema(name))


def partition(folder: Path, events: pa.Table, items: pa.Table) -> Partition:
    folder.mkdir()
    files = []
    for name, rows in (("events", events), ("items", items)):
        pq.write_table(rows, folder / f"{name}.parquet")
        files.append((name, (str(folder / f"{name}.parquet"),)))
    return Partition((*files, ("vectors", ())), START, END)


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_feature(name: str, tmp_path: Path) -> None:
    fixture = json.loads((FIXTURES / f"{name}.json").read_text())
    part = partition(tmp_path / "p", table("events", fixture["events"]), table("items", fixture["items"]))
    assert compute(part, [FEATURES[name]]).tables[name].to_pylist() == fixture["expected"]


def test_every_feature_has_a_fixture() -> None:
    assert sorted(p.stem for p in FIXTURES.iterdir()) == sorted(FEATURES)


@pytest.fixture
def traffic() -> tuple[pa.Table, pa.Table]:
    rows = [
        {"event_id": f"{n:03d}", "client_id": f"user:{n % 7}", "model": f"m{n % 2}", "ts": f"2026-01-01T{n % 24:02d}:00:00Z"}
        for n in range(200)
    ]
    items = [{**row, "idx": 0, "exact_hash": str(n % 5)} for n, row in enumerate(rows)]
    return table("events", [row | {"logprobs": True} for row in rows]), table("items", items)


def split(events: pa.Table, items: pa.Table, parts: int, folder: Path) -> FeatureSet:
    """Clients dealt out to so many partitions, as the store's buckets do."""
    found = []
    for number in range(parts):
        mine = [f"user:{n}" for n in range(7) if n % parts == number]
        chosen = [pc.is_in(t["client_id"], value_set=pa.array(mine)) for t in (events, items)]
        found.append(partition(folder / f"{parts}-{number}", events.filter(chosen[0]), items.filter(chosen[1])))
    features = list(FEATURES.values())
    return assemble(LocalEngine().map(lambda p: compute(p, features), found), features)


def test_the_number_of_partitions_does_not_show(traffic: tuple[pa.Table, pa.Table], tmp_path: Path) -> None:
    whole, dealt = split(*traffic, 1, tmp_path), split(*traffic, 4, tmp_path)
    assert whole.frame.equals(dealt.frame)
    assert {n: t.to_pylist() for n, t in whole.tables.items()} == {n: t.to_pylist() for n, t in dealt.tables.items()}
    assert (whole.events, whole.items) == (dealt.events, dealt.items) == (200, 200)
    assert whole.frame["query_count"].to_pylist() == dealt.frame["volume.items"].to_pylist()


def test_a_feature_without_its_columns_is_skipped_with_the_reason(traffic: tuple[pa.Table, pa.Table], tmp_path: Path) -> None:
    events, items = traffic
    silent = events.set_column(events.schema.get_field_index("logprobs"), "logprobs", pa.nulls(len(events), pa.bool_()))
    found = split(silent, items, 2, tmp_path)
    assert found.skipped == (Skipped("feature", "score_use", "no record in the window fills events.logprobs"),)
    assert "score_use" not in found.tables


def test_the_window_is_half_open(tmp_path: Path) -> None:
    rows = [
        {"client_id": "user:a", "model": "m", "ts": ts} for ts in ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    ]
    assert compute(partition(tmp_path / "p", table("events", rows), table("items", [])), []).events == 1


def test_a_client_beside_its_peers(traffic: tuple[pa.Table, pa.Table], tmp_path: Path) -> None:
    found = split(*traffic, 1, tmp_path)
    rows = {(r["model"], r["feature"]): r for r in of_client(found, "user:0").to_pylist()}
    calls = rows["m0", "volume.calls"]
    assert (calls["value"], calls["clients"], calls["description"]) == (15.0, 7, "calls in the window")
    assert 0 <= calls["above"] <= 1
    assert of_client(found, "user:stranger").num_rows == 0
    assert {r["feature"] for r in of_all(found).to_pylist()} == {
        f"{s.name}.{c.name}" for s in found.specs for c in s.columns if c.type != "VARCHAR"
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1", "expected /*"),
        ('/* description = "x"\nversion = 1\nrequires = [] */ select 1', "the header lacks columns"),
        ('/* description = "x"\nversion = 1\nrequires = []\n[columns]\na = "number" */ select 1', 'expected "TYPE: description"'),
        ('/* description = "x"\nversion = 1\nrequires = ["events.speed"]\n[columns]\na = "BIGINT: b" */ select 1', "events.speed"),
    ],
)
def test_a_feature_that_is_written_wrongly_says_so(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "odd.sql").write_text(text)
    with pytest.raises(UsageError, match=r"odd\.sql") as caught:
        interface._parse(tmp_path / "odd.sql", ("client_id", "model"))
    assert complaint in str(caught.value)


def test_two_rows_for_one_subject_are_refused(traffic: tuple[pa.Table, pa.Table], tmp_path: Path) -> None:
    (tmp_path / "odd.sql").write_text(
        '/* description = "x"\nversion = 1\nrequires = []\n[columns]\na = "BIGINT: b" */ select client_id, model, 1 as a from events'
    )
    feature = interface._parse(tmp_path / "odd.sql", ("client_id", "model"))
    with pytest.raises(UsageError, match="feature odd: more than one row for one client_id, model"):
        compute(partition(tmp_path / "p", *traffic), [feature])


def test_a_query_that_does_not_return_what_it_declares_says_so(traffic: tuple[pa.Table, pa.Table], tmp_path: Path) -> None:
    (tmp_path / "odd.sql").write_text(
        '/* description = "x"\nversion = 1\nrequires = []\n[columns]\na = "BIGINT: b" */ select client_id, model from events group by all'
    )
    feature = interface._parse(tmp_path / "odd.sql", ("client_id", "model"))
    with pytest.raises(UsageError, match="feature odd: the query does not return a"):
        compute(partition(tmp_path / "p", *traffic), [feature])
