"""The format is found by content, with a reason; what is ambiguous is said, not guessed."""

import pytest

from forensics.ingest.interface import LogFormat
from forensics.ingest.recognise import builtin_formats, recognise

ALPHA = LogFormat(name="alpha", title="", marks={"a": None}, shape={"a": "VARCHAR"}, columns={"ts": "r.a"})
BETA = LogFormat(name="beta", title="", marks={"b.c": "yes"}, shape={"b": {"c": "VARCHAR"}}, columns={"ts": "r.b.c"})


def test_marks_decide_and_the_reason_names_them() -> None:
    found = recognise([{"a": 1}] * 19 + [{"z": 1}], [ALPHA, BETA])
    assert (found.format, found.reason) == (ALPHA, "19 of 20 sampled records have a")


def test_a_mark_may_ask_for_a_value() -> None:
    assert recognise([{"b": {"c": "yes"}}], [ALPHA, BETA]).format is BETA
    assert recognise([{"b": {"c": "no"}}], [ALPHA, BETA]).format is None
    assert recognise([{"b": "yes"}], [ALPHA, BETA]).format is None


def test_ambiguity_lists_the_candidates() -> None:
    found = recognise([{"a": 1, "b": {"c": "yes"}}], [ALPHA, BETA])
    assert (found.format, found.reason) == (None, "ambiguous: alpha and beta fit; choose with --format")


def test_the_users_mapping_wins() -> None:
    assert recognise([{"a": 1, "b": {"c": "yes"}}], [ALPHA], preferred=BETA).format is BETA
    assert recognise([{"a": 1}], [ALPHA], preferred=BETA).format is ALPHA


def test_hostile_keys_do_not_reach_the_terminal() -> None:
    reason = recognise([{"\x1b[2Jkey": 1, "k" * 500: 1}], [ALPHA]).reason
    assert "\x1b" not in reason
    assert len(reason) < 250


def test_builtin_formats_have_distinct_names() -> None:
    names = [f.name for f in builtin_formats()]
    assert names == sorted(set(names)) == ["bedrock", "databricks", "litellm"]


def test_a_format_cannot_fill_a_column_that_does_not_exist() -> None:
    with pytest.raises(TypeError, match=r"format x: unknown columns \['speed'\]"):
        LogFormat(name="x", title="", marks={}, shape={}, columns={"speed": "1"})
