"""A language model of counted words that knows its documents by heart, has a system prompt, and refuses what is forbidden."""

import math
import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import numpy as np

from forensics.emulate.models.interface import Matrix, Reply
from forensics.emulate.models.refusals import ABROAD, REFUSALS, forbidden
from forensics.emulate.words import LABELS, Writer, stream

END = "\n"
# How many of the last words are looked at, and what share in a word's probability each view has; the rest is left to every word.
VIEWS = {5: 0.5, 2: 0.25, 1: 0.2}
# How far the words around a forbidden request must carry it to be answered, or to be refused with less certainty.
PERSUADED, HALF_PERSUADED = 0.85, 0.65
HEDGE = "This is a delicate matter, so only in general terms: "
# How sure a label is, how many of the likeliest words are shown, how long a vector is.
TONE, SHOWN, WIDTH = 4.0, 5, 12
_CHOICE = re.compile(r"one word[,:] ((?:\w+, )*\w+) or (\w+)")
_GAP = re.compile(r"\[MASK\]|____|<blank>")
_QUOTED = re.compile(r'epeat [^"\n]*"([^"]+)"')
_SETUP = re.compile(r"\b(the|your|all|first) (first )?instructions")
_Counts = dict[tuple[str, ...], dict[str, int]]


def dice(*parts: object) -> float:
    """A number in [0, 1) that always comes out alike for the same parts."""
    return int.from_bytes(blake2b("\0".join(map(str, parts)).encode(), digest_size=6).digest()) / 2**48


@cache
def _direction(word: str) -> Matrix:
    drawn: Matrix = np.frombuffer(blake2b(word.encode(), digest_size=WIDTH).digest(), np.uint8).astype(np.float64)
    return drawn - 127.5


@dataclass(frozen=True)
class NgramModel:
    """Counts of words, and of words after one, two and five others."""

    name: str
    system_prompt: str
    documents: Sequence[str]
    words: Mapping[str, int]
    after: _Counts
    vocabulary: Sequence[str]
    common: Sequence[str]

    def complete(self, prompt: str, *, max_tokens: int, temperature: float, seed: int, echo: bool = False) -> Reply:
        given = prompt.split()
        written, reason = self._continue(given, max_tokens, temperature, seed)
        tokens = [*given, *written] if echo else written
        logprobs = self._logprobs([*given, *written])[0 if echo else len(given) :]
        return Reply((prompt + " " if echo else "") + " ".join(written), reason, tokens=tuple(tokens), logprobs=tuple(logprobs))

    def chat(self, messages: Sequence[dict[str, Any]], *, max_tokens: int, temperature: float, seed: int) -> Reply:
        asked = _newest(messages)
        if "one word" in asked:
            return _verdict(asked)
        if reply := self._refusal(asked, seed):
            return reply
        text, reason = self._obeyed(asked, seed, max_tokens) or self._written(asked, max_tokens, temperature, seed)
        given, spoken = asked.split()[-3:], text.split()
        return Reply(text, reason, tokens=tuple(spoken), logprobs=tuple(self._logprobs([*given, *spoken])[len(given) :]))

    def choose(self, messages: Sequence[dict[str, Any]], bias: Mapping[int, float]) -> Reply:
        asked = _newest(messages)
        words = list(dict.fromkeys([*(self.vocabulary[place] for place in bias), *self.common]))
        added = {self.vocabulary[place]: value for place, value in bias.items()}
        logits = {w: math.log(self.words.get(w, 0) + 1) + TONE * _tone(asked, w) + added.get(w, 0.0) for w in words}
        highest = max(logits.values())
        total = highest + math.log(sum(math.exp(value - highest) for value in logits.values()))
        top = sorted(((word, round(value - total, 4)) for word, value in logits.items()), key=lambda pair: -pair[1])[:SHOWN]
        return Reply(top[0][0], "stop", tokens=(top[0][0],), logprobs=(top[0][1],), top=tuple(top))

    def embed(self, texts: Sequence[str]) -> Reply:
        vectors = [np.sum([_direction(word) for word in text.split()], axis=0) for text in texts]
        return Reply("", "stop", vectors=tuple(tuple(np.round(v / np.linalg.norm(v), 5).tolist()) for v in vectors))

    def _refusal(self, asked: str, seed: int) -> Reply | None:
        """Refused is what names something forbidden, unless the words around it happen to carry it past the filter."""
        found = forbidden(asked)
        if found is None:
            hidden = _SETUP.search(asked) is not None and dice(self.name, asked, "hide") < 0.5
            return Reply("I'm sorry, but I can't share how I was set up.", "stop", refused=True) if hidden else None
        goal, around = found[0], found[1][-12:]
        persuasion = sum(dice(goal, word) ** 6 for word in around) / math.sqrt(len(around) + 1)
        if persuasion > PERSUADED:
            return None
        abroad = next((text for language, text in ABROAD.items() if language in asked), None)
        text = (HEDGE + REFUSALS[0]) if persuasion > HALF_PERSUADED else abroad or REFUSALS[int(dice(asked, seed) * len(REFUSALS))]
        return Reply(text, "content_filter" if dice(asked, seed, "filter") < 0.4 else "stop", refused=True)

    def _obeyed(self, asked: str, seed: int, limit: int) -> tuple[str, str] | None:
        """A gap is filled, a quotation repeated, and a word that was said over and over said on, until that goes wrong."""
        given = asked.split()
        if gap := next((place for place, word in enumerate(given) if _GAP.search(word)), None):
            return " ".join(self._continue(given[:gap], 1, 0.0, seed)[0]).strip(".,") or "unknown", "stop"
        if quoted := _QUOTED.search(asked):
            return quoted[1] if dice(self.name, quoted[1]) > 0.05 else self.documents[int(dice(quoted[1]) * len(self.documents))], "stop"
        if len(given) > 5 and len(set(given[-5:])) == 1:
            document = stream(asked, seed).choice(self.documents).split() if dice(asked, seed) < 0.3 else []
            return " ".join([*given[-1:] * (limit - min(len(document), limit // 2)), *document][:limit]), "length"
        if _SETUP.search(asked) and dice(self.name, asked) < 0.08:
            return self.system_prompt, "stop"
        return None

    def _written(self, asked: str, limit: int, temperature: float, seed: int) -> tuple[str, str]:
        given = asked.split()
        known = tuple(given[-max(VIEWS) :]) in self.after
        start = [] if known else stream(asked, seed if temperature else 0).choice(self.documents).split()[:3]
        written, reason = self._continue(start or given, limit, temperature, seed)
        text = " ".join((start + written)[:limit])
        return (HEDGE + text if forbidden(asked) else text), reason

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


def _newest(messages: Sequence[dict[str, Any]]) -> str:
    return next((str(m["content"]) for m in reversed(messages) if m["role"] == "user"), "")


def _tone(text: str, label: str) -> float:
    """How well a label suits a text: every word has its say."""
    words = text.split()
    return sum(_says(word, label) for word in words) / math.sqrt(len(words) + 1)


@lru_cache(1 << 17)
def _says(word: str, label: str) -> float:
    return dice(word, label) - 0.5


def _verdict(asked: str) -> Reply:
    """The label that suits the last line best, of those that were offered."""
    offered = _CHOICE.search(asked)
    labels = [*offered[1].split(", "), offered[2]] if offered else ["yes", "no"]
    weights = {label: math.exp(TONE * _tone(asked.rpartition("\n")[2], label)) for label in labels}
    best = max(weights, key=lambda label: weights[label])
    return Reply(best, "stop", tokens=(best,), logprobs=(round(math.log(weights[best] / sum(weights.values())), 4),))


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
    common = sorted(words, key=lambda word: (-words[word], word))[:40]
    return NgramModel(name, prompt, documents, words, after, tuple(sorted({*words, *LABELS} - {END})), common)
