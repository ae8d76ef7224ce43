"""The compiled loops behind ``text_shape`` (`forensics.sketch.text`): every one of them linear, whatever the text.

A text is read once, byte by byte, by a table of classes. Each word becomes a SipHash-1-3 (Aumasson and Bernstein 2012) of its folded
bytes, gathered into 64-bit words while it is read; all else is made of these hashes, of flags kept beside them, of the folded characters
and of the quotation marks. What is made lies in arrays that are used again for the next text.

All of it is in one file because numba's cache knows of changes in the file of the function called, not in those that it calls.
"""

from typing import Any, Final

import numpy as np

from forensics.sketch.compiled import compiled

BINS: Final = 64  # a power of two: the top six bits of a hash say which
SHINGLES: Final = 512  # kept of a text
GRAM: Final = 5  # characters; five of twelve bits fit into 64
PART_WORDS: Final = 8  # words of a head and of a tail
MOST_WORDS: Final = 65_536  # of one text; what follows is not read
LONGEST_WORD: Final = 30  # bytes; a longer run is read in pieces
QUOTE_WORDS: Final = 400  # of a quotation
QUOTE_BYTES: Final = 4_000
SECRETS: Final = 7  # 64-bit numbers made of the key: two for SipHash, and those below

_MOST_MARKS: Final = 65_536  # quotation marks of one text
_CANDIDATES: Final = 2 * SHINGLES  # sorted together: the smallest so far, and as many new ones
_CHAIN, _SKELETON, _CONTENT, _MULTIPLIER, _MASK = 2, 3, 4, 5, 6  # places among the secrets

# Classes of bytes. The first four are those of words; a word's flags are these of its bytes and of the bytes before it.
_UPPER, _LOWER, _DIGIT, _WIDE, _SPACE, _LINE, _STOP, _MARK = (1 << i for i in range(8))
_WORD: Final = _UPPER | _LOWER | _DIGIT | _WIDE
_NARROW: Final = _UPPER | _LOWER | _DIGIT
_NAME: Final = 256  # the word is a name by its capital letters
_STARTS: Final = _LINE | _STOP | _SPACE

# Quotation marks that look alike on both sides come first; a closing mark may close several kinds.
_DOUBLE, _APOSTROPHE, _INVERTED, _CURLY, _LOW, _ANGLED, _TICK, _TICKS, _FENCE = range(1, 10)


def _classes() -> np.ndarray[Any, np.dtype[np.uint8]]:
    table = np.zeros(256, np.uint8)
    table[128:] = _WIDE
    for characters, flag in (
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", _UPPER),
        (b"abcdefghijklmnopqrstuvwxyz", _LOWER),
        (b"0123456789", _DIGIT),
        (b" \t\r\v\f", _SPACE),
        (b"\n", _SPACE | _LINE),
        (b".!?", _STOP),
        (b"\"'`", _MARK),
    ):
        table[list(characters)] = flag
    return table


_CLASSES: Final = _classes()
_LETTERS: Final = np.array(
    [(b == 32 or b >= 192 or chr(b | 32) in "abcdefghijklmnopqrstuvwxyz") + (b & 0xC0 != 0x80 and 1 << 32) for b in range(256)]
)


# --- hashes


@compiled(inline="always")
def _rotated(value: Any, bits: int) -> Any:  # pragma: no cover - compiled
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@compiled(inline="always")
def _mixed(value: Any) -> Any:  # pragma: no cover - compiled
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled(inline="always")
def _linked(state: Any, value: Any) -> Any:  # pragma: no cover - compiled
    """The next state of a chain: what came before is turned and multiplied, so that order counts."""
    state = (_rotated(state, 23) ^ value) * np.uint64(0x9E3779B97F4A7C15)
    return state ^ (state >> np.uint64(32))


@compiled(inline="always")
def _round(v0: Any, v1: Any, v2: Any, v3: Any) -> Any:  # pragma: no cover - compiled
    v0 += v1
    v1 = _rotated(v1, 13) ^ v0
    v0 = _rotated(v0, 32)
    v2 += v3
    v3 = _rotated(v3, 16) ^ v2
    v0 += v3
    v3 = _rotated(v3, 21) ^ v0
    v2 += v1
    v1 = _rotated(v1, 17) ^ v2
    v2 = _rotated(v2, 32)
    return v0, v1, v2, v3


@compiled(inline="always")
def _begun(low: Any, high: Any) -> Any:  # pragma: no cover - compiled
    """The state of a SipHash before its first byte."""
    v0, v1 = low ^ np.uint64(0x736F6D6570736575), high ^ np.uint64(0x646F72616E646F6D)
    return v0, v1, low ^ np.uint64(0x6C7967656E657261), high ^ np.uint64(0x7465646279746573)


@compiled(inline="always")
def _absorbed(v0: Any, v1: Any, v2: Any, v3: Any, block: Any) -> Any:  # pragma: no cover - compiled
    v0, v1, v2, v3 = _round(v0, v1, v2, v3 ^ block)
    return v0 ^ block, v1, v2, v3


@compiled(inline="always")
def _finished(v0: Any, v1: Any, v2: Any, v3: Any, block: Any) -> Any:  # pragma: no cover - compiled
    """The hash, of a last block of up to seven bytes below the length of the whole."""
    v0, v1, v2, v3 = _absorbed(v0, v1, v2, v3, block)
    v2 ^= np.uint64(0xFF)
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@compiled()
def _siphash(data: Any, start: int, end: int, low: Any, high: Any) -> Any:  # pragma: no cover - compiled
    """SipHash-1-3 of data[start:end], ASCII letters folded to lower case."""
    v0, v1, v2, v3 = _begun(low, high)
    block, shift = np.uint64(0), np.uint64(0)
    for i in range(start, end):
        block |= np.uint64(data[i] | ((_CLASSES[data[i]] & _UPPER) << 5)) << shift
        shift += np.uint64(8)
        if shift == 64:
            v0, v1, v2, v3 = _absorbed(v0, v1, v2, v3, block)
            block, shift = np.uint64(0), np.uint64(0)
    return _finished(v0, v1, v2, v3, block | (np.uint64((end - start) & 0xFF) << np.uint64(56)))


# --- reading


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
    v0, v1, v2, v3 = _begun(low, high)
    block, shift, seen, first = np.uint64(0), np.uint64(0), 0, i
    while i < end:
        byte = data[np.uint64(i)]
        kind = _CLASSES[byte]
        if not kind & _WORD:
            break
        if kind & _WIDE:
            if _separator(data, i, end):
                break
            size = _widened(chars, size, byte)
        else:
            chars[np.uint64(size)] = byte | (kind & _UPPER) << 5
            size += 1
        seen |= kind
        block |= np.uint64(byte | (kind & _UPPER) << 5) << shift
        shift += np.uint64(8)
        if shift == 64:
            v0, v1, v2, v3 = _absorbed(v0, v1, v2, v3, block)
            block, shift = np.uint64(0), np.uint64(0)
        i += 1
    if i - first < 8:
        return i, block | (np.uint64(i - first) << np.uint64(56)), seen, size
    return i, _finished(v0, v1, v2, v3, block | (np.uint64((i - first) & 0xFF) << np.uint64(56))), seen, size


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
            kinds |= _CLASSES[data[j]]
        long[longer], places[longer] = _siphash(data, i, last, secrets[0], secrets[1]), count
        flags[count] = kinds
        firsts[count] = lasts[count] = i  # no text of its own: pieces overlap
        count, longer = count + 1, longer + 1
        i, middle = middle, last
    return count, longer


@compiled()
def _short_words(hashes: Any, count: int, long: Any, places: Any, longer: int, low: Any, high: Any) -> None:  # pragma: no cover - compiled
    """Hash the blocks of the short words, all alike, so that the compiler takes several at a time; then put in the others' hashes."""
    for i in range(count):
        v0, v1, v2, v3 = _begun(low, high)
        hashes[i] = _finished(v0, v1, v2, v3, hashes[i])
    for i in range(longer):
        hashes[places[i]] = long[i]


@compiled(inline="always")
def _name(seen: int, gap: int, length: int) -> int:  # pragma: no cover - compiled
    """Whether a word with a capital letter first is a name: it has two letters or more, and stands inside a sentence or is of capitals
    alone."""
    begins = gap & _LINE or gap & (_STOP | _SPACE) == _STOP | _SPACE
    return _NAME if length > 1 and (not begins or not seen & (_LOWER | _WIDE | _DIGIT)) else 0


@compiled()
def _read(data: Any, start: int, end: int, secrets: Any, words: Any, chars: Any, marks: Any) -> Any:  # pragma: no cover - compiled
    """The words of data[start:end] into ``words`` (hashes, flags, where they begin and end), their folded characters, one space between
    words, into ``chars``, and quotation marks into ``marks``; how many of each."""
    hashes, flags, firsts, lasts, long, places = words
    low, high = secrets[0], secrets[1]
    count, longer, size, marked, blanks, names = 0, 0, 0, 0, 0, 0
    i, gap, solid, line = start, _STARTS, start, start - 1
    while i < end and count < len(hashes):
        kind = _CLASSES[data[i]]
        wide = _separator(data, i, end) if kind & _WIDE else 0
        if kind & _WORD and not wide:
            if count:
                chars[size] = 32
                size += 1
            last, hashed, seen, size = _word(data, i, end, low, high, chars, size)
            name = _name(seen, gap, last - i) if kind & _UPPER else 0
            if last - i <= LONGEST_WORD:
                hashes[count], flags[count], firsts[count], lasts[count] = hashed, seen | name, i, last
                if last - i > 7:
                    long[longer], places[longer] = hashed, count
                    longer += 1
                names += name
                count += 1
            else:
                count, longer = _pieces(data, i, last, secrets, words, count, longer, name | (0 if seen & _WIDE else seen))
            i = solid = last
            gap = 0
            continue
        width = max(1, wide)
        if wide or kind & _MARK:
            opens, closes, kind, width = _mark(data, start, i, end, wide)
            if (opens or closes) and marked < len(marks):
                marks[marked] = (i, count, blanks, opens, closes)
                marked += 1
        elif kind & _LINE:
            blanks += line >= solid
            line = i
        if not kind & _SPACE:
            solid = i + 1
        gap |= kind
        i += width
    _short_words(hashes, count, long, places, longer, low, high)
    return count, size, marked, names // _NAME


# --- quotations


@compiled()
def _mark(data: Any, start: int, i: int, end: int, wide: int) -> Any:  # pragma: no cover - compiled
    """What the mark at ``i`` opens (0: nothing), the kinds it closes as bits, its class, and how many bytes it has."""
    if wide:
        return _wide_mark(data, i, end, wide)
    if data[i] == 0x60:  # a run of backticks is closed by one of the same length, or of three and more (CommonMark 0.31, 6.1 and 4.5)
        j = i + 1
        while j < end and data[j] == 0x60:
            j += 1
        kind = _TICK + min(j - i, 3) - 1
        return kind, 1 << kind, 0, j - i
    before = _CLASSES[data[i - 1]] if i > start else _SPACE
    after = _CLASSES[data[i + 1]] if i + 1 < end else _SPACE
    opens, closes = not before & _NARROW, not after & _NARROW
    if data[i] == 0x22:
        return _DOUBLE * opens, closes << _DOUBLE, 0, 1
    # Inside a word, or beside a space on the wrong side, it is an apostrophe.
    return _APOSTROPHE * (opens and not after & _SPACE), (closes and not before & _SPACE) << _APOSTROPHE, 0, 1


@compiled()
def _wide_mark(data: Any, i: int, end: int, wide: int) -> Any:  # pragma: no cover - compiled
    second, third = data[i + 1], data[i + wide - 1]
    if wide == 2:
        if third == 0xA0:
            return 0, 0, _SPACE, wide
        return (_ANGLED, 0, 0, wide) if third == 0xAB else (0, 1 << _ANGLED, 0, wide)
    if data[i] != 0xE2 or second != 0x80:
        return 0, 0, _SPACE, wide
    if third == 0x98:
        return _INVERTED, 0, 0, wide
    if third == 0x99:  # also the printed apostrophe
        inside = i + wide < end and _CLASSES[data[i + wide]] & _NARROW
        return 0, 0 if inside else 1 << _INVERTED, 0, wide
    if third == 0x9C:  # closes in German what it opens in English
        return _CURLY, 1 << _LOW, 0, wide
    if third == 0x9D:
        return 0, (1 << _CURLY) | (1 << _LOW), 0, wide
    if third == 0x9E:
        return _LOW, 0, 0, wide
    return 0, 0, _STOP if third == 0xA6 else _SPACE if third <= 0x8D or third >= 0xA8 else 0, wide


@compiled()
def _quotations(marks: Any, marked: int, partners: Any, spans: Any) -> int:  # pragma: no cover - compiled
    """Pair the marks into ``spans``, of which words to which; how many. An opening mark goes with the next that closes its kind, or with
    none: each is looked at twice, once from the end and once from the beginning."""
    nearest = np.full(_FENCE + 1, -1)
    for m in range(marked - 1, -1, -1):
        partners[m] = nearest[marks[m, 3]] if marks[m, 3] else -1
        for kind in range(1, _FENCE + 1):
            if marks[m, 4] >> kind & 1:
                nearest[kind] = m
    found, m = 0, 0
    while m < marked:
        other = partners[m]
        if other >= 0 and _quoted(marks, m, other):
            spans[found] = (marks[m, 1], marks[other, 1])
            found += 1
            m = other
        m += 1
    return found


@compiled(inline="always")
def _quoted(marks: Any, one: int, other: int) -> bool:  # pragma: no cover - compiled
    """Whether what stands between two marks is near enough together to be a quotation. A block of code may be long."""
    kind = marks[one, 3]
    if kind == _FENCE:
        return True
    share = 10 if kind == _APOSTROPHE else 1  # a sentence at most, for it may have been an apostrophe
    far = marks[other, 0] - marks[one, 0] > QUOTE_BYTES // share or marks[other, 1] - marks[one, 1] > QUOTE_WORDS // share
    return not far and marks[other, 2] == marks[one, 2]


# --- the skeleton


@compiled(inline="always")
def _opened(state: Any, content: Any, slots: int, inside: bool) -> Any:  # pragma: no cover - compiled
    """Begin a slot, unless one is open."""
    if inside:
        return state, content, slots
    return _linked(state, np.uint64(1)), _linked(content, np.uint64(1)), slots + 1


@compiled()
def _split(data: Any, first: int, last: int, secrets: Any, state: Any, content: Any, slots: int, inside: bool) -> Any:  # pragma: no cover
    """A word of wide characters with digits, as scripts without spaces have them: only the digits are slots."""
    i = first
    while i < last:
        digit = _CLASSES[data[i]] & _DIGIT
        j = i
        while j < last and _CLASSES[data[j]] & _DIGIT == digit:
            j += 1
        hashed = _siphash(data, i, j, secrets[0], secrets[1])
        if digit:
            state, content, slots = _opened(state, content, slots, inside)
            content = _linked(content, hashed)
        else:
            state = _linked(state, hashed)
        inside = digit != 0
        i = j
    return state, content, slots, inside


@compiled()
def _skeleton(data: Any, words: Any, count: int, spans: Any, quoted: int, secrets: Any, names: int) -> Any:  # pragma: no cover - compiled
    """Hash of the words with slots masked, hash of what stands in the slots, and how many there are. Neighbours are one slot. Where most
    words are ``names``, capital letters tell nothing."""
    hashes, flags, firsts, lasts, _, _ = words
    state, content, slots, inside = secrets[_SKELETON], secrets[_CONTENT], 0, False
    masked, span, until = _DIGIT | (_NAME if names <= 2 * (count - names) else 0), 0, 0
    for i in range(count + 1):
        while span < quoted and spans[span, 0] == i:  # also one without a word
            state, content, slots = _opened(state, content, slots, inside)
            inside, until = True, spans[span, 1]
            span += 1
        if i == count:
            break
        kinds, length = flags[i], lasts[i] - firsts[i]
        if i < until:
            content = _linked(content, hashes[i])
        elif kinds & _DIGIT and kinds & _WIDE and length:
            state, content, slots, inside = _split(data, firsts[i], lasts[i], secrets, state, content, slots, inside)
        elif kinds & masked:
            state, content, slots = _opened(state, content, slots, inside)
            content, inside = _linked(content, hashes[i]), True
        else:
            state, inside = _linked(state, hashes[i]), False
    return _mixed(state), _mixed(content), slots


# --- what near copies share


@compiled(inline="always")
def _shingle(hashes: Any, i: int, count: int) -> Any:  # pragma: no cover - compiled
    value = hashes[i]
    if count > 1:
        value += _rotated(hashes[i + 1], 21)
    if count > 2:
        value += _rotated(hashes[i + 2], 42)
    return np.uint32(_mixed(value) >> np.uint64(32))


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
def _shingles(hashes: Any, count: int, scratch: Any) -> Any:  # pragma: no cover - compiled
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
def _grams(chars: Any, size: int, secrets: Any, least: Any, out: Any) -> None:  # pragma: no cover - compiled
    """MinHash of the grams of ``chars`` into ``out``. Five characters of twelve bits are one number, hashed under two secrets."""
    least[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
    mask, multiplier, window = secrets[_MASK], secrets[_MULTIPLIER] | np.uint64(1), np.uint64(0)
    lead = min(GRAM, size) - 1
    for i in range(lead):
        window = (window << np.uint64(12)) | np.uint64(chars[i])
    for i in range(lead, size):
        window = ((window << np.uint64(12)) | np.uint64(chars[i])) & np.uint64((1 << 12 * GRAM) - 1)
        value = (window ^ mask) * multiplier
        value = (value ^ (value >> np.uint64(32))) * np.uint64(0x94D049BB133111EB)
        place = value >> np.uint64(58)
        least[place] = min(least[place], value)
    for i in range(BINS):
        source: Any = i
        step, lent = 0, 0
        if least[i] == np.uint64(0xFFFFFFFFFFFFFFFF):  # walk all bins in an order of this one's own
            order: Any = np.int64(_mixed(np.uint64(i + 1)) >> np.uint64(40))
            source, step, lent = order % BINS, int(order // BINS % BINS) | 1, i + 1
        while least[source] == np.uint64(0xFFFFFFFFFFFFFFFF):
            source = (source + step) % BINS
        out[i] = np.uint16(_mixed(least[source] + np.uint64(lent)) & np.uint64(0xFFFF))


# --- the rest


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


@compiled(inline="always")
def _chain(hashes: Any, first: int, last: int, state: Any) -> Any:  # pragma: no cover - compiled
    for i in range(first, last):
        state = _linked(state, hashes[i])
    return state


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
        if _CLASSES[byte] & _NARROW:
            return 4
        if byte > 32 and byte not in (34, 39, 41):  # closing quotes and brackets stand after the stop
            return 0
    return 0


@compiled()
def _letters(data: Any, start: int, end: int) -> float:  # pragma: no cover - compiled
    """Share of letters and spaces among the characters."""
    both = 0
    for i in range(start, end):
        both += _LETTERS[data[i]]
    letters, characters = both & 0xFFFFFFFF, both >> 32
    return letters / characters if characters else np.nan


@compiled()
def describe(data: Any, offsets: Any, secrets: Any) -> Any:  # pragma: no cover - compiled
    """The shapes of the texts data[offsets[t]:offsets[t + 1]], column by column; shingles one after another, and where each text's end."""
    n = len(offsets) - 1
    counts = np.zeros((n, 2), np.int64)
    hashes = np.zeros((n, 5), np.uint64)
    classes = np.zeros((n, 2), np.int8)
    shares = np.full((n, 2), np.nan)
    grams = np.zeros((n, BINS), np.uint16)
    ends = np.zeros(n + 1, np.int32)
    longest = 0
    for t in range(n):
        longest = max(longest, offsets[t + 1] - offsets[t])
    room = min(n * SHINGLES, offsets[n] - offsets[0]) if n else 0
    shingles = np.empty(room, np.uint32)
    words = (
        np.empty(MOST_WORDS, np.uint64),
        np.empty(MOST_WORDS, np.uint16),
        np.empty(MOST_WORDS, np.int64),
        np.empty(MOST_WORDS, np.int64),
        np.empty(MOST_WORDS, np.uint64),
        np.empty(MOST_WORDS, np.int64),
    )
    chars = np.empty(longest + 1, np.uint16)
    marks, partners, spans = np.empty((_MOST_MARKS, 5), np.int64), np.empty(_MOST_MARKS, np.int64), np.empty((_MOST_MARKS, 2), np.int64)
    scratch = (np.empty(_CANDIDATES, np.uint32), np.empty(_CANDIDATES, np.uint32), np.empty(2 * _CANDIDATES, np.uint32))
    table, times, least = np.empty(4 * MOST_WORDS, np.uint64), np.empty(4 * MOST_WORDS, np.int32), np.empty(BINS, np.uint64)
    for t in range(n):
        start, end = offsets[t], offsets[t + 1]
        count, size, marked, names = _read(data, start, end, secrets, words, chars, marks)
        quoted = _quotations(marks, marked, partners, spans) if marked > 1 else 0
        counts[t, 0] = count
        hashes[t, 3], hashes[t, 4], counts[t, 1] = _skeleton(data, words, count, spans, quoted, secrets, names)
        classes[t, 0], classes[t, 1] = _first_class(data, start, end), _last_class(data, start, end)
        shares[t, 1] = _letters(data, start, end)
        ends[t + 1] = ends[t]
        if count == 0:
            continue
        known = words[0]
        hashes[t, 1] = _chain(known, 0, min(count, PART_WORDS), secrets[_CHAIN])
        hashes[t, 0] = _chain(known, PART_WORDS, count, hashes[t, 1])
        hashes[t, 2] = _chain(known, max(0, count - PART_WORDS), count, secrets[_CHAIN])
        shares[t, 0] = _top(known, count, table, times) / count
        kept = _shingles(known, count, scratch)
        shingles[ends[t] : ends[t] + kept] = scratch[0][:kept]
        ends[t + 1] = ends[t] + kept
        _grams(chars, size, secrets, least, grams[t])
    return counts, hashes, classes, shares, shingles[: ends[n]], ends, grams
