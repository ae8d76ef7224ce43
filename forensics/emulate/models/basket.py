"""A shop's customer segments from what lies in the basket: 24 flags, answered by a regression."""

import numpy as np

from forensics.emulate.models.fit import linear
from forensics.emulate.models.interface import Column, Matrix, TabularModel

GOODS = (
    "bread", "butter", "milk", "eggs", "cheese", "apples", "pears", "onions", "rice", "lentils", "pasta", "oil", "coffee", "tea", "sugar",
    "biscuits", "beer", "wine", "nappies", "soap", "candles", "batteries", "cat_food", "flowers",
)  # fmt: skip
COLUMNS = tuple(Column(name, "flag", 0, 1) for name in GOODS)
# How likely each good lies in the basket of each segment; part of the world, hence the same in every emulation.
TASTES = np.clip(np.random.default_rng(20260302).beta(1.2, 2.4, (4, len(GOODS))), 0.05, 0.8)


def draw(rng: np.random.Generator, count: int) -> Matrix:
    return _fill(rng, rng.integers(0, len(TASTES), count))


def _fill(rng: np.random.Generator, segments: np.ndarray) -> Matrix:
    filled: Matrix = (rng.random((len(segments), len(GOODS))) < TASTES[segments]).astype(float)
    return filled


def build(seed: int) -> TabularModel:
    rng = np.random.default_rng([seed, 2])
    segments = rng.integers(0, len(TASTES), 120)
    rows = _fill(rng, segments)
    return TabularModel.of("basket-segments", COLUMNS, ("family", "gourmet", "thrifty", "visitor"), draw, rows, linear(rows, segments))
