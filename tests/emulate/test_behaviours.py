"""Every behaviour asks what its model takes; the attackers react to the answers and get somewhere."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exchanges import asked, scores, take

from forensics.emulate.attacks import (
    boundary_walk,
    candidate_blocks,
    coordinate_search,
    equation_solving,
    gradient_search,
    jacobian_extraction,
    knockoff_extraction,
    label_membership,
    line_search,
    model_inversion,
    noise_membership,
    occlusion_membership,
    path_finding,
    score_membership,
    square_search,
)
from forensics.emulate.benign import dashboard, kiosk, monitor, onboarding, retry_storm
from forensics.emulate.interface import (
    BIASED,
    COMPLETION,
    EMBEDDINGS,
    LABELS,
    SCORES,
    SCORING,
    Answer,
    Behaviour,
    TabularBehaviour,
    TabularClient,
)  # fmt: skip
from forensics.emulate.plan import CONVERSING, TABULAR_MODELS, behaviours, models_of
from forensics.model.atlas import technique_name

EVERY = [(b, world, hostile) for world in ("tabular", "language") for hostile in (True, False) for b in behaviours(world, hostile=hostile)]
OPERATIONS = {COMPLETION: "text_completion", SCORING: "text_completion", EMBEDDINGS: "embeddings"} | dict.fromkeys(CONVERSING, "chat")
Make = Callable[..., Any]


def one_episode(behaviour: TabularBehaviour, model: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that one target takes, and their labels."""
    rng = np.random.default_rng(seed)
    episode, rows, labels = behaviour.episode(TabularClient(model, rng, habits=seed, batch=1)), [], []
    block = next(episode)
    while True:
        rows.append(model.admit(block))
        given = np.round(model.score(rows[-1]), 4)
        labels.append(given.argmax(axis=1))
        try:
            block = episode.send(Answer(labels[-1], given))
        except StopIteration:
            return np.vstack(rows), np.concatenate(labels)


@pytest.mark.parametrize(("behaviour", "world", "hostile"), EVERY, ids=[b.name for b, _, _ in EVERY])
def test_asks_what_the_model_takes(behaviour: Behaviour, world: str, hostile: bool, worker: Make, models: Mapping[str, Any]) -> None:
    assert bool(behaviour.atlas) is hostile
    for option in behaviour.options:
        names = models_of(world, option)
        allowed = behaviour.models if isinstance(behaviour, TabularBehaviour) and behaviour.models else names
        assert set(allowed) <= set(names)
        for model in allowed:
            made = take(worker(behaviour, model, option=option, batch=3), 25)
            if world == "language":
                assert {e.queries for e in made} == {3 if option == EMBEDDINGS else 1}
                assert {OPERATIONS[option]} == {e.operation for e in made}
                assert all(("logit_bias" in e.request) is (option == BIASED) and json.dumps(e.request) for e in made)
                continue
            rows, shape = asked(made), models[model]
            assert rows.shape == (75, shape.width)
            assert ((rows >= shape.low) & (rows <= shape.high)).all()
            assert (rows[:, shape.whole] % 1 == 0).all()
            assert all(("scores" in e.response) is (option == SCORES) for e in made)


def test_a_behaviour_is_called_like_its_file_and_names_a_technique_that_exists() -> None:
    for behaviour, _, hostile in EVERY:
        folder = Path(boundary_walk.__file__).parents[1] / ("attacks" if hostile else "benign")
        assert (folder / f"{behaviour.name}.py").is_file()
        assert not hostile or technique_name(behaviour.atlas)


def test_a_boundary_walk_ends_near_its_target_with_labels_that_alternate(worker: Make) -> None:
    made = take(worker(boundary_walk.BEHAVIOUR, "glyph-reader", option=SCORES), 400)
    labels = [e.response["predictions"][0] for e in made]
    ranked = np.sort(scores(made), axis=1)
    assert 0.25 < np.mean([a != b for a, b in pairwise(labels)]) < 0.75
    natural = np.sort(scores(take(worker(score_membership.BEHAVIOUR, "glyph-reader", option=SCORES), 400)), axis=1)
    assert np.median(ranked[:, -1] - ranked[:, -2]) < 0.4 * np.median(natural[:, -1] - natural[:, -2])


def test_a_coordinate_search_moves_one_coordinate_and_ends_at_another_label(worker: Make) -> None:
    made = take(worker(coordinate_search.BEHAVIOUR, "glyph-reader", option=SCORES), 300)
    steps = (np.diff(asked(made), axis=0) != 0).sum(axis=1)
    assert np.mean(steps <= 2) > 0.85
    starts = [0, *(np.flatnonzero(steps > 10) + 1), len(made)]
    labels = [e.response["predictions"][0] for e in made]
    assert any(labels[a] != labels[b - 1] for a, b in pairwise(starts) if b - a > 2)


def test_inversion_climbs(worker: Make) -> None:
    top = scores(take(worker(model_inversion.BEHAVIOUR, "glyph-reader", option=SCORES), 1200)).max(axis=1)
    assert top[0] < 0.7
    assert top.max() > 0.97


def test_a_generation_doubles_by_steps_of_one_length(worker: Make) -> None:
    rows = asked(take(worker(jacobian_extraction.BEHAVIOUR, "glyph-reader", option=LABELS), 400))
    seeds = next(n for n in range(8, 17) if np.abs(rows[n : 2 * n] - rows[:n]).max() < 0.11)
    inner = (rows[:seeds] > 0.2) & (rows[:seeds] < 0.8)
    lengths = np.abs(rows[seeds : 2 * seeds] - rows[:seeds])[inner]
    assert np.allclose(lengths, lengths[0])


def test_who_saves_queries_goes_on_with_a_sample(models: Mapping[str, Any]) -> None:
    lengths = np.array([len(one_episode(jacobian_extraction.BEHAVIOUR, models["sepsis-risk"], seed)[0]) for seed in range(1, 7)])
    whole = lengths % 64 == 0
    assert 0 < whole.sum() < len(lengths)
    assert (lengths[~whole] % 20 == 0).all()  # eight seeds' worth, and three samples of four


def test_bisection_halves_along_an_axis(worker: Make) -> None:
    rows = asked(take(worker(path_finding.BEHAVIOUR, "sepsis-risk", option=LABELS), 300))
    steps = np.diff(rows, axis=0)
    lengths = np.abs(steps).sum(axis=1)[(steps != 0).sum(axis=1) == 1]
    ratios = lengths[1:] / lengths[:-1]
    assert np.mean((ratios > 0.4) & (ratios < 0.6)) > 0.4


def test_solved_weights_predict(worker: Make) -> None:
    made = take(worker(equation_solving.BEHAVIOUR, "basket-segments", option=SCORES), 200)
    blocks = np.abs(np.diff(asked(made), axis=0)).sum(axis=1)
    assert np.mean(blocks <= 2) > 0.6


def test_transforms_are_the_same_for_every_anchor(worker: Make) -> None:
    rows = asked(take(worker(label_membership.BEHAVIOUR, "glyph-reader", option=LABELS), 200))
    first = np.round(np.diff(rows[:30], axis=0), 3)
    size = next(n for n in range(11, 26) if np.abs(rows[1] - rows[0] - (rows[n + 1] - rows[n])).mean() < 0.05)
    again = np.round(np.diff(rows[size : 2 * size], axis=0), 3)
    assert np.mean(np.isclose(first[: size - 1], again, atol=0.002)) > 0.3  # the rest was clipped


def test_members_betray_themselves(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(score_membership.BEHAVIOUR, "sepsis-risk", option=SCORES, batch=2), 400)
    top = scores(made).max(axis=1).reshape(-1, 2)
    members = {tuple(row) for row in models["sepsis-risk"].members.tolist()}
    known = np.array([tuple(row) in members for row in asked(made)[::2].tolist()])
    assert 0.35 < known.mean() < 0.65
    assert (top[known, 0] - top[known, 1]).mean() > 0.05 > 0.02 > (top[~known, 0] - top[~known, 1]).mean()


def test_a_square_search_stays_at_the_corners_and_ends_at_another_label(models: Mapping[str, Any]) -> None:
    model, reached = models["glyph-reader"], []
    for seed in range(20):
        rows, labels = one_episode(square_search.BEHAVIOUR, model, seed)
        away = np.abs(rows[1:] - rows[0]).round(4)
        reach = away.max()
        inside = (rows[0] > reach) & (rows[0] < 1 - reach)
        assert reach in (0.03, 0.06, 0.1)
        assert (away[:, inside] == reach).all()
        reached.append(labels[-1] != labels[0])
    assert np.mean(reached) > 0.5


def test_a_gradient_is_searched_in_mirrored_pairs(worker: Make) -> None:
    for seed in (1, 2, 3, 4):
        made = take(worker(gradient_search.BEHAVIOUR, "sepsis-risk", option=SCORES, seed=seed), 150)
        rows = asked(made)[:, 6:8]  # floats
        here = rows[0]
        mirrored = np.abs(rows[1:, None] + rows[None, 1:] - 2 * here).max(axis=2) < 1e-5
        assert mirrored[:16, :40].any(axis=1).mean() > 0.7  # the rest was clipped


def test_a_gradient_leads_to_another_label(models: Mapping[str, Any]) -> None:
    found = [one_episode(gradient_search.BEHAVIOUR, models["glyph-reader"], seed)[1] for seed in range(10)]
    assert np.mean([labels[-1] != labels[0] for labels in found]) > 0.7


def test_a_line_search_halves_along_rays_from_its_target_and_comes_nearer(worker: Make) -> None:
    rows = asked(take(worker(line_search.BEHAVIOUR, "glyph-reader", option=LABELS), 160))
    steps = np.linalg.norm(np.diff(rows, axis=0), axis=1)
    ratios = steps[1:] / np.maximum(steps[:-1], 1e-9)
    assert np.mean((ratios > 0.45) & (ratios < 0.55)) > 0.15
    away = np.linalg.norm(rows[1:] - rows[0], axis=1)
    assert np.median(away[100:130]) < np.median(away[:30])


def test_a_knockoff_asks_natural_rows_of_its_own_population_once(worker: Make, models: Mapping[str, Any]) -> None:
    for model in TABULAR_MODELS:
        rows = asked(take(worker(knockoff_extraction.BEHAVIOUR, model, option=LABELS, batch=10), 40))
        assert len(np.unique(rows, axis=0)) == len(rows) == 400
        world = models[model].draw(np.random.default_rng(1), 4000)
        off = np.abs(rows.mean(axis=0) - world.mean(axis=0)) / np.maximum(world.std(axis=0), 1e-3)
        assert off.max() > 0.25  # of a standard deviation, where chance gives 0.05
        assert ((rows >= world.min(axis=0) - 0.2 * models[model].span) & (rows <= world.max(axis=0) + 0.2 * models[model].span)).all()


def test_a_list_of_candidates_is_followed_by_the_list_of_their_twins(models: Mapping[str, Any]) -> None:
    model = models["glyph-reader"]
    members = {tuple(row) for row in model.members.tolist()}
    shares = []
    for seed in range(8):
        rows, _ = one_episode(candidate_blocks.BEHAVIOUR, model, seed)
        candidates, twins = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        swapped = (candidates[:, None] != twins[None]).sum(axis=2)
        assert (swapped.min(axis=0) == 6).all()  # a tenth of the fields
        assert (swapped.min(axis=1) == 6).all()
        shares.append(np.mean([tuple(row) in members for row in candidates.tolist()]))
        assert not any(tuple(row) in members for row in twins.tolist())
    assert 0.35 < np.mean(shares) < 0.65


def test_noise_is_fresh_and_a_mask_is_the_same_for_every_candidate(worker: Make) -> None:
    rows = asked(take(worker(noise_membership.BEHAVIOUR, "glyph-reader", option=LABELS, batch=4), 60))
    assert len(np.unique(np.round(np.diff(rows, axis=0), 4), axis=0)) == len(rows) - 1
    rows = asked(take(worker(occlusion_membership.BEHAVIOUR, "glyph-reader", option=LABELS), 210))
    covered = [(rows[n] != rows[0]).sum() for n in range(1, 9)]
    assert max(covered) <= 0.3 * 64 + 1
    size = next(n for n in range(9, 22) if (rows[n] != rows[0]).sum() > 40)
    shown = [np.flatnonzero((rows[1:size] == rows[0]).all(axis=0)), np.flatnonzero((rows[size + 1 : 2 * size] == rows[size]).all(axis=0))]
    assert set(shown[0]) == set(shown[1])
    for mask in range(1, size):
        hidden = (rows[mask] != rows[0]) & (rows[size + mask] != rows[size])
        assert hidden.any()
        assert np.allclose(rows[mask][hidden], rows[size + mask][hidden])


def test_at_the_counter_one_field_is_corrected_and_some_come_back(worker: Make) -> None:
    rows = asked(take(worker(kiosk.BEHAVIOUR, "sepsis-risk", option=LABELS), 300))
    fields = (np.diff(rows, axis=0) != 0).sum(axis=1)
    assert 0.25 < np.mean(fields == 1) < 0.7
    assert len(np.unique(rows, axis=0)) < 0.97 * len(rows)


def test_a_catalogue_comes_once_and_in_order(worker: Make) -> None:
    for batch in (1, 7):
        rows = asked(take(worker(onboarding.BEHAVIOUR, "sepsis-risk", option=LABELS, batch=batch), 1000 // batch))
        ordered = max((1 + int((np.diff(column) < 0).argmax()) for column in rows.T), default=0)
        assert 40 <= ordered <= 400 + batch
        assert ordered % batch == 0
        assert len(np.unique(rows[:ordered], axis=0)) >= 0.9 * ordered
        later = {tuple(row) for row in rows[:ordered].tolist()}
        assert 0 < np.mean([tuple(row) in later for row in rows[ordered:].tolist()]) < 0.3


@pytest.mark.parametrize("disguise", ["blinded", "rounded"])
def test_what_is_sent_again_is_sent_alike_under_a_disguise(disguise: str, worker: Make, models: Mapping[str, Any]) -> None:
    for model in TABULAR_MODELS:
        same = asked(take(worker(monitor.BEHAVIOUR, model, option=LABELS, batch=3, disguise=disguise), 5)).reshape(5, 3, -1)
        assert (same == same[0]).all()
    again = take(worker(retry_storm.BEHAVIOUR, "sepsis-risk", option=LABELS, batch=2, disguise=disguise), 100)
    assert len(np.unique(asked(again), axis=0)) < 100


def test_noise_is_small_and_breaks_what_is_exact_while_the_answer_is_to_what_was_sent(worker: Make, models: Mapping[str, Any]) -> None:
    plain = asked(take(worker(path_finding.BEHAVIOUR, "sepsis-risk", option=SCORES), 3))
    made = take(worker(path_finding.BEHAVIOUR, "sepsis-risk", option=SCORES, disguise="blinded"), 200)
    hidden, model = asked(made), models["sepsis-risk"]
    numbers = np.array([c.kind in ("int", "float") for c in model.columns])
    assert 0 < (np.abs(hidden[:3] - plain) / model.span)[:, numbers].max() < 0.1
    assert np.median((np.diff(hidden, axis=0) != 0).sum(axis=1)) > 4
    assert np.allclose(scores(made), np.round(model.score(hidden), 4))


def test_few_digits_are_left_of_numbers_and_categories_stay(worker: Make, models: Mapping[str, Any]) -> None:
    rows = asked(take(worker(dashboard.BEHAVIOUR, "glyph-reader", option=LABELS, disguise="rounded"), 100))
    assert np.allclose(rows, rows.round(2))
    assert len(np.unique(rows)) <= 101
    plain, few = (asked(take(worker(monitor.BEHAVIOUR, "sepsis-risk", option=LABELS, batch=9, disguise=d), 1)) for d in ("", "rounded"))
    categories = np.array([c.kind in ("code", "flag") for c in models["sepsis-risk"].columns])
    assert (plain[:, categories] == few[:, categories]).all()
    assert np.allclose(few[:, 6:8], few[:, 6:8].round(1))  # creatinine and lactate, at most one digit behind the point


def test_a_batch_is_filled_from_several_targets(worker: Make) -> None:
    """Who reacts to every answer cannot put its next two rows into one call: it works on as many targets as the call has rows."""
    made = take(worker(path_finding.BEHAVIOUR, "sepsis-risk", option=LABELS, batch=6), 60)
    lanes = asked(made).reshape(60, 6, -1)
    within = (np.diff(lanes, axis=0) != 0).sum(axis=2)
    across = (np.diff(lanes, axis=1) != 0).sum(axis=2)
    assert np.median(within) <= 2 < np.median(across)


def test_the_page_has_every_behaviour(root: Path) -> None:
    page = (root / "docs" / "emulator.md").read_text()
    for behaviour, _, hostile in EVERY:
        assert f"`{behaviour.name}`" in page
        assert not hostile or f"| `{behaviour.name}` | {behaviour.atlas} |" in page
