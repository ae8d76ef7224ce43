"""Who does what: jobs of one account or several, drawn before anything is asked.

For every job, hostile or not, the same draws come first: what the model gives back, how much is asked, how many rows go into a call,
and whether the job stands alone, shares its account with another (an attacker calls that dilution), is spread over several accounts
(splitting), or sends its rows with noise or in few digits. Only then is a behaviour chosen that can work under these, the one that has
been used least.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from forensics.emulate import attacks, benign
from forensics.emulate.interface import (
    BIASED,
    CHAT,
    CHAT_LOGPROBS,
    COMPLETION,
    EMBEDDINGS,
    LABELS,
    SCORES,
    SCORING,
    Behaviour,
    LanguageBehaviour,
    TabularBehaviour,
)
from forensics.emulate.people import Account, account
from forensics.model.discover import discover

# Queries of one account: half of them ask less than the median.
MEDIAN, SPREAD, LEAST, MOST = 95.0, 1.0, 30, 1500
OPTIONS = {
    "tabular": ((LABELS, 0.4), (SCORES, 0.6)),
    "language": ((CHAT, 0.45), (CHAT_LOGPROBS, 0.15), (COMPLETION, 0.14), (SCORING, 0.1), (BIASED, 0.06), (EMBEDDINGS, 0.1)),
}
STRUCTURES = {
    "tabular": (("alone", 0.45), ("mixed", 0.23), ("spread", 0.12), ("blinded", 0.1), ("rounded", 0.1)),
    "language": (("alone", 0.45), ("mixed", 0.23), ("spread", 0.12), ("wrapped", 0.1), ("camouflaged", 0.1)),
}
TABULAR_MODELS = ("sepsis-risk", "basket-segments", "glyph-reader")
CHAT_MODEL, EMBEDDING_MODEL = "quill-7b", "quill-embed"
LANGUAGE_MODELS = (CHAT_MODEL, EMBEDDING_MODEL)
CONVERSING = (CHAT, CHAT_LOGPROBS, BIASED)
# What can be disguised how, by model or interface; elsewhere a job that would be stands alone. Flags have no digits to lose.
DISGUISED = {
    "blinded": TABULAR_MODELS, "rounded": ("sepsis-risk", "glyph-reader"), "wrapped": CONVERSING, "camouflaged": CONVERSING,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """``calls`` are those of each account, ``batch`` the rows of a call; ``cover`` is what else is done, with its share of the calls;
    ``disguise`` is what is put over the rows, or empty."""

    number: int
    world: str
    model: str
    main: Behaviour
    cover: Behaviour | None
    cover_share: float
    option: str
    batch: int
    calls: tuple[int, ...]
    accounts: tuple[Account, ...]
    campaign_id: str | None
    disguise: str

    @property
    def evasion(self) -> str:
        if not self.campaign_id:
            return "none"
        return "split" if len(self.accounts) > 1 else "diluted" if self.cover else self.disguise or "none"


def behaviours(world: str, *, hostile: bool) -> tuple[Behaviour, ...]:
    """Every file of attacks/ or benign/ that belongs to this world."""
    kind = TabularBehaviour if world == "tabular" else LanguageBehaviour
    return tuple(b for b in discover(attacks if hostile else benign, "BEHAVIOUR", Behaviour) if isinstance(b, kind))


def plan(world: str, clients: int, attackers: float, seed: int, first: int = 0) -> list[Job]:
    """Jobs of so many accounts in all, of which the share ``attackers`` is hostile."""
    rng = np.random.default_rng([seed, 7, len(world)])
    hostile = round(clients * attackers)
    jobs: list[Job] = []
    for is_attack, quota in ((True, hostile), (False, clients - hostile)):
        known, used = behaviours(world, hostile=is_attack), Counter[str]()
        while quota:
            job = _job(rng, world, known, used, quota, first + len(jobs), campaign=is_attack)
            used[job.main.name] += 1
            quota -= len(job.accounts)
            jobs.append(job)
    return jobs


def _job(
    rng: np.random.Generator, world: str, known: Sequence[Behaviour], used: Counter[str], quota: int, number: int, *, campaign: bool
) -> Job:
    option, structure = _drawn(rng, OPTIONS[world]), _drawn(rng, STRUCTURES[world])
    budget = float(np.clip(rng.lognormal(np.log(MEDIAN), SPREAD), LEAST, MOST))
    single = world == "language" and option != EMBEDDINGS
    batch = 1 if single or rng.random() < 0.6 else int(np.clip(rng.lognormal(np.log(8), 0.9), 2, budget / 5))
    model = str(rng.choice(models_of(world, option)))
    main = _least_used(rng, [b for b in known if _fits(b, option, model) and (quota > 1 or not b.shared)], used)
    spread = quota > 1 and (structure == "spread" or main.shared)
    size = int(rng.integers(3, 7) if main.shared else rng.integers(2, 4)) if spread else 1
    cover = None
    if structure == "mixed" and not spread:
        others = [b for b in behaviours(world, hostile=False) if _fits(b, option, model) and not b.shared and b.name != main.name]
        cover = others[rng.integers(len(others))]
    size = min(size, quota)
    # Who shares work out shares it out about evenly.
    calls = tuple(ceil(budget * balance / batch) for balance in (rng.uniform(0.8, 1.2, size) if size > 1 else (1.0,)))
    return Job(
        number=number, world=world, model=model, main=main, cover=cover, cover_share=float(rng.uniform(0.2, 0.8)) if cover else 0.0,
        option=option, batch=batch, calls=calls, accounts=tuple(account(rng) for _ in range(size)),
        campaign_id=f"{world}-{number:03d}" if campaign else None,
        disguise=structure if not spread and {model, option} & {*DISGUISED.get(structure, ())} else "",
    )  # fmt: skip


def models_of(world: str, option: str) -> tuple[str, ...]:
    """Which models of a world give that back."""
    return TABULAR_MODELS if world == "tabular" else (EMBEDDING_MODEL,) if option == EMBEDDINGS else (CHAT_MODEL,)


def _drawn(rng: np.random.Generator, choices: Sequence[tuple[str, float]]) -> str:
    return choices[rng.choice(len(choices), p=[share for _, share in choices])][0]


def _fits(behaviour: Behaviour, option: str, model: str) -> bool:
    models = behaviour.models if isinstance(behaviour, TabularBehaviour) else ()
    return option in behaviour.options and (not models or model in models)


def _least_used(rng: np.random.Generator, fitting: Sequence[Behaviour], used: Counter[str]) -> Behaviour:
    """The one that came up least so far; on rows, of these one that fits seldom, or it would never come up.

    In words there are more families than attackers, and those that fit often would never come up.
    """

    def order(behaviour: Behaviour) -> tuple[int, int]:
        broad = len(behaviour.options) * len(behaviour.models or TABULAR_MODELS) if isinstance(behaviour, TabularBehaviour) else 0
        return used[behaviour.name], broad

    least = min(map(order, fitting))
    rarest = [b for b in fitting if order(b) == least]
    return rarest[rng.integers(len(rarest))]
