"""The similarity engine against exact search, against other libraries, and against those who would mislead it. `make bench`, after
speed.py; results are kept in docs/performance.md.

Seconds are CPU seconds of all threads, compiling aside: every measurement runs in a process of its own, on a small input first. Memory is
the peak of that process; what it held before (the libraries and the input) is told beside it. Needs `.[bench]`.
"""

import argparse
import json
import multiprocessing
import os
import pickle
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb
import evaluate
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import speed
from numba import njit

from forensics.similarity import kernels, lineages, numeric, population, tables, text
from forensics.similarity.forest import Bools, Family, Floats, Ints, grown
from forensics.sketch.key import Key
from forensics.sketch.siphash import mixed
from forensics.sketch.text import describer
from forensics.store import Store

KEY: Final = Key("bench", bytes(range(32)))
CLOSEST: Final = population.CLOSEST
DIMENSIONS: Final = 30
CLUSTERS: Final = 200
CLIENTS: Final = 2000
COPIES: Final = 0.1  # of the queries are near copies of earlier ones
STEP: Final = 0.02  # in usual distances, between such a copy and its source
BATCH: Final = 2048  # texts that DuckDB hands to a function at a time
SECTIONS: Final = ("recall", "order", "speed", "compare", "hostile")
COMPARED: Final = 10_000  # most queries for libraries that hold each against all
SMALL: Final = 3000  # queries of the runs that only compile
_LETTERS: Final = random.Random(11)
WORDS: Final = pa.array(["".join(_LETTERS.choices("abcdefghijklmnopqrstuvwxyz", k=_LETTERS.randint(2, 9))) for _ in range(20_000)])
Line = list[object]
Links = Ints  # (links, 2): the later query first
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows:
    """Made-up rows, those of one client together. source: the row that each was copied from, -1 for the others. hostile: the attack."""

    rows: Floats
    clients: Ints
    order: Ints
    source: Ints
    hostile: Bools


@dataclass(frozen=True, slots=True)
class Texts:
    """The same for texts. ``words``, ``offsets``: numbers of the words of all, one text after the other."""

    texts: pa.Array
    words: np.ndarray[Any, np.dtype[np.int32]]
    offsets: Ints
    clients: Ints
    order: Ints
    source: Ints
    hostile: Bools


def loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled, and not kept: numba would not see that the engine's loops, which these call, have changed."""
    made: Callable[..., Any] = njit(function)
    return made


# --- measuring


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    before_mib: int
    peak_mib: int


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def measured(run: Callable[[], T]) -> tuple[T, Cost]:
    before, start = peak_mib(), time.process_time()
    result = run()
    return result, Cost(time.process_time() - start, before, peak_mib())


def alone(function: Callable[..., T], *arguments: object) -> T:
    """The result of a function in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def show(title: str, heads: str, lines: Iterable[Line]) -> None:
    columns = heads.split("; ")
    print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for line in lines:
        print(f"| {' | '.join(map(str, line))} |", flush=True)


def share(part: float, whole: float) -> str:
    return f"{part / whole:.4f}" if whole else "-"


# --- made-up queries


def sources(draw: np.random.Generator, n: int, fit: Bools, portion: float) -> Ints:
    """For about ``portion`` of n queries an earlier one, which is ``fit`` and no copy itself; -1 for the others."""
    picked = (draw.random(n) * np.arange(n)).astype(np.int64)
    copies = draw.random(n) < portion
    return np.where(copies & ~copies[picked] & fit[picked] & (np.arange(n) > 0), picked, -1)


def by_client(clients: Ints) -> tuple[Ints, Ints]:
    """(numbers of the queries with those of a client together, the place of each in that)."""
    sort = np.argsort(clients, kind="stable")
    place = np.empty_like(sort)
    place[sort] = np.arange(len(sort))
    return sort, place


def arranged(draw: np.random.Generator, clients: Ints, source: Ints, more: int) -> tuple[Ints, Ints, Ints, Ints, Bools]:
    """The attacker's ``more`` queries among those of ``clients``, each kind in its order, mixed by chance: (the number of each query of
    the whole, its client, the order in time, its source, whether it is the attacker's)."""
    n = len(clients)
    by_time = np.argsort(np.r_[np.sort(draw.random(n)), np.sort(draw.random(more))], kind="stable")
    everyone = np.r_[clients, np.full(more, CLIENTS)][by_time]
    sort, order = by_client(everyone)
    chosen = by_time[sort]
    place = np.empty_like(chosen)
    place[chosen] = np.arange(n + more)
    origin = np.r_[source, np.full(more, -1)][chosen]
    return chosen, everyone[sort], order, np.where(origin >= 0, place[origin], -1), chosen >= n


def made_rows(n: int, kind: str = "", more: int = 0, decoys: bool = False) -> Rows:
    """n rows of ordinary clients; ``more`` of an attacker of some ``kind``; ``decoys``: a tenth a little too far away from earlier ones."""
    draw = np.random.default_rng(5)
    rows = draw.normal(0, 3, (CLUSTERS, DIMENSIONS))[draw.integers(0, CLUSTERS, n)] + draw.normal(0, 1, (n, DIMENSIONS))
    clients = draw.integers(0, CLIENTS, n)
    known = population.measure(rows[:20_000], clients[:20_000])
    source = sources(draw, n, np.ones(n, np.bool_), 2 * COPIES if decoys else COPIES)
    far = (draw.random(n) < 0.5) & decoys
    steps = draw.normal(0, 1, (n, DIMENSIONS))
    steps *= (np.where(far, draw.uniform(0.08, 0.15, n), STEP) * known.usual / np.linalg.norm(steps, axis=1))[:, None]
    rows = np.where((source >= 0)[:, None], rows[source] + steps / known.inverse, rows)
    source = np.where(far, -1, source)
    if kind == "heavy":
        clients = np.where(draw.random(n) < 0.5, 0, clients)
    attack = draw.normal(0, 1, (more, DIMENSIONS))
    if kind == "near":
        attack = rows[0] + 1e-6 * attack
    elif kind == "walk":
        attack *= STEP * known.usual / np.linalg.norm(attack, axis=1)[:, None]
        attack = rows[0] + np.cumsum(attack, axis=0) / known.inverse
    about = arranged(draw, clients, source, more)
    return Rows(population.prepared(np.concatenate([rows, attack])[about[0]]), *about[1:])


@loop
def _copied(words: Any, offsets: Any, source: Any, first: Any, length: Any) -> None:
    """Give each copy its source's words, but for ``length`` from ``first`` on."""
    for t in range(len(source)):
        if source[t] >= 0:
            for i in range(offsets[t + 1] - offsets[t]):
                if i < first[t] or i >= first[t] + length[t]:
                    words[offsets[t] + i] = words[offsets[source[t]] + i]


def drawn_words(draw: np.random.Generator, count: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Numbers of words, some far commoner than others."""
    return (draw.random(count, np.float32) ** 2 * len(WORDS)).astype(np.int32) % len(WORDS)


def made_texts(n: int, kind: str = "", more: int = 0, decoys: bool = False) -> Texts:
    """n texts of ordinary clients, 47 words in the mean and up to 400; the rest as in `made_rows`.

    A copy has a run of words exchanged, so short that no less than 0.8 of the shingles stay; a decoy keeps 0.55 to 0.7.
    """
    draw = np.random.default_rng(6)
    length = np.clip(draw.lognormal(3.53, 0.8, n), 3, 400).astype(np.int64)
    source = sources(draw, n, length >= 29, (2 if decoys else 1) * COPIES / 0.55)  # no more than so many are long enough
    length = np.where(source >= 0, length[source], length)
    shingles = length - 2
    far = (draw.random(n) < 0.5) & decoys
    lost = np.where(far, shingles * draw.uniform(0.18, 0.29, n), 3 + draw.random(n) * (shingles // 9 - 2)).astype(np.int64)
    first = 2 + (draw.random(n) * np.maximum(1, shingles - lost)).astype(np.int64)
    clients = draw.integers(0, CLIENTS, n)
    if kind == "heavy":
        clients = np.where(draw.random(n) < 0.5, 0, clients)
    offsets = np.r_[0, np.cumsum(length)]
    words = drawn_words(draw, int(offsets[-1]))
    _copied(words, offsets, source, first, lost - 2)
    attack = _attack(draw, kind, more)
    offsets = np.r_[offsets, offsets[-1] + attack.shape[1] * np.arange(1, more + 1)]
    about = arranged(draw, clients, np.where(far, -1, source), more)
    words, offsets = _picked(np.r_[words, attack.ravel()], offsets, about[0])
    return Texts(joined(words, offsets), words, offsets, *about[1:])


def _attack(draw: np.random.Generator, kind: str, more: int, length: int = 60) -> np.ndarray[Any, np.dtype[np.int32]]:
    """(more, length) words. near: one word of the same text exchanged; chain: one word of the text before."""
    if not more:
        return np.zeros((0, length), np.int32)
    place, fresh = draw.integers(0, length, more), drawn_words(draw, more)
    texts = np.broadcast_to(drawn_words(draw, length), (more, length)).copy()
    if kind == "near":
        texts[np.arange(more), place] = fresh
        return texts
    latest = np.full((more, length), -1)  # the text that last exchanged each word
    latest[np.arange(more), place] = np.arange(more)
    np.maximum.accumulate(latest, axis=0, out=latest)
    return np.where(latest >= 0, fresh[latest], texts)


@loop
def _picked(words: Any, ends: Any, chosen: Any) -> Any:
    """(words, offsets) of the chosen texts."""
    offsets = np.zeros(len(chosen) + 1, np.int64)
    out = np.empty_like(words)
    for i in range(len(chosen)):
        size = ends[chosen[i] + 1] - ends[chosen[i]]
        offsets[i + 1] = offsets[i] + size
        out[offsets[i] : offsets[i + 1]] = words[ends[chosen[i]] : ends[chosen[i] + 1]]
    return out, offsets


def joined(words: np.ndarray[Any, np.dtype[np.int32]], offsets: Ints) -> pa.Array:
    """The texts, some at a time: words as strings take much room."""
    parts = []
    for start in range(0, len(offsets) - 1, 50_000):
        bounds = offsets[start : start + 50_001]
        strings = WORDS.take(pa.array(words[bounds[0] : bounds[-1]]))
        listed = pa.ListArray.from_arrays(pa.array((bounds - bounds[0]).astype(np.int32)), strings)
        parts.append(pc.binary_join(listed, " ").cast(pa.large_string()))
    return pa.concat_arrays(parts)


def stored(make: Callable[..., object], path: Path, *arguments: object) -> None:
    with path.open("wb") as file:
        pickle.dump(make(*arguments), file, protocol=5)


def read(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


# --- the engine


def forensics(*arguments: str, store: Path) -> None:
    """Run a command; stores beside each other have one key."""
    command = [sys.executable, "-m", "forensics", *arguments, "--store", str(store)]
    env = os.environ | {"FORENSICS_KEY_FILE": str(store.with_name("key"))}
    subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def everybody(n: int) -> Bools:
    return np.ones(n, np.bool_)


def described(texts: pa.Array) -> pa.StructArray:
    describe = describer(KEY)
    return pa.concat_arrays([describe(texts.slice(start, BATCH)) for start in range(0, len(texts), BATCH)])


def sketched(shapes: pa.StructArray) -> tuple[text.Sketches, Ints]:
    """(what is compared, numbers that are equal for equal texts), as the product reads them from a store."""
    table = pa.table(dict(zip((f.name for f in shapes.type), shapes.flatten(), strict=True)))
    shingles, offsets = lineages._bytes(table["shingles"].fill_null(b""))
    grams, _ = lineages._bytes(table["grams"].fill_null(bytes(2 * text.BINS)))
    words, head = (table[name].fill_null(0).to_numpy() for name in ("words", "head_hash"))
    flat = text.Sketches(shingles.view(np.uint32), offsets // 4, grams.view(np.uint16).reshape(len(table), -1), words, head)
    return flat, lineages._codes(table["fold_hash"])


def kin_texts(sketches: text.Sketches, same: Ints, order: Ints) -> Family:
    return text.kin_family(text.material(sketches), same, order, everybody(len(order)), text.CLOSEST)


def kin_rows(rows: Floats, clients: Ints, order: Ints, radius: float = CLOSEST) -> Family:
    """Links by distance alone, within ``radius`` usual distances."""
    known = replace(population.measure(rows, clients), sparse_shared=0)
    return numeric.kin_family(rows, order, everybody(len(rows)), known, radius * known.usual)


def trees(own: Family, kin: Family, order: Ints) -> Ints:
    """The lineage of each query, as a scan makes it (`lineages._grown`)."""
    return grown(kin.root, order, own.parent, own.linked)


# --- recall and false merges against exact search


@loop
def _pair(row: Any, other: Any, inverse: Any, coded: Any, limit: float, few: int) -> bool:
    enough = np.nextafter(limit, np.inf)
    if kernels.squared_distance(row, other, inverse, coded, population.CAP, enough) <= limit:
        return True
    changed = 0
    for k in range(len(row)):
        changed += row[k] != other[k]
        if changed > few:
            return False
    return True


@loop
def exact_rows(rows: Any, inverse: Any, coded: Any, order: Any, limit: float, few: int, tree: Any, parent: Any) -> Any:
    """Every row against every earlier one: (whether it has a partner, whether its parent is one, the connected components of partners,
    pairs, pairs within one ``tree``)."""
    n = len(rows)
    found, right = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    group = np.arange(n)
    pairs = together = 0
    for a in range(n):
        t = order[a]
        for b in range(a):
            row = order[b]
            if _pair(rows[t], rows[row], inverse, coded, limit, few):
                found[t] = True
                right[t] |= row == parent[t]
                pairs += 1
                together += tree[t] == tree[row]
                group[tables.find(group, t)] = tables.find(group, row)
    for t in range(n):
        group[t] = tables.find(group, t)
    return found, right, group, pairs, together


def compared(exact: tuple[Bools, Bools, Ints, int, int], family: Family) -> Line:
    """False is whoever is in one tree with a query that no chain of pairs leads to: its parent, or the root."""
    found, right, group, pairs, together = exact
    merged = family.root != np.arange(len(group))
    apart = merged & ((group != group[family.root]) | (family.linked & (group != group[np.maximum(family.parent, 0)])))
    recall = [f"{found.sum():,}", share((found & right).sum(), found.sum()), f"{pairs:,}", share(together, pairs)]
    return [*recall, f"{merged.sum():,}", share(apart.sum(), merged.sum())]


def row_lines(name: str, rows: Floats, clients: Ints, order: Ints) -> list[Line]:
    """Lines for the smallest radius and for the product's own, by distance alone; and for the product as it is, with sparse changes."""
    known = population.measure(rows, clients)
    plain = replace(known, sparse_shared=0)
    lines: list[Line] = []
    for how, used, radius in (
        (f"{CLOSEST:g}", plain, CLOSEST * known.usual),
        (f"{known.reach / known.usual:.3g} (its reach)", plain, known.reach),
        (f"its reach, or {known.sparse_shared} changes", known, known.reach),
    ):
        family = numeric.kin_family(rows, order, everybody(len(rows)), used, radius)
        exact = exact_rows(rows, used.inverse, used.coded, order, radius * radius, used.sparse_shared, family.root, family.parent)
        lines.append([name, f"{len(rows):,} x {rows.shape[1]}", how, *compared(exact, family)])
    return lines


def made_row_lines(n: int) -> list[Line]:
    made = made_rows(n, decoys=True)
    return row_lines("made up", made.rows, made.clients, made.order)


def corpus_row_lines(size: str, n: int) -> list[Line]:
    """A stretch of n distinct rows of each model, at a place that a fixed seed chose."""
    folder = evaluate.SHARED / "corpus" / f"dev-{size}" / "tabular"
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="forensics-bench-") as work:
        store = Path(work) / "store"
        forensics("ingest", *(str(folder / name) for name in evaluate.SOURCES["tabular"]), "--mapping", str(speed.MAPPING), store=store)
        paths = [str(part.path) for part in Store.open(store).snapshot().select("vectors")]
        with duckdb.connect() as con:
            con.execute(f"create temp table v as {DISTINCT.format(paths=paths)}")
            models = con.sql("select model, count(*) from v group by all order by all").fetchall()
            draw = random.Random(7)
            for model, count in models:
                start = draw.randint(0, max(0, count - n))
                stretch = con.sql(f"{STRETCH} limit {n} offset {start}", params=[model]).to_arrow_table()
                flat = stretch["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
                rows = population.prepared(np.array(flat, np.float64).reshape(len(stretch), -1))
                sort, order = by_client(lineages._codes(stretch["client_id"]))
                lines += row_lines(model, np.ascontiguousarray(rows[sort]), lineages._codes(stretch["client_id"])[sort], order)
    return lines


# Of each model the rows of the commonest shape, each once.
DISTINCT = """select model, client_id, ts, event_id, idx, vector from read_parquet({paths})
  qualify row_number() over (partition by model, vector order by ts, event_id, idx) = 1
    and len(vector) = mode(len(vector)) over (partition by model)"""
STRETCH = "select client_id, vector from v where model = ? order by ts, event_id, idx"

# What separates words stands in forensics/sketch/text.py; here it is written down once more, so that the two can differ.
_RUNS = re.compile("(?:[0-9A-Za-z]|[^\0-\x7f\u00a0\u00ab\u00bb\u2000-\u206f\u3000-\u3003\ufeff])+")
_UNITS = re.compile(b"[\0-\x7f]{1,3}|[\xc0-\xff][\x80-\xbf]*")


def words_of(value: str) -> Iterator[bytes]:
    for run in _RUNS.findall(value):
        folded = run.encode("utf-8", "replace").lower()
        if len(folded) <= 30:
            yield folded
        else:
            units = [*_UNITS.findall(folded), b""]
            yield from (one + other for one, other in pairwise(units))


def shingle_sets(texts: list[str]) -> list[frozenset[int]]:
    """Three words in a row, as numbers: the rarest first."""
    sets = []
    for value in texts:
        words = list(words_of(value))
        sets.append({tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set())
    seen = Counter(shingle for one in sets for shingle in one)
    number = {shingle: i for i, (shingle, _) in enumerate(reversed(seen.most_common()))}
    return [frozenset(number[shingle] for shingle in one) for one in sets]


def exact_pairs(sets: list[frozenset[int]]) -> Ints:
    """(pairs, 2): which sets have a Jaccard index of 0.8 or more, the later first.

    Two sets as alike as that share one of the rarest fifth of either (Bayardo, Ma and Srikant 2007): only these are in the index.
    """
    index: defaultdict[int, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int]] = []
    for t, mine in enumerate(sets):
        rarest = sorted(mine)[: len(mine) // 5 + 1]
        candidates = {other for shingle in rarest for other in index[shingle]}
        for other in candidates:
            both = len(mine & sets[other])
            if 5 * both >= 4 * (len(mine) + len(sets[other]) - both):
                pairs.append((t, other))
        for shingle in rarest:
            index[shingle].append(t)
    return np.array(pairs, np.int64).reshape(-1, 2)


@loop
def components(n: int, pairs: Any) -> Any:
    group = np.arange(n)
    for i in range(len(pairs)):
        group[tables.find(group, pairs[i, 0])] = tables.find(group, pairs[i, 1])
    for t in range(n):
        group[t] = tables.find(group, t)
    return group


def text_lines(name: str, texts: list[str]) -> list[Line]:
    """``texts`` in order of time. Links by shingles alone, and those of the product, which finds more by characters."""
    n = len(texts)
    sketches, _ = sketched(described(pa.array(texts)))
    # Numbers of rows, so that no two agree.
    mute = replace(sketches, grams=np.broadcast_to(np.arange(1, n + 1, dtype=np.uint16)[:, None], (n, text.BINS)).copy())
    pairs = exact_pairs(shingle_sets(texts))
    group, order = components(n, pairs), np.arange(n)  # texts without words are none of them alike, nor the same
    lines: list[Line] = []
    for how, used in (("shingles", mute), ("shingles or characters", sketches)):
        family = kin_texts(used, order, order)
        found, right = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        found[pairs[:, 0]] = True
        right[pairs[family.parent[pairs[:, 0]] == pairs[:, 1], 0]] = True
        together = int((family.root[pairs[:, 0]] == family.root[pairs[:, 1]]).sum())
        lines.append([name, f"{n:,}", how, *compared((found, right, group, len(pairs), together), family)])
    return lines


def made_text_lines(n: int) -> list[Line]:
    made = made_texts(n, decoys=True)
    return text_lines("made up", made.texts.take(pa.array(made.order)).to_pylist())


def corpus_text_lines(size: str, n: int) -> list[Line]:
    """A stretch of n distinct texts, the newest message of each call."""
    log = evaluate.SHARED / "corpus" / f"dev-{size}" / "llm" / "litellm.jsonl.zst"
    with duckdb.connect() as con:
        con.execute(f"create temp table t as {NEWEST.format(log=log)}")
        ((count,),) = con.sql("select count(*) from t").fetchall()
        start = random.Random(8).randint(0, max(0, count - n))
        found = con.sql(f"select newest from t order by ts, id limit {n} offset {start}").fetchall()
    return text_lines(log.name, [value for (value,) in found])


NEWEST = """with calls as (
  select startTime as ts, id, case json_type(messages) when 'VARCHAR' then messages->>'$' else messages->>'$[#-1].content' end as newest
  from read_json('{log}', format = 'newline_delimited', columns = {{startTime: 'DOUBLE', id: 'VARCHAR', messages: 'JSON'}})
)
select * from calls where length(newest) > 0 qualify row_number() over (partition by newest order by ts, id) = 1"""


def recall(quick: bool) -> None:
    n, size = (4000, "small") if quick else (20_000, "full")
    told = evaluate.SHARED.exists()
    heads = "items; pairs are; items with an earlier partner; of these found; pairs; of these in one tree; "
    heads += "items joined to earlier ones; of these false"
    lines = alone(made_row_lines, n) + (alone(corpus_row_lines, size, n) if told else [])
    show("Rows against exact search", f"of; {heads}".replace("pairs are", "pairs are within (usual distances)"), lines)
    lines = alone(made_text_lines, n) + (alone(corpus_text_lines, size, n) if told else [])
    show("Texts against exact search (Jaccard of word triples 0.8 and more)", f"of; {heads.replace('pairs are', 'linked by')}", lines)
    if not told:
        print("\nWithout the development corpora, which do not lie beside the checkout.")


# --- the order of ingest


def made_logs(n: int, folder: Path) -> list[Path]:
    """Calls of few clients, several a second, spread over four files by chance."""
    draw = random.Random(9)
    rows, texts = made_rows(n), made_texts(n)
    files: defaultdict[Path, list[dict[str, Any]]] = defaultdict(list)
    for k, t in enumerate(rows.order.tolist()):
        call = speed.gateway(draw, k) | {"time": 1767225600 + k // 4}
        call["request"]["instances"], call["consumer"]["id"] = [rows.rows[t].tolist()], f"c{rows.clients[t] % 5}"
        files[folder / f"gateway-{draw.randint(1, 2)}.jsonl"].append(call)
    for k, t in enumerate(texts.order.tolist()):
        call = speed.litellm(draw, k) | {"startTime": 1767225600 + k // 4, "model": f"model-{k % 2}"}
        call["messages"][0]["content"], call["metadata"]["user_api_key_user_id"] = texts.texts[t].as_py(), f"c{texts.clients[t] % 5}"
        files[folder / f"litellm-{draw.randint(1, 2)}.jsonl"].append(call)
    for path, calls in files.items():
        path.write_text("".join(json.dumps(call) + "\n" for call in calls))
    return sorted(files)


def forest_of(logs: list[Path], store: Path) -> pa.Table:
    """The nodes of a scan, the logs ingested one after the other."""
    commands = [["ingest", str(log), "--mapping", str(speed.MAPPING)] for log in logs]
    for command in [*commands, ["scan"]]:
        forensics(*command, store=store)
    paths = [str(part.path) for part in Store.open(store).snapshot().select("nodes")]
    with duckdb.connect() as con:
        return con.sql(f"select * from read_parquet({paths}) order by node").to_arrow_table()


def order(quick: bool) -> None:
    """The same logs in two orders: the same forest."""
    n = 3000 if quick else 10_000
    with tempfile.TemporaryDirectory(prefix="forensics-bench-") as work:
        logs = alone(made_logs, n, Path(work))
        draw = random.Random(10)
        one, other = (forest_of(draw.sample(logs, len(logs)), Path(work) / f"store-{i}") for i in range(2))
        near = len(one) - one["kin"].null_count
    differ = [name for name in one.column_names if not one[name].equals(other[name])]
    lines: list[Line] = [[len(logs), f"{len(one):,}", f"{near:,}", len(one.column_names), ", ".join(differ) or "none"]]
    show("Logs ingested in two orders", "logs; nodes; near copies; columns compared; columns that differ", lines)


# --- speed and memory


def described_file(path: Path) -> tuple[text.Sketches, Ints, Ints, Ints]:
    """What is stored of the texts in a file."""
    made: Texts = read(path)
    return (*sketched(described(made.texts)), made.clients, made.order)


def text_cost(what: str, path: Path) -> Cost:
    small = made_texts(SMALL)
    if what in {"described", "linked"}:
        made = read(path)
        _text_work(what, small.texts, small.order)
        return measured(partial(_text_work, what, made.texts, made.order))[1]
    kept = read(path)
    _stored_work(what, (*sketched(described(small.texts)), small.clients, small.order))
    return measured(partial(_stored_work, what, kept))[1]


def _text_work(what: str, texts: pa.Array, order: Ints) -> object:
    shapes = described(texts)
    return kin_texts(*sketched(shapes), order) if what == "linked" else shapes


def _stored_work(what: str, kept: tuple[text.Sketches, Ints, Ints, Ints]) -> object:
    sketches, same, clients, order = kept
    if what == "kin":
        return kin_texts(sketches, same, order)
    return text.edits(sketches, same, clients, order, everybody(len(order)))


def row_cost(what: str, path: Path) -> Cost:
    made: Rows = read(path)
    _row_work(what, made_rows(SMALL))
    return measured(partial(_row_work, what, made))[1]


def _row_work(what: str, made: Rows) -> object:
    asks = everybody(len(made.rows))
    if what == "steps":
        return numeric.steps(made.rows, made.clients, made.order, asks)
    known = population.measure(made.rows, made.clients)
    return numeric.kin_family(made.rows, made.order, asks, known, known.reach)


def speed_of(sizes: list[int]) -> None:
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="forensics-bench-") as work:
        texts, sketches, rows = (Path(work) / name for name in ("texts", "sketches", "rows"))
        for n in sizes:
            alone(stored, made_texts, texts, n)
            alone(stored, described_file, sketches, texts)
            alone(stored, made_rows, rows, n)
            for name, cost, what, path in (
                ("text: describe", text_cost, "described", texts),
                ("text: from the text to its nearest", text_cost, "linked", texts),
                ("text: nearest, from what is stored", text_cost, "kin", sketches),
                ("text: all that a scan computes", text_cost, "edits", sketches),
                (f"row of {DIMENSIONS}: nearest", row_cost, "kin", rows),
                (f"row of {DIMENSIONS}: all that a scan computes", row_cost, "steps", rows),
            ):
                took = alone(cost, what, path)
                used = [f"{took.before_mib:,}", f"{took.peak_mib - took.before_mib:,}"]
                lines.append([name, f"{n:,}", f"{took.seconds:.1f}", f"{n / took.seconds:,.0f}", *used])
    heads = "what; items; CPU s; items per CPU s; held before, MiB (libraries and input); more at the peak, MiB"
    show("Speed and memory", heads, lines)


# --- other libraries


@loop
def shingle_hashes(words: Any, offsets: Any) -> Any:
    """(64-bit numbers of three words in a row, where each text's begin)."""
    ends = np.zeros(len(offsets), np.int64)
    out = np.empty(len(words), np.uint64)
    at = 0
    for t in range(len(offsets) - 1):
        for i in range(offsets[t], offsets[t + 1] - 2):
            value = np.uint64(words[i]) | np.uint64(words[i + 1]) << np.uint64(21) | np.uint64(words[i + 2]) << np.uint64(42)
            out[at] = mixed(value + np.uint64(1))
            at += 1
        ends[t + 1] = at
    return out[:at], ends


def banded(signatures: np.ndarray[Any, Any], width: int = 4) -> Links:
    """Link each to the first that shares a band of its signature, where four fifths of the two agree."""
    found = []
    for start in range(0, signatures.shape[1], width):
        band = np.ascontiguousarray(signatures[:, start : start + width])
        keys = band.view(np.dtype((np.void, band.dtype.itemsize * width))).ravel()
        _, first, member = np.unique(keys, return_index=True, return_inverse=True)
        other = first[member]
        later = np.flatnonzero(other < np.arange(len(other)))
        kept = later[(signatures[later] == signatures[other[later]]).mean(axis=1) >= 0.8]
        found.append(np.stack([kept, other[kept]], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def by_rensa(made: Texts) -> Callable[[], Links]:
    rensa = import_module("rensa")

    hashes, ends = shingle_hashes(made.words, made.offsets)

    def run() -> Links:
        digests = rensa.RMinHash.digest_matrix_from_flat_token_hashes(hashes, ends.astype(np.uint64), 128, 42)
        return banded(np.array(digests.to_rows(), np.uint32))

    return run


def token_lists(made: Texts) -> list[list[bytes]]:
    hashes, ends = shingle_hashes(made.words, made.offsets)
    raw = hashes.tobytes()
    return [[raw[8 * i : 8 * i + 8] for i in range(start, end)] for start, end in pairwise(ends)]


def by_rensa_index(made: Texts) -> Callable[[], Links]:
    rensa = import_module("rensa")

    tokens = token_lists(made)

    def run() -> Links:
        hashes, index = rensa.RMinHash.from_token_sets(tokens, 128, 42), rensa.RMinHashLSH(0.8, 128, 32)
        index.insert_many(hashes)
        met = ((t, other) for t, others in enumerate(index.query_all(hashes)) for other in others if other < t)
        return as_links((t, other) for t, other in met if hashes[t].jaccard(hashes[other]) >= 0.8)

    return run


def by_rensa_c(made: Texts) -> Callable[[], Links]:
    rensa = import_module("rensa")

    hashes, ends = shingle_hashes(made.words, made.offsets)
    sets = [hashes[start:end].tolist() for start, end in pairwise(ends)]
    return lambda: banded(np.array(rensa.CMinHash.digests64_from_token_hash_sets(sets, 128, 42), np.uint64))


def by_datasketch(made: Texts) -> Callable[[], Links]:
    datasketch = import_module("datasketch")

    tokens = token_lists(made)

    def run() -> Links:
        index, found = datasketch.MinHashLSH(threshold=0.8, num_perm=64), []
        for t, hashed in enumerate(datasketch.MinHash.generator(tokens, num_perm=64, hashfunc=first_bits)):
            found += [(t, other) for other in index.query(hashed)]
            index.insert(t, hashed)
        return as_links(found)

    return run


def first_bits(token: bytes) -> int:
    return int.from_bytes(token[:4], "little")


def by_vectorizer(made: Texts) -> Callable[[], Links]:
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.neighbors import NearestNeighbors

    texts = made.texts.to_pylist()

    def run() -> Links:
        vectors = HashingVectorizer(ngram_range=(3, 3), binary=True, alternate_sign=False).transform(texts)
        # Sets of one size with a Jaccard index of 0.8 have a cosine of 0.8 / 0.9.
        near = NearestNeighbors(radius=1 - 0.8 / 0.9, metric="cosine", algorithm="brute").fit(vectors)
        return neighbours(near.radius_neighbors(vectors, return_distance=False))

    return run


def by_us(made: Texts) -> Callable[[], Links]:
    return lambda: linked(kin_texts(*sketched(described(made.texts)), made.order))


def by_us_stored(made: Texts) -> Callable[[], Links]:
    kept = sketched(described(made.texts))
    return lambda: linked(kin_texts(*kept, made.order))


def linked(family: Family) -> Links:
    """Each to its parent, and to the root of its tree: the two need not be linked to each other otherwise."""
    later, everyone = np.flatnonzero(family.linked), np.arange(len(family.root))
    inner = np.flatnonzero((family.root != family.parent) & (family.root != everyone))
    both = np.concatenate([np.stack([later, family.parent[later]], axis=1), np.stack([inner, family.root[inner]], axis=1)])
    return np.asarray(both, np.int64)


def as_links(pairs: Iterable[tuple[int, int]]) -> Links:
    return np.array(list(pairs), np.int64).reshape(-1, 2)


def neighbours(found: Iterable[Any]) -> Links:
    return as_links((t, int(other)) for t, others in enumerate(found) for other in others if 0 <= other < t)


def scaled(made: Rows) -> tuple[np.ndarray[Any, np.dtype[np.float32]], float]:
    """(rows in robust deviations, radius)."""
    known = population.measure(made.rows, made.clients)
    return (made.rows * known.inverse).astype(np.float32), CLOSEST * known.usual


def ranged(index: Any, rows: Any, radius: float) -> Links:
    limits, _, found = index.range_search(rows, radius * radius)
    later = np.repeat(np.arange(len(rows)), np.diff(limits.astype(np.int64)))
    return np.asarray(np.stack([later, found], axis=1)[found < later], np.int64)


def by_flat(made: Rows) -> Callable[[], Links]:
    faiss = import_module("faiss")

    rows, radius = scaled(made)

    def run() -> Links:
        index = faiss.IndexFlatL2(DIMENSIONS)
        index.add(rows)
        return ranged(index, rows, radius)

    return run


def by_lists(made: Rows) -> Callable[[], Links]:
    faiss = import_module("faiss")

    rows, radius = scaled(made)

    def run() -> Links:
        index = faiss.IndexIVFFlat(faiss.IndexFlatL2(DIMENSIONS), DIMENSIONS, round(len(rows) ** 0.5))
        index.train(rows)
        index.add(rows)
        index.nprobe = 8
        return ranged(index, rows, radius)

    return run


def by_graph(made: Rows) -> Callable[[], Links]:
    faiss = import_module("faiss")

    rows, radius = scaled(made)

    def run() -> Links:
        index = faiss.IndexHNSWFlat(DIMENSIONS, 32)
        index.add(rows)
        squared, found = index.search(rows, 8)
        return neighbours(np.where(squared <= radius * radius, found, -1))

    return run


def by_tree(made: Rows) -> Callable[[], Links]:
    from sklearn.neighbors import BallTree

    rows, radius = scaled(made)
    return lambda: neighbours(BallTree(rows).query_radius(rows, radius))


def by_us_rows(made: Rows) -> Callable[[], Links]:
    return lambda: linked(kin_rows(made.rows, made.clients, made.order))


def judged(method: Callable[[Any], Callable[[], Links]], make: Callable[..., Any], n: int) -> Line:
    """[items, CPU seconds, items per second, recall, links, false ones] of a method, made ready and tried on a few items first."""
    method(make(SMALL, decoys=True))()
    made = make(n, decoys=True)
    found, cost = measured(method(made))
    family = np.where(made.source >= 0, made.source, np.arange(n))
    group, copies = components(n, found), np.flatnonzero(made.source >= 0)
    recalled = share(int((group[copies] == group[made.source[copies]]).sum()), len(copies))
    false = share(int((family[found[:, 0]] != family[found[:, 1]]).sum()), len(found))
    return [f"{n:,}", f"{cost.seconds:.2f}", f"{n / cost.seconds:,.0f}", recalled, f"{len(found):,}", false]


# Whether it can do the larger number within a minute.
TEXT_METHODS: Final = (
    ("ours, from the text", by_us, True),
    ("ours, from what is stored", by_us_stored, True),
    ("rensa RMinHash, 128 values, 32 bands by NumPy; from hashes", by_rensa, True),
    ("rensa RMinHash and RMinHashLSH, 128 values, 32 bands; from hashes", by_rensa_index, True),
    ("rensa CMinHash, 128 values, 32 bands by NumPy; from hashes", by_rensa_c, True),
    ("datasketch MinHashLSH, 64 values; from hashes, unverified", by_datasketch, True),
    ("scikit-learn HashingVectorizer and radius neighbours; from the text", by_vectorizer, False),
)
ROW_METHODS: Final = (
    ("ours", by_us_rows, True),
    ("faiss IndexFlatL2, range search", by_flat, True),
    ("faiss IndexIVFFlat, range search, 8 probes", by_lists, True),
    ("faiss IndexHNSWFlat 32, 8 neighbours", by_graph, True),
    ("scikit-learn BallTree, radius", by_tree, False),
)


def compare(quick: bool) -> None:
    sizes_of = (5000,) if quick else (20_000, 100_000)
    small = sizes_of[0]
    heads = "by; items; CPU s; items per CPU s; planted copies found; links; of these false"
    for title, methods, make, most in (
        ("Texts: planted copies of Jaccard 0.8 and more, decoys of 0.55 to 0.7", TEXT_METHODS, made_texts, COMPARED),
        (f"Rows of {DIMENSIONS}: planted copies within {STEP}, decoys at 0.08 to 0.15", ROW_METHODS, made_rows, small),
    ):
        sizes = [(n, *method) for n in sizes_of for method in methods]
        done = [(name, min(n, n if can else most), by) for n, name, by, can in sizes if can or n == small]
        show(title, heads, [[name, *alone(judged, by, make, n)] for name, n, by in done])


# --- those who would mislead it


def lineage_cost(modality: str, kind: str, n: int, more: int) -> tuple[float, float, int]:
    """(CPU microseconds an item, share of the attacker's queries in the tree that has most of them, the largest tree)."""
    run: Callable[[Any], tuple[Family, Family]] = _text_forest if modality == "text" else _row_forest
    make: Callable[..., Any] = made_texts if modality == "text" else made_rows
    run(make(SMALL))
    made = make(n, kind, more)
    (own, kin), cost = measured(partial(run, made))
    tree = trees(own, kin, made.order)
    _, sizes = np.unique(tree[made.hostile], return_counts=True)
    _, all_sizes = np.unique(tree, return_counts=True)
    return 1e6 * cost.seconds / len(made.order), sizes.max() / max(1, more) if more else 0.0, int(all_sizes.max())


def _text_forest(made: Texts) -> tuple[Family, Family]:
    kept = sketched(described(made.texts))
    found = text.edits(*kept, made.clients, made.order, everybody(len(made.order)))
    return found.own, found.kin


def _row_forest(made: Rows) -> tuple[Family, Family]:
    found = numeric.steps(made.rows, made.clients, made.order, everybody(len(made.order)))
    return found.own, found.kin


def hostile(quick: bool, most: int) -> None:
    n, more, walk = (5000, 20_000, 40_000) if quick else (50_000, 200_000, min(1_000_000, most))
    lines: list[Line] = []
    for modality, name, kind, attack in (
        ("row", "near-collisions of one row, a millionth of a deviation apart", "near", more),
        ("row", "one client sends half of all", "heavy", 0),
        ("row", f"a walk in steps of {STEP}", "walk", walk),
        ("text", "one text, one word exchanged each time", "near", more),
        ("text", "one client sends half of all", "heavy", 0),
        ("text", "one word more exchanged each time", "chain", more),
    ):
        whole = n + (attack or more)
        usual, _, _ = alone(lineage_cost, modality, "", whole, 0)
        took, together, largest = alone(lineage_cost, modality, kind, whole - attack, attack)
        part = f"{together:.4f}" if attack else "-"
        lines.append([f"{modality}: {name}", f"{whole:,}", f"{attack:,}", f"{usual:.1f}", f"{took / usual:.2f}", part, f"{largest:,}"])
    heads = "what; items; of these the attack; CPU microseconds an item without it; times as much with it"
    show("Hostile queries", f"{heads}; of the attack in one tree; largest tree", lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few items: about a minute")
    parser.add_argument("--most", type=int, default=1_000_000, help="items of the largest measurements")
    parser.add_argument("--only", nargs="*", choices=SECTIONS, default=SECTIONS)
    asked = parser.parse_args()
    libraries = ("numpy", "numba", "pyarrow", "duckdb", "scikit-learn", "rensa", "datasketch", "faiss-cpu")
    print(", ".join(f"{name} {version(name)}" for name in libraries), f", Python {sys.version.split()[0]}, {os.cpu_count()} cores", sep="")
    sizes = [20_000] if asked.quick else sorted({min(n, asked.most) for n in (200_000, 1_000_000)})
    sections = {
        "recall": partial(recall, asked.quick),
        "order": partial(order, asked.quick),
        "speed": partial(speed_of, sizes),
        "compare": partial(compare, asked.quick),
        "hostile": partial(hostile, asked.quick, asked.most),
    }
    with tempfile.TemporaryDirectory(prefix="forensics-bench-numba-") as cache:
        # The first run of each loop compiles it for all the processes, anew: a cache from before may be of other code.
        os.environ["NUMBA_CACHE_DIR"] = cache
        for name in asked.only:
            sections[name]()


if __name__ == "__main__":
    main()
