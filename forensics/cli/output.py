"""Everything that reaches the terminal. Results go to standard output, messages to standard error; log content is data."""

import csv
import io
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa

from forensics.model.errors import UsageError
from forensics.model.text import printable as printable

FORMATS = ("table", "json", "ndjson", "csv", "parquet")
MOST_EXACT = 2**53  # most readers of JSON keep numbers as doubles
# A cell that begins like this is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(text: str) -> None:
    """One line of result."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A message, line by line."""
    for part in text.splitlines() or [""]:
        sys.stderr.write(printable(part) + "\n")


def error(text: str, hint: str | None = None) -> None:
    """What went wrong, and what to do."""
    note(f"error: {text}")
    if hint:
        note(f"hint: {hint}")


def plain(value: Any) -> Any:
    """A value as JSON has it: times in ISO 8601 UTC, no NaN, hex for bytes, whole numbers that readers would round as strings."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and abs(value) > MOST_EXACT:
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def text_of(value: Any) -> str:
    """A value in one table cell."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(text_of(v) for v in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def emit(table: pa.Table, form: str) -> None:
    """Write a table to standard output.

    Raises:
        UsageError: ``form`` is none of `FORMATS`.
    """
    if form not in FORMATS:
        raise UsageError(f"no format is called {form!r}", hint=f"known are {', '.join(FORMATS)}")
    if twice := sorted({name for name in table.column_names if table.column_names.count(name) > 1}):
        raise UsageError(f"two columns are called {twice[0]!r}", hint=f'name them apart: select a."{twice[0]}" as first, ...')
    _WRITERS[form](table)


def emit_json(value: Any) -> None:
    """One JSON value, indented, keys in the given order; plain ASCII, so no terminal escape survives."""
    line(json.dumps(plain(value), indent=1))


def _table(table: pa.Table) -> None:
    grid(table.column_names, [[text_of(v) for v in row.values()] for row in table.to_pylist()])


def grid(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = (), wrap: str | None = None) -> None:
    """A table for people: to the width of the terminal, or whole where output is no terminal.

    ``right`` are numbers; ``wrap`` is the column that gives way where the terminal is narrow (all do, where none is named).
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 4096, highlight=False)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        side: Literal["left", "right"] = "right" if header in right else "left"
        shown.add_column(Text(printable(header)), justify=side, overflow="fold", no_wrap=wrap not in (None, header))
    for row in rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    with console.capture() as drawn:  # printing itself, rich would end the program with 1 when nobody reads any more
        console.print(shown)
    sys.stdout.write(drawn.get())


def _json(table: pa.Table) -> None:
    emit_json(table.to_pylist())


def _ndjson(table: pa.Table) -> None:
    for row in table.to_pylist():
        line(json.dumps(plain(row)))


def _csv(table: pa.Table) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow([_cell(plain(v)) for v in row.values()])
    sys.stdout.write(buffer.getvalue())


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        value = json.dumps(value)
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def _parquet(table: pa.Table) -> None:
    import pyarrow.parquet as pq

    if sys.stdout.isatty():
        raise UsageError("Parquet is binary", hint="redirect it: ... --format parquet > result.parquet")
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    sys.stdout.buffer.write(buffer.getvalue())


_WRITERS: dict[str, Callable[[pa.Table], None]] = {"table": _table, "json": _json, "ndjson": _ndjson, "csv": _csv, "parquet": _parquet}


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[str, int], None]]:
    """A bar on standard error that is fed (name of a part, bytes of it done); nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda name, done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total or None)
        parts: dict[str, int] = {}

        def advance(name: str, done: int) -> None:
            parts[name] = done
            bar.update(task, completed=sum(parts.values()))

        yield advance
