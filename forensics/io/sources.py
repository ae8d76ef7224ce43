"""From what a user typed to a list of sources."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from forensics.model.errors import InputError

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or standard input. ``uri`` is what reports and provenance say."""

    uri: str
    path: Path | None

    @property
    def size(self) -> int:
        """Bytes on disk; 0 where that cannot be known."""
        try:
            return self.path.stat().st_size if self.path else 0
        except OSError:
            return 0

    @property
    def regular(self) -> bool:
        """Whether it can be read twice: a file, not a pipe."""
        return self.path is not None and self.path.is_file()


def expand(patterns: Iterable[str]) -> tuple[Source, ...]:
    """Files, directories (recursively), globs and ``-`` to sources: sorted within each pattern, each file once.

    Names that begin with a dot or an underscore are left out of directories: they are the bookkeeping of other tools.

    Raises:
        InputError: a pattern matches nothing.
    """
    found: dict[Path | None, Source] = {}
    for pattern in patterns:
        matched = list(_expand_one(pattern))
        if not matched:
            raise InputError(f"no file matches {pattern!r}", hint="check the path; a directory is read recursively, '-' is standard input")
        for source in matched:
            found.setdefault(source.path, source)
    return tuple(found.values())


def _expand_one(pattern: str) -> Iterator[Source]:
    if pattern == STDIN:
        yield Source("stdin:", None)
        return
    path = Path(pattern).expanduser()
    if path.is_dir():
        yield from (_file(p) for p in sorted(path.rglob("*")) if p.is_file() and not _hidden(p.relative_to(path)))
    elif path.exists():
        yield _file(path)
    elif glob.has_magic(pattern):
        matches = glob.glob(str(path), recursive=True)  # noqa: PTH207 - pathlib takes no absolute patterns
        yield from (_file(p) for p in sorted(map(Path, matches)) if p.is_file())


def _file(path: Path) -> Source:
    absolute = path.absolute()
    # Names are bytes, reports are UTF-8.
    return Source(os.fsencode(absolute).decode("utf-8", "backslashreplace"), absolute)


def _hidden(relative: Path) -> bool:
    return any(part.startswith((".", "_")) for part in relative.parts)
