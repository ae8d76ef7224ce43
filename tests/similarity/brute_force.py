"""Rows to look at and a plain brute force on them, for tests of several modules of the engine."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from forensics.similarity.numeric import Steps, steps
from forensics.similarity.population import CAP, Population, measure, prepared

Array = np.ndarray[Any, Any]


def clients_of(*sizes: int) -> Array:
    """The client of each row, where the clients have so many rows."""
    return np.repeat(np.arange(len(sizes)), sizes)


def by_turns(clients: Array) -> Array:
    """Numbers of the rows in an order of time in which every client sends its first, then every client its second, and so on."""
    starts = np.flatnonzero(np.r_[True, clients[1:] != clients[:-1]])
    place = np.arange(len(clients)) - np.repeat(starts, np.diff(np.r_[starts, len(clients)]))
    return np.argsort(place, kind="stable")


def normal(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def made(kind: str, seed: int, n: int, d: int) -> Array:
    """Rows of a natural population: normal (in units of many sizes), clustered, binary, whole or equal."""
    random = np.random.default_rng(seed)
    match kind:
        case "clustered":
            return np.asarray(random.normal(size=(20, d))[random.integers(0, 20, n)] + 0.1 * random.normal(size=(n, d)))
        case "binary":
            return random.integers(0, 2, (n, d)).astype(np.float64)
        case "whole":
            return random.integers(0, 9, (n, d)).astype(np.float64)
        case "equal":
            return np.ones((n, d))
        case _:
            return np.asarray(random.normal(size=(n, d)) * 10.0 ** random.integers(-3, 4, d))


def looked_at(rows: Array, clients: Array, order: Array | None = None, asks: Array | None = None) -> Steps:
    """`steps` of rows as they are sent, by default by turns, all of them new."""
    when = by_turns(clients) if order is None else order
    return steps(prepared(rows.copy()), clients, when, np.ones(len(rows), np.bool_) if asks is None else asks)


def population_of(rows: Array, clients: Array) -> Population:
    return measure(prepared(rows.copy()), clients)


def bits(found: Any) -> bytes:
    """Everything in a dataclass of arrays."""
    parts = (getattr(found, f.name) for f in fields(found))
    return b"".join(bits(part) if is_dataclass(part) else part.tobytes() for part in parts)


def distances(rows: Array, others: Array, population: Population) -> Array:
    """(rows, others) of prepared rows, in robust deviations."""
    most = np.where(population.coded, 1.0, CAP)
    with np.errstate(over="ignore"):
        gaps = (np.minimum(np.abs(row - others) * population.inverse, most) for row in rows)
        return np.array([np.sqrt((gap**2).sum(axis=1)) for gap in gaps]).reshape(len(rows), len(others))
