"""What the page shows, as plain values: the template decides nothing but looks."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forensics.model.atlas import technique_name
from forensics.model.finding import Finding
from forensics.model.incident import Incident
from forensics.model.rule import LEVELS
from forensics.report.chart import Chart
from forensics.report.facts import Facts

# The kinds of evidence that the design names, by how the names of the features behind them begin.
KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("geometry of the inputs", ("steps", "near_", "blocks", "coverage", "novelty", "lineage", "exact_", "templates", "text_")),
    ("the model's answers", ("boundary", "score_", "outcomes", "refus", "answer", "confidence")),
    ("the owner's reference", ("reference", "canar", "member")),
    ("coordination over accounts", ("campaign", "coordin", "account", "shared_")),
    ("times and volume", ("arrival", "volume")),
)
OTHER_KIND = "other"


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """``value`` and ``usual`` are ready to be read; the other clients' median is empty where there are none."""

    field: str
    value: str
    usual: str
    sentence: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """One analytic's word."""

    title: str
    analytic: str
    score: float
    p_value: float | None
    rows: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident, whole. ``anchor`` is its place in the page; ``missing`` says why there are no pictures.

    ``pictured`` is the model that the pictures are of, where the incident is about several.
    """

    rank: int
    anchor: str
    incident: Incident
    techniques: tuple[tuple[str, str], ...]
    kinds: tuple[str, ...]
    findings: tuple[FindingView, ...]
    falsepositives: tuple[str, ...]
    triage: tuple[str, ...]
    commands: tuple[str, ...]
    charts: tuple[Chart, ...]
    missing: str
    pictured: str


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A line of the queue; ``anchor`` is empty where the incident is not told below."""

    rank: int
    anchor: str
    incident: Incident
    techniques: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The report. ``below`` incidents were under ``min_severity``, ``merged`` live on in others, ``untold`` are in the queue only."""

    facts: Facts
    queue: tuple[QueueRow, ...]
    told: tuple[IncidentView, ...]
    severities: tuple[tuple[str, int], ...]
    techniques: tuple[tuple[str, str, int], ...]
    min_severity: str
    below: int
    merged: int

    @property
    def untold(self) -> int:
        return len(self.queue) - len(self.told)


def page(
    facts: Facts,
    queue: Sequence[tuple[int, Incident]],
    told: Sequence[IncidentView],
    *,
    min_severity: str,
    below: int,
    merged: int,
) -> Page:
    """The whole of it; ``queue`` are ranks and incidents, the first of which are ``told``."""
    anchors = {view.rank: view.anchor for view in told}
    severities = Counter(i.severity for _, i in queue)
    techniques = Counter(t for _, i in queue for t in i.techniques)
    return Page(
        facts=facts,
        queue=tuple(QueueRow(rank, anchors.get(rank, ""), i, named(i.techniques)) for rank, i in queue),
        told=tuple(told),
        severities=tuple((level, severities[level]) for level in reversed(LEVELS) if severities[level]),
        techniques=tuple((t, technique_name(t), n) for t, n in sorted(techniques.items(), key=lambda e: (-e[1], e[0]))),
        min_severity=min_severity,
        below=below,
        merged=merged,
    )


def incident_view(rank: int, incident: Incident, charts: tuple[Chart, ...], missing: str, pictured: str, place: str) -> IncidentView:
    """``place`` are the options that lead commands to this store."""
    return IncidentView(
        rank=rank,
        anchor=f"i{rank}",
        incident=incident,
        techniques=named(incident.techniques),
        kinds=_kinds(incident),
        findings=tuple(_finding(f) for f in incident.findings),
        falsepositives=_unique(t for f in incident.findings for t in f.falsepositives),
        triage=_unique(t for f in incident.findings for t in f.triage),
        commands=_commands(incident.incident_id, place),
        charts=charts,
        missing=missing,
        pictured=pictured,
    )


def named(techniques: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((t, technique_name(t)) for t in techniques)


def _kinds(incident: Incident) -> tuple[str, ...]:
    fields = [e.field for f in incident.findings for e in f.evidence]
    return tuple(kind for kind, begins in KINDS if any(field.startswith(begins) for field in fields)) or (OTHER_KIND,)


def _finding(finding: Finding) -> FindingView:
    rows = (EvidenceRow(e.field, _number(e.value), _number(e.baseline), e.sentence, e.event_ids) for e in finding.evidence)
    return FindingView(finding.title, f"{finding.analytic} v{finding.analytic_version}", finding.score, finding.p_value, tuple(rows))


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _commands(incident_id: str, place: str) -> tuple[str, ...]:
    """Commands that name the incident and never a client: clients choose what they are called, incidents do not."""
    identity = incident_id if re.fullmatch(r"[\w.-]+", incident_id) else ""
    if not identity:
        return ()
    sql = (
        "select e.ts, e.event_id, e.client_id, e.endpoint, e.outcome, e.n_items, e.source_uri, e.source_row from events e, incidents i "
        f"where i.incident_id = '{identity}' and list_contains(i.clients, e.client_id) "
        "and list_contains(i.models, coalesce(e.model, 'unknown')) and e.ts between i.first_seen and i.last_seen order by e.ts limit 50"
    )
    return f"forensics incidents show {identity}{place}", f'forensics query "{sql}"{place}'


def place_of(store: str | None) -> str:
    return f" --store {shlex.quote(store)}" if store else ""
