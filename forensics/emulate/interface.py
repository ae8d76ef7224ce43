"""The contract of a behaviour: what a client asks, episode by episode, and what it makes of the answers.

A behaviour is one file in ``attacks/`` or ``benign/`` that defines ``BEHAVIOUR``. Its episode is a generator: it yields what it asks
and receives what was answered. An episode is one target, one conversation, one screen of a dashboard; when it ends, the next begins,
until the client's budget is used up. How much a client asks, when, from where, how many rows go into a call and whether scores come
back is drawn for attackers and honest clients alike, before a behaviour is chosen: a behaviour decides only what is asked.
"""

import random
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.emulate.models.interface import LanguageModel, Reply, TabularModel
from forensics.emulate.words import Writer, stream

Matrix = NDArray[np.float64]

# What a client has the model give back. Drawn first; a behaviour names those that it can work with.
LABELS, SCORES = "labels", "scores"
CHAT, CHAT_LOGPROBS, COMPLETION, SCORING = "chat", "chat_logprobs", "completion", "scoring"
BIASED, EMBEDDINGS = "biased", "embeddings"
ANY_ROWS = (LABELS, SCORES)


@dataclass(frozen=True, slots=True)
class Answer:
    """To rows: the index of each row's label, and the probabilities of all classes where the client asked for them."""

    labels: NDArray[np.int64]
    scores: Matrix | None


@dataclass(frozen=True)
class TabularClient:
    """What a behaviour knows of itself. ``rng`` is one stream for all that the client does, ``habits`` the seed of what stays."""

    model: TabularModel
    rng: np.random.Generator
    habits: int
    batch: int

    def same(self) -> np.random.Generator:
        """Draws that come out alike in every episode of this client: its devices, its customers, its set of transforms."""
        return np.random.default_rng(self.habits)

    def natural(self, count: int = 1) -> Matrix:
        """Rows as the world makes them; nobody has trained on these."""
        return self.model.draw(self.rng, count)

    def row(self) -> Matrix:
        """One of them."""
        first: Matrix = self.natural(1)[0]
        return first

    def pool(self, count: int) -> Matrix:
        """Rows that this client comes back to: its customers, its patients, its fixtures."""
        return self.model.draw(self.same(), count)

    def population(self, count: int) -> Matrix:
        """Natural rows of the part of the world that this client has to do with: of four each, the one that leans its way."""
        lean = self.same().normal(size=self.model.width) / self.model.span
        drawn = self.natural(4 * count).reshape(count, 4, -1)
        own: Matrix = drawn[np.arange(count), (drawn @ lean).argmax(axis=1)]
        return own

    def candidates(self, count: int) -> Matrix:
        """Rows of which about half were trained on: what somebody knows who asks about membership, or rates a model honestly."""
        chosen = self.model.members[self.rng.integers(len(self.model.members), size=count)]
        coin = self.rng.random((count, 1)) < 0.5
        mixed: Matrix = np.where(coin, chosen, self.natural(count))
        return mixed


@dataclass(frozen=True)
class LanguageClient:
    """The same for a language model. ``option`` says which interface is used, ``batch`` how many texts are embedded in a call."""

    model: LanguageModel
    rng: random.Random
    habits: int
    option: str
    batch: int = 1

    @cached_property
    def writer(self) -> Writer:
        """Texts from this client's stream."""
        return Writer(self.rng)

    def same(self) -> Writer:
        """Texts that come out alike in every episode: a template, a system message, an exercise."""
        return Writer(stream(self.habits))

    def ask(self, text: str, system: str | None = None) -> "str | Conversation":
        """``text`` as this client's interface takes it: a prompt, or a conversation of one message."""
        if self.option in (COMPLETION, SCORING):
            return f"{system}\n\n{text}" if system else text
        return [*([{"role": "system", "content": system}] if system else []), {"role": "user", "content": text}]

    def choose(self, text: str, bias: Mapping[int, float], system: str | None = None) -> "Biased":
        """``text``, to be answered with one word; ``bias``: by place in the model's vocabulary."""
        conversation = self.ask(text, system)
        assert not isinstance(conversation, str)
        return Biased(conversation, bias)

    def candidate(self) -> str:
        """A document that the model was trained on, or as often one that it was not."""
        return self.rng.choice(self.model.documents) if self.rng.random() < 0.5 else self.writer.document()

    def candidates(self) -> Iterator[str]:
        """A long list of them, each once."""
        for known in self.rng.sample(self.model.documents, len(self.model.documents)):
            yield known if self.rng.random() < 0.5 else self.writer.document()


@dataclass(frozen=True, slots=True)
class Biased:
    """A conversation whose answer's words are biased."""

    messages: list[dict[str, Any]]
    bias: Mapping[int, float]


# A prompt, a conversation, one with biases, or texts to embed: as many as the client puts into a call.
Conversation = list[dict[str, Any]]
Prompt = str | Conversation | Biased | tuple[str, ...]
TabularEpisode = Generator[Matrix, Answer, None]
LanguageEpisode = Generator[Prompt, Reply, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What all behaviours say of themselves.

    Attributes:
        name: the file's name; the family in ``truth.jsonl``.
        title: one line for people.
        options: what the client has the model give back, as far as the behaviour can work with it.
        atlas: the MITRE ATLAS technique of an attack; empty for honest use.
        shared: this is done by several accounts or not at all.
    """

    name: str
    title: str
    options: tuple[str, ...]
    atlas: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TabularBehaviour(Behaviour):
    """Yields blocks of rows that may be asked together. ``models``: on which it makes sense; empty for all."""

    episode: Callable[[TabularClient], TabularEpisode]
    models: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageBehaviour(Behaviour):
    """Yields one prompt or conversation at a time, or the texts of one call to embed."""

    episode: Callable[[LanguageClient], LanguageEpisode]
