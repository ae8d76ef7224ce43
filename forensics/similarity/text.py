"""Texts: the most similar earlier text of the same client, by their sketches (`forensics.sketch.text`)."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import prange

from forensics.sketch.compiled import compiled

WINDOW: Final = 512  # earlier distinct texts of the client that are compared
NEAR: Final = 0.5  # share of the sketch, an estimate of the Jaccard index of three-word shingles


@dataclass(frozen=True, slots=True)
class Edits:
    """One entry per text, in the given order, as in `forensics.similarity.numeric.Steps`; distances are 1 - Jaccard."""

    parent: np.ndarray[Any, np.dtype[np.int64]]
    repeat: np.ndarray[Any, np.dtype[np.bool_]]
    near: np.ndarray[Any, np.dtype[np.bool_]]
    distance: np.ndarray[Any, np.dtype[np.float64]]
    gap: np.ndarray[Any, np.dtype[np.float64]]


def edits(
    sketches: np.ndarray[Any, np.dtype[np.uint16]], same: np.ndarray[Any, np.dtype[np.int64]], bounds: np.ndarray[Any, np.dtype[np.int64]]
) -> Edits:
    """``sketches``: (n, bins); ``same``: (n,) equal for equal queries; ``bounds``: where each client's texts begin, and the end."""
    parent, repeat, shared, gap = _walk(sketches, same, bounds, WINDOW)
    bins = sketches.shape[1]
    distance = np.where(parent >= 0, 1.0 - shared / bins, np.nan)
    near = ~repeat & (parent >= 0) & (shared >= NEAR * bins)
    return Edits(parent, repeat, near, np.where(repeat, 0.0, distance), gap)


@compiled(parallel=True)
def _walk(sketches: Any, same: Any, bounds: Any, window: int) -> Any:  # pragma: no cover - compiled
    n, bins = sketches.shape
    parent = np.full(n, -1, np.int64)
    repeat = np.zeros(n, np.bool_)
    shared = np.zeros(n, np.int64)
    gap = np.full(n, np.nan)
    for c in prange(len(bounds) - 1):
        recent = np.empty(window, np.int64)
        count = 0
        for t in range(bounds[c], bounds[c + 1]):
            if t > bounds[c]:
                alike = 0
                for k in range(bins):
                    alike += sketches[t, k] == sketches[t - 1, k]
                gap[t] = 1.0 - alike / bins
            best, best_row, found = -1, -1, -1
            for back in range(min(count, window)):
                row = recent[(count - 1 - back) % window]
                if same[row] == same[t]:
                    found = row
                    break
                alike = 0
                for k in range(bins):
                    alike += sketches[t, k] == sketches[row, k]
                if alike > best:
                    best, best_row = alike, row
            if found >= 0:
                repeat[t], parent[t], shared[t] = True, found, bins
                continue
            parent[t], shared[t] = best_row, max(best, 0)
            recent[count % window] = t
            count += 1
    return parent, repeat, shared, gap
