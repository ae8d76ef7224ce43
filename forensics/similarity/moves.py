"""What a row is to the rows its client sent just before: on a line with two, halfway, the fourth corner, a splice of an earlier one.

Compiled loops; arguments as in `forensics.similarity.kernels`. Only the squared distances between a row and the last `WINDOW` are computed
from coordinates: whether three rows lie on a line, or four make a parallelogram, follows from the distances between them (Heron; Menger
1931), so that looking at all pairs and triples costs no more than looking at the rows.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import prange

from forensics.similarity.forest import Bools, Floats, Ints
from forensics.similarity.kernels import FAR, squared_distance
from forensics.similarity.population import Population
from forensics.sketch.compiled import compiled

WINDOW: Final = 16  # distinct rows of the client just before
TWINS: Final = 256  # distinct rows before in which a splice is looked for
LIMIT: Final = 1e13  # robust deviations: beyond it one value is as far as another


@dataclass(frozen=True, slots=True)
class Moves:
    """One entry per row, in the given order; for repeats and the rows of earlier scans nothing.

    line: lies on the straight line through two of the last `WINDOW` rows, three coordinates or more moving; halfway: in the middle between
    two. corner: is a + b - c of three of them: the same step was made from two rows, or two steps mirror each other. contrast: distance to
    the nearest of them, divided by the median distance to all; NaN below four. twin: the row of the last `TWINS` with which it shares most
    exact values, weighed by how rarely values agree, -1 where it shares none; shared: that share beyond what any two rows share, 0 to 1.
    covered: the same of the values that the twin and one more of these rows explain together. apart: distance to the twin in usual
    distances.
    """

    line: Bools
    halfway: Bools
    corner: Bools
    contrast: Floats
    twin: Ints
    shared: Floats
    covered: Floats
    apart: Floats


def moves(rows: Floats, population: Population, first: Ints, asks: Bools, bounds: Ints, cap: float) -> Moves:
    """``first``: the row that each repeats, -1 for none; ``cap``: most that a coordinate counts for in ``apart``."""
    inverse, coded = population.inverse, population.coded
    line, halfway, corner, contrast = _shapes(rows, inverse, coded, first, asks, bounds)
    rarity = _rarity(rows[population.sample])
    twin, shared, covered, apart = _twins(rows, inverse, coded, rarity, first, asks, bounds, cap)
    chance = float((rarity * np.exp(-rarity)).sum() / max(float(rarity.sum()), 1e-12))
    return Moves(line, halfway, corner, contrast, twin, _beyond(shared, chance), _beyond(covered, chance), apart / population.usual)


def _beyond(share: Floats, chance: float) -> Floats:
    """How much of what chance leaves open is shared, 0 to 1."""
    return np.asarray(np.clip((share - chance) / max(1.0 - chance, 1e-12), 0.0, 1.0), np.float64)


def _rarity(sample: Floats) -> Floats:
    """(d,) how much it says that two rows agree in a coordinate: minus the logarithm of how often two of the sample do."""
    out = np.zeros(sample.shape[1])
    for k in range(sample.shape[1]):
        _, counts = np.unique(sample[:, k], return_counts=True)
        out[k] = -np.log(float((counts / len(sample)) @ (counts / len(sample))))
    return out


@compiled(parallel=True)
def _shapes(rows: Any, inverse: Any, coded: Any, repeat_of: Any, asks: Any, bounds: Any) -> Any:  # pragma: no cover - compiled
    n, d = rows.shape
    line, halfway, corner = np.zeros(n, np.bool_), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    contrast = np.full(n, np.nan)
    for c in prange(len(bounds) - 1):
        ring = np.zeros((WINDOW, d))
        apart, moved = np.zeros((WINDOW + 1, WINDOW + 1)), np.zeros((WINDOW + 1, WINDOW + 1), np.int64)
        row = np.empty(d)
        count = 0
        for t in range(bounds[c], bounds[c + 1]):
            if repeat_of[t] >= 0:
                continue
            for k in range(d):
                row[k] = 0.0 if coded[k] else min(max(rows[t, k] * inverse[k], -LIMIT), LIMIT)
            held, place = min(count, WINDOW), count % WINDOW
            for i in range(held):
                apart[WINDOW, i], moved[WINDOW, i] = _between(row, ring[i])
                apart[i, WINDOW], moved[i, WINDOW] = apart[WINDOW, i], moved[WINDOW, i]
            if asks[t]:
                line[t], halfway[t] = _on_line(apart, moved, held)
                corner[t] = _is_corner(apart, moved, held)
                if held >= 4:
                    middle = np.sqrt(np.median(apart[WINDOW, :held]))
                    contrast[t] = np.sqrt(apart[WINDOW, :held].min()) / middle if middle > 0.0 else np.nan
            ring[place] = row
            for i in range(held):
                apart[place, i] = apart[i, place] = apart[WINDOW, i]
                moved[place, i] = moved[i, place] = moved[WINDOW, i]
            apart[place, place], moved[place, place] = 0.0, 0
            count += 1
    return line, halfway, corner, contrast


@compiled()
def _between(row: Any, other: Any) -> Any:  # pragma: no cover - compiled
    """(squared distance, how many coordinates differ: below 0 where one is missing or a code, and the step says nothing)."""
    total, differ = 0.0, 0
    for k in range(len(row)):
        gap = row[k] - other[k]
        total += gap * gap
        differ += gap != 0.0
        if abs(gap) > FAR:
            return total, -1
    return total, differ


@compiled()
def _on_line(apart: Any, moved: Any, held: int) -> Any:  # pragma: no cover - compiled
    """(on the line through two, halfway between two); `WINDOW` is the row itself."""
    found = False
    for i in range(held):
        for j in range(i + 1, held):
            whole, one, other = apart[i, j], apart[WINDOW, i], apart[WINDOW, j]
            if whole == 0.0 or moved[i, j] < 3 or min(moved[WINDOW, i], moved[WINDOW, j]) < 0:
                continue
            along = 0.5 * (one + whole - other) / whole
            # Beside the nearer of the two, not only along the line: a near copy of either lies on no line.
            if one - along * along * whole < 1e-4 * whole * min(1.0, along * along, (1.0 - along) ** 2):
                found = True
                if abs(along - 0.5) < 0.01:
                    return True, True
    return found, False


@compiled()
def _is_corner(apart: Any, moved: Any, held: int) -> bool:  # pragma: no cover - compiled
    """Whether the row is a + b - c, two coordinates or more moving in both steps."""
    for c in range(held):
        for a in range(held):
            if a == c or moved[a, c] < 2:
                continue
            for b in range(a + 1, held):
                if b == c or moved[b, c] < 2:
                    continue
                if min(moved[WINDOW, a], moved[WINDOW, b], moved[WINDOW, c], moved[a, b]) < 0:
                    continue
                off = apart[WINDOW, a] + apart[WINDOW, b] + apart[a, c] + apart[b, c] - apart[WINDOW, c] - apart[a, b]
                if off < 1e-4 * min(apart[a, c], apart[b, c]):
                    return True
    return False


@compiled()
def _agreed(row: Any, other: Any, rarity: Any) -> Any:  # pragma: no cover - compiled
    """Summed rarity of the coordinates in which two rows agree."""
    total = 0.0
    for k in range(len(row)):
        total += rarity[k] if row[k] == other[k] else 0.0
    return total


@compiled()
def _added(row: Any, twin: Any, other: Any, rarity: Any) -> Any:  # pragma: no cover - compiled
    """The same of the coordinates in which the row agrees with the other, but not with its twin."""
    total = 0.0
    for k in range(len(row)):
        total += rarity[k] if row[k] == other[k] and row[k] != twin[k] else 0.0
    return total


@compiled(parallel=True)
def _twins(
    rows: Any, inverse: Any, coded: Any, rarity: Any, repeat_of: Any, asks: Any, bounds: Any, cap: float
) -> Any:  # pragma: no cover - compiled
    n = len(rows)
    twin, shared, covered, apart = np.full(n, -1, np.int64), np.zeros(n), np.zeros(n), np.full(n, np.nan)
    whole = max(rarity.sum(), 1e-12)
    for c in prange(len(bounds) - 1):
        recent = np.empty(TWINS, np.int64)
        count = 0
        for t in range(bounds[c], bounds[c + 1]):
            if repeat_of[t] >= 0:
                continue
            held = min(count, TWINS) if asks[t] else 0
            for back in range(held):
                other = recent[(count - 1 - back) % TWINS]
                agreed = _agreed(rows[t], rows[other], rarity)
                if agreed > shared[t]:
                    shared[t], twin[t] = agreed, other
            if twin[t] >= 0:
                for back in range(held):
                    other = recent[(count - 1 - back) % TWINS]
                    covered[t] = max(covered[t], (shared[t] + _added(rows[t], rows[twin[t]], rows[other], rarity)) / whole)
                shared[t] /= whole
                apart[t] = np.sqrt(squared_distance(rows[t], rows[twin[t]], inverse, coded, cap, np.inf))
            recent[count % TWINS] = t
            count += 1
    return twin, shared, covered, apart
