"""Matching: findings and their evidence, skips, baselines, and a rule's own tests."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from statistics import median

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.detect import match as matching
from forensics.detect.match import Matches, compact, match, strength
from forensics.model.feature import FeatureColumn, FeatureSpec
from forensics.model.finding import Evidence, Finding
from forensics.model.rule import Comparison, Rule, RuleTest, Selection
from forensics.model.scan import Skipped

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
FIRST, LAST = datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 1, 4, 0, 0, 5, tzinfo=UTC)
SPECS = (
    FeatureSpec(
        "use",
        "Use",
        1,
        ("client_id", "model"),
        (),
        (
            FeatureColumn("scored", "BIGINT", "Calls that ask for scores: echo and log-probabilities"),
            FeatureColumn("share", "DOUBLE", "Share of calls that ask for log-probabilities; of all calls. More."),
            FeatureColumn("agent", "VARCHAR", "HTTP agent"),
            FeatureColumn("robot", "BOOLEAN", "Calls by the clock"),
        ),
    ),
    FeatureSpec("repeat", "Repeats", 1, ("client_id", "model"), (), (FeatureColumn("share", "DOUBLE", "share of repeats"),)),
)
RULE = Rule(
    uid="8d0f3c56-1b7e-4a52-9c64-2f5ab7e0d913",
    title="Scores its own texts",
    description="",
    status="test",
    level="medium",
    confidence=0.5,
    techniques=("AML.T0024.000",),
    selections=(
        Selection("scores", (Comparison("use", "share", "gte", 0.5), Comparison("use", "scored", "gt", 10))),
        Selection("repeats", (Comparison("repeat", "share", "gt", 0.5),)),
    ),
    condition="scores and not repeats",
    gain="use.scored",
    falsepositives=("nobody",),
    triage=("look",),
    tests=(),
    version=3,
    path="aml.t0024.000/scores.yml",
    sha256="",
)
EXAMPLES = pa.table(
    {
        "client_id": ["user:a"] * 7 + ["user:b"],
        "model": ["atlas-7b"] * 8,
        "event_id": ["e3", "e1", "e2", "e4", "e5", "e6", "e7", "e8"],
    }
)


def frame_of(*rows: dict[str, object]) -> pa.Table:
    schema = pa.schema(
        [
            ("client_id", pa.string()),
            ("model", pa.string()),
            ("first_seen", pa.timestamp("us", tz="UTC")),
            ("last_seen", pa.timestamp("us", tz="UTC")),
            ("query_count", pa.int64()),
            ("use.scored", pa.int64()),
            ("use.share", pa.float64()),
            ("use.agent", pa.string()),
            ("use.robot", pa.bool_()),
            ("repeat.share", pa.float64()),
        ]
    )
    common = {"model": "atlas-7b", "first_seen": FIRST, "last_seen": LAST, "query_count": 2000}
    return pa.Table.from_pylist([common | row for row in rows], schema=schema)


A = {"client_id": "user:a", "use.scored": 999, "use.share": 0.98, "use.agent": "bot", "use.robot": True, "repeat.share": 0.125}
B = {"client_id": "user:b", "use.scored": 1, "use.share": 0.01, "repeat.share": 0.5}
C = {"client_id": "user:c", "use.scored": 2, "use.share": 0.03, "repeat.share": 0.7}


def run(frame: pa.Table, *rules: Rule, specs: Sequence[FeatureSpec] = SPECS) -> Matches:
    return match(rules, specs, frame, EXAMPLES, START, END)


def test_a_finding() -> None:
    identity = f'["{RULE.uid}", "user:a", "atlas-7b", "2026-11-01T00:00:00+00:00", "2026-11-02T00:00:00+00:00"]'
    cited = ("e3", "e1", "e2", "e4", "e5")
    expected = Finding(
        finding_id=sha256(identity.encode()).hexdigest()[:32],
        analytic="aml.t0024.000/scores",
        analytic_version=3,
        title="Scores its own texts",
        client_id="user:a",
        model="atlas-7b",
        window_start=START,
        window_end=END,
        first_seen=FIRST,
        last_seen=LAST,
        query_count=2000,
        score=0.5 * strength(999),
        confidence=0.5,
        p_value=None,
        level="medium",
        techniques=("AML.T0024.000",),
        evidence=(
            Evidence(
                "use.share",
                0.98,
                0.02,
                "share of calls that ask for log-probabilities is 0.98; "
                "the other clients of atlas-7b have a median of 0.02 (asked: at least 0.5)",
                cited,
            ),
            Evidence(
                "use.scored",
                999.0,
                1.5,
                "calls that ask for scores: 999; the other clients of atlas-7b have a median of 1.5 (asked: more than 10)",
                cited,
            ),
            Evidence(
                "repeat.share",
                0.125,
                0.6,
                "share of repeats is 0.125; the other clients of atlas-7b have a median of 0.6 (ruled out: more than 0.5)",
                cited,
            ),
        ),
        falsepositives=("nobody",),
        triage=("look",),
    )
    assert run(frame_of(A, B, C), RULE) == Matches((expected,), ())


def test_a_client_alone_on_its_model_has_no_baseline() -> None:
    (finding,) = run(frame_of(A, B | {"model": "other"}), RULE).findings
    assert [(e.baseline, e.sentence) for e in finding.evidence] == [
        (
            None,
            "share of calls that ask for log-probabilities is 0.98; no other client of atlas-7b has a value to compare with "
            "(asked: at least 0.5)",
        ),
        (None, "calls that ask for scores: 999; no other client of atlas-7b has a value to compare with (asked: more than 10)"),
        (None, "share of repeats is 0.125; no other client of atlas-7b has a value to compare with (ruled out: more than 0.5)"),
    ]


def test_text_and_truth_values_are_evidence_without_a_baseline() -> None:
    selection = Selection("s", (Comparison("use", "agent", "eq", "bot"), Comparison("use", "robot", "eq", True)))
    rule = replace(RULE, selections=(selection,), condition="s", gain=None)
    (finding,) = run(frame_of(A, B), rule).findings
    assert finding.score == 0.25
    assert [(e.field, e.value, e.baseline, e.sentence) for e in finding.evidence] == [
        ("use.agent", None, None, 'HTTP agent: "bot"'),
        ("use.robot", 1.0, None, "calls by the clock: true"),
    ]


def test_evidence_is_what_speaks_for_the_match() -> None:
    """Comparisons that do not hold say nothing, nor do values that are unknown."""
    rule = replace(RULE, condition="1 of scores or not repeats")
    (finding,) = run(frame_of(A | {"use.share": None, "use.scored": 11}), rule).findings
    assert [e.field for e in finding.evidence] == ["use.scored", "repeat.share"]


@pytest.mark.parametrize("unknown", [None, float("nan"), float("inf")])
def test_an_unknown_value_makes_a_comparison_false_and_its_negation_true(unknown: float | None) -> None:
    assert run(frame_of(A | {"use.share": unknown}), RULE).findings == ()
    assert len(run(frame_of(A | {"repeat.share": unknown}), RULE).findings) == 1


def test_findings_are_sorted_and_do_not_depend_on_the_order_of_the_input() -> None:
    rows = [A | {"client_id": f"user:{n}", "model": f"m{n % 3}", "use.share": 0.5 + n / 100} for n in range(12)]
    rules = [replace(RULE, path=f"aml.t0024.000/{name}.yml", uid=name) for name in ("b", "a")]
    expected = run(frame_of(*rows), *rules)
    keys = [(f.analytic, f.client_id, f.model) for f in expected.findings]
    assert keys == sorted(keys)
    assert len(keys) == 24
    assert len({f.finding_id for f in expected.findings}) == 24
    shuffled = random.Random(1).sample(rows, len(rows))
    assert run(frame_of(*shuffled), *reversed(rules)) == expected


def test_the_window_is_part_of_a_findings_identity_and_its_zone_is_not() -> None:
    frame = frame_of(A)
    (here,) = match([RULE], SPECS, frame, EXAMPLES, START, END).findings
    (elsewhere,) = match([RULE], SPECS, frame, EXAMPLES, START.astimezone(None), END.astimezone(None)).findings
    (later,) = match([RULE], SPECS, frame, EXAMPLES, START, END + timedelta(days=1)).findings
    assert elsewhere == here
    assert later.finding_id != here.finding_id


def test_rules_that_do_not_run() -> None:
    frame = frame_of(A).drop_columns(["use.scored"])
    old = replace(RULE, status="deprecated", path="aml.t0024.000/old.yml")
    assert run(frame, RULE, old) == Matches(
        (),
        (
            Skipped("rule", "aml.t0024.000/old", "the rule is deprecated"),
            Skipped("rule", "aml.t0024.000/scores", "no client has a value of use.scored"),
        ),
    )
    assert run(frame_of(A), RULE, specs=SPECS[:1]).skipped == (Skipped("rule", "aml.t0024.000/scores", "no feature gives repeat.share"),)


def test_an_empty_frame() -> None:
    assert run(frame_of(), RULE) == Matches((), ())


values = st.one_of(st.none(), st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["m1", "m2"]), values), min_size=1, max_size=12))
def test_the_baseline_is_the_median_of_the_others(subjects: list[tuple[str, float | None]]) -> None:
    rule = replace(RULE, selections=(Selection("s", (Comparison("use", "scored", "eq", 1),)),), condition="s", gain="use.share")
    frame = frame_of(*({"client_id": f"c{n}", "model": m, "use.scored": 1, "use.share": v} for n, (m, v) in enumerate(subjects)))
    found = {f.client_id: {e.field: e.baseline for e in f.evidence} for f in run(frame, rule).findings}
    assert len(found) == len(subjects)
    for n, (model, value) in enumerate(subjects):
        if value is not None:
            others = [v for i, (m, v) in enumerate(subjects) if i != n and m == model and v is not None]
            assert found[f"c{n}"]["use.share"] == (pytest.approx(median(others), abs=1e-9) if others else None)


def test_strength_grows_with_the_log_of_the_gain() -> None:
    gains = [None, -5, 0, 1, 9, 999, 999_999, 1_000_000, 10**12]
    assert [round(strength(gain), 3) for gain in gains] == [0.5, 0.5, 0.5, 0.525, 0.583, 0.75, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1234567"),
        (3.0, "3"),
        (0.98765, "0.988"),
        (0.000012345, "1.23e-05"),
        (12.345, "12.3"),
        (999.7, "1000"),
        (12345.6, "12346"),
        (-0.5, "-0.5"),
        (True, "true"),
        ('a"\n', '"a\\"\\n"'),
        ("x" * 100, '"' + "x" * 77 + '..."'),
    ],
)
def test_compact(value: str | float, text: str) -> None:
    assert compact(value) == text


def test_a_rules_own_tests() -> None:
    tests = (
        RuleTest("caught", (("use.scored", 11), ("use.share", 1)), True, 10),
        RuleTest("not caught", (("use.scored", 11), ("use.share", 0.4)), True, 14),
        RuleTest("left alone", (("use.agent", "bot"),), False, 18),
        RuleTest("not left alone", (("use.scored", 11), ("use.share", 0.5), ("repeat.share", 0)), False, 22),
    )
    assert matching.test_rule(replace(RULE, tests=tests), SPECS) == [
        "aml.t0024.000/scores.yml:14: test 'not caught': expected that the rule fires, but it does not fire",
        "aml.t0024.000/scores.yml:22: test 'not left alone': expected that the rule does not fire, but it fires",
    ]
