"""What is usual among a model's rows: the unit of each coordinate, and how far apart rows of different clients lie.

Nothing here is in the units of one model: every distance is one between rows in robust deviations, and "near" is told from what the
population does. Every client counts for as many rows as any other, so that nobody's volume shapes it.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forensics.similarity import kernels
from forensics.similarity.forest import Bools, Floats, Ints, bounds_of

Array = np.ndarray[Any, Any]

SAMPLE: Final = 2048  # rows that stand for the population, every client's alike
NEAR: Final = 0.5  # of the usual distance: as close as this, rows of one client are near copies
CLOSEST: Final = 0.05  # of the usual distance: as close as this, rows of any clients are
REACH: Final = 0.25  # of the usual distance: further than this, rows of different clients are not sought, however rare chance is there
CHANCE: Final = 0.001  # of the rows may have a neighbour of another client that is close by chance alone
SPARSE: Final = 0.25  # of the coordinates in which neighbours of different clients usually differ
CAP: Final = 4.0  # no coordinate counts for more than this many robust deviations
SCATTERED: Final = 64  # changed coordinates, at most, by which rows of different clients may be near copies
FEW: Final = 4  # coordinates; below, near copies are told by distance alone
COARSE: Final = 12  # values of a coordinate in the population; with so few, equal steps say nothing
FIRST_CODE: Final = 2.0**52  # values from here on are keyed codes: they keep equality and nothing else
PER_SAMPLE: Final = 16  # rows of a client in the sample, at most
PER_CLIENT: Final = 1000  # rows of a client that count when the size of the population matters
MISSING: Final = -1.5e300  # stands for what is no number: far from every other value, and equal to itself


@dataclass(frozen=True, slots=True)
class Population:
    """``inverse``: (d,) one over the robust deviation of each coordinate; ``coded``: (d,) those that are equal or not, nothing between;
    ``grained``: (d,) those so coarse that many steps are alike by chance; ``sample``: numbers of the sampled rows.

    usual: median distance from a sampled row to the nearest of another client, in robust deviations; usual_changes: in how many
    coordinates these two differ; reach: distance within which rows of any clients are near copies: `CHANCE` of the rows have a neighbour
    there by chance, but no less than `CLOSEST` and no more than `REACH` usual distances; sparse, sparse_shared: number of
    changed coordinates up to which rows of one client, and of any, are near copies whatever the distance (0: never).
    """

    inverse: Floats
    coded: Bools
    grained: Bools
    sample: Ints
    usual: float
    usual_changes: float
    reach: float
    sparse: int
    sparse_shared: int


def prepared(rows: Floats) -> Floats:
    """``rows`` with every value comparable: what is no number becomes `MISSING`, and -0 becomes 0. May work in place."""
    np.nan_to_num(rows, copy=False, nan=MISSING, posinf=1e300, neginf=-1e300)
    rows += 0.0
    return rows


def measure(rows: Floats, clients: Ints) -> Population:
    """``rows``: (n, d), prepared; ``clients``: (n,) the client of each. The order of the rows decides which are sampled."""
    order = np.argsort(clients, kind="stable")
    bounds = bounds_of(clients[order])
    sample = order[spaced(bounds, SAMPLE, PER_SAMPLE)]
    inverse, coded, grained = _units(rows[sample])
    first, second, changed = kernels.nearest_others(rows[sample], inverse, coded, clients[sample], CAP)
    found = np.isfinite(first)
    dimension = _dimension(np.sqrt(first[found]), np.sqrt(second[found]))
    # As if the sample were whole: of fewer rows the nearest lies further away, and a short window must not have units of its own.
    usual = float(np.sqrt(np.median(first[found]))) * (len(sample) / SAMPLE) ** (1 / dimension) if found.any() else 1.0
    usual_changes = float(np.median(changed[found])) if found.any() else 1.0
    wide = rows.shape[1] >= FEW
    sparse = int(max(1.0, SPARSE * usual_changes)) if wide else 0
    natural = int(np.minimum(np.diff(bounds), PER_CLIENT).sum())
    return Population(
        inverse=inverse,
        coded=coded,
        grained=grained,
        sample=sample,
        usual=usual,
        usual_changes=usual_changes,
        reach=usual * float(min(REACH, max(CLOSEST, (CHANCE * SAMPLE / max(natural, SAMPLE) / math.log(2)) ** (1 / dimension)))),
        sparse=sparse,
        sparse_shared=min(sparse, _few_by_chance(rows[sample], natural)) if wide else 0,
    )


def spaced(bounds: Array, most: int, per_client: int) -> Ints:
    """Up to ``most`` rows, the same number of each client as far as he has so many, ``per_client`` at most, evenly spaced. ``bounds``:
    where each client's rows begin, and the end."""
    starts, sizes = bounds[:-1], np.diff(bounds)
    quota = 1
    while quota < per_client and np.minimum(sizes, quota).sum() < min(most, sizes.sum()):
        quota += 1
    each = np.minimum(sizes, quota)
    first = np.cumsum(each) - each
    number = np.arange(each.sum()) - np.repeat(first, each)
    picked = np.repeat(starts, each) + ((2 * number + 1) * np.repeat(sizes, each)) // (2 * np.repeat(each, each))
    if len(picked) > most:
        picked = picked[np.linspace(0, len(picked) - 1, most).astype(np.int64)]
    return np.asarray(picked, np.int64)


def _units(sample: Floats) -> tuple[Floats, Bools, Bools]:
    finite = np.where(np.abs(sample) < FIRST_CODE, sample, np.nan)
    # Where codes outnumber numbers: one client's codes must not take everybody's numbers away.
    codes = (np.abs(sample) >= FIRST_CODE) & (np.abs(sample) < 1e299)
    coded = codes.sum(axis=0) > np.isfinite(finite).sum(axis=0)
    known = np.where(np.isnan(finite).all(axis=0), 0.0, finite)
    values = np.sort(known, axis=0)  # what is no number comes last
    low, high = _quantile(values, 0.25), _quantile(values, 0.75)
    scale = np.where(high > low, (high - low) / 1.349, np.nanstd(known, axis=0))
    scale = np.where((scale > 1e-300) & ~coded, scale, 1.0)  # below, one over it is no number
    grained = coded | (1 + (np.diff(values, axis=0) > 0).sum(axis=0) <= COARSE)
    return 1.0 / scale, coded, grained


def _quantile(values: Floats, share: float) -> Floats:
    """Of each column, sorted, of what is a number in it."""
    place = share * np.maximum((~np.isnan(values)).sum(axis=0) - 1, 0)
    below = np.floor(place).astype(np.int64)
    columns = np.arange(values.shape[1])
    low, high = values[below, columns], values[np.minimum(below + 1, len(values) - 1), columns]
    part = place - below
    return np.asarray(np.where(part > 0, low + part * (high - low), low), np.float64)


def _dimension(first: Floats, second: Floats) -> float:
    """That the data has near its points, 1 to 64: the number of neighbours grows with the distance to its power, which the ratios of the
    second to the first neighbour's distance tell (Facco et al. 2017, "Estimating the intrinsic dimension of datasets by a minimal
    neighborhood information")."""
    told = np.isfinite(second) & (first > 0)
    if not told.any():
        return 1.0
    ratios = np.sort(np.log(second[told] / first[told]))
    # The largest decide too much: all that is said of them is that they are larger.
    kept = ratios[: max(1, int(0.9 * len(ratios)))]
    return min(64.0, max(1.0, len(kept) / max(float(kept.sum()) + (len(ratios) - len(kept)) * float(kept[-1]), 1e-9)))


def _few_by_chance(sample: Floats, natural: int) -> int:
    """Most changed coordinates that are rarer than `CHANCE` between a row and any of ``natural`` others, were coordinates independent.

    Told from how often single coordinates agree, which campaigns move little, and not from the rows closest to each other.
    """
    ordered = np.sort(sample, axis=0)
    agree = np.empty(sample.shape[1])
    for k in range(sample.shape[1]):
        starts = np.flatnonzero(np.r_[True, ordered[1:, k] != ordered[:-1, k]])
        agree[k] = (np.diff(np.r_[starts, len(ordered)]) / len(ordered)) @ (np.diff(np.r_[starts, len(ordered)]) / len(ordered))
    # The distribution of how many differ: Poisson-binomial, one coordinate after the other; of more than `SCATTERED` nobody asks.
    differing = np.zeros(min(sample.shape[1], SCATTERED) + 1)
    differing[0] = 1.0
    for share in agree:
        differing[1:] = differing[1:] * share + differing[:-1] * (1.0 - share)
        differing[0] *= share
    return int((np.cumsum(differing) * natural <= CHANCE).sum()) - 1 if differing[0] * natural <= CHANCE else 0
