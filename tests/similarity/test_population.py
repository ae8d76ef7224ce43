"""What is usual among a model's rows, and that campaigns move it little."""

import numpy as np
import pytest
from brute_force import clients_of, distances, made, normal, population_of

from forensics.similarity.population import CHANCE, CLOSEST, PER_SAMPLE, REACH, SAMPLE, _dimension, _few_by_chance, prepared


def test_rows_are_prepared_in_place_so_that_every_value_compares() -> None:
    rows = np.array([[np.nan, np.inf, -np.inf, -0.0, 1.5]])
    assert prepared(rows) is rows
    assert np.isfinite(rows).all()
    assert len({*rows[0].tolist()}) == 5
    assert not np.signbit(rows[0, 3])
    assert rows[0, 4] == 1.5


@pytest.mark.parametrize("d", [1, 3, 8, 30])
@pytest.mark.parametrize("kind", ["normal", "clustered"])
def test_usual_is_the_median_distance_to_the_nearest_of_others(kind: str, d: int) -> None:
    rows, clients = made(kind, 1, 300, d), clients_of(*[10] * 30)
    population = population_of(rows, clients)
    sample = population.sample
    far = distances(rows[sample], rows[sample], population)
    far[clients[sample][:, None] == clients[sample]] = np.inf
    nearest = far.argmin(axis=1)
    first, second = np.sort(far, axis=1)[:, :2].T
    whole = (len(sample) / SAMPLE) ** (1 / _dimension(first, second))  # as if the sample were as large as it may be
    assert population.usual == pytest.approx(np.sqrt(np.median(far.min(axis=1) ** 2)) * whole)
    assert population.usual_changes == np.median((rows[sample] != rows[sample][nearest]).sum(axis=1))
    assert np.bincount(clients[sample]).tolist() == [10] * 30


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [1, 2, 3, 5, 8, 16, 40])
@pytest.mark.parametrize("kind", ["normal", "clustered", "binary", "whole", "equal"])
def test_reach_is_between_a_twentieth_and_half_of_usual(kind: str, d: int, seed: int) -> None:
    population = population_of(made(kind, seed, 400, d), clients_of(*[10] * 40))
    assert CLOSEST * population.usual <= population.reach <= REACH * population.usual
    assert 0 <= population.sparse_shared <= population.sparse
    assert population.sparse == (0 if d < 4 else max(1, int(0.25 * population.usual_changes)))


@pytest.mark.parametrize("dimension", [2, 4, 6])
def test_the_dimension_is_told_by_the_two_nearest(dimension: int) -> None:
    # Distances to the first and second neighbour of points spread evenly over so many dimensions.
    random = np.random.default_rng(2)
    cells = random.exponential(size=(4000, 2)).cumsum(axis=1)
    first, second = cells.T ** (1 / dimension)
    assert _dimension(first, second) == pytest.approx(dimension, rel=0.1)


def test_usual_hardly_depends_on_how_many_rows_a_window_has() -> None:
    rows, clients = normal(2, 6000, 5), clients_of(*[60] * 100)
    whole = population_of(rows, clients).usual
    few = population_of(rows[::12], clients[::12]).usual
    assert few == pytest.approx(whole, rel=0.15)


@pytest.mark.parametrize("d", [4, 8, 12, 24])
@pytest.mark.parametrize("values", [2, 4, 30])
def test_few_changes_are_those_that_chance_seldom_leaves(d: int, values: int) -> None:
    random, natural = np.random.default_rng(3), 1000
    sample = random.integers(0, values, (800, d)).astype(float)
    most = _few_by_chance(sample, natural)
    pairs = random.integers(0, values, (400_000, d)) != random.integers(0, values, (400_000, d))
    rarer = np.array([(pairs.sum(axis=1) <= changes).mean() for changes in range(d + 1)]) * natural
    # Of the simulation only what is not too rare to be counted.
    assert rarer[most] <= 3 * CHANCE or most == 0
    assert rarer[min(d, most + 1)] >= CHANCE / 3 or rarer[min(d, most + 1)] == 0


def test_nothing_is_few_where_rows_are_alike_by_chance() -> None:
    assert _few_by_chance(np.ones((50, 8)), 1000) == 0
    assert _few_by_chance(np.random.default_rng(4).integers(0, 2, (500, 6)).astype(float), 10_000) == 0


@pytest.mark.parametrize("d", [4, 10, 40])
@pytest.mark.parametrize("jitter", [0.0, 1e-6, 0.05])
def test_a_campaign_of_clones_moves_usual_little(d: int, jitter: float) -> None:
    rows, clients = normal(5, 1000, d), clients_of(*[10] * 100)
    plain = population_of(rows, clients)
    rows[900:] = normal(6, 1, d) + jitter * normal(7, 100, d)  # one client of ten
    with_clones = population_of(rows, clients)
    assert 1 / 1.5 < with_clones.usual / plain.usual < 1.5
    assert np.allclose(plain.inverse, with_clones.inverse, rtol=0.5)


def test_no_client_shapes_the_population_by_volume() -> None:
    rows, clients = normal(8, 3000, 6), clients_of(*[10] * 100, 2000)
    rows[1000:] = normal(9, 1, 6) + 1e-3 * rows[1000:]
    heavy, light = population_of(rows, clients), population_of(rows[:1000], clients[:1000])
    assert heavy.usual == pytest.approx(light.usual, rel=0.1)
    assert len(heavy.sample) == 100 * 10 + PER_SAMPLE


def test_the_sample_is_bounded_and_of_many_clients() -> None:
    clients = np.arange(5000)
    sample = population_of(normal(10, 5000, 3), clients).sample
    assert len(sample) == SAMPLE
    assert np.diff(sample).max() <= 3


def test_codes_are_told_by_the_majority_and_coarse_columns_by_their_values() -> None:
    random = np.random.default_rng(11)
    rows, clients = normal(11, 200, 4), clients_of(*[10] * 20)
    rows[:, 1] = 2.0**52 + random.integers(0, 2**52, 200)
    rows[:, 2] = random.integers(0, 5, 200)
    population = population_of(rows, clients)
    assert population.coded.tolist() == [False, True, False, False]
    assert population.grained.tolist() == [False, True, True, False]
    assert population.inverse[1] == 1.0


def test_one_client_alone_has_a_population() -> None:
    population = population_of(normal(12, 20, 5), clients_of(20))
    assert (population.usual, population.reach) == (1.0, CLOSEST)
    assert np.isfinite(population.inverse).all()
