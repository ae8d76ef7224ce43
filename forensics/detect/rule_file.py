"""The shape of a rule file: its keys, and what to say where they are wrong."""

import datetime
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from forensics.detect.yaml_lines import Document
from forensics.model.errors import UsageError
from forensics.model.rule import Level

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Logsource(_Strict):
    product: Literal["model_api"]


class RuleCase(_Strict):
    """One embedded test."""

    name: _Line
    values: dict[str, object]
    fires: bool


class RuleFile(_Strict):
    """The keys of a rule file; the descriptions are the hints of its errors."""

    title: _Line = Field(description="title: one line, 1 to 256 characters")
    id: str = Field(description="id: a random UUID in lower case")
    status: Literal["experimental", "test", "stable", "deprecated"] = Field(description="status: experimental, test, stable or deprecated")
    description: _Text = Field(description="description: what the rule sees, and why that is suspicious")
    references: list[_Line] = Field(default=[], description="references: a list of addresses")
    author: _Line | None = Field(default=None, description="author: one line")
    date: datetime.date | None = Field(default=None, description="date: YYYY-MM-DD, without quotes")
    modified: datetime.date | None = Field(default=None, description="modified: YYYY-MM-DD, without quotes")
    tags: list[_Line] = Field(min_length=1, description="tags: a list with at least one ATLAS technique, for example atlas.aml.t0024.000")
    logsource: _Logsource = Field(description="logsource: {product: model_api}")
    level: Level = Field(description="level: informational, low, medium, high or critical")
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False, description="confidence: how often a match is what it looks like, 0 to 1")
    version: int = Field(ge=1, description="version: a whole number from 1, raised with every change of the detection")
    detection: dict[str, object] = Field(description="detection: named selections and a condition")
    gain: str | None = Field(default=None, description="gain: the feature.column that counts what the prober has gained")
    falsepositives: list[_Text] = Field(min_length=1, description="falsepositives: a list of who else does this, at least one")
    triage: list[_Text] = Field(min_length=1, description="triage: a list of steps for the analyst, at least one")
    tests: list[RuleCase] = Field(description="tests: a list of {name, values, fires}, at least one that fires and one that does not")


def parse_file(document: Document) -> tuple[RuleFile | None, list[UsageError]]:
    """The file's keys and values, or everything that is wrong with them."""
    try:
        return RuleFile.model_validate(document.value), []
    except ValidationError as error:
        return None, [_problem(document, e) for e in error.errors(include_url=False)]


def _problem(document: Document, error: ErrorDetails) -> UsageError:
    location = error["loc"]
    where = document.where(*location)
    if not location:
        return UsageError("not a rule, expected a mapping of keys", hint="docs/rule-format.md has an example", where=where)
    known: dict[str, tuple[str, ...]] = {"logsource": tuple(_Logsource.model_fields), "tests": tuple(RuleCase.model_fields)}
    keys = known.get(str(location[0]), ()) if len(location) > 1 else tuple(RuleFile.model_fields)
    field = RuleFile.model_fields.get(str(location[0]))
    hint = field.description if field else None
    name = shown(".".join(str(part) for part in location))[1:-1]
    if error["type"] == "extra_forbidden":
        return UsageError(f"unknown key '{name}'", hint=did_you_mean(str(location[-1]), keys), where=where)
    if error["type"] == "missing":
        return UsageError(f"key '{name}' is missing", hint=hint, where=where)
    if error["type"] == "too_short":
        return UsageError(f"{name} is empty", hint=hint, where=where)
    expected = error["msg"].removeprefix("Input should be ").removeprefix("String should ")
    return UsageError(f"{name} is {shown(error['input'])}, expected: {expected}", hint=hint, where=where)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}"


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
