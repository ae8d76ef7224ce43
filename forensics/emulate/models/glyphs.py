"""Grey images of eight by eight points with one of six strokes, answered by a small net."""

import numpy as np

from forensics.emulate.models.fit import network
from forensics.emulate.models.interface import Column, Matrix, TabularModel

SIDE = 8
STROKES = (((1, 1), (6, 6)), ((1, 6), (6, 1)), ((4, 0), (4, 7)), ((0, 4), (7, 4)), ((1, 1), (1, 6)), ((6, 1), (6, 6)))
COLUMNS = tuple(Column(f"p{y}{x}", "float", 0, 1, 3) for y in range(SIDE) for x in range(SIDE))
_Y, _X = np.mgrid[0:SIDE, 0:SIDE]


def draw(rng: np.random.Generator, count: int) -> Matrix:
    return _paint(rng, rng.integers(0, len(STROKES), count))


def _paint(rng: np.random.Generator, kinds: np.ndarray) -> Matrix:
    """A stroke from one point to the other, both moved a little, drawn with a soft pen on noisy paper."""
    ends = np.array(STROKES, dtype=float)[kinds] + rng.normal(0, 1.0, (len(kinds), 2, 2))
    along = np.linspace(0, 1, 12)[None, :, None]
    dots = ends[:, :1] * (1 - along) + ends[:, 1:] * along
    distance = (dots[:, :, 0, None, None] - _Y) ** 2 + (dots[:, :, 1, None, None] - _X) ** 2
    ink = np.exp(-distance.min(axis=1) / rng.uniform(0.5, 1.4, (len(kinds), 1, 1)))
    paper = np.abs(rng.normal(0, 0.12, (len(kinds), SIDE, SIDE)))
    image: Matrix = np.round(np.clip(ink + paper, 0, 1), 3).reshape(len(kinds), -1)
    return image


def build(seed: int) -> TabularModel:
    rng = np.random.default_rng([seed, 3])
    kinds = rng.integers(0, len(STROKES), 180)
    rows = _paint(rng, kinds)
    # One label in eight is wrong, as in any collection: what the net learns of these it can only have learnt by heart.
    labels = np.where(rng.random(len(kinds)) < 1 / 8, rng.integers(0, len(STROKES), len(kinds)), kinds)
    return TabularModel.of("glyph-reader", COLUMNS, tuple("abcdef"), draw, rows, network(rows, labels, seed))
