"""Cells of the space of rows: near copies share one in some table, other rows seldom do.

Two kinds of tables. A grid divides the space along random directions with few coordinates each (p-stable hashing, Datar et al. 2004,
with the sparse directions of Li, Hastie and Church 2006); rows as far apart as its radius share a cell in at least one of its tables with
probability `FOUND`, closer ones almost surely. A sparse table looks at some coordinates only, exactly: rows that differ elsewhere share
its cells, however large the difference is.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forensics.similarity import kernels
from forensics.similarity.forest import Floats
from forensics.similarity.kernels import FAR
from forensics.similarity.population import CAP, Population
from forensics.similarity.tables import DEPTH
from forensics.sketch.compiled import compiled
from forensics.sketch.siphash import mixed

FOUND: Final = 0.95
MOST_TABLES: Final = 24
MOST_DIRECTIONS: Final = 16
WIDTHS: Final = (1.0, 2.0, 4.0, 8.0)  # of a cell, in usual lengths of a step of the radius along a direction; the best is chosen
CROWD: Final = 4.0  # rows in a cell that are worth looking at
GROUPS: Final = 6  # of coordinates left out, one at a time
ALONE: Final = 6  # of coordinates looked at alone, at most
TABLES_AT_ONCE: Final = 8  # whose keys are held together
TRIED: Final = 1024  # rows on which grids are tried
HANDFUL: Final = 64
MANY: Final = 256  # coordinates
_SEED: Final = 0x466F72656E736963


@dataclass(frozen=True, slots=True)
class Grid:
    """``picks``, ``signs``: (tables, directions, s) the coordinates of each direction; ``offsets``: (tables, directions), in cells;
    ``width``: of a cell, in robust deviations."""

    picks: np.ndarray[Any, np.dtype[np.int64]]
    signs: Floats
    offsets: Floats
    width: float

    def tables(self, rows: Floats, population: Population, owners: np.ndarray[Any, Any]) -> "Iterator[np.ndarray[Any, Any]]":
        """Keys of the rows, (n,) uint32, one table after the other. Rows of different ``owners`` never share a cell."""
        for some in range(0, len(self.picks), TABLES_AT_ONCE):
            picks, signs, offsets = (a[some : some + TABLES_AT_ONCE] for a in (self.picks, self.signs, self.offsets))
            yield from _cells(rows, population.inverse, population.coded, picks, signs, offsets, self.width, owners)


def fitted(rows: Floats, population: Population, radius: float, crowd: float) -> Grid:
    """The cheapest grid whose tables show a row its near ones, within ``radius`` (in robust deviations), and few others.

    crowd: how many rows share the tables. How many of them share a cell without being near is tried on some of the rows: on all kinds,
    heavy clients too, because these are what fills the cells.
    """
    d = rows.shape[1]
    s = min(d, max(4, round(math.sqrt(d))))
    step = radius * math.sqrt(s / d)
    if len(rows) <= HANDFUL:  # nothing to try it on, and nothing to lose
        return _drawn(d, s, 4, 2, WIDTHS[-1] * step)
    some = np.ascontiguousarray(rows[np.linspace(0, len(rows) - 1, min(len(rows), TRIED)).astype(np.int64)])
    far = kernels.beyond(some, population.inverse, population.coded, CAP, radius * radius)
    nobody = np.zeros(len(some), np.uint64)
    found: list[tuple[bool, float, int, int, float]] = []
    for width in WIDTHS:
        for directions in range(2, MOST_DIRECTIONS + 1, 2):
            together = _together(width) ** directions
            tables = math.ceil(math.log(1 - FOUND) / math.log(1 - together))
            if tables > MOST_TABLES:
                break
            (keys,) = _drawn(d, s, 1, directions, width * step).tables(some, population, nobody)
            met = crowd * float((far & (keys[:, None] == keys[None, :])).sum()) / len(some) ** 2
            cost = tables * (0.1 + 0.0015 * directions * s + (0.05 + 0.0005 * d) * min(met, DEPTH))  # microseconds
            found.append((met > CROWD, met if met > CROWD else cost, directions, tables, width))
    _, _, directions, tables, width = min(found)
    return _drawn(d, s, tables, directions, width * step)


def _together(width: float) -> float:
    """Probability that two points a standard normal step apart lie in one of the cells of this width (Datar et al. 2004, 4.2)."""
    inside = math.erf(width / math.sqrt(2))
    return inside - math.sqrt(2 / math.pi) / width * (1 - math.exp(-width * width / 2))


def _drawn(d: int, s: int, tables: int, directions: int, width: float) -> Grid:
    """The same for the same numbers, everywhere: PCG64 promises its stream."""
    # Of many coordinates few are drawn twice; of few, all draw, and those with the least are picked.
    among = d if d <= MANY else s
    draw = np.random.PCG64(_SEED).random_raw(tables * directions * (among + 1)).reshape(tables, directions, among + 1)
    order = np.argsort(draw[:, :, :among], axis=2, kind="stable")[:, :, :s]
    drawn = np.take_along_axis(draw[:, :, :among], order, axis=2)
    picks = order if among == d else ((drawn >> 1) % d).astype(np.int64)
    return Grid(picks, np.where(drawn & 1, 1.0, -1.0), draw[:, :, among] / 2.0**64, max(width, 1e-12))


@compiled()
def _cells(
    rows: Any, inverse: Any, coded: Any, picks: Any, signs: Any, offsets: Any, width: float, owners: Any
) -> Any:  # pragma: no cover - compiled
    """(tables, n) uint32."""
    tables, directions, s = picks.shape
    keys = np.empty((tables, len(rows)), np.uint32)
    row = np.empty(rows.shape[1])
    for t in range(len(rows)):
        for k in range(len(row)):
            value = rows[t, k] * inverse[k]
            if coded[k] or abs(value) > FAR:  # no number: a place of its own, not far from the others
                value = np.float64(mixed(np.float64(rows[t, k]).view(np.uint64)) >> np.uint64(11)) * 2.0**-51
            row[k] = value / width
        for table in range(tables):
            state = owners[t]
            for j in range(directions):
                along = offsets[table, j]
                for i in range(s):
                    along += signs[table, j, i] * row[picks[table, j, i]]
                cell = np.int64(np.floor(min(max(along, -1e15), 1e15)))
                state = mixed(state ^ (np.uint64(cell) * np.uint64(0x9E3779B97F4A7C15)))
            keys[table, t] = np.uint32(state >> np.uint64(32))
    return keys


def sparse_tables(rows: Floats, sparse: int, owners: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    """Keys, as from `Grid.tables`, of tables in which rows that differ in one coordinate meet, and most that differ in up to ``sparse``.

    One group of neighbouring coordinates is left out at a time, so that a change within it is not seen; and, for more than one change,
    one group of scattered coordinates looked at alone: of more groups than changes one is untouched.
    """
    if not sparse:
        return
    d = rows.shape[1]
    place = np.arange(d)
    around = min(GROUPS, d)
    for group in range(around):
        yield _top(kernels.row_hashes(rows, np.flatnonzero(place * around // d != group), owners))
    alone = min(sparse + 1, ALONE, d // 2)
    for group in range(alone if sparse > 1 else 0):
        yield _top(kernels.row_hashes(rows, np.flatnonzero(place % alone == group), owners))


def _top(hashes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return (hashes >> np.uint64(32)).astype(np.uint32)
