"""Hash tables of queries: who stands in one cell with whom. Compiled loops; arrays in, arrays out.

A table is one array of keys, one for each query. Queries are walked in order; each looks at the latest `DEPTH` before it with its key,
and is then put in. So a cell that somebody floods costs no more than any other, and what he floods it with are near copies of each other.
Exact repeats take no part.
"""

from typing import Any, Final

import numpy as np

from forensics.similarity.kernels import same, squared_distance
from forensics.sketch.compiled import compiled
from forensics.sketch.siphash import mixed

DEPTH: Final = 8  # earlier queries in a cell that are looked at
STEPS: Final = 64  # links of a chain that are followed to find them


@compiled()
def empty_table(n: int) -> Any:  # pragma: no cover - compiled
    """(first query of each chain, the query after each query in its chain) for ``n`` queries; -1 ends a chain."""
    slots = 16
    while slots < n:
        slots *= 2
    return np.full(slots, -1, np.int32), np.full(n, -1, np.int32)


@compiled()
def repeats(rows: Any, hashes: Any, order: Any) -> Any:  # pragma: no cover - compiled
    """The first row in ``order`` that each row repeats, -1 where it is that one. ``hashes``: equal for equal rows, and different for
    rows that are not to be taken for one another (of different clients)."""
    heads, following = empty_table(len(rows))
    out = np.full(len(rows), -1, np.int64)
    for t in order:
        slot = np.int64(hashes[t] & np.uint64(len(heads) - 1))
        row = heads[slot]
        for _ in range(STEPS):  # who makes equal hashes on purpose has his repeats taken for near copies
            if row < 0 or (hashes[row] == hashes[t] and same(rows[row], rows[t])):
                break
            row = following[row]
        else:
            row = np.int32(-1)
        out[t] = row
        if out[t] < 0:
            following[t] = heads[slot]
            heads[slot] = t
    return out


@compiled()
def find(root: Any, t: int) -> int:  # pragma: no cover - compiled
    """Root of the tree of ``t``; the way there is halved for the next who asks."""
    while root[t] != t:
        root[t] = root[root[t]]
        t = root[t]
    return t


@compiled()
def join(root: Any, a: int, b: int) -> None:  # pragma: no cover - compiled
    """Make one tree of two; the smaller root stays one."""
    a, b = find(root, a), find(root, b)
    if a < b:
        root[b] = a
    else:
        root[a] = b


@compiled()
def join_all(root: Any, parent: Any, linked: Any) -> None:  # pragma: no cover - compiled
    """Put the ``linked`` ones into one tree with their parents, and every root in its place. ``root`` is changed."""
    for t in range(len(parent)):
        if linked[t]:
            join(root, t, parent[t])
    for t in range(len(parent)):
        root[t] = find(root, t)


@compiled()
def link(
    keys: Any,
    order: Any,
    asks: Any,
    rows: Any,
    inverse: Any,
    coded: Any,
    cap: float,
    most: int,
    limit: float,
    parent: Any,
    squared: Any,
    root: Any,
) -> None:  # pragma: no cover - compiled
    """Where a row in the same cell is nearer than the parent, make it the parent; where it is near, join the trees.

    Everything but ``rows`` is in the order of the walk, and speaks of places in it. keys: (m,) the cell of each row; order: (m,) numbers
    of the rows that take part; asks: those that look for a parent (the others are only put in); most: changed coordinates beyond which a
    row is no candidate, 0 for any number; limit: squared distance up to which rows belong to one tree, below 0 for none; parent, squared,
    root: changed in place.
    """
    heads, following = empty_table(len(keys))
    beyond = np.nextafter(limit, np.inf)
    for t in range(len(keys)):
        slot = np.int64(mixed(np.uint64(keys[t]))) & (len(heads) - 1)
        other = heads[slot]
        looked = 0
        for _ in range(STEPS if asks[t] else 0):
            if other < 0 or looked >= DEPTH:
                break
            if keys[other] == keys[t]:
                looked += 1
                row, earlier = rows[order[t]], rows[order[other]]
                if other != parent[t] and (most == 0 or _few_changes(row, earlier, most)):
                    total = squared_distance(row, earlier, inverse, coded, cap, max(squared[t], beyond))
                    if total <= limit:
                        join(root, t, other)
                    if total < squared[t]:
                        squared[t], parent[t] = total, other
            other = following[other]
        following[t] = heads[slot]
        heads[slot] = t


@compiled()
def _few_changes(row: Any, other: Any, most: int) -> bool:  # pragma: no cover - compiled
    changed = 0
    for k in range(len(row)):
        if row[k] != other[k]:
            changed += 1
            if changed > most:
                return False
    return True
