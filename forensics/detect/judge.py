"""From counts of invariants to findings: how improbable each is among the model's clients, and what all of them say of a client."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import numpy as np
import pyarrow as pa

from forensics.detect import calibrate
from forensics.detect.calibrate import Null
from forensics.detect.interface import Matches, Subjects
from forensics.detect.invariants.interface import GROUPS, Alibi, Invariant
from forensics.model.finding import Evidence, Finding
from forensics.model.scan import Skipped

NOTABLE: Final = 0.01  # p-value of a single invariant, from which on there is a finding
SURE: Final = 8.0  # orders of magnitude of improbability that count in full
MANY: Final = 1000.0  # hits that count in full

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Counted:
    """An invariant on all subjects, in the order of the frame; ``nulls`` by model. NaN where it was not asked."""

    invariant: Invariant
    hits: Counts
    tried: Counts
    p_values: Floats
    nulls: dict[str, Null]


def judge(invariants: Sequence[Invariant], alibis: Sequence[Alibi], subjects: Subjects) -> Matches:
    """Findings of every invariant that is improbable for a client and model, each with its p-value; and the q-value of every subject of
    which any was asked.

    Within a group of evidence p-values are merged as dependent ones, for its members see the same; between groups, which look at different
    things, as independent ones.
    """
    frame = subjects.frame
    ready = [i for i in invariants if f"{i.name}.hits" in frame.column_names]
    skipped = tuple(
        Skipped("invariant", i.name, f"no record in the window fills {', '.join(i.requires)}") for i in invariants if i not in ready
    )
    models = frame["model"].to_numpy(zero_copy_only=False).astype(str)
    counted = [_count(invariant, frame, models) for invariant in ready]
    by_group = [np.column_stack([c.p_values for c in counted if c.invariant.group == g] or [np.full(len(models), np.nan)]) for g in GROUPS]
    together = calibrate.either(np.column_stack([calibrate.cauchy(group) for group in by_group]))
    asked = np.flatnonzero(~np.isnan(together))
    keys = list(zip(frame["client_id"].to_pylist(), models.tolist(), strict=True))
    q_values = dict(zip((keys[row] for row in asked), calibrate.q_values(together[asked]).tolist(), strict=True))
    reasons = {alibi.name: alibi for alibi in alibis}
    found = [_finding(one, subjects, int(row), reasons) for one in counted for row in np.flatnonzero(one.p_values <= NOTABLE)]
    return Matches(tuple(found), skipped, q_values)


def _count(invariant: Invariant, frame: pa.Table, models: np.ndarray[Any, Any]) -> Counted:
    hits = _whole(frame, f"{invariant.name}.hits")
    tried = _whole(frame, f"{invariant.name}.tried")
    p_values = np.full(len(models), np.nan)
    nulls = {}
    for model in np.unique(models).tolist():
        rows = np.flatnonzero((models == model) & (tried > 0))
        if len(rows):
            nulls[model] = calibrate.fit(hits[rows], tried[rows], invariant.odd_share)
            p_values[rows] = nulls[model].p_values(hits[rows], tried[rows])
    return Counted(invariant, hits, tried, p_values, nulls)


def _whole(frame: pa.Table, name: str) -> Counts:
    return np.asarray(frame[name].fill_null(0).to_numpy(), np.int64)


def strength(p_value: float, hits: int) -> float:
    """How much of an invariant's reliability a finding earns: how improbable it is, and a little for what the prober has gained. Volume
    counts through the former already."""
    improbable = min(1.0, -np.log10(p_value) / SURE)
    gained = min(1.0, float(np.log1p(hits) / np.log1p(MANY)))
    return float(round(0.9 * improbable + 0.1 * gained, 6))


def _finding(counted: Counted, subjects: Subjects, row: int, alibis: dict[str, Alibi]) -> Finding:
    invariant, subject = counted.invariant, subjects.frame.slice(row, 1).to_pylist()[0]
    window = (subjects.window_start.astimezone(UTC), subjects.window_end.astimezone(UTC))
    identity = [invariant.analytic, subject["client_id"], subject["model"], *(moment.isoformat() for moment in window)]
    p_value, hits = float(counted.p_values[row]), int(counted.hits[row])
    return Finding(
        finding_id=sha256(json.dumps(identity).encode()).hexdigest()[:32],
        analytic=invariant.analytic,
        analytic_version=invariant.version,
        title=invariant.title,
        client_id=subject["client_id"],
        model=subject["model"],
        window_start=window[0],
        window_end=window[1],
        first_seen=_utc(subject["first_seen"]),
        last_seen=_utc(subject["last_seen"]),
        query_count=subject["query_count"],
        score=round(invariant.reliability * strength(p_value, hits), 6),
        confidence=invariant.reliability,
        p_value=p_value,
        level="high",
        techniques=invariant.techniques,
        evidence=_evidence(counted, subject, p_value, alibis),
        falsepositives=invariant.falsepositives,
        triage=invariant.triage,
        group=invariant.group,
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _evidence(counted: Counted, subject: dict[str, Any], p_value: float, alibis: dict[str, Alibi]) -> tuple[Evidence, ...]:
    """The count beside the null, what alibis explained, and the steps that show it: each with its call and the one it came from."""
    invariant = counted.invariant
    value = {name: subject[f"{invariant.name}.{name}"] for name in ("hits", "tried", "share", "explained", "alibi", "shown")}
    null = counted.nulls[subject["model"]]
    shown = [line.split(" ", 2) for line in value["shown"] or ()]
    said = [
        Evidence(
            field=f"{invariant.name}.share",
            value=value["share"],
            baseline=null.rate,
            sentence=f"{value['hits']:,} of {value['tried']:,} steps are {invariant.hits}; {null.rate:.2%} is usual among the clients of "
            f"{subject['model']}, and so many come about with probability {p_value:.0e}",
            event_ids=tuple(dict.fromkeys([*(parent for _, parent, _ in shown[:1] if parent), *(event for event, _, _ in shown)])),
        )
    ]
    if value["explained"]:
        alibi = alibis[value["alibi"]]
        said.append(
            Evidence(
                field=f"{invariant.name}.explained",
                value=float(value["explained"]),
                baseline=None,
                sentence=f"{value['explained']:,} more are left out, most of them because they look like {alibi.title}: "
                f"{alibi.reason[:1].lower()}{alibi.reason[1:]}",
            )
        )
    return (*said, *(_step(invariant, *line) for line in shown))


def _step(invariant: Invariant, event: str, parent: str, what: str) -> Evidence:
    return Evidence(f"{invariant.name}.step", None, None, f"one such step: {what}", tuple(e for e in (parent, event) if e))
