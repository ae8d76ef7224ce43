"""What a model shows to those who ask it, and what attackers know of it from its documentation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Column:
    """One input. ``kind``: int, code (a category by number), flag, or float with ``digits`` decimals in natural rows."""

    name: str
    kind: str
    low: float
    high: float
    digits: int = 0

    @property
    def whole(self) -> bool:
        return self.kind != "float"


@dataclass(frozen=True)
class TabularModel:
    """A fitted classifier of rows.

    Attributes:
        draw: rows as the world makes them, from the same process as the training rows.
        members: the training rows.
        score: rows to class probabilities; a plain forward pass, because attackers ask one row at a time.
    """

    name: str
    columns: tuple[Column, ...]
    classes: tuple[str, ...]
    draw: Callable[[np.random.Generator, int], Matrix]
    members: Matrix
    score: Callable[[Matrix], Matrix]
    low: Matrix
    high: Matrix
    whole: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        name: str,
        columns: Sequence[Column],
        classes: Sequence[str],
        draw: Callable[[np.random.Generator, int], Matrix],
        members: Matrix,
        score: Callable[[Matrix], Matrix],
    ) -> "TabularModel":
        """A model whose bounds are those of its columns."""
        low, high = np.array([c.low for c in columns]), np.array([c.high for c in columns])
        return cls(name, tuple(columns), tuple(classes), draw, members, score, low, high, np.array([c.whole for c in columns]))

    @property
    def span(self) -> Matrix:
        width: Matrix = self.high - self.low
        return width

    @property
    def width(self) -> int:
        return len(self.columns)

    def admit(self, rows: Matrix) -> Matrix:
        """Rows as the interface takes them: inside the bounds, whole where the column is, floats to six decimals."""
        inside = np.clip(rows, self.low, self.high)
        admitted: Matrix = np.where(self.whole, np.rint(inside), np.round(inside, 6)) + 0.0
        return admitted


@dataclass(frozen=True, slots=True)
class Reply:
    """To a prompt. ``logprobs``: of the tokens of ``text`` (echo: of the prompt and it), the first of an echo being None.

    ``top``: the likeliest words in place of the first, where biases were sent; ``vectors``: of texts to embed.
    """

    text: str
    finish_reason: str
    refused: bool = False
    tokens: tuple[str, ...] = ()
    logprobs: tuple[float | None, ...] = ()
    top: tuple[tuple[str, float], ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()


class LanguageModel(Protocol):
    """A model of words."""

    @property
    def name(self) -> str: ...
    @property
    def documents(self) -> Sequence[str]:
        """What it was trained on."""
        ...

    @property
    def vocabulary(self) -> Sequence[str]:
        """The words that a bias can be put on, by number."""
        ...

    def complete(self, prompt: str, *, max_tokens: int, temperature: float, seed: int, echo: bool = False) -> Reply:
        """Go on where the prompt stops."""
        ...

    def chat(self, messages: Sequence[dict[str, Any]], *, max_tokens: int, temperature: float, seed: int) -> Reply:
        """Answer the newest message, or refuse."""
        ...

    def choose(self, messages: Sequence[dict[str, Any]], bias: Mapping[int, float]) -> Reply:
        """One word in answer to the newest message, some words being made likelier or less likely."""
        ...

    def embed(self, texts: Sequence[str]) -> Reply:
        """A vector for each."""
        ...
