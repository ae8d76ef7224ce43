"""Files that begin with what they say of themselves, as TOML in a comment, and go on with a query."""

import re
import tomllib
from collections.abc import Iterable
from importlib.resources.abc import Traversable
from typing import Any

from forensics.model.errors import UsageError

_HEADER = re.compile(r"\A\s*/\*(.*?)\*/(.*)\Z", re.DOTALL)


def read_sql_file(file: Traversable, keys: Iterable[str]) -> tuple[dict[str, Any], str]:
    """(header, query without a closing semicolon) of ``file``; ``keys``: what the header must have.

    Raises:
        UsageError: there is no header, it is no TOML, or lacks a key.
    """
    match = _HEADER.match(file.read_text(encoding="utf-8"))
    wanted = sorted(keys)
    if not match:
        raise UsageError(f"{file}: expected /* {', '.join(wanted)} */ before the query")
    try:
        header = tomllib.loads(match[1])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: the header is no TOML: {error}", hint="docs/architecture.md has an example") from error
    if missing := [key for key in wanted if header.get(key) in (None, "", {})]:
        raise UsageError(f"{file}: the header lacks {', '.join(missing)}")
    return header, match[2].strip().rstrip(";")
