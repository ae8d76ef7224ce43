"""What waits: dates for their scan, revisions for their receivers."""

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

import pytest
from store_batches import START, Call, batch, scan

from forensics.model.errors import LockedError
from forensics.model.finding import Evidence, Finding
from forensics.model.incident import Incident
from forensics.model.rule import Level
from forensics.store import Outbox, Store

GRAVE = ("high", "critical")
DAY = timedelta(days=1)
NOTHING: MappingProxyType[str, str] = MappingProxyType({})


def call(native: str, days: float = 0.0) -> Call:
    return Call(native=native, ts=START + days * DAY)


def test_dates_wait_until_a_scan_has_seen_all_their_new_calls(store: Store) -> None:
    first = START.date()
    with store.writing():
        store.append(batch([call("a"), call("b", 1), call("c", 1.5)]))
        assert store.fresh_dates() == (first, first + DAY)
        store.publish_scan(scan(hours=24), {})  # from START on: not all of the second date
        assert store.fresh_dates() == (first + DAY,)
        store.append(batch([call("a"), call("b", 1)]))  # known
        store.publish_scan(scan(hours=72), {})
        assert store.fresh_dates() == ()
        store.append(batch([call("late")]))
        assert store.fresh_dates() == (first,)
        store.publish_scan(scan(hours=72), {})
        store.compact(min_parts=2)
        assert store.fresh_dates() == ()  # other files, no other calls


def test_a_lock_that_is_held_is_not_taken_again_by_who_holds_it(store: Store) -> None:
    with store.writing():
        with store.writing():
            store.append(batch([call("a")]))
        store.append(batch([call("b")]))
        with pytest.raises(LockedError), Store.open(store.root).writing():
            pass
    with Store.open(store.root).writing():
        pass


def test_runs_tell_whether_the_one_before_left_something_to_do(store: Store) -> None:
    with store.writing():
        for record, resumed in (
            (None, False),
            ('{"exit_code": 0}', True),
            ('{"exit_code": 4}', False),
            ('{"exit_code": 3}', True),
            ("", False),
        ):
            run, found = store.begin_run()
            assert found is resumed
            if record:
                store.finish_run(run, record)
    assert store.last_run() == ""


# --- revisions


def incident(number: int, revision: int = 1, severity: Level = "high", **changes: object) -> Incident:
    finding = Finding(
        finding_id=f"F{number}", analytic="a/b", analytic_version=1, title="t", client_id="user:ada", model="m", window_start=START,
        window_end=START + DAY, first_seen=START, last_seen=START, query_count=1, score=0.5, confidence=0.5, p_value=None, level="high",
        techniques=("AML.T0024",), evidence=(Evidence("f", 1.5, None, 'says "\u202e\n"', ("e1",)),), falsepositives=("x",), triage=("y",),
    )  # fmt: skip
    made = Incident(
        incident_id=f"INC-{number}", revision=revision, risk_score=1 / 3, severity=severity, confidence=0.5, q_value=None, title="t",
        summary="s", tactic="", techniques=(), clients=("user:ada",), associated_clients=(), models=("m",), first_seen=START,
        last_seen=START + timedelta(microseconds=1), query_count=1, status="new", verdict="undetermined", analytics=("a/b",),
        findings=(finding,),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def publish(store: Store, *incidents: Incident) -> None:
    store.publish_scan(scan(), {}, None, incidents)


def waiting(outbox: Outbox, limit: int = 100) -> list[tuple[str, str]]:
    outbox.queue(GRAVE)
    return [(r.key, r.action) for r in outbox.waiting(limit)]


def test_an_incident_comes_back_as_it_was(store: Store) -> None:
    with store.writing():
        publish(store, incident(1))
        publish(store, incident(1))  # nothing new
        outbox = store.outbox("siem")
        outbox.queue(GRAVE)
        (revision,) = outbox.waiting(10)
    assert revision.incident == incident(1)
    assert store.revisions() == {"INC-1": revision}


def test_create_update_close_in_order_one_revision_at_a_time(store: Store) -> None:
    with store.writing():
        outbox = store.outbox("siem")
        publish(store, incident(1), incident(2, severity="low"))
        publish(store, incident(1, 2, severity="low"), incident(2, 2, severity="critical"), incident(3, status="resolved"))
        publish(store, incident(1, 3, merged_into="INC-2"), incident(2, 3), incident(3, 2, status="resolved"))
        # The second was not grave enough at first; the third was closed before the receiver had heard of it.
        assert waiting(outbox) == [("INC-1-r1", "create"), ("INC-2-r2", "create")]
        assert [r.key for r in outbox.preview(GRAVE)] == ["INC-1-r1", "INC-1-r2", "INC-2-r2", "INC-1-r3", "INC-2-r3"]
        outbox.settle(["INC-1-r1"], {"INC-2-r2": "busy"}, NOTHING)
        assert waiting(outbox) == [("INC-1-r2", "update"), ("INC-2-r2", "create")]
        outbox.settle(["INC-1-r2", "INC-2-r2"], NOTHING, NOTHING)
        assert waiting(outbox) == [("INC-1-r3", "close"), ("INC-2-r3", "update")]
        outbox.settle(["INC-1-r3", "INC-2-r3"], NOTHING, NOTHING)
        assert waiting(outbox) == []
        publish(store, incident(3, 3))  # open again
        assert waiting(outbox) == [("INC-3-r3", "create")]
        assert waiting(store.outbox("other"))[0] == ("INC-1-r1", "create")  # every sink has its own


def test_what_was_refused_stays_with_the_reason_until_it_is_revived(store: Store) -> None:
    with store.writing():
        outbox = store.outbox("siem")
        publish(store, incident(1), incident(2))
        assert len(waiting(outbox)) == 2
        outbox.settle(["INC-2-r1"], NOTHING, {"INC-1-r1": "400 no such field"})
        outbox.settle(["INC-1-r1"], NOTHING, NOTHING)  # is settled already
        assert store.deliveries() == {"siem": {"dead": 1, "delivered": 1}}
        publish(store, incident(1, 2))
        assert waiting(outbox) == [("INC-1-r2", "create")]  # the receiver has none yet
        assert outbox.revive() == 1
        assert [r.key for r in outbox.waiting(10)] == ["INC-1-r1"]
    with store.reader() as con:
        rows = con.sql("select key, state, attempts, reason from deliveries order by key").fetchall()
    assert rows == [("INC-1-r1", "waiting", 0, "400 no such field"), ("INC-1-r2", "waiting", 0, None), ("INC-2-r1", "delivered", 1, None)]


def test_what_was_tried_least_comes_first(store: Store) -> None:
    with store.writing():
        outbox = store.outbox("siem")
        publish(store, *(incident(n) for n in range(4)))
        assert [key for key, _ in waiting(outbox, 2)] == ["INC-0-r1", "INC-1-r1"]
        outbox.settle((), {"INC-0-r1": "503"}, NOTHING)
        assert [key for key, _ in waiting(outbox, 2)] == ["INC-1-r1", "INC-2-r1"]


def test_only_what_was_made_since_then(store: Store) -> None:
    with store.writing():
        outbox = store.outbox("siem")
        publish(store, incident(1))
        (made,) = store.revisions().values()
        outbox.queue(GRAVE, made.modified_at + timedelta(microseconds=1))
        assert outbox.waiting(10) == ()
        outbox.queue(GRAVE, made.modified_at)
        assert len(outbox.waiting(10)) == 1
    assert made.modified_at.date() >= date(2026, 1, 1)
