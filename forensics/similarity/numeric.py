"""Rows of numbers: the nearest earlier row of the same client and of anybody, the step from it, and the distance to others' rows.

Two rows are near when they are much closer than rows of different clients usually are, or differ in far fewer coordinates; between
clients only as close as chance leaves none (`forensics.similarity.population`). Rows that may be near are found through the cells they
share (`forensics.similarity.grid`); whether they are is computed from the rows themselves.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from forensics.similarity import grid, kernels, tables
from forensics.similarity.company import company
from forensics.similarity.forest import Bools, Family, Floats, Ints, Walk, bounds_of, spread
from forensics.similarity.moves import Moves, moves
from forensics.similarity.population import CAP, NEAR, Array, Population, measure

Hashes = np.ndarray[Any, np.dtype[np.uint64]]

RECENT: Final = 64  # distinct rows of the client just before: compared whether near or not, so that every row has a step
NEIGHBOURS: Final = 3
RETAINED: Final = 3  # principal components that divide the input space into cells
OUTSIDE_PER_CLIENT: Final = 128  # rows of a client that are held against the others', evenly spaced
RANKED_PER_CLIENT: Final = 20  # rows of a client that count when rows are ranked by how far outside they lie
OTHERS: Final = 512  # rows of others, at most


@dataclass(frozen=True, slots=True)
class Change:
    """What differs from a parent; one entry per row. Zeros and NaN where there is no parent, and for repeats.

    changed: coordinates that differ. kept: share of the fine coordinates that do not. axis: which one changed, where it is one, else -1.
    delta: by how much it changed, in robust deviations. even: most changed by one and the same amount (a sign step). cosine: of the
    angle between this step and the parent's own.
    """

    changed: Ints
    kept: Floats
    axis: Ints
    delta: Floats
    even: Bools
    cosine: Floats


@dataclass(frozen=True, slots=True)
class Steps:
    """One entry per row, in the given order.

    own, kin: the nearest earlier row of the same client, and near one of anybody; distances in usual distances between neighbours of
    different clients. own_change, kin_change: what differs from it. gap: distance to the client's row just before. step_hash: see
    `kernels.step_hashes`. moves: what the row is to those just before. lag, twin_lag: by how many distinct rows of the client it comes
    after the parent, and the twin. outside: mean distance to the three nearest sampled rows of other clients, 1 is usual; NaN for repeats,
    near copies, rows beyond `OUTSIDE_PER_CLIENT`, and where there are no others. outside_deviations: the same in robust deviations of the
    clients' medians; outside_rank: the share of clients' rows that lie less far out, every client's alike. cell: see `_cells`. company:
    companions that have a near copy of the row at the same place, -1 where it was not looked at.
    """

    own: Family
    kin: Family
    own_change: Change
    kin_change: Change
    gap: Floats
    step_hash: Hashes
    moves: Moves
    lag: Ints
    twin_lag: Ints
    outside: Floats
    outside_deviations: Floats
    outside_rank: Floats
    cell: Ints
    company: Ints


def steps(rows: Floats, clients: Ints, order: Ints, asks: Bools) -> Steps:
    """``rows``: (n, d), prepared, those of one client together and in order of time; ``clients``: (n,) the client of each, from 0;
    ``order``: (n,) numbers of all rows in order of time; ``asks``: (n,) false for what earlier scans have placed."""
    population = measure(rows, clients)
    bounds = bounds_of(clients)
    own = own_family(rows, clients, asks, bounds, population)
    kin = kin_family(rows, order, asks, population, population.reach)
    inverse, coded = population.inverse, population.coded
    found = moves(rows, population, own.first, asks, bounds, CAP)
    own_change = _change(rows, own, population, own.parent >= 0)
    elsewhere = (kin.parent >= 0) & (kin.parent != own.parent)
    far = _some(np.flatnonzero(asks & ~own.linked), clients)
    others = population.sample[:: 1 + (len(population.sample) - 1) // OTHERS]
    outside = np.full(len(rows), np.nan)
    outside[far] = kernels.outside_distance(rows, inverse, coded, clients, far, others, NEIGHBOURS, CAP)
    typical, spread = _usual_by_client(outside, clients)
    return Steps(
        own=own,
        kin=kin,
        own_change=own_change,
        kin_change=_merged(own_change, _change(rows, kin, population, elsewhere), kin.parent == own.parent),
        gap=kernels.gaps(rows, inverse, coded, bounds, CAP) / population.usual,
        step_hash=kernels.step_hashes(rows, inverse, coded, bounds),
        moves=found,
        lag=lags(own.first, own.parent),
        twin_lag=lags(own.first, found.twin),
        outside=outside / typical,
        outside_deviations=(outside - typical) / spread,
        outside_rank=rank_by_client(outside, clients),
        cell=_cells(rows, population),
        company=company(rows, clients, own.first, asks, population),
    )


def lags(first: Ints, earlier: Ints) -> Ints:
    """By how many distinct rows each row comes after the ``earlier`` one; 0 where that is -1. ``first``: the row that each repeats."""
    number = np.cumsum(first < 0)
    return np.asarray(np.where(earlier >= 0, number - number[earlier], 0), np.int64)


def own_family(rows: Floats, clients: Ints, asks: Bools, bounds: Ints, population: Population) -> Family:
    """The nearest earlier row of the same client: among the last `RECENT`, and among those that share a cell. Near within `NEAR`."""
    here, apart = np.arange(len(rows)), spread(clients)
    first = tables.repeats(rows, kernels.row_hashes(rows, np.arange(rows.shape[1]), apart), here)
    recent = kernels.nearest_recent(rows, population.inverse, population.coded, first, asks, bounds, RECENT, CAP)
    radius, sizes = NEAR * population.usual, np.diff(bounds)
    cells = grid.fitted(rows, population, radius, float((sizes * sizes).sum() / sizes.sum()))
    walk = Walk.begin(here, asks, first, np.inf).knowing(*recent)
    _link(walk, rows, population, cells.tables(rows, population, apart), 0, -1.0)
    few = Walk.begin(here, asks, first, np.inf)
    _link(few, rows, population, grid.sparse_tables(rows, population.sparse, apart), population.sparse, -1.0)
    return _family(rows, population, (walk, few), (radius, population.sparse), first, asks, here)


def kin_family(rows: Floats, order: Ints, asks: Bools, population: Population, radius: float) -> Family:
    """The nearest earlier row of anybody within ``radius``, or with few changes; no parent where there is none. Rows that are near one
    another are in one tree, whether or not one is the other's parent."""
    nobody = np.zeros(len(rows), np.uint64)
    first = tables.repeats(rows, kernels.row_hashes(rows, np.arange(rows.shape[1]), nobody), order)
    cells = grid.fitted(rows, population, radius, float(len(rows)))
    walk = Walk.begin(order, asks, first, np.nextafter(radius * radius, np.inf))
    _link(walk, rows, population, cells.tables(rows, population, nobody), 0, radius * radius)
    few = replace(Walk.begin(order, asks, first, np.inf), root=walk.root)
    _link(few, rows, population, grid.sparse_tables(rows, population.sparse_shared, nobody), population.sparse_shared, np.inf)
    return _family(rows, population, (walk, few), (radius, population.sparse_shared), first, asks, order)


def _link(walk: Walk, rows: Floats, population: Population, keys: Iterable[Array], most: int, limit: float) -> None:
    for table in keys:
        about = (rows, population.inverse, population.coded, CAP, most, limit)
        tables.link(table[walk.order], walk.order, walk.asks, *about, walk.parent, walk.nearness, walk.root)


def _family(
    rows: Floats, population: Population, walks: tuple[Walk, Walk], near_by: tuple[float, int], first: Ints, asks: Bools, order: Ints
) -> Family:
    """What two walks found, by distance and by few changes. ``near_by``: the distance, and the number of changes."""
    n, (radius, most) = len(rows), near_by
    (parent, squared), (changed, far) = (walk.found(n) for walk in walks)
    close = (parent >= 0) & (squared <= radius * radius)
    # The nearest row may be one with few changes that shared no cell.
    close |= (parent >= 0) & (kernels.count_changes(rows, parent, most) <= most)
    sparse = ~close & (changed >= 0)
    nearest = np.where(sparse, changed, parent)
    distance = np.where(nearest >= 0, np.sqrt(np.where(sparse, far, squared)) / population.usual, np.nan)
    return Family.settled((nearest, distance, close | sparse), walks[0], first, asks, order)


def _change(rows: Floats, family: Family, population: Population, wanted: Bools) -> Change:
    inverse, coded = population.inverse, population.coded
    changed, kept, axis, delta, even = kernels.changes(rows, inverse, family.parent, family.repeat | ~wanted, coded, population.grained)
    return Change(changed, kept, axis, delta, even, kernels.cosines(rows, inverse, coded, np.where(family.repeat, -1, family.parent)))


def _merged(one: Change, other: Change, take: Bools) -> Change:
    """``one`` where ``take``, else ``other``; but the parents of one and the same parent may differ, so cosines are always the other's."""
    same = {name: np.where(take, getattr(one, name), getattr(other, name)) for name in ("changed", "kept", "axis", "delta", "even")}
    return Change(**same, cosine=other.cosine)


def _some(rows: Array, clients: Array) -> Ints:
    """Of the given row numbers, `OUTSIDE_PER_CLIENT` of each client at most."""
    people = clients[rows]
    bounds = bounds_of(people)
    sizes = np.diff(bounds)
    position = np.arange(len(rows)) - np.repeat(bounds[:-1], sizes)
    size = np.repeat(sizes, sizes)
    kept = position * OUTSIDE_PER_CLIENT // size != (position - 1) * OUTSIDE_PER_CLIENT // size
    chosen: Ints = rows[kept | (size <= OUTSIDE_PER_CLIENT)]
    return chosen


def _cells(rows: Floats, population: Population) -> Ints:
    """One number per row: its place, in whole standard deviations, along the population's first three principal components."""
    # No coordinate beyond `CAP` deviations: a few odd rows must not decide how everybody's are divided.
    with np.errstate(over="ignore"):
        sample = np.clip(rows[population.sample] * population.inverse, -1e13, 1e13)
    middle = np.median(sample, axis=0)
    clipped = np.clip(sample - middle, -CAP, CAP)
    spread, chosen = _principal(clipped)
    chosen = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(len(spread))]) / np.sqrt(spread)
    return np.asarray(kernels.cells(rows, population.inverse, middle, np.ascontiguousarray(chosen), CAP), np.int64)


def _principal(sample: Floats) -> tuple[Floats, Floats]:
    """(variances along the first `RETAINED` principal components, the components as columns), those without variance left out."""
    rows, d = sample.shape
    # The smaller of the two products has the same eigenvalues.
    spread, vectors = np.linalg.eigh((sample.T @ sample if d <= rows else sample @ sample.T) / rows)
    kept = min(RETAINED, int((spread > 1e-9).sum()))
    spread, vectors = spread[::-1][:kept], vectors[:, ::-1][:, :kept]
    return spread, vectors if d <= rows else sample.T @ vectors / np.sqrt(spread * rows)


def _usual_by_client(values: Array, clients: Array) -> tuple[float, float]:
    """Median over clients of their medians, and the robust deviation (at least 2 % of it): heavy clients count once.

    Clients whose rows are those of others (fixtures, a common test set) have no distance and say nothing about it. NaN without any.
    """
    known = values > 0
    if not known.any():
        return math.nan, math.nan
    kept, people = values[known], clients[known]
    order = np.lexsort((kept, people))
    kept, people = kept[order], people[order]
    bounds = bounds_of(people)
    low, middle, high = np.percentile(kept[bounds[:-1] + np.diff(bounds) // 2], [25, 50, 75])
    return float(middle), float(max((high - low) / 1.349, 0.02 * middle, 1e-9))


def rank_by_client(values: Array, clients: Array) -> Floats:
    """The share of all values that each exceeds, `RANKED_PER_CLIENT` of each client at most; NaN where it is unknown."""
    known = np.flatnonzero(~np.isnan(values))
    bounds = bounds_of(clients[known])
    place = np.arange(len(known)) - np.repeat(bounds[:-1], np.diff(bounds))
    size = np.repeat(np.diff(bounds), np.diff(bounds))
    # Evenly spaced among the client's.
    taken = (place * RANKED_PER_CLIENT // size != (place - 1) * RANKED_PER_CLIENT // size) | (size <= RANKED_PER_CLIENT)
    population = np.sort(values[known[taken]])
    out = np.full(len(values), np.nan)
    out[known] = np.searchsorted(population, values[known]) / max(1, len(population))
    return out
