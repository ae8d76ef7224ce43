"""What is kept of a text: its shape, keyed hashes of its parts, and a sketch that near copies share. Never the text.

Words are runs of letters and digits (of what is beyond ASCII all but spaces, dashes and quotation marks count as letters), folded to
lower case; a run too long for a word, as in
scripts without spaces, is read in overlapping pieces. A word becomes a SipHash-1-3 (Aumasson and Bernstein 2012) under the key; what
follows is computed from these. The sketch is a MinHash (Broder 1997) of three-word shingles by one permutation (Li, Owen and Zhang
2012), empty bins filled from others (Shrivastava 2017), 16 bits kept of each (Li and König 2010).
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import DuckDBPyType

from forensics.sketch.compiled import compiled
from forensics.sketch.key import Key

BINS: Final = 64  # a power of two: the top six bits of a hash say which
PART_WORDS: Final = 8  # words of a head and of a tail
MOST_WORDS: Final = 65_536  # of one text; what follows is not read

_CLASSES: Final = ("other", "upper", "lower", "stop", "word")
_TYPE: Final = (
    "struct(words bigint, fold_hash bigint, head_hash bigint, tail_hash bigint, opens varchar, closes varchar, "
    "top_word_share double, letter_share double, sketch blob)"
)


def install_text(connection: duckdb.DuckDBPyConnection, key: Key) -> None:
    """Define ``text_shape(varchar)`` in ``connection``: a struct of the columns of `items` that are made from a text; null for null.

    ``words``; ``fold_hash``, ``head_hash``, ``tail_hash``: of all, the first and the last eight words, 64 bits; ``opens`` (upper, lower,
    other) and ``closes`` (stop, word, other): how the text begins and ends; ``top_word_share``: of the commonest word; ``letter_share``:
    of the characters, letters and spaces; ``sketch``: 64 little-endian 16-bit values, null where there is no word.
    """
    connection.create_function(
        "text_shape",
        describer(key),
        ["varchar"],
        DuckDBPyType(_TYPE),
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )


def describer(key: Key) -> Callable[[pa.Array], pa.StructArray]:
    """The function behind ``text_shape``: an Arrow array of strings to a struct array of the same length."""
    seed = hashlib.blake2b(b"forensics text sketch", key=key.secret, digest_size=16).digest()
    low, high = (np.uint64(int.from_bytes(half, "little")) for half in (seed[:8], seed[8:]))

    def describe(texts: pa.Array) -> pa.StructArray:
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        present = texts.is_valid()
        plain = texts.fill_null("").cast(pa.large_string())
        _, offsets, data = plain.buffers()
        n = len(plain)
        ends = np.frombuffer(offsets, np.int64)[plain.offset : plain.offset + n + 1]
        raw = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
        words, hashes, ends_with, shares, sketches = _describe(raw, ends, low, high)
        missing = ~np.asarray(present)
        blank = missing | (words == 0)
        labels = pa.array(_CLASSES)
        sketch = pa.FixedSizeBinaryArray.from_buffers(pa.binary(2 * BINS), n, [None, pa.py_buffer(sketches.tobytes())])
        columns = [
            pa.array(words, mask=missing),
            *(pa.array(hashes[:, i].view(np.int64), mask=blank) for i in range(3)),
            *(pa.DictionaryArray.from_arrays(pa.array(ends_with[:, i], mask=missing), labels).cast(pa.string()) for i in range(2)),
            *(pa.array(shares[:, i], mask=missing | np.isnan(shares[:, i])) for i in range(2)),
            pa.array([None] * n, pa.binary()) if blank.all() else _masked(sketch, blank),
        ]
        names = [
            "words", "fold_hash", "head_hash", "tail_hash", "opens", "closes", "top_word_share", "letter_share", "sketch",
        ]  # fmt: skip
        return pa.StructArray.from_arrays(columns, names)

    return describe


def _masked(sketch: pa.Array, blank: np.ndarray[Any, Any]) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(pa.array(~blank), sketch.cast(pa.binary()), pa.scalar(None, pa.binary()))


@compiled(inline="always")
def _rotated(value: Any, bits: int) -> Any:  # pragma: no cover - compiled
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@compiled()
def _siphash(data: Any, start: int, end: int, low: Any, high: Any, fold: bool) -> Any:  # pragma: no cover - compiled
    """SipHash-1-3 of data[start:end], ASCII letters folded to lower case where asked."""
    v0, v1 = low ^ np.uint64(0x736F6D6570736575), high ^ np.uint64(0x646F72616E646F6D)
    v2, v3 = low ^ np.uint64(0x6C7967656E657261), high ^ np.uint64(0x7465646279746573)
    length = end - start
    for block in range(length // 8 + 1):
        m = np.uint64(0)
        first = start + 8 * block
        for i in range(min(8, end - first)):
            byte = data[first + i]
            if fold and 65 <= byte <= 90:
                byte |= 32
            m |= np.uint64(byte) << np.uint64(8 * i)
        if block == length // 8:
            m |= np.uint64(length & 0xFF) << np.uint64(56)
        v3 ^= m
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= m
    v2 ^= np.uint64(0xFF)
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


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
def _mixed(value: Any) -> Any:  # pragma: no cover - compiled
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled(inline="always")
def _in_word(byte: int) -> bool:  # pragma: no cover - compiled
    return byte >= 128 or 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122


@compiled(inline="always")
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


@compiled()
def _words(data: Any, start: int, end: int, low: Any, high: Any, out: Any) -> int:  # pragma: no cover - compiled
    """Hashes of the words of data[start:end] into ``out``; how many."""
    count, i = 0, start
    while i < end and count < len(out):
        if not _in_word(data[i]) or _separator(data, i, end):
            i += max(1, _separator(data, i, end))
            continue
        j = i
        while j < end and _in_word(data[j]) and not _separator(data, j, end):
            j += 1
        if j - i <= 30:
            out[count] = _siphash(data, i, j, low, high, True)
            count += 1
        else:  # no spaces: pieces of two wide characters, overlapping by one
            middle = _after(data, i, j)
            while i < j and count < len(out):
                last = _after(data, middle, j)
                out[count] = _siphash(data, i, last, low, high, True)
                count += 1
                i, middle = middle, last
        i = j
    return count


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
def _chain(words: Any, first: int, last: int, high: Any) -> Any:  # pragma: no cover - compiled
    state = high
    for i in range(first, last):
        state = _mixed(_rotated(state, 7) + words[i])
    return state


@compiled()
def _sketch(words: Any, count: int, out: Any) -> None:  # pragma: no cover - compiled
    empty = np.uint64(0xFFFFFFFFFFFFFFFF)
    least = np.full(BINS, empty)
    for i in range(max(1, count - 2)):
        shingle = words[i]
        if count > 1:
            shingle += _rotated(words[i + 1], 21)
        if count > 2:
            shingle += _rotated(words[i + 2], 42)
        value = _mixed(shingle)
        place = np.int64(value >> np.uint64(58))
        least[place] = min(least[place], value)
    for i in range(BINS):
        source, attempt = np.int64(i), 0
        while least[source] == empty:
            attempt += 1
            source = np.int64(_mixed(np.uint64(i * 1_000_003 + attempt)) >> np.uint64(58))
        out[i] = np.uint16(_mixed(least[source] + np.uint64(i if attempt else 0)) & np.uint64(0xFFFF))


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
        if byte < 128 and _in_word(byte):
            return 4
        if byte > 32 and byte not in (34, 39, 41):  # closing quotes and brackets stand after the stop
            return 0
    return 0


@compiled()
def _describe(data: Any, offsets: Any, low: Any, high: Any) -> Any:  # pragma: no cover - compiled
    n = len(offsets) - 1
    counts = np.zeros(n, np.int64)
    hashes = np.zeros((n, 3), np.uint64)
    classes = np.zeros((n, 2), np.int8)
    shares = np.full((n, 2), np.nan)
    sketches = np.zeros((n, BINS), np.uint16)
    words = np.empty(MOST_WORDS, np.uint64)
    for t in range(n):
        start, end = offsets[t], offsets[t + 1]
        count = _words(data, start, end, low, high, words)
        counts[t] = count
        classes[t, 0], classes[t, 1] = _first_class(data, start, end), _last_class(data, start, end)
        if end > start:
            letters, characters = 0, 0
            for i in range(start, end):
                byte = data[i]
                characters += byte & 0xC0 != 0x80
                letters += byte == 32 or byte >= 192 or 65 <= byte <= 90 or 97 <= byte <= 122
            shares[t, 1] = letters / characters
        if count == 0:
            continue
        hashes[t, 0] = _chain(words, 0, count, high)
        hashes[t, 1] = _chain(words, 0, min(count, PART_WORDS), high)
        hashes[t, 2] = _chain(words, max(0, count - PART_WORDS), count, high)
        _sketch(words, count, sketches[t])
        ordered = np.sort(words[:count])
        most, run = 1, 1
        for i in range(1, count):
            run = run + 1 if ordered[i] == ordered[i - 1] else 1
            most = max(most, run)
        shares[t, 0] = most / count
    return counts, hashes, classes, shares, sketches
