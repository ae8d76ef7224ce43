"""What near copies share: the set of three words in a row, and a MinHash of five characters in a row. Compiled loops."""

from typing import Any, Final

import numpy as np

from forensics.sketch.classes import MASK, MULTIPLIER
from forensics.sketch.compiled import compiled
from forensics.sketch.siphash import mixed, rotated

BINS: Final = 64  # a power of two: the top six bits of a hash say which
SHINGLES: Final = 512  # kept of a text
GRAM: Final = 5  # characters; five of twelve bits fit into 64
EMPTY: Final = np.uint64(0xFFFFFFFFFFFFFFFF)  # of a bin
CANDIDATES: Final = 2 * SHINGLES  # sorted together: the smallest so far, and as many new ones


@compiled(inline="always")
def _shingle(hashes: Any, i: int, count: int) -> Any:  # pragma: no cover - compiled
    value = hashes[i]
    if count > 1:
        value += rotated(hashes[i + 1], 21)
    if count > 2:
        value += rotated(hashes[i + 2], 42)
    return np.uint32(mixed(value) >> np.uint64(32))


@compiled()
def _sorted(values: Any, spare: Any, size: int, places: Any) -> Any:  # pragma: no cover - compiled
    """Sort the first ``size`` of evenly spread 32-bit values and drop repeats; how many are left. They are put where their first bits
    say, then into order by insertion, which moves few; equal ones do not move at all."""
    bits = 4
    while bits < 11 and 1 << bits < 2 * size:
        bits += 1
    shift = np.uint32(32 - bits)
    places[: 1 << bits] = 0
    for i in range(size):
        places[values[i] >> shift] += np.uint32(1)
    total = np.uint32(0)
    for i in range(1 << bits):
        total, places[i] = total + places[i], total
    for i in range(size):
        place = places[values[i] >> shift]
        spare[place] = values[i]
        places[values[i] >> shift] = place + np.uint32(1)
    for i in range(1, size):
        value, j = spare[i], i
        while j > 0 and spare[j - 1] > value:
            spare[j] = spare[j - 1]
            j -= 1
        spare[j] = value
    kept = 0
    for i in range(size):
        if i == 0 or spare[i] != spare[i - 1]:
            values[kept] = spare[i]
            kept += 1
    return kept


@compiled()
def shingle_set(hashes: Any, count: int, scratch: Any) -> Any:  # pragma: no cover - compiled
    """The smallest distinct shingles, sorted, at the beginning of the first of ``scratch``; how many. Those of a long text are sorted
    some at a time, beside the smallest so far."""
    values, spare, places = scratch
    total = max(1, count - 2)
    size, limit = min(total, SHINGLES), np.uint32(0xFFFFFFFF)
    for i in range(size):
        values[i] = _shingle(hashes, i, count)
    for first in range(SHINGLES, total, SHINGLES):
        for i in range(first, min(first + SHINGLES, total)):
            values[size] = _shingle(hashes, i, count)
            size += values[size] <= limit
        if first + SHINGLES < total:
            size = min(SHINGLES, _sorted(values, spare, size, places))
            if size == SHINGLES:
                limit = values[size - 1]
    return min(SHINGLES, _sorted(values, spare, size, places))


@compiled()
def gram_sketch(chars: Any, size: int, secrets: Any, least: Any, out: Any) -> None:  # pragma: no cover - compiled
    """MinHash of the grams of ``chars`` into ``out``. Five characters of twelve bits are one number, hashed under two secrets."""
    least[:] = EMPTY
    mask, multiplier, window = secrets[MASK], secrets[MULTIPLIER] | np.uint64(1), np.uint64(0)
    lead = min(GRAM, size) - 1
    for i in range(lead):
        window = (window << np.uint64(12)) | np.uint64(chars[i])
    for i in range(lead, size):
        window = ((window << np.uint64(12)) | np.uint64(chars[i])) & np.uint64((1 << 12 * GRAM) - 1)
        value = (window ^ mask) * multiplier
        value = (value ^ (value >> np.uint64(32))) * np.uint64(0x94D049BB133111EB)
        place = value >> np.uint64(58)
        least[place] = min(least[place], value)
    fill(least, out)


@compiled()
def fill(least: Any, out: Any) -> None:  # pragma: no cover - compiled
    """Sixteen bits of the least hash in each of the bins; what nothing fell into is lent from another (Shrivastava 2017)."""
    for i in range(BINS):
        source: Any = i
        step, lent = 0, 0
        if least[i] == EMPTY:  # walk all bins in an order of this one's own
            order: Any = np.int64(mixed(np.uint64(i + 1)) >> np.uint64(40))
            source, step, lent = order % BINS, int(order // BINS % BINS) | 1, i + 1
        while least[source] == EMPTY:
            source = (source + step) % BINS
        out[i] = np.uint16(mixed(least[source] + np.uint64(lent)) & np.uint64(0xFFFF))
