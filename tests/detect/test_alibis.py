"""Each alibi explains the honest software that it is about, and hides no attack that shares an account with it."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from worlds import ALIBIS, ATTACKS, BENIGN, EVERY, Judged, check_what_is_left_out, crowd, dealt, interleaved, judged

REASONS = {alibi.name: alibi for alibi in ALIBIS}
PROBES = sorted({*ATTACKS, "companions"})


@cache
def software() -> Judged:
    """What everybody has an alibi for, each in an account of its own."""
    with TemporaryDirectory() as folder:
        return judged(Path(folder), crowd(2) | {f"user:{name}": rows(np.random.default_rng(9)) for name, rows in BENIGN.items()})


def test_every_alibi_has_its_software() -> None:
    assert sorted(BENIGN) == sorted(REASONS)


@pytest.mark.parametrize("name", sorted(BENIGN))
def test_an_alibi_explains_what_it_is_about(name: str, tmp_path: Path) -> None:
    client = f"user:{name}"
    world = judged(tmp_path, crowd(2) | {client: BENIGN[name](np.random.default_rng(9))}, [REASONS[name]])
    explained = {i: world.explained(client, i) for i in REASONS[name].excuses}
    assert sum(explained.values()) > 0, explained
    for finding in world.findings(client):
        if world.explained(client, finding.analytic.removeprefix("invariants/")):
            assert REASONS[name].title in " ".join(e.sentence for e in finding.evidence)


# Software that is taken for a prober nevertheless, and why.
ACCUSED = {
    "batch": "the first three runs, and rows whose twin is in an older run, are not explained; of ten runs a third stays",
    "surrogate": "few of the samples are nearest to the case itself, and of a case that is not ranked nobody knows that it is ordinary",
}


@pytest.mark.parametrize("name", sorted(BENIGN))
def test_honest_software_is_not_accused(name: str) -> None:
    assert (software().q_value(f"user:{name}") <= 0.05) == (name in ACCUSED)


@cache
def mixed(probe: str) -> Judged:
    """One attack, beside each alibi's rows in an account of its own."""
    clients = {}
    for number, alibi in enumerate(sorted(BENIGN)):
        chance = np.random.default_rng([11, number])
        parts = dealt(chance) if probe == "companions" else [ATTACKS[probe](chance)]
        for account, rows in enumerate(parts):
            clients[f"user:{alibi}/{account}"] = interleaved(chance, rows, BENIGN[alibi](chance))
    with TemporaryDirectory() as folder:
        return judged(Path(folder), crowd(3) | clients)


# The rows of both are shuffled into one another, each in its order: the hardest for what looks at order or shares. ``UNSEEN``: nothing is
# improbable (no p-value up to 0.01); ``UNSURE``: not improbable enough for an incident that is sure (a q-value above 0.05). Most of them
# are not found without alibis either, diluted by the other rows; by climbs with dashboard, fixture or sensor, axis_search, companions,
# pairs and regular_splices with replay, it is the alibi that makes the difference.
UNSEEN = {
    "climbs": "batch dashboard fixture sensor",
    "companions": "batch explainer replay sensor what_if",
    "low_margins": "batch explainer sensor",
    "pairs": "batch",
    "regular_splices": "batch explainer replay sensor surrogate what_if",
}
UNSURE = {
    "axis_search": "batch dashboard explainer replay sensor",
    "climbs": "explainer replay surrogate what_if",
    "companions": "dashboard surrogate",
    "generations": "batch",
    "low_margins": "dashboard replay surrogate what_if",
    "pairs": "dashboard explainer replay sensor surrogate",
    "regular_splices": "dashboard",
    "stars": "batch",
}


@pytest.mark.parametrize("alibi", sorted(BENIGN))
@pytest.mark.parametrize("probe", PROBES)
def test_an_alibi_is_no_hiding_place(probe: str, alibi: str) -> None:
    world = mixed(probe)
    accounts = [client for client in world.frame if client.startswith(f"user:{alibi}/")]
    improbable = max(min((f.p_value or 1.0 for f in world.findings(client)), default=1.0) for client in accounts)
    unseen, unsure = (alibi in listed.get(probe, "").split() for listed in (UNSEEN, UNSURE))
    assert (improbable > 0.01) == unseen
    assert (max(world.q_value(client) for client in accounts) > 0.05) == (unseen or unsure)


def test_what_is_left_out_is_said() -> None:
    check_what_is_left_out((software(), *(mixed(probe) for probe in PROBES)), REASONS)


def test_alibis_speak_of_invariants_that_there_are() -> None:
    assert {name for alibi in EVERY[1] for name in alibi.excuses} <= {i.name for i in EVERY[0]}
