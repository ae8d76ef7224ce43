"""Which words differ, and whose characters they are, against plain Python; and what nodes say of it."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_lineages import END, START, Item, Nights, column, files, later, prompt

from forensics.similarity.lineages import Traffic, nodes
from forensics.similarity.population import spaced
from forensics.similarity.wording import FEWEST_WORDS, PER_CLIENT, edited, novelty
from forensics.sketch.kernel import EDGE
from forensics.sketch.sets import BINS

Grow = Callable[[Sequence[Item]], list[Item]]
Words = list[int]
Known = tuple[int, int, int, int]
NOTHING: Known = (-1, -1, -1, -1)


def kept(words: Words) -> Words:
    return words if len(words) <= 2 * EDGE else [*words[:EDGE], *words[-EDGE:]]


def known(words: Words) -> list[int | None]:
    """Each word, None where it was not kept."""
    return [word if n < EDGE or n >= len(words) - EDGE or len(words) <= 2 * EDGE else None for n, word in enumerate(words)]


def alike(one: Sequence[int | None], other: Sequence[int | None]) -> int | None:
    """How many are the same from the beginning on; None where that is not known."""
    for n, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine is None or theirs is None:
            return None
        if mine != theirs:
            return n
    return min(len(one), len(other))


def difference(words: Words, parent: Words) -> Known:
    """In plain Python: (words that differ, words that the parent has not, words before, words after)."""
    one, other = known(words), known(parent)
    before = alike(one, other)
    if before is None or words == parent:
        return NOTHING
    after = alike(one[before:][::-1], other[before:][::-1])
    if after is None:
        return NOTHING
    longer = max(len(words), len(parent))
    same_length = len(words) == len(parent)
    changed = sum(a != b for a, b in zip(one, other, strict=True)) if same_length else longer - before - after
    return changed, sum(word not in kept(parent) for word in kept(words)), before, after


def found(texts: Sequence[Words], parents: Sequence[int], forgotten: Sequence[int] = ()) -> list[Known]:
    held = [[] if t in forgotten else kept(words) for t, words in enumerate(texts)]
    offsets = np.cumsum([0, *map(len, held)])
    flat = np.array([word for words in held for word in words], np.uint16)
    done = edited(flat, offsets, np.array([len(t) for t in texts], np.int64), np.array(parents, np.int64))
    return list(zip(*(column.tolist() for column in (done.words, done.new, done.start, done.end)), strict=True))


def version(chosen: random.Random, words: Words) -> Words:
    """A few words exchanged, left out or put in."""
    out = list(words)
    for _ in range(chosen.choice([0, 1, 1, 2, 5])):
        place = chosen.randrange(len(out) + 1)
        match chosen.randrange(3):
            case 0:
                out[place : place + 1] = [chosen.randrange(1000)]
            case 1:
                del out[place : place + chosen.randrange(4)]
            case _:
                out[place:place] = [chosen.randrange(1000) for _ in range(chosen.randrange(4))]
    return out


@pytest.mark.parametrize("length", [1, 5, 40, 126, 127, 128, 129, 130, 140, 190, 400])
def test_words_that_differ_are_those_of_plain_python(length: int) -> None:
    chosen, told = random.Random(length), 0
    for vocabulary in (2, 30, 65_536):
        texts = [[chosen.randrange(vocabulary) for _ in range(length)]]
        parents = [-1]
        for _ in range(60):
            parents.append(chosen.randrange(len(texts)))
            texts.append(version(chosen, texts[parents[-1]]))
        expected = [NOTHING if p < 0 else difference(t, texts[p]) for t, p in zip(texts, parents, strict=True)]
        assert found(texts, parents) == expected
        told += sum(one != NOTHING for one in expected)
    assert told > 10


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
def test_short_texts_of_any_words(one: Words, other: Words) -> None:
    assert found([one, other], [-1, 0]) == [NOTHING, difference(other, one)]


def test_the_parts_are_those_of_the_whole() -> None:
    """Of two texts of other lengths, what differs stands between the beginning and the end that they have in common."""
    chosen = random.Random(3)
    for _ in range(200):
        one = [chosen.randrange(50) for _ in range(chosen.randrange(1, 100))]
        other = version(chosen, one)
        ((_, _, _, _), (changed, new, before, after)) = found([one, other], [-1, 0])
        if one == other:
            assert changed == -1
            continue
        assert other[:before] == one[:before]
        assert other[len(other) - after :] == one[len(one) - after :]
        assert 0 <= new <= len(other)
        assert changed >= 1
        if len(one) == len(other):
            assert changed == sum(a != b for a, b in zip(one, other, strict=True))
        else:
            assert changed == max(len(one), len(other)) - before - after


def test_of_long_texts_only_the_ends_are_known() -> None:
    words = list(range(300))
    middle, first, last = ([*words[:n], 999, *words[n + 1 :]] for n in (150, 10, 290))
    shorter = words[:100] + words[101:]
    done = found([words, middle, first, last, shorter, [*first[:-1], 998]], [-1, 0, 0, 0, 0, 0])
    assert done[1] == done[4] == NOTHING, "they differ where nothing was kept"
    assert done[2:4] == [NOTHING] * 2, "nor is it known how the middle goes on"
    assert done[5] == (2, 2, 10, 0)


def test_what_an_older_version_kept_has_no_words() -> None:
    texts = [[1, 2, 3], [1, 2, 4], [1, 2, 5]]
    assert found(texts, [-1, 0, 1], forgotten=[0]) == [NOTHING, NOTHING, (1, 1, 2, 0)]
    assert found(texts, [-1, 0, 1], forgotten=[1, 2]) == [NOTHING] * 3
    assert found([], []) == []


def sketches(seed: int, n: int, values: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    return np.random.default_rng(seed).integers(0, values, (n, BINS)).astype(np.uint16)


def shares(
    grams: np.ndarray[Any, Any], words: Sequence[int], clients: Sequence[int], first: Sequence[int], sample: set[int]
) -> list[float]:
    """In plain Python, NaN as -1."""
    telling = [t for t in range(len(words)) if first[t] < 0 and words[t] >= FEWEST_WORDS]
    others = {t: [s for s in sample if clients[s] != clients[t]] for t in telling}
    if len({clients[t] for t in telling}) < 2:
        return [-1.0] * len(words)
    return [sum(all(grams[s, k] != grams[t, k] for s in others[t]) for k in range(BINS)) / BINS if t in others else -1.0
            for t in range(len(words))]  # fmt: skip


@pytest.mark.parametrize("sizes", [(3, 4), (1, 1, 1), (20, 2, 5, 1), (40, 10)])
def test_novelty_is_what_no_other_client_has(sizes: tuple[int, ...]) -> None:
    n, chosen = sum(sizes), random.Random(len(sizes))
    clients = np.repeat(np.arange(len(sizes)), sizes)
    words = np.array([chosen.choice([1, 2, 3, 4, 30]) for _ in range(n)])
    words[np.r_[0, np.cumsum(sizes)[:-1]]] = 9
    first = np.array([-1 if chosen.random() < 0.8 or t == 0 else 0 for t in range(n)])
    for values in (2, 10, 60_000):
        grams = sketches(n + values, n, values)
        grams[-1] = grams[0]
        telling = {t for t in range(n) if first[t] < 0 and words[t] >= FEWEST_WORDS}
        expected = shares(grams, words.tolist(), clients.tolist(), first.tolist(), telling)
        assert np.nan_to_num(novelty(grams, words, clients, first), nan=-1.0).tolist() == expected
        assert max(expected) > -1


def test_of_a_client_with_many_texts_some_are_known_to_the_others() -> None:
    sizes = (5 * PER_CLIENT, 30)
    clients, n = np.repeat([0, 1], sizes), sum(sizes)
    grams = sketches(1, n, 40)
    sample = set(spaced(np.array([0, sizes[0], n]), n, PER_CLIENT).tolist())
    assert len(sample) == PER_CLIENT + 30
    done = novelty(grams, np.full(n, 9), clients, np.full(n, -1))
    assert done.tolist() == shares(grams, [9] * n, clients.tolist(), [-1] * n, sample)


def test_where_there_are_no_others_nothing_is_new() -> None:
    for clients, words in (([0, 0, 0], [9, 9, 9]), ([0, 1, 1], [9, 2, 1]), ([], [])):
        done = novelty(sketches(1, len(words), 9), np.array(words, np.int64), np.array(clients, np.int64), np.full(len(words), -1))
        assert np.isnan(done).all()
        assert len(done) == len(words)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(1, 300), st.integers(1, 40))
def test_spaced_gives_every_client_the_same_number(sizes: list[int], most: int, per_client: int) -> None:
    bounds = np.r_[0, np.cumsum(sizes)]
    picked = spaced(bounds, most, per_client).tolist()
    assert picked == sorted({*picked})
    assert len(picked) <= most
    each = [sum(a <= row < b for row in picked) for a, b in pairwise(bounds)]
    assert all(n <= min(size, per_client) for n, size in zip(each, sizes, strict=True))
    if len(sizes) <= most and sum(each) < most:
        quota = max(each)
        assert each == [min(size, quota) for size in sizes]
        assert quota == per_client or sum(min(size, quota) for size in sizes) == sum(sizes) or sum(each) + len(sizes) > most


def test_spaced_rows_lie_evenly() -> None:
    assert spaced(np.array([0, 10, 12]), 6, 5).tolist() == [1, 3, 6, 8, 10, 11]
    assert spaced(np.array([0, 10]), 100, 5).tolist() == [1, 3, 5, 7, 9]
    assert spaced(np.arange(11), 5, 5).tolist() == [0, 2, 4, 6, 9]


SENTENCE = "please tell me how many of the red boxes from the last delivery are still in the hall tonight"
COLUMNS = ("edited_words", "new_words", "edit_start", "edit_end")


@pytest.fixture
def forest(tmp_path: Path) -> Grow:
    """Nodes of one model from these rows."""
    return lambda rows: list(nodes(Traffic(("m",), (), *files(tmp_path / "p", rows), START, END)).nodes.to_pylist())


def said(row: Item) -> tuple[Any, ...]:
    return tuple(row[name] for name in COLUMNS)


def test_nodes_say_which_words_differ(forest: Grow) -> None:
    words = SENTENCE.split()
    texts = [
        SENTENCE,
        " ".join([*words[:7], "blue", *words[8:]]),
        SENTENCE.upper(),
        " ".join(["kindly", "do", *words[1:]]),
        " ".join(words[:-1]),
        SENTENCE,
        "nothing of the kind",
    ]
    done = forest([prompt("user:a", n, t) for n, t in enumerate(texts)])
    assert said(done[0]) == said(done[5]) == (None,) * 4, "no parent, and a repeat"
    assert said(done[1]) == (1, 1, 7, len(words) - 8)
    assert said(done[2]) == (None,) * 4, "the same words in capitals"
    assert said(done[3]) == (2, 2, 0, len(words) - 1)
    assert said(done[4]) == (1, 0, len(words) - 1, 0)
    assert {r["outside"] for r in done} == {r["outside_rank"] for r in done} == {None}, "one client has nobody beside him"


def test_nodes_say_who_writes_as_nobody_else_does(forest: Grow) -> None:
    chosen = random.Random(4)
    plain = [prompt(f"user:{n % 4}", n, " ".join(chosen.sample(SENTENCE.split(), 17))) for n in range(40)]
    strange = [prompt("user:z", 100 + n, f"xqz{n} jjkvw{n} qqzx wvvk{n} zzqp") for n in range(3)]
    done = {r["event_id"]: r for r in forest([*plain, *strange, prompt("user:z", 200, SENTENCE), prompt("user:z", 300, "too short")])}
    ranks = {client: [r["outside_rank"] for r in done.values() if r["client_id"] == client] for client in ("user:0", "user:z")}
    for row in strange:
        assert done[row["event_id"]]["outside"] > 0.9
        assert done[row["event_id"]]["outside_rank"] > 0.9
    assert all(0 <= rank < 0.95 for rank in ranks["user:0"])
    assert done[prompt("user:z", 200, SENTENCE)["event_id"]]["outside"] < 0.5
    assert done[prompt("user:z", 300, "too short")["event_id"]]["outside"] is None


def test_parts_of_before_the_words_were_kept(tmp_path: Path) -> None:
    words = SENTENCE.split()
    old = [prompt("user:a", 1, SENTENCE), prompt("user:b", 1, SENTENCE)]
    new = [prompt("user:a", n, " ".join([*words[:n], "blue", *words[n + 1 :]])) for n in (3, 4)]
    parts = [files(tmp_path / "old", old, drop=("ordered", "runs")), files(tmp_path / "new", new)]
    items, vectors = (tuple(p[i][0] for p in parts) for i in (0, 1))
    done = nodes(Traffic(("m",), (), items, vectors, START, END)).nodes.to_pylist()
    mine = [r for r in done if r["client_id"] == "user:a"]
    assert column(mine, "near") == [False, True, True]
    assert said(mine[1]) == (None,) * 4, "nobody knows the words of what it came from"
    assert mine[2]["parent"] in (mine[0]["node"], mine[1]["node"])
    assert said(mine[2]) == ((2, 1, 3, len(words) - 5) if mine[2]["parent"] == mine[1]["node"] else (None,) * 4)


def test_the_same_texts_give_the_same_bits_in_any_order_of_the_files(tmp_path: Path) -> None:
    chosen = random.Random(5)
    rows = [prompt(f"user:{n % 5}", n, " ".join(chosen.choices(SENTENCE.split(), k=chosen.randrange(2, 200)))) for n in range(80)]
    rows += [prompt(f"user:{n % 5}", 100 + n, f"{SENTENCE} {' '.join(chosen.choices('abcdef', k=2))}") for n in range(80)]
    made = []
    for n, (held, threads) in enumerate([(rows, 1), (rows[::-1], 2), (chosen.sample(rows, len(rows)), 2)]):
        made.append(nodes(Traffic(("m",), (), *files(tmp_path / str(n), held), START, END), threads=threads).nodes)
    assert made[0].equals(made[1])
    assert made[0].equals(made[2])
    assert made[0]["edited_words"].null_count < 80
    assert made[0]["outside"].null_count < 40


def test_from_night_to_night_words_are_compared_with_those_of_before(tmp_path: Path) -> None:
    """With what the client sent last week, and with what stands for an older lineage."""
    words = SENTENCE.split()
    versions = [[*words[:n], "blue", *words[n + 1 :]] for n in (2, 9)]
    nights = Nights(tmp_path / "nights")
    nights.scan([prompt("user:a", 1, SENTENCE), prompt("user:a", 2, " ".join(versions[0]))], 0)
    (soon,) = nights.scan(later([prompt("user:a", 3, " ".join(versions[1]))], 1), 1)
    (late,) = nights.scan(later([prompt("user:a", 4, " ".join([*words, "at", "once"]))], 40), 40)
    assert said(soon) in [(1, 1, 9, len(words) - 10), (2, 1, 2, len(words) - 10)]
    assert said(soon)[:2] == ((1, 1) if soon["parent"] == nights.made[0][1].nodes["node"][0].as_py() else (2, 1))
    assert late["lineage"] == soon["lineage"]
    assert late["parent"] == soon["node"]
    assert said(late)[1:3] == (3, 9)
