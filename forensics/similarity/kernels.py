"""Compiled loops over rows of numbers. Arrays in, arrays out; what they mean stands in `forensics.similarity.numeric`.

``rows``: (n, d) prepared rows (`forensics.similarity.population`), those of one client together and in order of time; ``inverse``: (d,)
what turns a coordinate into robust deviations; ``coded``: (d,) coordinates that are equal or not, with nothing between; ``cap``: most
that a coordinate counts for; ``bounds``: where each client's rows begin, and the end.
"""

from typing import Any, Final

import numpy as np
from numba import prange

from forensics.sketch.compiled import compiled
from forensics.sketch.siphash import mixed

FAR: Final = 1e9  # robust deviations; of two values so far apart one is missing or a code, and the step between them says nothing


@compiled(inline="always")
def _chained(state: Any, value: Any) -> Any:  # pragma: no cover - compiled
    """One step of FNV-1a, over 64 bits at a time."""
    state = (state ^ value) * np.uint64(1099511628211)
    return state ^ (state >> np.uint64(29))


@compiled()
def row_hashes(rows: Any, picks: Any, apart: Any) -> Any:  # pragma: no cover - compiled
    """(n,) uint64: of the bit patterns of the picked coordinates; rows with other numbers in ``apart`` have other hashes."""
    out = np.empty(len(rows), np.uint64)
    for t in range(len(rows)):
        state = apart[t] ^ np.uint64(14695981039346656037)
        for i in range(len(picks)):
            bits = np.float64(rows[t, picks[i]]).view(np.uint64)
            state = _chained(state, bits ^ (bits >> np.uint64(32)))
        out[t] = mixed(state)
    return out


@compiled()
def step_hashes(rows: Any, inverse: Any, coded: Any, bounds: Any) -> Any:  # pragma: no cover - compiled
    """Hash of each row's step from the row before, 0 for a client's first and where fewer than two coordinates move."""
    out = np.zeros(len(rows), np.uint64)
    for c in range(len(bounds) - 1):
        for t in range(bounds[c] + 1, bounds[c + 1]):
            state, moved = np.uint64(14695981039346656037), 0
            for k in range(rows.shape[1]):
                step = (rows[t, k] - rows[t - 1, k]) * inverse[k]
                if coded[k] or abs(step) > FAR:
                    continue
                whole = np.int64(np.round(step * 1e6))
                moved += whole != 0
                state = _chained(state, np.uint64(whole))
            if moved >= 2:
                out[t] = state | np.uint64(1)
    return out


@compiled()
def squared_distance(row: Any, other: Any, inverse: Any, coded: Any, cap: float, enough: float) -> Any:  # pragma: no cover - compiled
    """Squared distance of two rows; whatever it has reached once it is at least ``enough``.

    Four sums side by side, in a fixed order: as fast as letting the compiler reorder, and the same on every processor.
    """
    a = b = c = d = 0.0
    whole = len(row) // 4 * 4
    for k in range(0, whole, 4):
        a += _gap(row[k], other[k], inverse[k], coded[k], cap)
        b += _gap(row[k + 1], other[k + 1], inverse[k + 1], coded[k + 1], cap)
        c += _gap(row[k + 2], other[k + 2], inverse[k + 2], coded[k + 2], cap)
        d += _gap(row[k + 3], other[k + 3], inverse[k + 3], coded[k + 3], cap)
        if k % 16 == 12 and a + b + c + d >= enough:
            return a + b + c + d
    for k in range(whole, len(row)):
        a += _gap(row[k], other[k], inverse[k], coded[k], cap)
    return a + b + c + d


@compiled(inline="always")
def _gap(value: float, other: float, inverse: float, is_code: bool, cap: float) -> Any:  # pragma: no cover - compiled
    gap = min(abs(value - other) * inverse, 1.0 if is_code else cap)
    return gap * gap


@compiled()
def same(row: Any, other: Any) -> Any:  # pragma: no cover - compiled
    """Equal hashes may be made on purpose; equal rows are repeats."""
    equal = True
    for k in range(len(row)):
        equal &= row[k] == other[k]
    return equal


@compiled(parallel=True)
def nearest_recent(
    rows: Any, inverse: Any, coded: Any, repeat_of: Any, asks: Any, bounds: Any, window: int, cap: float
) -> Any:  # pragma: no cover - compiled
    """(parent, squared distance) of every row that ``asks`` among the last ``window`` distinct rows of its client; parent -1 where none.
    Of equals the latest."""
    parent = np.full(len(rows), -1, np.int64)
    squared = np.full(len(rows), np.inf)
    for c in prange(len(bounds) - 1):
        recent = np.empty(window, np.int64)  # a ring of the distinct rows
        count = 0
        for t in range(bounds[c], bounds[c + 1]):
            if repeat_of[t] >= 0:
                continue
            if asks[t]:
                for back in range(min(count, window)):
                    row = recent[(count - 1 - back) % window]
                    total = squared_distance(rows[t], rows[row], inverse, coded, cap, squared[t])
                    if total < squared[t]:
                        squared[t], parent[t] = total, row
            recent[count % window] = t
            count += 1
    return parent, squared


@compiled()
def gaps(rows: Any, inverse: Any, coded: Any, bounds: Any, cap: float) -> Any:  # pragma: no cover - compiled
    """Distance of each row to the row before; NaN for a client's first."""
    out = np.full(len(rows), np.nan)
    for c in range(len(bounds) - 1):
        for t in range(bounds[c] + 1, bounds[c + 1]):
            out[t] = np.sqrt(squared_distance(rows[t], rows[t - 1], inverse, coded, cap, np.inf))
    return out


@compiled()
def changes(rows: Any, inverse: Any, parent: Any, skipped: Any, coded: Any, grained: Any) -> Any:  # pragma: no cover - compiled
    """(changed, kept, axis, delta, even) of every row against its parent; nothing where there is none or it is to be ``skipped``."""
    n, d = rows.shape
    changed = np.zeros(n, np.int64)
    kept = np.full(n, np.nan)
    fine = d - grained.sum()
    axis = np.full(n, -1, np.int64)
    delta = np.zeros(n)
    even = np.zeros(n, np.bool_)
    plain = np.empty(d)
    scaled = np.empty(d)
    for t in range(n):
        p = parent[t]
        if p < 0 or skipped[t]:
            continue
        same_fine, moved, last = 0, 0, -1
        for k in range(d):
            if rows[t, k] == rows[p, k]:
                same_fine += not grained[k]
                continue
            changed[t] += 1
            last = k
            gap = abs(rows[t, k] - rows[p, k])
            if not grained[k] and gap * inverse[k] <= FAR:
                plain[moved], scaled[moved] = gap, gap * inverse[k]
                moved += 1
        if fine >= 4:
            kept[t] = same_fine / fine
        if changed[t] == 1:
            axis[t] = last
            step = (rows[t, last] - rows[p, last]) * inverse[last]
            if not coded[last] and abs(step) <= FAR:
                delta[t] = step
        even[t] = _is_even(plain[:moved]) or _is_even(scaled[:moved])
    return changed, kept, axis, delta, even


@compiled()
def _is_even(gaps: Any) -> bool:  # pragma: no cover - compiled
    """At least four gaps, and 60 % of them all, are one amount within 1 %.

    Asked of rows as sent and of rows in robust deviations: a sign step (Goodfellow 2015, Papernot 2017) is even in one of the two.
    """
    moved = len(gaps)
    if moved < 4:
        return False
    ordered = np.sort(gaps)
    most, first = 1, 0
    for i in range(moved):
        while ordered[i] > ordered[first] * 1.01:
            first += 1
        most = max(most, i - first + 1)
    return most >= 4 and most >= 0.6 * moved


@compiled()
def count_changes(rows: Any, parent: Any, most: int) -> Any:  # pragma: no cover - compiled
    """Coordinates in which each row differs from its parent, counted up to ``most`` + 1, which stands for more and for no parent."""
    out = np.full(len(rows), most + 1, np.int64)
    for t in range(len(rows) if most else 0):
        p = parent[t]
        if p < 0:
            continue
        changed = 0
        for k in range(rows.shape[1]):
            changed += rows[t, k] != rows[p, k]
            if changed > most:
                break
        out[t] = changed
    return out


@compiled()
def cosines(rows: Any, inverse: Any, coded: Any, parent: Any) -> Any:  # pragma: no cover - compiled
    """Cosine of the angle between each row's step from its parent and the parent's from its own; NaN where one of the two is missing."""
    out = np.full(len(rows), np.nan)
    for t in range(len(rows)):
        p = parent[t]
        g = parent[p] if p >= 0 else -1
        if g < 0:
            continue
        product = own = before = 0.0
        for k in range(rows.shape[1]):
            step, last = (rows[t, k] - rows[p, k]) * inverse[k], (rows[p, k] - rows[g, k]) * inverse[k]
            if coded[k] or abs(step) > FAR or abs(last) > FAR:
                continue
            product += step * last
            own += step * step
            before += last * last
        if own > 0.0 and before > 0.0:
            out[t] = product / np.sqrt(own) / np.sqrt(before)  # their product may be too small for a number
    return out


@compiled(parallel=True)
def nearest_others(sample: Any, inverse: Any, coded: Any, clients: Any, cap: float) -> Any:  # pragma: no cover - compiled
    """(squared distance to the nearest different row of another client, to the second nearest, in how many coordinates the nearest
    differs); infinity where there is none."""
    n, d = sample.shape
    first, second = np.full(n, np.inf), np.full(n, np.inf)
    changed = np.zeros(n, np.int64)
    for i in prange(n):
        nearest = -1
        for j in range(n):
            if clients[i] == clients[j]:
                continue
            total = squared_distance(sample[i], sample[j], inverse, coded, cap, second[i])
            if 0.0 < total < first[i]:
                first[i], second[i], nearest = total, first[i], j
            elif first[i] < total < second[i]:
                second[i] = total
        if nearest >= 0:
            for k in range(d):
                changed[i] += sample[i, k] != sample[nearest, k]
    return first, second, changed


@compiled(parallel=True)
def beyond(rows: Any, inverse: Any, coded: Any, cap: float, squared: float) -> Any:  # pragma: no cover - compiled
    """(n, n) bool: which pairs of rows are further apart."""
    n = len(rows)
    out = np.zeros((n, n), np.bool_)
    for i in prange(n):
        for j in range(n):
            out[i, j] = squared_distance(rows[i], rows[j], inverse, coded, cap, np.nextafter(squared, np.inf)) > squared
    return out


@compiled(parallel=True)
def outside_distance(
    rows: Any, inverse: Any, coded: Any, clients: Any, far: Any, sample: Any, neighbours: int, cap: float
) -> Any:  # pragma: no cover - compiled
    """Mean distance of each row in ``far`` to the nearest sampled rows of other clients; NaN where there are too few."""
    out = np.full(len(far), np.nan)
    for i in prange(len(far)):
        t = far[i]
        best = np.full(neighbours, np.inf)
        for s in range(len(sample)):
            row = sample[s]
            if clients[row] == clients[t]:
                continue
            total = squared_distance(rows[t], rows[row], inverse, coded, cap, best[neighbours - 1])
            if total < best[neighbours - 1]:
                place = neighbours - 1
                while place > 0 and best[place - 1] > total:
                    best[place] = best[place - 1]
                    place -= 1
                best[place] = total
        if best[neighbours - 1] < np.inf:
            out[i] = np.sqrt(best).mean()
    return out


@compiled()
def cells(rows: Any, inverse: Any, middle: Any, directions: Any, cap: float) -> Any:  # pragma: no cover - compiled
    """Number of the cell of each row: 64 steps along each direction hold any row, no coordinate further than ``cap`` from the middle."""
    out = np.zeros(len(rows), np.int64)
    d, kept = directions.shape
    along = np.empty(kept)
    for t in range(len(rows)):
        along[:] = 0.0
        for k in range(d):
            value = min(max(rows[t, k] * inverse[k] - middle[k], -cap), cap)
            for j in range(kept):
                along[j] += value * directions[k, j]
        for j in range(kept):
            # Rounded first: the last bits of the directions differ between machines.
            step = np.int64(np.floor(np.round(along[j], 6))) + 32
            out[t] += min(max(step, 0), 63) * 64**j
    return out
