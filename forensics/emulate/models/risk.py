"""A hospital's risk score: whole numbers, floats and categories by number, answered by a forest."""

import numpy as np

from forensics.emulate.models.fit import forest
from forensics.emulate.models.interface import Column, Matrix, TabularModel

COLUMNS = (
    Column("age", "int", 0, 100),
    Column("sex", "code", 0, 2),
    Column("ward", "code", 0, 8),
    Column("body_mass_index", "float", 10, 60, 1),
    Column("systolic", "int", 60, 240),
    Column("heart_rate", "int", 30, 200),
    Column("creatinine", "float", 0.1, 12, 2),
    Column("lactate", "float", 0.1, 15, 2),
    Column("glucose", "int", 30, 600),
    Column("admissions", "int", 0, 20),
    Column("smoker", "flag", 0, 1),
    Column("medication", "code", 0, 14),
)


def draw(rng: np.random.Generator, count: int) -> Matrix:
    age = rng.beta(3, 2, count) * 100
    illness = rng.normal(0, 1, count) + (age - 60) / 40
    rows = np.column_stack([
        age,
        rng.choice(3, count, p=[0.5, 0.48, 0.02]),
        rng.integers(0, 9, count),
        np.round(rng.normal(27, 5, count), 1),
        rng.normal(132, 18, count) - 7 * illness,
        rng.normal(78, 11, count) + 6 * illness,
        np.round(rng.lognormal(0, 0.35, count) * np.exp(0.2 * illness), 2),
        np.round(rng.lognormal(0.3, 0.4, count) * np.exp(0.25 * illness), 2),
        rng.lognormal(4.75, 0.25, count) + 12 * illness,
        rng.poisson(np.exp(0.4 * illness)),
        rng.random(count) < 0.22,
        rng.integers(0, 15, count),
    ])  # fmt: skip
    low, high = np.array([c.low for c in COLUMNS]), np.array([c.high for c in COLUMNS])
    whole = np.array([c.whole for c in COLUMNS])
    inside = np.clip(rows, low, high)
    natural: Matrix = np.where(whole, np.rint(inside), inside)
    return natural


def outcome(rows: Matrix, rng: np.random.Generator) -> Matrix:
    burden = rows[:, 0] / 40 + rows[:, 6] + 0.8 * rows[:, 7] + rows[:, 9] / 3 + 0.5 * rows[:, 10] - rows[:, 4] / 60
    noisy: Matrix = burden + rng.normal(0, 0.7, len(rows))
    return noisy


def build(seed: int) -> TabularModel:
    rng = np.random.default_rng([seed, 1])
    rows = draw(rng, 500)
    burden = outcome(rows, rng)
    labels = np.digitize(burden, np.quantile(burden, [0.5, 0.8]))
    return TabularModel.of("sepsis-risk", COLUMNS, ("low", "medium", "high"), draw, rows, forest(rows, labels, seed))
