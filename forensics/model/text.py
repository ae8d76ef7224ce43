"""Text from logs, made harmless to look at."""

import unicodedata


def printable(text: str) -> str:
    """``text`` with control, format (bidi), private, unassigned and odd space characters as escapes; a plain space stays."""
    return "".join(c if c == " " or unicodedata.category(c)[0] not in "CZ" else _escaped(c) for c in text)


def shortened(text: str, limit: int = 120) -> str:
    """``text`` whole, or its two ends and its length."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … {text[-half:]} ({len(text):,} characters)"


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
