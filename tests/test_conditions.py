"""Conditions: grammar, errors with their column, and SQL that means what the condition says."""

from contextlib import suppress

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.conditions import And, Name, Node, Not, Or, comparison_sql, compile_condition, may_hold, parse, polarities
from forensics.model.errors import UsageError
from forensics.model.rule import Comparison, Scalar, Selection

A, B, C = Name("a"), Name("b"), Name("c")
NAMES = ("a", "b", "c", "heavy_1", "heavy_2")
HEAVY = (Name("heavy_1"), Name("heavy_2"))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a", A),
        ("  ( a )\n", A),
        ("a and b or c", Or((And((A, B)), C))),
        ("a or b and c", Or((A, And((B, C))))),
        ("not a and b", And((Not(A), B))),
        ("not (a and b)", Not(And((A, B)))),
        ("a and (b or not c)", And((A, Or((B, Not(C)))))),
        ("not not a", Not(Not(A))),
        ("1 of heavy_*", Or(HEAVY)),
        ("all of heavy_*", And(HEAVY)),
        ("1 of *_1", Name("heavy_1")),
        ("1 of a", A),
        ("1 of them", Or((A, B, C, *HEAVY))),
        ("all of them", And((A, B, C, *HEAVY))),
        ("not 1 of heavy_*", Not(Or(HEAVY))),
        ("(a)and(b)", And((A, B))),
    ],
)
def test_parse(condition: str, expected: Node) -> None:
    assert parse(condition, NAMES) == expected


@pytest.mark.parametrize(
    ("condition", "message", "hint"),
    [
        ("", "expected a selection, found the end of the condition", "selections of this rule: a, b, c, heavy_1, heavy_2"),
        ("a and", "expected a selection, found the end of the condition", "selections of this rule: a, b, c, heavy_1, heavy_2"),
        ("a b", "expected 'and' or 'or', found 'b' at column 3 of the condition", "selections of this rule: a, b, c, heavy_1, heavy_2"),
        ("a AND b", "expected 'and' or 'or', found 'AND' at column 3 of the condition", "write 'and': keywords are lower-case"),
        ("heavi_1", "unknown selection 'heavi_1' at column 1 of the condition", "did you mean 'heavy_1'?"),
        ("a or heavy_*", "unknown selection 'heavy_*' at column 6 of the condition", "a pattern follows '1 of' or 'all of': 1 of heavy_*"),
        (
            "1 of light_*",
            "no selection matches 'light_*' at column 6 of the condition",
            "selections of this rule: a, b, c, heavy_1, heavy_2",
        ),
        ("1 them", "expected 'of' after '1', found 'them' at column 3 of the condition", "for example: 1 of them"),
        ("all of (", "expected 'them' or a pattern after 'all of', found '(' at column 8 of the condition", "for example: all of them"),
        (
            "(a or b",
            "expected ')' for '(' at column 1 of the condition, found the end of the condition",
            "close the parenthesis, or join the parts with 'and' or 'or'",
        ),
        ("a)", "')' at column 2 of the condition has no '('", "remove it"),
        (
            "a and  b-c",
            "unexpected '-' at column 9 of the condition",
            "conditions are made of selection names, and, or, not, '1 of', 'all of' and parentheses",
        ),
        ("a" * 2001, "condition has 2001 characters, expected at most 2000", "split the rule"),
        (
            "(" * 30 + "a" + ")" * 30,
            "more than 20 levels of 'not' and '(' at '(' at column 21 of the condition",
            "name a selection for the inner part",
        ),
        (
            "not " * 30 + "a",
            "more than 20 levels of 'not' and '(' at 'not' at column 81 of the condition",
            "name a selection for the inner part",
        ),
        (
            " or ".join(["1 of them"] * 50),
            "the condition reads more than 200 selections once '1 of' and 'all of' are written out",
            "split the rule",
        ),
    ],
)
def test_errors(condition: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(condition, NAMES, where="rule.yml:7")
    assert (str(caught.value), caught.value.hint) == (f"rule.yml:7: {message}", hint)


@pytest.mark.parametrize("condition", ["(" * 10_000 + "a" + ")" * 10_000, "not " * 10_000 + "a", "((" * 900])
def test_hostile_nesting_is_a_clean_error(condition: str) -> None:
    with pytest.raises(UsageError):
        parse(condition, NAMES)


words = st.sampled_from([*NAMES, "and", "or", "not", "(", ")", "1", "all", "of", "them", "heavy_*", "*", "x", "ä", "-", "\n"])


@given(st.one_of(st.text(max_size=60), st.lists(words, max_size=25).map(" ".join)))
def test_nothing_but_usage_errors(condition: str) -> None:
    with suppress(UsageError):
        parse(condition, NAMES)


nodes = st.recursive(
    st.sampled_from([A, B, C]),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda n: And(tuple(n))),
        st.lists(inner, min_size=2, max_size=3).map(lambda n: Or(tuple(n))),
    ),
    max_leaves=8,
)


def written(node: Node) -> str:
    match node:
        case Name(name):
            return name
        case Not(inner):
            return f"not ({written(inner)})"
        case And(inners):
            return " and ".join(f"({written(n)})" for n in inners)
        case Or(inners):
            return " or ".join(f"({written(n)})" for n in inners)


def holds(node: Node, facts: dict[str, bool]) -> bool:
    match node:
        case Name(name):
            return facts[name]
        case Not(inner):
            return not holds(inner, facts)
        case And(inners):
            return all(holds(n, facts) for n in inners)
        case Or(inners):
            return any(holds(n, facts) for n in inners)


@settings(max_examples=60, deadline=None)
@given(nodes, st.tuples(*[st.sampled_from([True, False, None])] * 3))
def test_sql_says_what_the_condition_says(node: Node, values: tuple[bool | None, ...]) -> None:
    condition = written(node)
    assert parse(condition, "abc") == node
    selections = [Selection(name, (Comparison("f", name, "eq", True),)) for name in "abc"]
    frame = pa.table({f"f.{name}": pa.array([value], pa.bool_()) for name, value in zip("abc", values, strict=True)})
    facts = {name: value is True for name, value in zip("abc", values, strict=True)}
    assert evaluate(frame, compile_condition(selections, condition)) is holds(node, facts)


def evaluate(frame: pa.Table, sql: str) -> object:
    with duckdb.connect() as con:
        con.register("frame", frame)
        return con.sql(f"SELECT {sql} FROM frame").fetchall()[0][0]


@pytest.mark.parametrize(
    ("value", "operator", "operand", "expected"),
    [
        (5, "eq", 5, True),
        (5, "neq", 5, False),
        (5, "gt", 4.5, True),
        (5, "gte", 5.0, True),
        (5, "lt", 5, False),
        (5, "lte", 5, True),
        (5, "in", (1, 5), True),
        (5, "in", (), False),
        (None, "neq", 5, False),
        (None, "in", (1,), False),
        (0.1 + 0.2, "eq", 0.30000000000000004, True),
        (0.1 + 0.2, "eq", 0.3, False),
        (1e300, "gt", 1e299, True),
        (-2.5, "lt", -2, True),
        (2**62 + 1, "eq", 2**62 + 1, True),
        ("it's", "eq", "it's", True),
        ("x", "eq", "'; DROP TABLE frame; --", False),
        ("\\", "in", ("a", "\\"), True),
        ("x", "eq", "x' OR 'x' = 'x", False),
        (False, "eq", False, True),
        (True, "neq", False, True),
    ],
)
def test_comparison(value: Scalar | None, operator: str, operand: Scalar | tuple[Scalar, ...], expected: bool) -> None:
    column = pa.array([value], pa.int64() if value is None else None)
    frame = pa.table({'f."q" x': column})
    assert evaluate(frame, comparison_sql(Comparison("f", '"q" x', operator, operand))) is expected


@given(st.text(), st.text())
@settings(max_examples=60, deadline=None)
def test_text_operands_are_compared_and_never_run(value: str, operand: str) -> None:
    comparison = Comparison("f", "c", "eq", operand)
    if "\0" in operand:
        with pytest.raises(UsageError):
            comparison_sql(comparison)
    else:
        assert evaluate(pa.table({"f.c": [value]}), comparison_sql(comparison)) is (value == operand)


@pytest.mark.parametrize(
    ("operator", "operand", "message"),
    [
        ("contains", "x", "r.yml:1: unknown operator 'contains'"),
        ("in", 1, "r.yml:1: operator 'in' of f.c takes a list of values"),
        ("eq", (1,), "r.yml:1: operator 'eq' of f.c takes one value"),
        ("eq", float("nan"), "r.yml:1: nan cannot be compared with, expected a finite number"),
        ("eq", "\ud800", "r.yml:1: '\\ud800' has a character that no log value has (NUL or half a surrogate pair)"),
    ],
)
def test_comparison_errors(operator: str, operand: Scalar | tuple[Scalar, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        comparison_sql(Comparison("f", "c", operator, operand), where="r.yml:1")
    assert str(caught.value) == message


def test_polarities() -> None:
    assert polarities(parse("a and not (b or not c)", NAMES)) == {("a", True), ("b", False), ("c", True)}
    assert polarities(parse("a or not a", NAMES)) == {("a", True), ("a", False)}


def test_sql() -> None:
    selections = [Selection("a", (Comparison("f", "x", "gte", 0.5), Comparison("f", "y", "in", ("p", "q'")))), Selection("b", ())]
    expected = """((COALESCE("f.x" >= CAST('0.5' AS DOUBLE), FALSE) AND COALESCE("f.y" IN ('p', 'q'''), FALSE)) OR (NOT (TRUE)))"""
    assert compile_condition(selections, "a or not b") == expected


@pytest.mark.parametrize(
    ("condition", "impossible", "holds"),
    [
        ("all of them", {"a"}, False),
        ("1 of them", {"a"}, True),
        ("1 of them", {"a", "b"}, False),
        ("a and not b", {"b"}, True),
        ("a or not b", {"a", "b"}, True),
        ("a and b", set(), True),
    ],
)
def test_a_condition_may_hold_only_where_a_way_to_it_is_left(condition: str, impossible: set[str], holds: bool) -> None:
    assert may_hold(parse(condition, ["a", "b"]), impossible) is holds
