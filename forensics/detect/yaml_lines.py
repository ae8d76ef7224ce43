"""YAML that a stranger may have written: plain values only, each with the line that it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from forensics.model.errors import UsageError

MAX_DEPTH: Final = 10

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as Python values. ``lines`` has the line, from 1, of every key and list item by its path of keys and indices."""

    path: str
    value: object
    lines: Mapping[Location, int]

    def where(self, *location: str | int) -> str:
        """``path:line`` of ``location``, or of the nearest thing around it that stands in the file."""
        while location and location not in self.lines:
            location = location[:-1]
        return f"{self.path}:{self.lines.get(location, 1)}"


def read(text: str, path: str) -> Document:
    """Read one YAML document.

    Raises:
        UsageError: not YAML; or something that plain data does not need: a second document, anchors, aliases, explicit tags,
            keys that are not text, the same key twice, more than `MAX_DEPTH` levels.
    """
    loader: yaml.SafeLoader | None = None
    try:
        _refuse_what_data_does_not_need(text, path)  # first, because composing recurses
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines: dict[Location, int] = {(): 1 if node is None else node.start_mark.line + 1}
        return Document(path, None if node is None else _value(loader, node, path, (), lines), lines)
    except yaml.YAMLError as error:
        if isinstance(error, yaml.reader.ReaderError):
            problem, line = error.reason, text.count("\n", 0, error.position) + 1
        else:
            mark = getattr(error, "problem_mark", None)
            problem, line = getattr(error, "problem", None) or "unreadable", 1 if mark is None else mark.line + 1
        raise UsageError(f"not YAML: {problem}", hint="check indentation, quotes and colons", where=f"{path}:{line}") from error
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_what_data_does_not_need(text: str, path: str) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = f"{path}:{event.start_mark.line + 1 if event.start_mark else 1}"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise UsageError("YAML anchors and aliases are not allowed", hint="write the value out", where=where)
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            raise UsageError(f"YAML tag {event.tag!r} is not allowed", hint="write the plain value", where=where)
        if depth > MAX_DEPTH:
            raise UsageError(f"more than {MAX_DEPTH} levels of nesting", hint="remove brackets or indentation", where=where)
        if documents > 1:
            raise UsageError("a second YAML document", hint="one file holds one document: remove the '---'", where=where)


def _value(loader: yaml.SafeLoader, node: yaml.Node, path: str, location: Location, lines: dict[Location, int]) -> object:
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, location, lines)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, child in enumerate(node.value):
            lines[*location, index] = child.start_mark.line + 1
            items.append(_value(loader, child, path, (*location, index), lines))
        return items
    where = f"{path}:{node.start_mark.line + 1}"
    try:
        value: object = loader.construct_object(node)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{str(node.value)[:40]!r} is neither a date nor a number", hint="dates are YYYY-MM-DD; put text in quotes", where=where
        ) from error
    if isinstance(value, int) and abs(value) >= 2**63:
        raise UsageError("a number that does not fit into 64 bits", hint="put text in quotes", where=where)
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise UsageError(f"{value[:40]!r} has a NUL or half a surrogate pair", hint="no log has it: remove it", where=where)
    return value


def _mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, path: str, location: Location, lines: dict[Location, int]
) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.tag != "tag:yaml.org,2002:str":
            raise UsageError("a key that is not text", hint="put the key in quotes", where=f"{path}:{line}")
        key = str(key_node.value)
        if key in mapping:
            first = lines[*location, key]
            raise UsageError(f"key {key!r} stands here and on line {first}", hint="remove one of the two", where=f"{path}:{line}")
        lines[*location, key] = line
        mapping[key] = _value(loader, value_node, path, (*location, key), lines)
    return mapping
