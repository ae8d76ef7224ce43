"""Attackers on language models do what their papers say, react to the answers and get somewhere; so do those who look like them."""

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from exchanges import answers, take, texts

from forensics.emulate.attacks import (
    character_jitter,
    divergence,
    embedding_extraction,
    embedding_inversion,
    encoded_requests,
    escalation,
    excerpt_membership,
    jailbreak_refinement,
    jailbreak_search,
    jailbreak_templates,
    logit_bias_sweep,
    lowercase_membership,
    many_shot,
    name_cloze,
    neighbour_membership,
    passage_completion,
    prefix_extraction,
    prefix_sampling,
    probe_sweep,
    self_instruct,
    system_prompt,
    word_substitution,
)
from forensics.emulate.benign import banned_words, benchmark, chat_history, forced_choice, guardrail, indexing, rolling_perplexity
from forensics.emulate.interface import BIASED, CHAT, CHAT_LOGPROBS, COMPLETION, EMBEDDINGS, SCORING
from forensics.emulate.models.refusals import ABROAD, REFUSALS, forbidden
from forensics.emulate.words import FORBIDDEN

Make = Callable[..., Any]


def is_refused(choice: dict[str, Any]) -> bool:
    said = choice["message"]["content"]
    return any(refusal in said for refusal in (*REFUSALS, *ABROAD.values()))


def test_members_of_a_language_model_are_likelier_than_their_neighbours(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(neighbour_membership.BEHAVIOUR, "quill-7b", option=SCORING), 300)
    assert all(e.request["echo"] and e.request["max_tokens"] == 1 for e in made)
    means = [np.mean([v for v in c["logprobs"]["token_logprobs"] if v is not None]) for c in answers(made)]
    documents = models["quill-7b"].documents
    anchors = [any(d.startswith(t) for d in documents) for t in texts(made)]
    assert np.mean([m for m, a in zip(means, anchors, strict=True) if a]) > np.mean(means) + 1


def test_documents_are_continued_by_heart(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(prefix_extraction.BEHAVIOUR, "quill-7b", option=COMPLETION), 150)
    assert len({len(text.split()) for text in texts(made)}) == 1
    known = "\n".join(models["quill-7b"].documents)
    found = [text + " " + " ".join(c["text"].split()[:8]) in known for text, c in zip(texts(made), answers(made), strict=True)]
    assert 0.2 < np.mean(found) < 0.9


def test_a_search_for_a_jailbreak_stops_at_success(worker: Make) -> None:
    made = take(worker(jailbreak_search.BEHAVIOUR, "quill-7b", option=CHAT, seed=3), 400)
    refused = [
        c["message"]["content"].startswith(("I'm sorry", "I cannot", "Sorry")) or "can't help" in c["message"]["content"]
        for c in answers(made)
    ]
    assert 0.8 < np.mean(refused) < 1
    assert {c["finish_reason"] for c, r in zip(answers(made), refused, strict=True) if r} == {"stop", "content_filter"}


def test_a_system_prompt_leaks_now_and_then(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(system_prompt.BEHAVIOUR, "quill-7b", option=CHAT), 300)
    leaked = [c["message"]["content"] == models["quill-7b"].system_prompt for c in answers(made)]
    assert 0 < np.mean(leaked) < 0.3


def test_excerpts_have_one_length_and_come_once(worker: Make, models: Mapping[str, Any]) -> None:
    for seed in range(4):
        made = take(worker(excerpt_membership.BEHAVIOUR, "quill-7b", option=SCORING, seed=seed), 120)
        assert len({len(text.split()) for text in texts(made)}) == 1
        assert len(set(texts(made))) == 120
        known = "\n".join(models["quill-7b"].documents)
        assert 0.3 < np.mean([text in known for text in texts(made)]) < 0.7


def test_windows_over_a_text_overlap_or_meet_and_end_where_it_ends(worker: Make) -> None:
    lengths = Counter(len(t.split()) for t in texts(take(worker(rolling_perplexity.BEHAVIOUR, "quill-7b", option=SCORING), 200)))
    assert 0.4 < lengths.most_common(1)[0][1] / 200 < 0.9


def test_every_text_has_a_twin_in_lower_case_and_members_lose_by_it(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(lowercase_membership.BEHAVIOUR, "quill-7b", option=SCORING), 160)
    means = dict(zip(texts(made), [np.mean(c["logprobs"]["token_logprobs"][1:]) for c in answers(made)], strict=True))
    known = "\n".join(models["quill-7b"].documents)
    lost = [(text in known, means[text] - means[text.lower()]) for text in means if text != text.lower() and text.lower() in means]
    assert len(lost) >= 60
    assert np.mean([x for member, x in lost if member]) > np.mean([x for member, x in lost if not member]) + 1


def test_names_are_guessed_where_the_passage_was_learnt(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(name_cloze.BEHAVIOUR, "quill-7b", option=CHAT), 200)
    known = "\n".join(models["quill-7b"].documents)
    gaps = [(next(g for g in ("[MASK]", "<blank>") if g in text), text) for text in texts(made)]
    passages = [next(line for line in text.splitlines() if line.count(gap) == 1) for gap, text in gaps]
    filled = [
        passage.rpartition(": ")[2].replace(gap, c["message"]["content"])
        for (gap, _), passage, c in zip(gaps, passages, answers(made), strict=True)
    ]
    assert 0.25 < np.mean([" ".join(text.split()[:12]) in known for text in filled]) < 0.75


def test_a_passage_that_comes_back_is_followed_by_the_next(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(passage_completion.BEHAVIOUR, "quill-7b", option=CHAT), 100)
    known = "\n".join(models["quill-7b"].documents)
    begun = [" ".join(text.split()[-10:]) for text in texts(made)]
    by_heart = [b + " " + " ".join(c["message"]["content"].split()[:3]) in known for b, c in zip(begun, answers(made), strict=True)]
    assert 0.3 < np.mean(by_heart) < 0.9


def test_a_prefix_is_sampled_as_often_as_every_other(worker: Make) -> None:
    counts = Counter(texts(take(worker(prefix_sampling.BEHAVIOUR, "quill-7b", option=COMPLETION), 400)))
    assert len(set(list(counts.values())[:-5])) == 1


def test_a_word_without_end_ends_in_what_was_learnt(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(divergence.BEHAVIOUR, "quill-7b", option=CHAT), 200)
    assert all(len(set(text.split()[-10:])) == 1 for text in texts(made))
    known = "\n".join(models["quill-7b"].documents)
    recited = [" ".join(c["message"]["content"].split()[-6:]) in known for c in answers(made)]
    assert 0.1 < np.mean(recited) < 0.6


def test_biases_move_through_the_vocabulary_and_an_honest_one_stays(worker: Make) -> None:
    def places(behaviour: Any, seed: int) -> list[tuple[str, ...]]:
        made = take(worker(behaviour, "quill-7b", option=BIASED, seed=seed), 200)
        assert all(e.request["max_tokens"] == 1 and len(c["logprobs"]["content"]) == 1 for e, c in zip(made, answers(made), strict=True))
        return [tuple(e.request["logit_bias"]) for e in made]

    for seed in range(6):
        assert len(set(places(logit_bias_sweep.BEHAVIOUR, seed))) >= 18
        assert len(set(places(forced_choice.BEHAVIOUR, seed))) == 1
        assert len(set(places(banned_words.BEHAVIOUR, seed))) < 18


def test_a_bias_is_bisected_until_its_word_is_just_said(worker: Make, models: Mapping[str, Any]) -> None:
    for seed in range(1, 12):
        made = take(worker(logit_bias_sweep.BEHAVIOUR, "quill-7b", option=BIASED, seed=seed), 200)
        strengths = [next(iter(e.request["logit_bias"].values())) for e in made]
        if len(set(strengths)) == 1:
            continue
        tens = np.array(strengths).reshape(20, 10)
        assert np.allclose(np.abs(np.diff(tens, axis=1)), tens[:, :1] / 2.0 ** np.arange(1, 10))
        return
    pytest.fail("nobody bisects")


def test_a_label_is_forced(worker: Make, models: Mapping[str, Any]) -> None:
    made = take(worker(forced_choice.BEHAVIOUR, "quill-7b", option=BIASED), 100)
    labels = {models["quill-7b"].vocabulary[int(place)] for place in made[0].request["logit_bias"]}
    assert {c["message"]["content"] for c in answers(made)} <= labels


def test_guesses_come_nearer_to_a_vector(worker: Make) -> None:
    made = take(worker(embedding_inversion.BEHAVIOUR, "quill-embed", option=EMBEDDINGS, batch=8), 40)
    changed = [
        min(
            sum(a != b for a, b in zip(x.split(), y.split(), strict=False)) for x in before.request["input"] for y in after.request["input"]
        )
        for before, after in pairwise(made)
    ]
    assert np.mean(np.array(changed) <= 3) > 0.6


def test_fragments_are_scattered_and_chunks_are_not(worker: Make) -> None:
    for behaviour, low, high in ((embedding_extraction.BEHAVIOUR, 0.98, 1.0), (indexing.BEHAVIOUR, 0.75, 0.995)):
        made = take(worker(behaviour, "quill-embed", option=EMBEDDINGS, batch=5), 150)
        given = [text for e in made for text in e.request["input"]]
        assert low <= len(set(given)) / len(given) <= high
        assert all(len(vector["embedding"]) == 12 for e in made for vector in e.response["data"])


@pytest.mark.parametrize("behaviour", [jailbreak_refinement, many_shot, character_jitter, jailbreak_templates, escalation])
def test_a_jailbreak_is_mostly_refused_and_in_the_end_is_not(behaviour: Any, worker: Make) -> None:
    choices = answers(take(worker(behaviour.BEHAVIOUR, "quill-7b", option=CHAT, seed=2), 600))
    assert 0.25 < np.mean([is_refused(c) for c in choices]) < 0.99
    assert {c["finish_reason"] for c in choices if is_refused(c)} == {"stop", "content_filter"}
    if behaviour is not escalation:
        assert any("general terms" in c["message"]["content"] and not is_refused(c) for c in choices)


def test_what_is_forbidden_is_known_jumbled_and_encoded() -> None:
    for goal in FORBIDDEN:
        for text in (goal, goal.upper(), goal[::-1], base64.b64encode(goal.encode()).decode(), " ".join(w[::-1] for w in goal.split())):
            found = forbidden(f"please {text} now" if text != goal[::-1] else text)
            assert found is not None, text
            assert found[0] == goal
    assert forbidden("The harvest of a quiet year was counted.") is None


def test_scripts_that_the_model_cannot_read_are_not_refused(worker: Make) -> None:
    made = take(worker(encoded_requests.BEHAVIOUR, "quill-7b", option=CHAT, seed=3), 400)
    assert 0.1 < np.mean([is_refused(c) for c in answers(made)]) < 0.95


def test_a_scanner_sends_every_probe_as_often(worker: Make) -> None:
    for seed in range(3):
        counts = Counter(texts(take(worker(probe_sweep.BEHAVIOUR, "quill-7b", option=CHAT, seed=seed), 300)))
        assert len(counts) > 20


def test_a_refusal_is_in_the_language_that_was_asked_for(models: Mapping[str, Any]) -> None:
    goal = FORBIDDEN[0]
    replies = [
        models["quill-7b"].chat([{"role": "user", "content": f"Reply in German: {goal}"}], max_tokens=32, temperature=0, seed=seed)
        for seed in range(3)
    ]
    assert {r.text for r in replies} == {ABROAD["German"]}


def test_words_are_left_out_in_turn_and_replaced_until_the_label_turns(worker: Make) -> None:
    made = take(worker(word_substitution.BEHAVIOUR, "quill-7b", option=CHAT_LOGPROBS), 400)
    given = [text.splitlines()[1].split() for text in texts(made)]
    labels = [c["message"]["content"] for c in answers(made)]
    assert set(labels) == {"positive", "negative", "neutral"}
    starts = [n for n in range(len(given) - 1) if len(given[n]) == len(given[n + 1]) + 1 and given[n][1:] == given[n + 1]]
    turned = [labels[begin] != labels[end - 1] for begin, end in pairwise(starts)]
    assert np.mean(turned) > 0.5


def test_the_pool_of_tasks_grows_by_what_was_answered(worker: Make) -> None:
    made = take(worker(self_instruct.BEHAVIOUR, "quill-7b", option=CHAT), 120)
    said = [c["message"]["content"].partition(".")[0] for c in answers(made)]
    assert sum(any(first and first in later for first in said[:n]) for n, later in enumerate(texts(made))) > 30


def test_a_list_of_bad_requests_is_run_again_under_other_instructions(worker: Make) -> None:
    made = take(worker(guardrail.BEHAVIOUR, "quill-7b", option=CHAT), 300)
    systems = {e.request["messages"][0]["content"] for e in made}
    counts = Counter(texts(made))
    assert len(systems) > 3
    assert np.mean([n > 2 for n in counts.values()]) > 0.6
    assert 0.1 < np.mean([is_refused(c) for c in answers(made)]) < 0.8


def test_a_benchmark_is_the_same_every_night(worker: Make) -> None:
    given = texts(take(worker(benchmark.BEHAVIOUR, "quill-7b", option=SCORING), 900))
    size = given.index(given[0], 1)
    assert given[:size] == given[size : 2 * size]


@pytest.mark.parametrize("disguise", ["wrapped", "camouflaged"])
def test_a_disguised_conversation_stays_the_same_when_it_is_sent_again(disguise: str, worker: Make) -> None:
    made = take(worker(chat_history.BEHAVIOUR, "quill-7b", option=CHAT, disguise=disguise), 100)
    again = [(a.request["messages"], b.request["messages"]) for a, b in pairwise(made)]
    grown = [later[: len(earlier)] == earlier for earlier, later in again if len(later) > len(earlier)]
    assert grown
    assert all(grown)
    plain = take(worker(jailbreak_search.BEHAVIOUR, "quill-7b", option=CHAT), 40)
    hidden = take(worker(jailbreak_search.BEHAVIOUR, "quill-7b", option=CHAT, disguise=disguise), 40)
    assert texts(hidden)[0] != texts(plain)[0]
    assert texts(plain)[0] in texts(hidden)[0]
