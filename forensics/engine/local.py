"""One machine: partitions one after the other, each on all cores, so that memory is bounded by one partition."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class LocalEngine:
    """DuckDB spreads a partition over the cores by itself; processes on top would only add memory."""

    name = "local"

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        return map(function, items)
