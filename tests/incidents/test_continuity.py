"""Incidents keep their ids: continue, merge, split, stay."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from forensics.incidents.continuity import carry
from forensics.model.incident import Incident


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


DRAFT = Incident(
    incident_id="",
    revision=0,
    risk_score=50.0,
    severity="medium",
    confidence=0.5,
    q_value=None,
    title="t",
    summary="s",
    tactic="AML.TA0010",
    techniques=("AML.T0024.000",),
    clients=("user:a",),
    associated_clients=(),
    models=("atlas-7b",),
    first_seen=day(10),
    last_seen=day(11),
    query_count=10,
    status="new",
    verdict="undetermined",
    analytics=("x",),
    findings=(),
)


def draft(clients: str, first_seen: int = 10) -> Incident:
    """A draft over one client per letter."""
    return replace(DRAFT, clients=tuple(f"user:{c}" for c in clients), first_seen=day(first_seen))


def known(incident_id: str, clients: str, first_seen: int = 10) -> Incident:
    return replace(draft(clients, first_seen), incident_id=incident_id, revision=1)


def test_a_new_incident() -> None:
    name = '["AML.TA0010", ["atlas-7b"], ["user:a"], "2026-11-10T00:00:00+00:00"]'
    incident_id = f"INC-{sha256(name.encode()).hexdigest()[:12]}"
    assert carry([DRAFT], []) == (replace(DRAFT, incident_id=incident_id, revision=1),)


def test_the_same_again_changes_nothing() -> None:
    (first,) = carry([DRAFT], [])
    judged = replace(first, status="closed", verdict="true_positive", revision=4)
    assert carry([DRAFT], [judged]) == (judged,)


def test_what_is_new_raises_the_revision_and_keeps_the_judgement() -> None:
    prior = replace(known("INC-1", "a", 5), status="open", verdict="true_positive", revision=4)
    now = replace(draft("a", 10), risk_score=60.0, query_count=20)
    assert carry([now], [prior]) == (
        replace(now, incident_id="INC-1", revision=5, first_seen=day(5), status="open", verdict="true_positive"),
    )


def test_a_rescan_of_an_older_window_does_not_shorten_an_incident() -> None:
    prior = replace(known("INC-1", "a", 5), last_seen=day(20))
    assert carry([draft("a", 10)], [prior]) == (prior,)


def test_what_nothing_continues_comes_back_as_it_is() -> None:
    prior = (known("INC-1", "b"), replace(known("INC-2", "a"), models=("zeus",)))
    carried = carry([DRAFT], prior)
    assert [i for i in carried if i in prior] == list(prior)
    assert len(carried) == 3


def test_another_tactic_of_the_same_client_is_the_same_incident() -> None:
    (now,) = carry([DRAFT], [replace(known("INC-3", "a"), tactic="AML.TA0001")])
    assert now.incident_id == "INC-3"


def test_half_the_clients_are_enough_and_less_is_not() -> None:
    assert [i.incident_id for i in carry([draft("abcd")], [known("INC-1", "ab")])] == ["INC-1"]
    assert len(carry([draft("abcde")], [known("INC-1", "ab")])) == 2


def test_a_draft_continues_the_greatest_overlap() -> None:
    one, two = known("INC-1", "abc"), known("INC-2", "ab")
    found = {i.clients: i.incident_id for i in carry([draft("ab", 9), draft("abc", 9)], [one, two])}
    assert found == {draft("ab").clients: "INC-2", draft("abc").clients: "INC-1"}


def test_a_merge_keeps_the_oldest_id() -> None:
    old, young = known("INC-9", "ab", 3), known("INC-1", "acde", 4)
    assert carry([draft("abcd", 10)], [old, young]) == (
        replace(young, merged_into="INC-9", revision=2),
        replace(draft("abcd", 3), incident_id="INC-9", revision=2),
    )


def test_a_merged_incident_is_not_continued() -> None:
    merged = replace(known("INC-1", "a"), merged_into="INC-2")
    survivor = known("INC-2", "a", 5)
    assert [(i.incident_id, i.revision, i.merged_into) for i in carry([DRAFT], [merged, survivor])] == [
        ("INC-1", 1, "INC-2"),
        ("INC-2", 1, None),
    ]


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    carried = carry([draft("ab"), draft("cde")], [known("INC-1", "abcde")])
    found = {i.clients: i.incident_id for i in carried}
    assert found[draft("cde").clients] == "INC-1"
    assert len(set(found.values())) == 2


def test_a_split_into_equal_parts_is_settled_by_content() -> None:
    parts = [draft("ab"), draft("cd")]
    assert carry(parts, [known("INC-1", "abcd")]) == carry(parts[::-1], [known("INC-1", "abcd")])


def test_an_id_that_is_taken_is_never_given_twice() -> None:
    (first,) = carry([DRAFT], [])
    taken = replace(first, merged_into="INC-0")
    carried = carry([DRAFT], [taken])
    assert len({i.incident_id for i in carried}) == 2
    assert taken in carried
    assert carry([DRAFT], [taken]) == carried


clients = st.sets(st.sampled_from("abcdef"), min_size=1, max_size=5).map(lambda found: "".join(sorted(found)))
drafts = st.lists(
    st.builds(
        lambda who, when, risk, model: replace(draft(who, when), risk_score=risk, models=(model,)),
        clients,
        st.integers(8, 12),
        st.sampled_from([10.0, 20.0]),
        st.sampled_from(["m1", "m1", "m2"]),
    ),
    max_size=6,
)


@given(drafts, drafts, drafts, st.randoms(use_true_random=False))
def test_over_many_scans(one: list[Incident], two: list[Incident], three: list[Incident], rng: random.Random) -> None:
    carried = carry(one, [])
    for night in (two, three):
        prior = carried
        carried = carry(night, prior)
        before, after = {i.incident_id: i for i in prior}, {i.incident_id: i for i in carried}
        assert [i.incident_id for i in carried] == sorted(after)
        assert before.keys() <= after.keys()
        assert carry(rng.sample(night, len(night)), rng.sample(prior, len(prior))) == carried
        for incident_id, was in before.items():
            now = after[incident_id]
            assert now.revision - was.revision == (replace(now, revision=0) != replace(was, revision=0))
            assert now.models == was.models
            assert now.merged_into is None or after[now.merged_into].first_seen <= now.first_seen
        assert len(after) - len(before) <= len(night)
        assert all(i.incident_id.startswith("INC-") and len(i.incident_id) == 16 for i in carried)


@given(drafts)
def test_a_second_scan_of_the_same_window_changes_nothing(found: list[Incident]) -> None:
    unique = list({(i.models, i.clients): i for i in found}.values())
    first = carry(unique, [])
    assert carry(unique, first) == first
