"""Accounts that go through the same records side by side: near copies of each other's rows, never the same, in the same order.

Who spreads one attack over many accounts deals the variants of each record out to them. Every account then holds another variant of the
same records in the same order, and nothing in one account alone shows it. Accounts that share a list send equal rows, which do not
count; accounts that share a population hold near copies here and there, but as often out of step as in step, which is what the count is
held against: a permutation test by rotation, with the same rows and the same volume.
"""

from typing import Any, Final

import numpy as np
from numba import prange

from forensics.similarity.forest import Bools, Ints, bounds_of
from forensics.similarity.kernels import squared_distance
from forensics.similarity.population import CAP, NEAR, Array, Population
from forensics.sketch.compiled import compiled

PLACES: Final = 24  # rows of a client that are looked at, evenly spaced; a client with half as many has too few
SLACK: Final = 2  # rows by which another client may be ahead or behind
ROTATIONS: Final = 3
EXCESS: Final = 6  # near copies in step, beyond four times those out of step, that make two accounts companions
MOST_ROWS: Final = 1024  # of a client; who sends more is no account of many
MOST_CLIENTS: Final = 2048  # compared with each other; of more, those with the fewest rows


def company(rows: Array, clients: Ints, first: Ints, asks: Bools, population: Population) -> Ints:
    """(n,) number of companions that have a near copy of the row at the same place; -1 for rows that were not looked at.

    ``first``: the row that each repeats, -1 for none; other arguments as in `forensics.similarity.numeric.steps`.
    """
    out = np.full(len(rows), -1, np.int64)
    kept = np.flatnonzero(asks & (first < 0))
    bounds = bounds_of(clients[kept])
    sizes = np.diff(bounds)
    able = np.flatnonzero((sizes >= PLACES // 2) & (sizes <= MOST_ROWS))
    able = np.sort(able[np.lexsort((able, sizes[able]))][:MOST_CLIENTS])
    if len(able) < 2:
        return out
    places = [bounds[c] + np.arange(min(sizes[c], PLACES)) * sizes[c] // min(sizes[c], PLACES) for c in able]
    limit = (NEAR * population.usual) ** 2
    starts, counts = bounds[able], sizes[able]
    picked = np.concatenate(places)
    owners = np.repeat(np.arange(len(able)), [len(p) for p in places])
    sample = np.ascontiguousarray(rows[kept])
    about = (sample, population.inverse, population.coded, picked, owners, starts, counts, CAP, limit)
    tied = _ties(*about, bounds_of(owners))
    out[kept[picked]] = _companions(*about, tied)
    return out


@compiled()
def _beside(
    sample: Any, inverse: Any, coded: Any, row: int, start: int, size: int, place: int, cap: float, limit: float
) -> bool:  # pragma: no cover - compiled
    """Whether a row of another client, `SLACK` from ``place`` at most, is a near copy of ``row`` and not equal to it."""
    for at in range(max(0, place - SLACK), min(size, place + SLACK + 1)):
        total = squared_distance(sample[row], sample[start + at], inverse, coded, cap, np.nextafter(limit, np.inf))
        if 0.0 < total <= limit:
            return True
    return False


@compiled(parallel=True)
def _ties(
    sample: Any, inverse: Any, coded: Any, picked: Any, owners: Any, starts: Any, sizes: Any, cap: float, limit: float, bounds: Any
) -> Any:  # pragma: no cover - compiled
    """(m, m) bool: which clients are companions, as seen from the first."""
    m = len(starts)
    tied = np.zeros((m, m), np.bool_)
    for a in prange(m):
        places = bounds[a + 1] - bounds[a]
        for b in range(m):
            if a == b:
                continue
            in_step, out_of_step = 0, 0
            for i in range(places):
                at = i * sizes[b] // places
                for turn in range(ROTATIONS + 1):
                    turned = (at + turn * sizes[b] // (ROTATIONS + 1)) % sizes[b]
                    found = _beside(sample, inverse, coded, picked[bounds[a] + i], starts[b], sizes[b], turned, cap, limit)
                    in_step += found and turn == 0
                    out_of_step += found and turn > 0
            tied[a, b] = ROTATIONS * (in_step - EXCESS) >= 4 * out_of_step
    return tied


@compiled(parallel=True)
def _companions(
    sample: Any, inverse: Any, coded: Any, picked: Any, owners: Any, starts: Any, sizes: Any, cap: float, limit: float, tied: Any
) -> Any:  # pragma: no cover - compiled
    """(p,) how many companions of its client have a near copy of each picked row at the same place."""
    out = np.zeros(len(picked), np.int64)
    begin = np.searchsorted(owners, np.arange(len(starts)))
    end = np.searchsorted(owners, np.arange(len(starts)), side="right")
    for p in prange(len(picked)):
        a = owners[p]
        for b in range(len(starts)):
            if tied[a, b]:
                at = (p - begin[a]) * sizes[b] // (end[a] - begin[a])
                out[p] += _beside(sample, inverse, coded, picked[p], starts[b], sizes[b], at, cap, limit)
    return out
