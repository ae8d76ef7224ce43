"""Shapes of texts for the tests, and what they should be in plain Python."""

import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from forensics.sketch.kernel import LONGEST_WORD
from forensics.sketch.key import Key
from forensics.sketch.text import describer

KEY = Key("k", b"\x07" * 32)
describe = describer(KEY)

_WORDS = re.compile("[0-9A-Za-z\u0080-\U0010ffff]+")
_SEPARATORS = re.compile("[\u00a0\u00ab\u00bb\u2000-\u206f\u3000-\u3003\ufeff]")


def shapes(*texts: str | None, by: Callable[[pa.Array], pa.StructArray] = describe) -> list[dict[str, Any]]:
    return list(by(pa.array(texts, pa.string())).to_pylist())


def shape(text: str) -> dict[str, Any]:
    return shapes(text)[0]


def shingles(text: str) -> np.ndarray[Any, np.dtype[np.uint32]]:
    return np.frombuffer(shape(text)["shingles"] or b"", "<u4")


def shared(name: str, text: str, other: str) -> float:
    """By grams the share of equal values, by shingles the Jaccard index of those kept: of the smallest of both, how many both have."""
    a, b = (np.frombuffer(s[name], "<u2" if name == "grams" else "<u4") for s in shapes(text, other))
    if name == "grams":
        return float(np.mean(a == b))
    both = np.union1d(a, b)[: max(len(a), len(b))] if max(len(a), len(b)) == 512 else np.union1d(a, b)
    return float(np.isin(both, np.intersect1d(a, b)).mean())


def prose(seed: int, words: int, vocabulary: int = 2000) -> list[str]:
    chosen = random.Random(seed)
    return [f"w{chosen.randrange(vocabulary)}" for _ in range(words)]


def words_of(text: str) -> list[bytes]:
    """What the kernel takes for words."""
    found = []
    for run in _WORDS.findall(_SEPARATORS.sub(" ", text)):
        if len(run.encode()) <= LONGEST_WORD:
            found.append(run)
        else:
            units = re.findall("[\x00-\x7f]{1,3}|[^\x00-\x7f]", run)
            found += [a + b for a, b in zip(units, [*units[1:], ""], strict=True)]
    return [word.encode().lower() for word in found]


def triples_of(text: str) -> set[tuple[bytes, ...]]:
    words = words_of(text)
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set()


def siphash(data: bytes, key: bytes, compressions: int = 1, finalisations: int = 3) -> int:
    """Aumasson and Bernstein 2012, section 2."""
    mask = 2**64 - 1

    def left(x: int, bits: int) -> int:
        return (x << bits | x >> (64 - bits)) & mask

    def sipround(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
        a, c = a + b & mask, c + d & mask
        b, d = left(b, 13) ^ a, left(d, 16) ^ c
        a = left(a, 32)
        c, a = c + b & mask, a + d & mask
        b, d = left(b, 17) ^ c, left(d, 21) ^ a
        return a, b, left(c, 32), d

    low, high = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
    a, b = low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D
    c, d = low ^ 0x6C7967656E657261, high ^ 0x7465646279746573
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i : i + 8], "little")
        d ^= word
        for _ in range(compressions):
            a, b, c, d = sipround(a, b, c, d)
        a ^= word
    c ^= 0xFF
    for _ in range(finalisations):
        a, b, c, d = sipround(a, b, c, d)
    return a ^ b ^ c ^ d
