"""A mapping file turns any JSON log into a format: canonical columns from paths, written by the user in TOML."""

import re
import tomllib
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from forensics.ingest.interface import CALL_COLUMNS, LogFormat
from forensics.model.errors import UsageError

_HINT = "fixtures/mappings/home-gateway.toml is a complete example"


class _Value(BaseModel):
    """Where one column stands: the first of ``path`` that is filled, ``regex``'s first group of it, times ``scale``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: tuple[str, ...] = Field(min_length=1)
    regex: str | None = None
    scale: float | None = None

    @field_validator("path", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("path")
    @classmethod
    def _keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            if not all(path.split(".")) or re.search(r"[\"'\\\\]", path):
                raise ValueError(f"{path!r} is no path: keys with dots between them, without quotes")
        return value

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                groups = re.compile(value).groups
            except re.error as error:
                raise ValueError(f"no regular expression: {error}") from error
            try:  # what Python takes, DuckDB (RE2) may not: it has no look-around
                with duckdb.connect() as engine:
                    engine.execute("select regexp_extract('', $1, 1)", [value]).fetchall()
            except duckdb.Error as error:
                raise ValueError(f"not a regular expression of RE2 (look-around and back-references are not): {value!r}") from error
            if groups < 1:
                raise ValueError("needs one group: the part to keep, in parentheses")
        return value


class _Mapping(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    title: str = ""
    marks: dict[str, str | bool] = Field(min_length=1)
    columns: dict[str, _Value]
    constants: dict[str, str | int | float] = Field(default_factory=dict)

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: v if isinstance(v, dict) else {"path": v} for k, v in value.items()}

    @field_validator("marks")
    @classmethod
    def _mark_paths(cls, value: dict[str, Any]) -> dict[str, Any]:
        _Value(path=tuple(value))
        return value

    @field_validator("columns", "constants")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(value) - set(CALL_COLUMNS)):
            raise ValueError(f"unknown column {unknown[0]}; known are {', '.join(CALL_COLUMNS)}")
        return value


def load_mapping(path: Path) -> LogFormat:
    """Read a mapping file.

    Raises:
        UsageError: it cannot be read, is no TOML, has unknown keys or columns, or does not say where the time stands.
    """
    try:
        text = path.read_text(encoding="utf-8")
        mapping = _Mapping.model_validate(tomllib.loads(text))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), hint=_HINT) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}", where=str(path), hint=_HINT) from error
    except ValidationError as error:
        first = error.errors()[0]
        keys = [str(part) for part in first["loc"]]
        raise UsageError(f"{'.'.join(keys)}: {first['msg']}", where=_place(path, text, keys), hint=_HINT) from error
    if "ts" not in mapping.columns:
        raise UsageError("columns.ts is missing: where does the time of a call stand?", where=str(path), hint=_HINT)
    return _as_format(mapping)


def _place(path: Path, text: str, keys: list[str]) -> str:
    """``path:line`` of the innermost key that the file spells out."""
    for key in reversed(keys):
        for number, line in enumerate(text.splitlines(), 1):
            if re.match(rf"\s*\[?\"?{re.escape(key)}\b", line):
                return f"{path}:{number}"
    return str(path)


def _as_format(mapping: _Mapping) -> LogFormat:
    shape: dict[str, Any] = {}
    for column, value in mapping.columns.items():
        for place in value.path:
            _put(shape, place.split("."), "JSON" if CALL_COLUMNS[column] == "JSON" else "VARCHAR")
    for place in mapping.marks:
        _put(shape, place.split("."), "VARCHAR")
    columns = {column: _expression(column, value) for column, value in mapping.columns.items()}
    columns |= {column: _literal(value) for column, value in mapping.constants.items()}
    marks = {place: None if value is True else str(value) for place, value in mapping.marks.items()}
    return LogFormat(name=mapping.name, title=mapping.title or mapping.name, marks=marks, shape=shape, columns=columns)


def _put(shape: dict[str, Any], keys: list[str], kind: str) -> None:
    """Add a leaf. A path into something that is read whole elsewhere would be lost, so that is refused."""
    for key in keys[:-1]:
        shape = shape.setdefault(key, {})
        if not isinstance(shape, dict):
            raise UsageError(f"{'.'.join(keys)} lies inside a path that another column takes whole", hint=_HINT)
    if isinstance(shape.get(keys[-1]), dict):
        if kind == "JSON":
            raise UsageError(f"{'.'.join(keys)} is taken whole, but another column wants a part of it", hint=_HINT)
        return  # a mark that only asks whether the object is there
    shape[keys[-1]] = kind if shape.get(keys[-1]) != "JSON" else "JSON"


def _expression(column: str, value: _Value) -> str:
    fields = ["r." + ".".join(f'"{key}"' for key in path.split(".")) for path in value.path]
    if CALL_COLUMNS[column] != "JSON":
        fields = [f"nullif({field}, '')" for field in fields]
    found = f"coalesce({', '.join(fields)})"
    if value.regex is not None:
        found = f"nullif(regexp_extract({found}, {_literal(value.regex)}, 1), '')"
    if value.scale is not None:
        found = f"try_cast({found} as double) * {value.scale!r}"
    return f"timestamp_of({found})" if column == "ts" else found


def _literal(value: str | float) -> str:
    return str(value) if not isinstance(value, str) else "'" + value.replace("'", "''") + "'"
