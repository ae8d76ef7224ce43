"""The words of a text with slots masked: numbers, names, quotations. Compiled loops, each of them linear, whatever the text."""

from typing import Any, Final

import numpy as np

from forensics.sketch.classes import CLASSES, CONTENT, DIGIT, NAME, NARROW, SKELETON, SPACE, STOP, WIDE
from forensics.sketch.compiled import compiled
from forensics.sketch.siphash import linked, mixed, siphash

QUOTE_WORDS: Final = 400  # of a quotation
QUOTE_BYTES: Final = 4_000
MOST_MARKS: Final = 65_536  # quotation marks of one text

# Quotation marks that look alike on both sides come first; a closing mark may close several kinds.
_DOUBLE, _APOSTROPHE, _INVERTED, _CURLY, _LOW, _ANGLED, _TICK, _TICKS, _FENCE = range(1, 10)


@compiled()
def mark(data: Any, start: int, i: int, end: int, wide: int) -> Any:  # pragma: no cover - compiled
    """What the mark at ``i`` opens (0: nothing), the kinds it closes as bits, its class, and how many bytes it has."""
    if wide:
        return _wide_mark(data, i, end, wide)
    if data[i] == 0x60:  # a run of backticks is closed by one of the same length, or of three and more (CommonMark 0.31, 6.1 and 4.5)
        j = i + 1
        while j < end and data[j] == 0x60:
            j += 1
        kind = _TICK + min(j - i, 3) - 1
        return kind, 1 << kind, 0, j - i
    before = CLASSES[data[i - 1]] if i > start else SPACE
    after = CLASSES[data[i + 1]] if i + 1 < end else SPACE
    opens, closes = not before & NARROW, not after & NARROW
    if data[i] == 0x22:
        return _DOUBLE * opens, closes << _DOUBLE, 0, 1
    # Inside a word, or beside a space on the wrong side, it is an apostrophe.
    return _APOSTROPHE * (opens and not after & SPACE), (closes and not before & SPACE) << _APOSTROPHE, 0, 1


@compiled()
def _wide_mark(data: Any, i: int, end: int, wide: int) -> Any:  # pragma: no cover - compiled
    second, third = data[i + 1], data[i + wide - 1]
    if wide == 2:
        if third == 0xA0:
            return 0, 0, SPACE, wide
        return (_ANGLED, 0, 0, wide) if third == 0xAB else (0, 1 << _ANGLED, 0, wide)
    if data[i] != 0xE2 or second != 0x80:
        return 0, 0, SPACE, wide
    if third == 0x98:
        return _INVERTED, 0, 0, wide
    if third == 0x99:  # also the printed apostrophe
        inside = i + wide < end and CLASSES[data[i + wide]] & NARROW
        return 0, 0 if inside else 1 << _INVERTED, 0, wide
    if third == 0x9C:  # closes in German what it opens in English
        return _CURLY, 1 << _LOW, 0, wide
    if third == 0x9D:
        return 0, (1 << _CURLY) | (1 << _LOW), 0, wide
    if third == 0x9E:
        return _LOW, 0, 0, wide
    return 0, 0, STOP if third == 0xA6 else SPACE if third <= 0x8D or third >= 0xA8 else 0, wide


@compiled()
def quotations(marks: Any, marked: int, partners: Any, spans: Any) -> int:  # pragma: no cover - compiled
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


@compiled(inline="always")
def _opened(state: Any, content: Any, slots: int, inside: bool) -> Any:  # pragma: no cover - compiled
    """Begin a slot, unless one is open."""
    if inside:
        return state, content, slots
    return linked(state, np.uint64(1)), linked(content, np.uint64(1)), slots + 1


@compiled()
def _split(data: Any, first: int, last: int, secrets: Any, state: Any, content: Any, slots: int, inside: bool) -> Any:  # pragma: no cover
    """A word of wide characters with digits, as scripts without spaces have them: only the digits are slots."""
    i = first
    while i < last:
        digit = CLASSES[data[i]] & DIGIT
        j = i
        while j < last and CLASSES[data[j]] & DIGIT == digit:
            j += 1
        hashed = siphash(data, i, j, secrets[0], secrets[1])
        if digit:
            state, content, slots = _opened(state, content, slots, inside)
            content = linked(content, hashed)
        else:
            state = linked(state, hashed)
        inside = digit != 0
        i = j
    return state, content, slots, inside


@compiled()
def skeleton(data: Any, words: Any, count: int, spans: Any, quoted: int, secrets: Any, names: int) -> Any:  # pragma: no cover - compiled
    """Hash of the words with slots masked, hash of what stands in the slots, and how many there are. Neighbours are one slot. Where most
    words are ``names``, capital letters tell nothing."""
    hashes, flags, firsts, lasts, _, _ = words
    state, content, slots, inside = secrets[SKELETON], secrets[CONTENT], 0, False
    masked, span, until = DIGIT | (NAME if names <= 2 * (count - names) else 0), 0, 0
    for i in range(count + 1):
        while span < quoted and spans[span, 0] == i:  # also one without a word
            state, content, slots = _opened(state, content, slots, inside)
            inside, until = True, spans[span, 1]
            span += 1
        if i == count:
            break
        kinds, length = flags[i], lasts[i] - firsts[i]
        if i < until:
            content = linked(content, hashes[i])
        elif kinds & DIGIT and kinds & WIDE and length:
            state, content, slots, inside = _split(data, firsts[i], lasts[i], secrets, state, content, slots, inside)
        elif kinds & masked:
            state, content, slots = _opened(state, content, slots, inside)
            content, inside = linked(content, hashes[i]), True
        else:
            state, inside = linked(state, hashes[i]), False
    return mixed(state), mixed(content), slots
