"""Who descends from whom: what text and rows of numbers have in common."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forensics.similarity import tables

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Family:
    """One entry per query, in the given order.

    parent: the nearest earlier query, -1 where there is none. first: the query that this one repeats exactly, -1 where it repeats none;
    the two are one node. repeat: it is such a repeat. near: the parent is a near copy, and no repeat. linked: it belongs to the parent's
    tree, for one of these reasons or another. distance: to the parent. root: the earliest query of the tree.
    """

    parent: Ints
    first: Ints
    repeat: Bools
    near: Bools
    linked: Bools
    distance: Floats
    root: Ints

    @classmethod
    def settled(cls, found: tuple[Ints, Floats, Bools], walk: "Walk", first: Ints, asks: Bools, order: Ints) -> "Family":
        """``found``: (parent, distance to it, whether it is near) of each query; ``walk``: which knows the trees; ``asks``: those that
        were to be placed."""
        parent, distance, close = found
        repeat = asks & (first >= 0)
        near = asks & ~repeat & close
        nearest = np.where(repeat, first, parent)
        root = grown(walk.roots(len(first)), order, nearest, repeat | near)
        return cls(nearest, first, repeat, near, repeat | near, np.where(repeat, 0.0, distance), root)


@dataclass(frozen=True, slots=True)
class Walk:
    """The different queries in the order in which they are walked, and what is found on the way. ``order``: (m,) their numbers; the
    others are as long, and speak of places in it: asks: those that look for a parent; parent: -1 where there is none; nearness: of the
    parent, a squared distance or a likeness; root: of the tree. The last three are changed as the walk goes on."""

    order: Ints
    asks: Bools
    parent: Ints
    nearness: Floats
    root: Ints

    @classmethod
    def begin(cls, order: Ints, asks: Bools, first: Ints, nearness: float) -> "Walk":
        """``order``: (n,) numbers of all queries; ``first``: those that repeat another take no part."""
        order = order[first[order] < 0]
        return cls(order, asks[order], np.full(len(order), -1, np.int64), np.full(len(order), nearness), np.arange(len(order)))

    def knowing(self, parent: Ints, nearness: Floats) -> "Walk":
        """The same walk where (n,) parents are known to begin with."""
        place = _inverse(self.order, len(parent))
        return replace(self, parent=_through(place, parent[self.order]), nearness=nearness[self.order])

    def found(self, n: int) -> tuple[Ints, Floats]:
        """(parent, nearness) of each of the n queries; -1 and NaN for those that took no part."""
        parent, nearness = np.full(n, -1, np.int64), np.full(n, np.nan)
        parent[self.order] = _through(self.order, self.parent)
        nearness[self.order] = self.nearness
        return parent, nearness

    def roots(self, n: int) -> Ints:
        """The root of each of the n queries as far as links have been found; its own for those that took no part."""
        root = np.arange(n)
        root[self.order] = self.order[self.root]
        return root


def grown(root: Ints, order: Ints, parent: Ints, linked: Bools) -> Ints:
    """The earliest query of each tree, once those that are ``linked`` are in one with their parents. ``root``: (n,) as far as is known;
    ``order``: (n,) numbers of all queries in order of time."""
    place = _inverse(order, len(order))
    trees = place[root[order]]
    tables.join_all(trees, _through(place, parent[order]), linked[order])
    out = np.empty(len(order), np.int64)
    out[order] = order[trees]
    return out


def _inverse(order: Ints, n: int) -> Ints:
    place = np.full(n, -1, np.int64)
    place[order] = np.arange(len(order))
    return place


def _through(numbers: Ints, some: Ints) -> Ints:
    """``numbers`` of the given ones; -1 of -1."""
    return np.where(some >= 0, numbers[some], -1)


def spread(numbers: Ints) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """A number far from the others for each of these: where they are those of clients, it keeps their queries apart in one table."""
    far = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return np.asarray(far ^ (far >> np.uint64(31)), np.uint64)


def bounds_of(clients: Ints) -> Ints:
    """Where the queries of each client begin, and the end, where those of one client stand together."""
    if not len(clients):
        return np.zeros(1, np.int64)
    return np.asarray(np.flatnonzero(np.r_[True, clients[1:] != clients[:-1], True]), np.int64)
