"""Options that several commands share, and what they stand for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from forensics.config import Config, load_config, store_directory
from forensics.engine.interface import Engine
from forensics.engine.local import LocalEngine
from forensics.model.errors import UsageError
from forensics.model.rule import LEVELS, Level
from forensics.store import Store

StoreOption = Annotated[Path | None, typer.Option("--store", metavar="DIR", help="Store directory [$FORENSICS_STORE, ./forensics-store].")]
ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration [./forensics.toml where there is one].")]
RulesOption = Annotated[Path | None, typer.Option("--rules", metavar="DIR", help="Rules directory [the rules that came with forensics].")]
FormatOption = Annotated[str, typer.Option("--format", metavar="FORMAT", help="table, json, ndjson, csv or parquet.")]
SinceOption = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Start, ISO 8601; UTC where it names no zone.")]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="End, exclusive, ISO 8601.")]
EngineOption = Annotated[str, typer.Option("--engine", help="Where partitions run: local.")]


def open_store(directory: Path | None, *, create: bool = False) -> Store:
    return Store.open(store_directory(directory), create=create)


def configuration(path: Path | None) -> Config:
    return load_config(path)


def moment(text: str | None) -> datetime | None:
    """ISO 8601 to UTC.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no ISO 8601 time", hint="for example 2026-03-02 or 2026-03-02T06:00:00Z") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def severity(name: str | None) -> Level | None:
    """Raises:
    UsageError: no severity is called that.
    """
    if name is not None and name not in LEVELS:
        raise UsageError(f"no severity is called {name!r}", hint=f"known are {', '.join(LEVELS)}")
    return next((level for level in LEVELS if level == name), None)


def engine_named(name: str) -> Engine:
    """The engine called ``name``.

    Raises:
        UsageError: there is none.
    """
    if name == "local":
        return LocalEngine()
    raise UsageError(f"no engine is called {name!r}", hint="known is: local")


def rules_directory(option: Path | None) -> Path:
    """``--rules``, else the rules inside the wheel, else those of the checkout."""
    package = Path(__file__).parents[1]
    return option or next((d for d in (package / "_rules", package.parent / "rules") if d.is_dir()), package / "_rules")
