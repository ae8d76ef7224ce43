"""Findings of one client, model and tactic become one incident draft."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from forensics.model.atlas import tactic_of
from forensics.model.finding import Finding
from forensics.model.incident import Incident
from forensics.model.rule import LEVELS, Level

NO_Q_VALUES: Mapping[str, float] = MappingProxyType({})


def correlate(findings: Sequence[Finding], rate: float, q_values: Mapping[str, float] = NO_Q_VALUES) -> tuple[Incident, ...]:
    """Group ``findings`` into drafts: incidents without an id, of revision 0, sorted by client, model and tactic.

    Args:
        findings: in any order.
        rate: share of false incidents that is accepted; above it, severity is low at most.
        q_values: by ``finding_id``, for every finding with a p-value.

    Raises:
        KeyError: a finding has a p-value and no q-value.
    """
    subjects: dict[tuple[str, str], dict[str, list[Finding]]] = {}
    for finding in sorted(findings, key=lambda f: not f.techniques):  # those that name no technique last
        tactics = subjects.setdefault((finding.client_id, finding.model), {})
        tactic = tactic_of(finding.techniques[0]) if finding.techniques else _gravest(tactics)
        tactics.setdefault(tactic, []).append(finding)
    groups = {(*subject, tactic): found for subject, tactics in subjects.items() for tactic, found in tactics.items()}
    return tuple(
        _draft(sorted(group, key=lambda f: (f.analytic, f.finding_id)), tactic, rate, q_values)
        for (_, _, tactic), group in sorted(groups.items())
    )


def _gravest(tactics: Mapping[str, Sequence[Finding]]) -> str:
    """The tactic that most speaks for; '' where there is none. A finding that names no technique belongs to it."""
    return max(((risk_score(found), tactic) for tactic, found in tactics.items()), default=(0.0, ""))[1]


def _draft(findings: Sequence[Finding], tactic: str, rate: float, q_values: Mapping[str, float]) -> Incident:
    strongest = max(findings, key=lambda f: (f.score, LEVELS.index(f.level)))  # of equals the first by name
    first_seen, last_seen = min(f.first_seen for f in findings), max(f.last_seen for f in findings)
    query_count = max(f.query_count for f in findings)
    q_value = min((q_values[f.finding_id] for f in findings if f.p_value is not None), default=None)
    return Incident(
        incident_id="",
        revision=0,
        risk_score=risk_score(findings),
        severity=_severity(findings, q_value, rate),
        confidence=max(f.confidence for f in findings),
        q_value=q_value,
        title=f"{strongest.title}: {strongest.client_id} on {strongest.model}",
        summary=_summary(strongest, first_seen, last_seen, query_count),
        tactic=tactic,
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
    """100 * (1 - prod(1 - score)) over distinct analytics, each with its highest score: 0 to 100."""
    best: dict[str, float] = {}
    for finding in findings:
        best[finding.analytic] = max(finding.score, best.get(finding.analytic, 0.0))
    return 100.0 * (1.0 - math.prod(1.0 - best[analytic] for analytic in sorted(best)))


def _severity(findings: Sequence[Finding], q_value: float | None, rate: float) -> Level:
    highest = max(LEVELS.index(f.level) for f in findings)
    return LEVELS[min(highest, LEVELS.index("low")) if q_value is not None and q_value > rate else highest]


def _summary(finding: Finding, first_seen: datetime, last_seen: datetime, query_count: int) -> str:
    queries = "1 query" if query_count == 1 else f"{query_count} queries"
    when = f"between {_utc(first_seen)} and {_utc(last_seen)}"
    sentence = finding.evidence[0].sentence if finding.evidence else finding.title
    return f"{finding.client_id} sent {queries} to {finding.model} {when}: {sentence}."


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
