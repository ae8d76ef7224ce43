"""Reading rules: what a good one becomes, and what is said of a bad one."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.detect import match
from forensics.detect.rules import load_rule, load_rules, rules_sha256, validate_rules
from forensics.features.interface import load_features
from forensics.model.errors import UsageError
from forensics.model.feature import FeatureColumn, FeatureSpec
from forensics.model.rule import Comparison, Rule, RuleTest, Selection

SPECS = (
    FeatureSpec(
        "score_use",
        "Scores",
        1,
        ("client_id", "model"),
        (),
        (
            FeatureColumn("echo_scored", "BIGINT", "Calls that score"),
            FeatureColumn("scored_share", "DOUBLE", "Share of calls that score"),
            FeatureColumn("top_endpoint", "VARCHAR", "Endpoint"),
            FeatureColumn("automated", "BOOLEAN", "Automated"),
            FeatureColumn("started", "TIMESTAMPTZ", "Start"),
        ),
    ),
)
TEXT = """\
title: Scores its own texts
id: 8d0f3c56-1b7e-4a52-9c64-2f5ab7e0d913
status: test
description: >-
  Asks for scores
  of its own texts.
references: [https://atlas.mitre.org]
author: someone
date: 2026-11-20
modified: 2026-11-21
tags:
  - atlas.aml.t0024.000
  - atlas.aml.t0057
  - attack.exfiltration
logsource: {product: model_api}
level: medium
confidence: 0.5
version: 2
detection:
  heavy:
    score_use.echo_scored|gte: 30
    score_use.scored_share|gt: 0.2
  known:
    score_use.top_endpoint|in: [/score, '/eval']
    score_use.automated: true
  condition: heavy and not known
gain: score_use.echo_scored
falsepositives:
  - A data team
triage:
  - Look the account up
  - Open a call
tests:
  - name: many
    values: {score_use.echo_scored: 30, score_use.scored_share: 1}
    fires: true
  - name: few
    values: {}
    fires: false
"""
RULE = Rule(
    uid="8d0f3c56-1b7e-4a52-9c64-2f5ab7e0d913",
    title="Scores its own texts",
    description="Asks for scores of its own texts.",
    status="test",
    level="medium",
    confidence=0.5,
    techniques=("AML.T0024.000", "AML.T0057"),
    selections=(
        Selection("heavy", (Comparison("score_use", "echo_scored", "gte", 30), Comparison("score_use", "scored_share", "gt", 0.2))),
        Selection(
            "known",
            (Comparison("score_use", "top_endpoint", "in", ("/score", "/eval")), Comparison("score_use", "automated", "eq", True)),
        ),
    ),
    condition="heavy and not known",
    gain="score_use.echo_scored",
    falsepositives=("A data team",),
    triage=("Look the account up", "Open a call"),
    tests=(
        RuleTest("many", (("score_use.echo_scored", 30), ("score_use.scored_share", 1)), True, 34),
        RuleTest("few", (), False, 37),
    ),
    version=2,
    path="aml.t0024.000/scored.yml",
    sha256=sha256(TEXT.encode()).hexdigest(),
)


def lay(directory: Path, content: str | bytes, name: str = "scored.yml", folder: str = "aml.t0024.000") -> Path:
    path = directory / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_rule(tmp_path: Path) -> None:
    assert load_rule(lay(tmp_path, TEXT), SPECS) == RULE
    assert load_rules(tmp_path, SPECS) == (RULE,)


def test_a_rule_saved_on_windows(tmp_path: Path) -> None:
    rule = load_rule(lay(tmp_path, b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()), SPECS)
    assert (rule.title, rule.tests) == (RULE.title, RULE.tests)


def test_optional_keys_may_be_left_out(tmp_path: Path) -> None:
    optional = ("references:", "author:", "date:", "modified:", "gain:")
    text = "".join(line for line in TEXT.splitlines(keepends=True) if not line.startswith(optional))
    assert load_rule(lay(tmp_path, text), SPECS).gain is None


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        # keys and their values
        ("modified:", "modifed:", "10: unknown key 'modifed'", "did you mean modified?"),
        ("version: 2\n", "", "1: key 'version' is missing", "version: a whole number from 1, raised with every change of the detection"),
        (
            "level: medium",
            "level: medum",
            "16: level is 'medum', expected: 'informational', 'low', 'medium', 'high' or 'critical'",
            "level: informational, low, medium, high or critical",
        ),
        (
            "confidence: 0.5",
            "confidence: 1.5",
            "17: confidence is 1.5, expected: less than or equal to 1",
            "confidence: how often a match is what it looks like, 0 to 1",
        ),
        (
            "version: 2",
            "version: '2'",
            "18: version is '2', expected: a valid integer",
            "version: a whole number from 1, raised with every change of the detection",
        ),
        ("  - A data team\n", "  []\n", "28: falsepositives is empty", "falsepositives: a list of who else does this, at least one"),
        ("product: model_api", "product: model_api, service: x", "15: unknown key 'logsource.service'", "known are product"),
        ("  - name: few", "  - name: few\n    fire: no", "38: unknown key 'tests.1.fire'", "did you mean fires?"),
        ("id: 8d0f", "id: 8D0F", "2: id is '8D0F3c56-1b7e-4a52-9c64-2f5ab7e0d913', expected a UUID", "id: a random UUID in lower case"),
        # techniques
        (
            "atlas.aml.t0057",
            "atlas.aml.t0058.9",
            "13: tag 'atlas.aml.t0058.9' is not a technique of ATLAS 5.6.0",
            "did you mean atlas.aml.t0089?",
        ),
        (
            "  - atlas.aml.t0024.000\n",
            "",
            "11: the folder is 'aml.t0024.000', but the first technique of the tags is AML.T0057",
            "move the file to aml.t0057/scored.yml",
        ),
        (
            "  - atlas.aml.t0024.000\n  - atlas.aml.t0057\n",
            "",
            "11: no tag is an ATLAS technique",
            "add the technique, for example atlas.aml.t0024.000",
        ),
        # fields, operators, operands
        (
            "score_use.scored_share|gt",
            "score_use.score_share|gt",
            "22: feature 'score_use' has no column 'score_share'",
            "did you mean score_use.scored_share?",
        ),
        (
            "score_use.scored_share|gt",
            "scoreuse.scored_share|gt",
            "22: no feature gives 'scoreuse.scored_share'",
            "did you mean score_use.scored_share?",
        ),
        ("echo_scored|gte", "echo_scored|gtr", "21: unknown operator 'gtr'", "did you mean gt?"),
        (
            "top_endpoint|in: [/score, '/eval']",
            "top_endpoint|gt: b",
            "24: score_use.top_endpoint is text, which operator 'gt' cannot compare",
            "operators for it: eq, neq, in",
        ),
        (
            "score_use.automated: true",
            "score_use.started: 2026-11-20",
            "25: score_use.started is TIMESTAMPTZ, which operator 'eq' cannot compare",
            "operators for it: none",
        ),
        ("|gte: 30", "|gte: many", "21: score_use.echo_scored|gte is 'many', expected a number", "the column's type is BIGINT"),
        ("|gte: 30", "|gte: true", "21: score_use.echo_scored|gte is True, expected a number", "the column's type is BIGINT"),
        ("|gte: 30", "|gte: .nan", "21: score_use.echo_scored|gte is nan, expected a number", "the column's type is BIGINT"),
        ("automated: true", "automated: 1", "25: score_use.automated is 1, expected a truth value", "the column's type is BOOLEAN"),
        ("[/score, '/eval']", "[/score, 5]", "24: score_use.top_endpoint|in is 5, expected text", "the column's type is VARCHAR"),
        ("|gte: 30", "|gte: [30]", "21: score_use.echo_scored|gte is [30], expected one value", "score_use.echo_scored|in: [1, 2]"),
        (
            "|in: [/score, '/eval']",
            "|in: []",
            "24: score_use.top_endpoint|in is [], expected a list of values",
            "score_use.top_endpoint|in: [1, 2]",
        ),
        (
            "gain: score_use.echo_scored",
            "gain: score_use.top_endpoint",
            "27: gain score_use.top_endpoint is text, expected a number",
            "a count is best",
        ),
        (
            "gain: score_use.echo_scored",
            "gain: score_use.echo_score",
            "27: feature 'score_use' has no column 'echo_score'",
            "did you mean score_use.echo_scored?",
        ),
        # condition
        ("not known", "not knwn", "26: unknown selection 'knwn' at column 15 of the condition", "did you mean 'known'?"),
        ("heavy and not known", "heavy", "23: selection 'known' is not part of the condition", "use it or remove it"),
        ("  condition: heavy and not known\n", "", "19: detection.condition is missing", "for example: condition: all of them"),
        (
            "    score_use.automated: true\n  condition: heavy and not known",
            "  1st:\n    score_use.automated: true\n  condition: all of them",
            "25: '1st' cannot name a selection",
            "letters, digits and underscores, no digit first, no keyword (all, and, not, of, or, them)",
        ),
        # tests
        ("fires: true", "fires: false", "33: no test with fires: true", "add a client that the rule must catch"),
        ("fires: false", "fires: true", "33: no test with fires: false", "add a client that the rule must leave in peace"),
        ("scored: 30,", "scored: 30.5,", "35: score_use.echo_scored is 30.5, expected BIGINT", "leave out what is not known"),
        ("scored: 30,", "score: 30,", "35: feature 'score_use' has no column 'echo_score'", "did you mean score_use.echo_scored?"),
        # YAML
        ("author: someone", "title: again", "8: key 'title' stands here and on line 1", "remove one of the two"),
        ("author: someone", "author: &a someone", "8: YAML anchors and aliases are not allowed", "write the value out"),
        ("author: someone", "author: !!str someone", "8: YAML tag 'tag:yaml.org,2002:str' is not allowed", "write the plain value"),
        ("author: someone", "1: someone", "8: a key that is not text", "put the key in quotes"),
        ("author: someone", "author: " + "[" * 50, "8: more than 10 levels of nesting", "remove brackets or indentation"),
        (
            "date: 2026-11-20",
            "date: 2026-13-45",
            "9: '2026-13-45' is neither a date nor a number",
            "dates are YYYY-MM-DD; put text in quotes",
        ),
        ("|gte: 30", "|gte: 0x" + "f" * 6000, "21: a number that does not fit into 64 bits", "put text in quotes"),
        ("author: someone", 'author: "\\ud800"', "8: '\\ud800' has a NUL or half a surrogate pair", "no log has it: remove it"),
        ("author: someone", "author: \x01", "8: not YAML: special characters are not allowed", "check indentation, quotes and colons"),
        ("author: someone", "author: {someone", "9: not YAML: expected ',' or '}', but got ':'", "check indentation, quotes and colons"),
        ("title:", "--- {}\n---\ntitle:", "2: a second YAML document", "one file holds one document: remove the '---'"),
    ],
)
def test_one_mistake(tmp_path: Path, old: str, new: str, message: str, hint: str) -> None:
    assert old in TEXT
    path = lay(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(UsageError) as caught:
        load_rule(path, SPECS)
    assert (str(caught.value), caught.value.hint) == (f"{path}:{message}", hint)


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("", ":1: not a rule, expected a mapping of keys", "docs/rule-format.md has an example"),
        ("- a\n", ":1: not a rule, expected a mapping of keys", "docs/rule-format.md has an example"),
        (b"title: a\nauthor: caf\xe9\n", ":2: not UTF-8", "save the file as UTF-8"),
        ("#" * 262_145, ":1: more than 256 KiB, too large for a rule", "is this a rule?"),
    ],
)
def test_not_a_rule(tmp_path: Path, content: str | bytes, message: str, hint: str) -> None:
    path = lay(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        load_rule(path, SPECS)
    assert (str(caught.value), caught.value.hint) == (f"{path}{message}", hint)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_rule(tmp_path / "x.yml", SPECS)
    assert str(caught.value) == f"{tmp_path}/x.yml: cannot be read: No such file or directory"


def test_too_many_comparisons(tmp_path: Path) -> None:
    many = "".join(f"  s{n}:\n    score_use.echo_scored: {n}\n" for n in range(201))
    path = lay(tmp_path, TEXT.replace("  condition: heavy", many + "  condition: 1 of s* or heavy"))
    _, problems = validate_rules(tmp_path, SPECS)
    assert [str(p) for p in problems] == [
        f"{path}:19: 205 comparisons, at most 200",
        f"{path}:428: the condition reads more than 200 selections once '1 of' and 'all of' are written out",
    ]


def test_all_problems_of_all_files_at_once(tmp_path: Path) -> None:
    first = lay(tmp_path, TEXT.replace("echo_scored|gte", "echo_score|gte").replace("gain: score_use", "gain: use"), "a.yml")
    second = lay(tmp_path, TEXT, "b.yml")
    third = lay(tmp_path, TEXT, "c.yml")
    fourth = lay(tmp_path, TEXT, "d.yaml")
    rules, problems = validate_rules(tmp_path, SPECS)
    assert [rule.path for rule in rules] == ["aml.t0024.000/b.yml"]
    lines = [
        f"{first}:21: feature 'score_use' has no column 'echo_score'",
        f"{first}:27: no feature gives 'use.echo_scored'",
        f"{third}:2: id {RULE.uid} is also the id of {second}:2",
        f"{fourth}:1: a rule does not lie here, expected {tmp_path}/<atlas-technique>/<rule>.yml",
    ]
    assert [str(p) for p in problems] == lines
    with pytest.raises(UsageError) as caught:
        load_rules(tmp_path, SPECS)
    assert str(caught.value).splitlines() == [
        "4 problems in the rules",
        *(f"  {line} ({problem.hint})" for line, problem in zip(lines, problems, strict=True)),
    ]


def test_a_missing_folder(tmp_path: Path) -> None:
    rules, problems = validate_rules(tmp_path / "x", SPECS)
    assert (rules, [str(p) for p in problems]) == ((), [f"{tmp_path}/x: no such folder"])


def test_rules_sha256_is_of_paths_and_bytes(tmp_path: Path) -> None:
    one = load_rule(lay(tmp_path, TEXT, "a.yml"), SPECS)
    two = load_rule(lay(tmp_path, TEXT + "\n", "b.yml"), SPECS)
    moved = load_rule(lay(tmp_path, TEXT, "c.yml"), SPECS)
    assert rules_sha256([one, two]) == rules_sha256([two, one])
    assert len({rules_sha256(rules) for rules in ([], [one], [two], [moved], [one, two])}) == 5


pieces = st.sampled_from(
    [*TEXT.splitlines(), "  - x", "    a.b|gt: 1", "? [a]", "<<: {a: 1}", "x: !!set {a}", "\t", "- - -", "a: |", "=: 1"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=30).map(lambda lines: "\n".join(lines).encode())))
def test_whatever_stands_in_a_file_is_a_rule_or_a_problem(tmp_path: Path, content: bytes) -> None:
    lay(tmp_path, content)
    rules, problems = validate_rules(tmp_path, SPECS)
    assert bool(rules) != bool(problems)


def test_the_shipped_rules_load_and_pass_their_own_tests(root: Path) -> None:
    specs = [feature.spec for feature in load_features()]
    rules = load_rules(root / "rules", specs)
    assert [failure for rule in rules for failure in match.test_rule(rule, specs)] == []
    assert "aml.t0024.000/scored_own_text.yml" in [rule.path for rule in rules]


def test_the_documented_rule_is_the_shipped_one(root: Path) -> None:
    shipped = (root / "rules" / "aml.t0024.000" / "scored_own_text.yml").read_text(encoding="utf-8")
    assert f"```yaml\n{shipped}```\n" in (root / "docs" / "rule-format.md").read_text(encoding="utf-8")
