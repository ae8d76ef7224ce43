"""Each alibi of texts explains the honest software that it is about, and hides no attack that shares an account with it."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from text_worlds import ALIBIS, ATTACKS, BENIGN, LOOKALIKES, crowd, interleaved, judged
from worlds import Judged, check_what_is_left_out

from forensics.emulate.words import Writer, stream

REASONS = {alibi.name: alibi for alibi in ALIBIS}


@cache
def software() -> Judged:
    """What everybody has an alibi for, each in an account of its own."""
    with TemporaryDirectory() as folder:
        return judged(Path(folder), crowd(2) | {f"user:{name}": texts(Writer(stream(9, name))) for name, texts in BENIGN.items()})


def test_every_alibi_has_its_software() -> None:
    assert sorted(BENIGN) == sorted(REASONS)


@pytest.mark.parametrize("name", sorted(BENIGN))
def test_an_alibi_explains_what_it_is_about(name: str, tmp_path: Path) -> None:
    client = f"user:{name}"
    clients = crowd(2) | {client: BENIGN[name](Writer(stream(9, name)))}
    bare, world = judged(tmp_path, clients, []), judged(tmp_path, clients, [REASONS[name]])
    assert bare.q_value(client) <= 0.05 < world.q_value(client)
    for invariant in REASONS[name].excuses:
        assert world.explained(client, invariant) >= 0.8 * bare.hits(client, invariant)
        assert world.explained(client, invariant) + world.hits(client, invariant) == bare.hits(client, invariant)
    assert sum(world.explained(client, invariant) for invariant in REASONS[name].excuses) > 10


def test_honest_software_is_not_accused() -> None:
    assert all(software().q_value(f"user:{name}") > 0.05 for name in BENIGN)


def test_a_list_that_is_worked_through_once_has_no_alibi(tmp_path: Path) -> None:
    world = judged(tmp_path, crowd(2) | {"user:x": ATTACKS["refused"](Writer(stream(9)))})
    assert world.explained("user:x", "refused") == 0
    assert world.q_value("user:x") <= 0.05


def test_the_words_before_a_cursor_are_windows(tmp_path: Path) -> None:
    clients = crowd(2) | {"user:x": LOOKALIKES["cursor"](Writer(stream(9)))}
    bare, world = judged(tmp_path, clients, []), judged(tmp_path, clients)
    assert bare.q_value("user:x") <= 0.05 < world.q_value("user:x")
    assert world.explained("user:x", "broken_off") >= 0.8 * bare.hits("user:x", "broken_off") > 20


@cache
def mixed(probe: str) -> Judged:
    """One attack, beside each alibi's texts in an account of its own."""
    clients = {}
    for alibi in sorted(BENIGN):
        writer = Writer(stream(12, alibi, probe))
        clients[f"user:{alibi}"] = interleaved(writer, ATTACKS[probe](writer), BENIGN[alibi](writer))
    with TemporaryDirectory() as folder:
        return judged(Path(folder), crowd(3) | clients)


# The texts of both are shuffled into one another, each in its order. ``UNSEEN``: nothing is improbable (no p-value up to 0.01); ``UNSURE``:
# not improbable enough for an incident that is sure (a q-value above 0.05).
UNSEEN: dict[str, str] = {}
UNSURE = {"strange_characters": "windows"}


@pytest.mark.parametrize("alibi", sorted(BENIGN))
@pytest.mark.parametrize("probe", sorted(ATTACKS))
def test_an_alibi_is_no_hiding_place(probe: str, alibi: str) -> None:
    world = mixed(probe)
    client = f"user:{alibi}"
    improbable = min((f.p_value or 1.0 for f in world.findings(client)), default=1.0)
    unseen, unsure = (alibi in listed.get(probe, "").split() for listed in (UNSEEN, UNSURE))
    assert (improbable > 0.01) == unseen
    assert (world.q_value(client) > 0.05) == (unseen or unsure)


def test_what_is_left_out_is_said() -> None:
    check_what_is_left_out(map(mixed, sorted(ATTACKS)), REASONS)
