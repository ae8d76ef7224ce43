"""Standard output."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from forensics.export.interface import Answer, Message, Sink, Target


class _Standard:
    def __init__(self, whole: bool) -> None:
        self._whole = whole

    def send(self, message: Message) -> Answer:
        sys.stdout.buffer.write(message.body if self._whole else message.body.rstrip(b"\n") + b"\n")
        return Answer()


class StdoutSink:
    """``-``"""

    schemes = ("stdout",)
    answers = False

    @contextmanager
    def open(self, target: Target) -> Iterator[Sink]:
        sys.stdout.flush()
        yield _Standard(target.whole)
        sys.stdout.buffer.flush()


SINK = StdoutSink()
