"""Accounts that go through the same records in step, and those that only look so."""

from typing import Any

import numpy as np
import pytest
from brute_force import clients_of

from forensics.similarity import kernels, tables
from forensics.similarity.company import MOST_ROWS, PLACES, company
from forensics.similarity.forest import spread
from forensics.similarity.population import measure, prepared

Array = np.ndarray[Any, Any]
D = 10


def companions(accounts: list[Array], asks: Array | None = None) -> list[Array]:
    """What is found of each account."""
    sizes = [len(rows) for rows in accounts]
    rows, clients = prepared(np.concatenate(accounts)), clients_of(*sizes)
    first = tables.repeats(rows, kernels.row_hashes(rows, np.arange(D), spread(clients)), np.arange(len(rows)))
    new = np.ones(len(rows), np.bool_) if asks is None else asks
    return np.split(company(rows, clients, first, new, measure(rows, clients)), np.cumsum(sizes)[:-1])


def people(seed: int, accounts: int = 30, each: int = 60) -> list[Array]:
    return list(np.random.default_rng(seed).normal(size=(accounts, each, D)))


def variants(seed: int, accounts: int = 8, records: int = 60, size: float = 0.05) -> list[Array]:
    chance = np.random.default_rng([seed, 1])
    return list(chance.normal(size=(records, D)) + size * chance.normal(size=(accounts, records, D)))


def looked_at(found: Array) -> Array:
    return np.asarray(found[found >= 0])


@pytest.mark.parametrize("seed", range(3))
def test_variants_that_are_dealt_out_make_companions(seed: int) -> None:
    found = companions(variants(seed) + people(seed))
    for mine in found[:8]:
        assert len(looked_at(mine)) == PLACES
        assert (looked_at(mine) == 7).all()
    for other in found[8:]:
        assert (looked_at(other) == 0).all()


def test_accounts_that_share_a_list_are_none() -> None:
    shared = people(11, 1)[0]
    assert all((looked_at(mine) == 0).all() for mine in companions([shared.copy() for _ in range(8)] + people(4)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spread_out", [1.0, 0.2])
def test_accounts_of_one_population_are_none(seed: int, spread_out: float) -> None:
    """Even where all rows of some of them are near copies of each other: in step as often as out of step."""
    crowded = [spread_out * rows for rows in people(20 + seed, 8)]
    assert all((looked_at(mine) == 0).all() for mine in companions(crowded + people(seed)))


def test_an_account_that_is_ahead_by_two_rows_still_is_one() -> None:
    accounts = variants(5)
    accounts[0] = accounts[0][2:]
    found = companions(accounts + people(5))
    assert (looked_at(found[0]) >= 6).mean() >= 0.9


def test_an_account_in_another_order_is_none() -> None:
    accounts = variants(6)
    accounts[0] = np.random.default_rng(6).permutation(accounts[0])
    found = companions(accounts + people(6))
    assert looked_at(found[0]).mean() < 1
    assert (looked_at(found[1]) >= 6).mean() >= 0.9


def test_a_heavy_client_and_one_with_few_rows_are_not_looked_at() -> None:
    heavy = variants(7, 2, MOST_ROWS + 1)
    most = variants(8, 2, MOST_ROWS)
    few = variants(9, 2, PLACES // 2 - 1)
    found = companions(heavy + most + few + people(7))
    assert all((mine == -1).all() for mine in (*found[:2], *found[4:6]))
    assert all((looked_at(mine) == 1).all() and len(looked_at(mine)) == PLACES for mine in found[2:4])


def test_repeats_and_what_earlier_scans_have_placed_do_not_count() -> None:
    accounts = [np.repeat(rows, 2, axis=0) for rows in variants(10)]
    found = companions(accounts + people(10))
    assert all((mine[1::2] == -1).all() and (looked_at(mine) == 7).all() for mine in found[:8])
    asks = np.ones(8 * 120 + 30 * 60, np.bool_)
    asks[:120] = False
    known = companions(accounts + people(10), asks)
    assert (known[0] == -1).all()
    assert (looked_at(known[1]) == 6).all()


def test_one_account_has_no_company() -> None:
    assert (companions(people(1, 1))[0] == -1).all()
