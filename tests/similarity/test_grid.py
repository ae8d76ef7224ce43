"""Cells: near copies share one, other rows seldom do."""

import hashlib

import numba
import numpy as np
import pytest
from brute_force import Array, clients_of, made, normal, population_of

from forensics.similarity.forest import spread
from forensics.similarity.grid import ALONE, FOUND, MOST_DIRECTIONS, MOST_TABLES, Grid, fitted, sparse_tables
from forensics.similarity.population import Population


def keys_of(cells: Grid, rows: Array, population: Population) -> Array:
    """(tables, rows), all of one owner."""
    return np.array(list(cells.tables(rows, population, np.zeros(len(rows), np.uint64))))


@pytest.mark.parametrize("d", [3, 8, 30, 100])
@pytest.mark.parametrize("kind", ["normal", "clustered"])
@pytest.mark.parametrize("part", [0.5, 0.1])
def test_pairs_within_the_radius_share_a_cell(kind: str, d: int, part: float) -> None:
    at_radius, within = [], []
    for seed in range(4):
        rows, clients = made(kind, seed, 600, d), clients_of(*[10] * 60)
        population = population_of(rows, clients)
        radius = part * population.usual
        away = normal(seed + 100, 600, d)
        away *= radius / np.linalg.norm(away, axis=1, keepdims=True) / population.inverse
        cells = fitted(rows, population, radius, len(rows))
        keys = keys_of(cells, rows, population)
        nearer = rows + away * np.random.default_rng(seed).random((600, 1))
        at_radius.append((keys == keys_of(cells, rows + away, population)).any(axis=0).mean())
        within.append((keys == keys_of(cells, nearer, population)).any(axis=0).mean())
    assert np.mean(at_radius) >= FOUND - 0.02
    assert np.mean(within) >= 0.98


@pytest.mark.parametrize("d", [3, 8, 30, 100])
def test_other_rows_seldom_share_a_cell(d: int) -> None:
    rows, clients = made("normal", 1, 600, d), clients_of(*[10] * 60)
    population = population_of(rows, clients)
    keys = keys_of(fitted(rows, population, population.reach, 600.0), rows, population)
    assert len(keys) <= MOST_TABLES
    for table in keys:
        _, sizes = np.unique(table, return_counts=True)
        assert (sizes * (sizes - 1)).sum() / len(rows) < 20


def test_equal_rows_have_equal_keys_and_owners_keep_clients_apart() -> None:
    rows, clients = normal(2, 200, 6), clients_of(100, 100)
    rows[100:] = rows[:100]
    rows[[3, 103], 1] = -1.5e300
    rows[[4, 104], 2] = 2.0**52 + 9
    population = population_of(rows, clients)
    cells = fitted(rows, population, 0.5, 200.0)
    for keys in (*cells.tables(rows, population, np.zeros(200, np.uint64)), *sparse_tables(rows, 2, np.zeros(200, np.uint64))):
        assert np.array_equal(keys[:100], keys[100:])
    for keys in (*cells.tables(rows, population, spread(clients)), *sparse_tables(rows, 2, spread(clients))):
        assert not np.isin(keys[:100], keys[100:]).any()


def test_no_more_tables_and_directions_than_promised() -> None:
    for d in (1, 2, 5, 50):
        rows, clients = normal(3, 200, d), clients_of(*[10] * 20)
        cells = fitted(rows, population_of(rows, clients), 0.1, 1e6)
        assert cells.picks.shape == cells.signs.shape
        tables, directions, picked = cells.picks.shape
        assert 1 <= tables <= MOST_TABLES
        assert 2 <= directions <= MOST_DIRECTIONS
        assert picked <= d
        assert cells.picks.max() < d
        assert all(len(set(pick)) == picked for table in cells.picks.tolist() for pick in table)


def digest(rows: Array, population: Population) -> str:
    cells = fitted(rows, population, population.reach, float(len(rows)))
    keys = (*cells.tables(rows, population, spread(np.arange(len(rows)) // 7)), *sparse_tables(rows, 3, np.zeros(len(rows), np.uint64)))
    return hashlib.sha256(b"".join(table.tobytes() for table in keys)).hexdigest()


def test_keys_are_the_same_with_any_number_of_threads() -> None:
    rows = np.round(normal(4, 500, 12), 3)
    population = population_of(rows, clients_of(*[10] * 50))
    before = numba.get_num_threads()
    found = digest(rows, population)
    try:
        numba.set_num_threads(1)
        assert digest(rows, population_of(rows, clients_of(*[10] * 50))) == found
    finally:
        numba.set_num_threads(before)


@pytest.mark.parametrize("d", [4, 5, 8, 30, 200])
def test_rows_that_differ_in_one_coordinate_meet_in_a_sparse_table(d: int) -> None:
    rows = normal(5, d, d)
    other = rows + 1e6 * np.eye(d)
    nobody = np.zeros(d, np.uint64)
    met = [one == two for one, two in zip(sparse_tables(rows, 1, nobody), sparse_tables(other, 1, nobody), strict=True)]
    assert np.any(met, axis=0).all()


@pytest.mark.parametrize("changes", range(2, ALONE))
def test_rows_that_differ_in_a_few_coordinates_meet_in_a_sparse_table(changes: int) -> None:
    rows, random = normal(6, 300, 40), np.random.default_rng(6)
    other = rows.copy()
    for t in range(300):
        other[t, random.choice(40, changes, replace=False)] += 1e6
    nobody = np.zeros(300, np.uint64)
    met = [one == two for one, two in zip(sparse_tables(rows, changes, nobody), sparse_tables(other, changes, nobody), strict=True)]
    assert np.any(met, axis=0).all()
    assert not np.all(met, axis=0).any()
