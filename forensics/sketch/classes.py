"""Classes of bytes, and places among the secrets, by which texts are read."""

from typing import Any, Final

import numpy as np

SECRETS: Final = 7  # 64-bit numbers made of the key: two for SipHash, and those below
CHAIN, SKELETON, CONTENT, MULTIPLIER, MASK = 2, 3, 4, 5, 6

# The first four are those of words; a word's flags are these of its bytes and of the bytes before it.
UPPER, LOWER, DIGIT, WIDE, SPACE, LINE, STOP, MARK = (1 << i for i in range(8))
WORD: Final = UPPER | LOWER | DIGIT | WIDE
NARROW: Final = UPPER | LOWER | DIGIT
NAME: Final = 256  # the word is a name by its capital letters
STARTS: Final = LINE | STOP | SPACE


def _classes() -> np.ndarray[Any, np.dtype[np.uint8]]:
    table = np.zeros(256, np.uint8)
    table[128:] = WIDE
    for characters, flag in (
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", UPPER),
        (b"abcdefghijklmnopqrstuvwxyz", LOWER),
        (b"0123456789", DIGIT),
        (b" \t\r\v\f", SPACE),
        (b"\n", SPACE | LINE),
        (b".!?", STOP),
        (b"\"'`", MARK),
    ):
        table[list(characters)] = flag
    return table


CLASSES: Final = _classes()
LETTERS: Final = np.array(
    [(b == 32 or b >= 192 or chr(b | 32) in "abcdefghijklmnopqrstuvwxyz") + (b & 0xC0 != 0x80 and 1 << 32) for b in range(256)]
)
