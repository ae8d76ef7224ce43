"""The three shapes of a format: a message for each revision, as many revisions as a request takes, or one document of all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from forensics.export.interface import Field, Message, Outgoing, Receipt
from forensics.export.receipts import by_status

Answer = Callable[[Message, int, bytes], Receipt]


class _Answered:
    """What all shapes have in common: a function that reads the receiver's answer."""

    __slots__ = ()
    answer: Answer

    def receipt(self, message: Message, status: int, answer: bytes) -> Receipt:
        """`ExportFormat.receipt`."""
        return self.answer(message, status, answer)


@dataclass(frozen=True, slots=True)
class Each(_Answered):
    """One message for each revision."""

    name: str
    media_type: str
    suffix: str
    fields: tuple[Field, ...]
    body: Callable[[Outgoing], bytes]
    answer: Answer = by_status
    whole: bool = False

    def render(self, outgoing: Sequence[Outgoing]) -> Iterator[Message]:
        """`ExportFormat.render`."""
        for out in outgoing:
            yield Message(self.body(out), (out.key,))


@dataclass(frozen=True, slots=True)
class Packed(_Answered):
    """As many revisions in a message as fit into ``limit`` bytes, between ``before`` and ``after``, with ``between`` between them."""

    name: str
    media_type: str
    suffix: str
    fields: tuple[Field, ...]
    body: Callable[[Outgoing], bytes]
    limit: int
    most: int = 1000  # a refused message should not hold back the whole night
    before: bytes = b""
    between: bytes = b"\n"
    after: bytes = b""
    answer: Answer = by_status
    whole: bool = False

    def render(self, outgoing: Sequence[Outgoing]) -> Iterator[Message]:
        """`ExportFormat.render`."""
        parts: list[bytes] = []
        keys: list[str] = []
        size = 0
        around = len(self.before) + len(self.after)
        for out in outgoing:
            part = self.body(out)
            if parts and (len(parts) == self.most or size + len(part) + around > self.limit):
                yield self._message(parts, keys)
                parts, keys, size = [], [], 0
            parts.append(part)
            keys.append(out.key)
            size += len(part) + len(self.between)
        if parts:
            yield self._message(parts, keys)

    def _message(self, parts: Sequence[bytes], keys: Sequence[str]) -> Message:
        return Message(self.before + self.between.join(parts) + self.after, tuple(keys))


@dataclass(frozen=True, slots=True)
class Whole(_Answered):
    """One document that holds all revisions."""

    name: str
    media_type: str
    suffix: str
    fields: tuple[Field, ...]
    body: Callable[[Sequence[Outgoing]], bytes]
    answer: Answer = by_status
    whole: bool = True

    def render(self, outgoing: Sequence[Outgoing]) -> Iterator[Message]:
        """`ExportFormat.render`. No revisions make a document as well: an empty file says that there was nothing."""
        yield Message(self.body(outgoing), tuple(out.key for out in outgoing))
