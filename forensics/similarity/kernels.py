"""Compiled loops over rows of numbers. Arrays in, arrays out; what they mean stands in `forensics.similarity.numeric`.

``values``: (n, d) rows in robust deviations, those of one client together and in order of time; ``bounds``: where each client's rows
begin, and the end; ``coded``: (d,) coordinates that are equal or not, with nothing between; ``cap``: most that a coordinate counts for.
"""

from typing import Any, Final

import numpy as np
from numba import prange

from forensics.sketch.compiled import compiled

FAR: Final = 1e9  # robust deviations; of two values so far apart one is missing or a code, and the step between them says nothing


@compiled()
def row_hashes(rows: Any) -> Any:  # pragma: no cover - compiled
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


@compiled()
def step_hashes(values: Any, coded: Any, bounds: Any) -> Any:  # pragma: no cover - compiled
    """Hash of each row's step from the row before, 0 for a client's first and where fewer than two coordinates move."""
    out = np.zeros(len(values), np.uint64)
    for c in range(len(bounds) - 1):
        for t in range(bounds[c] + 1, bounds[c + 1]):
            state, moved = np.uint64(14695981039346656037), 0
            for k in range(values.shape[1]):
                step = values[t, k] - values[t - 1, k]
                if coded[k] or abs(step) > FAR:
                    continue
                whole = np.int64(np.round(step * 1e6))
                moved += whole != 0
                state = (state ^ np.uint64(whole)) * np.uint64(1099511628211)
                state ^= state >> np.uint64(29)
            if moved >= 2:
                out[t] = state | np.uint64(1)
    return out


@compiled()
def squared_distance(row: Any, other: Any, coded: Any, cap: float, enough: float) -> Any:  # pragma: no cover - compiled
    """Squared distance of two rows; whatever it has reached once it is at least ``enough``.

    Four sums side by side, in a fixed order: as fast as letting the compiler reorder, and the same on every processor.
    """
    a = b = c = d = 0.0
    whole = len(row) // 4 * 4
    for k in range(0, whole, 4):
        a += _gap(row[k], other[k], coded[k], cap)
        b += _gap(row[k + 1], other[k + 1], coded[k + 1], cap)
        c += _gap(row[k + 2], other[k + 2], coded[k + 2], cap)
        d += _gap(row[k + 3], other[k + 3], coded[k + 3], cap)
        if k % 16 == 12 and a + b + c + d >= enough:
            return a + b + c + d
    for k in range(whole, len(row)):
        a += _gap(row[k], other[k], coded[k], cap)
    return a + b + c + d


@compiled(inline="always")
def _gap(value: float, other: float, is_code: bool, cap: float) -> Any:  # pragma: no cover - compiled
    gap = min(abs(value - other), 1.0 if is_code else cap)
    return gap * gap


@compiled(parallel=True)
def nearest_earlier(
    values: Any, raw: Any, coded: Any, hashes: Any, bounds: Any, window: int, cap: float
) -> Any:  # pragma: no cover - compiled
    """(parent, repeat, squared distance) of every row among the last ``window`` distinct rows of its client; parent -1 where none."""
    n = len(values)
    parent = np.full(n, -1, np.int64)
    repeat = np.zeros(n, np.bool_)
    squared = np.full(n, np.nan)
    for c in prange(len(bounds) - 1):
        recent = np.empty(window, np.int64)  # a ring of the distinct rows
        count = 0
        for t in range(bounds[c], bounds[c + 1]):
            best, nearest = np.inf, -1
            for back in range(min(count, window)):
                row = recent[(count - 1 - back) % window]
                if hashes[row] == hashes[t] and _same(raw[row], raw[t]):
                    best, nearest, repeat[t] = 0.0, row, True
                    break
                total = squared_distance(values[t], values[row], coded, cap, best)
                if total < best:
                    best, nearest = total, row
            if nearest >= 0:
                parent[t], squared[t] = nearest, best
            if not repeat[t]:
                recent[count % window] = t
                count += 1
    return parent, repeat, squared


@compiled()
def _same(row: Any, other: Any) -> Any:  # pragma: no cover - compiled
    """Equal hashes may be made on purpose; equal rows are repeats."""
    same = True
    for k in range(len(row)):
        same &= row[k] == other[k]
    return same


@compiled()
def gaps(values: Any, coded: Any, bounds: Any, cap: float) -> Any:  # pragma: no cover - compiled
    """Distance of each row to the row before; NaN for a client's first."""
    out = np.full(len(values), np.nan)
    for c in range(len(bounds) - 1):
        for t in range(bounds[c] + 1, bounds[c + 1]):
            out[t] = np.sqrt(squared_distance(values[t], values[t - 1], coded, cap, np.inf))
    return out


@compiled()
def changes(values: Any, raw: Any, parent: Any, repeat: Any, coded: Any, grained: Any) -> Any:  # pragma: no cover - compiled
    """(changed, kept, axis, delta, even) of every row against its parent."""
    n, d = values.shape
    changed = np.zeros(n, np.int64)
    kept = np.full(n, np.nan)
    fine = d - grained.sum()
    axis = np.full(n, -1, np.int64)
    delta = np.zeros(n)
    even = np.zeros(n, np.bool_)
    moved = np.empty(d, np.bool_)
    for t in range(n):
        p = parent[t]
        if p < 0 or repeat[t]:
            continue
        same = 0
        for k in range(d):
            if values[t, k] != values[p, k]:
                changed[t] += 1
                axis[t] = k
            elif not grained[k]:
                same += 1
            moved[k] = not grained[k] and 0.0 < abs(values[t, k] - values[p, k]) <= FAR
        if fine >= 4:
            kept[t] = same / fine
        if changed[t] != 1:
            axis[t] = -1
        elif not coded[axis[t]] and abs(values[t, axis[t]] - values[p, axis[t]]) <= FAR:
            delta[t] = values[t, axis[t]] - values[p, axis[t]]
        even[t] = _is_even(raw[t], raw[p], moved) or _is_even(values[t], values[p], moved)
    return changed, kept, axis, delta, even


@compiled(parallel=True)
def lines(values: Any, coded: Any, repeat: Any, bounds: Any, window: int) -> Any:  # pragma: no cover - compiled
    """Whether each row lies on the line through two of the client's last ``window`` distinct rows."""
    out = np.zeros(len(values), np.bool_)
    for c in prange(len(bounds) - 1):
        recent = np.empty(window, np.int64)
        count = 0
        for t in range(bounds[c], bounds[c + 1]):
            if repeat[t]:
                continue
            out[t] = _on_line(values, coded, recent, count, min(count, window), window, t)
            recent[count % window] = t
            count += 1
    return out


@compiled()
def _is_even(row: Any, other: Any, among: Any) -> bool:  # pragma: no cover - compiled
    """At least four coordinates, and 60 % of those ``among`` which to look, differ by one amount within 1 %.

    Asked of rows as sent and of rows in robust deviations: a sign step (Goodfellow 2015, Papernot 2017) is even in one of the two.
    """
    gaps = np.empty(len(row))
    moved = 0
    for k in range(len(row)):
        if among[k]:
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


@compiled()
def _on_line(values: Any, coded: Any, recent: Any, count: int, held: int, window: int, t: int) -> bool:  # pragma: no cover - compiled
    """Whether row ``t`` lies on the line through two of the last ``held`` distinct rows."""
    for i in range(held):
        for j in range(i + 1, held):
            if _between(values[t], values[recent[(count - 1 - i) % window]], values[recent[(count - 1 - j) % window]], coded):
                return True
    return False


@compiled()
def _between(row: Any, a: Any, b: Any, coded: Any) -> bool:  # pragma: no cover - compiled
    """Whether ``row`` lies on the line through ``a`` and ``b``, three or more coordinates moving."""
    along, length, moved = 0.0, 0.0, 0
    for k in range(len(row)):
        if coded[k]:
            continue
        span, reach = b[k] - a[k], row[k] - a[k]
        if abs(span) > FAR or abs(reach) > FAR:
            return False
        moved += span != 0.0
        along += span * reach
        length += span * span
    if moved < 3 or length == 0.0:
        return False
    share = along / length
    # Beside the nearer of the two points, not only along the line: a near copy of either lies on no line.
    limit, off = 1e-4 * length * min(1.0, share * share, (1.0 - share) ** 2), 0.0
    for k in range(len(row)):
        if not coded[k]:
            gap = row[k] - a[k] - share * (b[k] - a[k])
            off += gap * gap
        if off >= limit:
            return False
    return True


@compiled(parallel=True)
def nearest_other(values: Any, coded: Any, clients: Any, cap: float) -> Any:  # pragma: no cover - compiled
    n, d = values.shape
    squared = np.zeros(n)
    changed = np.zeros(n, np.int64)
    for i in prange(n):
        best, nearest = np.inf, -1
        for j in range(n):
            if clients[i] == clients[j]:
                continue
            total = squared_distance(values[i], values[j], coded, cap, best)
            if 0.0 < total < best:
                best, nearest = total, j
        if nearest >= 0:
            squared[i] = best
            for k in range(d):
                if values[i, k] != values[nearest, k]:
                    changed[i] += 1
    return squared, changed


@compiled(parallel=True)
def outside_distance(values: Any, coded: Any, clients: Any, far: Any, sample: Any, neighbours: int, cap: float) -> Any:  # pragma: no cover
    """Mean distance of each row in ``far`` to the nearest sampled rows of other clients; NaN where there are too few."""
    out = np.full(len(far), np.nan)
    for i in prange(len(far)):
        t = far[i]
        best = np.full(neighbours, np.inf)
        for s in range(len(sample)):
            row = sample[s]
            if clients[row] == clients[t]:
                continue
            total = squared_distance(values[t], values[row], coded, cap, best[neighbours - 1])
            if total < best[neighbours - 1]:
                place = neighbours - 1
                while place > 0 and best[place - 1] > total:
                    best[place] = best[place - 1]
                    place -= 1
                best[place] = total
        if best[neighbours - 1] < np.inf:
            out[i] = np.sqrt(best).mean()
    return out
