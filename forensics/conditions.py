"""Sigma-style conditions over named selections, and their translation to SQL.

A condition says which selections of a rule must hold: ``heavy and (scored or not repeats)``, ``1 of heavy_*``,
``all of them``. ``not`` binds tighter than ``and``, ``and`` tighter than ``or``; ``*`` in a pattern stands for any characters;
``them`` is every selection.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final, NoReturn

from forensics.model.errors import UsageError
from forensics.model.rule import Comparison, Scalar, Selection

MAX_LENGTH: Final = 2_000
MAX_DEPTH: Final = 20
MAX_NAMES: Final = 200  # after `1 of` and `all of` are written out
KEYWORDS: Final = frozenset({"and", "or", "not", "of", "all", "them"})
OPERATORS: Final[dict[str, str]] = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "IN"}

_TOKEN = re.compile(r"[ \t\r\n]*([()]|[A-Za-z0-9_*]+)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Name:
    """A selection, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where ``node`` does not."""

    node: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """Holds where all of ``nodes`` do."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds where at least one of ``nodes`` does."""

    nodes: tuple["Node", ...]


Node = Name | Not | And | Or


def is_selection_name(text: str) -> bool:
    """Whether a selection may have this name: letters, digits and underscores, no digit first, no keyword."""
    return _NAME.fullmatch(text) is not None and text not in KEYWORDS


def parse(condition: str, names: Collection[str], *, where: str | None = None) -> Node:
    """Parse ``condition`` over the selections ``names``; ``1 of`` and ``all of`` come back written out.

    Args:
        condition: the text as it stands in the rule.
        names: names of the rule's selections.
        where: ``path:line`` of the condition, for errors.

    Raises:
        UsageError: the text is not a condition; the message has the column, counted from 1.
    """
    return _Parser(condition, sorted(names), where).parse()


def may_hold(node: Node, impossible: Collection[str]) -> bool:
    """Whether ``node`` can hold for anybody if the selections ``impossible`` hold for nobody."""
    if isinstance(node, Name):
        return node.name not in impossible
    if isinstance(node, Not):
        return True  # of a selection that others may fail, or that all do
    return (all if isinstance(node, And) else any)(may_hold(child, impossible) for child in node.nodes)


def polarities(node: Node, positive: bool = True) -> frozenset[tuple[str, bool]]:
    """Selections that ``node`` reads, each with whether it speaks for the match (True) or, negated, against it (False)."""
    if isinstance(node, Name):
        return frozenset({(node.name, positive)})
    if isinstance(node, Not):
        return polarities(node.node, not positive)
    return frozenset().union(*(polarities(child, positive) for child in node.nodes))


def compile_condition(selections: Sequence[Selection], condition: str, *, where: str | None = None) -> str:
    """SQL for a rule: a DuckDB expression, never null, over columns that are named ``"feature.column"``.

    A comparison with a null value is false, and so its negation is true.

    Raises:
        UsageError: the condition or an operand cannot be used.
    """
    parts = {s.name: " AND ".join(comparison_sql(c, where=where) for c in s.comparisons) or "TRUE" for s in selections}
    return _sql(parse(condition, tuple(parts), where=where), parts)


def comparison_sql(comparison: Comparison, *, where: str | None = None) -> str:
    """SQL for one comparison: true or false, false where the value is null.

    Raises:
        UsageError: the operator is unknown, or the operand cannot be written in SQL.
    """
    operator = OPERATORS.get(comparison.operator)
    if operator is None:
        raise UsageError(f"unknown operator {comparison.operator!r}", hint=f"operators: {', '.join(OPERATORS)}", where=where)
    several = isinstance(comparison.operand, tuple)
    if several != (operator == "IN"):
        wanted = "one value" if several else "a list of values"
        raise UsageError(f"operator {comparison.operator!r} of {comparison.field} takes {wanted}", where=where)
    if isinstance(comparison.operand, tuple):
        if not comparison.operand:
            return "FALSE"
        operand = f"({', '.join(_literal(value, where) for value in comparison.operand)})"
    else:
        operand = _literal(comparison.operand, where)
    return f"COALESCE({identifier(comparison.field)} {operator} {operand}, FALSE)"


def identifier(name: str) -> str:
    """``name`` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Scalar, where: str | None) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UsageError(f"{value} cannot be compared with, expected a finite number", where=where)
        return f"CAST('{value!r}' AS DOUBLE)"  # a bare 0.1 would be a DECIMAL
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise UsageError(f"{value!r} has a character that no log value has (NUL or half a surrogate pair)", where=where)
    return "'" + value.replace("'", "''") + "'"


def _sql(node: Node, parts: Mapping[str, str]) -> str:
    if isinstance(node, Name):
        return f"({parts[node.name]})"
    if isinstance(node, Not):
        return f"(NOT {_sql(node.node, parts)})"
    word = " AND " if isinstance(node, And) else " OR "
    return f"({word.join(_sql(child, parts) for child in node.nodes)})"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    column: int


class _Parser:
    """Recursive descent; each method reads one level of binding and leaves ``self.at`` behind it."""

    def __init__(self, condition: str, names: Sequence[str], where: str | None) -> None:
        self.condition = condition
        self.names = names
        self.where = where
        self.tokens: tuple[_Token, ...] = ()
        self.at = 0
        self.depth = 0
        self.count = 0

    def parse(self) -> Node:
        if len(self.condition) > MAX_LENGTH:
            self._fail(f"condition has {len(self.condition)} characters, expected at most {MAX_LENGTH}", "split the rule")
        self.tokens = tuple(self._tokenise())
        node = self._or()
        if self._peek() == ")":
            self._fail(f"{self._here()} has no '('", "remove it")
        if self._peek():
            self._fail(f"expected 'and' or 'or', found {self._here()}", self._suggest(self._peek(), ("and", "or")))
        return node

    def _tokenise(self) -> Iterator[_Token]:
        position, text = 0, self.condition.rstrip(" \t\r\n")
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                column = len(text) - len(text[position:].lstrip(" \t\r\n")) + 1
                self._fail(
                    f"unexpected {text[column - 1]!r} at column {column} of the condition",
                    "conditions are made of selection names, and, or, not, '1 of', 'all of' and parentheses",
                )
            yield _Token(match[1], match.start(1) + 1)
            position = match.end()

    def _or(self) -> Node:
        nodes = [self._and()]
        while self._accept("or"):
            nodes.append(self._and())
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _and(self) -> Node:
        nodes = [self._term()]
        while self._accept("and"):
            nodes.append(self._term())
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _term(self) -> Node:
        if self._peek() in ("not", "("):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self._fail(f"more than {MAX_DEPTH} levels of 'not' and '(' at {self._here()}", "name a selection for the inner part")
            node = self._negated_or_grouped()
            self.depth -= 1
            return node
        if self._peek() in ("1", "all"):
            return self._quantified()
        return self._name()

    def _negated_or_grouped(self) -> Node:
        if self._accept("not"):
            return Not(self._term())
        opened = self._here()
        self._accept("(")
        node = self._or()
        if not self._accept(")"):
            self._fail(f"expected ')' for {opened}, found {self._here()}", "close the parenthesis, or join the parts with 'and' or 'or'")
        return node

    def _quantified(self) -> Node:
        quantifier = self._peek()
        self.at += 1
        if not self._accept("of"):
            self._fail(f"expected 'of' after {quantifier!r}, found {self._here()}", f"for example: {quantifier} of them")
        pattern, here = self._peek(), self._here()
        if pattern in ("", "(", ")") or pattern in KEYWORDS - {"them"}:
            self._fail(f"expected 'them' or a pattern after '{quantifier} of', found {here}", f"for example: {quantifier} of them")
        self.at += 1
        found = [n for n in self.names if pattern == "them" or fnmatchcase(n, pattern)]
        if not found:
            self._fail(f"no selection matches {here}", self._selections())
        nodes = tuple(self._counted(name) for name in found)
        if len(nodes) == 1:
            return nodes[0]
        return Or(nodes) if quantifier == "1" else And(nodes)

    def _name(self) -> Node:
        name, here = self._peek(), self._here()
        if name in ("", ")") or name in KEYWORDS:
            self._fail(f"expected a selection, found {here}", self._selections())
        if name not in self.names:
            self._fail(f"unknown selection {here}", self._suggest(name, self.names))
        self.at += 1
        return self._counted(name)

    def _counted(self, name: str) -> Name:
        self.count += 1
        if self.count > MAX_NAMES:
            self._fail(f"the condition reads more than {MAX_NAMES} selections once '1 of' and 'all of' are written out", "split the rule")
        return Name(name)

    def _peek(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def _accept(self, text: str) -> bool:
        if self._peek() != text:
            return False
        self.at += 1
        return True

    def _here(self) -> str:
        if self.at == len(self.tokens):
            return "the end of the condition"
        token = self.tokens[self.at]
        return f"{_shortened(token.text)!r} at column {token.column} of the condition"

    def _suggest(self, word: str, known: Sequence[str]) -> str:
        if word in ("AND", "OR", "NOT", "OF", "ALL", "THEM"):
            return f"write {word.lower()!r}: keywords are lower-case"
        if "*" in word:
            return f"a pattern follows '1 of' or 'all of': 1 of {_shortened(word)}"
        close = get_close_matches(word, known, n=1)
        return f"did you mean {close[0]!r}?" if close else self._selections()

    def _selections(self) -> str:
        return f"selections of this rule: {', '.join(self.names[:10]) or 'none'}"

    def _fail(self, message: str, hint: str) -> NoReturn:
        raise UsageError(message, hint=hint, where=self.where)


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
