"""Calls into the files of a log format, by what the format says of writing."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from forensics.model.errors import UsageError

_AS = {".parquet": "format parquet", ".jsonl.gz": "format json, compression gzip", ".jsonl": "format json"}


def write_log(calls: pa.Table, writes: Mapping[str, str], path: Path) -> None:
    """Write one log file; the container is chosen by the file's suffix.

    Raises:
        UsageError: the directory cannot be written.
    """
    record = ", ".join(f'{expression} as "{key}"' for key, expression in writes.items())
    how = next(options for suffix, options in _AS.items() if path.name.endswith(suffix))
    target = str(path).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")  # the order of the groups in a file, and with it its bytes
        connection.execute("set TimeZone = 'UTC'")
        connection.register("given", calls)
        connection.execute("create temp table calls as select * replace (request::json as request, response::json as response) from given")
        try:
            connection.execute(f"copy (select {record} from calls c order by c.ts, c.call_no) to '{target}' ({how})")
        except duckdb.IOException as error:
            raise UsageError("cannot be written", where=str(path), hint="check the directory and its permissions") from error


def fresh_directory(path: Path, command: str, makes: Sequence[str]) -> Path:
    """A place for what a command ``makes``: an empty directory, or one that it made earlier, of which these names are removed.

    Raises:
        UsageError: something lies there that this command did not make.
    """
    path = path.absolute()
    marker = path / f".forensics-{command}"
    try:
        if path.exists() and (not path.is_dir() or (any(path.iterdir()) and not marker.exists())):
            raise UsageError("exists and holds something else", where=str(path), hint="choose an empty or a new directory with --out")
        path.mkdir(parents=True, exist_ok=True)
        marker.write_text(f"Made by forensics {command}, which replaces {', '.join(makes)} when it is run again.\n", encoding="utf-8")
        for name in makes:
            if (path / name).is_dir():
                shutil.rmtree(path / name)
            else:
                (path / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path), hint="choose another directory with --out") from error
    return path
