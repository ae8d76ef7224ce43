"""What a language model declines, and in which words: it knows a forbidden request as it stands, jumbled, or in a script that it reads."""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from functools import cache

from forensics.emulate.words import FORBIDDEN

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot assist with this request. Is there something else that you would like to know?",
    "Sorry, that is something I'm not able to help with.",
)
# Where an answer in another language was asked for, it declines in that.
ABROAD = {
    "German": "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "French": "Je suis désolé, mais je ne peux pas vous aider avec cela.",
    "Spanish": "Lo siento, pero no puedo ayudar con eso.",
    "Italian": "Mi dispiace, ma non posso aiutarti con questo.",
}
_LEET = str.maketrans("013457", "oieast")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


@cache
def _sign(word: str) -> str:
    """What jumbling and capitals leave of a word."""
    return "".join(sorted(filter(str.isalpha, word.lower())))


_SIGNS = {goal: frozenset(_sign(word) for word in goal.split() if len(word) > 3) for goal in FORBIDDEN}


def forbidden(asked: str) -> tuple[str, list[str]] | None:
    """What of the forbidden a text asks for, and the words around it."""
    for reading in _readings(asked):
        words = [(word, _sign(word)) for word in reading.split()]
        signs = {sign for _, sign in words}
        for goal, wanted in _SIGNS.items():
            if len(wanted & signs) >= 0.7 * len(wanted):
                return goal, [word for word, sign in words if sign not in wanted]
    return None


def _readings(asked: str) -> Iterator[str]:
    """As it stands, and under the simplest ciphers."""
    yield asked
    yield asked.translate(_LEET)
    yield codecs.encode(asked, "rot13")
    yield asked[::-1]
    if _BASE64.search(asked):
        yield _BASE64.sub(lambda found: _decoded(found[0]), asked)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return text
