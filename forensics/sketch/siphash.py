"""SipHash-1-3 (Aumasson and Bernstein 2012) of words, folded to lower case, and what mixes such hashes. Compiled loops."""

from typing import Any

import numpy as np

from forensics.sketch.classes import CLASSES, UPPER
from forensics.sketch.compiled import compiled


@compiled(inline="always")
def rotated(value: Any, bits: int) -> Any:  # pragma: no cover - compiled
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@compiled(inline="always")
def mixed(value: Any) -> Any:  # pragma: no cover - compiled
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled(inline="always")
def linked(state: Any, value: Any) -> Any:  # pragma: no cover - compiled
    """The next state of a chain: what came before is turned and multiplied, so that order counts."""
    state = (rotated(state, 23) ^ value) * np.uint64(0x9E3779B97F4A7C15)
    return state ^ (state >> np.uint64(32))


@compiled(inline="always")
def chain(hashes: Any, first: int, last: int, state: Any) -> Any:  # pragma: no cover - compiled
    for i in range(first, last):
        state = linked(state, hashes[i])
    return state


@compiled(inline="always")
def _round(v0: Any, v1: Any, v2: Any, v3: Any) -> Any:  # pragma: no cover - compiled
    v0 += v1
    v1 = rotated(v1, 13) ^ v0
    v0 = rotated(v0, 32)
    v2 += v3
    v3 = rotated(v3, 16) ^ v2
    v0 += v3
    v3 = rotated(v3, 21) ^ v0
    v2 += v1
    v1 = rotated(v1, 17) ^ v2
    v2 = rotated(v2, 32)
    return v0, v1, v2, v3


@compiled(inline="always")
def begun(low: Any, high: Any) -> Any:  # pragma: no cover - compiled
    """The state of a SipHash before its first byte."""
    v0, v1 = low ^ np.uint64(0x736F6D6570736575), high ^ np.uint64(0x646F72616E646F6D)
    return v0, v1, low ^ np.uint64(0x6C7967656E657261), high ^ np.uint64(0x7465646279746573)


@compiled(inline="always")
def absorbed(v0: Any, v1: Any, v2: Any, v3: Any, block: Any) -> Any:  # pragma: no cover - compiled
    v0, v1, v2, v3 = _round(v0, v1, v2, v3 ^ block)
    return v0 ^ block, v1, v2, v3


@compiled(inline="always")
def finished(v0: Any, v1: Any, v2: Any, v3: Any, block: Any) -> Any:  # pragma: no cover - compiled
    """The hash, of a last block of up to seven bytes below the length of the whole."""
    v0, v1, v2, v3 = absorbed(v0, v1, v2, v3, block)
    v2 ^= np.uint64(0xFF)
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@compiled()
def siphash(data: Any, start: int, end: int, low: Any, high: Any) -> Any:  # pragma: no cover - compiled
    """SipHash-1-3 of data[start:end], ASCII letters folded to lower case."""
    v0, v1, v2, v3 = begun(low, high)
    block, shift = np.uint64(0), np.uint64(0)
    for i in range(start, end):
        block |= np.uint64(data[i] | ((CLASSES[data[i]] & UPPER) << 5)) << shift
        shift += np.uint64(8)
        if shift == 64:
            v0, v1, v2, v3 = absorbed(v0, v1, v2, v3, block)
            block, shift = np.uint64(0), np.uint64(0)
    return finished(v0, v1, v2, v3, block | (np.uint64((end - start) & 0xFF) << np.uint64(56)))
