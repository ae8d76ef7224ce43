"""Which words of a text differ from those of its parent, how unlike everybody else's its characters are, and what everybody is answered.

Compiled loops over what was kept of the texts (`forensics.sketch.text`).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forensics.similarity.forest import Bools, Floats, Ints
from forensics.similarity.population import spaced
from forensics.sketch.compiled import compiled
from forensics.sketch.kernel import EDGE
from forensics.sketch.sets import BINS

SAMPLED: Final = 20_000  # texts that the characters of others are known from; of more, sixteen bits tell hardly anything apart
PER_CLIENT: Final = 40  # of one client, at most
FEWEST_WORDS: Final = 3  # in fewer there are hardly five characters in a row
STOCK: Final = (20, 200)  # characters of a stock answer: more than a label, less than an explanation
RECOGNISED: Final = 0.001  # of the answers; where as many are known to be refusals, no others are looked for
COMMON: Final = 0.05  # of the clients with answers; as many get a stock answer
FEWEST_CLIENTS: Final = 10


@dataclass(frozen=True, slots=True)
class Edited:
    """One entry per text. words: how many differ from the parent's: place by place where both have as many, else what stands in the longer
    one between their common beginning and their common end. new: words of the text that the parent has nowhere. start, end: words before
    the first and after the last that differs; -1 for all four where there is no parent or nothing known to differ, as in the middle of
    long texts."""

    words: Ints
    new: Ints
    start: Ints
    end: Ints


def edited(ordered: np.ndarray[Any, np.dtype[np.uint16]], offsets: Ints, words: Ints, parent: Ints) -> Edited:
    """``ordered``: what was kept of the words of all texts, those of text t in [offsets[t], offsets[t + 1]); ``words``: (n,) how many
    there are; ``parent``: (n,) row number of each text's parent, -1 for none."""
    return Edited(*_edited(ordered, offsets, words, parent))


def novelty(grams: np.ndarray[Any, np.dtype[np.uint16]], words: Ints, clients: Ints, first: Ints) -> Floats:
    """(n,) share of a text's five-character runs, as far as its sketch tells, that no sampled text of another client has; NaN for repeats,
    texts of few words, and where there are no others. ``first``: the row that each repeats, -1 for none."""
    telling = np.flatnonzero((first < 0) & (words >= FEWEST_WORDS))
    starts = np.flatnonzero(np.r_[True, clients[telling][1:] != clients[telling][:-1]]) if len(telling) else np.empty(0, np.int64)
    if len(starts) < 2:
        return np.full(len(words), np.nan)
    sample = telling[spaced(np.r_[starts, len(telling)], SAMPLED, PER_CLIENT)]
    return np.asarray(_novelty(grams, clients, telling, sample), np.float64)


def stock_answers(answers: Ints, sizes: Ints, refused: Bools, clients: Ints) -> Bools:
    """(n,) whether an answer is one that a model gives to everybody: of `STOCK` characters, and told to one client in twenty or more. So
    are refusals, in whatever language; none where the log or its words tell of refusals already. ``answers``: (n,) equal for equal ones,
    -1 where there is none; ``sizes``: their characters; ``refused``: those known to be refusals."""
    told = np.flatnonzero(answers >= 0)
    if not len(told) or refused[told].mean() >= RECOGNISED:
        return np.zeros(len(answers), np.bool_)
    pairs = np.unique(np.stack([answers[told], clients[told]]), axis=1)
    common = np.bincount(pairs[0], minlength=int(answers.max(initial=-1)) + 1)
    needed = max(FEWEST_CLIENTS, COMMON * len(np.unique(pairs[1])))
    stock = np.zeros(len(answers), np.bool_)
    stock[told] = (common[answers[told]] >= needed) & (sizes[told] >= STOCK[0]) & (sizes[told] <= STOCK[1])
    return stock


@compiled()
def _word(ordered: Any, offsets: Any, t: int, count: int, place: int, from_end: bool) -> Any:  # pragma: no cover - compiled
    """The word at ``place`` of text ``t``, counted from either end; -1 where it was not kept."""
    kept = offsets[t + 1] - offsets[t]
    if kept < min(count, 2 * EDGE) or (kept < count and place >= EDGE):
        return np.int64(-1)
    return np.int64(ordered[offsets[t + 1] - 1 - place if from_end else offsets[t] + place])


@compiled()
def _alike(ordered: Any, offsets: Any, words: Any, t: int, p: int, most: int, from_end: bool) -> int:  # pragma: no cover - compiled
    """How many words of two texts are the same from one end on, up to ``most``; -1 where that ends at a word that was not kept."""
    for place in range(most):
        mine = _word(ordered, offsets, t, words[t], place, from_end)
        theirs = _word(ordered, offsets, p, words[p], place, from_end)
        if mine < 0 or theirs < 0:
            return -1
        if mine != theirs:
            return place
    return most


@compiled()
def _differing(ordered: Any, offsets: Any, words: Any, t: int, p: int, first: int, last: int) -> int:  # pragma: no cover - compiled
    """In how many places from ``first`` to before ``last`` two texts of as many words have different ones, as far as they were kept."""
    count, n = 0, words[t]
    for place in range(first, last):
        from_end = place >= EDGE and n > 2 * EDGE
        index = n - 1 - place if from_end else place
        count += _word(ordered, offsets, t, n, index, from_end) != _word(ordered, offsets, p, n, index, from_end)
    return count


@compiled()
def _edited(ordered: Any, offsets: Any, words: Any, parent: Any) -> Any:  # pragma: no cover - compiled
    n = len(parent)
    differ, new, start, end = np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    has = np.full(1 << 16, -1, np.int64)  # of each word: the last text whose parent has it
    for t in range(n):
        p = parent[t]
        if p < 0:
            continue
        shorter, longer = min(words[t], words[p]), max(words[t], words[p])
        before = _alike(ordered, offsets, words, t, p, shorter, False)
        after = _alike(ordered, offsets, words, t, p, shorter - before, True) if before >= 0 else -1
        if after < 0 or before == longer:
            continue
        changed = _differing(ordered, offsets, words, t, p, before, longer - after) if shorter == longer else longer - before - after
        for i in range(offsets[p], offsets[p + 1]):
            has[ordered[i]] = t
        unknown = 0
        for i in range(offsets[t], offsets[t + 1]):
            unknown += has[ordered[i]] != t
        differ[t], new[t], start[t], end[t] = changed, unknown, before, after
    return differ, new, start, end


@compiled()
def _novelty(grams: Any, clients: Any, telling: Any, sample: Any) -> Any:  # pragma: no cover - compiled
    owner = np.full((BINS, 1 << 16), -1, np.int32)  # of each value: the only client that has it; -2 where several do
    for t in sample:
        for k in range(BINS):
            value = grams[t, k]
            if owner[k, value] == -1:
                owner[k, value] = clients[t]
            elif owner[k, value] != clients[t]:
                owner[k, value] = -2
    out = np.full(len(clients), np.nan)
    for t in telling:
        new = 0
        for k in range(BINS):
            seen = owner[k, grams[t, k]]
            new += seen == -1 or seen == clients[t]
        out[t] = new / BINS
    return out
