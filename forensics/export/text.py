"""Values on their way into a format: bounded, on one line, in bytes. What comes from a log is data, whatever it looks like."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from forensics.model.text import printable

# Of ids that are made from ours: the same revision has the same ones wherever and whenever it is rendered.
NAMESPACE = UUID("7f1e6c2b-2f0e-5c58-9a57-0d3c6a1d4a11")


def stable_uuid(*parts: object) -> str:
    """UUIDv5 of ``parts``, each with its length before it, so that no two lists of parts are one."""
    return str(uuid5(NAMESPACE, "".join(f"{len(str(part))}:{part}" for part in parts)))


def bounded(text: str, limit: int) -> str:
    """``text`` whole, or its beginning, its length and a piece of its hash: long identifiers that differ at their ends stay different."""
    if len(text) <= limit:
        return text
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    tail = f"… ({len(text):,} characters, sha256 {digest})"
    return text[: max(limit - len(tail), 0)] + tail if limit > len(tail) else text[: limit - 1] + "…"


def one_line(text: str, limit: int) -> str:
    """``text`` without anything that steers a terminal, breaks a line or turns its direction, and bounded."""
    shown = printable(bounded(text, limit))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def fitted(text: str, limit: int, escape: Callable[[str], str] = str) -> str:
    """``escape(text)`` of at most ``limit`` bytes of UTF-8. Where ``text`` is too long its end gives way, never half an escape."""
    if len(text) <= limit and len((whole := escape(text)).encode()) <= limit:
        return whole
    low, high = 0, min(len(text), limit)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        if len((escape(text[:middle]) + "…").encode()) <= limit:
            low = middle
        else:
            high = middle - 1
    return escape(text[:low]) + "…" if low else ""


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC, whole milliseconds: every consumer reads these, several no more."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def exact(moment: datetime) -> str:
    """ISO 8601 in UTC with all of its digits, as the command line writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def milliseconds(moment: datetime) -> int:
    """Since 1970, in UTC, exact: floats of today's times are not."""
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None


def json_bytes(value: Any) -> bytes:
    """One line of plain ASCII: escapes of terminals and directions stand as ``\\u001b``. Halves of surrogate pairs become U+FFFD."""
    return json.dumps(_sound(value), separators=(",", ":"), allow_nan=False).encode("ascii")


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _sound(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_sound(v) for v in value]
    return value
