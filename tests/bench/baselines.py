"""Published detectors on the same traffic, from their papers, as reference: what `docs/detection.md` is held against.

    python tests/bench/baselines.py --store STORE --truth TRUTH

* PRADA (Juuti et al. 2019, arXiv 1805.02628): the distribution of each query's distance to the nearest of its class so far, under a
  Shapiro-Wilk test; a client's score is 1 - W over its accepted distances.
* Stateful k-NN (Chen et al. 2019, arXiv 1907.05587): mean distance to the 50 nearest earlier queries of the client against the threshold
  that one in a thousand natural queries falls below; the score is the share below. On standardised rows: the paper's encoder is for images.
* Blacklight (Li et al. 2022, arXiv 2006.14042): quantised windows of a row, hashed under a salt, the 50 smallest kept; the score is the
  share of queries that share half of their fingerprint with an earlier one of anybody.

Rows are in robust deviations, as the product's own. truth.jsonl goes to the scorer and nowhere else.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from legs import scorer
from scipy.stats import shapiro

from forensics.store import Store

Array = np.ndarray[Any, Any]
MOST = 2000  # queries of a client; the papers' windows are shorter
NEAREST = 50


def traffic(store: Store) -> dict[str, tuple[list[str], Array, Array]]:
    """(client, rows, labels) by model, in order of clients and time."""
    sql = """select i.model, i.client_id, i.label, v.vector from items i join vectors v using (event_id, idx)
      qualify row_number() over (partition by i.client_id order by i.ts, event_id, idx) <= $1 order by 1, 2, i.ts, event_id, idx"""
    with store.reader() as con:
        table = con.execute(sql, [MOST]).to_arrow_table()
    out = {}
    models = np.asarray(table["model"].to_pylist())
    for model in np.unique(models).tolist():
        part = table.take(np.flatnonzero(models == model))
        lengths = np.asarray([len(v) for v in part["vector"].to_pylist()])
        part = part.take(np.flatnonzero(lengths == np.bincount(lengths).argmax()))
        rows = np.asarray(part["vector"].to_pylist(), np.float64)
        low, high = np.percentile(rows, [25, 75], axis=0)
        scale = np.where(high > low, (high - low) / 1.349, np.maximum(rows.std(axis=0), 1e-9))
        out[model] = (part["client_id"].to_pylist(), np.clip(rows / scale, -1e3, 1e3), np.asarray(part["label"].to_pylist(), object))
    return out


def by_client(clients: list[str]) -> dict[str, Array]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for n, client in enumerate(clients):
        numbers[client].append(n)
    return {client: np.asarray(rows) for client, rows in numbers.items()}


def prada(clients: list[str], rows: Array, labels: Array) -> dict[str, float]:
    return {client: _prada(rows[mine], labels[mine]) for client, mine in by_client(clients).items()}


def _prada(rows: Array, labels: Array) -> float:
    grown: dict[object, list[Array]] = defaultdict(list)
    least: dict[object, list[float]] = defaultdict(list)
    distances: list[float] = []
    for row, label in zip(rows, labels.tolist(), strict=True):
        kept = grown[label]
        if kept:
            distance = float(np.sqrt(((np.asarray(kept) - row) ** 2).sum(axis=1)).min())
            distances.append(distance)
            least[label].append(distance)
            if distance < max(0.0, float(np.mean(least[label]) - np.std(least[label]))):
                continue
        kept.append(row)
    if len(distances) < 20:
        return 0.0
    values = np.asarray(distances)
    values = values[np.abs(values - values.mean()) <= 3 * values.std() + 1e-12]
    return 1.0 - float(shapiro(values).statistic) if len(values) > 3 and values.std() > 0 else 1.0


def stateful(clients: list[str], rows: Array, labels: Array) -> dict[str, float]:
    mine = by_client(clients)
    found = {client: _knn(rows[n]) for client, n in mine.items()}
    # As the paper does on training rows: natural ones, here one of each client, against each other.
    natural = np.unique(np.stack([rows[n[0]] for n in mine.values()]), axis=0)
    apart = np.sqrt(((natural[:, None, :] - natural[None, :, :]) ** 2).sum(axis=2))
    threshold = np.quantile(np.sort(apart, axis=1)[:, 1 : NEAREST + 1].mean(axis=1), 0.001)
    return {client: float(np.mean(values <= threshold)) if len(values) else 0.0 for client, values in found.items()}


def _knn(rows: Array) -> Array:
    out = np.full(len(rows), np.nan)
    for n in range(NEAREST, len(rows)):
        squared = ((rows[:n] - rows[n]) ** 2).sum(axis=1)
        out[n] = np.sqrt(np.partition(squared, NEAREST - 1)[:NEAREST]).mean()
    return out[NEAREST:]


def blacklight(clients: list[str], rows: Array, labels: Array) -> dict[str, float]:
    width = min(20, max(2, rows.shape[1] // 2))
    quantised = np.round(rows * 2).astype(np.int32)
    seen: dict[bytes, set[int]] = defaultdict(set)
    hits: dict[str, list[bool]] = defaultdict(list)
    for n, client in enumerate(clients):
        windows = (quantised[n, k : k + width].tobytes() for k in range(rows.shape[1] - width + 1))
        kept = sorted({blake2b(w, digest_size=8, salt=b"bench").digest() for w in windows})[:50]
        shared: dict[int, int] = defaultdict(int)
        for key in kept:
            for other in seen[key]:
                shared[other] += 1
        hits[client].append(max(shared.values(), default=0) >= 0.5 * len(kept))
        for key in kept:
            if len(seen[key]) < 64:
                seen[key].add(n)
    return {client: float(np.mean(found)) for client, found in hits.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    asked = parser.parse_args()
    score = scorer()
    truth = {row["client_id"]: row for row in score.load(asked.truth)}
    models = traffic(Store.open(asked.store))
    print("| detector | average precision | by campaign | recall at 0.1 % | recall at 1 % |\n|---|---|---|---|---|")
    detectors: dict[str, Callable[[list[str], Array, Array], dict[str, float]]] = {
        "PRADA": prada,
        "stateful k-NN": stateful,
        "Blacklight-style fingerprint": blacklight,
    }
    for name, detector in detectors.items():
        found = [detector(*data) for data in models.values()]
        incidents = [{"clients": [c], "risk_score": 100 * value, "severity": "high"} for one in found for c, value in one.items()]
        s = score.score(truth, incidents)
        recall = s["recall_at_fpr"]
        print(
            f"| {name} | {s['average_precision']} | {s['by_campaign']['average_precision']} | {recall['0.1%']} | {recall['1.0%']} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
