"""Files: one that grows, one written anew, or a directory that gets a file for each message."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from forensics.export.interface import Answer, Message, Sink, Target
from forensics.model.errors import UsageError

ONE_KEY = re.compile(r"[\w.-]{1,120}", re.ASCII)


def named_by(message: Message, suffix: str) -> str:
    """A name that is the same whenever the same revisions are sent again: what is there is replaced by itself."""
    if len(message.keys) == 1 and ONE_KEY.fullmatch(message.keys[0]):
        return f"{message.keys[0]}{suffix}"
    return f"{len(message.keys)}-revisions-{sha256(chr(0).join(message.keys).encode()).hexdigest()[:24]}{suffix}"


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """All of it or nothing, durably."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with _private(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            _durable(file)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


class _Folder:
    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix

    def send(self, message: Message) -> Answer:
        write_whole(self._folder / named_by(message, self._suffix), message.body)
        return Answer()


class _Growing:
    """Lines at the end of a file. One that a kill has torn is cut off first: it will come again."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        _cut_torn_line(file)

    def send(self, message: Message) -> Answer:
        self._file.write(message.body.rstrip(b"\n") + b"\n")
        return Answer()


class _Anew:
    def __init__(self, whole: bool) -> None:
        self._whole = whole
        self.content = bytearray()

    def send(self, message: Message) -> Answer:
        self.content += message.body if self._whole else message.body.rstrip(b"\n") + b"\n"
        return Answer()


class FileSink:
    """A path, or file://."""

    schemes = ("file",)
    answers = False

    @contextmanager
    def open(self, target: Target) -> Iterator[Sink]:
        """Raises:
        UsageError: documents that each stand alone cannot be appended to one another.
        """
        name = unquote(urlsplit(target.url).path) if "://" in target.url else target.url
        path = Path(name).expanduser().absolute()
        if name.endswith("/") or path.is_dir():
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            yield _Folder(path, target.suffix)
        elif target.replace:
            anew = _Anew(target.whole)
            yield anew
            write_whole(path, bytes(anew.content))
        elif target.whole:
            raise UsageError(
                "each message is a document of its own, and one file cannot grow by it",
                where=target.shown,
                hint="give a directory, ending in a slash",
            )
        else:
            with _private(path, os.O_RDWR | os.O_CREAT) as file:
                yield _Growing(file)
                _durable(file)
            _sync_folder(path.parent)


def _private(path: Path, flags: int) -> BinaryIO:
    return os.fdopen(os.open(path, flags, 0o600), "r+b" if flags & os.O_RDWR else "wb")


def _cut_torn_line(file: BinaryIO) -> None:
    end = file.seek(0, os.SEEK_END)
    kept = end
    while kept:
        start = max(0, kept - 65_536)
        file.seek(start)
        place = file.read(kept - start).rfind(b"\n")
        if place >= 0:
            kept = start + place + 1
            break
        kept = start
    if kept != end:
        file.truncate(kept)
    file.seek(0, os.SEEK_END)


def _durable(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


SINK = FileSink()
