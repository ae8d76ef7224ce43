"""Rules from YAML: ``rules/<atlas-technique>/<rule>.yml``. The format is explained in ``docs/rule-format.md``."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeGuard

from forensics.conditions import KEYWORDS, OPERATORS, compile_condition, is_selection_name, parse, polarities
from forensics.detect.rule_file import RuleCase, RuleFile, did_you_mean, parse_file, shown
from forensics.detect.yaml_lines import Document, read
from forensics.model.atlas import TECHNIQUES, VERSION
from forensics.model.errors import UsageError
from forensics.model.feature import FeatureSpec
from forensics.model.rule import Comparison, Rule, RuleTest, Scalar, Selection

MAX_BYTES: Final = 256 * 1024
MAX_COMPARISONS: Final = 200

_KINDS: Final = {"BIGINT": "a number", "INTEGER": "a number", "DOUBLE": "a number", "VARCHAR": "text", "BOOLEAN": "a truth value"}
_OPERATORS: Final[dict[str, tuple[str, ...]]] = {"a number": tuple(OPERATORS), "text": ("eq", "neq", "in"), "a truth value": ("eq", "neq")}


@dataclass(frozen=True, slots=True)
class _Loaded:
    rule: Rule
    id_where: str


def load_rule(path: Path, specs: Sequence[FeatureSpec]) -> Rule:
    """Read the rule at ``<rules>/<atlas-technique>/<rule>.yml``; its fields must be columns of ``specs``.

    Raises:
        UsageError: the rule cannot be used; the message lists every problem with ``path:line``.
    """
    loaded, problems = _load(path, _fields(specs))
    if loaded is None:
        raise _together(problems)
    return loaded.rule


def load_rules(directory: Path, specs: Sequence[FeatureSpec]) -> tuple[Rule, ...]:
    """Every rule below ``directory``, sorted by path.

    Raises:
        UsageError: at least one rule cannot be used; the message lists every problem of every file.
    """
    rules, problems = validate_rules(directory, specs)
    if problems:
        raise _together(problems)
    return rules


def validate_rules(directory: Path, specs: Sequence[FeatureSpec]) -> tuple[tuple[Rule, ...], tuple[UsageError, ...]]:
    """The rules below ``directory`` that can be used, sorted by path, and every problem of the others."""
    if not directory.is_dir():
        return (), (UsageError("no such folder", hint="rules lie in <folder>/<atlas-technique>/<rule>.yml", where=str(directory)),)
    fields = _fields(specs)
    by_id: dict[str, _Loaded] = {}
    problems: list[UsageError] = []
    for path in sorted(p for p in directory.rglob("*") if p.suffix in (".yml", ".yaml")):
        if path.suffix != ".yml" or path.parent.parent != directory:
            place = f"{directory}/<atlas-technique>/<rule>.yml"
            problems.append(UsageError(f"a rule does not lie here, expected {place}", hint="move the file", where=f"{path}:1"))
            continue
        loaded, found = _load(path, fields)
        problems += found
        if loaded is None:
            continue
        first = by_id.setdefault(loaded.rule.uid, loaded)
        if first is not loaded:
            message = f"id {loaded.rule.uid} is also the id of {first.id_where}"
            problems.append(UsageError(message, hint="give one of the two a new random UUID", where=loaded.id_where))
    return tuple(loaded.rule for loaded in by_id.values()), tuple(problems)


def rules_sha256(rules: Sequence[Rule]) -> str:
    """Digest of all rule files, their paths and bytes; the order of ``rules`` does not matter."""
    return sha256(json.dumps(sorted((r.path, r.sha256) for r in rules)).encode()).hexdigest()


def _together(problems: Sequence[UsageError]) -> UsageError:
    if len(problems) == 1:
        return problems[0]
    lines = [f"  {p} ({p.hint})" if p.hint else f"  {p}" for p in problems]
    return UsageError("\n".join([f"{len(problems)} problems in the rules", *lines]), hint="forensics rules validate")


def _load(path: Path, fields: Mapping[str, str]) -> tuple[_Loaded | None, list[UsageError]]:
    try:
        content = _content(path)
        document = read(content.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, [UsageError("not UTF-8", hint="save the file as UTF-8", where=f"{path}:{line}")]
    except UsageError as error:
        return None, [error]
    file, problems = parse_file(document)
    if file is None:
        return None, problems
    problems = list(_problems(document, file, fields, path))
    if problems:
        return None, problems
    return _Loaded(_rule(document, file, path, content), document.where("id")), []


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", hint="check the path and its permissions", where=str(path)) from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"more than {MAX_BYTES // 1024} KiB, too large for a rule", hint="is this a rule?", where=f"{path}:1")
    return content


def _problems(document: Document, file: RuleFile, fields: Mapping[str, str], path: Path) -> Iterator[UsageError]:
    """Everything that the shape of the file does not show."""
    if not _is_uuid(file.id):
        yield UsageError(
            f"id is {shown(file.id)}, expected a UUID", hint=RuleFile.model_fields["id"].description, where=document.where("id")
        )
    yield from _tag_problems(document, file, path)
    yield from _detection_problems(document, file.detection, fields)
    if file.gain is not None:
        where = document.where("gain")
        problem = _field_problem(file.gain, fields, where)
        if problem is None and _kind(fields[file.gain]) != "a number":
            problem = UsageError(f"gain {file.gain} is {_kind(fields[file.gain])}, expected a number", hint="a count is best", where=where)
        if problem is not None:
            yield problem
    yield from _test_problems(document, file.tests, fields)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _tag_problems(document: Document, file: RuleFile, path: Path) -> Iterator[UsageError]:
    known = [f"atlas.{technique.lower()}" for technique in TECHNIQUES]
    for index, tag in enumerate(file.tags):
        if tag.lower().startswith("atlas.") and tag not in known:
            message = f"tag {shown(tag)} is not a technique of ATLAS {VERSION}"
            yield UsageError(message, hint=did_you_mean(tag.lower(), known), where=document.where("tags", index))
    techniques = _techniques(file)
    if not any(tag.lower().startswith("atlas.") for tag in file.tags):
        message = "no tag is an ATLAS technique"
        yield UsageError(message, hint="add the technique, for example atlas.aml.t0024.000", where=document.where("tags"))
    elif techniques and path.parent.name != techniques[0].lower():
        message = f"the folder is {path.parent.name!r}, but the first technique of the tags is {techniques[0]}"
        yield UsageError(message, hint=f"move the file to {techniques[0].lower()}/{path.name}", where=document.where("tags"))


def _techniques(file: RuleFile) -> tuple[str, ...]:
    named = (tag.removeprefix("atlas.").upper() for tag in file.tags if tag.startswith("atlas."))
    return tuple(dict.fromkeys(t for t in named if t in TECHNIQUES))


def _detection_problems(document: Document, detection: Mapping[str, object], fields: Mapping[str, str]) -> Iterator[UsageError]:
    problems: list[UsageError] = []
    for name, body in detection.items():
        if name == "condition":
            continue
        where = document.where("detection", name)
        if not is_selection_name(name):
            hint = f"letters, digits and underscores, no digit first, no keyword ({', '.join(sorted(KEYWORDS))})"
            problems.append(UsageError(f"{name!r} cannot name a selection", hint=hint, where=where))
        if isinstance(body, dict) and body:
            problems += (p for key, value in body.items() if (p := _comparison_problem(document, (name, key), value, fields)) is not None)
        else:
            message = f"selection {name!r} is {shown(body)}, expected a mapping of feature.column|operator: value"
            problems.append(UsageError(message, hint="for an 'or', write two selections and '1 of name_*'", where=where))
    count = sum(len(body) for body in detection.values() if isinstance(body, dict))
    if count > MAX_COMPARISONS:
        problems.append(
            UsageError(f"{count} comparisons, at most {MAX_COMPARISONS}", hint="split the rule", where=document.where("detection"))
        )
    yield from problems
    yield from _condition_problems(document, detection, compiles=not problems)


def _condition_problems(document: Document, detection: Mapping[str, object], *, compiles: bool) -> Iterator[UsageError]:
    condition, names = detection.get("condition"), [name for name in detection if name != "condition"]
    where = document.where("detection", "condition")
    if not isinstance(condition, str):
        found = "missing" if condition is None else f"{shown(condition)}, expected text"
        yield UsageError(f"detection.condition is {found}", hint="for example: condition: all of them", where=where)
        return
    try:
        node = parse(condition, names, where=where)
        if compiles:
            compile_condition(_selections(detection), condition, where=where)
    except UsageError as error:
        yield error
        return
    read_by_condition = {name for name, _ in polarities(node)}
    for name in names:
        if name not in read_by_condition:
            message = f"selection {name!r} is not part of the condition"
            yield UsageError(message, hint="use it or remove it", where=document.where("detection", name))


def _comparison_problem(document: Document, key: tuple[str, str], value: object, fields: Mapping[str, str]) -> UsageError | None:
    where = document.where("detection", *key)
    field, operator = _split(key[1])
    problem = _field_problem(field, fields, where)
    if problem is not None:
        return problem
    kind = _kind(fields[field])
    allowed = _OPERATORS.get(kind, ())
    if operator not in OPERATORS:
        return UsageError(f"unknown operator {operator!r}", hint=did_you_mean(operator, allowed), where=where)
    if operator not in allowed:
        hint = f"operators for it: {', '.join(allowed) or 'none'}"
        return UsageError(f"{field} is {kind}, which operator {operator!r} cannot compare", hint=hint, where=where)
    if (operator == "in") != isinstance(value, list) or value == []:
        wanted = "a list of values" if operator == "in" else "one value"
        return UsageError(f"{key[1]} is {shown(value)}, expected {wanted}", hint=f"{field}|in: [1, 2]", where=where)
    for operand in value if isinstance(value, list) else [value]:
        if not _fits(operand, kind):
            return UsageError(f"{key[1]} is {shown(operand)}, expected {kind}", hint=f"the column's type is {fields[field]}", where=where)
    return None


def _test_problems(document: Document, tests: Sequence[RuleCase], fields: Mapping[str, str]) -> Iterator[UsageError]:
    for fires, what in ((True, "must catch"), (False, "must leave in peace")):
        if not any(test.fires is fires for test in tests):
            message = f"no test with fires: {str(fires).lower()}"
            yield UsageError(message, hint=f"add a client that the rule {what}", where=document.where("tests"))
    for index, test in enumerate(tests):
        for field, value in test.values.items():
            where = document.where("tests", index, "values", field)
            problem = _field_problem(field, fields, where)
            if problem is not None:
                yield problem
            elif not _fits(value, _kind(fields[field])) or (isinstance(value, float) and fields[field] != "DOUBLE"):
                yield UsageError(f"{field} is {shown(value)}, expected {fields[field]}", hint="leave out what is not known", where=where)


def _field_problem(field: str, fields: Mapping[str, str], where: str) -> UsageError | None:
    if field in fields:
        return None
    feature, _, column = field.partition(".")
    siblings = [name for name in fields if name.startswith(f"{feature}.")]
    if siblings:
        return UsageError(f"feature {feature!r} has no column {column!r}", hint=did_you_mean(field, siblings), where=where)
    return UsageError(f"no feature gives {shown(field)}", hint=did_you_mean(field, tuple(fields)), where=where)


def _fields(specs: Sequence[FeatureSpec]) -> dict[str, str]:
    return {f"{spec.name}.{column.name}": column.type for spec in specs for column in spec.columns}


def _kind(column_type: str) -> str:
    return _KINDS.get(column_type, column_type)


def _fits(value: object, kind: str) -> TypeGuard[Scalar]:
    if kind == "a number":
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, {"text": str, "a truth value": bool}.get(kind, ()))


def _split(key: str) -> tuple[str, str]:
    field, bar, operator = key.partition("|")
    return field, operator if bar else "eq"


def _selections(detection: Mapping[str, object]) -> tuple[Selection, ...]:
    return tuple(
        Selection(name, tuple(_comparison(key, value) for key, value in body.items()))
        for name, body in detection.items()
        if isinstance(body, dict)
    )


def _comparison(key: str, value: Scalar | list[Scalar]) -> Comparison:
    field, operator = _split(key)
    feature, _, column = field.partition(".")
    return Comparison(feature, column, operator, tuple(value) if isinstance(value, list) else value)


def _rule(document: Document, file: RuleFile, path: Path, content: bytes) -> Rule:
    tests = tuple(
        RuleTest(
            name=test.name,
            values=tuple((field, value) for field, value in test.values.items() if isinstance(value, str | int | float | bool)),
            fires=test.fires,
            line=document.lines["tests", index],
        )
        for index, test in enumerate(file.tests)
    )
    return Rule(
        uid=file.id,
        title=file.title,
        description=file.description,
        status=file.status,
        level=file.level,
        confidence=file.confidence,
        techniques=_techniques(file),
        selections=_selections(file.detection),
        condition=str(file.detection["condition"]).strip(),
        gain=file.gain,
        falsepositives=tuple(file.falsepositives),
        triage=tuple(file.triage),
        tests=tests,
        version=file.version,
        path=f"{path.parent.name}/{path.name}",
        sha256=sha256(content).hexdigest(),
    )
