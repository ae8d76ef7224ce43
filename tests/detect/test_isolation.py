"""The anomaly detector: it ranks who is unlike the others of its volume in suspicious directions, and convicts nobody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from forensics.detect.anomaly.isolation import DETECTOR, FEWEST_CLIENTS, FEWEST_QUERIES, MOST_SCORE, SHOWN
from forensics.detect.interface import Detector, Matches, Subjects
from forensics.model.feature import FeatureColumn, FeatureSpec
from forensics.model.finding import Finding

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
SUSPICIOUS = ("new_share", "even_share", "line_share", "flips")
SPECS = (
    FeatureSpec(
        "walk",
        "Walks",
        1,
        ("client_id", "model"),
        (),
        (
            FeatureColumn("new_share", "DOUBLE", "share of queries that are new; of all"),
            FeatureColumn("even_share", "DOUBLE", "share of rows that are sign steps"),
            FeatureColumn("line_share", "DOUBLE", "share of rows on a line"),
            FeatureColumn("repeats", "BIGINT", "repeats"),
        ),
        ("new_share", "even_share", "line_share"),
    ),
    FeatureSpec(
        "turns",
        "Turns",
        1,
        ("client_id", "model"),
        (),
        (FeatureColumn("flips", "BIGINT", "near copies that get another label"),),
        ("flips",),
    ),
)
Columns = dict[str, Any]


def honest(clients: int, seed: int = 1, models: int = 1) -> Columns:
    """What honest clients look like: shares of their own, counts that grow with volume."""
    random = np.random.default_rng(seed)
    queries = np.round(np.exp(random.uniform(3, 8, clients)))
    return {
        "client_id": [f"user:{n:04d}" for n in range(clients)],
        "model": [f"m{n % models}" for n in range(clients)],
        "first_seen": [START + timedelta(hours=1)] * clients,
        "last_seen": [START + timedelta(hours=5)] * clients,
        "query_count": queries.astype(int).tolist(),
        "walk.new_share": random.beta(6, 4, clients).tolist(),
        "walk.even_share": random.beta(1, 60, clients).tolist(),
        "walk.line_share": random.beta(1, 80, clients).tolist(),
        "walk.repeats": random.poisson(queries / 3).tolist(),
        "turns.flips": random.poisson(queries / 50).tolist(),
    }


def planted(columns: Columns, row: int, **values: float | None) -> Columns:
    """A copy of ``columns`` with other values in a row; names as in the frame, with _ for the dot."""
    copy = {name: list(held) for name, held in columns.items()}
    for name, value in values.items():
        copy[name.replace("__", ".")][row] = value
    return copy


def subjects(columns: Columns) -> Subjects:
    nothing = pa.table({"client_id": pa.array([], pa.string()), "model": pa.array([], pa.string()), "event_id": pa.array([], pa.string())})
    return Subjects(pa.table(columns), SPECS, nothing, START, END)


def find(columns: Columns) -> Matches:
    return DETECTOR.find(subjects(columns))


def of(found: Matches, client: str) -> Finding | None:
    return next((f for f in found.findings if f.client_id == client), None)


CROWD = honest(200)
WALKER = planted(CROWD, 77, query_count=900, walk__even_share=0.9, walk__line_share=0.8, walk__new_share=0.5, turns__flips=10)


def test_it_is_a_detector() -> None:
    assert isinstance(DETECTOR, Detector)
    assert DETECTOR.name == "anomaly/isolation"


def test_a_planted_outlier_is_first_and_its_evidence_names_what_was_planted() -> None:
    found = find(WALKER)
    assert found.skipped == ()
    finding = of(found, "user:0077")
    assert finding is not None
    assert finding.score == max(f.score for f in found.findings)
    assert {e.field for e in finding.evidence[:2]} == {"walk.even_share", "walk.line_share"}
    even = next(e for e in finding.evidence if e.field == "walk.even_share")
    assert even.value == 0.9
    assert even.baseline is not None
    assert -0.05 < even.baseline < 0.1
    assert even.sentence.startswith("share of rows that are sign steps is 0.9; ")
    assert (finding.model, finding.query_count, finding.first_seen, finding.window_end) == ("m0", 900, START + timedelta(hours=1), END)


def test_a_finding_ranks_and_does_not_convict() -> None:
    found = find(WALKER).findings
    assert 1 <= len(found) <= 20
    for finding in found:
        assert 0 < finding.score <= MOST_SCORE + 0.01
        assert (finding.level, finding.techniques, finding.p_value) == ("low", (), None)
        assert 1 <= len(finding.evidence) <= SHOWN
        assert {e.field for e in finding.evidence} <= {"walk.new_share", "walk.even_share", "walk.line_share", "turns.flips"}
        assert all(e.value is not None and np.isfinite(e.value) for e in finding.evidence)
        assert finding.falsepositives
        assert finding.triage
    assert len({f.finding_id for f in found}) == len(found)
    assert [f.client_id for f in found] == sorted(f.client_id for f in found)


def test_the_same_subjects_give_the_same_findings() -> None:
    first = find(WALKER)
    assert first == find(WALKER)
    np.random.default_rng(0).normal(size=10)
    np.random.seed(5)  # whatever the state of others' generators
    assert first == find(WALKER)


@pytest.mark.parametrize("clients", [1, FEWEST_CLIENTS - 1])
def test_too_few_clients(clients: int) -> None:
    found = find(honest(clients))
    assert found.findings == ()
    (skipped,) = found.skipped
    assert (skipped.kind, skipped.name) == ("detector", "anomaly/isolation")
    assert skipped.reason == f"{clients} clients with {FEWEST_QUERIES} queries or more, {FEWEST_CLIENTS} are needed"


def test_enough_clients() -> None:
    assert find(planted(honest(FEWEST_CLIENTS), 3, walk__even_share=0.9, walk__line_share=0.9)).skipped == ()


def test_nothing_suspicious_to_look_at() -> None:
    bare = {name: values for name, values in CROWD.items() if not name.startswith(("walk.", "turns."))}
    found = find(bare)
    assert found.findings == ()
    assert len(found.skipped) == 1
    harmless = replace(subjects(CROWD), specs=tuple(replace(s, suspicious=()) for s in SPECS))
    assert DETECTOR.find(harmless).findings == ()


def test_nobody_differs() -> None:
    same = honest(30)
    for name in ("walk.new_share", "walk.even_share", "walk.line_share", "turns.flips"):
        same[name] = [0.0] * 30
    found = find(same)
    assert found.findings == ()
    assert [s.reason for s in found.skipped] == ["no client differs from the others"]


def test_an_outlier_among_clients_of_whom_most_do_nothing_suspicious() -> None:
    quiet = planted(CROWD, 0)
    for name in ("walk.new_share", "walk.even_share", "walk.line_share", "turns.flips"):
        quiet[name] = [0.0] * 200
    found = find(planted(quiet, 9, query_count=500, walk__even_share=0.7))
    assert [(f.client_id, [e.field for e in f.evidence]) for f in found.findings] == [("user:0009", ["walk.even_share"])]


def test_monitors_that_only_repeat_are_no_outliers() -> None:
    monitor = {"walk__new_share": 0.001, "walk__even_share": 0.0, "walk__line_share": 0.0, "turns__flips": 0, "walk__repeats": 20_000}
    for queries in (40, 2_000, 20_000):
        assert of(find(planted(WALKER, 5, query_count=queries, **monitor)), "user:0005") is None


def test_who_merely_asks_a_lot_is_no_outlier() -> None:
    busy = planted(CROWD, 5, query_count=20_000, walk__new_share=0.6, walk__even_share=0.01, walk__line_share=0.01, turns__flips=400)
    assert of(find(busy), "user:0005") is None


def test_a_short_history_counts_less() -> None:
    odd: dict[str, float | None] = {"walk__even_share": 0.5, "walk__line_share": 0.3, "turns__flips": 0}
    long, short = (of(find(planted(CROWD, 8, query_count=n, **odd)), "user:0008") for n in (800, 2))
    assert long is not None
    assert short is None or short.score < long.score


def test_missing_values_are_nothing_suspicious() -> None:
    holes = planted(WALKER, 0)
    for name in SUSPICIOUS:
        column = f"turns.{name}" if name == "flips" else f"walk.{name}"
        holes[column] = [None if n % 5 == 1 and n != 77 else v for n, v in enumerate(holes[column])]
    nowhere = planted(holes, 4, walk__new_share=None, walk__even_share=float("nan"), walk__line_share=float("inf"), turns__flips=None)
    found = find(nowhere)
    assert of(found, "user:0077") is not None
    assert of(found, "user:0004") is None
    for finding in found.findings:
        assert all(e.value is not None and np.isfinite([e.value, e.baseline]).all() for e in finding.evidence)


def test_columns_without_any_value() -> None:
    empty = planted(WALKER, 0)
    empty["turns.flips"] = pa.array([None] * 200, pa.int64())
    assert of(find(empty), "user:0077") is not None
    for name in ("walk.new_share", "walk.even_share", "walk.line_share"):
        empty[name] = pa.array([None] * 200, pa.float64())
    assert find(empty).findings == ()


def test_clients_are_held_against_those_of_their_model() -> None:
    columns = honest(200, models=2)
    columns["walk.even_share"] = [v + 0.6 * (n % 2) for n, v in enumerate(columns["walk.even_share"])]
    found = find(planted(columns, 40, query_count=900, walk__even_share=0.61))
    finding = of(found, "user:0040")
    assert finding is not None
    assert finding.evidence[0].field == "walk.even_share"
    assert finding.evidence[0].baseline == pytest.approx(0.0, abs=0.1)
    assert sum(f.model == "m1" for f in found.findings) < 12


def test_a_model_of_few_clients_is_held_against_everybody() -> None:
    columns = planted(CROWD, 199, query_count=900, walk__even_share=0.9, walk__line_share=0.9)
    columns["model"][199] = "rare"
    assert of(find(columns), "user:0199") is not None
