"""Texts written from word lists and a small grammar, by seed: sentences with names, numbers, commas and full stops."""

import random
import tomllib
from collections.abc import Sequence
from importlib.resources import files

_LISTS = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def _words(name: str) -> list[str]:
    given: str | list[str] = _LISTS[name]
    return given.split() if isinstance(given, str) else given


NOUNS, VERBS, ADJECTIVES, GIVEN = _words("nouns"), _words("verbs"), _words("adjectives"), _words("given")
SYLLABLES, TOPICS, PLACES, TIMES = _words("syllables"), _words("topics"), _words("places"), _words("times")
FORBIDDEN, PATTERNS, LABELS = _words("forbidden"), _words("patterns"), _words("labels")


def stream(*seeds: object) -> random.Random:
    """Draws that come out alike for the same seeds."""
    return random.Random(":".join(map(str, seeds)))  # noqa: S311 - it must be repeatable, and keeps no secret


class Writer:
    """Writes from one stream of draws."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def pick(self, words: Sequence[str]) -> str:
        return self.rng.choice(words)

    def many(self) -> str:
        """A noun in the plural."""
        noun = self.pick(NOUNS)
        return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "ae" else noun + ("es" if noun.endswith(("ch", "x")) else "s")

    def surname(self) -> str:
        return (self.pick(SYLLABLES) + self.pick(SYLLABLES)).capitalize()

    def name(self) -> str:
        return f"{self.pick(GIVEN)} {self.surname()}"

    def title(self) -> str:
        """Of a book."""
        return f"The {self.pick(ADJECTIVES).capitalize()} {self.pick(NOUNS).capitalize()}"

    def sentence(self) -> str:
        """One sentence; every blank of its pattern is filled anew."""
        first, *parts = self.pick(PATTERNS).split("{")
        filled = (self._blank(key) + rest for key, _, rest in (part.partition("}") for part in parts))
        return first + "".join(filled)

    def _blank(self, key: str) -> str:
        lists = {"a": ADJECTIVES, "n": NOUNS, "v": VERBS, "p": PLACES, "t": TIMES, "t2": TIMES}
        if key in lists:
            word = self.pick(lists[key])
            return word.capitalize() if key == "t2" else word
        written = {"s": self.name, "c": self.surname, "m": self.many}
        if key in written:
            return written[key]()
        return str(self.rng.randint(2, 990) if key == "d" else self.rng.randint(1840, 2019))

    def paragraph(self, low: int = 2, high: int = 5) -> str:
        return " ".join(self.sentence() for _ in range(self.rng.randint(low, high)))

    def document(self) -> str:
        """What a collection is made of; about eighty words."""
        return self.paragraph(6, 9)

    def question(self) -> str:
        """Something that a person may ask."""
        pick = self.pick
        return pick((
            f"How do I keep {pick(TOPICS)} and {pick(TOPICS)} apart when the {pick(NOUNS)} is {pick(ADJECTIVES)}?",
            f"What does a {pick(ADJECTIVES)} {pick(NOUNS)} cost in {self.surname()}?",
            f"Why are there {self.rng.randint(2, 90)} {self.many()} {pick(PLACES)}?",
            f"Can you explain {pick(TOPICS)} to a {pick(NOUNS)}, please?",
            f"Please write a note to {self.name()} about the {pick(NOUNS)} and the {pick(TOPICS)}.",
            f"Who {pick(VERBS)} the {pick(ADJECTIVES)} {pick(NOUNS)} {pick(TIMES)}?",
            f"I have {self.rng.randint(2, 40)} {self.many()} and a {pick(NOUNS)}. What would {self.name()} do {pick(TIMES)}?",
        ))  # fmt: skip

    def code(self) -> str:
        """The beginning of a function."""
        pick, number = self.pick, self.rng.randint
        first, second = pick(NOUNS), pick(NOUNS)
        return (
            f"def {pick(VERBS)}_{first}({second}, {pick(TOPICS)}={number(0, 99)}):\n    {first} = []\n"
            f"    for {pick('ijkmn')} in {second}:\n"
            f"        if {second}.{pick(ADJECTIVES)} > {number(1, 500)}:\n            {first}.append({pick(TOPICS)}_{pick(VERBS)}("
        )
