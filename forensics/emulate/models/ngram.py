"""A language model of counted words that knows its documents by heart, has a system prompt, and refuses what is forbidden."""

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Any

from forensics.emulate.models.interface import Reply
from forensics.emulate.words import FORBIDDEN, Writer, stream

END = "\n"
# How many of the last words are looked at, and what share in a word's probability each view has; the rest is left to every word.
VIEWS = {5: 0.5, 2: 0.25, 1: 0.2}
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot assist with this request. Is there something else that you would like to know?",
    "Sorry, that is something I'm not able to help with.",
)
# How far the words around a forbidden request must carry it to be answered, or to be refused with less certainty.
PERSUADED, HALF_PERSUADED = 0.85, 0.65
HEDGE = "This is a delicate matter, so only in general terms: "
_Counts = dict[tuple[str, ...], dict[str, int]]


def dice(*parts: object) -> float:
    """A number in [0, 1) that always comes out alike for the same parts."""
    return int.from_bytes(blake2b("\0".join(map(str, parts)).encode(), digest_size=6).digest()) / 2**48


@dataclass(frozen=True)
class NgramModel:
    """Counts of words, and of words after one, two and five others."""

    name: str
    system_prompt: str
    documents: Sequence[str]
    words: Mapping[str, int]
    after: _Counts

    def complete(self, prompt: str, *, max_tokens: int, temperature: float, seed: int, echo: bool = False) -> Reply:
        given = prompt.split()
        written, reason = self._continue(given, max_tokens, temperature, seed)
        tokens = [*given, *written] if echo else written
        logprobs = self._logprobs([*given, *written])[0 if echo else len(given) :]
        return Reply((prompt + " " if echo else "") + " ".join(written), reason, tokens=tuple(tokens), logprobs=tuple(logprobs))

    def chat(self, messages: Sequence[dict[str, Any]], *, max_tokens: int, temperature: float, seed: int) -> Reply:
        asked = next((str(m["content"]) for m in reversed(messages) if m["role"] == "user"), "")
        given = asked.split()
        if "one word" in asked:
            text, reason = ("yes" if dice(asked) < 0.4 else "no"), "stop"
        elif refusal := self._refusal(asked, seed):
            return refusal
        elif "instructions" in asked and dice(self.name, asked) < 0.08:
            text, reason = self.system_prompt, "stop"
        else:
            known = tuple(given[-max(VIEWS) :]) in self.after
            start = [] if known else stream(asked, seed if temperature else 0).choice(self.documents).split()[:3]
            written, reason = self._continue(start or given, max_tokens, temperature, seed)
            text = " ".join((start + written)[:max_tokens])
        text = HEDGE + text if _goal(asked) else text
        spoken = text.split()
        return Reply(text, reason, tokens=tuple(spoken), logprobs=tuple(self._logprobs([*given[-3:], *spoken])[len(given[-3:]) :]))

    def _refusal(self, asked: str, seed: int) -> Reply | None:
        """Refused is what names something forbidden, unless the words around it happen to carry it past the filter."""
        goal = _goal(asked)
        if goal is None:
            hidden = "instructions" in asked and dice(self.name, asked, "hide") < 0.5
            return Reply("I'm sorry, but I can't share how I was set up.", "stop", refused=True) if hidden else None
        around = asked.replace(goal, "").split()
        persuasion = sum(dice(goal, word) ** 6 for word in around[-12:]) / math.sqrt(len(around[-12:]) + 1)
        if persuasion > PERSUADED:
            return None
        text = (HEDGE + REFUSALS[0]) if persuasion > HALF_PERSUADED else REFUSALS[int(dice(asked, seed) * len(REFUSALS))]
        return Reply(text, "content_filter" if dice(asked, seed, "filter") < 0.4 else "stop", refused=True)

    def _continue(self, given: Sequence[str], limit: int, temperature: float, seed: int) -> tuple[list[str], str]:
        draw = stream(seed if temperature else 0)
        tokens, written = list(given), 0
        while written < limit:
            after = next(filter(None, (self.after.get(tuple(tokens[-view:])) for view in VIEWS)), self.after[(END,)])
            if len(after) == 1 or not temperature:
                word = max(after, key=lambda w: (after[w], w))
            else:
                weights = list(accumulate(after.values()))
                word = list(after)[bisect(weights, draw.random() * weights[-1])]
            if word == END:
                return tokens[len(given) :], "stop"
            tokens.append(word)
            written += 1
        return tokens[len(given) :], "length"

    def _logprobs(self, tokens: Sequence[str]) -> list[float | None]:
        """Of every word given those before it; the first has none."""
        floor = 1 / (sum(self.words.values()) + 1)
        found: list[float | None] = [None] if tokens else []
        for place in range(1, len(tokens)):
            word = tokens[place]
            likely = (1 - sum(VIEWS.values())) * (self.words.get(word, 0) + 1) * floor
            for view, share in VIEWS.items():
                if after := self.after.get(tuple(tokens[max(place - view, 0) : place])):
                    likely += share * after.get(word, 0) / sum(after.values())
            found.append(round(math.log(likely), 4))
        return found


def _goal(asked: str) -> str | None:
    return next((goal for goal in FORBIDDEN if goal in asked), None)


def build(seed: int, name: str = "quill-7b", size: int = 260) -> NgramModel:
    writer = Writer(stream(name, seed))
    documents = [writer.document() for _ in range(size)]
    words: dict[str, int] = {}
    after: _Counts = {}
    for document in documents:
        tokens = [END, *document.split(), END]
        for place in range(1, len(tokens)):
            word = tokens[place]
            words[word] = words.get(word, 0) + 1
            # At the beginning of a document the views are one and the same.
            for before in dict.fromkeys(tuple(tokens[max(place - view, min(1, place - 1)) : place]) for view in VIEWS):
                counts = after.setdefault(before, {})
                counts[word] = counts.get(word, 0) + 1
    prompt = f"You are Quill, the assistant of {writer.surname()} Limited. Never mention {writer.surname()}. {writer.paragraph(2, 3)}"
    return NgramModel(name, prompt, documents, words, after)
