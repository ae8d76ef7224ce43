"""The contracts of export: a format turns incident revisions into messages, a sink takes messages to where they go."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import urlsplit

from forensics.config.sinks import Framing
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said: an HTTP status, or what comes nearest to it. Sinks without answers say 200 once the message is handed over."""

    status: int = 200
    body: bytes = b""
    retry_after: float | None = None  # seconds


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


class Sink(Protocol):
    """An open connection to where messages go."""

    def send(self, message: Message) -> Answer:
        """Hand a message over.

        Raises:
            OSError: the connection broke or timed out; the message may or may not have arrived.
        """
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """Where messages go and what they are; secrets are in clear here, and in no representation.

    ``replace``: a file is written anew, whole; else its end grows.
    """

    url: str = field(repr=False)
    media_type: str
    suffix: str
    whole: bool
    token: str | None = field(default=None, repr=False)
    auth_header: str = "Authorization"
    auth_scheme: str = "Bearer"
    headers: tuple[tuple[str, str], ...] = ()
    ca_file: str | None = None
    client_cert_file: str | None = None
    client_key_file: str | None = None
    proxy: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    framing: Framing = "octet-counting"
    timeout: float = 30.0
    replace: bool = False

    @property
    def shown(self) -> str:
        return shown(self.url)


def shown(url: str) -> str:
    """An address as messages may have it: without path and query, which may be secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else url


@runtime_checkable
class SinkKind(Protocol):
    """``schemes`` of its addresses. ``answers``: a receiver says of each message what became of it, and the format reads it; else
    messages count as delivered once all were sent and the sink was left without an error."""

    schemes: tuple[str, ...]
    answers: bool

    def open(self, target: Target) -> AbstractContextManager[Sink]:
        """Connect; leaving the context flushes and closes.

        Raises:
            OSError: it cannot be reached, or could not be closed in order.
        """
        ...
