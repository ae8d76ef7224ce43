"""Overrides: ``FORENSICS__SECTION__KEY`` takes the place of a key in the file."""

import tomllib
from collections.abc import Mapping
from typing import Any

PREFIX = "FORENSICS__"


def overridden(settings: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """``settings`` with what the environment says. A value is read as TOML where it is TOML (numbers, lists, true), else as text."""
    result = dict(settings)
    for name in sorted(environment):
        if name.startswith(PREFIX):
            place = result
            *sections, key = name.removeprefix(PREFIX).lower().split("__")
            for section in sections:
                inner = place.get(section)
                place[section] = dict(inner) if isinstance(inner, Mapping) else {}
                place = place[section]
            place[key] = _value(environment[name])
    return result


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
