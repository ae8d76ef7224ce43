"""Rows of numbers to a space in which distances mean something: robustly scaled coordinates, principal components, neighbours."""

from dataclasses import dataclass

import numpy as np

from forensics.report.chart import Floats

# Coordinates at and above this are keyed codes of what is no number: equal or unequal, nothing else (docs/event-schema.md).
CODE = 2.0**52
CODES_SHOWN = 4
MOST_COORDINATES = 512
CLIP = 4.0
# Beyond this a difference of two values would overflow.
HUGE = 1e150


@dataclass(frozen=True, slots=True)
class Space:
    """Rows in units of the reference's spread: ``reference`` (m x d) and ``rows`` (n x d), ``dropped`` coordinates were constant."""

    reference: Floats
    rows: Floats
    dropped: int


def scaled(reference: Floats, rows: Floats) -> Space:
    """Both in units of the reference's interquartile range around its median; missing values lie at the median.

    Codes become one column for each of the most frequent. A coordinate that never changes says nothing and is dropped; one that
    only ``rows`` change is kept, in units of their own spread. Of very wide rows, evenly spaced coordinates are taken.
    """
    width = rows.shape[1]
    both = np.vstack([reference, rows])
    if width > MOST_COORDINATES:
        both = both[:, np.linspace(0, width - 1, MOST_COORDINATES).astype(int)]
    columns: list[Floats] = []
    dropped = 0
    for column in both.T:
        made = _columns(column, len(reference))
        dropped += not made
        columns += made
    whole = np.column_stack(columns) if columns else np.zeros((len(both), 0))
    return Space(whole[: len(reference)], whole[len(reference) :], dropped)


def _columns(column: Floats, reference: int) -> list[Floats]:
    coded = np.isfinite(column) & (column >= CODE)
    numbers = np.where(coded | ~np.isfinite(column), np.nan, np.clip(column, -HUGE, HUGE))
    made = []
    if np.isfinite(numbers).any():
        spread, middle = _spread(numbers[:reference])
        if not spread:
            spread, middle = _spread(numbers)
        if spread:
            made.append(np.nan_to_num((numbers - middle) / spread, nan=0.0))
    if coded.any():
        codes, counts = np.unique(column[coded], return_counts=True)
        frequent = codes[np.lexsort((codes, -counts))][:CODES_SHOWN]
        made += [flags for flags in ((column == code).astype(np.float64) for code in frequent) if flags.std() > 0]
    return made


def _spread(values: Floats) -> tuple[float, float]:
    """Interquartile range, where that is nothing the standard deviation; and median. Zero where nothing changes."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 0.0
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    return float(high - low) or (float(known.std()) if known.min() < known.max() else 0.0), float(middle)


@dataclass(frozen=True, slots=True)
class Plane:
    """Both sets of rows in two principal components of the reference, and the share of its spread that these hold."""

    reference: Floats
    rows: Floats
    share: float


def projected(space: Space) -> Plane:
    """The two directions in which the reference spreads most. Signs are fixed, so that the picture does not flip between runs."""
    usable = len(space.reference) >= 3 and float(np.ptp(space.reference, axis=0).max(initial=0.0)) > 0
    basis = np.clip(space.reference if usable else space.rows, -CLIP, CLIP)
    if not basis.shape[1]:
        return Plane(np.zeros((len(space.reference), 2)), np.zeros((len(space.rows), 2)), 1.0)
    centre = basis.mean(axis=0)
    spreads, directions = np.linalg.eigh((basis - centre).T @ (basis - centre))  # in rising order
    two = np.zeros((2, basis.shape[1]))
    two[: min(2, len(spreads))] = directions.T[::-1][:2]
    largest = np.abs(two).argmax(axis=1)
    two *= np.where(two[[0, 1], largest] < 0, -1.0, 1.0)[:, None]
    total = float(spreads.sum())
    share = float(spreads[-2:].sum()) / total if total > 0 else 1.0
    reference, rows = ((np.clip(rows, -CLIP, CLIP) - centre) @ two.T for rows in (space.reference, space.rows))
    return Plane(reference, rows, share)


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each row from the second: its nearest earlier row, and how far away that is."""

    index: np.ndarray[tuple[int], np.dtype[np.int64]]
    distance: Floats


def nearest_earlier(rows: Floats, candidates: int = 4) -> Nearest:
    """Nearest earlier row of each, by Euclidean distance; of equals the latest.

    The quick formula cancels where rows are very close, as they are in a bisection: the best few, and the rows just before, are
    measured again exactly.
    """
    count = len(rows)
    bounded = np.clip(rows, -1e6, 1e6)
    square = (bounded**2).sum(axis=1)
    rough = square[:, None] + square[None, :] - 2.0 * bounded @ bounded.T
    rough[np.triu_indices(count)] = np.inf
    before = np.maximum(np.arange(1, count)[:, None] - np.arange(1, candidates), 0)
    best = np.hstack([np.argsort(rough, axis=1, kind="stable")[1:, :candidates], before])
    exact = np.sqrt(((bounded[1:, None, :] - bounded[best]) ** 2).sum(axis=2))
    exact[best >= np.arange(1, count)[:, None]] = np.inf
    least = exact.min(axis=1)
    index = np.where(exact == least[:, None], best, -1).max(axis=1)
    return Nearest(index.astype(np.int64), least)
