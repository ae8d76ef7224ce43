"""Texts: the most similar earlier text of the same client and of anybody, by what was kept of them (`forensics.sketch.text`).

Two texts are as alike as their sets of three-word shingles overlap (Jaccard); where words are misspelt or few, as their characters do. A
request that repeats an earlier one whole and goes on, as a conversation sent as one text does, is taken for what is new in it.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from forensics.similarity import tables
from forensics.similarity.forest import Bools, Family, Floats, Ints, Walk, bounds_of, grown, spread
from forensics.sketch.compiled import compiled
from forensics.sketch.sets import BINS, EMPTY, SHINGLES, fill
from forensics.sketch.siphash import mixed

RECENT: Final = 16  # distinct texts of the client just before: compared whether near or not
NEAR: Final = 0.5  # as alike as this, texts of one client are near copies
CLOSEST: Final = 0.8  # as alike as this, texts of any clients are
FEW_WORDS: Final = 8  # a text with fewer has hardly a shingle: its characters tell
SHORT: Final = 16  # words; between clients the characters of longer texts do not count: a template has most of them in common
ALL_BUT_SAME: Final = 0.95
MANY_WORDS: Final = 1 << 40
AT_LEAST: Final = 8  # shingles of a text whose repetition is no chance
# (bins in a key, tables) over shingles and over characters. Found with probability 0.998 at 0.8 and 0.66 at 0.5; 0.99 and 0.78.
OWN_TABLES: Final = ((3, 8), (4, 4))
KIN_TABLES: Final = ((4, 12), (6, 6))


@dataclass(frozen=True, slots=True)
class Sketches:
    """What was kept of n texts. ``shingles``: the sets one after the other, each sorted, uint32; ``offsets``: (n + 1,) where each begins;
    ``grams``: (n, 64) uint16; ``words``: (n,) how many; ``head``: (n,) equal for texts with the same first words."""

    shingles: np.ndarray[Any, np.dtype[np.uint32]]
    offsets: Ints
    grams: np.ndarray[Any, np.dtype[np.uint16]]
    words: Ints
    head: Ints


@dataclass(frozen=True, slots=True)
class Edits:
    """One entry per text, in the given order. own, kin: the most similar earlier text of the same client, and near one of anybody;
    distances are 1 - likeness. gap: the distance to the client's text just before. grows: it repeats an earlier text of the client and
    goes on. That one is its parent, unless what is new in it is a near copy of something; kin is about what is new."""

    own: Family
    kin: Family
    gap: Floats
    grows: Bools


def edits(sketches: Sketches, same: Ints, clients: Ints, order: Ints, asks: Bools) -> Edits:
    """``same``: (n,) equal for equal queries; the others as in `forensics.similarity.numeric.steps`."""
    bounds = bounds_of(clients)
    continued, whole, shingles, offsets = _continued(sketches.shingles, sketches.offsets, sketches.words, sketches.head, same, bounds)
    reduced = (shingles, offsets, _minhash(shingles, offsets), sketches.grams, np.where(continued >= 0, 0, sketches.words))
    own = own_family(reduced, same, clients, asks, bounds)
    kin = kin_family(reduced, same, order, asks)
    goes_on = asks & (continued >= 0) & ~own.linked
    parent, linked = np.where(goes_on, continued, own.parent), own.linked | goes_on
    root = grown(own.root, np.arange(len(same)), parent, linked)
    own = replace(own, parent=parent, linked=linked, root=root, distance=np.where(goes_on, 1.0 - whole, own.distance))
    return Edits(own, kin, 1.0 - _to_previous(*material(sketches), bounds), goes_on)


Material = tuple[Any, Any, Any, Any, Any]


def material(sketches: Sketches) -> Material:
    """What the loops compare: (shingles, offsets, a MinHash of the shingles, grams, words)."""
    return (sketches.shingles, sketches.offsets, _minhash(sketches.shingles, sketches.offsets), sketches.grams, sketches.words)


def own_family(texts: Material, same: Ints, clients: Ints, asks: Bools, bounds: Ints) -> Family:
    """The most similar earlier text of the same client: among the last `RECENT`, and among those that share a cell."""
    apart, here = spread(clients), np.arange(len(same))
    first = tables.repeats(same[:, None], spread(same) ^ apart, here)
    walk = Walk.begin(here, asks, first, 0.0).knowing(*_recent(*texts, first, asks, bounds, RECENT))
    _link_all(OWN_TABLES, texts, apart, MANY_WORDS, 2.0, walk)
    return _family(walk, NEAR, first, asks, here)


def kin_family(texts: Material, same: Ints, order: Ints, asks: Bools, at_least: float = CLOSEST) -> Family:
    """The most similar earlier text of anybody, no less than ``at_least`` alike; no parent where there is none. Texts so alike are in one
    tree, whether or not one is the other's parent."""
    first = tables.repeats(same[:, None], spread(same), order)
    walk = Walk.begin(order, asks, first, float(np.nextafter(at_least, 0.0)))
    _link_all(KIN_TABLES, texts, np.zeros(len(same), np.uint64), SHORT, at_least, walk)
    return _family(walk, at_least, first, asks, order)


def _link_all(shapes: tuple[tuple[int, int], tuple[int, int]], texts: Material, apart: Any, spelt: int, limit: float, walk: Walk) -> None:
    for (width, count), sketch in zip(shapes, (texts[2], texts[3]), strict=True):
        for table in range(count):
            keys = _keys(sketch, table * width % (BINS - width + 1), width, apart)[walk.order]
            _link(keys, walk.order, walk.asks, *texts, spelt, limit, walk.parent, walk.nearness, walk.root)


def _family(walk: Walk, at_least: float, first: Ints, asks: Bools, order: Ints) -> Family:
    parent, alike = walk.found(len(first))
    distance = np.where(parent >= 0, 1.0 - alike, np.nan)
    return Family.settled((parent, distance, (parent >= 0) & (alike >= at_least)), walk, first, asks, order)


@compiled()
def _minhash(shingles: Any, offsets: Any) -> Any:  # pragma: no cover - compiled
    """(n, 64) uint16: one-permutation MinHash (Li, Owen and Zhang 2012) of each set; zeros of an empty one."""
    n = len(offsets) - 1
    out = np.zeros((n, BINS), np.uint16)
    least = np.empty(BINS, np.uint64)
    for t in range(n):
        if offsets[t] == offsets[t + 1]:
            continue
        least[:] = EMPTY
        for i in range(offsets[t], offsets[t + 1]):
            value = mixed(np.uint64(shingles[i]) + np.uint64(0x9E3779B97F4A7C15))
            place = np.int64(value >> np.uint64(58))
            least[place] = min(least[place], value)
        fill(least, out[t])
    return out


@compiled()
def _keys(sketch: Any, start: int, width: int, apart: Any) -> Any:  # pragma: no cover - compiled
    """(n,) uint32: equal where the ``width`` bins from ``start`` are, and the owner is; texts without words have keys of their own."""
    out = np.empty(len(sketch), np.uint32)
    for t in range(len(sketch)):
        state = apart[t] + np.uint64(start + 1) * np.uint64(0x9E3779B97F4A7C15)
        filled = False
        for k in range(start, start + width):
            filled |= sketch[t, k] != 0
            state = mixed(state ^ np.uint64(sketch[t, k]))
        out[t] = np.uint32((state if filled else mixed(np.uint64(t))) >> np.uint64(32))
    return out


@compiled()
def overlap(shingles: Any, a: int, a_end: int, b: int, b_end: int) -> Any:  # pragma: no cover - compiled
    """(in both, in either) of two sorted sets; of sets of `SHINGLES` only the smallest so many of both together count, which makes
    the ratio an unbiased estimate (Broder 1997)."""
    cut = SHINGLES if a_end - a == SHINGLES or b_end - b == SHINGLES else 2 * SHINGLES
    both, either = 0, 0
    while a < a_end and b < b_end and either < cut:
        x, y = shingles[a], shingles[b]
        both += x == y
        a += x <= y
        b += y <= x
        either += 1
    return both, min(cut, either + (a_end - a) + (b_end - b))


@compiled()
def _contained(shingles: Any, a: int, a_end: int, b: int, b_end: int) -> bool:  # pragma: no cover - compiled
    """Whether all of the first set is in the second; of what lies beyond the largest kept of either nothing is known. All of it: a search
    for an ending to a long text repeats nearly all, and is no continuation."""
    most = shingles[b_end - 1] if b_end - b == SHINGLES else np.uint32(0xFFFFFFFF)
    while a < a_end and shingles[a] <= most:
        while b < b_end and shingles[b] < shingles[a]:
            b += 1
        if b == b_end or shingles[b] != shingles[a]:
            return False
        a += 1
    return True


@compiled()
def _alike(
    shingles: Any, offsets: Any, sketch: Any, grams: Any, words: Any, spelt: int, t: int, row: int, least: float
) -> float:  # pragma: no cover - compiled
    """How alike two texts are; anything below ``least`` stands for less than that. ``spelt``: words from which characters do not count."""
    shared = 0
    for k in range(BINS):
        shared += sketch[t, k] == sketch[row, k]
    letters = 0
    for k in range(BINS):
        letters += grams[t, k] == grams[row, k]
    # A word that changes takes three shingles with it, and about half that share of the characters.
    by_grams = 2.0 * letters / BINS - 1.0
    if max(words[t], words[row]) < FEW_WORDS:
        by_grams = 1.25 * letters / BINS - 0.25
    if words[t] == 0 or words[row] == 0 or max(words[t], words[row]) >= spelt:
        by_grams = 0.0  # of what is new in a continuation, the characters are not known
    best = by_grams
    if shared / BINS + 0.3 >= max(least, by_grams):  # four standard deviations: the estimate spares the count, and never decides
        both, either = overlap(shingles, offsets[t], offsets[t + 1], offsets[row], offsets[row + 1])
        if either > 0:
            best = max(best, both / either)
    return min(best, 1.0)


@compiled()
def _link(
    keys: Any,
    order: Any,
    asks: Any,
    shingles: Any,
    offsets: Any,
    sketch: Any,
    grams: Any,
    words: Any,
    spelt: int,
    limit: float,
    parent: Any,
    alike: Any,
    root: Any,
) -> None:  # pragma: no cover - compiled
    """`forensics.similarity.tables.link` for texts; ``spelt``: see `_alike`; ``limit``: how alike texts of one tree are."""
    heads, following = tables.empty_table(len(keys))
    for t in range(len(keys)):
        slot = np.int64(mixed(np.uint64(keys[t]))) & (len(heads) - 1)
        other = heads[slot]
        looked = 0
        for _ in range(tables.STEPS if asks[t] else 0):
            if other < 0 or looked >= tables.DEPTH:
                break
            if keys[other] == keys[t]:
                looked += 1
                # Of a flood of copies one that is all but the same will do.
                if other != parent[t] and (alike[t] < ALL_BUT_SAME or tables.find(root, other) != tables.find(root, t)):
                    found = _alike(shingles, offsets, sketch, grams, words, spelt, order[t], order[other], min(alike[t], limit))
                    if found >= limit:
                        tables.join(root, t, other)
                    if found > alike[t]:
                        alike[t], parent[t] = found, other
            other = following[other]
        following[t] = heads[slot]
        heads[slot] = t


@compiled()
def _recent(
    shingles: Any, offsets: Any, sketch: Any, grams: Any, words: Any, first: Any, asks: Any, bounds: Any, window: int
) -> Any:  # pragma: no cover - compiled
    """(parent, likeness) of every text that ``asks`` among the last ``window`` distinct texts of its client. Of equals the latest."""
    parent = np.full(len(first), -1, np.int64)
    alike = np.full(len(first), -1.0)
    recent = np.empty(window, np.int64)
    for c in range(len(bounds) - 1):
        count = 0
        for t in range(bounds[c], bounds[c + 1]):
            if first[t] >= 0:
                continue
            for back in range(min(count, window) if asks[t] else 0):
                row = recent[(count - 1 - back) % window]
                found = _alike(shingles, offsets, sketch, grams, words, MANY_WORDS, t, row, alike[t])
                if found > alike[t]:
                    alike[t], parent[t] = found, row
            recent[count % window] = t
            count += 1
    return parent, np.maximum(alike, 0.0)


@compiled()
def _to_previous(shingles: Any, offsets: Any, sketch: Any, grams: Any, words: Any, bounds: Any) -> Any:  # pragma: no cover - compiled
    """Likeness of each text to the client's text before; NaN for its first."""
    out = np.full(len(words), np.nan)
    for c in range(len(bounds) - 1):
        for t in range(bounds[c] + 1, bounds[c + 1]):
            out[t] = max(0.0, _alike(shingles, offsets, sketch, grams, words, MANY_WORDS, t, t - 1, -1.0))
    return out


@compiled()
def _continued(shingles: Any, offsets: Any, words: Any, head: Any, same: Any, bounds: Any) -> Any:  # pragma: no cover - compiled
    """(the client's latest text with the same first words that each repeats whole and continues, -1 where none; how alike the two are;
    the sets without what is repeated; their offsets)."""
    n = len(words)
    continued = np.full(n, -1, np.int64)
    alike = np.zeros(n)
    kept = np.empty(len(shingles), np.uint32)
    bounded = np.zeros(n + 1, np.int64)
    heads, following = tables.empty_table(n)
    for c in range(len(bounds) - 1):
        for t in range(bounds[c], bounds[c + 1]):
            slot = np.int64(mixed(np.uint64(head[t]) + np.uint64(c))) & (len(heads) - 1)
            row = heads[slot]
            while row >= bounds[c] and head[row] != head[t]:
                row = following[row]
            a, a_end, b, b_end = 0, 0, offsets[t], offsets[t + 1]
            if row >= bounds[c] and words[row] < words[t] and same[row] != same[t]:
                a, a_end = offsets[row], offsets[row + 1]
            if a_end - a >= AT_LEAST and _contained(shingles, a, a_end, b, b_end):
                both, either = overlap(shingles, a, a_end, b, b_end)
                continued[t], alike[t] = row, both / either
            else:
                a_end = a
            bounded[t + 1] = _without(shingles, b, b_end, a, a_end, kept, bounded[t])
            following[t] = heads[slot]
            heads[slot] = t
    return continued, alike, kept[: bounded[n]], bounded


@compiled()
def _without(shingles: Any, b: int, b_end: int, a: int, a_end: int, kept: Any, end: int) -> int:  # pragma: no cover - compiled
    """Put the set from ``b`` without that from ``a`` into ``kept`` from ``end`` on; where it ends."""
    for i in range(b, b_end):
        while a < a_end and shingles[a] < shingles[i]:
            a += 1
        if a == a_end or shingles[a] != shingles[i]:
            kept[end] = shingles[i]
            end += 1
    return end
