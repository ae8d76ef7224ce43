"""Steps between rows of numbers against a plain brute force, and what units, order, missing values and codes may not change."""

from typing import Any

import numba
import numpy as np
import pytest
from brute_force import bits, by_turns, clients_of, distances, looked_at, normal, population_of
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.similarity.forest import Family
from forensics.similarity.grid import ALONE
from forensics.similarity.kernels import FAR
from forensics.similarity.moves import WINDOW
from forensics.similarity.numeric import OUTSIDE_PER_CLIENT, RECENT, Change, Steps, kin_family, own_family
from forensics.similarity.population import NEAR, Population, prepared

Array = np.ndarray[Any, Any]


class Truth:
    """What brute force knows about some rows."""

    def __init__(self, rows: Array, clients: Array, order: Array) -> None:
        self.rows, self.clients, self.order = prepared(rows.copy()), clients, order
        self.population: Population = population_of(rows, clients)
        self.far = distances(self.rows, self.rows, self.population)
        keys = [row.tobytes() for row in self.rows]
        mine: dict[tuple[int, bytes], int] = {}
        everybodys: dict[bytes, int] = {}
        self.first_own = [mine.setdefault((clients[t], keys[t]), t) for t in range(len(rows))]
        for t in order:
            everybodys.setdefault(keys[t], t)
        self.first_kin = [everybodys[key] for key in keys]
        self.when = np.argsort(order)
        self.moved = [[self.rows[t] != other for other in self.rows] for t in range(len(rows))]

    def distinct_before(self, t: int) -> list[int]:
        return [p for p in range(t) if self.clients[p] == self.clients[t] and self.first_own[p] == p]


def is_even(gaps: Array) -> bool:
    alike = [int(((gaps >= low) & (gaps <= low * 1.01)).sum()) for low in gaps]
    return len(gaps) >= 4 and max(alike) >= max(4, 0.6 * len(gaps))


def check_change(truth: Truth, t: int, family: Family, change: Change) -> None:
    """What differs from the parent, whichever it is."""
    parent, rows, population = family.parent[t], truth.rows, truth.population
    if parent < 0 or family.repeat[t]:
        assert (change.changed[t], change.axis[t], change.delta[t], change.even[t]) == (0, -1, 0.0, False)
        assert np.isnan(change.kept[t])
        return
    with np.errstate(over="ignore"):
        moved, gaps = truth.moved[t][parent], rows[t] - rows[parent]
        step = gaps * population.inverse
    places = np.flatnonzero(moved)
    assert change.changed[t] == len(places)
    assert change.axis[t] == (places[0] if len(places) == 1 else -1)
    told = len(places) == 1 and not population.coded[places[0]] and abs(step[places[0]]) <= FAR
    assert change.delta[t] == (step[places[0]] if told else 0.0)
    fine = ~population.grained
    assert change.kept[t] == pytest.approx(1 - moved[fine].mean() if fine.sum() >= 4 else np.nan, nan_ok=True)
    counted = moved & fine & (np.abs(step) <= FAR)
    assert change.even[t] == (is_even(np.abs(gaps)[counted]) or is_even(np.abs(step)[counted]))


def cosine(truth: Truth, t: int, family: Family) -> float:
    """Of the angle between the step from the parent and the parent's own."""
    parent = -1 if family.repeat[t] else family.parent[t]
    before = -1 if parent < 0 or family.repeat[parent] else family.parent[parent]
    if before < 0:
        return np.nan
    with np.errstate(over="ignore"):
        step, last = ((truth.rows[a] - truth.rows[b]) * truth.population.inverse for a, b in ((t, parent), (parent, before)))
    known = ~truth.population.coded & (np.abs(step) <= FAR) & (np.abs(last) <= FAR)
    step, last = step[known], last[known]
    length = np.linalg.norm(step) * np.linalg.norm(last) if len(step) else 0.0
    return float(step @ last / length) if length > 0 else np.nan


def check_own(truth: Truth, found: Steps, asks: Array) -> None:
    own, usual = found.own, truth.population.usual
    for t in range(len(asks)):
        first, parent = truth.first_own[t], own.parent[t]
        assert own.first[t] == (first if first != t else -1)
        assert own.repeat[t] == (asks[t] and first != t)
        assert own.linked[t] == (own.repeat[t] or own.near[t])
        check_change(truth, t, own, found.own_change)
        assert found.own_change.cosine[t] == pytest.approx(cosine(truth, t, own), nan_ok=True, abs=1e-5)
        if own.repeat[t]:
            assert (parent, own.distance[t], own.near[t]) == (first, 0.0, False)
            continue
        before = truth.distinct_before(t)
        if not asks[t] or first != t or not before:
            assert (parent, own.near[t]) == (-1, False)
            assert np.isnan(own.distance[t])
            continue
        assert parent in before
        assert own.distance[t] == pytest.approx(truth.far[t, parent] / usual)
        few = truth.moved[t][parent].sum() <= truth.population.sparse
        assert own.near[t] == (own.distance[t] <= NEAR or few)
        if not (few and own.near[t]):
            assert truth.far[t, parent] <= truth.far[t, before[-RECENT:]].min() * (1 + 1e-9)


def check_kin(truth: Truth, found: Steps, asks: Array) -> None:
    kin, population = found.kin, truth.population
    for t in range(len(asks)):
        first, parent = truth.first_kin[t], kin.parent[t]
        assert kin.first[t] == (first if first != t else -1)
        assert kin.repeat[t] == (asks[t] and first != t)
        assert kin.linked[t] == (parent >= 0) == (kin.repeat[t] or kin.near[t])
        check_change(truth, t, kin, found.kin_change)
        if kin.repeat[t]:
            assert (parent, kin.distance[t], kin.near[t]) == (first, 0.0, False)
        elif parent < 0:
            assert np.isnan(kin.distance[t])
        else:
            assert asks[t]
            assert truth.when[parent] < truth.when[t]
            assert truth.first_kin[parent] == parent
            assert kin.distance[t] == pytest.approx(truth.far[t, parent] / population.usual)
            few = truth.moved[t][parent].sum() <= population.sparse_shared
            assert few or truth.far[t, parent] <= population.reach * (1 + 1e-12)


def on_line(row: Array, recent: Array, population: Population) -> bool:
    """Whether a row lies on the line through two others, three or more coordinates moving, and is no near copy of either."""
    scale = np.where(population.coded, 0.0, population.inverse)
    for i, a in enumerate(recent[:-1]):
        with np.errstate(all="ignore"):
            span, reach = (recent[i + 1 :] - a) * scale, (row - a) * scale
            length = (span**2).sum(axis=1)
            share = span @ reach / length
            off = ((reach - share[:, None] * span) ** 2).sum(axis=1)
            beside = off < 1e-4 * length * np.minimum(1.0, np.minimum(share**2, (1 - share) ** 2))
        known = (np.abs(span) <= FAR).all(axis=1) & (np.abs(reach) <= FAR).all() & ((span != 0).sum(axis=1) >= 3)
        if (beside & known).any():
            return True
    return False


def check_walk(truth: Truth, found: Steps, asks: Array) -> None:
    """Distance to the row before, hashes of steps, and lines."""
    population, seen = truth.population, dict[tuple[float, ...], int]()
    for t in range(len(asks)):
        if t == 0 or truth.clients[t] != truth.clients[t - 1]:
            assert np.isnan(found.gap[t])
            assert found.step_hash[t] == 0
            continue
        assert found.gap[t] == pytest.approx(truth.far[t, t - 1] / population.usual)
        with np.errstate(over="ignore"):
            step = (truth.rows[t] - truth.rows[t - 1]) * population.inverse
        step = np.round(step[~population.coded & (np.abs(step) <= FAR)] * 1e6)
        assert (found.step_hash[t] == 0) == ((step != 0).sum() < 2)
        if found.step_hash[t]:
            assert seen.setdefault(tuple(step + 0.0), found.step_hash[t]) == found.step_hash[t]
        before = truth.distinct_before(t)[-WINDOW:]
        expected = asks[t] and truth.first_own[t] == t and len(before) > 1 and on_line(truth.rows[t], truth.rows[before], population)
        assert found.moves.line[t] == expected
    assert len(set(seen.values())) == len(seen)


def check_against_brute_force(rows: Array, clients: Array, order: Array | None = None, asks: Array | None = None) -> Steps:
    when = by_turns(clients) if order is None else order
    new = np.ones(len(rows), np.bool_) if asks is None else asks
    found, truth = looked_at(rows, clients, when, new), Truth(rows, clients, when)
    check_own(truth, found, new)
    check_kin(truth, found, new)
    check_walk(truth, found, new)
    assert np.isnan(found.outside[found.own.repeat | found.own.near | ~new]).all()
    return found


def in_some_order(clients: Array, random: np.random.Generator) -> Array:
    """An order of time in which each client's rows keep theirs."""
    turns = random.permutation(clients)
    order = np.empty(len(clients), np.int64)
    for client in np.unique(clients):
        order[turns == client] = np.flatnonzero(clients == client)
    return order


@st.composite
def traffic(draw: st.DrawFn) -> tuple[Array, Array, Array, Array]:
    """Rows of some clients: of continuous, whole and binary columns, with repeats, near copies, missing values and codes."""
    sizes = draw(st.lists(st.integers(1, 25), min_size=1, max_size=6))
    d = draw(st.sampled_from([1, 2, 3, 5, 9, 17]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = random.normal(size=(sum(sizes), d)) * 10.0 ** random.integers(-3, 4, d)
    for kind in draw(st.lists(st.sampled_from(["whole", "binary", "constant", "missing", "coded", "repeats", "copies"]), max_size=4)):
        column, n = random.integers(d), len(rows)
        some = random.random(n) < 0.3
        match kind:
            case "whole":
                rows[:, column] = random.integers(0, 9, n)
            case "binary":
                rows[:, column] = random.integers(0, 2, n)
            case "constant":
                rows[:, column] = 3.25
            case "missing":
                rows[some, column] = random.choice([np.nan, np.inf, -np.inf])
            case "coded":
                rows[some, column] = 2.0**52 + random.integers(0, 2**52, int(some.sum()))
            case "repeats":
                rows[some] = rows[random.integers(0, n, int(some.sum()))]
            case _:
                rows[some] = rows[random.integers(0, n, int(some.sum()))]
                rows[some, column] += 0.01
    clients = clients_of(*sizes)
    asks = random.random(len(rows)) < draw(st.sampled_from([1.0, 0.7]))
    return rows, clients, in_some_order(clients, random), asks


@settings(max_examples=40, deadline=None)
@given(traffic())
def test_as_brute_force(given: tuple[Array, Array, Array, Array]) -> None:
    check_against_brute_force(*given)


def test_as_brute_force_on_binary_rows() -> None:
    rows = np.random.default_rng(1).integers(0, 2, (120, 12)).astype(float)
    found = check_against_brute_force(rows, clients_of(40, 50, 30))
    assert found.own_change.changed[found.own.near].max() <= 1
    assert not found.own_change.even.any()
    assert not found.moves.line.any()


@pytest.mark.parametrize(("rows", "repeats"), [(normal(2, 60, 1), 0), (np.arange(60.0)[:, None] % 7, 39), (np.full((60, 4), 5.0), 57)])
def test_one_column_and_constant_columns(rows: Array, repeats: int) -> None:
    found = check_against_brute_force(rows, clients_of(20, 20, 20))
    assert found.own.repeat.sum() == repeats


def test_one_client_has_nobody_outside() -> None:
    found = check_against_brute_force(normal(3, 50, 4), clients_of(50))
    assert np.isnan(found.outside).all()
    assert np.isnan(found.outside_deviations).all()
    assert np.isfinite(found.own.distance[1:]).all()


@pytest.mark.parametrize("row", [[0.0], [1.0, np.nan, np.inf, 2.0**52]])
def test_one_row(row: list[float]) -> None:
    found = looked_at(np.array([row]), clients_of(1))
    for family, change in ((found.own, found.own_change), (found.kin, found.kin_change)):
        assert family.parent.tolist() == [-1]
        assert not any((family.repeat[0], family.near[0], family.linked[0], change.even[0]))
        assert np.isnan(family.distance[0])
    assert not found.moves.line[0]
    assert np.isnan([found.gap[0], found.outside[0]]).all()
    assert found.step_hash.tolist() == found.cell.tolist() == [0]


@pytest.mark.parametrize("d", [30, 100])
def test_few_changes_from_a_recent_row_are_near_however_large(d: int) -> None:
    rows, clients, random = normal(31, 200, d), clients_of(*[20] * 10), np.random.default_rng(31)
    most = population_of(rows, clients).sparse
    for t in range(1, 200, 2):
        some = random.choice(d, random.integers(1, most), replace=False)
        rows[t] = rows[t - 1]
        rows[t, some] += random.normal(0, 100, len(some))
    found = check_against_brute_force(rows, clients)
    assert found.own.near[1::2].all()


def test_rows_near_an_own_earlier_one_are_found_wherever_it_is() -> None:
    expected = seen = 0
    for seed, d in enumerate([2, 3, 5, 8, 16, 30] * 3):
        random = np.random.default_rng(seed)
        rows, clients = normal(seed, 240, d), clients_of(120, 60, 60)
        radius = NEAR * population_of(rows, clients).usual
        some = random.permutation(np.arange(60, 120))[:30]
        steps = random.normal(size=(30, d)) * radius / np.sqrt(d) * random.random((30, 1))
        rows[some] = rows[some - 60 + random.integers(0, 30, 30)] + steps
        truth, found = Truth(rows, clients, by_turns(clients)), looked_at(rows, clients)
        for t in range(240):
            before = truth.distinct_before(t)
            if before and truth.far[t, before].min() <= NEAR * truth.population.usual:
                expected += 1
                seen += found.own.near[t]
    assert expected > 300
    assert seen >= 0.99 * expected


def test_order_of_the_clients_does_not_matter() -> None:
    rows, clients = normal(4, 200, 5), clients_of(30, 70, 45, 55)
    rows[:198:9] = rows[3::9]
    found = looked_at(rows, clients)
    moved = np.concatenate([np.flatnonzero(clients == c) for c in (2, 0, 3, 1)])
    place = np.argsort(moved)
    other = looked_at(rows[moved], clients_of(45, 30, 55, 70), place[by_turns(clients)])
    for family, before in ((other.own, found.own), (other.kin, found.kin)):
        assert np.array_equal(np.where(before.parent < 0, -1, place[before.parent])[moved], family.parent)
        assert np.array_equal(before.repeat[moved], family.repeat)
        assert np.array_equal(before.near[moved], family.near)
        assert np.allclose(before.distance[moved], family.distance, rtol=1e-9, equal_nan=True)
    for name in ("changed", "axis", "even"):
        assert np.array_equal(getattr(found.own_change, name)[moved], getattr(other.own_change, name)), name
    assert np.array_equal(found.step_hash[moved], other.step_hash)
    assert np.array_equal(found.moves.line[moved], other.moves.line)
    for name in ("gap", "outside", "outside_deviations"):
        assert np.allclose(getattr(found, name)[moved], getattr(other, name), rtol=1e-9, equal_nan=True), name
    assert len(set(zip(found.cell[moved], other.cell, strict=True))) == len(set(found.cell.tolist()))


@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (1.0, 37.0), (0.001, -5.0)])
def test_units_do_not_matter(factor: float, shift: float) -> None:
    rows, clients = normal(5, 240, 6), clients_of(*[16] * 15)  # none has more rows than are compared one by one
    rows[1::4] = rows[::4]
    rows[1::4, 2] += 0.05
    rows[2::4] = (rows[::4] + rows[3::4]) / 2
    found, rows[:, [0, 2]] = looked_at(rows, clients), rows[:, [0, 2]] * factor + shift
    other = looked_at(rows, clients)
    assert found.own.near.sum() >= 60
    assert found.moves.line.sum() == 60
    assert np.array_equal(found.moves.line, other.moves.line)
    for name in ("parent", "repeat", "near"):
        assert np.array_equal(getattr(found.own, name), getattr(other.own, name)), name
    for name in ("changed", "axis", "even"):
        assert np.array_equal(getattr(found.own_change, name), getattr(other.own_change, name)), name
    for values, others in (
        (found.own.distance, other.own.distance),
        (found.own_change.delta, other.own_change.delta),
        (found.own_change.cosine, other.own_change.cosine),
        (found.gap, other.gap),
        (found.outside, other.outside),
        (found.outside_deviations, other.outside_deviations),
    ):
        assert np.allclose(values, others, rtol=1e-6, atol=1e-9, equal_nan=True)


def test_codes_keep_equality_and_nothing_else() -> None:
    rows, clients = normal(6, 120, 4), clients_of(*[15] * 8)
    kinds = np.random.default_rng(6).integers(0, 5, 120)
    names = 2.0**52 + np.array([3.0, 4.0, 1e15, 2e15, 4e15])
    rows[:, 1] = names[kinds]
    found = looked_at(rows, clients)
    rows[:, 1] = names[::-1][kinds]
    other = looked_at(rows, clients)
    assert bits(found.own) == bits(other.own)
    assert bits(found.own_change) == bits(other.own_change)
    for name in ("gap", "step_hash", "outside"):
        assert getattr(found, name).tobytes() == getattr(other, name).tobytes(), name
    assert found.moves.line.tobytes() == other.moves.line.tobytes()
    assert not found.moves.line.any()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 2.0**52 + 7])
def test_values_that_are_no_numbers_are_equal_or_not(odd: float) -> None:
    rows, clients = normal(7, 90, 30), clients_of(45, 45)
    rows[5, 0] = odd
    rows[6] = rows[5]
    rows[7] = rows[5]
    rows[7, 0] = 0.0
    found = looked_at(rows, clients)
    change = found.own_change
    assert found.own.repeat[6]
    assert found.own.parent[6] == 5
    assert (found.own.parent[7], change.changed[7], change.axis[7], change.delta[7], found.own.near[7]) == (5, 1, 0, 0.0, True)
    assert np.isfinite(found.own.distance[1:45]).all()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
@pytest.mark.parametrize("odd", [np.nan, np.inf, 2.0**52 + 7])
def test_missing_values_and_codes_make_no_lines_and_no_sign_steps(odd: float, share: float) -> None:
    rows, clients = normal(8, 300, 7), clients_of(*[50] * 6)
    random = np.random.default_rng(8)
    rows[random.random(300) < share, 0] = odd
    rows[9::10] = rows[8::10]
    rows[9::10, :6] = odd
    found = looked_at(rows, clients)
    assert not found.moves.line.any()
    for change in (found.own_change, found.kin_change):
        assert not change.even.any()
        assert np.abs(change.delta).max() < 100


def test_codes_of_one_client_take_nobody_elses_numbers_away() -> None:
    rows, clients = normal(9, 200, 5), clients_of(*[20] * 10)
    rows[21::2] = rows[20::2]
    rows[21::2, 3] += 0.01
    plain = looked_at(rows, clients)
    rows[:20] = 1e17
    hidden = looked_at(rows, clients)
    assert np.array_equal(plain.own_change.axis[40:], hidden.own_change.axis[40:])
    assert (hidden.own_change.delta[41::2] > 0).all()
    assert np.allclose(plain.own.distance[40:], hidden.own.distance[40:], rtol=0.5, equal_nan=True)


def test_negative_zero_is_zero() -> None:
    assert looked_at(np.array([[0.0, 1.0], [-0.0, 1.0]]), clients_of(2)).own.repeat.tolist() == [False, True]


def test_repeats_are_remembered_however_long_ago() -> None:
    rows = np.concatenate([normal(10, 3000, 3), normal(10, 5, 3)])
    found = looked_at(rows, clients_of(len(rows)))
    assert found.own.repeat.tolist() == [False] * 3000 + [True] * 5
    assert found.own.parent[3000:].tolist() == [0, 1, 2, 3, 4]


def test_repeats_take_no_place_among_the_recent() -> None:
    rows = np.concatenate([normal(11, 5, 3), np.tile(normal(12, 1, 3), (2 * RECENT, 1)), 5 + normal(13, 1, 3)])
    check_against_brute_force(rows, clients_of(len(rows)))
    truth = Truth(rows, clients_of(len(rows)), np.arange(len(rows)))
    assert looked_at(rows, truth.clients).own.parent[-1] == truth.far[-1, :6].argmin()


def bisection(a: Array, b: Array, shares: list[float]) -> Array:
    return np.array([a, b, *(a + s * (b - a) for s in shares)])


def test_lines_are_found_where_points_are_bisected() -> None:
    honest = normal(13, 400, 8)
    a, b = normal(14, 2, 8)
    search = bisection(a, b, [0.5, 0.75, 0.625, 0.6875, 0.65625])
    found = looked_at(np.concatenate([honest, search]), clients_of(*[40] * 10, len(search)))
    assert not found.moves.line[: len(honest)].any()
    assert found.moves.line[len(honest) :].tolist() == [False] * 2 + [True] * 5
    rounded = looked_at(np.concatenate([honest, np.round(search, 4)]), clients_of(*[40] * 10, len(search)))
    assert rounded.moves.line[len(honest) :].tolist() == [False] * 2 + [True] * 5


@pytest.mark.parametrize("coordinates", [1, 2])
def test_moving_one_or_two_coordinates_is_no_line(coordinates: int) -> None:
    a, b = normal(15, 2, 6)
    b[coordinates:] = a[coordinates:]
    rows = np.concatenate([normal(16, 60, 6), bisection(a, b, [0.5, 0.25])])
    assert not looked_at(rows, clients_of(30, 30, 4)).moves.line.any()


@pytest.mark.parametrize("back", [1, 2, 5])
def test_near_copies_lie_on_no_line(back: int) -> None:
    rows = normal(17, 240, 6)
    rows[9::10] = rows[9 - back :: 10]
    rows[9::10, 1] += 0.02
    found = looked_at(rows, clients_of(*[40] * 6))
    assert found.own.near[9::10].all()
    assert not found.moves.line.any()


@pytest.mark.parametrize("own_units", [True, False])
def test_sign_steps_are_even_in_the_units_of_the_log_or_in_deviations(own_units: bool) -> None:
    scales, clients = 10.0 ** np.arange(-3, 5), clients_of(*[20] * 10)
    rows = normal(18, 200, 8) * scales
    signs = np.random.default_rng(19).choice([-1.0, 1.0], (20, 8))
    rows[181::2] = rows[180::2] + 0.3 * signs[:10] * (scales if own_units else 1e-3)
    found = looked_at(rows, clients)
    assert np.array_equal(found.own.parent[181::2], np.arange(180, 200, 2))
    if own_units:  # deviations differ a little from the true scales
        rows[181::2] = rows[180::2] + 0.3 * signs[:10] / population_of(rows, clients).inverse
        found = looked_at(rows, clients)
    assert found.own_change.even[181::2].all()
    assert not found.own_change.even[:180].any()


def test_unit_steps_of_coarse_columns_are_not_even() -> None:
    rows = np.random.default_rng(20).integers(0, 8, (200, 10)).astype(float)
    rows[1::2] = rows[::2]
    rows[1::2, :6] += 1.0
    assert not looked_at(rows, clients_of(*[20] * 10)).own_change.even.any()


def test_the_same_transform_of_other_anchors_has_the_same_hash() -> None:
    rows = normal(21, 200, 6)
    rows[101::2] = rows[100::2] + np.array([0.3, -0.2, 0.0, 0.0, 0.0, 0.0])
    rows[99] = rows[98] + np.array([-0.2, 0.3, 0.0, 0.0, 0.0, 0.0])
    rows[97] = rows[96] + np.array([0.3, 0.0, 0.0, 0.0, 0.0, 0.0])
    found = looked_at(rows, clients_of(100, 100)).step_hash
    assert len(set(found[101::2].tolist())) == 1
    assert found[101] != 0
    assert found[99] not in (0, found[101])
    assert found[97] == 0  # one coordinate
    rest = np.r_[found[1:97], found[102::2]]
    assert len(set(rest.tolist())) == len(rest)


def test_cosines_are_those_of_steps_from_parent_to_parent() -> None:
    start, step, other = normal(22, 3, 6)
    other -= step * (other @ step) / (step @ step)
    walk = np.array([start, start + 0.02 * step, start + 0.05 * step, start + 0.05 * step + 0.02 * other, start + 0.05 * step])
    found = looked_at(np.concatenate([normal(23, 150, 6), walk]), clients_of(*[15] * 10, 5))
    assert found.own.parent[-5:].tolist() == [-1, 150, 151, 152, 152]
    scaled = walk * population_of(np.concatenate([normal(23, 150, 6), walk]), clients_of(*[15] * 10, 5)).inverse
    one, two, three = scaled[1] - scaled[0], scaled[2] - scaled[1], scaled[3] - scaled[2]
    expected = [np.nan, np.nan, one @ two, two @ three / np.linalg.norm(two) / np.linalg.norm(three), np.nan]
    expected[2] /= np.linalg.norm(one) * np.linalg.norm(two)
    assert found.own_change.cosine[-5:] == pytest.approx(expected, nan_ok=True, abs=1e-9)
    assert found.own_change.cosine[-3] == pytest.approx(1.0)


def test_cosines_of_kin_are_those_of_steps_from_kin_to_kin() -> None:
    rows, clients = normal(24, 200, 8), clients_of(*[20] * 10)
    step = 0.02 * (np.arange(8) < 3)
    rows[20], rows[21] = rows[0] + step, rows[0] + 2 * step  # another client goes on from the first one's row
    found = looked_at(rows, clients)
    assert found.kin.parent[[20, 21]].tolist() == [0, 20]
    assert found.kin_change.cosine[21] == pytest.approx(1.0)
    truth = Truth(rows, clients, by_turns(clients))
    assert found.kin_change.cosine == pytest.approx([cosine(truth, t, found.kin) for t in range(200)], nan_ok=True, abs=1e-6)


def test_outside_is_what_is_far_from_everybody_else() -> None:
    mixing = normal(22, 6, 6)
    rows = normal(23, 1300, 6) @ mixing
    rows[-60:] = np.random.default_rng(24).uniform(20, 60, (60, 6))
    found = looked_at(rows, clients_of(*[60] * 20, 40, 60))
    far, same = found.outside[-60:], found.outside[-100:-60]
    assert np.nanmedian(far) > 2.5
    assert np.nanmedian(found.outside_deviations[-60:]) > 10
    assert np.nanmedian(same) == pytest.approx(1.0, abs=0.3)
    assert abs(np.nanmedian(found.outside_deviations[-100:-60])) < 4


def test_outside_as_brute_force_and_for_some_rows_of_heavy_clients_only() -> None:
    rows, clients = normal(25, OUTSIDE_PER_CLIENT + 204, 4), clients_of(OUTSIDE_PER_CLIENT + 100, 50, 54)
    found, population = looked_at(rows, clients), population_of(rows, clients)
    known = np.flatnonzero(~np.isnan(found.outside))
    assert np.bincount(clients[known])[0] == min(OUTSIDE_PER_CLIENT, (~found.own.near & ~found.own.repeat)[clients == 0].sum())
    assert not (found.own.near | found.own.repeat)[known].any()
    others = distances(rows[known], rows[population.sample], population)
    others[clients[known][:, None] == clients[population.sample]] = np.inf
    ratios = found.outside[known] / np.sort(others, axis=1)[:, :3].mean(axis=1)
    assert np.allclose(ratios, ratios[0])


def test_cells_are_in_range_and_equal_for_equal_rows() -> None:
    rows, clients = normal(26, 500, 7) * 10.0 ** np.arange(7), clients_of(*[50] * 10)
    rows[250:] = rows[:250]
    rows[0] = rows[250] = 1e30
    cells = looked_at(rows, clients).cell
    assert np.array_equal(cells[:250], cells[250:])
    assert cells.min() >= 0
    assert cells.max() < 64**3
    assert 20 < len(np.unique(cells)) < 250


def test_cells_of_codes_and_missing_values_are_equal_for_equal_rows() -> None:
    rows = normal(27, 400, 5)
    rows[:, 0] = 2.0**52 + np.random.default_rng(28).integers(0, 2**52, 400)
    rows[::3, 1] = np.nan
    rows[200:] = rows[:200]
    cells = looked_at(rows, clients_of(*[40] * 10)).cell
    assert np.array_equal(cells[:200], cells[200:])


def test_the_same_rows_give_the_same_bits_with_any_number_of_threads() -> None:
    rows, clients = normal(29, 600, 17), clients_of(*[50] * 12)
    rows[::7] = rows[1::7]
    before = numba.get_num_threads()
    found = looked_at(rows, clients)
    try:
        numba.set_num_threads(1)
        alone = looked_at(rows, clients.copy())
    finally:
        numba.set_num_threads(before)
    assert bits(found) == bits(alone)
    assert bits(found) == bits(looked_at(np.asfortranarray(rows).copy(order="C"), clients))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_very_small_and_very_large_numbers(scale: float) -> None:
    rows = normal(30, 60, 4)
    rows[1::5] *= scale
    rows[2::5] = rows[1::5] * [2.0, 3.0, 4.0, 5.0]
    found = check_against_brute_force(rows, clients_of(30, 30))
    assert np.isfinite(found.own.distance[1:30]).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-310, 1e-322])
def test_columns_of_the_smallest_numbers_there_are(scale: float) -> None:
    rows = normal(32, 60, 4)
    rows[:, 1] *= scale
    found = looked_at(rows, clients_of(30, 30))
    assert np.isfinite(found.own.distance[1:30]).all()
    assert np.isfinite(found.gap[1:30]).all()


@pytest.mark.parametrize("odd", [np.nan, np.inf, 1e300, -1.7e308, 2.0**52 + 7])
@pytest.mark.parametrize("share", [0.1, 0.7])
def test_odd_values_in_a_column_of_small_numbers(share: float, odd: float) -> None:
    rows, clients = normal(47, 200, 4), clients_of(*[20] * 10)
    rows[:, 1] *= 1e-12
    rows[np.random.default_rng(47).random(200) < share, 1] = odd
    found = check_against_brute_force(rows, clients)
    assert np.isfinite(found.own.distance[1:20]).all()
    assert len(np.unique(found.cell)) > 5


EXTREME = [0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 1e300, -1.7e308, 5e-324, 1e-310, 2.0**52, -(2.0**53), 1e299, 9e298, 1e-200, -1.5e300]


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.sampled_from(EXTREME), min_size=1, max_size=5),
    d=st.sampled_from([1, 2, 4, 7]),
    seed=st.integers(0, 2**32),
    tiny=st.booleans(),
)
def test_no_values_break_a_scan(values: list[float], d: int, seed: int, tiny: bool) -> None:
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 12, random.integers(1, 8))
    rows = random.choice(values, (sizes.sum(), d))
    plain = random.random(rows.shape) < 0.5
    rows[plain] = random.normal(size=rows.shape)[plain] * 10.0 ** (random.integers(-300, 300) if tiny else 0)
    found = looked_at(rows, clients_of(*sizes))
    for family, change in ((found.own, found.own_change), (found.kin, found.kin_change)):
        assert np.isfinite(family.distance[family.parent >= 0]).all()
        assert np.isfinite(change.delta).all()
        assert not (np.abs(change.cosine) > 1.001).any()
    first = np.r_[True, np.diff(clients_of(*sizes)) != 0]
    assert np.isfinite(found.gap[~first]).all()
    assert not np.isinf(found.outside).any()


def campaign(accounts: int, d: int, jitter: float, natural: int = 100) -> tuple[Array, Array, Array]:
    """Natural clients with ten rows each, and accounts that send one row each, all but the same; (rows, clients, the accounts' rows)."""
    ours = normal(33, natural * 10, d)
    theirs = normal(34, 1, d) + jitter * normal(35, accounts, d)
    return np.concatenate([ours, theirs]), clients_of(*[10] * natural, *[1] * accounts), np.arange(len(ours), len(ours) + accounts)


@pytest.mark.parametrize("d", [3, 10, 40])
def test_a_campaign_over_accounts_is_one_tree(d: int) -> None:
    rows, clients, theirs = campaign(30, d, 0.005)
    order = by_turns(clients)
    found = looked_at(rows, clients, order)
    first, rest = theirs[0], theirs[1:]
    assert not found.kin.linked[first]
    assert found.kin.near[rest].all()
    assert np.isin(found.kin.parent[rest], theirs).all()
    assert (found.own.parent[theirs] == -1).all()
    assert set(found.kin.root[theirs].tolist()) == {first}


@pytest.mark.parametrize("d", [3, 8, 30, 100])
def test_natural_rows_have_hardly_any_kin(d: int) -> None:
    clients = clients_of(*[10] * 200)
    linked = [int(looked_at(normal(seed, 2000, d), clients).kin.linked.sum()) for seed in range(100, 104)]
    assert sum(linked) <= 3 * 0.001 * 2000 * len(linked)


def one_hot(random: np.random.Generator, n: int, columns: int, values: int) -> Array:
    return np.asarray(np.eye(values)[random.integers(0, values, (n, columns))].reshape(n, -1))


@pytest.mark.parametrize("kind", ["even", "rare", "one-hot", "one-hot and numbers"])
def test_natural_binary_rows_are_not_near_other_clients(kind: str) -> None:
    random = np.random.default_rng(36)
    rows = {
        "even": random.integers(0, 2, (2000, 40)).astype(float),
        "rare": (random.random((2000, 60)) < 0.05).astype(float),
        "one-hot": one_hot(random, 2000, 8, 6),
        "one-hot and numbers": np.c_[one_hot(random, 2000, 8, 6), random.normal(size=(2000, 4))],
    }[kind]
    assert looked_at(rows, clients_of(*[10] * 200)).kin.near.sum() <= 4


def families(rows: Array, clients: Array) -> tuple[Family, Family]:
    """(own, kin), one client after the other."""
    ready, asks, bounds = prepared(rows.copy()), np.ones(len(rows), np.bool_), np.flatnonzero(np.r_[True, np.diff(clients) != 0, True])
    population = population_of(rows, clients)
    kin = kin_family(ready, np.arange(len(rows)), asks, population, population.reach)
    return own_family(ready, clients, asks, bounds, population), kin


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6, 1e15, np.nan])
@pytest.mark.parametrize("huge", [False, True])
@pytest.mark.parametrize("d", [8, 30, 784])
def test_one_changed_coordinate_is_found_however_large_the_change(d: int, huge: bool, size: float) -> None:
    rows, clients = normal(38, 240, d), clients_of(80, *[20] * 8)
    if huge:
        rows[::3, 0] = 1e12
    copies, sources = np.r_[60:80, 160:180], np.r_[20:40, 80:100]  # of one client, and of others
    rows[copies] = rows[sources]
    rows[copies, np.random.default_rng(37).integers(1, d, 40)] += size
    own, kin = families(rows, clients)
    assert np.array_equal(kin.parent[copies], sources)
    assert kin.near[copies].all()
    assert np.array_equal(own.parent[60:80], sources[:20])
    assert own.near[60:80].all()


@pytest.mark.parametrize("size", [1e-3, 1e6])
@pytest.mark.parametrize("d", [30, 784, 4096])
def test_a_few_scattered_changes_are_found_however_large(d: int, size: float) -> None:
    random = np.random.default_rng(39)
    rows, clients = normal(40, 60, d), clients_of(*[10] * 6)
    rows[50:] = rows[:10]
    for t in range(50, 60):
        rows[t, random.choice(d, random.integers(2, ALONE), replace=False)] += size
    _, kin = families(rows, clients)
    assert kin.parent[50:].tolist() == list(range(10))
    assert kin.near[50:].all()


def test_rows_that_do_not_ask_have_no_parent_and_may_be_one() -> None:
    rows, clients = normal(42, 200, 6), clients_of(*[20] * 10)
    rows[10:20] = rows[:10] + 0.001
    rows[30:40] = rows[20:30]
    asks = np.arange(200) % 20 >= 10
    found = looked_at(rows, clients, asks=asks)
    for family in (found.own, found.kin):
        assert (family.parent[~asks] == -1).all()
        assert not (family.near | family.repeat | family.linked)[~asks].any()
        assert family.parent[10:20].tolist() == list(range(10))
        assert family.parent[30:40].tolist() == list(range(20, 30))
        assert family.near[10:20].all()
        assert family.repeat[30:40].all()


def test_the_order_decides_who_is_earlier() -> None:
    rows, clients = normal(43, 40, 5), clients_of(20, 20)
    rows[20:30], rows[30:] = rows[:10], rows[10:20] + 1e-4
    for order, late, early in ((np.arange(40), 20, 0), (np.r_[20:40, 0:20], 0, 20)):
        kin = looked_at(rows, clients, order).kin
        assert kin.parent[late : late + 20].tolist() == list(range(early, early + 20))
        assert kin.repeat[late : late + 10].all()
        assert kin.near[late + 10 : late + 20].all()
        assert (kin.parent[early : early + 20] == -1).all()


@pytest.mark.parametrize("accounts", [1, 100])
def test_twenty_thousand_rows_of_one_cell_are_one_tree(accounts: int) -> None:
    clients = clients_of(*[5] * 400, *[20_000 // accounts] * accounts)
    rows = normal(44, 22_000, 8)
    rows[2000:] = rows[2000] + 1e-9 * rows[2000:]
    order = by_turns(clients)
    found = looked_at(rows, clients, order)
    assert len(np.unique(found.kin.root[2000:])) == 1
    assert len(np.unique(found.own.root[2000:])) == accounts
    assert found.kin.linked[:2000].sum() < 100


def test_a_client_with_half_of_all_rows_changes_little_for_the_others() -> None:
    rows, clients = normal(45, 2000, 8), clients_of(*[10] * 100, 1000)
    rows[900:1000] = rows[:100] + 0.01
    found, without = looked_at(rows, clients), looked_at(rows[:1000], clients[:1000])
    assert np.mean(found.own.parent[:1000] == without.own.parent) > 0.95
    assert np.mean(found.kin.parent[900:1000] == np.arange(100)) >= 0.98
    assert np.allclose(found.own.distance[:1000], without.own.distance, rtol=0.2, equal_nan=True)


def test_clients_with_one_row_each() -> None:
    found = looked_at(normal(46, 1000, 4), clients_of(*[1] * 1000))
    assert (found.own.parent == -1).all()
    assert np.isnan(found.gap).all()
    assert np.isfinite(found.outside).all()
