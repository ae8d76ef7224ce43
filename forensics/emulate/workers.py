"""From what a behaviour asks to bodies of calls: the model answers, and the behaviour goes on with the answer."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from forensics.emulate.disguises import DISGUISES, WORD_DISGUISES, Disguise, WordDisguise
from forensics.emulate.interface import (
    BIASED,
    CHAT_LOGPROBS,
    SCORES,
    SCORING,
    Answer,
    Biased,
    Conversation,
    LanguageBehaviour,
    LanguageClient,
    LanguageEpisode,
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
    """One prompt or conversation a call, or as many texts to embed as the client puts into one."""

    def __init__(self, behaviour: LanguageBehaviour, client: LanguageClient, disguise: WordDisguise | None = None) -> None:
        self._behaviour, self._client, self._disguise = behaviour, client, disguise
        self._temperature, self._max_tokens = client.rng.choice((None, 0.0, 0.2, 0.7, 1.0)), client.rng.choice((32, 64, 128))
        if client.option in (SCORING, BIASED):
            self._max_tokens = 1
        self._episode: LanguageEpisode | None = None
        self._reply: Reply | None = None

    def exchange(self) -> Exchange:
        asked = self._next()
        if isinstance(asked, tuple):
            return self._embedded(asked)
        if isinstance(asked, str):
            return self._completed(asked)
        return self._chosen(asked) if isinstance(asked, Biased) else self._chatted(self._worded(asked))

    def _next(self) -> Prompt:
        for _ in range(_IDLE):
            if self._episode is None:
                self._episode, self._reply = self._behaviour.episode(self._client), None
            try:
                return next(self._episode) if self._reply is None else self._episode.send(self._reply)
            except StopIteration:
                self._episode = None
        raise RuntimeError(f"{self._behaviour.name} asks nothing")

    def _worded(self, messages: Conversation) -> Conversation:
        if not self._disguise:
            return messages
        return [m | {"content": self._disguise(m["content"])} if m["role"] == "user" else m for m in messages]

    def _embedded(self, texts: tuple[str, ...]) -> Exchange:
        reply = self._reply = self._client.model.embed(texts)
        words = sum(len(text.split()) for text in texts)
        data = [{"object": "embedding", "index": place, "embedding": list(vector)} for place, vector in enumerate(reply.vectors)]
        request = {"input": texts[0] if len(texts) == 1 else list(texts)}
        return Exchange("embeddings", request, {"object": "list", "data": data, "usage": {"prompt_tokens": words}}, len(texts), words, 0)

    def _completed(self, prompt: str) -> Exchange:
        echo, words = self._client.option == SCORING, len(prompt.split())
        options, heat, seed = self._options()
        reply = self._reply = self._client.model.complete(prompt, max_tokens=self._max_tokens, temperature=heat, seed=seed, echo=echo)
        shown = {"logprobs": {"tokens": list(reply.tokens), "token_logprobs": list(reply.logprobs)}} if echo else {}
        request = {"prompt": prompt, **options, **({"echo": True, "logprobs": 1} if echo else {})}
        written = len(reply.text.split()) - (words if echo else 0)
        return _body("text_completion", request, reply, {"text": reply.text, **shown}, words, written)

    def _chatted(self, messages: Conversation) -> Exchange:
        scored = self._client.option == CHAT_LOGPROBS
        options, heat, seed = self._options()
        reply = self._reply = self._client.model.chat(messages, max_tokens=self._max_tokens, temperature=heat, seed=seed)
        pairs = zip(reply.tokens, reply.logprobs, strict=True)
        tokens = [{"token": token, "logprob": value} for token, value in pairs if value is not None]
        request = {"messages": messages, **options, **({"logprobs": True} if scored else {})}
        return _said(request, messages, reply, {"logprobs": {"content": tokens}} if scored else {})

    def _chosen(self, asked: Biased) -> Exchange:
        options, _, _ = self._options()
        messages = self._worded(asked.messages)
        reply = self._reply = self._client.model.choose(messages, asked.bias)
        bias = {str(place): value for place, value in asked.bias.items()}
        top = [{"token": token, "logprob": value} for token, value in reply.top]
        request = {"messages": messages, **options, "logprobs": True, "top_logprobs": len(top), "logit_bias": bias}
        return _said(request, messages, reply, {"logprobs": {"content": [{**top[0], "top_logprobs": top}]}})

    def _options(self) -> tuple[dict[str, Any], float, int]:
        """What stands in every request, the temperature that is meant, and the seed of the next answer."""
        options: dict[str, Any] = {"temperature": self._temperature} if self._temperature is not None else {}
        heat = 1.0 if self._temperature is None else self._temperature
        return options | {"max_tokens": self._max_tokens}, heat, self._client.rng.getrandbits(32)


def _said(request: dict[str, Any], messages: Conversation, reply: Reply, shown: dict[str, Any]) -> Exchange:
    words = sum(len(str(m["content"]).split()) for m in messages)
    return _body("chat", request, reply, {"message": {"role": "assistant", "content": reply.text}, **shown}, words, len(reply.text.split()))


def _body(operation: str, request: dict[str, Any], reply: Reply, choice: dict[str, Any], words: int, written: int) -> Exchange:
    response = {
        "choices": [{"index": 0, "finish_reason": reply.finish_reason, **choice}],
        "usage": {"prompt_tokens": words, "completion_tokens": written},
    }
    return Exchange(operation, request, response, 1, words, written)


def tabular_worker(
    behaviour: TabularBehaviour, model: TabularModel, seeds: tuple[int, ...], batch: int, option: str, disguise: str = ""
) -> Worker:
    rng = np.random.default_rng(seeds)
    client = TabularClient(model, rng, habits=int(rng.integers(1 << 31)), batch=batch)
    return TabularWorker(behaviour, client, option, DISGUISES[disguise](model, client.habits) if disguise else None)


def language_worker(
    behaviour: LanguageBehaviour, model: LanguageModel, seeds: tuple[int, ...], option: str, batch: int = 1, disguise: str = ""
) -> Worker:
    rng = stream(*seeds)
    client = LanguageClient(model, rng, habits=rng.getrandbits(31), option=option, batch=batch)
    return LanguageWorker(behaviour, client, WORD_DISGUISES[disguise](client.habits) if disguise else None)
