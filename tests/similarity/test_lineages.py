"""The forest of a model, from files of items and vectors to nodes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forensics.model.event import arrow_schema
from forensics.model.lineage import nodes_schema
from forensics.similarity.lineages import MARGINS_PER_CLIENT, MOST_DIMENSIONS, Traffic, nodes, share_out
from forensics.sketch.key import Key
from forensics.sketch.text import describer

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=1)
Item = dict[str, Any]
Forest = Callable[..., list[Item]]
describe = describer(Key("k", b"\x07" * 32))


def row(client: str, second: float, vector: Sequence[float], model: str | None = "m", **more: Any) -> Item:
    item = {"client_id": client, "ts": START + timedelta(seconds=second), "model": model, "idx": 0, "modality": "vector"}
    return item | {"event_id": f"{client} {second:06.1f} {len(vector)}", "vector": list(vector)} | more


def prompt(client: str, second: float, text: str, **more: Any) -> Item:
    shape = describe(pa.array([text])).to_pylist()[0]
    return row(client, second, (), modality="text", exact_hash=text, **shape) | more


def files(folder: Path, rows: Sequence[Item], drop: Sequence[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A part of items and one of vectors, without some columns."""
    folder.mkdir()
    for name, held in (("items", list(rows)), ("vectors", [r for r in rows if r["modality"] == "vector"])):
        table = pa.Table.from_pylist(held, schema=arrow_schema(name))
        pq.write_table(table.drop_columns([c for c in drop if c in table.column_names]), folder / f"{name}.parquet")
    return (str(folder / "items.parquet"),), (str(folder / "vectors.parquet"),)


@pytest.fixture
def forest(tmp_path: Path) -> Forest:
    """Nodes of one model from these rows, in two parts."""

    def run(rows: Sequence[Item], model: str = "m", start: datetime = START, end: datetime = END) -> list[Item]:
        items, vectors = zip(files(tmp_path / "a", rows[::2]), files(tmp_path / "b", rows[1::2]), strict=True)
        found = nodes(Traffic((model,), (), sum(items, ()), sum(vectors, ()), start, end), threads=2).nodes
        assert found.schema.equals(nodes_schema())
        return list(found.to_pylist())

    return run


def normal(seed: int, *shape: int) -> list[list[float]]:
    return np.random.default_rng(seed).normal(size=shape).tolist()  # type: ignore[no-any-return]


def column(found: Sequence[Item], name: str) -> list[Any]:
    return [r[name] for r in found]


def crowd(seed: int = 1, clients: int = 6, each: int = 20, d: int = 5) -> list[Item]:
    vectors = normal(seed, clients, each, d)
    return [row(f"user:{c}", 60 * n, vectors[c][n]) for c in range(clients) for n in range(each)]


def test_a_lineage_is_the_group_of_near_copies_and_repeats_of_its_first_query(forest: Forest) -> None:
    one, two = normal(2, 2, 5)
    a = [one, two, [one[0] + 0.01, *one[1:]], two, [one[0] + 0.02, *one[1:]], one]
    found = forest(crowd() + [row("user:z", n, v) for n, v in enumerate(a)])
    mine = [r for r in found if r["client_id"] == "user:z"]
    assert column(mine, "place") == [0, 1, 2, 3, 4, 5]
    assert column(mine, "parent") == [None, 0, 0, 1, 2, 0]
    assert column(mine, "lineage") == [0, 1, 0, 1, 0, 0]
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


def test_texts_and_the_step_between_them(forest: Forest) -> None:
    sentence = "please tell me how many of the red boxes from the last delivery are still in the hall"
    words = sentence.split()
    texts = [" ".join(words), " ".join([*words[:-1], "yard"]), " ".join(["Kindly", *words[1:]]), "something else", " ".join(words).upper()]
    found = forest([prompt("user:a", n, t) for n, t in enumerate([*texts, texts[0]])])
    assert column(found, "parent") == [None, 0, 0, 2, 0, 0]
    assert column(found, "near") == [False, True, True, False, True, False]
    assert column(found, "repeat") == [False] * 5 + [True]
    assert column(found, "lineage") == [0, 0, 0, 3, 0, 0]
    assert column(found, "same_head") == [False, True, False, False, True, True]
    assert column(found, "same_tail") == [False, False, True, False, True, True]
    assert column(found, "same_words") == [False, False, False, False, True, False]
    assert column(found, "same_length") == [False, True, True, False, True, True]
    assert found[4]["distance"] == found[5]["distance"] == 0.0
    assert found[0]["cell"] == found[1]["cell"] != found[2]["cell"]
    assert {r["modality"] for r in found} == {"text"}
    assert {r[name] for r in found for name in ("changed", "axis", "line", "even", "outside", "step_hash")} == {None}


def test_rows_of_different_lengths_are_not_compared(forest: Forest) -> None:
    rows = [row("user:a", n, [0.1] * (2 + n % 2)) for n in range(6)] + [prompt("user:a", 9, "a text")]
    found = forest(rows)
    assert column(found, "modality") == ["text"] + ["vector"] * 6
    assert column(found, "shape") == [0, 1, 1, 1, 2, 2, 2]
    assert column(found, "ts") == [r["ts"] for r in (rows[-1], *rows[0:6:2], *rows[1:6:2])]
    assert column(found[1:], "place") == [0, 1, 2] * 2
    assert column(found[1:], "repeat") == [False, True, True] * 2
    assert column(found[1:], "parent") == [None, 0, 0] * 2


def test_what_has_no_node(forest: Forest) -> None:
    seen = row("user:a", 1, [1.0, 2.0])
    rows = [
        seen,
        row("user:a", 2, []),
        row("user:a", 3, [0.0] * (MOST_DIMENSIONS + 1)),
        prompt("user:a", 4, "a text without sketch", sketch=None),
        prompt("user:a", 5, ""),
        prompt("user:a", 6, "ids of tokens", modality="tokens"),
        prompt("user:a", 7, "other", modality="other", sketch=None),
        row("user:a", 8, [1.0, 2.0], model="another"),
    ]
    assert column(forest(rows), "event_id") == [seen["event_id"]]


def test_the_window_begins_with_its_start_and_ends_before_its_end(forest: Forest) -> None:
    rows = [row("user:a", n, [float(n)]) for n in range(6)]
    found = forest(rows, start=START + timedelta(seconds=1), end=START + timedelta(seconds=4))
    assert column(found, "ts") == [r["ts"] for r in rows[1:4]]
    assert column(found, "place") == [0, 1, 2]


HARD_NAMES = ["user:o'brien", 'user:"quoted"', "user:\u202egnp", "user:李雷 😀", "user:a;--", "", "user:\\x00%s{}$1"]


def test_any_client_id(forest: Forest) -> None:
    rows = [row(c, n, [float(n), 1.0]) for c in HARD_NAMES for n in range(3)] + [prompt(c, 9, "hello") for c in HARD_NAMES]
    found = forest(rows)
    assert sorted({r["client_id"] for r in found}) == sorted(HARD_NAMES)
    assert len(found) == 4 * len(HARD_NAMES)
    assert all(r["place"] == (int(r["ts"].second) if r["modality"] == "vector" else 0) for r in found)


@pytest.mark.parametrize("name", ["o'hara-7b", 'say "hi"', "a;drop table i;--", "模型", "", "$model", "getvariable('model')"])
def test_any_model_name(name: str, forest: Forest) -> None:
    found = forest([row("user:a", 1, [1.0], model=name), row("user:a", 2, [1.0], model=f"{name}x")], model=name)
    assert [(r["model"], r["ts"].second) for r in found] == [(name, 1)]


def test_no_model_is_unknown(tmp_path: Path, forest: Forest) -> None:
    found = forest(
        [row("user:a", 1, [1.0], model=None), row("user:a", 2, [2.0], model="unknown"), row("user:a", 3, [3.0])], model="unknown"
    )
    assert column(found, "model") == ["unknown", "unknown"]
    assert share_out([str(tmp_path / part / "items.parquet") for part in "ab"], START, END) == (("m", "unknown"),)


def test_labels_that_flip_and_ranks_of_margins(forest: Forest) -> None:
    labels = ["yes", "no", None, "no", "no"]
    margins = [0.0, 0.5, None, 0.9, 0.5]
    found = forest([row("user:a", n, [float(n != 2), 0.1 * n], label=labels[n], margin=margins[n]) for n in range(5)])
    parents = column(found, "parent")
    flips = [None if p is None or None in (labels[n], labels[p]) else labels[n] != labels[p] for n, p in enumerate(parents)]
    assert column(found, "flip") == flips
    assert True in flips
    assert column(found, "margin_rank") == [0.0, 0.25, None, 0.75, 0.25]


def test_no_client_has_more_margins_in_the_population_than_its_share(forest: Forest) -> None:
    heavy = [row("user:heavy", n, [float(n)], margin=0.9) for n in range(5 * MARGINS_PER_CLIENT)]
    light = [row(f"user:{n}", 1, [float(n)], margin=0.1) for n in range(MARGINS_PER_CLIENT)]
    ranks = {r["client_id"]: r["margin_rank"] for r in forest(heavy + light)}
    assert ranks["user:heavy"] == 0.5
    assert ranks["user:0"] == 0.0


def test_missing_coordinates_are_values_of_their_own(forest: Forest) -> None:
    nan = float("nan")
    found = forest([row("user:a", n, v) for n, v in enumerate([[nan, 1.0], [nan, 1.0], [0.0, 1.0], [nan, 2.0]])])
    assert column(found, "repeat") == [False, True, False, False]
    assert found[2]["changed"] == 1


def test_parts_of_before_the_sketches(tmp_path: Path) -> None:
    new_columns = ("sketch", "head_hash", "tail_hash", "fold_hash", "words", "margin", "label")
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
        assert found.schema.equals(nodes_schema())


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


def test_rows_with_other_fields_are_not_compared(forest: Forest) -> None:
    fields = (["age", "pulse"], ["c1", "c2"])
    found = forest([row("user:a", n, [1.0, 2.0], names=fields[n % 2]) for n in range(4)])
    assert column(found, "shape") == [1, 1, 2, 2]
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
