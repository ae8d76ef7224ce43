"""Numbers and descriptions in sentences."""

import json
import re


def first_clause(description: str) -> str:
    """What a column is, without the further explanation, ready to stand inside a sentence."""
    what = re.split(r"[;:.](?:\s|$)", description, maxsplit=1)[0]
    return what if what[1:2].isupper() else what[:1].lower() + what[1:]


def compact(value: str | float) -> str:
    """A value for a sentence: whole numbers as they are, others with three significant digits, text in quotes."""
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 80 else f"{value[:77]}...", ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    if value == int(value) or abs(value) >= 999.5:
        return str(round(value))
    return f"{value:.3g}"
