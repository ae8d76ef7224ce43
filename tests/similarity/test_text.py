"""The most similar earlier text, against Python's sets, and what conversations repeat."""

import itertools
from collections import Counter
from collections.abc import Sequence

import numba
import numpy as np
import pyarrow as pa
import pytest
from brute_force import Array, bits, by_turns, clients_of
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.similarity.text import CLOSEST, NEAR, RECENT, Edits, Sketches, edits, overlap
from forensics.sketch.key import Key
from forensics.sketch.sets import BINS, SHINGLES
from forensics.sketch.text import describer

describe = describer(Key("k", b"\x07" * 32))


def sketched(sets: Sequence[Sequence[int]], head: Array | None = None, words: int = 30) -> Sketches:
    """Texts with these shingles, which have no characters in common; by default none begins like another."""
    n = len(sets)
    flat = np.array([x for one in sets for x in sorted(set(one))], np.uint32)
    offsets = np.cumsum([0, *(len(set(one)) for one in sets)])
    grams = np.random.default_rng(n).integers(1, 2**16, (n, BINS)).astype(np.uint16)
    return Sketches(flat, offsets, grams, np.full(n, words), np.arange(n) if head is None else head)


def told(texts: Sequence[str]) -> Sketches:
    """What is kept of real texts."""
    rows = describe(pa.array(texts)).to_pylist()
    shingles = [np.frombuffer(row["shingles"], "<u4") for row in rows]
    return Sketches(
        np.concatenate(shingles).astype(np.uint32),
        np.cumsum([0, *map(len, shingles)]),
        np.array([np.frombuffer(row["grams"], "<u2") for row in rows]).astype(np.uint16),
        np.array([row["words"] for row in rows]),
        np.array([row["head_hash"] for row in rows]),
    )


def compared(sketches: Sketches, clients: Array, same: Array | None = None, order: Array | None = None, asks: Array | None = None) -> Edits:
    """By default each is another query, by turns, all new."""
    n = len(clients)
    return edits(
        sketches,
        np.arange(n) if same is None else same,
        clients,
        by_turns(clients) if order is None else order,
        np.ones(n, np.bool_) if asks is None else asks,
    )


def read(texts: Sequence[str], clients: Array, order: Array | None = None) -> Edits:
    """Equal texts are equal queries."""
    return compared(told(texts), clients, np.unique(texts, return_inverse=True)[1], order)


def jaccard(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def prose(seed: int, words: int) -> list[str]:
    letters = np.random.default_rng(seed).integers(97, 123, (words, 6))
    return ["".join(map(chr, word)) for word in letters]


number_sets = st.sets(st.integers(0, 60), max_size=40)


@settings(max_examples=150, deadline=None)
@given(number_sets, number_sets)
def test_overlap_is_that_of_sets(one: set[int], other: set[int]) -> None:
    flat = np.array([*sorted(one), *sorted(other)], np.uint32)
    assert overlap(flat, 0, len(one), len(one), len(flat)) == (len(one & other), len(one | other))


@pytest.mark.parametrize("size", [SHINGLES - 1, SHINGLES, 2000])
@pytest.mark.parametrize("shared", [0.1, 0.5, 0.9, 1.0])
def test_overlap_of_what_was_kept_of_long_texts_estimates_it(size: int, shared: float) -> None:
    found = []
    for seed in range(20):
        drawn = np.random.default_rng(seed).permutation(10**6)[: 2 * size]
        both = int(shared * size)
        one, other = drawn[:size], np.r_[drawn[:both], drawn[size : 2 * size - both]]
        kept = [np.sort(x)[:SHINGLES].astype(np.uint32) for x in (one, other)]
        both_kept, either = overlap(np.concatenate(kept), 0, len(kept[0]), len(kept[0]), len(kept[0]) + len(kept[1]))
        found.append(both_kept / either)
    expected = shared * size // 1 / (2 * size - shared * size // 1)
    assert np.mean(found) == pytest.approx(expected, abs=0.02)
    if size < SHINGLES:
        assert np.ptp(found) == 0


def random_sets(random: np.random.Generator, n: int, size: int, edited: float) -> list[set[int]]:
    """Some of them edits of earlier ones."""
    sets: list[set[int]] = []
    for t in range(n):
        fresh = {*random.integers(0, 2**32, size).tolist()}
        if t and random.random() < edited:
            source = sorted(sets[int(random.integers(t))])
            kept = random.random(len(source)) < random.choice([0.6, 0.8, 0.95])
            fresh = {x for x, keep in zip(source, kept, strict=True) if keep} | {*sorted(fresh)[: size // 10]}
        sets.append(fresh)
    return sets


def check_against_brute_force(sets: list[set[int]], clients: Array, same: Array, order: Array, asks: Array) -> Edits:
    found, when = compared(sketched([sorted(s) for s in sets]), clients, same, order, asks), np.argsort(order)
    for t in range(len(sets)):
        before = [p for p in range(t) if clients[p] == clients[t]]
        equal = [p for p in before if same[p] == same[t]]
        distinct = [p for p in before if not any(same[q] == same[p] for q in before if q < p)]
        own, kin = found.own, found.kin
        assert own.repeat[t] == (asks[t] and bool(equal))
        assert own.first[t] == (equal[0] if equal else -1)
        assert not found.grows[t]
        if before:
            assert found.gap[t] == pytest.approx(1 - jaccard(sets[t], sets[t - 1]))
        else:
            assert np.isnan(found.gap[t])
        if own.repeat[t]:
            assert (own.parent[t], own.distance[t], own.near[t]) == (equal[0], 0.0, False)
        elif not asks[t] or equal or not distinct:
            assert (own.parent[t], own.near[t]) == (-1, False)
            assert np.isnan(own.distance[t])
        else:
            assert own.parent[t] in distinct
            alike = jaccard(sets[t], sets[own.parent[t]])
            assert own.distance[t] == pytest.approx(1 - alike)
            assert own.near[t] == (alike >= NEAR)
            assert alike >= max(jaccard(sets[t], sets[p]) for p in distinct[-RECENT:])
        others = [p for p in range(len(sets)) if when[p] < when[t] and same[p] == same[t]]
        assert kin.repeat[t] == (asks[t] and bool(others))
        if kin.repeat[t]:
            assert (kin.parent[t], kin.distance[t]) == (min(others, key=lambda p: when[p]), 0.0)
        elif kin.parent[t] >= 0:
            alike = jaccard(sets[t], sets[kin.parent[t]])
            assert when[kin.parent[t]] < when[t]
            assert alike >= CLOSEST
            assert kin.distance[t] == pytest.approx(1 - alike)
            assert kin.near[t]
        assert kin.linked[t] == (kin.parent[t] >= 0)
    return found


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    edited=st.sampled_from([0.0, 0.5, 1.0]),
    texts=st.sampled_from([20, 1000]),
    seed=st.integers(0, 2**32),
)
def test_as_brute_force(sizes: list[int], edited: float, texts: int, seed: int) -> None:
    random, n, clients = np.random.default_rng(seed), sum(sizes), clients_of(*sizes)
    asks = random.random(n) < 0.8
    check_against_brute_force(random_sets(random, n, 40, edited), clients, random.integers(0, texts, n), by_turns(clients), asks)


@pytest.mark.parametrize(("shared", "either", "near", "kin"), [(49, 100, 0, 0), (50, 100, 1, 0), (79, 100, 1, 0), (80, 100, 1, 1)])
def test_near_from_half_on_and_kin_from_four_fifths_on(shared: int, either: int, near: bool, kin: bool) -> None:
    first = (either + shared) // 2
    one, other = range(1000, 1000 + first), range(1000 + first - shared, 1000 + either)
    sets = [[hash_of(x) for x in numbers] for numbers in (one, other)]
    found = compared(sketched(sets), clients_of(2))
    assert (found.own.parent.tolist(), found.own.near.tolist()) == ([-1, 0], [False, bool(near)])
    assert found.own.distance[1] == found.gap[1] == 1 - shared / either
    apart = compared(sketched(sets), clients_of(1, 1))
    assert apart.own.parent.tolist() == [-1, -1]
    assert apart.kin.near.tolist() == [False, bool(kin)]


def hash_of(number: int) -> int:
    return number * 0x9E3779B1 % 2**32


def test_repeats_are_the_same_query_whatever_the_sketch_says() -> None:
    sets = [[1, 2, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]  # the second: another query with the same newest text
    found = compared(sketched(sets), clients_of(4), np.array([7, 8, 7, 8]))
    assert found.own.repeat.tolist() == [False, False, True, True]
    assert found.own.near.tolist() == [False, True, False, False]
    assert found.own.parent.tolist() == [-1, 0, 0, 1]


def test_repeats_are_remembered_however_long_ago() -> None:
    sets = random_sets(np.random.default_rng(1), 2000, 12, 0.0)
    found = compared(sketched([*map(sorted, sets), sorted(sets[0])]), clients_of(2001), np.r_[0:2000, 0])
    assert found.own.repeat.tolist() == [False] * 2000 + [True]
    assert found.own.parent[2000] == 0


def test_texts_of_other_clients_are_kin_and_no_parents() -> None:
    sets = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]] * 6
    found = compared(sketched(sets), clients_of(2, 1, 3), np.zeros(6, np.int64), np.arange(6))
    assert found.own.parent.tolist() == [-1, 0, -1, -1, 3, 3]
    assert found.own.repeat.tolist() == [False, True, False, False, True, True]
    assert found.kin.parent.tolist() == [-1, 0, 0, 0, 0, 0]
    assert found.kin.repeat.tolist() == [False] + [True] * 5


def test_the_order_decides_who_is_earlier() -> None:
    sets = [list(range(20)), list(range(21))]
    for order, parents in ((np.array([0, 1]), [-1, 0]), (np.array([1, 0]), [1, -1])):
        assert compared(sketched(sets), clients_of(1, 1), order=order).kin.parent.tolist() == parents


def test_texts_that_do_not_ask_have_no_parent_and_may_be_one() -> None:
    sets = [[*range(k, k + 30)] for k in (0, 1, 1000, 1000)]
    asks = np.array([False, True, False, True])
    found = compared(sketched(sets), clients_of(4), np.array([0, 1, 2, 2]), asks=asks)
    for family in (found.own, found.kin):
        assert family.parent.tolist() == [-1, 0, -1, 2]
        assert family.near.tolist() == [False, True, False, False]
        assert family.repeat.tolist() == [False, False, False, True]


def in_common(sets: list[set[int]]) -> Array:
    """(n, n) how many shingles two texts share."""
    seen = Counter(x for one in sets for x in one)
    numbers = {x: k for k, x in enumerate(sorted(x for x, n in seen.items() if n > 1))}
    held = np.zeros((len(sets), len(numbers)), np.float32)
    for t, one in enumerate(sets):
        held[t, [numbers[x] for x in one if x in numbers]] = 1
    return np.asarray(held @ held.T)


def test_near_texts_are_found_wherever_they_are() -> None:
    expected = {"own": 0, "kin": 0}
    seen = {"own": 0, "kin": 0}
    for seed in range(8):
        random = np.random.default_rng(seed)
        sets = random_sets(random, 400, int(random.choice([15, 60, 300])), 0.5)
        clients, order = clients_of(200, *[20] * 10), np.arange(400)
        found = compared(sketched([sorted(s) for s in sets]), clients, order=order)
        shared = in_common(sets)
        sizes = np.array([len(one) for one in sets])
        for t in range(400):
            alike = shared[t, :t] / (sizes[:t] + sizes[t] - shared[t, :t])
            mine = clients[:t] == clients[t]
            for name, near, candidates in (("own", found.own.near[t], alike[mine]), ("kin", found.kin.near[t], alike)):
                if (candidates >= CLOSEST).any():
                    expected[name] += 1
                    seen[name] += near
    assert min(expected.values()) > 200
    assert seen["own"] >= 0.98 * expected["own"]
    assert seen["kin"] >= 0.98 * expected["kin"]


TYPOS = [
    ("What is the capital city of Mongolia?", "What is the captial city of Mongolia?"),
    ("translate good morning to japanese", "transalte good morning to japanese"),
    ("Please summarise this article about whales", "Please sumarise this article about whales"),
    ("how do I reverse a linked list", "how do I revers a linked list"),
]


@pytest.mark.parametrize(("text", "typed"), TYPOS)
def test_short_prompts_with_a_typo_are_near(text: str, typed: str) -> None:
    found = read([text, typed, "Give me a recipe for banana bread"], clients_of(3))
    assert found.own.near.tolist() == [False, True, False]
    assert found.own.parent[1] == 0


def test_different_short_prompts_are_not_near() -> None:
    texts = [
        "What is the capital of Peru?",
        "Who wrote the novel Dracula?",
        "translate hello to french",
        "fix my python code",
        "thanks",
        "yes",
    ]
    found = read(texts * 2, clients_of(6, 6), np.arange(12))
    assert not found.own.near.any()
    assert found.kin.repeat.tolist() == [False] * 6 + [True] * 6
    assert not found.kin.near.any()


def test_chinese_texts_with_one_character_changed_are_near() -> None:
    text = "我想知道明天北京的天气怎么样,是否需要带伞出门,以及周末适不适合去爬山。"
    found = read([text, text.replace("明", "后"), "请帮我写一封辞职信,语气要礼貌,但是也要坚定。"], clients_of(3))
    assert found.own.near.tolist() == [False, True, False]
    assert found.own.parent[1] == 0


def test_a_conversation_grows_and_is_no_near_copy_of_what_it_continues() -> None:
    turns = [" ".join(prose(seed, 40)) for seed in range(5)]
    texts = [" ".join(turns[: n + 1]) for n in range(5)]
    found = read(texts, clients_of(5))
    assert found.grows.tolist() == [False, True, True, True, True]
    assert found.own.parent.tolist() == [-1, 0, 1, 2, 3]
    assert not found.own.near.any()
    assert found.own.linked.tolist() == [False, True, True, True, True]
    assert len(set(found.own.root.tolist())) == 1
    assert not found.kin.linked.any()
    sets = [{*zip(words, words[1:], words[2:], strict=False)} for words in map(str.split, texts)]
    expected = [len(one & other) / len(one | other) for one, other in itertools.pairwise(sets)]
    assert found.own.distance[1:] == pytest.approx(1 - np.array(expected))


def test_what_is_new_in_conversations_of_different_clients_is_compared() -> None:
    asked = prose(1, 60)
    again = [*asked[:30], "changed", *asked[31:]]
    one, other = (" ".join(prose(seed, 80)) for seed in (2, 3))
    texts = [one, f"{one} {' '.join(asked)}", other, f"{other} {' '.join(again)}"]
    found = read(texts, clients_of(2, 2), np.arange(4))
    assert found.grows.tolist() == [False, True, False, True]
    assert found.kin.parent.tolist() == [-1, -1, -1, 1]
    assert found.kin.near.tolist() == [False, False, False, True]


def test_what_is_new_in_a_conversation_may_be_a_near_copy_of_an_earlier_turn() -> None:
    asked = prose(4, 60)
    start = " ".join(prose(5, 80))
    texts = [" ".join(asked), start, f"{start} {' '.join([*asked[:20], 'changed', *asked[21:]])}"]
    found = read(texts, clients_of(3))
    assert found.own.parent.tolist() == [-1, 0, 0]
    assert found.own.near.tolist() == [False, False, True]
    assert not found.grows.any()


@pytest.mark.parametrize("ends", [[6] * 8, list(range(4, 12)), [10, 12] * 4], ids=["even", "rising", "alternating"])
@pytest.mark.parametrize("words", [60, 200])
def test_a_search_for_an_ending_does_not_grow(words: int, ends: list[int]) -> None:
    beginning = prose(6, words)
    texts = [" ".join(beginning + prose(100 + n, size)) for n, size in enumerate(ends)]
    found = read(texts, clients_of(len(ends)))
    assert not found.grows.any()
    assert found.own.near.tolist() == [False] + [True] * (len(ends) - 1)


def test_another_client_s_conversation_is_not_continued() -> None:
    start = " ".join(prose(7, 40))
    found = read([start, f"{start} {' '.join(prose(8, 40))}"], clients_of(1, 1), np.arange(2))
    assert not found.grows.any()


def test_twenty_thousand_texts_of_one_cell_are_one_tree() -> None:
    base = [hash_of(x) for x in range(100)]
    sets = [[*base, 5 + t] for t in range(20_000)]
    clients = clients_of(10_000, *[10] * 1000)
    found = compared(sketched(sets), clients)
    assert len(np.unique(found.kin.root)) == 1


def test_the_same_texts_give_the_same_bits_with_any_number_of_threads() -> None:
    sets = [sorted(s) for s in random_sets(np.random.default_rng(9), 300, 40, 0.6)]
    before = numba.get_num_threads()
    found = compared(sketched(sets), clients_of(*[30] * 10), np.arange(300) % 240)
    try:
        numba.set_num_threads(1)
        alone = compared(sketched(sets), clients_of(*[30] * 10), np.arange(300) % 240)
    finally:
        numba.set_num_threads(before)
    assert bits(found) == bits(alone)
