"""Plug-ins are found by their presence: every module of a package that has the asked-for attribute."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def discover(package: ModuleType, attribute: str, kind: type[T]) -> tuple[T, ...]:
    """``attribute`` of every module in ``package`` (but not ``interface``), sorted by module name. ``kind`` may be a runtime protocol.

    Raises:
        TypeError: a module lacks the attribute, or it is of another kind. A plug-in that does nothing is a mistake.
    """
    found: list[T] = []
    for info in sorted(iter_modules(package.__path__), key=lambda m: m.name):
        if info.name == "interface" or info.ispkg:
            continue
        module = import_module(f"{package.__name__}.{info.name}")
        plugin = getattr(module, attribute, None)
        if not isinstance(plugin, kind):
            raise TypeError(f"{module.__name__} has no {attribute} of type {kind.__name__}: every file in {package.__name__} is a plug-in")
        found.append(plugin)
    return tuple(found)
