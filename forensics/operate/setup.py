"""What `forensics init` writes: the configuration, and what runs it every night on whatever runs things here."""

import json
import os
import shlex
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import forensics
from forensics.model.errors import UsageError

TEMPLATES = (
    "forensics.toml",
    "forensics-nightly.service",
    "forensics-nightly.timer",
    "forensics.cron",
    "forensics-cronjob.yaml",
    "Containerfile",
)


def init(directory: Path, store: Path, key_file: Path, sources: tuple[str, ...]) -> tuple[list[Path], list[Path]]:
    """(written, left alone because they were there).

    Raises:
        UsageError: the directory cannot be written, or a path cannot stand in these files.
    """
    directory = directory.absolute()
    values = _values(directory, store.absolute(), key_file.absolute(), tuple(str(Path(s).absolute()) for s in sources))
    written, kept = [], []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for needed in (store.absolute().parent, key_file.absolute().parent):  # or the unit could not let them be written
            needed.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in TEMPLATES:
            text = (files("forensics.operate") / "templates" / name).read_text(encoding="utf-8")
            for key, value in values.items():
                text = text.replace(f"@{key}@", value)
            try:
                descriptor = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            except FileExistsError:
                kept.append(directory / name)
                continue
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            written.append(directory / name)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(directory), hint="choose another directory") from error
    return written, kept


def _values(directory: Path, store: Path, key_file: Path, sources: tuple[str, ...]) -> dict[str, str]:
    program, config = _program(), directory / "forensics.toml"
    for path in (program, directory, store, key_file):
        if any(c in str(path) for c in "\n\r\"'\\$"):
            raise UsageError("cannot stand in a unit file", where=repr(str(path)), hint="choose a path without quotes, $ and line feeds")
    command = shlex.join([str(program), "nightly", "--store", str(store), "--config", str(config)])
    return {
        "SOURCES": json.dumps(list(sources)),  # is TOML, too
        "RECORD": json.dumps(str(store.parent / "forensics-night.json")),
        "PROGRAM": _unit(program),
        "STORE": _unit(store),
        "CONFIG": _unit(config),
        "KEY": _unit(f"FORENSICS_KEY_FILE={key_file}"),
        "ENVIRONMENT": str(directory / "forensics.env").replace("%", "%%"),
        "WRITES": " ".join(dict.fromkeys((_unit(store.parent), _unit(key_file.parent)))),
        "COMMAND": f"FORENSICS_KEY_FILE={shlex.quote(str(key_file))} {command}".replace("%", r"\%"),
        "VERSION": forensics.__version__,
    }


def _unit(value: object) -> str:
    """As systemd reads it: a percent sign is its own."""
    text = str(value).replace("%", "%%")
    return f'"{text}"' if " " in text else text


def _program() -> Path:
    beside = Path(sys.executable).with_name("forensics")
    return beside if beside.exists() else Path(shutil.which("forensics") or "/usr/local/bin/forensics")
