"""Findings to drafts, and the order of the queue."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.incidents.correlate import correlate, risk_score
from forensics.incidents.rank import rank
from forensics.model.finding import Evidence, Finding
from forensics.model.incident import Incident
from forensics.model.rule import Level

WINDOW = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
FINDING = Finding(
    finding_id="f1",
    analytic="aml.t0024.000/scores",
    analytic_version=1,
    title="Scores its own texts",
    client_id="user:c_1",
    model="atlas-7b",
    window_start=WINDOW[0],
    window_end=WINDOW[1],
    first_seen=datetime(2026, 11, 1, 3, tzinfo=UTC),
    last_seen=datetime(2026, 11, 1, 4, 0, 0, 5, tzinfo=UTC),
    query_count=412,
    score=0.5,
    confidence=0.6,
    p_value=None,
    level="medium",
    techniques=("AML.T0024.000",),
    evidence=(Evidence("a.b", 0.9, 0.1, "share of a is 0.9; the other clients of atlas-7b have a median of 0.1"),),
)
OTHER = replace(
    FINDING,
    finding_id="f2",
    analytic="aml.t0024.002/sweep",
    title="Sweeps",
    first_seen=datetime(2026, 11, 1, 2, tzinfo=UTC),
    last_seen=datetime(2026, 11, 1, 3, tzinfo=UTC),
    query_count=400,
    score=0.25,
    confidence=0.9,
    level="high",
    techniques=("AML.T0024.002", "AML.T0040"),
    evidence=(),
)
RATE = 0.05


def test_one_client_and_model_is_one_draft() -> None:
    assert correlate([OTHER, FINDING], RATE) == (
        Incident(
            incident_id="",
            revision=0,
            risk_score=58.75,
            severity="high",
            confidence=0.9,
            q_value=None,
            title="Scores its own texts: user:c_1 on atlas-7b",
            summary=(
                "user:c_1 sent 412 queries to atlas-7b between 2026-11-01T02:00:00Z and 2026-11-01T04:00:00Z: "
                "scores its own texts (share of a is 0.9; the other clients of atlas-7b have a median of 0.1). Also: sweeps."
            ),
            tactic="AML.TA0010",
            techniques=("AML.T0024.000", "AML.T0024.002", "AML.T0040"),
            clients=("user:c_1",),
            associated_clients=(),
            models=("atlas-7b",),
            first_seen=datetime(2026, 11, 1, 2, tzinfo=UTC),
            last_seen=datetime(2026, 11, 1, 4, 0, 0, 5, tzinfo=UTC),
            query_count=412,
            status="new",
            verdict="undetermined",
            analytics=("aml.t0024.000/scores", "aml.t0024.002/sweep"),
            findings=(FINDING, OTHER),
        ),
    )


def test_another_client_or_model_is_another_draft_another_tactic_is_not() -> None:
    elsewhere = [
        replace(FINDING, finding_id="f3", client_id="user:c_0"),
        replace(FINDING, finding_id="f4", model="zeus"),
        replace(FINDING, finding_id="f5", techniques=("AML.T0043.001", "AML.T0024.000")),
        replace(FINDING, finding_id="f6", techniques=()),
    ]
    drafts = correlate([FINDING, *elsewhere], RATE)
    assert [(d.clients, d.models, d.tactic) for d in drafts] == [
        (("user:c_0",), ("atlas-7b",), "AML.TA0010"),
        (("user:c_1",), ("atlas-7b",), "AML.TA0010"),
        (("user:c_1",), ("zeus",), "AML.TA0010"),
    ]


def test_the_summary_without_evidence_names_the_finding() -> None:
    (draft,) = correlate([replace(OTHER, query_count=1)], RATE)
    assert draft.summary == "user:c_1 sent 1 query to atlas-7b between 2026-11-01T02:00:00Z and 2026-11-01T03:00:00Z: sweeps."


SUBJECT = (FINDING.client_id, FINDING.model)


@pytest.mark.parametrize(("q_value", "severity"), [(0.01, "high"), (0.05, "high"), (0.06, "low")])
def test_above_the_configured_rate_severity_is_low_at_most(q_value: float, severity: Level) -> None:
    (draft,) = correlate([replace(FINDING, p_value=0.001), replace(OTHER, p_value=0.1)], RATE, {SUBJECT: q_value})
    assert (draft.severity, draft.q_value) == (severity, q_value)


@pytest.mark.parametrize(("q_value", "severity"), [(0.01, "high"), (0.06, "medium")])
@pytest.mark.parametrize("rule", [0, 1])
def test_a_rule_keeps_its_level_beside_what_rests_on_a_p_value(rule: int, q_value: float, severity: Level) -> None:
    findings = [replace(FINDING, p_value=None, level="medium"), replace(OTHER, p_value=0.001, level="high")]
    (draft,) = correlate(findings[::-1] if rule else findings, RATE, {SUBJECT: q_value})
    assert (draft.severity, draft.q_value) == (severity, q_value)
    (draft,) = correlate([replace(FINDING, level="informational"), findings[1]], RATE, {SUBJECT: q_value})
    assert draft.severity == ("high" if q_value <= RATE else "low"), "a weak rule takes nothing away"


def test_informational_stays_informational_above_the_rate() -> None:
    (draft,) = correlate([replace(FINDING, p_value=0.5, level="informational")], RATE, {SUBJECT: 0.9})
    assert draft.severity == "informational"


def test_a_rule_alone_has_no_q_value_whatever_others_found_of_the_client() -> None:
    (draft,) = correlate([FINDING], RATE, {SUBJECT: 0.9})
    assert (draft.severity, draft.q_value) == (FINDING.level, None)


def test_of_a_group_of_evidence_only_the_strongest_counts() -> None:
    legs = [replace(FINDING, finding_id=f"f{n}", analytic=f"invariants/{n}", group="steps", score=0.5) for n in range(3)]
    assert risk_score(legs) == risk_score(legs[:1]) == 50.0
    assert risk_score([*legs, replace(legs[0], analytic="other", group="answers")]) == pytest.approx(67.5)


def test_a_p_value_needs_a_q_value() -> None:
    with pytest.raises(KeyError):
        correlate([replace(FINDING, p_value=0.5)], RATE)


def test_risk_counts_an_analytic_once_and_a_second_one_less() -> None:
    again = replace(FINDING, finding_id="f9", score=0.25)
    assert risk_score([FINDING, again]) == risk_score([again, FINDING]) == 50.0
    assert risk_score([FINDING, OTHER]) == risk_score([OTHER, FINDING]) == pytest.approx(58.75)  # 1 - (1 - 0.5) * (1 - 0.25 * 0.7)
    assert risk_score([replace(FINDING, score=1.0), OTHER]) == 100.0


findings = st.lists(
    st.builds(
        replace,
        st.sampled_from([FINDING, OTHER]),
        client_id=st.sampled_from(["user:a", "user:b"]),
        model=st.sampled_from(["m1", "m2"]),
        analytic=st.sampled_from(["x", "y", "z"]),
        score=st.floats(0, 1),
        confidence=st.floats(0, 1),
        level=st.sampled_from(["low", "high"]),
    ),
    max_size=12,
).map(lambda found: [replace(f, finding_id=f"f{n:02}") for n, f in enumerate(found)])


@given(findings, st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter(found: list[Finding], rng: random.Random) -> None:
    drafts = correlate(found, RATE)
    assert correlate(rng.sample(found, len(found)), RATE) == drafts
    assert sorted(f.finding_id for d in drafts for f in d.findings) == [f.finding_id for f in found]
    assert all(0.0 <= d.risk_score <= 100.0 and math.isfinite(d.risk_score) for d in drafts)


def ranked(*incidents: Incident) -> Sequence[str]:
    return [i.incident_id for i in rank(incidents)]


def test_rank() -> None:
    (draft,) = correlate([FINDING], RATE)
    risky = replace(draft, incident_id="E", risk_score=90.0, severity="low")
    severe = replace(draft, incident_id="D", severity="critical")
    early = replace(draft, incident_id="C", first_seen=datetime(2026, 10, 1, tzinfo=UTC))
    plain = replace(draft, incident_id="A")
    twin = replace(draft, incident_id="B")
    assert ranked(twin, plain, early, severe, risky) == ["E", "D", "C", "A", "B"]
    assert ranked(risky, severe, early, plain, twin) == ["E", "D", "C", "A", "B"]
