"""Steps between rows of numbers against a plain brute force, and what units, order, missing values and codes may not change."""

from dataclasses import fields
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.similarity import numeric
from forensics.similarity.numeric import CAP, OUTSIDE_PER_CLIENT, WINDOW, Steps, steps

Array = np.ndarray[Any, Any]


def owners(*sizes: int) -> Array:
    """The client of each row, where the clients have so many rows."""
    return np.repeat(np.arange(len(sizes)), sizes)


def normal(seed: int, n: int, d: int) -> Array:
    return np.random.default_rng(seed).normal(size=(n, d))


def same_bits(found: Steps, other: Steps) -> bool:
    return all(getattr(found, f.name).tobytes() == getattr(other, f.name).tobytes() for f in fields(Steps))


def distance(values: Array, coded: Array, i: int, j: int) -> float:
    gaps = np.minimum(np.abs(values[i] - values[j]), np.where(coded, 1.0, CAP))
    return float(np.sqrt((gaps**2).sum()))


def usual_distances(values: Array, coded: Array, clients: Array) -> tuple[float, float]:
    """Of neighbours of different clients in the sample: median distance, and median of the coordinates in which they differ."""
    sample = numeric._sample(np.flatnonzero(np.r_[True, clients[1:] != clients[:-1], True]))
    nearest = []
    for i in sample:
        others = [(distance(values, coded, i, j), int(j)) for j in sample if clients[i] != clients[j]]
        if away := [o for o in others if o[0] > 0]:
            shortest, j = min(away)
            nearest.append((shortest, int((values[i] != values[j]).sum())))
    if not nearest:
        return 1.0, 1.0
    return float(np.sqrt(np.median([n[0] ** 2 for n in nearest]))), float(np.median([n[1] for n in nearest]))


def check_against_brute_force(rows: Array, clients: Array) -> Steps:
    found = steps(rows, clients)
    values, coded, grained = numeric._scaled(rows, clients)
    usual, usual_changes = usual_distances(values, coded, clients)
    keys = [row.tobytes() for row in rows + 0.0]
    distinct: list[int] = []
    for t in range(len(rows)):
        if t == 0 or clients[t] != clients[t - 1]:
            distinct = []
            assert np.isnan(found.gap[t])
            assert found.step_hash[t] == 0
        else:
            assert found.gap[t] == pytest.approx(distance(values, coded, t, t - 1) / usual)
        window, parent = distinct[-WINDOW:], found.parent[t]
        same = [p for p in window if keys[p] == keys[t]]
        assert found.repeat[t] == bool(same)
        if same:
            assert (parent, found.distance[t], found.near[t], found.changed[t], found.axis[t]) == (same[-1], 0.0, False, 0, -1)
            assert not found.line[t]
            assert not found.even[t]
            assert np.isnan(found.outside[t])
            continue
        distinct.append(t)
        if not window:
            assert parent == -1
            assert np.isnan(found.distance[t])
            assert not found.near[t]
            continue
        assert parent in window
        shortest = min(distance(values, coded, t, p) for p in window)
        assert distance(values, coded, t, parent) == pytest.approx(shortest)
        assert found.distance[t] == pytest.approx(shortest / usual)
        moved = np.flatnonzero(values[t] != values[parent])
        assert found.changed[t] == len(moved)
        assert found.axis[t] == (moved[0] if len(moved) == 1 else -1)
        fine = values[:, ~grained]
        kept = np.mean(fine[t] == fine[parent]) if fine.shape[1] >= 4 else np.nan
        assert found.kept[t] == pytest.approx(kept, nan_ok=True)
        step = values[t] - values[parent]
        known = len(moved) == 1 and not coded[moved[0]] and abs(step[moved[0]]) < 1e9
        assert found.delta[t] == (step[moved[0]] if known else 0.0)
        assert found.near[t] == (found.distance[t] <= 0.5 or (values.shape[1] >= 4 and len(moved) <= max(1.0, 0.25 * usual_changes)))
    return found


@st.composite
def traffic(draw: st.DrawFn) -> tuple[Array, Array]:
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
    return rows, owners(*sizes)


@settings(max_examples=60, deadline=None)
@given(traffic())
def test_as_brute_force(given: tuple[Array, Array]) -> None:
    check_against_brute_force(*given)


def test_as_brute_force_on_binary_rows() -> None:
    rows = np.random.default_rng(1).integers(0, 2, (120, 12)).astype(float)
    found = check_against_brute_force(rows, owners(40, 50, 30))
    assert found.changed[found.near].max() <= 1
    assert not found.even.any()
    assert not found.line.any()


@pytest.mark.parametrize(("rows", "repeats"), [(normal(2, 60, 1), 0), (np.arange(60.0)[:, None] % 7, 39), (np.full((60, 4), 5.0), 57)])
def test_one_column_and_constant_columns(rows: Array, repeats: int) -> None:
    found = check_against_brute_force(rows, owners(20, 20, 20))
    assert found.repeat.sum() == repeats


def test_one_client_has_nobody_outside() -> None:
    found = check_against_brute_force(normal(3, 50, 4), owners(50))
    assert np.isnan(found.outside).all()
    assert np.isnan(found.outside_deviations).all()
    assert np.isfinite(found.distance[1:]).all()


@pytest.mark.parametrize("row", [[0.0], [1.0, np.nan, np.inf, 2.0**52]])
def test_one_row(row: list[float]) -> None:
    found = steps(np.array([row]), owners(1))
    assert found.parent.tolist() == [-1]
    assert not found.repeat[0]
    assert not found.near[0]
    assert not found.line[0]
    assert not found.even[0]
    assert np.isnan([found.distance[0], found.gap[0], found.outside[0]]).all()
    assert found.step_hash.tolist() == found.cell.tolist() == [0]


def test_order_of_the_clients_does_not_matter() -> None:
    rows, clients = normal(4, 200, 5), owners(30, 70, 45, 55)
    rows[:198:9] = rows[3::9]
    found = steps(rows, clients)
    order = np.concatenate([np.flatnonzero(clients == c) for c in (2, 0, 3, 1)])
    other = steps(rows[order], owners(45, 30, 55, 70))
    place = np.argsort(order)
    assert np.array_equal(np.where(found.parent < 0, -1, place[found.parent])[order], other.parent)
    for name in ("repeat", "near", "changed", "axis", "even", "line", "step_hash"):
        assert np.array_equal(getattr(found, name)[order], getattr(other, name)), name
    for name in ("distance", "gap", "delta", "outside", "outside_deviations"):
        assert np.allclose(getattr(found, name)[order], getattr(other, name), rtol=1e-9, equal_nan=True), name
    assert len(set(zip(found.cell[order], other.cell, strict=True))) == len(set(found.cell.tolist()))


@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (1.0, 37.0), (0.001, -5.0)])
def test_units_do_not_matter(factor: float, shift: float) -> None:
    rows, clients = normal(5, 240, 6), owners(*[40] * 6)
    rows[1::4] = rows[::4]
    rows[1::4, 2] += 0.05
    rows[2::4] = (rows[::4] + rows[3::4]) / 2
    found, rows[:, [0, 2]] = steps(rows, clients), rows[:, [0, 2]] * factor + shift
    other = steps(rows, clients)
    assert found.near.sum() >= 60
    assert found.line.sum() == 60
    for name in ("parent", "repeat", "near", "changed", "axis", "even", "line"):
        assert np.array_equal(getattr(found, name), getattr(other, name)), name
    for name in ("distance", "gap", "delta", "outside", "outside_deviations"):
        assert np.allclose(getattr(found, name), getattr(other, name), rtol=1e-6, atol=1e-9, equal_nan=True), name


def test_codes_keep_equality_and_nothing_else() -> None:
    rows, clients = normal(6, 120, 4), owners(60, 60)
    kinds = np.random.default_rng(6).integers(0, 5, 120)
    names = 2.0**52 + np.array([3.0, 4.0, 1e15, 2e15, 4e15])
    rows[:, 1] = names[kinds]
    found = steps(rows, clients)
    rows[:, 1] = names[::-1][kinds]
    other = steps(rows, clients)
    for name in ("parent", "repeat", "near", "distance", "gap", "changed", "axis", "delta", "even", "line", "step_hash", "outside"):
        assert np.array_equal(getattr(found, name), getattr(other, name), equal_nan=getattr(found, name).dtype == float), name
    assert not found.line.any()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 2.0**52 + 7])
def test_values_that_are_no_numbers_are_equal_or_not(odd: float) -> None:
    rows, clients = normal(7, 90, 30), owners(45, 45)
    rows[5, 0] = odd
    rows[6] = rows[5]
    rows[7] = rows[5]
    rows[7, 0] = 0.0
    found = steps(rows, clients)
    assert found.repeat[6]
    assert found.parent[6] == 5
    assert (found.parent[7], found.changed[7], found.axis[7], found.delta[7], found.near[7]) == (5, 1, 0, 0.0, True)
    assert np.isfinite(found.distance[1:45]).all()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
@pytest.mark.parametrize("odd", [np.nan, np.inf, 2.0**52 + 7])
def test_missing_values_and_codes_make_no_lines_and_no_sign_steps(odd: float, share: float) -> None:
    rows, clients = normal(8, 300, 7), owners(*[50] * 6)
    random = np.random.default_rng(8)
    rows[random.random(300) < share, 0] = odd
    rows[9::10] = rows[8::10]
    rows[9::10, :6] = odd
    found = steps(rows, clients)
    assert not found.line.any()
    assert not found.even.any()
    assert np.abs(found.delta).max() < 100


def test_codes_of_one_client_take_nobody_elses_numbers_away() -> None:
    rows, clients = normal(9, 200, 5), owners(*[20] * 10)
    rows[21::2] = rows[20::2]
    rows[21::2, 3] += 0.01
    plain = steps(rows, clients)
    rows[:20] = 1e17
    hidden = steps(rows, clients)
    assert np.array_equal(plain.axis[40:], hidden.axis[40:])
    assert (hidden.delta[41::2] > 0).all()
    assert np.allclose(plain.distance[40:], hidden.distance[40:], rtol=0.5, equal_nan=True)


def test_negative_zero_is_zero() -> None:
    assert steps(np.array([[0.0, 1.0], [-0.0, 1.0]]), owners(2)).repeat.tolist() == [False, True]


def test_rows_before_the_window_are_forgotten() -> None:
    rows = np.concatenate([normal(10, WINDOW, 3), np.zeros((3, 3))])
    rows[WINDOW] = rows[0]  # the oldest of the window
    rows[WINDOW + 1] = (9.0, 9.0, 9.0)  # now it is pushed out
    rows[WINDOW + 2] = rows[0]
    found = check_against_brute_force(rows, owners(len(rows)))
    assert found.repeat[-3:].tolist() == [True, False, False]
    assert found.parent[WINDOW] == 0


def test_repeats_take_no_place_in_the_window() -> None:
    rows = np.concatenate([normal(11, 5, 3), np.tile(normal(12, 1, 3), (2 * WINDOW, 1)), normal(11, 5, 3)])
    assert steps(rows, owners(len(rows))).repeat[-5:].all()


def bisection(a: Array, b: Array, shares: list[float]) -> Array:
    return np.array([a, b, *(a + s * (b - a) for s in shares)])


def test_lines_are_found_where_points_are_bisected() -> None:
    honest = normal(13, 400, 8)
    a, b = normal(14, 2, 8)
    search = bisection(a, b, [0.5, 0.75, 0.625, 0.6875, 0.65625])
    found = steps(np.concatenate([honest, search]), owners(*[40] * 10, len(search)))
    assert not found.line[: len(honest)].any()
    assert found.line[len(honest) :].tolist() == [False] * 2 + [True] * 5
    rounded = steps(np.concatenate([honest, np.round(search, 4)]), owners(*[40] * 10, len(search)))
    assert rounded.line[len(honest) :].tolist() == [False] * 2 + [True] * 5


@pytest.mark.parametrize("coordinates", [1, 2])
def test_moving_one_or_two_coordinates_is_no_line(coordinates: int) -> None:
    a, b = normal(15, 2, 6)
    b[coordinates:] = a[coordinates:]
    rows = np.concatenate([normal(16, 60, 6), bisection(a, b, [0.5, 0.25])])
    assert not steps(rows, owners(30, 30, 4)).line.any()


@pytest.mark.parametrize("back", [1, 2, 5])
def test_near_copies_lie_on_no_line(back: int) -> None:
    rows = normal(17, 240, 6)
    rows[9::10] = rows[9 - back :: 10]
    rows[9::10, 1] += 0.02
    found = steps(rows, owners(*[40] * 6))
    assert found.near[9::10].all()
    assert not found.line.any()


@pytest.mark.parametrize("own_units", [True, False])
def test_sign_steps_are_even_in_the_units_of_the_log_or_in_deviations(own_units: bool) -> None:
    scales = 10.0 ** np.arange(-3, 5)
    rows = normal(18, 200, 8) * scales
    signs = np.random.default_rng(19).choice([-1.0, 1.0], (20, 8))
    rows[181::2] = rows[180::2] + 0.3 * signs[:10] * (scales if own_units else 1e-3)
    found = steps(rows, owners(*[20] * 10))
    assert np.array_equal(found.parent[181::2], np.arange(180, 200, 2))
    if own_units:  # deviations differ a little from the true scales
        scaled, *_ = numeric._scaled(rows, owners(*[20] * 10))
        rows[181::2] = rows[180::2] + 0.3 * signs[:10] * np.median(rows / scaled, axis=0)
        found = steps(rows, owners(*[20] * 10))
    assert found.even[181::2].all()
    assert not found.even[:180].any()


def test_unit_steps_of_coarse_columns_are_not_even() -> None:
    rows = np.random.default_rng(20).integers(0, 8, (200, 10)).astype(float)
    rows[1::2] = rows[::2]
    rows[1::2, :6] += 1.0
    assert not steps(rows, owners(*[20] * 10)).even.any()


def test_the_same_transform_of_other_anchors_has_the_same_hash() -> None:
    rows = normal(21, 200, 6)
    rows[101::2] = rows[100::2] + np.array([0.3, -0.2, 0.0, 0.0, 0.0, 0.0])
    rows[99] = rows[98] + np.array([-0.2, 0.3, 0.0, 0.0, 0.0, 0.0])
    rows[97] = rows[96] + np.array([0.3, 0.0, 0.0, 0.0, 0.0, 0.0])
    found = steps(rows, owners(100, 100)).step_hash
    assert len(set(found[101::2].tolist())) == 1
    assert found[101] != 0
    assert found[99] not in (0, found[101])
    assert found[97] == 0  # one coordinate
    rest = np.r_[found[1:97], found[102::2]]
    assert len(set(rest.tolist())) == len(rest)


def test_outside_is_what_is_far_from_everybody_else() -> None:
    mixing = normal(22, 6, 6)
    rows = normal(23, 1300, 6) @ mixing
    rows[-60:] = np.random.default_rng(24).uniform(20, 60, (60, 6))
    found = steps(rows, owners(*[60] * 20, 40, 60))
    far, same = found.outside[-60:], found.outside[-100:-60]
    assert np.nanmedian(far) > 2.5
    assert np.nanmedian(found.outside_deviations[-60:]) > 10
    assert np.nanmedian(same) == pytest.approx(1.0, abs=0.3)
    assert abs(np.nanmedian(found.outside_deviations[-100:-60])) < 4


def test_outside_as_brute_force_and_for_some_rows_of_heavy_clients_only() -> None:
    rows, clients = normal(25, OUTSIDE_PER_CLIENT + 204, 4), owners(OUTSIDE_PER_CLIENT + 100, 50, 54)
    found = steps(rows, clients)
    values, coded, _ = numeric._scaled(rows, clients)
    sample = numeric._sample(np.flatnonzero(np.r_[True, clients[1:] != clients[:-1], True]))
    known = np.flatnonzero(~np.isnan(found.outside))
    assert np.bincount(clients[known])[0] == min(OUTSIDE_PER_CLIENT, (~found.near & ~found.repeat)[clients == 0].sum())
    assert not found.near[known].any()
    assert not found.repeat[known].any()
    means = [np.mean(sorted(distance(values, coded, t, s) for s in sample if clients[s] != clients[t])[:3]) for t in known]
    ratios = found.outside[known] / means
    assert np.allclose(ratios, ratios[0])


def test_cells_are_in_range_and_equal_for_equal_rows() -> None:
    rows, clients = normal(26, 500, 7) * 10.0 ** np.arange(7), owners(*[50] * 10)
    rows[250:] = rows[:250]
    rows[0] = rows[250] = 1e30
    cells = steps(rows, clients).cell
    assert np.array_equal(cells[:250], cells[250:])
    assert cells.min() >= 0
    assert cells.max() < 64**3
    assert 20 < len(np.unique(cells)) < 250


def test_cells_of_codes_and_missing_values_are_equal_for_equal_rows() -> None:
    rows = normal(27, 400, 5)
    rows[:, 0] = 2.0**52 + np.random.default_rng(28).integers(0, 2**52, 400)
    rows[::3, 1] = np.nan
    rows[200:] = rows[:200]
    cells = steps(rows, owners(*[40] * 10)).cell
    assert np.array_equal(cells[:200], cells[200:])


def test_the_same_rows_give_the_same_bits_with_any_number_of_threads() -> None:
    rows, clients = normal(29, 600, 17), owners(*[50] * 12)
    rows[::7] = rows[1::7]
    before = numba.get_num_threads()
    found = steps(rows, clients)
    try:
        numba.set_num_threads(1)
        alone = steps(rows.copy(), clients.copy())
    finally:
        numba.set_num_threads(before)
    assert same_bits(found, alone)
    assert same_bits(found, steps(np.asfortranarray(rows).copy(order="C"), clients))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_very_small_and_very_large_numbers(scale: float) -> None:
    rows = normal(30, 60, 4)
    rows[1::5] *= scale
    rows[2::5] = rows[1::5] * [2.0, 3.0, 4.0, 5.0]
    found = check_against_brute_force(rows, owners(30, 30))
    assert np.isfinite(found.distance[1:30]).all()
