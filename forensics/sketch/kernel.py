"""The compiled loops behind ``text_shape`` (`forensics.sketch.text`): every one of them linear, whatever the text.

A text is read once, byte by byte, by a table of classes. Each word becomes a SipHash-1-3 (Aumasson and Bernstein 2012) of its folded
bytes, gathered into 64-bit words while it is read; all else is made of these hashes, of flags kept beside them, of the folded characters
and of the quotation marks. What is made lies in arrays that are used again for the next text.
"""

from typing import Any, Final

import numpy as np

from forensics.sketch.classes import CHAIN, CLASSES, DIGIT, LETTERS, LINE, LOWER, MARK, NAME, NARROW, SPACE, STARTS, STOP, UPPER, WIDE, WORD
from forensics.sketch.compiled import compiled
from forensics.sketch.sets import BINS, CANDIDATES, SHINGLES, gram_sketch, shingle_set
from forensics.sketch.siphash import absorbed, begun, chain, finished, siphash
from forensics.sketch.skeleton import MOST_MARKS, mark, quotations, skeleton

PART_WORDS: Final = 8  # words of a head and of a tail
MOST_WORDS: Final = 65_536  # of one text; what follows is not read
LONGEST_WORD: Final = 30  # bytes; a longer run is read in pieces
EDGE: Final = 64  # words at either end of a text that are kept one by one, in order


@compiled()
def _separator(data: Any, i: int, end: int) -> int:  # pragma: no cover - compiled
    """Bytes of the wide character at ``i`` if it only separates words: a space of some width, a dash, a quotation mark, an invisible
    one (U+00A0, U+00AB, U+00BB, U+2000 to U+206F, U+3000 to U+3003, U+FEFF); 0 for all others."""
    first = data[i]
    if first < 0xC2:
        return 0
    if first == 0xC2:
        return 2 if i + 1 < end and data[i + 1] in (0xA0, 0xAB, 0xBB) else 0
    if i + 2 >= end:
        return 0
    second, third = data[i + 1], data[i + 2]
    if first == 0xE2 and (second == 0x80 or (second == 0x81 and third <= 0xAF)):
        return 3
    if (first == 0xE3 and second == 0x80 and third <= 0x83) or (first == 0xEF and second == 0xBB and third == 0xBF):
        return 3
    return 0


@compiled(inline="always")
def _widened(chars: Any, size: int, byte: int) -> int:  # pragma: no cover - compiled
    """Take one byte of a wide character into ``chars``: its code point's last eleven bits, marked by a twelfth. Scripts with an alphabet
    lie within eleven bits. Bytes that make no character make some."""
    if byte < 0xC0 and size and chars[size - 1] & 2048:
        chars[size - 1] = 2048 | (((chars[size - 1] << 6) | (byte & 63)) & 2047)
        return size
    chars[size] = 2048 | (byte & 31)
    return size + 1


@compiled(inline="always")
def _word(data: Any, i: int, end: int, low: Any, high: Any, chars: Any, size: int) -> Any:  # pragma: no cover - compiled
    """Read the word at ``i``: where it ends, its hash, the classes of its bytes, and how many ``chars`` there are now. The hash of fewer
    than eight bytes is left for `_short_words`: instead of it, their block."""
    v0, v1, v2, v3 = begun(low, high)
    block, shift, seen, first = np.uint64(0), np.uint64(0), 0, i
    while i < end:
        byte = data[np.uint64(i)]
        kind = CLASSES[byte]
        if not kind & WORD:
            break
        if kind & WIDE:
            if _separator(data, i, end):
                break
            size = _widened(chars, size, byte)
        else:
            chars[np.uint64(size)] = byte | (kind & UPPER) << 5
            size += 1
        seen |= kind
        block |= np.uint64(byte | (kind & UPPER) << 5) << shift
        shift += np.uint64(8)
        if shift == 64:
            v0, v1, v2, v3 = absorbed(v0, v1, v2, v3, block)
            block, shift = np.uint64(0), np.uint64(0)
        i += 1
    if i - first < 8:
        return i, block | (np.uint64(i - first) << np.uint64(56)), seen, size
    return i, finished(v0, v1, v2, v3, block | (np.uint64((i - first) & 0xFF) << np.uint64(56))), seen, size


@compiled()
def _after(data: Any, i: int, end: int) -> int:  # pragma: no cover - compiled
    """Where the wide character at ``i`` ends, or up to three narrow ones: so that a digit more moves no piece that follows it."""
    if i < end and data[i] < 128:
        j = i + 1
        while j < min(i + 3, end) and data[j] < 128:
            j += 1
        return j
    j = min(i + 1, end)
    while j < end and data[j] & 0xC0 == 0x80:
        j += 1
    return j


@compiled()
def _pieces(
    data: Any, i: int, end: int, secrets: Any, words: Any, count: int, longer: int, throughout: int
) -> Any:  # pragma: no cover - compiled
    """A run without spaces as words: pieces of two wide characters, overlapping by one. The flags ``throughout`` are those of
    every piece: a token (of narrow characters) with a digit has digits throughout."""
    _, flags, firsts, lasts, long, places = words
    middle = _after(data, i, end)
    while i < end and count < len(flags):
        last = _after(data, middle, end)
        kinds = throughout
        for j in range(i, last):
            kinds |= CLASSES[data[j]]
        long[longer], places[longer] = siphash(data, i, last, secrets[0], secrets[1]), count
        flags[count] = kinds
        firsts[count] = lasts[count] = i  # no text of its own: pieces overlap
        count, longer = count + 1, longer + 1
        i, middle = middle, last
    return count, longer


@compiled()
def _short_words(hashes: Any, count: int, long: Any, places: Any, longer: int, low: Any, high: Any) -> None:  # pragma: no cover - compiled
    """Hash the blocks of the short words, all alike, so that the compiler takes several at a time; then put in the others' hashes."""
    for i in range(count):
        v0, v1, v2, v3 = begun(low, high)
        hashes[i] = finished(v0, v1, v2, v3, hashes[i])
    for i in range(longer):
        hashes[places[i]] = long[i]


@compiled(inline="always")
def _name(seen: int, gap: int, length: int) -> int:  # pragma: no cover - compiled
    """Whether a word with a capital letter first is a name: it has two letters or more, and stands inside a sentence or is of capitals
    alone."""
    begins = gap & LINE or gap & (STOP | SPACE) == STOP | SPACE
    return NAME if length > 1 and (not begins or not seen & (LOWER | WIDE | DIGIT)) else 0


@compiled()
def _read(data: Any, start: int, end: int, secrets: Any, words: Any, chars: Any, marks: Any) -> Any:  # pragma: no cover - compiled
    """The words of data[start:end] into ``words`` (hashes, flags, where they begin and end), their folded characters, one space between
    words, into ``chars``, and quotation marks into ``marks``; how many of each."""
    hashes, flags, firsts, lasts, long, places = words
    low, high = secrets[0], secrets[1]
    count, longer, size, marked, blanks, names = 0, 0, 0, 0, 0, 0
    i, gap, solid, line = start, STARTS, start, start - 1
    while i < end and count < len(hashes):
        kind = CLASSES[data[i]]
        wide = _separator(data, i, end) if kind & WIDE else 0
        if kind & WORD and not wide:
            if count:
                chars[size] = 32
                size += 1
            last, hashed, seen, size = _word(data, i, end, low, high, chars, size)
            name = _name(seen, gap, last - i) if kind & UPPER else 0
            if last - i <= LONGEST_WORD:
                hashes[count], flags[count], firsts[count], lasts[count] = hashed, seen | name, i, last
                if last - i > 7:
                    long[longer], places[longer] = hashed, count
                    longer += 1
                names += name
                count += 1
            else:
                count, longer = _pieces(data, i, last, secrets, words, count, longer, name | (0 if seen & WIDE else seen))
            i = solid = last
            gap = 0
            continue
        width = max(1, wide)
        if wide or kind & MARK:
            opens, closes, kind, width = mark(data, start, i, end, wide)
            if (opens or closes) and marked < len(marks):
                marks[marked] = (i, count, blanks, opens, closes)
                marked += 1
        elif kind & LINE:
            blanks += line >= solid
            line = i
        if not kind & SPACE:
            solid = i + 1
        gap |= kind
        i += width
    _short_words(hashes, count, long, places, longer, low, high)
    return count, size, marked, names // NAME


@compiled()
def _top(hashes: Any, count: int, table: Any, times: Any) -> int:  # pragma: no cover - compiled
    """How often the commonest word occurs, by a table with open addressing; no key, no collisions of choice."""
    size = 64
    while size < 4 * count:
        size *= 2
    times[:size] = 0
    most = 1
    for i in range(count):
        place = np.int64(hashes[i]) & (size - 1)
        while times[place] and table[place] != hashes[i]:
            place = (place + 1) & (size - 1)
        table[place] = hashes[i]
        times[place] += 1
        most = max(most, times[place])
    return most


@compiled()
def _first_class(data: Any, start: int, end: int) -> int:  # pragma: no cover - compiled
    for i in range(start, end):
        byte = data[i]
        if 97 <= byte <= 122:
            return 2
        if 65 <= byte <= 90:
            return 1
        if byte > 32:
            return 0
    return 0


@compiled()
def _last_class(data: Any, start: int, end: int) -> int:  # pragma: no cover - compiled
    for i in range(end - 1, start - 1, -1):
        byte = data[i]
        if byte in (33, 46, 63):
            return 3
        if CLASSES[byte] & NARROW:
            return 4
        if byte > 32 and byte not in (34, 39, 41):  # closing quotes and brackets stand after the stop
            return 0
    return 0


@compiled()
def _letters(data: Any, start: int, end: int) -> float:  # pragma: no cover - compiled
    """Share of letters and spaces among the characters."""
    both = 0
    for i in range(start, end):
        both += LETTERS[data[i]]
    letters, characters = both & 0xFFFFFFFF, both >> 32
    return letters / characters if characters else np.nan


@compiled()
def _runs(data: Any, start: int, end: int) -> int:  # pragma: no cover - compiled
    """Runs of characters between spaces, as scripts count words."""
    count, inside = 0, False
    for i in range(start, end):
        blank = data[i] == 32 or 9 <= data[i] <= 13
        count += not inside and not blank
        inside = not blank
    return count


@compiled()
def _edges(hashes: Any, count: int, ordered: Any, start: int) -> int:  # pragma: no cover - compiled
    """Sixteen bits of the first and of the last `EDGE` words, or of all where there are no more, into ``ordered`` from ``start``; how
    many."""
    kept = min(count, 2 * EDGE)
    for i in range(kept):
        ordered[start + i] = hashes[i if count <= 2 * EDGE or i < EDGE else count - kept + i] >> np.uint64(48)
    return kept


@compiled()
def describe(data: Any, offsets: Any, secrets: Any) -> Any:  # pragma: no cover - compiled
    """The shapes of the texts data[offsets[t]:offsets[t + 1]], column by column; shingles one after another, and where each text's end;
    the same of the words in order."""
    n = len(offsets) - 1
    counts = np.zeros((n, 3), np.int64)
    hashes = np.zeros((n, 5), np.uint64)
    classes = np.zeros((n, 2), np.int8)
    shares = np.full((n, 2), np.nan)
    grams = np.zeros((n, BINS), np.uint16)
    ends = np.zeros(n + 1, np.int32)
    order_ends = np.zeros(n + 1, np.int32)
    longest = 0
    for t in range(n):
        longest = max(longest, offsets[t + 1] - offsets[t])
    room = min(n * SHINGLES, offsets[n] - offsets[0]) if n else 0
    shingles = np.empty(room, np.uint32)
    ordered = np.empty(min(n * 2 * EDGE, offsets[n] - offsets[0]) if n else 0, np.uint16)
    words = (
        np.empty(MOST_WORDS, np.uint64),
        np.empty(MOST_WORDS, np.uint16),
        np.empty(MOST_WORDS, np.int64),
        np.empty(MOST_WORDS, np.int64),
        np.empty(MOST_WORDS, np.uint64),
        np.empty(MOST_WORDS, np.int64),
    )
    chars = np.empty(longest + 1, np.uint16)
    marks, partners, spans = np.empty((MOST_MARKS, 5), np.int64), np.empty(MOST_MARKS, np.int64), np.empty((MOST_MARKS, 2), np.int64)
    scratch = (np.empty(CANDIDATES, np.uint32), np.empty(CANDIDATES, np.uint32), np.empty(2 * CANDIDATES, np.uint32))
    table, times, least = np.empty(4 * MOST_WORDS, np.uint64), np.empty(4 * MOST_WORDS, np.int32), np.empty(BINS, np.uint64)
    for t in range(n):
        start, end = offsets[t], offsets[t + 1]
        count, size, marked, names = _read(data, start, end, secrets, words, chars, marks)
        quoted = quotations(marks, marked, partners, spans) if marked > 1 else 0
        counts[t, 0], counts[t, 2] = count, _runs(data, start, end)
        hashes[t, 3], hashes[t, 4], counts[t, 1] = skeleton(data, words, count, spans, quoted, secrets, names)
        classes[t, 0], classes[t, 1] = _first_class(data, start, end), _last_class(data, start, end)
        shares[t, 1] = _letters(data, start, end)
        ends[t + 1] = ends[t]
        order_ends[t + 1] = order_ends[t] + _edges(words[0], count, ordered, order_ends[t])
        if count == 0:
            continue
        known = words[0]
        hashes[t, 1] = chain(known, 0, min(count, PART_WORDS), secrets[CHAIN])
        hashes[t, 0] = chain(known, PART_WORDS, count, hashes[t, 1])
        hashes[t, 2] = chain(known, max(0, count - PART_WORDS), count, secrets[CHAIN])
        shares[t, 0] = _top(known, count, table, times) / count
        kept = shingle_set(known, count, scratch)
        shingles[ends[t] : ends[t] + kept] = scratch[0][:kept]
        ends[t + 1] = ends[t] + kept
        gram_sketch(chars, size, secrets, least, grams[t])
    return counts, hashes, classes, shares, shingles[: ends[n]], ends, grams, ordered[: order_ends[n]], order_ends
