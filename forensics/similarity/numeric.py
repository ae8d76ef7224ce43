"""Rows of numbers: the nearest earlier row of the same client, the step from it, and the distance to everybody else's rows.

Two rows are near when they are much closer than rows of different clients usually are, or differ in far fewer coordinates. Both
scales come from the model's own population, so nothing here is in the units of one model.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forensics.similarity import kernels

Array = np.ndarray[Any, Any]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Hashes = np.ndarray[Any, np.dtype[np.uint64]]

WINDOW: Final = 512  # earlier distinct rows of the client that are compared; older ones are forgotten
LINE_WINDOW: Final = 10
SAMPLE_PER_CLIENT: Final = 4
SAMPLE_MOST: Final = 2048
NEIGHBOURS: Final = 3
RETAINED: Final = 3  # principal components that divide the input space into cells
OUTSIDE_PER_CLIENT: Final = 256  # rows of a client that are held against the others', evenly spaced
NEAR: Final = 0.5  # of the usual distance between neighbours of different clients
SPARSE: Final = 0.25  # of the coordinates in which such neighbours usually differ
CAP: Final = 4.0  # no coordinate counts for more than this many robust deviations
FEW: Final = 4  # coordinates; below, near copies are told by distance alone
COARSE: Final = 12  # values of a coordinate in the population; with so few, equal steps say nothing
FIRST_CODE: Final = 2.0**52  # values from here on are keyed codes: they keep equality and nothing else


@dataclass(frozen=True, slots=True)
class Steps:
    """One entry per row, in the given order. ``parent`` is -1 where the client sent nothing before (within `WINDOW`).

    repeat: the same row stood in the window. near: the parent is a near copy. distance: to the parent, in usual distances between
    neighbours of different clients. gap: the same, to the row just before. changed: coordinates that differ from the parent's.
    kept: share of the fine coordinates that do not. axis: which one changed, where it is one, else -1. delta: by how much it changed,
    in robust deviations. even: most changed by one and the same amount (a sign step). step_hash: see `kernels.step_hashes`. line: the
    row lies on the line through two of the last ten. outside: mean distance to the three nearest sampled rows of other clients, 1 is
    usual; NaN for repeats, near copies, rows beyond `OUTSIDE_PER_CLIENT`, and where there are no others. outside_deviations: the same
    in robust deviations of the clients' medians. cell: see `_cells`.
    """

    parent: Ints
    repeat: Bools
    near: Bools
    distance: Floats
    gap: Floats
    changed: Ints
    kept: Floats
    axis: Ints
    delta: Floats
    even: Bools
    step_hash: Hashes
    line: Bools
    outside: Floats
    outside_deviations: Floats
    cell: Ints


def steps(rows: Floats, clients: Ints) -> Steps:
    """``rows``: (n, d), those of one client together and in order of time; ``clients``: (n,) the client of each, from 0."""
    values, coded, grained = _scaled(rows, clients)
    bounds = np.flatnonzero(np.r_[True, clients[1:] != clients[:-1], True]).astype(np.int64)
    sample = _sample(bounds)
    usual, usual_changes = _usual(values, coded, clients, sample)
    raw = np.nan_to_num(rows, nan=-1.5e300) + 0.0
    parent, repeat, squared = kernels.nearest_earlier(values, raw, coded, kernels.row_hashes(raw), bounds, WINDOW, CAP)
    changed, kept, axis, delta, even = kernels.changes(values, raw, parent, repeat, coded, grained)
    distance = np.sqrt(squared)
    # With few coordinates one that changes is a large part of the row.
    sparse = max(1.0, SPARSE * usual_changes) if rows.shape[1] >= FEW else 0.0
    near = ~repeat & (parent >= 0) & ((distance <= NEAR * usual) | (changed <= sparse))
    far = _some(np.flatnonzero(~repeat & ~near), clients)
    outside = np.full(len(rows), np.nan)
    outside[far] = kernels.outside_distance(values, coded, clients, far, sample, NEIGHBOURS, CAP)
    typical, spread = _usual_by_client(outside, clients)
    return Steps(
        parent=parent,
        repeat=repeat,
        near=near,
        distance=distance / usual,
        gap=kernels.gaps(values, coded, bounds, CAP) / usual,
        changed=changed,
        kept=kept,
        axis=axis,
        delta=delta,
        even=even,
        step_hash=kernels.step_hashes(values, coded, bounds),
        line=kernels.lines(values, coded, repeat, bounds, LINE_WINDOW),
        outside=outside / typical,
        outside_deviations=(outside - typical) / spread,
        cell=_cells(values, sample),
    )


def _sample(bounds: Array) -> Ints:
    """Up to `SAMPLE_PER_CLIENT` rows of each client, evenly spaced, so that nobody's volume shapes the population."""
    starts, ends = bounds[:-1], bounds[1:]
    fractions = (np.arange(SAMPLE_PER_CLIENT) + 0.5) / SAMPLE_PER_CLIENT
    picked = np.unique((starts[:, None] + fractions[None, :] * (ends - starts)[:, None]).astype(np.int64))
    if len(picked) > SAMPLE_MOST:
        picked = picked[np.linspace(0, len(picked) - 1, SAMPLE_MOST).astype(np.int64)]
    return picked


def _some(rows: Array, clients: Array) -> Ints:
    """Of the given row numbers, `OUTSIDE_PER_CLIENT` of each client at most."""
    owners = clients[rows]
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]]) if len(rows) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(rows)])
    position = np.arange(len(rows)) - np.repeat(starts, sizes)
    size = np.repeat(sizes, sizes)
    kept = position * OUTSIDE_PER_CLIENT // size != (position - 1) * OUTSIDE_PER_CLIENT // size
    chosen: Ints = rows[kept | (size <= OUTSIDE_PER_CLIENT)]
    return chosen


def _scaled(rows: Array, clients: Array) -> tuple[Array, ...]:
    """Rows in robust deviations of the population; which coordinates are coded (equal or not, nothing between); which are so
    coarse that many steps are alike by chance."""
    bounds = np.flatnonzero(np.r_[True, clients[1:] != clients[:-1], True])
    sample = rows[_sample(bounds)]
    finite = np.where(np.isfinite(sample) & (np.abs(sample) < FIRST_CODE), sample, np.nan)
    # Where codes outnumber numbers: one client's codes must not take everybody's numbers away.
    coded = (np.abs(sample) >= FIRST_CODE).sum(axis=0) > np.isfinite(finite).sum(axis=0)
    known = np.where(np.isnan(finite).all(axis=0), 0.0, finite)
    low, high = np.nanpercentile(known, [25, 75], axis=0)
    scale = np.where(high > low, (high - low) / 1.349, np.nanstd(known, axis=0))
    scale = np.where((scale > 0) & ~coded, scale, 1.0)
    grained = coded | (np.array([len(np.unique(known[:, k])) for k in range(known.shape[1])]) <= COARSE)
    # A missing value is a value of its own, far from every other.
    return np.clip(np.nan_to_num(rows / scale, nan=1e12, posinf=1e13, neginf=-1e13), -1e13, 1e13), coded, grained


def _usual(values: Array, coded: Array, clients: Array, sample: Array) -> tuple[float, float]:
    """Median distance from a sampled row to the nearest one of another client, and in how many coordinates these two differ."""
    squared, changed = kernels.nearest_other(values[sample], coded, clients[sample], CAP)
    found = squared > 0
    if not found.any():
        return 1.0, 1.0
    return float(np.sqrt(np.median(squared[found]))), float(np.median(changed[found]))


def _cells(values: Array, sample: Array) -> Ints:
    """One number per row: its place, in whole standard deviations, along the population's first three principal components."""
    # No coordinate beyond `CAP` deviations: a few odd rows must not decide how everybody's are divided.
    middle = np.median(values[sample], axis=0)
    clipped = np.clip(values - middle, -CAP, CAP)
    spread, directions = np.linalg.eigh(clipped[sample].T @ clipped[sample] / len(sample))
    kept = min(RETAINED, int((spread > 1e-9).sum()))
    chosen = directions[:, ::-1][:, :kept]
    chosen = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(kept)])
    along = clipped @ chosen / np.sqrt(spread[::-1][:kept])
    # Rounded first: the last bits of a product differ between machines. 64 steps of a standard deviation hold any clipped row.
    steps = np.clip(np.floor(np.round(along, 6)) + 32, 0, 63).astype(np.int64)
    return np.asarray(steps @ (64 ** np.arange(kept, dtype=np.int64)), np.int64) if kept else np.zeros(len(values), np.int64)


def _usual_by_client(values: Array, clients: Array) -> tuple[float, float]:
    """Median over clients of their medians, and the robust deviation (at least 2 % of it): heavy clients count once.

    Clients whose rows are those of others (fixtures, a common test set) have no distance and say nothing about it. NaN without any.
    """
    known = values > 0
    if not known.any():
        return math.nan, math.nan
    kept, owners = values[known], clients[known]
    order = np.lexsort((kept, owners))
    kept, owners = kept[order], owners[order]
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
    sizes = np.diff(np.r_[starts, len(owners)])
    low, middle, high = np.percentile(kept[starts + sizes // 2], [25, 50, 75])
    return float(middle), float(max((high - low) / 1.349, 0.02 * middle, 1e-9))
