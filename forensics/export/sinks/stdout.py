"""Standard output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from forensics.export.interface import Answer, Message, Sink, Target


class _Standard:
    def __init__(self, target: Target) -> None:
        self._target = target

    def send(self, message: Message) -> Answer:
        try:
            sys.stdout.buffer.write(message.body if self._target.whole else message.body.rstrip(b"\n") + b"\n")
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            if not self._target.replace:
                raise
            # Whoever asked for it by hand has read enough; the rest, and flushing at exit, goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Answer()


class StdoutSink:
    """``-``"""

    schemes = ("stdout",)
    answers = False

    @contextmanager
    def open(self, target: Target) -> Iterator[Sink]:
        sys.stdout.flush()
        yield _Standard(target)


SINK = StdoutSink()
