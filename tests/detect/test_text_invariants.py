"""Each invariant of texts against the algorithm of its paper, among honest customers of the same model."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from text_worlds import ATTACKS, INVARIANTS, KINDS, LOOKALIKES, Query, best_of_n, crowd, judged, refusing
from worlds import Judged

from forensics.emulate.words import Writer, stream

# Least share of the attacker's texts that are hits of the invariant which is about it.
LEAST = {
    "biased_calls": 0.9,
    "broken_off": 0.55,
    "embedded_edits": 0.6,
    "endings": 0.85,
    "leaks": 0.2,
    "refused": 0.6,
    "refused_searches": 0.7,
    "repeated_words": 0.85,
    "respelled": 0.25,
    "rewrapped": 0.2,
    "sampled_beginnings": 0.85,
    "scored_excerpts": 0.65,
    "scored_neighbours": 0.7,
    "strange_characters": 0.25,
    "word_swaps": 0.35,
}


@pytest.mark.parametrize("name", [i.name for i in INVARIANTS])
def test_its_algorithm_is_found_among_honest_customers(name: str, tmp_path: Path) -> None:
    world = judged(tmp_path, crowd(1) | {"user:x": ATTACKS[name](Writer(stream(7, name)))})
    assert world.share("user:x", name) >= LEAST[name]
    assert world.q_value("user:x") <= 0.05
    assert f"invariants/{name}" in [f.analytic for f in world.findings("user:x")]
    world.check_honest(world.frame.keys() - {"user:x"}, INVARIANTS)


def test_every_invariant_has_an_algorithm() -> None:
    assert sorted(LEAST) == sorted(ATTACKS) == [i.name for i in INVARIANTS]


def test_customers_alone_are_no_probers(tmp_path: Path) -> None:
    for seed in (2, 3):
        world = judged(tmp_path, crowd(seed))
        assert len(world.frame) == len(KINDS) * 5
        world.check_honest(world.frame.keys(), INVARIANTS)


# Who is taken for a prober although he is none, by which invariant; its header names him.
ACCUSED = {
    "fixed_windows": "scored_excerpts",
    "instructions_last": "endings",
    "word_engineer": "word_swaps",
}


@cache
def lookalikes() -> Judged:
    """Everybody who may be taken for a prober, in an account of his own."""
    with TemporaryDirectory() as folder:
        return judged(Path(folder), crowd(4) | {f"user:{name}": writes(Writer(stream(9, name))) for name, writes in LOOKALIKES.items()})


@pytest.mark.parametrize("name", sorted(LOOKALIKES))
def test_who_looks_like_a_prober(name: str) -> None:
    world = lookalikes()
    found = [f.analytic.removeprefix("invariants/") for f in world.findings(f"user:{name}")]
    assert (world.q_value(f"user:{name}") <= 0.05) == (name in ACCUSED), found
    assert ACCUSED.get(name) in [*found, None]


def test_one_request_with_jumbled_letters_is_found(tmp_path: Path) -> None:
    world = judged(tmp_path, crowd(5) | {"user:x": best_of_n(Writer(stream(7)))})
    assert world.q_value("user:x") <= 0.05


def test_biases_count_on_repeats_and_other_hits_do_not(tmp_path: Path) -> None:
    client = [Query("Say a word.", "word", bias=f"token {n}") for n in range(50)]
    few = [Query("Say a word.", "word", bias=f"token {n % 4}") for n in range(50)]
    world = judged(tmp_path, crowd(6, 1) | {"user:x": client, "user:few": few})
    tried = {i.name: world.frame["user:x"][f"{i.name}.tried"] for i in INVARIANTS}
    assert tried["biased_calls"] == 50
    assert {tried[name] for name in ("refused", "endings", "word_swaps", "repeated_words")} == {1}
    assert world.hits("user:x", "biased_calls") == 46, "all but the first four kinds"
    assert world.hits("user:few", "biased_calls") == 0
    assert world.q_value("user:few") > 0.05


def test_what_is_embedded_is_not_to_be_continued(tmp_path: Path) -> None:
    client = ATTACKS["broken_off"](Writer(stream(7)))
    embedded = [replace(query, operation="embeddings") for query in client]
    world = judged(tmp_path, crowd(6, 1) | {"user:x": client, "user:embeds": embedded})
    assert world.hits("user:x", "broken_off") > 40
    assert not world.frame["user:embeds"]["broken_off.tried"]


def test_an_edit_counts_as_what_the_answers_make_of_it(tmp_path: Path) -> None:
    """The same edits: of a scored text neighbours, of an embedded one guesses, of a refused one a search, else swaps of words."""
    client = LOOKALIKES["word_engineer"](Writer(stream(7)))
    names = ("embedded_edits", "scored_neighbours", "refused_searches", "word_swaps")
    versions = {
        "embedded_edits": [replace(query, operation="embeddings") for query in client],
        "scored_neighbours": [replace(query, scored=True) for query in client],
        "refused_searches": [refusing(query) if n % 2 else query for n, query in enumerate(client)],
        "word_swaps": client,
    }
    world = judged(tmp_path, crowd(6, 1) | {f"user:{name}": version for name, version in versions.items()})
    for name in names:
        assert [world.hits(f"user:{name}", other) > 30 for other in names] == [other == name for other in names]
        assert world.hits(f"user:{name}", name) == max(world.hits(f"user:{name}", other) for other in names)
    assert all("words differ" in e.sentence for f in world.findings("user:word_swaps") for e in f.evidence if e.field.endswith(".step"))
