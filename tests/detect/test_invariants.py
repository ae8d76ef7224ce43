"""Each invariant against the algorithm of its paper, among honest clients of the same model; and what headers must say."""

import re
from collections.abc import Callable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds import ATTACKS, EVERY, INVARIANTS, crowd, dealt, judged, natural, runs

from forensics.detect.invariants import interface
from forensics.detect.invariants.interface import GROUPS, RELATIONS
from forensics.model.errors import UsageError

# Least share of the attacker's steps that are hits of the invariant which is about it.
LEAST = {
    "axis_halving": 0.45,
    "axis_search": 0.3,
    "bisection": 0.7,
    "boundary_lines": 0.5,
    "climbs": 0.45,
    "companions": 0.9,
    "even_blocks": 0.85,
    "field_sweep": 0.7,
    "flips": 0.25,
    "generations": 0.3,
    "low_margins": 0.7,
    "mirrored_steps": 0.3,
    "outside": 0.85,
    "pairs": 0.35,
    "regular_splices": 0.35,
    "sign_steps": 0.5,
    "stars": 0.5,
}


@pytest.mark.parametrize("name", [i.name for i in INVARIANTS])
def test_its_algorithm_is_found_among_honest_clients(name: str, tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    several = dealt(chance) if name == "companions" else [ATTACKS[name](chance)]
    probers = {f"user:x{n}": rows for n, rows in enumerate(several)}
    world = judged(tmp_path, crowd(1) | probers)
    for prober in probers:
        assert world.share(prober, name) >= LEAST[name]
        assert world.q_value(prober) <= 0.05
        assert name in [f.analytic.removeprefix("invariants/") for f in world.findings(prober)]
    world.check_honest(world.frame.keys() - probers, INVARIANTS)


def test_a_list_that_is_sent_again_makes_no_generations(tmp_path: Path) -> None:
    """However often it is, and whether or not it grows, unless it doubles."""
    lists = [(2, 0.0), (3, 0.0), (4, 0.0), (5, 0.0), (8, 0.0), (20, 0.0), (20, 0.03), (20, 0.1), (12, 0.25), (8, 0.5)]
    clients = {f"user:x{times}+{growth}": runs(np.random.default_rng([13, n]), times, growth) for n, (times, growth) in enumerate(lists)}
    world = judged(tmp_path, crowd(1, 8) | clients | {"user:doubled": runs(np.random.default_rng(13), 5, 1.0)})
    assert {world.hits(client, "generations") for client in clients} == {0}
    assert world.share("user:doubled", "generations") > 0.2


def test_generations_are_seen_whatever_was_sent_before(tmp_path: Path) -> None:
    rows = ATTACKS["generations"](np.random.default_rng(7))
    before = natural(np.random.default_rng(8), 2 * len(rows))
    world = judged(tmp_path, crowd(1, 8) | {"user:alone": rows, "user:later": np.vstack([before, rows])})
    assert world.hits("user:later", "generations") > 0.8 * world.hits("user:alone", "generations")
    assert world.q_value("user:later") <= 0.05


def test_every_invariant_has_an_algorithm() -> None:
    assert sorted(LEAST) == sorted({*ATTACKS, "companions"}) == [i.name for i in INVARIANTS]


@pytest.mark.parametrize("invariant", EVERY[0], ids=lambda i: i.name)
def test_an_invariant_says_what_an_investigator_needs(invariant: interface.Invariant) -> None:
    assert invariant.sources
    assert all(re.fullmatch(r"https://\S+", source) for source in invariant.sources)
    assert all(re.fullmatch(r"AML\.T\d{4}(\.\d{3})?", technique) for technique in invariant.techniques)
    assert invariant.techniques
    assert invariant.triage
    assert invariant.falsepositives
    assert invariant.explanation[0].isupper()
    assert len(re.findall(r"\.(\s|$)", invariant.explanation)) == 1
    assert invariant.explanation.endswith(".")
    assert invariant.group in GROUPS
    assert invariant.requires
    assert not invariant.title.endswith(".")


@pytest.mark.parametrize("alibi", EVERY[1], ids=lambda a: a.name)
def test_an_alibi_says_why(alibi: interface.Alibi) -> None:
    assert alibi.excuses
    assert alibi.reason.endswith(".")
    assert len(re.findall(r"\.(\s|$)", alibi.reason)) == 1
    assert alibi.title[:1].islower()


HEADER = {
    "title": '"t"',
    "explanation": '"e."',
    "version": "1",
    "group": '"steps"',
    "reliability": "0.9",
    "odd_share": "0.1",
    "techniques": '["AML.T0043.001"]',
    "sources": '["https://example.org"]',
    "requires": '["nodes.near"]',
    "hits": '"h"',
    "falsepositives": '["f"]',
    "triage": '["t"]',
}
ALIBI = {"title": '"t"', "reason": '"r."', "version": "1", "excuses": '["one"]'}
Load = Callable[..., Any]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """What a package with one invariant, or beside it one alibi, loads as."""

    def run(header: dict[str, str], alibi: dict[str, str] | None = None, folder: str = "vector") -> Any:
        files: dict[tuple[str, ...], list[Traversable]] = {}
        for place, name, said in ((("invariants", folder), "one", header), (("alibis",), "other", alibi)):
            file = tmp_path / f"{name}.sql"
            if said is not None:
                file.write_text("/*\n" + "\n".join(f"{key} = {value}" for key, value in said.items()) + "\n*/\nselect 1;\n")
            files[f"forensics.detect.{place[0]}", *place[1:]] = [file] if said is not None else []
        monkeypatch.setattr(interface, "_sql_files", lambda *place: files.get(place, []))
        invariants = interface.load_invariants()
        return interface.load_alibis(invariants) if alibi is not None else invariants

    return run


def test_a_whole_header_loads(load: Load) -> None:
    (invariant,) = load(HEADER)
    assert (invariant.name, invariant.analytic, invariant.sql) == ("one", "invariants/one", "select 1")
    (alibi,) = load(HEADER, ALIBI)
    assert (alibi.name, alibi.excuses) == ("other", ("one",))


@pytest.mark.parametrize(("folder", "relation"), RELATIONS.items())
def test_an_invariant_reads_what_its_folder_is_about(folder: str, relation: str, load: Load) -> None:
    (invariant,) = load(HEADER, folder=folder)
    assert invariant.modality == folder
    assert f" left join {relation} using (client_id, model, event_id, idx)" in invariant.counted
    assert {i.modality for i in EVERY[0]} == {*RELATIONS}
    assert [name for name, _ in interface.relations(EVERY[1])] == [*RELATIONS.values(), "excused"]


@pytest.mark.parametrize("key", sorted(HEADER))
def test_a_missing_key_is_named(key: str, load: Load) -> None:
    with pytest.raises(UsageError, match=f"one.sql: the header lacks {key}"):
        load({k: v for k, v in HEADER.items() if k != key})


@pytest.mark.parametrize("key", sorted(ALIBI))
def test_a_missing_key_of_an_alibi_is_named(key: str, load: Load) -> None:
    with pytest.raises(UsageError, match=f"other.sql: the header lacks {key}"):
        load(HEADER, {k: v for k, v in ALIBI.items() if k != key})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("group", value) for value in ('"step"', '"Steps"', "3")),
        *((key, value) for key in ("odd_share", "reliability") for value in ("0", "-0.1", "1.5", "nan")),
    ],
)
def test_a_value_that_does_not_fit_is_named(key: str, value: str, load: Load) -> None:
    with pytest.raises(UsageError, match=f"one.sql: {key} is "):
        load(HEADER | {key: value})


@pytest.mark.parametrize("value", ['"many"', "[0.1]", "true"])
@pytest.mark.parametrize("key", ["odd_share", "reliability"])
def test_a_number_that_is_none_is_named(key: str, value: str, load: Load) -> None:
    with pytest.raises(UsageError, match=f"one.sql: {key} is "):
        load(HEADER | {key: value})


def test_an_alibi_excuses_invariants_only(load: Load) -> None:
    with pytest.raises(UsageError, match=r"other.sql: excuses 'two', which is no invariant"):
        load(HEADER, ALIBI | {"excuses": '["one", "two"]'})


@pytest.mark.parametrize(("text", "said"), [("select 1", "expected /\\*"), ("/* title = */ select 1", "the header is no TOML")])
def test_a_file_without_a_header(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.sql").write_text(text)
    monkeypatch.setattr(interface, "_sql_files", lambda *_: [tmp_path / "one.sql"])
    with pytest.raises(UsageError, match=said):
        interface.load_invariants()
