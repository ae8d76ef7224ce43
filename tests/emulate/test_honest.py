"""What would give the attackers away without looking at what they ask is drawn alike for everybody; and a seed means the same bytes."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from support import average_precision

from forensics import pipeline
from forensics.emulate.disguises import DISGUISES, WORD_DISGUISES
from forensics.emulate.models.refusals import REFUSALS
from forensics.emulate.plan import Job, plan
from forensics.emulate.scenario import draw, emulate
from forensics.emulate.traffic import slots
from forensics.model.errors import UsageError

RATES = {
    "calls": lambda times, job: len(times),
    "rows": lambda times, job: len(times) * job.batch,
    "calls an hour": lambda times, job: len(times) / max((times[-1] - times[0]) / 3600, 1 / 60),
    "busiest hour": lambda times, job: np.histogram(times, bins=48, range=(0, 48 * 3600))[0].max(),
    "shortest gaps": lambda times, job: -float(np.median(np.diff(times))) if len(times) > 1 else -1e9,
    "share at night": lambda times, job: np.mean([(at // 3600) % 24 < 6 for at in times]),
    "rows in a call": lambda times, job: job.batch,
}


@pytest.mark.parametrize("seed", range(1, 7))
def test_no_rate_rule_finds_the_attackers(seed: int) -> None:
    accounts: list[tuple[list[float], Job]] = []
    for job in draw("mixed", clients=240, attackers=0.125, seed=seed):
        ticks = slots(job, seed)
        accounts += [([at for at, who in ticks if who == number], job) for number in range(len(job.accounts))]
    hostile = [job.campaign_id is not None for _, job in accounts]
    assert sum(hostile) == 30
    found = {name: average_precision([rate(times, job) for times, job in accounts], hostile) for name, rate in RATES.items()}
    assert max(found.values()) < 0.4, found


COUNTS: dict[str, Callable[[list[str], list[str]], float]] = {
    "refusals": lambda asked, answered: np.mean([any(said in answer for said in (*REFUSALS, "content_filter")) for answer in answered]),
    "repeats": lambda asked, answered: 1 - len(set(asked)) / len(asked),
    "length": lambda asked, answered: np.mean([len(text) for text in asked]),
    "one length": lambda asked, answered: -np.std([len(text) for text in asked]) / np.mean([len(text) for text in asked]),
    "echoes": lambda asked, answered: np.mean(['"echo"' in text for text in asked]),
    "biases": lambda asked, answered: np.mean(['"logit_bias"' in text for text in asked]),
    "log-probabilities": lambda asked, answered: np.mean(['"logprobs"' in text for text in asked]),
    "turns": lambda asked, answered: np.mean([text.count('"role"') for text in asked]),
}


@pytest.mark.parametrize("seed", [1, 2])
def test_no_plain_count_of_texts_finds_the_attackers(seed: int) -> None:
    made = emulate("language", clients=160, seed=seed)
    calls = [call for table in made.logs.values() for call in table.select(["user_id", "request", "response"]).to_pylist()]
    asked: dict[str, tuple[list[str], list[str]]] = {t.client_id: ([], []) for t in made.truth}
    for call in calls:
        asked[call["user_id"]][0].append(call["request"])
        asked[call["user_id"]][1].append(call["response"] or "")
    hostile = [t.kind == "attack" for t in made.truth]
    for name, count in COUNTS.items():
        scores = [float(count(*asked[t.client_id])) for t in made.truth]
        found = max(average_precision(scores, hostile), average_precision([-score for score in scores], hostile))
        assert found < 0.4, (name, found)


def test_slots_are_the_calls_that_are_made() -> None:
    made = emulate("tabular", clients=24, attackers=0.25, seed=3)
    jobs = draw("tabular", clients=24, attackers=0.25, seed=3)
    planned = {a.client_id: calls for j in jobs for a, calls in zip(j.accounts, j.calls, strict=True)}
    calls = Counter(user for table in made.logs.values() for user in table["user_id"].to_pylist())
    assert calls == planned
    assert {t.client_id: t.n_queries for t in made.truth} == {a.client_id: planned[a.client_id] * j.batch for j in jobs for a in j.accounts}


@pytest.mark.parametrize("world", ["tabular", "language"])
def test_what_is_drawn_first_does_not_depend_on_who_draws(world: str) -> None:
    """Over many seeds attackers and honest clients have the same options, batches and budgets, up to chance."""
    jobs = [job for seed in range(60) for job in plan(world, 60, 0.25, seed)]
    sides = [[j for j in jobs if bool(j.campaign_id) is side] for side in (True, False)]
    for what in (lambda j: j.option, lambda j: j.batch == 1, lambda j: j.calls[0] * j.batch > 95, lambda j: j.disguise):
        shares = [Counter(what(j) for j in side) for side in sides]
        for value in shares[0]:
            assert abs(shares[0][value] / len(sides[0]) - shares[1][value] / len(sides[1])) < 0.07, value


def test_every_family_and_kind_comes_up() -> None:
    jobs = draw("mixed", clients=720, attackers=0.15, seed=1)
    attacks = {j.main.name for j in jobs if j.campaign_id}
    kinds = {j.main.name for j in jobs if not j.campaign_id}
    assert (len(attacks), len(kinds)) == (45, 59)
    assert {j.evasion for j in jobs if j.campaign_id} == {"none", "diluted", "split", *WORD_DISGUISES, *DISGUISES}


def test_truth_counts_only_what_was_hostile() -> None:
    truth = emulate("mixed", clients=32, attackers=0.5, seed=2).truth
    for t in truth:
        assert (t.attack_queries > 0) is (t.kind == "attack")
        assert (t.attack_queries < t.n_queries) or t.evasion != "diluted"
        assert (t.atlas is None) is (t.kind == "benign")
    campaigns = Counter(t.campaign_id for t in truth if t.evasion == "split")
    assert campaigns
    assert min(campaigns.values()) > 1
    assert not [t for t in emulate("benign", clients=12, seed=2).truth if t.kind == "attack"]


def digests(place: Path) -> dict[str, str]:
    return {str(p.relative_to(place)): sha256(p.read_bytes()).hexdigest() for p in sorted(place.rglob("*")) if p.is_file()}


def test_a_seed_means_the_same_bytes(tmp_path: Path) -> None:
    run = {"clients": 8, "attackers": 0.25}
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        pipeline.emulate("mixed", tmp_path / name, seed=seed, **run)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")
    assert sorted(p.name for p in (tmp_path / "a" / "logs").iterdir()) == [
        "language-bedrock.jsonl.gz",
        "language-litellm.jsonl.gz",
        "tabular-databricks.parquet",
    ]
    lines = gzip.decompress((tmp_path / "a" / "logs" / "language-litellm.jsonl.gz").read_bytes()).splitlines()
    times = [json.loads(line)["startTime"] for line in lines]
    assert times == sorted(times)
    pipeline.emulate("tabular", tmp_path / "a", seed=4, **run)  # an earlier sample is replaced, whole
    assert [p.name for p in (tmp_path / "a" / "logs").iterdir()] == ["tabular-databricks.parquet"]


def test_what_somebody_else_put_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("not yours")
    with pytest.raises(UsageError, match="holds something else"):
        pipeline.emulate("mixed", tmp_path, clients=8, attackers=0.2, seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
