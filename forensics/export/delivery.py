"""Delivery: batches out of a box, back into it what became of them, until the box is empty or the receiver has had its chances.

At least once: a revision leaves the box only when its receiver has it, or has refused it for good. A kill in between, or a lost
answer, sends it again under the same key.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from forensics.export.interface import Answer, ExportFormat, Message, Outgoing, Receipt, SinkKind, Target
from forensics.model.text import printable, shortened

# What is wrong is the address, the token or the network between, not the message: no retry helps, and no message is to blame.
NOT_OURS = frozenset({401, 402, 403, 404, 405, 407, *range(300, 400)})
TOO_LARGE = 413


class Box(Protocol):
    """What is to go to one receiver. `forensics.store.outbox.Outbox` remembers, `Once` does not."""

    def waiting(self, limit: int) -> Sequence[Outgoing]:
        """The next ones, one revision of an incident at a time."""
        ...

    def settle(self, delivered: Sequence[str], retry: Mapping[str, str], refused: Mapping[str, str]) -> None:
        """What became of keys."""
        ...


@dataclass
class Once:
    """A box for one run."""

    left: list[Outgoing]
    refused: dict[str, str] = field(default_factory=dict)

    def waiting(self, limit: int) -> Sequence[Outgoing]:
        return self.left[:limit]

    def settle(self, delivered: Sequence[str], retry: Mapping[str, str], refused: Mapping[str, str]) -> None:
        gone = {*delivered, *refused}
        again = [o for o in self.left if o.key in retry]
        self.left = [o for o in self.left if o.key not in gone and o.key not in retry] + again
        self.refused |= refused


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: so many rounds in a row without any progress, so many seconds in all. Waits double from ``first`` to ``most``."""

    attempts: int = 5
    seconds: float = 600.0
    first: float = 1.0
    most: float = 120.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, and a share of a wait, so that many installations do not come back at once; replaced in tests."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    share: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a run did. ``problem``: why it ended before the box was empty, null where it is empty."""

    delivered: int
    refused: int
    retries: int
    problem: str | None


class _TurnedAwayError(OSError):
    """By the receiver, whatever the message."""


@dataclass
class _Round:
    """What became of the revisions of one batch. A revision has arrived when every message that holds a part of it has."""

    parts: Counter[str]
    arrived: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)
    retry: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    turned_away: bool = False

    def add(self, receipt: Receipt) -> None:
        self.arrived.update(receipt.delivered)
        self.refused |= receipt.refused or {}
        self.retry |= receipt.retry or {}
        if receipt.retry_after is not None:
            self.retry_after = max(receipt.retry_after, self.retry_after or 0.0)

    def close(self, why_not: str) -> None:
        """Everything that nothing was said of is to be tried again."""
        self.retry = {key: why for key, why in self.retry.items() if key not in self.refused}
        self.retry |= {key: why_not for key in self.parts if key not in {*self.delivered, *self.refused, *self.retry}}

    @property
    def delivered(self) -> tuple[str, ...]:
        return tuple(k for k, n in self.parts.items() if self.arrived[k] >= n and k not in self.refused and k not in self.retry)


def deliver(
    box: Box,
    fmt: ExportFormat,
    kind: SinkKind,
    target: Target,
    *,
    batch: int,
    patience: Patience | None = None,
    clock: Clock | None = None,
) -> Delivered:
    """Send what waits in ``box``, in batches of at most ``batch`` revisions.

    Tried again with growing waits: 429, 5xx, broken connections, and what a bulk answer says to try again. Batches shrink while
    something is wrong, so that one message that breaks its receiver ends up alone and holds up no other.

    Raises:
        UsageError: the target cannot be as configured.
    """
    patience, clock = patience or Patience(), clock or Clock()
    until = clock.now() + patience.seconds
    done, dead, retries, failures, size = 0, 0, 0, 0, batch
    problem = None
    while outgoing := box.waiting(size):
        found = _attempt(outgoing, fmt, kind, target)
        box.settle(found.delivered, found.retry, found.refused)
        done, dead, retries = done + len(found.delivered), dead + len(found.refused), retries + len(found.retry)
        if not found.retry:
            problem, failures, size = None, 0, min(batch, size * 2)
            continue
        problem = next(iter(found.retry.values()))
        failures = 1 if found.delivered or found.refused else failures + 1
        size = max(1, len(outgoing) // 2)
        wait = _wait(failures, found.retry_after, patience, clock)
        if found.turned_away or failures >= patience.attempts or clock.now() + wait > until:
            break
        clock.sleep(wait)
    return Delivered(done, dead, retries, problem)


def _wait(failures: int, asked: float | None, patience: Patience, clock: Clock) -> float:
    usual = min(patience.most, patience.first * 2.0 ** (failures - 1)) * (0.5 + clock.share() / 2)
    return max(usual, asked or 0.0)


def _attempt(outgoing: Sequence[Outgoing], fmt: ExportFormat, kind: SinkKind, target: Target) -> _Round:
    """One batch, once."""
    messages = list(fmt.render(outgoing))
    found = _Round(Counter(key for message in messages for key in message.keys))
    if set(found.parts) != {o.key for o in outgoing}:
        raise TypeError(f"the export format {fmt.name} did not write every revision")
    why_not = "the receiver did not say what became of it"
    try:
        with kind.open(target) as sink:
            for message in messages:
                receipt = _read(message, sink.send(message), fmt, kind, target)
                found.add(receipt)
                if receipt.retry and not receipt.delivered:
                    why_not = next(iter(receipt.retry.values()))
                    break  # it asks to be left alone; more messages would only add to its load
    except OSError as error:
        why_not, found.turned_away = _reason(error), isinstance(error, _TurnedAwayError)
        if not kind.answers:
            found.arrived.clear()  # it never said that it has them
    found.close(why_not)
    return found


def _read(message: Message, answer: Answer, fmt: ExportFormat, kind: SinkKind, target: Target) -> Receipt:
    said = f"{answer.status} from {target.shown}" + (f": {_text(answer.body, target)}" if answer.body else "")
    if answer.status in NOT_OURS:
        raise _TurnedAwayError(f"{said} (check the address and the token)")
    if answer.status == 429 or answer.status >= 500 or (answer.status == TOO_LARGE and len(message.keys) > 1):
        return Receipt(retry=dict.fromkeys(message.keys, said), retry_after=answer.retry_after)
    if not kind.answers:
        fine = 200 <= answer.status < 300
        return Receipt(delivered=message.keys) if fine else Receipt(refused=dict.fromkeys(message.keys, said))
    receipt = fmt.receipt(message, answer.status, answer.body)
    known = set(message.keys)
    return Receipt(
        delivered=tuple(key for key in receipt.delivered if key in known),
        retry={k: _text(why.encode(), target) for k, why in (receipt.retry or {}).items() if k in known},
        refused={k: _text(why.encode(), target) for k, why in (receipt.refused or {}).items() if k in known},
        retry_after=answer.retry_after if receipt.retry_after is None else receipt.retry_after,
    )


def _text(answer: bytes, target: Target) -> str:
    """What a receiver said, harmless and short; it may have echoed what it was sent."""
    text = answer[:2000].decode("utf-8", "replace")
    if target.token:
        text = text.replace(target.token, "***")
    return shortened(printable(" ".join(text.split())), 300)


def _reason(error: OSError) -> str:
    return printable(error.strerror or str(error) or type(error).__name__)
