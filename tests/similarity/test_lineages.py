"""The forest of a model, from files of items and vectors to nodes, and from night to night."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forensics.model.event import arrow_schema, schema_of
from forensics.model.lineage import NODES, REPRESENTATIVES
from forensics.similarity.lineages import LINEAGES, MARGINS_PER_CLIENT, MOST_DIMENSIONS, SINGLES, Forest, Past, Traffic, nodes, share_out
from forensics.sketch.key import Key
from forensics.sketch.text import describer

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
END = START + DAY
Item = dict[str, Any]
Grow = Callable[..., list[Item]]
describe = describer(Key("k", b"\x07" * 32))


def row(client: str, second: float, vector: Sequence[float], model: str | None = "m", **more: Any) -> Item:
    item = {"client_id": client, "ts": START + timedelta(seconds=second), "model": model, "idx": 0, "modality": "vector"}
    return item | {"event_id": f"{client} {second:09.1f} {len(vector)}", "vector": list(vector), "size": len(vector)} | more


def prompt(client: str, second: float, text: str, **more: Any) -> Item:
    shape = describe(pa.array([text])).to_pylist()[0]
    return row(client, second, (), modality="text", exact_hash=text, **shape) | more


def files(folder: Path, rows: Sequence[Item], drop: Sequence[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A part of items and one of vectors, without some columns."""
    folder.mkdir(parents=True)
    for name, held in (("items", list(rows)), ("vectors", [r for r in rows if r["modality"] == "vector"])):
        table = pa.Table.from_pylist(held, schema=arrow_schema(name))
        pq.write_table(table.drop_columns([c for c in drop if c in table.column_names]), folder / f"{name}.parquet")
    return (str(folder / "items.parquet"),), (str(folder / "vectors.parquet"),)


@pytest.fixture
def forest(tmp_path: Path) -> Grow:
    """Nodes of one model from these rows, in two parts."""

    def run(rows: Sequence[Item], model: str = "m", start: datetime = START, end: datetime = END) -> list[Item]:
        items, vectors = zip(files(tmp_path / "a", rows[::2]), files(tmp_path / "b", rows[1::2]), strict=True)
        found = nodes(Traffic((model,), (), sum(items, ()), sum(vectors, ()), start, end), threads=2).nodes
        assert found.schema.equals(schema_of(NODES))
        return list(found.to_pylist())

    return run


def normal(seed: int, *shape: int) -> list[Any]:
    return list(np.random.default_rng(seed).normal(size=shape).tolist())


def column(found: Sequence[Item], name: str) -> list[Any]:
    return [r[name] for r in found]


def numbered(found: Sequence[Item], name: str) -> list[int | None]:
    """Which of ``found`` a column of node numbers names."""
    places: dict[int | None, int | None] = {r["node"]: n for n, r in enumerate(found)} | {None: None}
    return [places[r[name]] for r in found]


def crowd(seed: int = 1, clients: int = 6, each: int = 20, d: int = 5) -> list[Item]:
    vectors = normal(seed, clients, each, d)
    return [row(f"user:{c}", 60 * n, vectors[c][n]) for c in range(clients) for n in range(each)]


def test_an_anchor_is_the_first_query_of_a_group_of_near_copies_and_repeats(forest: Grow) -> None:
    one, two = normal(2, 2, 5)
    a = [one, two, [one[0] + 0.01, *one[1:]], two, [one[0] + 0.02, *one[1:]], one]
    found = forest(crowd() + [row("user:z", n, v) for n, v in enumerate(a)])
    mine = [r for r in found if r["client_id"] == "user:z"]
    assert column(mine, "place") == [0, 1, 2, 3, 4, 5]
    assert numbered(mine, "parent") == [None, 0, 0, 1, 2, 0]
    assert numbered(mine, "anchor") == numbered(mine, "lineage") == [0, 1, 0, 1, 0, 0]
    assert numbered(mine, "kin") == [None, None, 0, 1, 2, 0]
    assert column(mine, "repeat") == [False, False, False, True, False, True]
    assert column(mine, "near") == [False, False, True, False, True, False]
    assert column(mine, "axis") == [None, None, 0, None, 0, None]
    assert column(mine, "changed") == [None, 5, 1, 0, 1, 0]
    assert [r["delta"] is not None and r["delta"] > 0 for r in mine] == [False, False, True, False, True, False]
    assert column(mine, "distance")[0] is None
    assert mine[3]["distance"] == 0.0
    assert {r["modality"] for r in found} == {"vector"}
    assert all(r["cell"] is not None and r["same_head"] is None for r in found)
    assert [r["client_id"] for r in found] == sorted(r["client_id"] for r in found)


def test_texts_and_the_step_between_them(forest: Grow) -> None:
    sentence = "please tell me how many of the red boxes from the last delivery are still in the hall"
    words = sentence.split()
    texts = [" ".join(words), " ".join([*words[:-1], "yard"]), " ".join(["Kindly", *words[1:]]), "something else", " ".join(words).upper()]
    found = forest([prompt("user:a", n, t) for n, t in enumerate([*texts, texts[0]])])
    assert numbered(found, "parent") == [None, 0, 0, 2, 0, 0]
    assert column(found, "near") == [False, True, True, False, True, False]
    assert column(found, "repeat") == [False] * 5 + [True]
    assert numbered(found, "anchor") == [0, 0, 0, 3, 0, 0]
    assert column(found, "same_head") == [False, True, False, False, True, True]
    assert column(found, "same_tail") == [False, False, True, False, True, True]
    assert column(found, "same_words") == [False, False, False, False, True, False]
    assert column(found, "same_length") == [False, True, True, False, True, True]
    assert found[4]["distance"] == found[5]["distance"] == 0.0
    assert found[0]["cell"] == found[1]["cell"] != found[2]["cell"]
    assert {r["modality"] for r in found} == {"text"}
    assert {r[name] for r in found for name in ("changed", "axis", "line", "even", "outside", "step_hash")} == {None}


def test_rows_of_different_lengths_are_not_compared(forest: Grow) -> None:
    rows = [row("user:a", n, [0.1] * (2 + n % 2)) for n in range(6)] + [prompt("user:a", 9, "a text")]
    found = forest(rows)
    assert column(found, "modality") == ["text"] + ["vector"] * 6  # in order of shape
    shapes = column(found, "shape")
    assert (shapes[0], len({*shapes[1:4]}), len({*shapes[4:]}), len({*shapes})) == (0, 1, 1, 3)
    assert {*column(found[1:4], "ts")} in ({r["ts"] for r in rows[0:6:2]}, {r["ts"] for r in rows[1:6:2]})
    assert column(found[1:], "place") == [0, 1, 2] * 2
    assert column(found[1:], "repeat") == [False, True, True] * 2
    assert numbered(found, "parent") == [None, None, 1, 1, None, 4, 4]


def test_what_has_no_node(forest: Grow) -> None:
    seen = row("user:a", 1, [1.0, 2.0])
    rows = [
        seen,
        row("user:a", 2, []),
        row("user:a", 3, [0.0] * (MOST_DIMENSIONS + 1)),
        prompt("user:a", 4, "a text without sketch", shingles=None),
        prompt("user:a", 5, ""),
        prompt("user:a", 6, "ids of tokens", modality="tokens"),
        prompt("user:a", 7, "other", modality="other", shingles=None),
        row("user:a", 8, [1.0, 2.0], model="another"),
    ]
    assert column(forest(rows), "event_id") == [seen["event_id"]]


def test_the_window_begins_with_its_start_and_ends_before_its_end(forest: Grow) -> None:
    rows = [row("user:a", n, [float(n)]) for n in range(6)]
    found = forest(rows, start=START + timedelta(seconds=1), end=START + timedelta(seconds=4))
    assert column(found, "ts") == [r["ts"] for r in rows[1:4]]
    assert column(found, "place") == [0, 1, 2]


HARD_NAMES = ["user:o'brien", 'user:"quoted"', "user:\u202egnp", "user:李雷 😀", "user:a;--", "", "user:\\x00%s{}$1"]


def test_any_client_id(forest: Grow) -> None:
    rows = [row(c, n, [float(n), 1.0]) for c in HARD_NAMES for n in range(3)] + [prompt(c, 9, "hello") for c in HARD_NAMES]
    found = forest(rows)
    assert sorted({r["client_id"] for r in found}) == sorted(HARD_NAMES)
    assert len(found) == 4 * len(HARD_NAMES)
    assert all(r["place"] == (int(r["ts"].second) if r["modality"] == "vector" else 0) for r in found)


@pytest.mark.parametrize("name", ["o'hara-7b", 'say "hi"', "a;drop table i;--", "模型", "", "$model", "getvariable('model')"])
def test_any_model_name(name: str, forest: Grow) -> None:
    found = forest([row("user:a", 1, [1.0], model=name), row("user:a", 2, [1.0], model=f"{name}x")], model=name)
    assert [(r["model"], r["ts"].second) for r in found] == [(name, 1)]


def test_no_model_is_unknown(tmp_path: Path, forest: Grow) -> None:
    found = forest(
        [row("user:a", 1, [1.0], model=None), row("user:a", 2, [2.0], model="unknown"), row("user:a", 3, [3.0])], model="unknown"
    )
    assert column(found, "model") == ["unknown", "unknown"]
    assert share_out([str(tmp_path / part / "items.parquet") for part in "ab"], START, END) == (("m", "unknown"),)


def test_labels_that_flip_and_ranks_of_margins(forest: Grow) -> None:
    labels = ["yes", "no", None, "no", "no"]
    margins = [0.0, 0.5, None, 0.9, 0.5]
    found = forest([row("user:a", n, [float(n != 2), 0.1 * n], label=labels[n], margin=margins[n]) for n in range(5)])
    parents = numbered(found, "parent")
    flips = [None if p is None or None in (labels[n], labels[p]) else labels[n] != labels[p] for n, p in enumerate(parents)]
    assert column(found, "flip") == flips
    assert True in flips
    assert column(found, "margin_rank") == [0.0, 0.25, None, 0.75, 0.25]


def test_no_client_has_more_margins_in_the_population_than_its_share(forest: Grow) -> None:
    heavy = [row("user:heavy", n, [float(n)], margin=0.9) for n in range(5 * MARGINS_PER_CLIENT)]
    light = [row(f"user:{n}", 1, [float(n)], margin=0.1) for n in range(MARGINS_PER_CLIENT)]
    ranks = {r["client_id"]: r["margin_rank"] for r in forest(heavy + light)}
    assert ranks["user:heavy"] == 0.5
    assert ranks["user:0"] == 0.0


def test_missing_coordinates_are_values_of_their_own(forest: Grow) -> None:
    nan = float("nan")
    found = forest([row("user:a", n, v) for n, v in enumerate([[nan, 1.0], [nan, 1.0], [0.0, 1.0], [nan, 2.0]])])
    assert column(found, "repeat") == [False, True, False, False]
    assert found[2]["changed"] == 1


def test_parts_of_before_the_sketches(tmp_path: Path) -> None:
    new_columns = ("shingles", "grams", "head_hash", "tail_hash", "fold_hash", "words", "margin", "label")
    old = [row("user:a", 1, [1.0, 2.0]), prompt("user:a", 2, "an old text")]
    new = [row("user:a", 3, [1.0, 2.0], label="x", margin=0.2), prompt("user:a", 4, "a new text")]
    parts = [files(tmp_path / "old", old, drop=new_columns), files(tmp_path / "new", new)]
    items, vectors = (tuple(p[i][0] for p in parts) for i in (0, 1))
    found = nodes(Traffic(("m",), (), items, vectors, START, END)).nodes.to_pylist()
    assert [(r["modality"], r["ts"].second, r["repeat"]) for r in found] == [("text", 4, False), ("vector", 1, False), ("vector", 3, True)]
    alone = nodes(Traffic(("m",), (), items[:1], vectors[:1], START, END)).nodes.to_pylist()
    assert column(alone, "modality") == ["vector"]
    assert column(alone, "margin_rank") == [None]


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    assert share_out((), START, END) == ()
    empty = files(tmp_path / "empty", [])
    assert share_out(empty[0], START, END) == ()
    for items, vectors in (((), ()), empty):
        found = nodes(Traffic(("m",), (), items, vectors, START, END)).nodes
        assert found.num_rows == 0
        assert found.schema.equals(schema_of(NODES))
        assert nodes(Traffic(("m",), (), items, vectors, START, END)).representatives.schema.equals(schema_of(REPRESENTATIVES))


def test_vectors_without_items_have_no_node(tmp_path: Path) -> None:
    _, vectors = files(tmp_path / "a", [row("user:a", 1, [1.0])])
    assert nodes(Traffic(("m",), (), (), vectors, START, END)).nodes.num_rows == 0


def test_the_same_traffic_gives_the_same_bits_whatever_else_is_in_the_files(tmp_path: Path) -> None:
    mine = [*crowd(3), *(prompt(f"user:{n % 3}", 5000 + n, f"text number {n % 7} of some") for n in range(30))]
    others = [r | {"model": "other", "vector": [9.0 * x for x in r["vector"]]} for r in crowd(4)]
    unknown = [r | {"model": None} for r in crowd(5)]
    alone = files(tmp_path / "alone", mine)
    beside = files(tmp_path / "beside", [*others[:50], *reversed(mine), *unknown, *others[50:]])
    found = nodes(Traffic(("m",), (), *alone, START, END), threads=1).nodes
    assert found.num_rows == len(mine)
    assert found.equals(nodes(Traffic(("m",), (), *beside, START, END), threads=2).nodes)


def test_rows_with_other_fields_are_not_compared(forest: Grow) -> None:
    fields = (["age", "pulse"], ["c1", "c2"])
    found = forest([row("user:a", n, [1.0, 2.0], names=fields[n % 2]) for n in range(4)])
    shapes = column(found, "shape")
    assert shapes[0] == shapes[1] != shapes[2] == shapes[3]
    assert column(found, "repeat") == [False, True, False, True]


def test_models_read_together_stand_apart(tmp_path: Path) -> None:
    rows = [
        *crowd(3),
        *(r | {"model": "other", "event_id": f"other {r['event_id']}", "vector": [9.0 * x for x in r["vector"]]} for r in crowd(4)),
    ]
    parts = files(tmp_path / "both", rows)
    both = nodes(Traffic(("m", "other"), (), *parts, START, END)).nodes
    alone = [nodes(Traffic((name,), (), *parts, START, END)).nodes for name in ("m", "other")]
    assert both.equals(pa.concat_tables(alone))


def test_within_a_second_calls_stand_in_the_order_of_the_log(tmp_path: Path) -> None:
    rows = [row("user:a", 5, [float(n)], event_id=f"{(7 * n) % 10:02d}") for n in range(10)]
    parts = files(tmp_path / "p", rows)
    log = [{"event_id": r["event_id"], "ts": r["ts"], "model": "m", "source_row": n} for n, r in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(log, schema=arrow_schema("events")), tmp_path / "events.parquet")
    found = nodes(Traffic(("m",), (str(tmp_path / "events.parquet"),), *parts, START, END)).nodes
    assert found["event_id"].to_pylist() == [r["event_id"] for r in rows]


def test_too_long_rows_are_counted(tmp_path: Path) -> None:
    parts = files(tmp_path / "p", [row("user:a", 1, [0.0] * (MOST_DIMENSIONS + 1)), row("user:a", 2, [0.0])])
    assert nodes(Traffic(("m",), (), *parts, START, END)).too_long == 1


def test_scores_step_from_the_parent_and_from_the_kin(forest: Grow) -> None:
    one = normal(10, 5)
    queries = [("user:y", 0.9, "yes"), ("user:z", 0.5, "no"), ("user:z", 0.75, "no"), ("user:z", None, None)]
    rows = [
        row(client, 2000 + n, [*one[:4], one[4] + 0.01 * n], top_score=score, label=label)
        for n, (client, score, label) in enumerate(queries)
    ]
    found = [r for r in forest(crowd() + rows) if r["client_id"] in ("user:y", "user:z")]
    assert numbered(found, "parent") == [None, None, 1, 2]
    assert numbered(found, "kin") == [None, 0, 1, 2]
    assert column(found, "kin_foreign") == [None, True, False, False]
    assert column(found, "kin_repeat") == [None, False, False, False]
    assert column(found, "kin_changed") == [None, 1, 1, 1]
    assert column(found, "kin_axis") == [None, 4, 4, 4]
    assert column(found, "flip") == [None, None, False, None]
    assert column(found, "kin_flip") == [None, True, False, None]
    assert column(found, "score_step") == [None, None, 0.25, None]
    assert column(found, "kin_score_step") == [None, pytest.approx(-0.4), 0.25, None]
    assert numbered(found, "anchor") == [0, 1, 1, 1]
    assert numbered(found, "lineage") == [0, 0, 0, 0]


def test_a_lineage_is_of_all_clients_and_an_anchor_of_one(forest: Grow) -> None:
    base = normal(11, 5)
    accounts = [row(f"key:{n:02d}", 3000 + n, [x + 0.001 * y for x, y in zip(base, normal(100 + n, 5), strict=True)]) for n in range(30)]
    found = [r for r in forest(crowd(clients=60) + accounts) if r["client_id"].startswith("key:")]
    assert len({*column(found, "lineage")}) == 1
    assert column(found, "anchor") == column(found, "node")
    assert column(found, "kin_foreign") == [None] + [True] * 29
    assert found[0]["lineage"] == found[0]["node"]


def test_conversations_grow(forest: Grow) -> None:
    words = [f"word{n}" for n in range(90)]
    found = forest([prompt("user:a", n, " ".join(words[: 30 * (n + 1)])) for n in range(3)])
    assert column(found, "grows") == [False, True, True]
    assert numbered(found, "parent") == [None, 0, 1]
    assert numbered(found, "anchor") == [0, 0, 0]
    assert column(found, "near") == [False] * 3


def test_nodes_are_numbers_of_event_and_position_whatever_else_there_is(tmp_path: Path) -> None:
    rows = crowd(12)
    several = [r | {"idx": n % 3, "event_id": f"e{n // 3}", "ts": START} for n, r in enumerate(rows)]
    alone = nodes(Traffic(("m",), (), *files(tmp_path / "alone", several[:30]), START, END)).nodes.to_pylist()
    whole = nodes(Traffic(("m",), (), *files(tmp_path / "whole", several), START, END)).nodes.to_pylist()
    known = {(r["event_id"], r["idx"]): r["node"] for r in whole}
    assert len({*known.values()}) == len(rows)
    assert all(known[r["event_id"], r["idx"]] == r["node"] >= 0 for r in alone)


def strangers(seed: int) -> list[Item]:
    """Queries of which no two are near each other."""
    return crowd(seed, d=16)


class Nights:
    """Scans of one night after the other, each of which leaves its files for the next, as the pipeline does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[tuple[Past, Forest]] = []

    def scan(self, rows: Sequence[Item], night: int, length: int = 1) -> list[Item]:
        """The nodes of ``rows``, which are of ``length`` days from ``night`` on; seconds count from the first."""
        start = START + night * DAY
        folder = self.folder / f"{len(self.made)}"
        items, vectors = files(folder, rows)
        past = Past(
            until=start,
            nodes=sum((p.nodes for p, _ in self.made), ()),
            representatives=sum((p.representatives for p, _ in self.made), ()),
            items=sum((p.items for p, _ in self.made), ()),
            vectors=sum((p.vectors for p, _ in self.made), ()),
        )
        found = nodes(Traffic(("m",), (), items, vectors, start, start + length * DAY, past))
        pq.write_table(found.nodes, folder / "nodes.parquet")
        pq.write_table(found.representatives, folder / "representatives.parquet")
        mine = (str(folder / "nodes.parquet"),), (str(folder / "representatives.parquet"),)
        self.made.append((Past(start, mine[0], mine[1], items, vectors), found))
        return list(found.nodes.to_pylist())


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path / "nights")


def later(rows: Sequence[Item], days: int) -> list[Item]:
    """The same a few days later, as calls of their own."""
    return [r | {"ts": r["ts"] + days * DAY, "event_id": f"{r['event_id']} +{days}"} for r in rows]


def beside(rows: Sequence[Item], by: float, client: str = "") -> list[Item]:
    """Near copies, of the same clients or, as calls of its own, of another."""
    renamed = {"client_id": client} if client else {}
    return [r | {"vector": [x + by for x in r["vector"]], "event_id": f"{client}{r['event_id']}"} | renamed for r in rows]


def test_the_second_night_continues_what_the_first_began(nights: Nights) -> None:
    before = nights.scan(strangers(1), 0)
    after = nights.scan(later([*beside(strangers(1)[:40], 1e-3), *strangers(2)[40:]], 1), 1)
    known = {r["node"]: r for r in before}
    mine = [r for r in after if r["client_id"] in ("user:0", "user:1")]
    assert len(mine) == 40
    assert all(r["near"] and r["parent"] in known and known[r["parent"]]["client_id"] == r["client_id"] for r in mine)
    assert column(mine, "anchor") == [known[r["parent"]]["anchor"] for r in mine]
    assert column(mine, "lineage") == [known[r["parent"]]["lineage"] for r in mine]
    assert column(mine, "kin") == column(mine, "parent")
    assert column(mine, "place") == [*range(20)] * 2
    assert len(after) == 120
    assert {r["node"] for r in after}.isdisjoint(known)


def test_texts_continue_what_the_night_before_began(nights: Nights) -> None:
    words = [f"word{n}" for n in range(80)]
    first, second = " ".join(words[:30]), " ".join(words[30:60])
    before = nights.scan([prompt("user:a", 1, first), prompt("user:a", 2, second)], 0)
    tonight = [
        prompt("user:a", 3, first),
        prompt("user:a", 4, " ".join([*words[30:59], "yard"])),
        prompt("user:a", 5, " ".join([*words[:30], *words[60:]])),
        prompt("user:b", 6, second),
    ]
    after = nights.scan(later(tonight, 1), 1)
    nodes_of = column(before, "node")
    assert column(after, "parent") == [nodes_of[0], nodes_of[1], after[0]["node"], None]
    assert column(after, "repeat") == [True, False, False, False]
    assert column(after, "near") == [False, True, False, False]
    assert column(after, "grows") == [False, False, True, False]
    assert column(after, "anchor") == [nodes_of[0], nodes_of[1], nodes_of[0], after[3]["node"]]
    assert column(after, "lineage") == [nodes_of[0], nodes_of[1], nodes_of[0], nodes_of[1]]
    assert column(after, "kin_repeat") == [True, False, None, True]


def test_the_first_query_of_a_night_has_a_step_from_the_last_of_the_night_before(nights: Nights) -> None:
    before = nights.scan(strangers(3), 0)
    after = nights.scan(later(strangers(4), 1), 1)
    first = [r for r in after if r["place"] == 0]
    assert all(r["parent"] is not None and r["gap"] is not None and r["step_hash"] is not None for r in first)
    assert {r["parent"] for r in first} <= {*column(before, "node")}


@pytest.mark.parametrize(("night", "remembered"), [(1, True), (6, True), (SINGLES.days + 1, False)])
def test_single_queries_are_forgotten_after_a_week(night: int, remembered: bool, nights: Nights) -> None:
    before = nights.scan(strangers(5), 0)
    assert nights.made[0][1].representatives.num_rows == 0
    after = nights.scan(later([*strangers(6), *beside(strangers(5)[:20], 1e-3, "user:new")], night), night)
    lineages = [r["lineage"] for r in after if r["client_id"] == "user:new"]
    if remembered:
        assert lineages == column(before, "lineage")[:20]
    else:
        assert {*lineages}.isdisjoint(column(before, "lineage"))


@pytest.mark.parametrize(("night", "remembered"), [(8, True), (60, True), (LINEAGES.days - 1, True), (LINEAGES.days + 1, False)])
def test_lineages_of_two_or_more_are_forgotten_after_ninety_nights(night: int, remembered: bool, nights: Nights) -> None:
    later_ones = [r | {"ts": r["ts"] + timedelta(hours=1), "event_id": f"{r['event_id']}b"} for r in beside(strangers(7)[:20], 1e-3)]
    pairs = strangers(7)[:20] + later_ones
    before = nights.scan([*strangers(7)[20:], *pairs], 0)
    kept = nights.made[0][1].representatives.to_pylist()
    assert len(kept) == 20
    assert column(kept, "ts") == [r["ts"] for r in pairs[20:]]
    begun = [r["lineage"] for r in before if r["client_id"] == "user:0"]
    assert [*Counter(begun).values()] == [2] * 20
    after = nights.scan(later([*strangers(8)[20:], *beside(strangers(7)[:20], 2e-3)], night), night)
    mine = [r for r in after if r["client_id"] == "user:0"]
    if remembered:
        assert column(mine, "lineage") == column(mine, "anchor") == begun[:20]
        assert column(mine, "parent") == column(kept, "node")
    else:
        assert column(mine, "lineage") == column(mine, "node")


def test_a_lineage_that_goes_on_is_remembered_from_its_latest_query(nights: Nights) -> None:
    nights.scan([*strangers(7), *beside([row("user:0", 9000, strangers(7)[0]["vector"])], 1e-3)], 0)
    begun = nights.made[0][1].nodes.to_pylist()[0]["lineage"]
    for night in (80, 160, 240):
        found = nights.scan(later([*strangers(night)[1:], *beside(strangers(7)[:1], 1e-5 * night)], night), night)
        assert found[0]["lineage"] == begun
        assert begun in column(nights.made[-1][1].representatives.to_pylist(), "lineage")


def three_nights() -> list[list[Item]]:
    """Natural clients, a campaign over accounts, a search by one client, and repeats; each night's rows."""
    base = normal(20, 2, 8)
    whole = []
    for night in range(3):
        rows = later(crowd(30 + night, clients=50, each=8, d=8), night)
        jitters = normal(40 + night, 2, 12, 8)
        rows += later(beside_each(base[0], jitters[0], [f"key:{night}-{n}" for n in range(12)]), night)
        rows += later(beside_each(base[1], jitters[1], ["user:search"] * 12), night)
        rows += later(crowd(50, clients=3, each=4, d=8), night)
        whole.append([r | {"event_id": f"{n:04d} {r['event_id']}"} for n, r in enumerate(rows)])
    return whole


def beside_each(base: list[float], jitters: list[list[float]], clients: list[str]) -> list[Item]:
    return [
        row(client, 7000 + n, [x + 0.005 * y for x, y in zip(base, jitter, strict=True)])
        for n, (client, jitter) in enumerate(zip(clients, jitters, strict=True))
    ]


def test_three_nights_at_once_and_one_after_the_other_give_the_same_lineages(tmp_path: Path) -> None:
    each = three_nights()
    whole = {r["node"]: r["lineage"] for r in Nights(tmp_path / "whole").scan([*chain(*each)], 0, length=3)}
    nightly = Nights(tmp_path / "nightly")
    found = {r["node"]: r["lineage"] for night, rows in enumerate(each) for r in nightly.scan(rows, night)}
    assert found.keys() == whole.keys()
    assert np.mean([lineage == whole[node] for node, lineage in found.items()]) >= 0.98
    sizes = Counter(found.values())
    assert sorted(sizes.values())[-2:] == [36, 36]
    assert sorted(sizes.values())[-14:-2] == [3] * 12


def test_the_order_of_files_and_rows_does_not_show(tmp_path: Path) -> None:
    each = three_nights()
    nights = Nights(tmp_path / "nights")
    nights.scan(each[0], 0)
    past, chance, made = nights.made[0][0], random.Random(5), []
    start = START + DAY
    past = replace(past, until=start)
    for turn in range(3):
        rows = each[1].copy()
        chance.shuffle(rows)
        parts = [files(tmp_path / f"{turn}-{part}", rows[part::3]) for part in range(3)]
        chance.shuffle(parts)
        items, vectors = (tuple(p[i][0] for p in parts) for i in (0, 1))
        made.append(nodes(Traffic(("m",), (), items, vectors, start, start + DAY, past), threads=1 + turn % 2))
    assert all(found.nodes.equals(made[0].nodes) and found.representatives.equals(made[0].representatives) for found in made)
    assert made[0].representatives.num_rows > 2


def test_of_what_is_stored_only_what_is_older_than_the_scan_counts(tmp_path: Path) -> None:
    each = three_nights()
    nights = Nights(tmp_path / "nights")
    nights.scan(each[0], 0)
    nights.scan(each[1], 1)
    (stored, _), (fresh, made) = nights.made
    stale = tmp_path / "stale.parquet"
    names = made.nodes.schema.get_field_index("lineage")
    pq.write_table(made.nodes.set_column(names, "lineage", made.nodes["node"]), stale)  # an earlier scan of the second night saw no trees
    start = START + 2 * DAY
    past = Past(
        until=START + DAY,
        nodes=(*stored.nodes, str(stale)),
        representatives=stored.representatives,
        items=stored.items + fresh.items,
        vectors=stored.vectors + fresh.vectors,
        fresh_nodes=fresh.nodes,
        fresh_representatives=fresh.representatives,
    )
    items, vectors = files(tmp_path / "third", each[2])
    found = nodes(Traffic(("m",), (), items, vectors, start, start + DAY, past)).nodes.to_pylist()
    assert {r["node"]: r["lineage"] for r in found} == {r["node"]: r["lineage"] for r in nights.scan(each[2], 2)}


def test_what_is_remembered_of_queries_that_are_gone_does_no_harm(tmp_path: Path) -> None:
    nights = Nights(tmp_path / "nights")
    nights.scan(strangers(1), 0)
    past = replace(nights.made[0][0], until=START + DAY, items=(), vectors=())
    parts = files(tmp_path / "next", later(strangers(1), 1))
    found = nodes(Traffic(("m",), (), *parts, START + DAY, END + DAY, past)).nodes.to_pylist()
    assert column(found, "lineage") == column(found, "node")
    assert not any(column(found, "repeat"))


def test_models_and_shapes_stand_apart_from_night_to_night(nights: Nights) -> None:
    nights.scan([*strangers(1), *(r | {"names": list("abcdefghijklmnop"), "event_id": f"n {r['event_id']}"} for r in strangers(1))], 0)
    others = [r | {"names": list("ABCDEFGHIJKLMNOP")} for r in later(strangers(1), 1)]
    found = nights.scan([*others, *(r | {"model": "other", "event_id": f"o {r['event_id']}"} for r in later(strangers(1), 1))], 1)
    assert len(found) == len(others)
    assert column(found, "lineage") == column(found, "node")


def test_representatives_are_what_the_next_nights_need(nights: Nights) -> None:
    text = "please count the red boxes that are left in the hall"
    rows = [prompt(f"user:{n}", n, text, label="yes", top_score=0.5) for n in range(3)]
    rows.append(prompt("user:x", 9, "nothing like the others at all"))
    found = nights.scan(rows, 0)
    (kept,) = nights.made[0][1].representatives.to_pylist()
    latest = next(r for r in found if r["client_id"] == "user:2")
    for name in ("node", "ts", "client_id", "model", "shape", "anchor", "lineage"):
        assert kept[name] == latest[name], name
    for name in ("label", "top_score", "exact_hash", "words", "fold_hash", "head_hash", "tail_hash", "masked_hash", "shingles", "grams"):
        assert kept[name] == rows[2][name], name
    assert kept["vector"] is None
