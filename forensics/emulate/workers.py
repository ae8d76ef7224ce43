"""From what a behaviour asks to bodies of calls: the model answers, and the behaviour goes on with the answer."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from forensics.emulate.disguises import DISGUISES, Disguise
from forensics.emulate.interface import (
    CHAT_LOGPROBS,
    SCORES,
    SCORING,
    Answer,
    LanguageBehaviour,
    LanguageClient,
    Matrix,
    Prompt,
    TabularBehaviour,
    TabularClient,
    TabularEpisode,
)
from forensics.emulate.models.interface import LanguageModel, Reply, TabularModel
from forensics.emulate.words import stream

# An episode that asks nothing is as good as none; this many of them in a row are a mistake in the behaviour.
_IDLE = 1000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer, before it has a time, an account and a fate."""

    operation: str
    request: dict[str, Any]
    response: dict[str, Any]
    queries: int
    input_tokens: int
    output_tokens: int


class Worker(Protocol):
    """Makes one call after the other."""

    def exchange(self) -> Exchange: ...


class _Lane:
    """One episode under way: the block that it asks, how much of that is sent, what came back."""

    def __init__(self, behaviour: TabularBehaviour, client: TabularClient) -> None:
        self._behaviour, self._client = behaviour, client
        self._episode: TabularEpisode | None = None
        self.sent = 0
        self.answers: list[Answer] = []
        self.block = self._next(None)

    def answered(self) -> None:
        """All of the block is: the episode asks its next, or another episode begins."""
        scores = [a.scores for a in self.answers if a.scores is not None]
        whole = Answer(np.concatenate([a.labels for a in self.answers]), np.vstack(scores) if scores else None)
        self.sent, self.answers = 0, []
        self.block = self._next(whole)

    def _next(self, answer: Answer | None) -> Matrix:
        for _ in range(_IDLE):
            if self._episode is None:
                self._episode, answer = self._behaviour.episode(self._client), None
            try:
                block = next(self._episode) if answer is None else self._episode.send(answer)
            except StopIteration:
                self._episode = None
                continue
            if len(block):
                return self._client.model.admit(block)
            answer = Answer(np.empty(0, int), None)
        raise RuntimeError(f"{self._behaviour.name} asks nothing")


class TabularWorker:
    """Calls of a fixed number of rows. A call is filled from as many episodes as it takes: who asks one row at a time with 16 rows to a
    call works on 16 targets at once, because the next row of a target waits for the answer to the last."""

    def __init__(self, behaviour: TabularBehaviour, client: TabularClient, option: str, disguise: Disguise | None = None) -> None:
        self._behaviour, self._client, self._scored, self._disguise = behaviour, client, option == SCORES, disguise
        self._lanes: list[_Lane] = []
        self._key = ("instances", "inputs")[client.habits % 2]

    def exchange(self) -> Exchange:
        parts: list[tuple[_Lane, int]] = []
        wanted, blocks = self._client.batch, []
        for place in range(wanted):
            if place == len(self._lanes):
                self._lanes.append(_Lane(self._behaviour, self._client))
            lane = self._lanes[place]
            taken = lane.block[lane.sent : lane.sent + wanted]
            lane.sent += len(taken)
            wanted -= len(taken)
            parts.append((lane, len(taken)))
            blocks.append(taken)
            if not wanted:
                break
        rows = np.vstack(blocks)
        if self._disguise:
            rows = self._disguise(rows)
        scores = np.round(self._client.model.score(rows), 4)
        labels = scores.argmax(axis=1)
        self._deliver(parts, labels, scores)
        return self._body(rows, labels, scores)

    def _deliver(self, parts: list[tuple[_Lane, int]], labels: np.ndarray, scores: Matrix) -> None:
        start = 0
        for lane, count in parts:
            shown = scores[start : start + count] if self._scored else None
            lane.answers.append(Answer(labels[start : start + count], shown))
            start += count
            if lane.sent == len(lane.block):
                lane.answered()

    def _body(self, rows: Matrix, labels: np.ndarray, scores: Matrix) -> Exchange:
        model = self._client.model
        request: dict[str, Any] = {self._key: _plain(model, rows)}
        response: dict[str, Any] = {"predictions": [model.classes[label] for label in labels]}
        if self._scored:
            request["parameters"] = {"return_probabilities": True}
            response["scores"] = scores.tolist()
        return Exchange("predict", request, response, len(rows), 0, 0)


def _plain(model: TabularModel, rows: Matrix) -> list[list[float]]:
    """Whole numbers without a decimal point, as any client writes them."""
    return [[int(v) if whole else v for v, whole in zip(row, model.whole.tolist(), strict=True)] for row in rows.tolist()]


class LanguageWorker:
    """One prompt or conversation a call."""

    def __init__(self, behaviour: LanguageBehaviour, client: LanguageClient, temperature: float | None, max_tokens: int) -> None:
        self._behaviour, self._client = behaviour, client
        self._temperature, self._max_tokens = temperature, 1 if client.option == SCORING else max_tokens
        self._episode: Generator[Prompt, Reply, None] | None = None
        self._reply: Reply | None = None

    def exchange(self) -> Exchange:
        asked = self._next()
        client = self._client
        options: dict[str, Any] = {"temperature": self._temperature} if self._temperature is not None else {}
        options["max_tokens"] = self._max_tokens
        heat = 1.0 if self._temperature is None else self._temperature
        seed = client.rng.getrandbits(32)
        if isinstance(asked, str):
            echo = client.option == SCORING
            self._reply = client.model.complete(asked, max_tokens=self._max_tokens, temperature=heat, seed=seed, echo=echo)
            options |= {"echo": True, "logprobs": 1} if echo else {}
            return self._body("text_completion", {"prompt": asked, **options}, len(asked.split()), echo)
        self._reply = client.model.chat(asked, max_tokens=self._max_tokens, temperature=heat, seed=seed)
        options |= {"logprobs": True} if client.option == CHAT_LOGPROBS else {}
        words = sum(len(str(m["content"]).split()) for m in asked)
        return self._body("chat", {"messages": asked, **options}, words, client.option == CHAT_LOGPROBS)

    def _next(self) -> Prompt:
        for _ in range(_IDLE):
            if self._episode is None:
                self._episode, self._reply = self._behaviour.episode(self._client), None
            try:
                return next(self._episode) if self._reply is None else self._episode.send(self._reply)
            except StopIteration:
                self._episode = None
        raise RuntimeError(f"{self._behaviour.name} asks nothing")

    def _body(self, operation: str, request: dict[str, Any], words: int, scored: bool) -> Exchange:
        reply = self._reply
        assert reply
        choice: dict[str, Any] = {"index": 0, "finish_reason": reply.finish_reason}
        if operation == "chat":
            choice["message"] = {"role": "assistant", "content": reply.text}
            if scored:
                pairs = zip(reply.tokens, reply.logprobs, strict=True)
                choice["logprobs"] = {"content": [{"token": token, "logprob": value} for token, value in pairs if value is not None]}
        else:
            choice["text"] = reply.text
            if scored:
                choice["logprobs"] = {"tokens": list(reply.tokens), "token_logprobs": list(reply.logprobs)}
        written = len(reply.text.split()) - (words if self._client.option == SCORING else 0)
        response = {"choices": [choice], "usage": {"prompt_tokens": words, "completion_tokens": written}}
        return Exchange(operation, request, response, 1, words, written)


def tabular_worker(
    behaviour: TabularBehaviour, model: TabularModel, seeds: tuple[int, ...], batch: int, option: str, disguise: str = ""
) -> Worker:
    rng = np.random.default_rng(seeds)
    client = TabularClient(model, rng, habits=int(rng.integers(1 << 31)), batch=batch)
    return TabularWorker(behaviour, client, option, DISGUISES[disguise](model, client.habits) if disguise else None)


def language_worker(behaviour: LanguageBehaviour, model: LanguageModel, seeds: tuple[int, ...], option: str) -> Worker:
    rng = stream(*seeds)
    client = LanguageClient(model, rng, habits=rng.getrandbits(31), option=option)
    temperature, max_tokens = rng.choice((None, 0.0, 0.2, 0.7, 1.0)), rng.choice((32, 64, 128))
    return LanguageWorker(behaviour, client, temperature, max_tokens)
