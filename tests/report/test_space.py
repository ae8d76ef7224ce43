"""Scaling, projection and neighbours give the numbers that were put in."""

import numpy as np
import pytest

from forensics.report.space import CODE, MOST_COORDINATES, nearest_earlier, projected, scaled


def test_units_are_the_references_interquartile_range() -> None:
    reference = np.array([[float(n)] for n in range(101)])
    space = scaled(reference, np.array([[50.0], [100.0], [150.0]]))
    assert space.rows.ravel().tolist() == [0.0, 1.0, 2.0]


def test_missing_values_lie_at_the_median_and_constants_go() -> None:
    reference = np.array([[float(n), 3.0, np.nan] for n in range(9)])
    space = scaled(reference, np.array([[np.nan, 3.0, np.nan]]))
    assert (space.rows.tolist(), space.dropped) == ([[0.0]], 2)


def test_a_coordinate_that_only_the_client_changes_is_kept() -> None:
    space = scaled(np.zeros((10, 1)), np.arange(10.0)[:, None])
    assert space.dropped == 0
    assert np.ptp(space.rows) > 0


def test_codes_are_equal_or_unequal_and_nothing_else() -> None:
    red, blue = CODE + 1, CODE + 2.0**51
    space = scaled(np.array([[red], [red], [blue]]), np.array([[red], [blue], [np.nan]]))
    assert space.rows.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    mixed = scaled(np.array([[1.0], [2.0], [red]]), np.array([[3.0]]))
    assert np.abs(mixed.rows).max() < 10


@pytest.mark.parametrize("value", [1e308, -1e308, np.inf, -np.inf])
def test_values_without_measure_stay_in_the_picture(value: float) -> None:
    space = scaled(np.array([[float(n)] for n in range(20)] + [[value]]), np.array([[value], [0.0]]))
    plane = projected(space)
    assert np.isfinite(plane.rows).all()
    assert np.isfinite(nearest_earlier(space.rows).distance).all()


def test_wide_rows_are_thinned() -> None:
    space = scaled(np.random.default_rng(1).normal(size=(30, 3000)), np.zeros((2, 3000)))
    assert space.rows.shape == (2, MOST_COORDINATES)


def test_projection_keeps_distances_of_what_lies_in_a_plane() -> None:
    turn = np.random.default_rng(1).normal(size=(2, 6))
    flat = np.random.default_rng(2).uniform(-1, 1, size=(50, 2)) @ turn
    space = scaled(flat, flat[:10])
    plane = projected(space)
    assert plane.share == pytest.approx(1.0)
    for a, b in ((0, 1), (3, 9)):
        assert np.linalg.norm(plane.rows[a] - plane.rows[b]) == pytest.approx(np.linalg.norm(space.rows[a] - space.rows[b]))


def test_projection_of_nothing_that_varies() -> None:
    plane = projected(scaled(np.ones((4, 2)), np.ones((3, 2))))
    assert (plane.rows.tolist(), plane.share) == ([[0.0, 0.0]] * 3, 1.0)


def test_nearest_earlier_is_that_of_all_pairs() -> None:
    rows = np.random.default_rng(3).normal(size=(60, 4))
    found = nearest_earlier(rows)
    for i in range(1, 60):
        distances = np.linalg.norm(rows[:i] - rows[i], axis=1)
        assert found.distance[i - 1] == pytest.approx(distances.min())
        assert found.index[i - 1] == distances.argmin()


def test_tiny_steps_far_from_the_origin_are_measured_exactly() -> None:
    rows = np.array([[1e4 + 2.0**-n] * 3 for n in range(25)])
    exact = [3**0.5 * 2.0 ** -(n + 1) for n in range(24)]
    assert nearest_earlier(rows).distance == pytest.approx(exact, rel=1e-3)


def test_repeats_are_at_no_distance_from_the_latest_of_them() -> None:
    found = nearest_earlier(np.array([[1.0], [5.0], [1.0], [1.0]]))
    assert (found.distance.tolist(), found.index.tolist()) == ([4.0, 0.0, 0.0], [0, 0, 2])
