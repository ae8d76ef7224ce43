"""What is usual among a model's rows: the unit of each coordinate, and how far apart rows of different clients lie.

Nothing here is in the units of one model: every distance is one between rows in robust deviations, and "near" is told from what the
population does. A client counts for `SAMPLE_PER_CLIENT` rows, so that nobody's volume shapes it.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forensics.similarity import kernels
from forensics.similarity.forest import Bools, Floats, Ints, bounds_of

Array = np.ndarray[Any, Any]

SAMPLE_PER_CLIENT: Final = 4
SAMPLE_MOST: Final = 2048
NEAR: Final = 0.5  # of the usual distance: as close as this, rows of one client are near copies
CLOSEST: Final = 0.05  # of the usual distance: as close as this, rows of any clients are
REACH: Final = 0.25  # of the usual distance: further than this, rows of different clients are not sought, however rare chance is there
CHANCE: Final = 0.001  # of the rows may have a neighbour of another client that is close by chance alone
SPARSE: Final = 0.25  # of the coordinates in which neighbours of different clients usually differ
CAP: Final = 4.0  # no coordinate counts for more than this many robust deviations
FEW: Final = 4  # coordinates; below, near copies are told by distance alone
COARSE: Final = 12  # values of a coordinate in the population; with so few, equal steps say nothing
FIRST_CODE: Final = 2.0**52  # values from here on are keyed codes: they keep equality and nothing else
PER_CLIENT: Final = 1000  # rows of a client that count when the size of the population matters
MISSING: Final = -1.5e300  # stands for what is no number: far from every other value, and equal to itself


@dataclass(frozen=True, slots=True)
class Population:
    """``inverse``: (d,) one over the robust deviation of each coordinate; ``coded``: (d,) those that are equal or not, nothing between;
    ``grained``: (d,) those so coarse that many steps are alike by chance; ``sample``: numbers of the sampled rows.

    usual: median distance from a sampled row to the nearest of another client, in robust deviations; usual_changes: in how many
    coordinates these two differ; reach: distance within which rows of any clients are near copies; sparse, sparse_shared: number of
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
    sample = order[_sample(bounds)]
    inverse, coded, grained = _units(rows[sample])
    first, second, changed = kernels.nearest_others(rows[sample], inverse, coded, clients[sample], CAP)
    found = np.isfinite(first)
    usual = float(np.sqrt(np.median(first[found]))) if found.any() else 1.0
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
        reach=usual * _reach(np.sqrt(first[found]), np.sqrt(second[found]), len(sample) / natural),
        sparse=sparse,
        sparse_shared=min(sparse, _few_by_chance(rows[sample], natural)) if wide else 0,
    )


def _sample(bounds: Array) -> Ints:
    """Up to `SAMPLE_PER_CLIENT` rows of each client, evenly spaced."""
    starts, ends = bounds[:-1], bounds[1:]
    fractions = (np.arange(SAMPLE_PER_CLIENT) + 0.5) / SAMPLE_PER_CLIENT
    picked = np.unique((starts[:, None] + fractions[None, :] * (ends - starts)[:, None]).astype(np.int64))
    if len(picked) > SAMPLE_MOST:
        picked = picked[np.linspace(0, len(picked) - 1, SAMPLE_MOST).astype(np.int64)]
    return picked


def _units(sample: Floats) -> tuple[Floats, Bools, Bools]:
    finite = np.where(np.abs(sample) < FIRST_CODE, sample, np.nan)
    # Where codes outnumber numbers: one client's codes must not take everybody's numbers away.
    codes = (np.abs(sample) >= FIRST_CODE) & (np.abs(sample) < 1e299)
    coded = codes.sum(axis=0) > np.isfinite(finite).sum(axis=0)
    known = np.where(np.isnan(finite).all(axis=0), 0.0, finite)
    low, high = np.nanpercentile(known, [25, 75], axis=0)
    scale = np.where(high > low, (high - low) / 1.349, np.nanstd(known, axis=0))
    scale = np.where((scale > 1e-300) & ~coded, scale, 1.0)  # below, one over it is no number
    values = np.sort(known, axis=0)  # NaNs last, and unlike each other
    grained = coded | (1 + (np.diff(values, axis=0) > 0).sum(axis=0) <= COARSE)
    return 1.0 / scale, coded, grained


def _reach(first: Floats, second: Floats, share: float) -> float:
    """Distance, in usual ones, within which `CHANCE` of the rows have a neighbour by chance; between `CLOSEST` and `REACH`.

    Near a point, the number of neighbours grows with the distance to the power of the data's own dimension, which the ratios of
    second to first neighbour's distance tell (Facco et al. 2017, "Estimating the intrinsic dimension of datasets by a minimal
    neighborhood information"). ``share``: of the population's rows that are in the sample.
    """
    told = np.isfinite(second) & (first > 0)
    if not told.any():
        return CLOSEST
    ratios = np.sort(np.log(second[told] / first[told]))
    # The largest decide too much: all that is said of them is that they are larger.
    kept = ratios[: max(1, int(0.9 * len(ratios)))]
    dimension = len(kept) / max(float(kept.sum()) + (len(ratios) - len(kept)) * float(kept[-1]), 1e-9)
    return float(min(REACH, max(CLOSEST, (CHANCE * share / math.log(2)) ** (1 / dimension))))


def _few_by_chance(sample: Floats, natural: int) -> int:
    """Most changed coordinates that are rarer than `CHANCE` between a row and any of ``natural`` others, were coordinates independent.

    Told from how often single coordinates agree, which campaigns move little, and not from the rows closest to each other.
    """
    ordered = np.sort(sample, axis=0)
    agree = np.empty(sample.shape[1])
    for k in range(sample.shape[1]):
        starts = np.flatnonzero(np.r_[True, ordered[1:, k] != ordered[:-1, k]])
        agree[k] = (np.diff(np.r_[starts, len(ordered)]) / len(ordered)) @ (np.diff(np.r_[starts, len(ordered)]) / len(ordered))
    differing = np.zeros(sample.shape[1] + 1)  # the distribution of how many differ: Poisson-binomial, one coordinate after the other
    differing[0] = 1.0
    for share in agree:
        differing[1:] = differing[1:] * share + differing[:-1] * (1.0 - share)
        differing[0] *= share
    return int((np.cumsum(differing) * natural <= CHANCE).sum()) - 1 if differing[0] * natural <= CHANCE else 0
