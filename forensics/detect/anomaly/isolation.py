"""Isolation forest (Liu, Ting and Zhou, ICDM 2008) on what volume does not explain, in the directions that probing goes.

Every suspicious column of every feature (its header says which) is regressed on log volume among the clients of the model; what is
left over, in robust deviations, shrunk for short histories, and never below none, is what the forest sees. So a monitor that only
ever repeats itself is no outlier here, and neither is who merely asks a lot. A population held against itself can rank, not convict:
no p-value, low severity at most.
"""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import numpy as np
import pyarrow as pa
from sklearn.ensemble import IsolationForest

from forensics.detect.interface import Detector, Matches, Subjects
from forensics.detect.wording import compact, first_clause
from forensics.model.feature import FeatureColumn
from forensics.model.finding import Evidence, Finding
from forensics.model.scan import Skipped

Floats = np.ndarray[Any, np.dtype[np.float64]]

FEWEST_CLIENTS: Final = 20  # of a model, to be held against each other; clients of smaller models are held against everybody
FEWEST_QUERIES: Final = 5
SHRINK: Final = 20.0  # queries: a client with so many counts half
MOST_DEVIATIONS: Final = 10.0
THRESHOLD: Final = 2.0  # robust deviations of the forest's score, from which on there is a finding
MOST_SCORE: Final = 0.3
SHOWN: Final = 4
TREES: Final = 200
SAMPLES: Final = 512
SEED: Final = 20260101


class Isolation(Detector):
    """See the module."""

    name = "anomaly/isolation"
    version = 1

    def find(self, subjects: Subjects) -> Matches:
        columns = {
            f"{spec.name}.{name}": column
            for spec in subjects.specs
            for name in spec.suspicious
            if (column := spec.column(name)) and f"{spec.name}.{name}" in subjects.frame.column_names
        }
        # A client of many made-up models, a query each, would otherwise be the population.
        judged = np.flatnonzero(subjects.frame["query_count"].to_numpy() >= FEWEST_QUERIES)
        subjects = replace(subjects, frame=subjects.frame.take(judged))
        if subjects.frame.num_rows < FEWEST_CLIENTS or not columns:
            reason = f"{subjects.frame.num_rows} clients with {FEWEST_QUERIES} queries or more, {FEWEST_CLIENTS} are needed"
            return Matches((), (Skipped("detector", self.name, reason),))
        values, expected, residuals = _residuals(subjects.frame, tuple(columns))
        forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLES, len(residuals)), random_state=SEED).fit(residuals)
        scores = np.round(-forest.score_samples(residuals), 9)
        centre = float(np.median(scores))
        # Where most clients do nothing suspicious at all, most scores are one.
        spread = 1.4826 * float(np.median(np.abs(scores - centre))) or float(np.std(scores))
        if spread == 0.0:
            return Matches((), (Skipped("detector", self.name, "no client differs from the others"),))
        deviations = np.round((scores - centre) / spread, 9)
        found = [
            _finding(self, subjects, row, float(deviations[row]), _evidence(forest, columns, row, values, expected, residuals))
            for row in np.flatnonzero(deviations >= THRESHOLD).tolist()
        ]
        return Matches(tuple(found), ())


DETECTOR = Isolation()


def _residuals(frame: pa.Table, names: tuple[str, ...]) -> tuple[Floats, Floats, Floats]:
    """(clients, columns) each: values (NaN where unknown), what is usual at that volume, and suspicious deviations from it."""
    volume = np.log(np.maximum(frame["query_count"].to_numpy().astype(np.float64), 1.0))
    models = frame["model"].combine_chunks().dictionary_encode().indices.to_numpy()
    values = np.column_stack([frame[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in names])
    values[~np.isfinite(values)] = np.nan
    expected, residuals = np.full_like(values, np.nan), np.zeros_like(values)
    for column in range(values.shape[1]):
        known = ~np.isnan(values[:, column])
        # Counts spread over orders of magnitude, shares do not.
        heavy = known.any() and np.nanmax(values[:, column]) > 3.0
        x = np.log1p(np.maximum(values[:, column], 0.0)) if heavy else values[:, column]
        sizes = np.bincount(models[known], minlength=int(models.max()) + 1)
        large = np.flatnonzero(sizes >= FEWEST_CLIENTS)
        for group in [*(known & (models == m) for m in large), known & ~np.isin(models, large)]:
            if not group.any():
                continue
            peers = group if np.count_nonzero(group) >= FEWEST_CLIENTS else known
            intercept, slope, scale = _line(volume[peers], x[peers], 0.1 if heavy else 0.02)
            usual = intercept + slope * volume[group]
            expected[group, column] = np.expm1(usual) if heavy else usual
            residuals[group, column] = np.clip((x[group] - usual) / scale, 0.0, MOST_DEVIATIONS)
    queries = np.exp(volume)[:, None]
    return values, expected, np.round(residuals * queries / (queries + SHRINK), 6)


def _line(volume: Floats, values: Floats, least_scale: float) -> tuple[float, float, float]:
    """Intercept, slope and spread of a least-squares line with Huber weights: a few attackers must not bend it."""
    design = np.column_stack([np.ones_like(volume), volume - volume.mean()])
    weights = np.ones_like(volume)
    for _ in range(4):
        (level, slope), *_ = np.linalg.lstsq(design * weights[:, None], values * weights, rcond=None)
        left = values - design @ np.array([level, slope])
        deviation = 1.4826 * float(np.median(np.abs(left))) + 1e-9
        weights = 1.0 / np.sqrt(np.maximum(1.0, np.abs(left) / (1.345 * deviation)))
    shift = float(np.median(left))
    scale = max(float(np.quantile(np.abs(left - shift), 0.9)) / 1.645, least_scale)
    return float(level - slope * volume.mean() + shift), float(slope), scale


def _evidence(
    forest: IsolationForest, columns: dict[str, FeatureColumn], row: int, values: Floats, expected: Floats, residuals: Floats
) -> list[tuple[str, FeatureColumn, float, float]]:
    """(field, column, value, usual value) of what isolates the client most: the loss of score if that column were as usual."""
    candidates = np.flatnonzero(residuals[row] > 1.0)
    if not len(candidates):
        return []
    changed = np.repeat(residuals[row][None, :], len(candidates), axis=0)
    changed[np.arange(len(candidates)), candidates] = 0.0
    loss = np.round(forest.score_samples(changed) - forest.score_samples(residuals[row][None, :]), 9)
    order = np.lexsort((candidates, -residuals[row, candidates], -loss))
    fields = list(columns)
    return [
        (fields[c], columns[fields[c]], float(values[row, c]), float(np.round(expected[row, c], 9)))
        for c in candidates[order][:SHOWN].tolist()
    ]


def _finding(
    detector: Isolation, subjects: Subjects, row: int, deviation: float, telling: list[tuple[str, FeatureColumn, float, float]]
) -> Finding:
    subject = {name: subjects.frame[name][row].as_py() for name in ("client_id", "model", "first_seen", "last_seen", "query_count")}
    window = (subjects.window_start, subjects.window_end)
    identity = [detector.name, subject["client_id"], subject["model"], *(moment.isoformat() for moment in window)]
    return Finding(
        finding_id=sha256(json.dumps(identity).encode()).hexdigest()[:32],
        analytic=detector.name,
        analytic_version=detector.version,
        title="Unlike the other clients of its volume",
        client_id=subject["client_id"],
        model=subject["model"],
        window_start=window[0],
        window_end=window[1],
        first_seen=subject["first_seen"],
        last_seen=subject["last_seen"],
        query_count=subject["query_count"],
        score=MOST_SCORE * (1.0 - 1.0 / (1.0 + (deviation - THRESHOLD) / 4.0)) + 0.01,
        confidence=0.2,
        p_value=None,
        level="low",
        techniques=(),
        evidence=tuple(Evidence(field, value, usual, _sentence(column, value, usual)) for field, column, value, usual in telling),
        falsepositives=("Honest use that nobody else makes of this model: a first customer of its kind, an explainer, a test.",),
        triage=("Which of these figures does the client's purpose explain? What is left without one is where to look.",),
    )


def _sentence(column: FeatureColumn, value: float, usual: float) -> str:
    return f"{first_clause(column.description)} is {compact(value)}; {compact(max(usual, 0.0))} is usual at this volume"
