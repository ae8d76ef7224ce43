"""Bytes of a source, decompressed. What was readable before a damage is always delivered; the damage is told afterwards."""

import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

import zstandard

from forensics.io.sources import Source
from forensics.model.errors import InputError

READ_SIZE = 1 << 20
# Compressed bytes for one call: 1 KiB unpacks to 1 MB of gzip, 32 MB of zstd, at the most. A damage costs what came with it.
FEED_SIZE = 1 << 10
GZIP, ZSTD, PARQUET = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PAR1"


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: memoryview, /) -> bytes: ...


def _gzip() -> _Decompressor:
    return zlib.decompressobj(wbits=31)


def _zstd() -> _Decompressor:
    return zstandard.ZstdDecompressor().decompressobj()


@dataclass
class Stream:
    """Decompressed blocks of one source. ``problem`` is set once the blocks are exhausted and something was wrong."""

    source: Source
    container: str
    raw: BinaryIO
    head: bytes
    problem: str | None = None
    delivered: int = 0
    _make: Callable[[], _Decompressor] | None = field(default=None, repr=False)

    def blocks(self) -> Iterator[bytes]:
        for block in self._decompressed() if self._make else self._plain():
            if block:
                self.delivered += len(block)
                yield block

    def _plain(self) -> Iterator[bytes]:
        yield self.head
        while block := self.raw.read(READ_SIZE):
            yield block

    def _decompressed(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        size = 0
        problem: tuple[str, str] | None = None
        try:
            for part in self._parts():
                parts.append(part)
                size += len(part)
                if size >= READ_SIZE:
                    yield from _cut(b"".join(parts))
                    parts, size = [], 0
        except (zlib.error, zstandard.ZstdError) as error:
            problem = "is damaged", f" ({error})"
        except EOFError:
            problem = "has no end: it was cut off, or is damaged,", ""
        yield b"".join(parts)
        if problem:
            self.problem = f"{self.container} data {problem[0]} after {self.delivered:,} bytes of content{problem[1]}"

    def _parts(self) -> Iterator[bytes]:
        assert self._make
        engine, fresh = self._make(), True
        for piece in self._plain():
            view = memoryview(piece)
            for start in range(0, len(view), FEED_SIZE):
                rest = view[start : start + FEED_SIZE]
                while rest:
                    if engine.eof:  # members and frames may follow each other
                        engine = self._make()
                    yield engine.decompress(rest)
                    fresh, rest = False, memoryview(engine.unused_data if engine.eof else b"")
        if not fresh and not engine.eof:
            raise EOFError


def _cut(block: bytes) -> Iterator[bytes]:
    return (block[start : start + READ_SIZE] for start in range(0, len(block), READ_SIZE))


@contextmanager
def open_stream(source: Source) -> Iterator[Stream]:
    """Open a source and recognise its container (plain, gzip, zstd, parquet) by its first bytes.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        raw: BinaryIO = source.path.open("rb") if source.path else sys.stdin.buffer
    except OSError as error:
        raise _unreadable(source, error) from error
    try:
        try:
            head = raw.read(READ_SIZE)
        except OSError as error:
            raise _unreadable(source, error) from error
        if head.startswith(GZIP):
            yield Stream(source, "gzip", raw, head, _make=_gzip)
        elif head.startswith(ZSTD):
            yield Stream(source, "zstd", raw, head, _make=_zstd)
        else:
            yield Stream(source, "parquet" if _is_parquet(head) else "plain", raw, head)
    finally:
        if source.path:
            raw.close()


def _is_parquet(head: bytes) -> bool:
    """Parquet is binary from the start; a line of text that happens to begin with its four letters is not."""
    return head.startswith(PARQUET) and any(byte < 9 for byte in head[4:1024])


def _unreadable(source: Source, error: OSError) -> InputError:
    return InputError(f"cannot be read: {error.strerror}", where=source.uri, hint="check that it is a file and its permissions")
