"""Incidents keep their id from scan to scan."""

import json
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import UTC
from fractions import Fraction
from hashlib import sha256
from itertools import count
from typing import Final

from forensics.incidents.correlate import in_order, risk_score
from forensics.model.finding import Finding
from forensics.model.incident import Incident
from forensics.model.rule import LEVELS

MIN_OVERLAP: Final = Fraction(1, 2)


def carry(drafts: Sequence[Incident], prior: Sequence[Incident], ran: Container[str] = ()) -> tuple[Incident, ...]:
    """Continue ``prior`` incidents with ``drafts``; everything that exists afterwards, sorted by id.

    A draft continues the prior incident of its models whose clients overlap most, if their Jaccard index is at
    least `MIN_OVERLAP`: it keeps the id, status and verdict, and the widest first_seen to last_seen. Where several priors
    end up in one draft, the oldest id lives and the others point to it with ``merged_into``; where a prior falls apart, the
    part that overlaps more keeps the id. Other drafts get a new id; other priors come back as they are.

    Args:
        drafts: incidents without an id, as `forensics.incidents.correlate` makes them.
        prior: incidents of earlier scans, each with an id of its own.
        ran: analytics of this scan. What these found earlier in a window that this scan has looked at again counts no longer.
    """
    drafts, prior = sorted(drafts, key=_content), sorted(prior, key=lambda i: i.incident_id)
    carried = {i.incident_id: i for i in prior}
    for draft, priors in zip(drafts, _successions(drafts, prior), strict=True):
        if not priors:
            incident_id = _new_id(draft, carried)
            carried[incident_id] = replace(draft, incident_id=incident_id, revision=1, status="new", verdict="undetermined")
            continue
        survivor, *merged = sorted(priors, key=_age)
        carried[survivor.incident_id] = _continued(survivor, draft, ran)
        for other in merged:
            carried[other.incident_id] = replace(other, merged_into=survivor.incident_id, revision=other.revision + 1)
    return tuple(carried[incident_id] for incident_id in sorted(carried))


def _successions(drafts: Sequence[Incident], prior: Sequence[Incident]) -> list[list[Incident]]:
    """For each draft the priors that end up in it."""
    pairs = sorted(_overlaps(drafts, prior), key=lambda p: (-p[0], *_age(prior[p[2]]), p[1]))
    heir: dict[int, int] = {}
    taken: set[int] = set()
    for _, draft, old in pairs:  # one to one, best overlap first
        if draft not in taken and old not in heir:
            heir[old] = draft
            taken.add(draft)
    for _, draft, old in pairs:  # what is left over merges into its best overlap
        heir.setdefault(old, draft)
    successions: list[list[Incident]] = [[] for _ in drafts]
    for old, draft in heir.items():
        successions[draft].append(prior[old])
    return successions


def _overlaps(drafts: Sequence[Incident], prior: Sequence[Incident]) -> list[tuple[Fraction, int, int]]:
    """(Jaccard index, draft, prior) of every pair that may continue; only pairs that share a client are looked at."""
    holders: dict[tuple[tuple[str, ...], str], list[int]] = {}
    for old, incident in enumerate(prior):
        if incident.merged_into is None:
            for client in set(incident.clients):
                holders.setdefault((incident.models, client), []).append(old)
    found = []
    for index, draft in enumerate(drafts):
        clients = set(draft.clients)
        shared = Counter(old for client in clients for old in holders.get((draft.models, client), ()))
        for old, both in shared.items():
            jaccard = Fraction(both, len(clients | set(prior[old].clients)))
            if jaccard >= MIN_OVERLAP:
                found.append((jaccard, index, old))
    return found


def _continued(prior: Incident, draft: Incident, ran: Container[str]) -> Incident:
    """What both have found, each analytic at its strongest, over both their times, in the words of the stronger: a narrow window
    must not take back what a wide one has shown, nor an older finding hide a new one."""
    before = prior
    prior = _without(prior, [f for f in prior.findings if f.analytic in ran and any(_covers(n, f) for n in draft.findings)])
    stronger = draft if draft.risk_score >= prior.risk_score else prior
    best: dict[tuple[str, str, str], Finding] = {}
    for finding in (*prior.findings, *draft.findings):  # of equals the newer
        subject = (finding.analytic, finding.client_id, finding.model)
        if subject not in best or finding.score >= best[subject].score:
            best[subject] = finding
    findings = in_order(best.values())
    now = replace(
        stronger,
        risk_score=max(stronger.risk_score, risk_score(findings)),
        severity=max(prior.severity, draft.severity, key=LEVELS.index),
        confidence=max(prior.confidence, draft.confidence),
        techniques=tuple(sorted({*prior.techniques, *draft.techniques})),
        analytics=tuple(sorted({*prior.analytics, *draft.analytics})),
        findings=findings,
        incident_id=prior.incident_id,
        revision=prior.revision,
        first_seen=min(prior.first_seen, draft.first_seen),
        last_seen=max(prior.last_seen, draft.last_seen),
        query_count=max(prior.query_count, draft.query_count),
        status=prior.status,
        verdict=prior.verdict,
    )
    return now if now == before else replace(now, revision=prior.revision + 1)


def _covers(new: Finding, old: Finding) -> bool:
    return new.window_start <= old.window_start and old.window_end <= new.window_end


def _without(incident: Incident, superseded: Sequence[Finding]) -> Incident:
    """``incident`` as it stands without some of its findings."""
    if not superseded:
        return incident
    left = tuple(f for f in incident.findings if f not in superseded)
    return replace(
        incident,
        findings=left,
        risk_score=risk_score(left),
        severity=max((f.level for f in left), key=LEVELS.index, default=LEVELS[0]),
        confidence=max((f.confidence for f in left), default=0.0),
        techniques=tuple(sorted({t for f in left for t in f.techniques})),
        analytics=tuple(sorted({f.analytic for f in left})),
    )


def _age(incident: Incident) -> tuple[object, str]:
    return incident.first_seen, incident.incident_id


def _identity(draft: Incident) -> list[object]:
    return [draft.tactic, list(draft.models), sorted(draft.clients), draft.first_seen.astimezone(UTC).isoformat()]


def _content(draft: Incident) -> tuple[str, str]:
    return json.dumps(_identity(draft)), repr(draft)


def _new_id(draft: Incident, taken: Container[str]) -> str:
    identity = _identity(draft)
    names = (json.dumps([*identity, attempt] if attempt else identity) for attempt in count())
    ids = (f"INC-{sha256(name.encode()).hexdigest()[:12]}" for name in names)
    return next(incident_id for incident_id in ids if incident_id not in taken)
