"""numba, with its cache where one can be written and without where none can."""

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function at its first call. The result is kept beside the module or in the user's cache; a read-only installation
    without a home compiles anew in every process instead of failing."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            made: Callable[..., Any] = njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no place for a cache
            made = njit(**options)(function)
        return made

    return decorate
