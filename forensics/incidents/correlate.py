"""Findings about one client of one model become one incident draft, whatever tactics they name (docs/decisions/0009)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from forensics.model.atlas import tactic_of
from forensics.model.finding import Finding
from forensics.model.incident import Incident
from forensics.model.rule import LEVELS, Level

Subject = tuple[str, str]  # client and model
SECOND: Final = 0.7  # weight of a second leg; a third has its square
NO_Q_VALUES: Mapping[Subject, float] = MappingProxyType({})


def correlate(findings: Sequence[Finding], rate: float, q_values: Mapping[Subject, float] = NO_Q_VALUES) -> tuple[Incident, ...]:
    """Group ``findings`` into drafts, one for each client and model: incidents without an id, of revision 0, sorted by these.

    Args:
        findings: in any order.
        rate: share of false incidents that is accepted; above it, severity is low at most.
        q_values: of every client and model that has a finding with a p-value.

    Raises:
        KeyError: a finding has a p-value and no q-value.
    """
    subjects: dict[Subject, list[Finding]] = {}
    for finding in findings:
        subjects.setdefault((finding.client_id, finding.model), []).append(finding)
    return tuple(_draft(in_order(found), rate, q_values) for _, found in sorted(subjects.items()))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The strongest first; of equals the graver, then by name."""
    return tuple(sorted(findings, key=lambda f: (-f.score, -LEVELS.index(f.level), f.analytic, f.finding_id)))


def _draft(findings: Sequence[Finding], rate: float, q_values: Mapping[Subject, float]) -> Incident:
    strongest = findings[0]
    first_seen, last_seen = min(f.first_seen for f in findings), max(f.last_seen for f in findings)
    query_count = max(f.query_count for f in findings)
    q_value = q_values[strongest.client_id, strongest.model] if any(f.p_value is not None for f in findings) else None
    return Incident(
        incident_id="",
        revision=0,
        risk_score=risk_score(findings),
        severity=_severity(findings, q_value, rate),
        confidence=max(f.confidence for f in findings),
        q_value=q_value,
        title=f"{strongest.title}: {strongest.client_id} on {strongest.model}",
        summary=_summary(strongest, findings, first_seen, last_seen, query_count),
        tactic=tactic_of(strongest.techniques[0]) if strongest.techniques else "",
        techniques=tuple(sorted({t for f in findings for t in f.techniques})),
        clients=(strongest.client_id,),
        associated_clients=(),
        models=(strongest.model,),
        first_seen=first_seen,
        last_seen=last_seen,
        query_count=query_count,
        status="new",
        verdict="undetermined",
        analytics=tuple(sorted({f.analytic for f in findings})),
        findings=tuple(findings),
    )


def risk_score(findings: Sequence[Finding]) -> float:
    """100 * (1 - prod(1 - w * score)), 0 to 100, over distinct analytics, or groups of those that see the same thing, each with its
    highest score.

    The highest counts whole (w = 1), the next `SECOND` of it, the third the square of that...: analytics see the same queries and are not
    independent, so a second leg confirms, and a tenth adds little. The only place that fuses; replace it here.
    """
    best: dict[str, float] = {}
    for finding in findings:
        leg = finding.group or finding.analytic
        best[leg] = max(finding.score, best.get(leg, 0.0))
    ordered = sorted(best.values(), reverse=True)
    return 100.0 * (1.0 - math.prod(1.0 - score * SECOND**place for place, score in enumerate(ordered)))


def _severity(findings: Sequence[Finding], q_value: float | None, rate: float) -> Level:
    """The gravest level; what rests on a p-value counts as low where too many such are expected by chance."""
    cap = LEVELS.index("low") if q_value is not None and q_value > rate else len(LEVELS)
    return LEVELS[max(LEVELS.index(f.level) if f.p_value is None else min(LEVELS.index(f.level), cap) for f in findings)]


def _summary(strongest: Finding, findings: Sequence[Finding], first_seen: datetime, last_seen: datetime, query_count: int) -> str:
    queries = "1 query" if query_count == 1 else f"{query_count:,} queries"
    when = f"between {_utc(first_seen)} and {_utc(last_seen)}"
    shown = "; ".join(e.sentence for e in strongest.evidence[:2])
    others = list(dict.fromkeys(_inside(f.title) for f in findings if f.title != strongest.title))
    also = f" Also: {', '.join(others)}." if others else ""
    said = f"{_inside(strongest.title)} ({shown})" if shown else _inside(strongest.title)
    return f"{strongest.client_id} sent {queries} to {strongest.model} {when}: {said}.{also}"


def _inside(title: str) -> str:
    """A title as it stands inside a sentence."""
    return title[:1].lower() + title[1:]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
