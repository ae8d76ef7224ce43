"""Other ways to write the same: base64, Morse, letters turned round."""

import base64
import codecs
from collections.abc import Callable, Mapping

_MORSE = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
MORSE = dict(zip("abcdefghijklmnopqrstuvwxyz", _MORSE.split(" "), strict=True))
SCRIPTS: Mapping[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "ROT13": lambda text: codecs.encode(text, "rot13"),
    "leetspeak": lambda text: text.translate(str.maketrans("oieast", "013457")),
    "Morse": lambda text: " ".join(MORSE.get(letter, "/") for letter in text.lower()),
    "reversed writing": lambda text: text[::-1],
    "spaced letters": " ".join,
}
