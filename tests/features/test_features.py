"""Each feature against its fixture: fixtures/features/<feature>.json gives rows in and rows out.

Columns left out are null, but for those that no record lacks (`DEFAULTS`).
"""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
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
from forensics.features.kernel import SUBJECTS, Partition, compute
from forensics.model.errors import UsageError
from forensics.model.event import TABLES, arrow_schema, schema_of
from forensics.model.lineage import NODES
from forensics.model.scan import Skipped

FIXTURES = Path(__file__).parents[2] / "fixtures" / "features"
FEATURES = {f.spec.name: f for f in load_features()}
SCHEMAS = {name: arrow_schema(name) for name in TABLES} | {"nodes": schema_of(NODES)}
DEFAULTS: dict[str, dict[str, Any]] = {"events": {"n_items": 1, "outcome": "ok"}, "nodes": {"repeat": False, "near": False, "shape": 0}}
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC)


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    whole = [DEFAULTS.get(name, {}) | row | {"ts": datetime.fromisoformat(row["ts"])} for row in rows]
    return pa.Table.from_pylist(whole, schema=SCHEMAS[name])


def partition(folder: Path, given: Mapping[str, pa.Table], row_group_size: int | None = None) -> Partition:
    folder.mkdir()
    files = []
    for name, rows in given.items():
        pq.write_table(rows, folder / f"{name}.parquet", row_group_size=row_group_size)
        files.append((name, (str(folder / f"{name}.parquet"),)))
    return Partition(tuple(files), START, END)


def rounded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: round(value, 9) if isinstance(value, float) else value for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_feature(name: str, tmp_path: Path) -> None:
    fixture = json.loads((FIXTURES / f"{name}.json").read_text())
    assert set(fixture) <= {"about", "expected", *SCHEMAS}
    part = partition(tmp_path / "p", {n: table(n, rows) for n, rows in fixture.items() if n in SCHEMAS})
    found = compute(part, [FEATURES[name]])
    assert rounded(found.tables[name].to_pylist()) == rounded(fixture["expected"])
    assert found.filled.issuperset(FEATURES[name].spec.requires), "the fixture leaves out what the feature requires"


def test_every_feature_has_a_fixture() -> None:
    assert sorted(p.stem for p in FIXTURES.iterdir()) == sorted(FEATURES)


@pytest.fixture
def traffic() -> dict[str, pa.Table]:
    rows = [
        {"event_id": f"{n:03d}", "client_id": f"user:{n % 7}", "model": f"m{n % 2}", "ts": f"2026-01-01T{n % 24:02d}:00:00Z"}
        for n in range(200)
    ]
    items = [{**row, "idx": 0, "exact_hash": str(n % 5)} for n, row in enumerate(rows)]
    return {"events": table("events", [row | {"logprobs": True} for row in rows]), "items": table("items", items)}


def split(given: Mapping[str, pa.Table], parts: int, folder: Path) -> FeatureSet:
    """Clients dealt out to so many partitions, as the store's buckets do."""
    found = []
    for number in range(parts):
        mine = pa.array([f"user:{n}" for n in range(7) if n % parts == number])
        own = {name: rows.filter(pc.is_in(rows["client_id"], value_set=mine)) for name, rows in given.items()}
        found.append(partition(folder / f"{parts}-{number}", own))
    features = list(FEATURES.values())
    return assemble(LocalEngine().map(lambda p: compute(p, features), found), features)


def test_the_number_of_partitions_does_not_show(traffic: dict[str, pa.Table], tmp_path: Path) -> None:
    whole, dealt = split(traffic, 1, tmp_path), split(traffic, 4, tmp_path)
    assert whole.frame.equals(dealt.frame)
    assert {n: t.to_pylist() for n, t in whole.tables.items()} == {n: t.to_pylist() for n, t in dealt.tables.items()}
    assert (whole.events, whole.items) == (dealt.events, dealt.items) == (200, 200)
    assert whole.frame["query_count"].to_pylist() == dealt.frame["volume.items"].to_pylist()


def anything(kind: pa.DataType, chance: random.Random) -> Any:
    """A value of few different ones, or now and then none."""
    if chance.random() < 0.05:
        return None
    if pa.types.is_boolean(kind):
        return chance.random() < 0.5
    if pa.types.is_floating(kind):
        return chance.random() ** 3
    if pa.types.is_integer(kind):
        return int(chance.gauss(25, 6))
    return chance.choice("abcdefg") if pa.types.is_string(kind) else None


def test_neither_the_order_of_rows_nor_threads_show(tmp_path: Path) -> None:
    chance = random.Random(20260101)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("events", "items", "nodes")}
    for n in range(4000):
        known = {"event_id": f"{n:04d}", "idx": 0, "client_id": f"user:{n % 3}", "model": f"m{n % 2}", "n_items": 1 + n % 4}
        known |= {"ts": START + timedelta(microseconds=chance.randrange(7 * 86_400_000_000))}
        shape = chance.randrange(3)
        known |= {"modality": "vector" if shape else "text", "shape": shape, "place": n // 6}
        known |= {"node": n, "parent": n % 6 + 6 * chance.randrange(n // 6 + 1), "anchor": n % 6 + 6 * chance.randrange(1 + n // 60)}
        known |= {"near": chance.random() < 0.3, "repeat": chance.random() < 0.1}
        for name, mine in rows.items():
            mine.append({f.name: known[f.name] if f.name in known else anything(f.type, chance) for f in SCHEMAS[name]})
    features = list(FEATURES.values())
    found = []
    for turn, threads in enumerate((1, 4, 4)):
        given = {name: pa.Table.from_pylist(mine, schema=SCHEMAS[name]) for name, mine in rows.items()}
        found.append(compute(partition(tmp_path / str(turn), given, row_group_size=500), features, threads=threads))
        for mine in rows.values():
            chance.shuffle(mine)
    assert found[0].filled == {name for f in features for name in f.spec.requires}
    assert {name: len(rows) for name, rows in found[0].tables.items()} == dict.fromkeys([*FEATURES, SUBJECTS], 6)
    # As text, in which two floats that differ in the last bit differ.
    assert [name for name in FEATURES if len({repr(f.tables[name].to_pylist()) for f in found}) > 1] == []


def test_a_feature_without_its_columns_is_skipped_with_the_reason(traffic: dict[str, pa.Table], tmp_path: Path) -> None:
    events = traffic["events"]
    silent = events.set_column(events.schema.get_field_index("logprobs"), "logprobs", pa.nulls(len(events), pa.bool_()))
    found = split(traffic | {"events": silent}, 2, tmp_path)
    assert Skipped("feature", "score_use", "no record in the window fills events.logprobs") in found.skipped
    assert "score_use" not in found.tables
    assert {s.name for s in found.skipped} | set(found.tables) == set(FEATURES)


def test_places_are_counted_through_where_the_forest_grew_in_slices(tmp_path: Path) -> None:
    hours = range(0, 72, 3)
    rows = [
        {"client_id": f"user:{c}", "model": "m", "ts": f"2026-01-{1 + h // 24:02d}T{h % 24:02d}:00:00Z", "modality": "vector"}
        | {
            "event_id": f"{c}-{h}",
            "idx": 0,
            "node": 100 * c + h,
            "anchor": 100 * c + h % 9,
            "parent": 100 * c,
            "near": h > 9,
            "distance": 0.1,
        }
        for c in range(3)
        for h in hours
    ]
    found: list[pa.Table] = []
    for place in ([h // 3 for h in hours], [h % 24 // 3 for h in hours]):
        nodes = table("nodes", [row | {"place": place[n % len(hours)]} for n, row in enumerate(rows)])
        found.append(compute(partition(tmp_path / str(len(found)), {"nodes": nodes}), [FEATURES["near_copies"]]).tables["near_copies"])
    assert found[0].equals(found[1])
    assert found[0]["interleaving"].to_pylist() == [22 / 8] * 3


def test_the_window_is_half_open(tmp_path: Path) -> None:
    rows = [
        {"client_id": "user:a", "model": "m", "ts": ts} for ts in ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z")
    ]
    assert compute(partition(tmp_path / "p", {"events": table("events", rows)}), []).events == 1


def test_a_client_beside_its_peers(traffic: dict[str, pa.Table], tmp_path: Path) -> None:
    found = split(traffic, 1, tmp_path)
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
        ('/* description = "x"\nversion = 1\nrequires = ["nodes.speed"]\n[columns]\na = "BIGINT: b" */ select 1', "nodes.speed"),
        (
            '/* description = "x"\nversion = 1\nrequires = []\nsuspicious = ["a", "speed"]\n[columns]\na = "BIGINT: b" */ select 1',
            "suspicious names speed, which is no column",
        ),
    ],
)
def test_a_feature_that_is_written_wrongly_says_so(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "odd.sql").write_text(text)
    with pytest.raises(UsageError, match=r"odd\.sql") as caught:
        interface._parse(tmp_path / "odd.sql", ("client_id", "model"))
    assert complaint in str(caught.value)


def test_suspicious_columns_are_kept_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "odd.sql").write_text(
        '/* description = "x"\nversion = 1\nrequires = []\nsuspicious = ["b", "a"]\n[columns]\na = "BIGINT: x"\nb = "BIGINT: y" */ select 1'
    )
    assert interface._parse(tmp_path / "odd.sql", ("client_id", "model")).spec.suspicious == ("b", "a")


def test_two_rows_for_one_subject_are_refused(traffic: dict[str, pa.Table], tmp_path: Path) -> None:
    (tmp_path / "odd.sql").write_text(
        '/* description = "x"\nversion = 1\nrequires = []\n[columns]\na = "BIGINT: b" */ select client_id, model, 1 as a from events'
    )
    feature = interface._parse(tmp_path / "odd.sql", ("client_id", "model"))
    with pytest.raises(UsageError, match="feature odd: more than one row for one client_id, model"):
        compute(partition(tmp_path / "p", traffic), [feature])


def test_a_query_that_does_not_return_what_it_declares_says_so(traffic: dict[str, pa.Table], tmp_path: Path) -> None:
    (tmp_path / "odd.sql").write_text(
        '/* description = "x"\nversion = 1\nrequires = []\n[columns]\na = "BIGINT: b" */ select client_id, model from events group by all'
    )
    feature = interface._parse(tmp_path / "odd.sql", ("client_id", "model"))
    with pytest.raises(UsageError, match="feature odd: the query does not return a"):
        compute(partition(tmp_path / "p", traffic), [feature])
