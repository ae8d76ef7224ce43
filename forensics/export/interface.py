"""The contracts of export: a format turns incident revisions into messages, a sink takes messages to where they go."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from forensics.model.incident import Incident

Action = Literal["create", "update", "close"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One revision of one incident on its way out, redacted already.

    ``key`` is the idempotency key: the same in every attempt to deliver this revision, so that a receiver can drop what it has.
    ``created_at``: when the store first knew the incident; ``modified_at``: when this revision was made.
    """

    incident: Incident
    action: Action
    key: str
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What a sink sends as one unit, and the keys of the revisions that are in it, in order."""

    body: bytes
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A row of the format's table in docs/export.md: where a value goes, where it comes from, what it means there."""

    target: str
    source: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the revisions of one message: delivered; to be tried again (with the reason); or refused for good (with it)."""

    delivered: tuple[str, ...] = ()
    retry: Mapping[str, str] | None = None
    refused: Mapping[str, str] | None = None
    retry_after: float | None = None  # seconds, where the receiver said so


@runtime_checkable
class ExportFormat(Protocol):
    """``name`` as in ``--to``; ``suffix`` of a file; ``whole``: one document holds all revisions (STIX, SARIF, Parquet, CSV), else each
    message stands alone, and a stream or file separates them by a line feed."""

    name: str
    media_type: str
    suffix: str
    whole: bool
    fields: tuple[Field, ...]

    def render(self, outgoing: Sequence[Outgoing]) -> Iterator[Message]:
        """Messages in order of the revisions. Deterministic: no clock, no random id."""
        ...

    def receipt(self, message: Message, status: int, answer: bytes) -> Receipt:
        """What an HTTP answer says of each revision: bulk APIs answer 200 and refuse single items."""
        ...


@runtime_checkable
class Sink(Protocol):
    """An open connection to where messages go; a context manager."""

    def send(self, message: Message) -> tuple[int, bytes]:
        """(HTTP status, answer); sinks without answers return (200, b"") once the message is handed over or on disk.

        Raises:
            OSError: the connection broke or timed out; the message may or may not have arrived.
        """
        ...

    def close(self) -> None: ...
