"""The most similar earlier text, against a plain brute force on sketches."""

import itertools
from dataclasses import fields
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.similarity.text import WINDOW, Edits, edits

Array = np.ndarray[Any, Any]
BINS = 64


def bounds_of(*sizes: int) -> Array:
    return np.cumsum([0, *sizes])


def sketches_of(seed: int, n: int) -> Array:
    return np.random.default_rng(seed).integers(0, 2**16, (n, BINS)).astype(np.uint16)


def check_against_brute_force(sketches: Array, same: Array, bounds: Array) -> Edits:
    found = edits(sketches, same, bounds)
    for start, end in itertools.pairwise(bounds):
        distinct: list[int] = []
        for t in range(start, end):
            if t == start:
                assert np.isnan(found.gap[t])
            else:
                assert found.gap[t] == 1 - np.mean(sketches[t] == sketches[t - 1])
            window, parent = distinct[-WINDOW:], found.parent[t]
            equal = [p for p in window if same[p] == same[t]]
            assert found.repeat[t] == bool(equal)
            if equal:
                assert (parent, found.distance[t], found.near[t]) == (equal[-1], 0.0, False)
                continue
            distinct.append(t)
            if not window:
                assert parent == -1
                assert np.isnan(found.distance[t])
                assert not found.near[t]
                continue
            shared = [int((sketches[t] == sketches[p]).sum()) for p in window]
            latest = max(i for i, s in enumerate(shared) if s == max(shared))
            assert parent == window[latest]
            assert found.distance[t] == 1 - max(shared) / BINS
            assert found.near[t] == (max(shared) >= BINS / 2)
    return found


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    values=st.sampled_from([2, 3, 30]),
    texts=st.sampled_from([3, 20, 1000]),
    seed=st.integers(0, 2**32),
)
def test_as_brute_force(sizes: list[int], values: int, texts: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    n = sum(sizes)
    sketches = random.integers(0, values, (n, BINS)).astype(np.uint16)
    check_against_brute_force(sketches, random.integers(0, texts, n), bounds_of(*sizes))


@pytest.mark.parametrize(("shared", "near"), [(31, False), (32, True), (63, True), (64, True)])
def test_near_from_half_the_sketch_on(shared: int, near: bool) -> None:
    sketches = sketches_of(1, 2)
    sketches[1, :shared] = sketches[0, :shared]
    sketches[1, shared:] = sketches[0, shared:] + 1
    found = edits(sketches, np.array([0, 1]), bounds_of(2))
    assert (found.parent.tolist(), found.near.tolist()) == ([-1, 0], [False, near])
    assert found.distance[1] == found.gap[1] == 1 - shared / BINS


def test_repeats_are_the_same_query_whatever_the_sketch_says() -> None:
    sketches = sketches_of(2, 4)
    sketches[1] = sketches[0]  # another query with the same newest text
    found = edits(sketches, np.array([7, 8, 7, 8]), bounds_of(4))
    assert found.repeat.tolist() == [False, False, True, True]
    assert found.near.tolist() == [False, True, False, False]
    assert found.parent.tolist() == [-1, 0, 0, 1]


def test_texts_of_other_clients_are_not_compared() -> None:
    sketches = np.repeat(sketches_of(3, 1), 6, axis=0)
    found = edits(sketches, np.zeros(6, np.int64), bounds_of(2, 1, 3))
    assert found.parent.tolist() == [-1, 0, -1, -1, 3, 3]
    assert found.repeat.tolist() == [False, True, False, False, True, True]


def test_texts_before_the_window_are_forgotten() -> None:
    sketches, same = sketches_of(4, WINDOW + 3), np.arange(WINDOW + 3)
    same[[WINDOW, WINDOW + 2]] = 0
    sketches[[WINDOW, WINDOW + 2]] = sketches[0]
    found = check_against_brute_force(sketches, same, bounds_of(len(same)))
    assert found.repeat[-3:].tolist() == [True, False, False]


def test_no_texts() -> None:
    found = edits(np.zeros((0, BINS), np.uint16), np.zeros(0, np.int64), np.zeros(1, np.int64))
    assert all(len(getattr(found, f.name)) == 0 for f in fields(Edits))


def test_the_same_texts_give_the_same_bits_with_any_number_of_threads() -> None:
    sketches, same = sketches_of(5, 300) % 4, np.arange(300) % 40
    before = numba.get_num_threads()
    found = edits(sketches, same, bounds_of(*[30] * 10))
    try:
        numba.set_num_threads(1)
        alone = edits(sketches, same, bounds_of(*[30] * 10))
    finally:
        numba.set_num_threads(before)
    assert all(getattr(found, f.name).tobytes() == getattr(alone, f.name).tobytes() for f in fields(Edits))
