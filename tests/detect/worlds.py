"""A model, its customers, and whoever probes it by a paper's algorithm or looks as if he did: rows in, what is judged of them out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats

from forensics.detect.interface import Matches, Subjects
from forensics.detect.invariants.interface import Alibi, Invariant, load_analytics, relations
from forensics.detect.judge import judge
from forensics.features.frame import assemble
from forensics.features.interface import Feature
from forensics.features.kernel import Partition, compute
from forensics.model.event import TABLES, arrow_schema
from forensics.model.finding import Finding
from forensics.similarity.lineages import Traffic, nodes

Array = np.ndarray[Any, Any]
Chance = np.random.Generator
Rows = Callable[[Chance], Array]

START, SPAN = datetime(2026, 3, 2, tzinfo=UTC), timedelta(days=12)
EVERY = load_analytics()
INVARIANTS = tuple(i for i in EVERY[0] if i.modality == "vector")
ALIBIS = tuple(a for a in EVERY[1] if {*a.excuses} & {i.name for i in INVARIANTS})
FINE: Final = 9  # coordinates with two decimals; after them one of whole years, one of five grades and one of two
SIZE: Final = FINE + 3
_FIXED = np.random.default_rng(20260302)
_LOADINGS = _FIXED.normal(size=(3, FINE))
WEIGHTS = np.r_[_FIXED.normal(size=FINE), 0.03, 0.2, 0.4]


def natural(chance: Chance, n: int) -> Array:
    """Records of people: a few things that all depends on, and whole numbers among the rest."""
    fine = np.round(0.7 * chance.normal(size=(n, 3)) @ _LOADINGS + 0.6 * chance.normal(size=(n, FINE)), 2)
    years = np.clip(np.round(chance.normal(45, 14, n)), 18, 90)
    return np.column_stack([fine, years, chance.integers(0, 5, n), chance.integers(0, 2, n)])


def score(rows: Array) -> Array:
    """P(yes) of a logistic model."""
    at = np.atleast_2d(rows) @ WEIGHTS - 45 * 0.03 - 0.6
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(at, -30, 30))))


def says(row: Array) -> bool:
    return bool(score(row)[0] > 0.5)


def honest(chance: Chance) -> Array:
    """Cases of the day; some are edited in a field or two before they are done, some are sent again."""
    rows = [*natural(chance, int(chance.integers(60, 120)))]
    for _ in range(int(chance.integers(0, 5))):
        place = int(chance.integers(len(rows)))
        for _ in range(int(chance.integers(1, 4))):
            row, field = rows[place].copy(), int(chance.integers(SIZE))
            row[field] = natural(chance, 1)[0, field]
            rows.insert(place + 1, row)
    return np.array([*rows, *(rows[:: int(chance.integers(20, 60))])])


@dataclass(frozen=True, slots=True)
class Judged:
    """``frame``: columns of each client, as stored; ``matches``: what was judged."""

    frame: dict[str, dict[str, Any]]
    matches: Matches

    def share(self, client: str, invariant: str) -> float:
        return float(self.frame[client][f"{invariant}.share"] or 0.0)

    def hits(self, client: str, invariant: str) -> int:
        return int(self.frame[client][f"{invariant}.hits"] or 0)

    def explained(self, client: str, invariant: str) -> int:
        return int(self.frame[client][f"{invariant}.explained"] or 0)

    def q_value(self, client: str) -> float:
        return self.matches.q_values[client, "m"]

    def check_honest(self, honest: Iterable[str], invariants: Sequence[Invariant]) -> None:
        """Nobody beyond what an odd but honest client may well show. It is a rate: of a hundred steps chance makes more or fewer hits."""
        for client in honest:
            assert self.q_value(client) > 0.05, client
            for invariant in invariants:
                hits, tried = (int(self.frame[client][f"{invariant.name}.{what}"] or 0) for what in ("hits", "tried"))
                assert hits <= stats.binom.ppf(0.999, tried, invariant.odd_share), (client, invariant.name)

    def findings(self, client: str) -> list[Finding]:
        return [f for f in self.matches.findings if f.client_id == client]


def crowd(seed: int, clients: int = 40) -> dict[str, Array]:
    return {f"user:{n:02d}": honest(np.random.default_rng([seed, n])) for n in range(clients)}


def judged(folder: Path, clients: Mapping[str, Array], alibis: Sequence[Alibi] = ALIBIS) -> Judged:
    """Everything from rows to findings: nodes, steps, alibis, invariants, nulls. Each client's rows are spread evenly over `SPAN`."""
    events, items, vectors = [], [], []
    for client, rows in clients.items():
        p = score(rows)
        for n, row in enumerate(rows):
            known = {"event_id": f"{client}/{n:04d}", "client_id": client, "model": "m", "ts": START + SPAN * (n / len(rows))}
            events.append(known | {"n_items": 1, "outcome": "ok", "source_row": n})
            answer = {"label": "yes" if p[n] > 0.5 else "no", "top_score": max(p[n], 1 - p[n]), "margin": abs(2 * p[n] - 1)}
            items.append(known | answer | {"idx": 0, "modality": "vector", "size": len(row)})
            vectors.append(known | {"idx": 0, "vector": row.tolist()})
    return told(folder, (events, items, vectors), INVARIANTS, alibis)


def told(folder: Path, tables: Sequence[list[dict[str, Any]]], invariants: Sequence[Invariant], alibis: Sequence[Alibi]) -> Judged:
    """What is judged of events, items and vectors."""
    files: dict[str, tuple[str, ...]] = {}
    for name, held in zip(TABLES, tables, strict=True):
        files[name] = (str(folder / f"{name}.parquet"),)
        pq.write_table(pa.Table.from_pylist(held, schema=arrow_schema(name)), files[name][0])
    end = START + SPAN
    forest = nodes(Traffic(("m",), files["events"], files["items"], files["vectors"], START, end), threads=2)
    files["nodes"] = (str(folder / "nodes.parquet"),)
    pq.write_table(forest.nodes, files["nodes"][0])
    features = [Feature(i.spec, i.counted) for i in invariants]
    found = assemble([compute(Partition(tuple(files.items()), START, end), features, relations(alibis), threads=2)], features)
    matches = judge(invariants, alibis, Subjects(found.frame, found.specs, found.examples, START, end))
    return Judged({row["client_id"]: row for row in found.frame.to_pylist()}, matches)


# What each invariant is about, by the algorithm of its paper. Every one begins with records of people and sees answers only.


def two_sides(chance: Chance) -> tuple[Array, Array]:
    """A record of each answer: no, yes."""
    rows = natural(chance, 200)
    p = score(rows)
    return rows[p < 0.5][0], rows[p > 0.5][0]


def halved(low: Array, high: Array, times: int) -> list[Array]:
    """The queries of a search for the boundary between two rows of different answers; the last is nearest to it."""
    out = []
    for _ in range(times):
        middle = (low + high) / 2
        out.append(middle)
        low, high = (low, middle) if says(middle) else (middle, high)
    return out


def axis_halving(chance: Chance) -> Array:
    """Tramèr et al. 2016: each threshold on the way to a leaf, by bisection of one coordinate."""
    out = []
    for row in natural(chance, 3):
        out.append(row)
        for axis in chance.permutation(FINE)[:6]:
            low, high = row.copy(), row.copy()
            low[axis], high[axis] = -8.0, 8.0
            out += [low, high]
            for _ in range(10):
                middle = (low + high) / 2
                out.append(middle)
                low, high = (low, middle) if says(middle) == says(high) else (middle, high)
    return np.array(out)


def axis_search(chance: Chance) -> Array:
    """SimBA (Guo et al. 2019): a step along one coordinate after the other, up, or down where that is worse; what helps is kept."""
    out = []
    for row in natural(chance, 6):
        at, sign = row.copy(), -1 if says(row) else 1
        out.append(at)
        for axis in chance.permutation(SIZE):
            for step in (0.2, -0.2):
                tried = at.copy()
                tried[axis] += step
                out.append(tried)
                if sign * (score(tried)[0] - score(at)[0]) > 0:
                    at = tried
                    break
    return np.array(out)


def bisection(chance: Chance) -> Array:
    """The boundary between pairs of records (HopSkipJump's first step; Choquette-Choo et al. 2021)."""
    pairs = (two_sides(chance) for _ in range(12))
    return np.array([row for low, high in pairs for row in (low, high, *halved(low, high, 10))])


def boundary_lines(chance: Chance) -> Array:
    """Sign-OPT (Cheng et al. 2020): how far it is to the boundary along a direction; outwards by equal steps, then by bisection."""
    out = []
    for _ in range(10):
        row, other = two_sides(chance)
        along = (other - row) / 8
        out.append(row)
        for n in range(1, 9):
            out.append(row + n * along)
            if says(out[-1]):
                break
        out += halved(out[-2], out[-1], 8)
    return np.array(out)


def climbs(chance: Chance) -> Array:
    """Fredrikson et al. 2015 by estimated gradients: of three steps that should raise the score, the best is gone on from."""
    at, gradient = natural(chance, 1)[0], np.zeros(SIZE)
    out = [at]
    for _ in range(60):
        steps = np.column_stack([0.05 * chance.normal(size=(3, FINE)), np.zeros((3, 3))]) + 0.1 * gradient
        tried = at + steps
        out += [*tried]
        gains = score(tried) - score(at)
        gradient = 0.9 * gradient + (gains / np.abs(gains).max()) @ steps
        gradient /= max(1e-12, float(np.linalg.norm(gradient)))
        at = tried[int(np.argmax(gains))]
    return np.array(out)


def variants(chance: Chance, row: Array, n: int, size: float = 0.1) -> Array:
    """Noise on all fine coordinates."""
    return np.asarray(row + np.column_stack([size * chance.normal(size=(n, FINE)), np.zeros((n, 3))]))


def dealt(chance: Chance, accounts: int = 8, records: int = 60) -> list[Array]:
    """Variants of the same records, one to each account (label-only membership inference over many accounts)."""
    each = [variants(chance, row, accounts) for row in natural(chance, records)]
    return [np.array([block[a] for block in each]) for a in range(accounts)]


def even_blocks(chance: Chance) -> Array:
    """Choquette-Choo et al. 2021: so many augmentations of each candidate, one candidate after the other."""
    return np.concatenate([np.vstack([row, variants(chance, row, 5)]) for row in natural(chance, 25)])


def field_sweep(chance: Chance) -> Array:
    """Fredrikson et al. 2014, Mehnaz et al. 2022: each record with every value of the field in question."""
    out = np.repeat(natural(chance, 30), 5, axis=0)
    out[:, FINE + 1] = np.tile(np.arange(5), 30)
    return out


def flips(chance: Chance) -> Array:
    """Boundary attack (Brendel et al. 2018): random steps along the boundary, and towards the first record by as much as goes well half of
    the time."""
    low, high = two_sides(chance)
    out, pull = [low, high, *halved(low, high, 8)], 0.02
    at = next(row for row in reversed(out) if says(row))
    for _ in range(180):
        step = np.r_[0.1 * chance.normal(size=FINE), 0, 0, 0]
        step -= (step @ WEIGHTS) / (WEIGHTS[:FINE] @ WEIGHTS[:FINE]) * np.r_[WEIGHTS[:FINE], 0, 0, 0] * 0.8
        tried = at + step + pull * (low - at)
        out.append(tried)
        pull = min(0.2, pull * 1.2) if says(tried) else pull / 1.2
        at = tried if says(tried) else at
    return np.array(out)


def generations(chance: Chance) -> Array:
    """Jacobian augmentation (Papernot et al. 2017) of fields with ranges of their own, rounded: a step from every row so far."""
    known, size = natural(chance, 24), np.r_[chance.uniform(0.2, 0.8, FINE), 7, 0, 0]
    for _ in range(4):
        slopes = WEIGHTS * (1 + chance.normal(size=known.shape))
        known = np.vstack([known, np.round(known + size * np.sign(slopes), 1)])
    return known


def low_margins(chance: Chance) -> Array:
    """Lowd and Meek 2005, active learning (Chandrasekaran et al. 2020): of many candidates, what is least sure by what is known so far."""
    candidates, known = natural(chance, 4000), WEIGHTS + np.r_[0.02 * chance.normal(size=FINE), 0, 0, 0]
    return np.asarray(candidates[np.argsort(np.abs(candidates @ known - 45 * 0.03 - 0.6))[:150]])


def mirrored_steps(chance: Chance) -> Array:
    """NES (Ilyas et al. 2018): x + u beside x - u, a step along the estimated gradient, and again."""
    at = natural(chance, 1)[0]
    out = [at]
    for _ in range(15):
        steps = np.column_stack([0.1 * chance.normal(size=(6, FINE)), np.zeros((6, 3))])
        both = [at + sign * step for step in steps for sign in (1, -1)]
        out += both
        gains = score(np.array(both[::2])) - score(np.array(both[1::2]))
        gradient = gains @ steps
        at = at + 0.3 * gradient / max(float(np.linalg.norm(gradient)), 1e-12)
        out.append(at)
    return np.array(out)


def outside(chance: Chance) -> Array:
    """Equation solving and extraction by uniform queries (Tramèr et al. 2016): anywhere in the box that the fields allow."""
    fine, years = chance.uniform(-4, 4, (150, FINE)), chance.uniform(0, 120, 150)
    return np.column_stack([fine, years, chance.integers(0, 5, 150), chance.integers(0, 2, 150)])


def pairs(chance: Chance) -> Array:
    """One account's part of an inference that is spread: two variants of each candidate, then the next."""
    return np.concatenate([variants(chance, row, 2, 0.25) for row in natural(chance, 70)])


def regular_splices(chance: Chance) -> Array:
    """Candidates, then their fabricated twins in the same order: half of the values kept, the others drawn anew."""
    rows, others = natural(chance, 75), natural(chance, 75)
    kept = np.r_[np.ones(5, np.bool_), np.zeros(SIZE - 5, np.bool_)]
    return np.vstack([rows, np.where(kept, rows, others)])


def sign_steps(chance: Chance) -> Array:
    """Jacobian augmentation (Papernot et al. 2017): a step by the signs of the gradient of a substitute, from every row."""
    rows = natural(chance, 50)
    out = [*rows]
    for _ in range(2):
        signs = np.sign(WEIGHTS * (1 + chance.normal(size=(len(rows), SIZE)))) * np.r_[np.ones(FINE), np.zeros(3)]
        rows = rows + 0.1 * signs
        out += [*rows]
    return np.array(out)


def stars(chance: Chance) -> Array:
    """Rahman et al. 2018, Choquette-Choo et al. 2021: a record, and noise around it."""
    blocks = (np.vstack([row, variants(chance, row, int(chance.integers(8, 14)))]) for row in natural(chance, 12))
    return np.concatenate([*blocks])


ATTACKS: dict[str, Rows] = {
    f.__name__: f
    for f in (
        *(axis_halving, axis_search, bisection, boundary_lines, climbs, even_blocks, field_sweep, flips, generations),
        *(low_margins, mirrored_steps, outside, pairs, regular_splices, sign_steps, stars),
    )
}


# What each alibi is about.


def batch(chance: Chance) -> Array:
    """Forty customers, scored anew in every run with what has changed since."""
    rows, out = natural(chance, 40), []
    for _ in range(10):
        out.append(rows)
        rows = np.where(chance.random((40, SIZE)) < 0.6, rows, natural(chance, 40))
    return np.concatenate(out)


def runs(chance: Chance, times: int, growth: float) -> Array:
    """A list, sent again and again; of most records one field has changed since, and some are new."""
    rows, out = natural(chance, 24), []
    for _ in range(times):
        out.append(rows)
        field, changed = np.arange(SIZE) == chance.integers(FINE, size=(len(rows), 1)), chance.random((len(rows), 1)) < 0.6
        rows = np.vstack([np.where(field & changed, natural(chance, len(rows)), rows), natural(chance, int(growth * len(rows)))])
    return np.concatenate(out)


def dashboard(chance: Chance) -> Array:
    """Five machines on a screen, in no order, until it is switched off."""
    rows = natural(chance, 5)
    return np.array([variants(chance, rows[m], 1, 0.05)[0] for m in chance.integers(0, 5, 200)])


def explainer(chance: Chance) -> Array:
    """Kernel SHAP: a case, with the values of a background record where the mask says so."""
    out = []
    for row, background in zip(natural(chance, 4), natural(chance, 4), strict=True):
        masks = chance.random((50, SIZE)) < chance.uniform(0.2, 0.8, (50, 1))
        out += [row, background, *np.where(masks, row, background)]
    return np.array(out)


def fixture(chance: Chance) -> Array:
    """A test suite's rows, of which some are made up, every day."""
    rows = np.vstack([np.zeros((1, SIZE)), np.ones((1, SIZE)), 9 * np.ones((1, SIZE)), chance.uniform(-5, 5, (8, SIZE))])
    return np.tile(rows, (12, 1))


def replay(chance: Chance) -> Array:
    """Every record before and after a correction of the preprocessing."""
    step = np.r_[0.3, -0.25, 0.42, 0.16, -0.37, 0.21, np.zeros(SIZE - 6)]
    return np.array([version for row in natural(chance, 80) for version in (row, row + step)])


def sensor(chance: Chance) -> Array:
    """A machine that is read every hour."""
    steps = np.column_stack([0.06 * chance.normal(size=(200, FINE)), np.zeros((200, 3))])
    return np.asarray(natural(chance, 1)[0] + np.cumsum(steps, axis=0))


def surrogate(chance: Chance) -> Array:
    """LIME: a case, and noise around it as wide as the population."""
    cases = natural(chance, 2)
    return np.concatenate([np.vstack([row, row + np.column_stack([chance.normal(size=(60, FINE)), np.zeros((60, 3))])]) for row in cases])


def what_if(chance: Chance) -> Array:
    """One or two fields of a case, up and up, until the answer is yes or nobody believes it any more; then the next case."""
    out = []
    for row in natural(chance, 25):
        out.append(row)
        fields = np.argsort(-np.abs(WEIGHTS[:FINE]))[: int(chance.integers(1, 3))]
        for n in range(1, int(chance.integers(3, 10))):
            tried = row.copy()
            tried[fields] += np.round(0.2 * n * np.sign(WEIGHTS[fields]), 2)
            out.append(tried)
            if says(tried):
                break
    return np.array(out)


BENIGN: dict[str, Rows] = {f.__name__: f for f in (batch, dashboard, explainer, fixture, replay, sensor, surrogate, what_if)}


def interleaved(chance: Chance, one: Array, other: Array) -> Array:
    """Both in one account, each in its order, by chance."""
    mine = np.zeros(len(one) + len(other), np.bool_)
    mine[chance.choice(len(mine), len(one), replace=False)] = True
    out = np.empty((len(mine), one.shape[1]))
    out[mine], out[~mine] = one, other
    return out


def check_what_is_left_out(worlds: Iterable[Judged], alibis: Mapping[str, Alibi]) -> None:
    """A finding says what an alibi explains of it, and which alibi, wherever one does."""
    told = 0
    for world in worlds:
        for finding in world.matches.findings:
            invariant = finding.analytic.removeprefix("invariants/")
            sentences = [e.sentence for e in finding.evidence if e.field == f"{invariant}.explained"]
            assert bool(sentences) == bool(world.explained(finding.client_id, invariant))
            for sentence in sentences:
                told += 1
                assert alibis[world.frame[finding.client_id][f"{invariant}.alibi"]].title in sentence
    assert told > 0
