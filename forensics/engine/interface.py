"""The contract of an engine: ``map`` in the shape of ``concurrent.futures``, results in the order of the items."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """``name`` is what ``--engine`` and the scan record say. ``function`` and items must survive pickling."""

    name: str

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]: ...
