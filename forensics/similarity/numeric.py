"""Rows of numbers: the nearest earlier row of the same client, the step from it, and the distance to everybody else's rows.

Two rows are near when they are much closer than rows of different clients usually are, or differ in far fewer coordinates. Both
scales come from the model's own population, so nothing here is in the units of one model.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit, prange

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
COARSE: Final = 12  # values of a coordinate in the population; with so few, equal steps say nothing
FIRST_CODE: Final = 2.0**52  # values from here on are keyed codes: they keep equality and nothing else


@dataclass(frozen=True, slots=True)
class Steps:
    """One entry per row, in the given order. ``parent`` is -1 where the client sent nothing before (within `WINDOW`).

    ``repeat``: the same row stood in the window; ``near``: the parent is a near copy; ``distance``: to the parent, in usual distances
    between neighbours of different clients; ``gap``: the same, to the row just before; ``changed``: coordinates that differ from the parent's; ``axis``: which one, where it is
    one, else -1; ``delta``: by how much it changed, in robust deviations; ``even``: coordinates changed by one and the same amount
    (a sign step); ``step_hash``: see `_step_hashes`; ``line``: the row lies on the line through two of the last ten; ``outside``: mean distance to the three nearest
    sampled rows of other clients, 1 is usual, NaN for repeats, near copies, rows beyond `OUTSIDE_PER_CLIENT`,
    and where there are no others; ``outside_deviations``: the same in robust deviations of the clients' medians; ``cell``: see `_cells`.
    """

    parent: np.ndarray[Any, np.dtype[np.int64]]
    repeat: np.ndarray[Any, np.dtype[np.bool_]]
    near: np.ndarray[Any, np.dtype[np.bool_]]
    distance: np.ndarray[Any, np.dtype[np.float64]]
    gap: np.ndarray[Any, np.dtype[np.float64]]
    changed: np.ndarray[Any, np.dtype[np.int64]]
    axis: np.ndarray[Any, np.dtype[np.int64]]
    delta: np.ndarray[Any, np.dtype[np.float64]]
    even: np.ndarray[Any, np.dtype[np.bool_]]
    step_hash: np.ndarray[Any, np.dtype[np.uint64]]
    line: np.ndarray[Any, np.dtype[np.bool_]]
    outside: np.ndarray[Any, np.dtype[np.float64]]
    outside_deviations: np.ndarray[Any, np.dtype[np.float64]]
    cell: np.ndarray[Any, np.dtype[np.int64]]


def steps(rows: np.ndarray[Any, np.dtype[np.float64]], clients: np.ndarray[Any, np.dtype[np.int64]]) -> Steps:
    """``rows``: (n, d), those of one client together and in order of time; ``clients``: (n,) the client of each, from 0."""
    values, coded, grained = _scaled(rows, clients)
    bounds = np.flatnonzero(np.r_[True, clients[1:] != clients[:-1], True]).astype(np.int64)
    sample = _sample(bounds)
    usual, usual_changes = _usual(values, coded, clients, sample)
    near, sparse = NEAR * usual, max(1.0, SPARSE * usual_changes)
    raw = np.nan_to_num(rows, nan=-1.5e300) + 0.0
    hashes = _row_hashes(raw)
    parent, repeat, squared, gap, changed, axis, delta, even, line = _walk(
        values, raw, coded, grained, hashes, bounds, WINDOW, LINE_WINDOW, CAP
    )
    distance = np.sqrt(squared)
    is_near = ~repeat & (parent >= 0) & ((distance <= near) | (changed <= sparse))
    far = _some(np.flatnonzero(~repeat & ~is_near), clients)
    outside = np.full(len(rows), np.nan)
    outside[far] = _outside(values, coded, clients, far, sample, NEIGHBOURS, CAP)
    typical, spread = _usual_by_client(outside, clients)
    relative = outside / typical if typical > 0 else outside
    return Steps(parent, repeat, is_near, distance / usual, gap / usual, changed, axis, delta, even, _step_hashes(values, coded, bounds), line, relative, (outside - typical) / spread, _cells(values, sample))


def _sample(bounds: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Up to `SAMPLE_PER_CLIENT` rows of each client, evenly spaced, so that nobody's volume shapes the population."""
    starts, ends = bounds[:-1], bounds[1:]
    fractions = (np.arange(SAMPLE_PER_CLIENT) + 0.5) / SAMPLE_PER_CLIENT
    picked = np.unique((starts[:, None] + fractions[None, :] * (ends - starts)[:, None]).astype(np.int64))
    if len(picked) > SAMPLE_MOST:
        picked = picked[np.linspace(0, len(picked) - 1, SAMPLE_MOST).astype(np.int64)]
    return picked


def _some(rows: np.ndarray[Any, Any], clients: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Of the given row numbers, `OUTSIDE_PER_CLIENT` of each client at most."""
    owners = clients[rows]
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]]) if len(rows) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(rows)])
    position = np.arange(len(rows)) - np.repeat(starts, sizes)
    size = np.repeat(sizes, sizes)
    kept = position * OUTSIDE_PER_CLIENT // size != (position - 1) * OUTSIDE_PER_CLIENT // size
    return rows[kept | (size <= OUTSIDE_PER_CLIENT)]


def _scaled(rows: np.ndarray[Any, Any], clients: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], ...]:
    """Rows in robust deviations of the population; which coordinates are coded (equal or not, nothing between); which are so
    coarse that many steps are alike by chance."""
    bounds = np.flatnonzero(np.r_[True, clients[1:] != clients[:-1], True])
    sample = rows[_sample(bounds)]
    finite = np.where(np.isfinite(sample) & (np.abs(sample) < FIRST_CODE), sample, np.nan)
    coded = np.any(np.abs(np.nan_to_num(sample)) >= FIRST_CODE, axis=0)
    known = np.where(np.isnan(finite).all(axis=0), 0.0, finite)
    low, high = np.nanpercentile(known, [25, 75], axis=0)
    scale = np.where(high > low, (high - low) / 1.349, np.nanstd(known, axis=0))
    scale = np.where((scale > 0) & ~coded, scale, 1.0)
    grained = coded | (np.array([len(np.unique(known[:, k])) for k in range(known.shape[1])]) <= COARSE)
    # A missing value is a value of its own, far from every other.
    return np.nan_to_num(rows / scale, nan=1e12, posinf=1e13, neginf=-1e13), coded, grained


def _usual(
    values: np.ndarray[Any, Any], coded: np.ndarray[Any, Any], clients: np.ndarray[Any, Any], sample: np.ndarray[Any, Any]
) -> tuple[float, float]:
    """Median distance from a sampled row to the nearest one of another client, and in how many coordinates these two differ."""
    squared, changed = _nearest_other(values[sample], coded, clients[sample], CAP)
    found = squared > 0
    if not found.any():
        return 1.0, 1.0
    return float(np.sqrt(np.median(squared[found]))), float(np.median(changed[found]))


def _cells(values: np.ndarray[Any, Any], sample: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One number per row: its place, in whole standard deviations, along the population's first three principal components."""
    clipped = np.clip(values, *np.percentile(values[sample], [1, 99], axis=0))
    centre = clipped[sample].mean(axis=0)
    _, spread, directions = np.linalg.svd(clipped[sample] - centre, full_matrices=False)
    kept = min(RETAINED, int((spread > 1e-9).sum()))
    along = (clipped - centre) @ directions[:kept].T / (spread[:kept] / np.sqrt(len(sample)))
    # Rounded first: the last bits of a product differ between machines. 64 steps of a standard deviation hold any clipped row.
    steps = np.clip(np.floor(np.round(along, 6)) + 32, 0, 63).astype(np.int64)
    return np.asarray(steps @ (64 ** np.arange(kept, dtype=np.int64)), np.int64) if kept else np.zeros(len(values), np.int64)


def _usual_by_client(values: np.ndarray[Any, Any], clients: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Median over clients of their medians, and the robust deviation (at least 2 % of it): heavy clients count once."""
    known = ~np.isnan(values)
    if not known.any():
        return 0.0, 1.0
    kept, owners = values[known], clients[known]
    order = np.lexsort((kept, owners))
    kept, owners = kept[order], owners[order]
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
    sizes = np.diff(np.r_[starts, len(owners)])
    low, middle, high = np.percentile(kept[starts + sizes // 2], [25, 50, 75])
    return float(middle), float(max((high - low) / 1.349, 0.02 * middle, 1e-9))


@njit(cache=True)
def _row_hashes(rows: Any) -> Any:  # pragma: no cover - compiled
    """FNV-1a over the bit patterns of each row."""
    out = np.empty(len(rows), np.uint64)
    bits = rows.view(np.uint64)
    for i in range(len(rows)):
        state = np.uint64(14695981039346656037)
        for k in range(bits.shape[1]):
            value = bits[i, k]
            state = (state ^ (value ^ (value >> np.uint64(32)))) * np.uint64(1099511628211)
            state ^= state >> np.uint64(29)
        out[i] = state
    return out


@njit(cache=True)
def _step_hashes(values: Any, coded: Any, bounds: Any) -> Any:  # pragma: no cover - compiled
    """Hash of each row's step from the row before, 0 for a client's first and where fewer than two coordinates move."""
    out = np.zeros(len(values), np.uint64)
    for c in range(len(bounds) - 1):
        for t in range(bounds[c] + 1, bounds[c + 1]):
            state, moved = np.uint64(14695981039346656037), 0
            for k in range(values.shape[1]):
                step = values[t, k] - values[t - 1, k]
                if coded[k] or abs(step) > 1e9:
                    continue
                whole = np.int64(np.round(step * 1e6))
                moved += whole != 0
                state = (state ^ np.uint64(whole)) * np.uint64(1099511628211)
                state ^= state >> np.uint64(29)
            if moved >= 2:
                out[t] = state | np.uint64(1)
    return out


@njit(cache=True, fastmath={"reassoc"})
def _squared(row: Any, other: Any, coded: Any, cap: float, enough: float) -> float:  # pragma: no cover - compiled
    """Squared distance of two rows; whatever it has reached once it is at least ``enough``."""
    total = 0.0
    for start in range(0, len(row), 8):
        for k in range(start, min(start + 8, len(row))):
            gap = min(abs(row[k] - other[k]), 1.0 if coded[k] else cap)
            total += gap * gap
        if total >= enough:
            break
    return total


@njit(cache=True, parallel=True)
def _walk(values: Any, raw: Any, coded: Any, grained: Any, hashes: Any, bounds: Any, window: int, line_window: int, cap: float) -> Any:
    # pragma: no cover - compiled
    n, d = values.shape
    parent = np.full(n, -1, np.int64)
    gap = np.full(n, np.nan)
    repeat = np.zeros(n, np.bool_)
    squared = np.full(n, np.nan)
    changed = np.zeros(n, np.int64)
    axis = np.full(n, -1, np.int64)
    delta = np.zeros(n)
    even = np.zeros(n, np.bool_)
    line = np.zeros(n, np.bool_)
    for c in prange(len(bounds) - 1):
        recent = np.empty(window, np.int64)  # a ring of the distinct rows
        count = 0
        for t in range(bounds[c], bounds[c + 1]):
            best, best_row, same = np.inf, -1, -1
            if t > bounds[c]:
                gap[t] = np.sqrt(_squared(values[t], values[t - 1], coded, cap, np.inf))
            held = min(count, window)
            for back in range(held):
                row = recent[(count - 1 - back) % window]
                if hashes[row] == hashes[t]:
                    same = row
                    break
                total = _squared(values[t], values[row], coded, cap, best)
                if total < best:
                    best, best_row = total, row
            if same >= 0:
                repeat[t], parent[t], squared[t] = True, same, 0.0
                continue
            if best_row >= 0:
                parent[t], squared[t] = best_row, best
                moved, last = 0, -1
                for k in range(d):
                    if values[t, k] != values[best_row, k]:
                        moved += 1
                        last = k
                changed[t] = moved
                if moved == 1:
                    axis[t] = last
                    delta[t] = values[t, last] - values[best_row, last] if not coded[last] else 0.0
                even[t] = _is_even(raw[t], raw[best_row], grained) or _is_even(values[t], values[best_row], grained)
            line[t] = _on_line(values, recent, count, min(held, line_window), window, t)
            recent[count % window] = t
            count += 1
    return parent, repeat, squared, gap, changed, axis, delta, even, line


@njit(cache=True)
def _is_even(row: Any, other: Any, grained: Any) -> bool:  # pragma: no cover - compiled
    """At least four coordinates, and 60 % of those that moved, by one amount within 1 %. Coarse coordinates do not count.

    Asked of rows as sent and of rows in robust deviations: a sign step (Goodfellow 2015, Papernot 2017) is even in one of the two.
    """
    gaps = np.empty(len(row))
    moved = 0
    for k in range(len(row)):
        if row[k] != other[k] and not grained[k]:
            gaps[moved] = abs(row[k] - other[k])
            moved += 1
    if moved < 4:
        return False
    gaps = np.sort(gaps[:moved])
    most, first = 1, 0
    for i in range(moved):
        while gaps[i] > gaps[first] * 1.01:
            first += 1
        most = max(most, i - first + 1)
    return most >= 4 and most >= 0.6 * moved


@njit(cache=True)
def _on_line(values: Any, recent: Any, count: int, held: int, window: int, t: int) -> bool:  # pragma: no cover - compiled
    """Whether row ``t`` lies on the line through two of the last ``held`` distinct rows, three or more coordinates moving."""
    d = values.shape[1]
    for i in range(held):
        a = recent[(count - 1 - i) % window]
        for j in range(i + 1, held):
            b = recent[(count - 1 - j) % window]
            along, length, moved = 0.0, 0.0, 0
            for k in range(d):
                span = values[b, k] - values[a, k]
                if span != 0.0:
                    moved += 1
                along += span * (values[t, k] - values[a, k])
                length += span * span
            if moved < 3 or length == 0.0:
                continue
            share = along / length
            if share == 0.0 or share == 1.0:
                continue
            limit, off = 1e-4 * length * min(1.0, share * share), 0.0
            for k in range(d):
                gap = values[t, k] - values[a, k] - share * (values[b, k] - values[a, k])
                off += gap * gap
                if off >= limit:
                    break
            if off < limit:
                return True
    return False


@njit(cache=True, parallel=True)
def _nearest_other(values: Any, coded: Any, clients: Any, cap: float) -> Any:  # pragma: no cover - compiled
    n, d = values.shape
    squared = np.zeros(n)
    changed = np.zeros(n, np.int64)
    for i in prange(n):
        best, nearest = np.inf, -1
        for j in range(n):
            if clients[i] == clients[j]:
                continue
            total = _squared(values[i], values[j], coded, cap, best)
            if 0.0 < total < best:
                best, nearest = total, j
        if nearest >= 0:
            squared[i] = best
            for k in range(d):
                if values[i, k] != values[nearest, k]:
                    changed[i] += 1
    return squared, changed


@njit(cache=True, parallel=True)
def _outside(values: Any, coded: Any, clients: Any, far: Any, sample: Any, neighbours: int, cap: float) -> Any:  # pragma: no cover
    """Mean distance of each row in ``far`` to the nearest sampled rows of other clients; NaN where there are too few."""
    out = np.full(len(far), np.nan)
    for i in prange(len(far)):
        t = far[i]
        best = np.full(neighbours, np.inf)
        for s in range(len(sample)):
            row = sample[s]
            if clients[row] == clients[t]:
                continue
            total = _squared(values[t], values[row], coded, cap, best[neighbours - 1])
            if total < best[neighbours - 1]:
                place = neighbours - 1
                while place > 0 and best[place - 1] > total:
                    best[place] = best[place - 1]
                    place -= 1
                best[place] = total
        if best[neighbours - 1] < np.inf:
            out[i] = np.sqrt(best).mean()
    return out
