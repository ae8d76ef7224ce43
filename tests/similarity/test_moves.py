"""What a row is to those before it, against the definitions by brute force."""

from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest
from brute_force import clients_of, made, normal

from forensics.similarity import kernels, tables
from forensics.similarity.forest import bounds_of, spread
from forensics.similarity.moves import LIMIT, TWINS, WINDOW, Moves, moves
from forensics.similarity.population import CAP, Population, measure, prepared

Array = np.ndarray[Any, Any]


def run(rows: Array, clients: Array, asks: Array | None = None) -> tuple[Moves, Array, Array, Population]:
    """(what is found, prepared rows, the row that each repeats, population)."""
    ready = prepared(rows.copy())
    population = measure(ready, clients)
    hashes = kernels.row_hashes(ready, np.arange(ready.shape[1]), spread(clients))
    first = tables.repeats(ready, hashes, np.arange(len(ready)))
    new = np.ones(len(rows), np.bool_) if asks is None else asks
    return moves(ready, population, first, new, bounds_of(clients), CAP), ready, first, population


def squared(a: Array) -> float:
    return float(a @ a)


def on_line(row: Array, held: Array) -> tuple[bool, bool]:
    line = halfway = False
    for a, b in combinations(held, 2):
        span = b - a
        if (span != 0).sum() < 3:
            continue
        share = float((row - a) @ span / squared(span))
        off = squared(row - a - share * span)
        if off < 1e-4 * squared(span) * min(1.0, share**2, (1 - share) ** 2):
            line = True
            halfway |= abs(share - 0.5) < 0.01
    return line, halfway


def is_corner(row: Array, held: Array) -> bool:
    for c, a, b in permutations(held, 3):
        if min((a != c).sum(), (b != c).sum()) >= 2 and squared(row - (a + b - c)) < 1e-4 * min(squared(a - c), squared(b - c)):
            return True
    return False


def check(rows: Array, clients: Array, asks: Array | None = None) -> Moves:
    found, ready, first, population = run(rows, clients, asks)
    scaled = np.where(population.coded, 0.0, np.clip(ready * population.inverse, -LIMIT, LIMIT))
    sample = ready[population.sample]
    agree = [np.unique(sample[:, k], return_counts=True)[1] / len(sample) for k in range(ready.shape[1])]
    rarity = np.array([-np.log(np.sum(share**2)) for share in agree])
    chance = float((rarity * np.exp(-rarity)).sum() / max(1e-12, rarity.sum()))

    def beyond(share: float) -> float:
        return float(np.clip((share - chance) / max(1 - chance, 1e-12), 0.0, 1.0))

    for t in range(len(rows)):
        before = [p for p in range(t) if clients[p] == clients[t] and first[p] < 0]
        if first[t] >= 0 or (asks is not None and not asks[t]):
            assert (found.line[t], found.halfway[t], found.corner[t], found.twin[t]) == (False, False, False, -1)
            assert np.isnan([found.contrast[t], found.apart[t]]).all()
            continue
        held = scaled[before[-WINDOW:]]
        assert (found.line[t], found.halfway[t]) == on_line(scaled[t], held), t
        assert found.corner[t] == is_corner(scaled[t], held), t
        away = np.sqrt(((held - scaled[t]) ** 2).sum(axis=1))
        # The median of squares: between the two in the middle it is not the square of the median.
        middle = np.sqrt(np.median(away**2)) if len(away) else 0.0
        assert found.contrast[t] == pytest.approx(away.min() / middle if len(away) >= 4 and middle > 0 else np.nan, nan_ok=True, rel=1e-6)
        equal = {p: ready[p] == ready[t] for p in before[-TWINS:]}
        shares = {p: float(rarity[same].sum()) for p, same in equal.items()}
        if not shares or max(shares.values()) <= 0:
            assert (found.twin[t], found.shared[t], found.covered[t]) == (-1, 0.0, 0.0)
            assert np.isnan(found.apart[t])
            continue
        twin = int(found.twin[t])
        assert shares[twin] == pytest.approx(max(shares.values()))
        whole = rarity.sum()
        assert found.shared[t] == pytest.approx(beyond(shares[twin] / whole), abs=1e-9)
        assert found.covered[t] == pytest.approx(beyond(max(rarity[equal[twin] | same].sum() for same in equal.values()) / whole), abs=1e-9)
        with np.errstate(over="ignore"):
            gaps = np.minimum(np.abs(ready[t] - ready[twin]) * population.inverse, np.where(population.coded, 1.0, CAP))
        assert found.apart[t] == pytest.approx(np.sqrt(squared(gaps)) / population.usual)
    return found


def with_moves(seed: int, d: int) -> Array:
    """Rows with middles, points on lines, corners, splices and repeats among them."""
    random, rows = np.random.default_rng(seed), normal(seed, 90, d)
    for t in range(12, 90, 3):
        a, b, c = rows[t - 1 - random.permutation(10)[:3]]
        kind = t // 3 % 6
        mask = random.random(d) < 0.5
        rows[t] = ((a + b) / 2, a + 0.3 * (b - a), a + b - c, np.where(mask, a, b), a, a + 1.7 * (b - a))[kind]
    return rows


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [2, 3, 4, 9])
def test_as_brute_force(seed: int, d: int) -> None:
    found = check(with_moves(seed, d), clients_of(40, 30, 20))
    assert found.corner.any()
    if d > 2:
        assert found.line.sum() > found.halfway.sum() > 0


@pytest.mark.parametrize("kind", ["normal", "clustered", "binary", "equal"])
def test_as_brute_force_on_natural_rows(kind: str) -> None:
    check(made(kind, 3, 80, 6), clients_of(30, 25, 25))


def test_missing_and_huge_values_and_codes() -> None:
    rows, random = with_moves(5, 6), np.random.default_rng(5)
    rows[:, 0] = 2.0**52 + random.integers(0, 5, 90)
    rows[random.random(90) < 0.2, 1] = np.nan
    rows[random.random(90) < 0.1, 2] = 1e200
    rows[random.random(90) < 0.1, 3] = np.inf
    found, *_ = run(rows, clients_of(40, 30, 20))
    assert np.isfinite(found.shared).all()
    assert (found.apart[found.twin >= 0] < np.inf).all()
    check(np.column_stack([rows[:, 0], rows[:, 4:]]), clients_of(40, 30, 20))


def test_what_earlier_scans_have_placed_has_no_moves_but_counts() -> None:
    rows, clients = with_moves(6, 5), clients_of(40, 30, 20)
    asks = np.random.default_rng(6).random(90) < 0.6
    some, whole = check(rows, clients, asks), check(rows, clients)
    for name in ("line", "halfway", "corner", "twin"):
        assert np.array_equal(getattr(some, name)[asks], getattr(whole, name)[asks]), name


@pytest.mark.parametrize(("between", "seen"), [(WINDOW - 2, True), (WINDOW - 1, False)])
def test_the_window(between: int, seen: bool) -> None:
    rows = normal(7, between + 3, 8)
    rows[-1] = (rows[0] + rows[1]) / 2
    assert bool(check(rows, clients_of(len(rows))).halfway[-1]) == seen


@pytest.mark.parametrize(("between", "seen"), [(TWINS - 1, True), (TWINS, False)])
def test_the_window_of_twins(between: int, seen: bool) -> None:
    rows = normal(8, between + 2, 5)
    rows[-1, :3] = rows[0, :3]
    found, *_ = run(rows, clients_of(len(rows)))
    assert found.twin[-1] == (0 if seen else -1)


def test_clients_are_never_mixed_and_their_order_does_not_matter() -> None:
    rows = with_moves(9, 5)
    dealt = np.concatenate([rows[c::3] for c in range(3)])
    found = check(dealt, clients_of(30, 30, 30))
    assert (found.twin // 30 == np.arange(90) // 30)[found.twin >= 0].all()
    moved = np.r_[60:90, 0:30, 30:60]
    other = check(dealt[moved], clients_of(30, 30, 30))
    for name in ("line", "halfway", "corner", "contrast"):
        assert np.array_equal(getattr(found, name)[moved], getattr(other, name), equal_nan=True), name
    place = np.argsort(moved)
    assert np.array_equal(np.where(found.twin < 0, -1, place[found.twin])[moved], other.twin)
