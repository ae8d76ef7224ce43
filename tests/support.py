"""What tests of several stages import."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"


def corpus(half: str) -> Path:
    """A part of the development corpus, or a skip with the reason."""
    path = CORPUS / half
    if not path.exists():
        pytest.skip(f"the development corpus does not lie beside the checkout ({path.relative_to(ROOT.parent)})")
    return path


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
