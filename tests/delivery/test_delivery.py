"""Delivery under everything that a receiver may do: at least once, in order, under one key, and what was refused is kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from delivery_support import Waits
from lines_format import BULK, LINES, Lines
from made_incidents import incident, outgoing
from receiver import Receiver, receiving

from forensics.export.delivery import Delivered, Once, Patience, deliver
from forensics.export.interface import Target
from forensics.export.plugins import sink_kind
from forensics.export.redact import redact

SECRET = bytes(32)


def go(receiver: Receiver, box: Once, waits: Waits, fmt: Lines = LINES, batch: int = 10, **options: object) -> Delivered:
    where = Target(receiver.url, fmt.media_type, fmt.suffix, fmt.whole, timeout=0.3)
    where = replace(where, **options)  # type: ignore[arg-type]
    return deliver(box, fmt, sink_kind(where.url), where, batch=batch, patience=Patience(attempts=4), clock=waits.clock())


@pytest.mark.parametrize("mood", ["busy", "unavailable", "die", "stall", "accept_and_die"])
@pytest.mark.parametrize("fmt", [LINES, BULK], ids=["single", "bulk"])
def test_what_passes_is_tried_again(mood: str, fmt: Lines, waits: Waits) -> None:
    box = Once(outgoing(5))
    with receiving(Receiver(mood=lambda n: mood if n <= 2 else "accept", stall_seconds=0.5)) as receiver:
        done = go(receiver, box, waits, fmt)
    assert (done.delivered, done.refused, done.problem, box.left) == (5, 0, None, [])
    assert len(receiver.had) == 5
    assert max(receiver.had.values()) == 1 or mood == "accept_and_die"
    # Growing waits; where the receiver says how long, so long at the least.
    assert waits.slept == ([7.0, 7.0] if mood == "busy" else [1.0, 2.0])
    for bodies in receiver.bodies.values():
        assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize("mood", ["busy", "unavailable", "die"])
def test_what_does_not_pass_waits(mood: str, waits: Waits) -> None:
    box = Once(outgoing(3))
    with receiving(Receiver(mood=lambda n: mood)) as receiver:
        done = go(receiver, box, waits)
    assert (done.delivered, done.refused, len(box.left)) == (0, 0, 3)
    assert done.problem
    assert (receiver.requests, len(waits.slept)) == (4, 3)


def test_patience_ends(waits: Waits) -> None:
    with receiving(Receiver(mood=lambda n: "busy")) as receiver:
        where = Target(receiver.url, "text/plain", "", False)
        patience = Patience(attempts=1000, seconds=20)
        done = deliver(Once(outgoing(1)), LINES, sink_kind(where.url), where, batch=1, patience=patience, clock=waits.clock())
    assert "429" in str(done.problem)
    assert sum(waits.slept) <= 20


@pytest.mark.parametrize("fmt", [LINES, BULK], ids=["single", "bulk"])
def test_what_is_refused_is_not_tried_again(fmt: Lines, waits: Waits) -> None:
    box = Once(outgoing(3))
    with receiving(Receiver(mood=lambda n: "refuse")) as receiver:
        done = go(receiver, box, waits, fmt)
    assert (done.delivered, done.refused, done.problem, waits.slept) == (0, 3, None, [])
    assert receiver.requests == (3 if fmt is LINES else 1)
    assert set(box.refused.values()) == {'400 {"error": "no such field"}'}


def test_items_of_a_bulk_are_honoured_one_by_one(waits: Waits) -> None:
    box = Once(outgoing(40))
    with receiving(Receiver(mood=lambda n: "half")) as receiver:
        done = go(receiver, box, waits, BULK, batch=16)
    assert (done.delivered, done.problem, len(receiver.had), max(receiver.had.values())) == (40, None, 40, 1)


@pytest.mark.parametrize("mood", ["redirect", "401"])
def test_a_wrong_address_or_token_costs_no_message(mood: str, waits: Waits) -> None:
    box = Once(outgoing(3))
    with receiving(Receiver(mood=lambda n: mood, token="Bearer right" if mood == "401" else None)) as receiver:
        done = go(receiver, box, waits, token="wr0ng")
    assert (done.delivered, done.refused, len(box.left), receiver.requests, waits.slept) == (0, 0, 3, 1, [])
    assert "check the address and the token" in str(done.problem)
    assert "wr0ng" not in str(done.problem)


def test_one_message_that_breaks_the_receiver_holds_up_no_other(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    import receiver as stub

    found = outgoing(9)
    poison = found[4].key

    def fragile(self: stub._Handler, lines: list[dict[str, object]]) -> None:
        self.unavailable([]) if any(row["key"] == poison for row in lines) else self.accept(lines)

    monkeypatch.setattr(stub._Handler, "fragile", fragile, raising=False)
    box = Once(found)
    with receiving(Receiver(mood=lambda n: "fragile")) as receiver:
        done = go(receiver, box, waits, BULK)
    assert (done.delivered, [o.key for o in box.left]) == (8, [poison])
    assert "503" in str(done.problem)


def test_a_stream_that_breaks_delivers_nothing_and_a_directory_everything(tmp_path: Path, waits: Waits) -> None:
    box = Once(outgoing(3))
    where = Target("tcp://127.0.0.1:1", "", "", False)
    done = deliver(box, LINES, sink_kind(where.url), where, batch=3, patience=Patience(attempts=2), clock=waits.clock())
    assert (done.delivered, len(box.left)) == (0, 3)
    where = Target(f"{tmp_path}/spool/", "", ".json", False)
    assert deliver(box, LINES, sink_kind(where.url), where, batch=3, clock=waits.clock()).delivered == 3
    assert len(list((tmp_path / "spool").iterdir())) == 3


def test_too_large_a_bulk_is_cut_smaller(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    import receiver as stub

    def narrow(self: stub._Handler, lines: list[dict[str, object]]) -> None:
        self.answer(413) if len(lines) > 3 else self.accept(lines)

    monkeypatch.setattr(stub._Handler, "narrow", narrow, raising=False)
    with receiving(Receiver(mood=lambda n: "narrow")) as receiver:
        assert go(receiver, Once(outgoing(16)), waits, BULK, batch=16).delivered == 16


# --- what leaves the house


def test_as_identified_everything_leaves() -> None:
    assert redact(incident(1), "identified", SECRET) == incident(1)


@pytest.mark.parametrize("client", ["user:alice", "key:a", "ip:10.0.0.1", "user:Rows", "nameless", "user:\ud800x", 'user:"\x1b[2J'])
def test_pseudonyms_are_the_same_every_night_and_tell_nobody(client: str) -> None:
    given = incident(1, client=client)
    out = redact(given, "pseudonymous", SECRET)
    assert out == redact(given, "pseudonymous", SECRET)
    assert out.clients != redact(given, "pseudonymous", bytes(31) + b"\1").clients
    told = json.dumps([out.title, out.summary, out.clients, [(f.client_id, [e.sentence for e in f.evidence]) for f in out.findings]])
    bare = client.partition(":")[2] or client
    assert bare not in told.replace("Rows are swept", "") or bare == "a"
    assert client not in told
    assert "secret of" not in told
    assert (out.incident_id, out.revision, out.severity, out.models) == (given.incident_id, 1, "high", ("risk",))


def test_the_least_that_can_be_said() -> None:
    out = redact(incident(1), "minimal", SECRET)
    assert (out.clients, out.associated_clients, out.title) == ((), (), "Rows are swept: a client on risk")
    assert [(f.client_id, f.evidence) for f in out.findings] == [("", ())]
    assert "client-1" not in repr(out)
