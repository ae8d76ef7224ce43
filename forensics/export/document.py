"""The document that an incident is to other software: all that is said of it, in plain values, under the names of the command line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from forensics import __version__
from forensics.export.interface import Field, Outgoing
from forensics.export.text import bounded, exact, finite, json_bytes
from forensics.model.atlas import TACTICS, tactic_of, technique_name
from forensics.model.atlas import VERSION as ATLAS_VERSION
from forensics.model.finding import Finding
from forensics.model.incident import Incident

PRODUCT = "forensics"
VENDOR = "forensics"
VERSION = __version__
FRAMEWORK = "MITRE ATLAS"
FRAMEWORK_VERSION = ATLAS_VERSION

# Longest value of a field that is no text for people. Elasticsearch leaves longer keywords out of its index; Lucene, without that
# setting, refuses the whole document from 32,766 bytes on.
LONGEST = 1024

# Lists of a document that are cut where it is too large for a receiver.
GIVING_WAY = ("findings", "clients", "associated_clients", "models", "analytics")


@dataclass(frozen=True, slots=True)
class Attack:
    """A technique of ATLAS and the tactic that it serves; ``""`` where ATLAS does not have it."""

    technique: str
    name: str
    tactic: str
    tactic_name: str

    @property
    def parent(self) -> str:
        """The technique that a sub-technique belongs to; else the technique itself."""
        return ".".join(self.technique.split(".")[:2])

    @property
    def url(self) -> str:
        return f"https://atlas.mitre.org/techniques/{self.technique}"


def attacks(techniques: tuple[str, ...]) -> tuple[Attack, ...]:
    """Ids with their names."""
    return tuple(Attack(t, technique_name(t), tactic_of(t), TACTICS.get(tactic_of(t), "")) for t in techniques)


def principal(client: str) -> tuple[str, str]:
    """``user:alice`` as (kind, id); the kind is "" where there is none."""
    kind, colon, identifier = client.partition(":")
    return (kind, identifier) if colon else ("", client)


def parted(clients: Iterable[str]) -> tuple[list[str], list[str]]:
    """(accounts, addresses), without their kinds. An ``ip:`` that is no address, as a forged header has it, is an account: a field of
    the type address would have the whole document refused for it."""
    accounts: list[str] = []
    addresses: list[str] = []
    for client in clients:
        kind, identifier = principal(client)
        (addresses if kind == "ip" and is_address(identifier) else accounts).append(identifier)
    return accounts, addresses


def is_address(text: str) -> bool:
    """Whether ``text`` is an IPv4 or IPv6 address without a zone."""
    try:
        return "%" not in str(ip_address(text))
    except ValueError:
        return False


def sentences(incident: Incident) -> Iterator[str]:
    """What the findings show, the strongest first."""
    for finding in incident.findings:
        for evidence in finding.evidence:
            yield evidence.sentence


def strongest(incident: Incident) -> tuple[str, str]:
    """(analytic, title) of the strongest finding: the kind of thing that was found, without whom it is about."""
    return (incident.findings[0].analytic, incident.findings[0].title) if incident.findings else ("incident", incident.title)


def document(out: Outgoing, longest: int | None = LONGEST) -> dict[str, Any]:
    """Every field of the revision. ``longest`` bounds each string; None leaves them exact."""
    incident = out.incident
    whole = {
        "incident_id": incident.incident_id,
        "revision": incident.revision,
        "action": out.action,
        "key": out.key,
        "created_at": exact(out.created_at),
        "modified_at": exact(out.modified_at),
        "risk_score": finite(incident.risk_score),
        "severity": incident.severity,
        "confidence": finite(incident.confidence),
        "q_value": finite(incident.q_value),
        "title": incident.title,
        "summary": incident.summary,
        "status": incident.status,
        "verdict": incident.verdict,
        "tactic": incident.tactic,
        "tactic_name": TACTICS.get(incident.tactic, ""),
        "techniques": list(incident.techniques),
        "technique_names": [technique_name(t) for t in incident.techniques],
        "clients": list(incident.clients),
        "associated_clients": list(incident.associated_clients),
        "models": list(incident.models),
        "first_seen": exact(incident.first_seen),
        "last_seen": exact(incident.last_seen),
        "query_count": incident.query_count,
        "analytics": list(incident.analytics),
        "merged_into": incident.merged_into,
        "findings": [_finding(f) for f in incident.findings],
    }
    return whole if longest is None else _bounded(whole, longest)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "finding_id": finding.finding_id,
        "analytic": finding.analytic,
        "analytic_version": finding.analytic_version,
        "title": finding.title,
        "client_id": finding.client_id,
        "model": finding.model,
        "window_start": exact(finding.window_start),
        "window_end": exact(finding.window_end),
        "first_seen": exact(finding.first_seen),
        "last_seen": exact(finding.last_seen),
        "query_count": finding.query_count,
        "score": finite(finding.score),
        "confidence": finite(finding.confidence),
        "p_value": finite(finding.p_value),
        "level": finding.level,
        "techniques": list(finding.techniques),
        "evidence": [
            {
                "field": e.field,
                "value": finite(e.value),
                "baseline": finite(e.baseline),
                "sentence": e.sentence,
                "event_ids": list(e.event_ids),
            }
            for e in finding.evidence
        ],
        "falsepositives": list(finding.falsepositives),
        "triage": list(finding.triage),
    }


def _bounded(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return bounded(value, longest)
    if isinstance(value, dict):
        return {k: _bounded(v, longest) for k, v in value.items()}
    if isinstance(value, list):
        return [_bounded(v, longest) for v in value]
    return value


def within(whole: dict[str, Any], limit: int) -> dict[str, Any]:
    """``whole``, a `document`, in at most ``limit`` bytes of JSON: references to calls give way first, then whatever list is the longest
    loses its second half: the weakest findings, the last clients. How many were left out is said in ``left_out``.

    Raises:
        ValueError: no list is left, so the limit is smaller than the texts of one incident.
    """
    if len(json_bytes(whole)) <= limit:
        return whole
    findings = [f | {"evidence": [e | {"event_ids": e["event_ids"][:3]} for e in f["evidence"]]} for f in whole["findings"]]
    kept: dict[str, list[Any]] = {name: whole[name] for name in GIVING_WAY} | {"findings": findings}
    while any(kept.values()):
        left_out = {name: len(whole[name]) - len(values) for name, values in kept.items()}
        shorter = whole | kept | {"left_out": left_out | {"event_ids": _references(whole) - _references(kept)}}
        if len(json_bytes(shorter)) <= limit:
            return shorter
        longest = max(kept, key=lambda name: len(json_bytes(kept[name])))
        kept[longest] = kept[longest][: len(kept[longest]) // 2]
    raise ValueError(f"{whole['incident_id']} does not fit into {limit} bytes")


def _references(part: dict[str, Any]) -> int:
    return sum(len(e["event_ids"]) for f in part["findings"] for e in f["evidence"])


FIELDS: tuple[Field, ...] = (
    Field("incident_id", "incident_id", "given once, kept over revisions"),
    Field("revision", "revision", "grows when the incident changed"),
    Field("action", "action", "`create`, `update` or `close`"),
    Field("key", "key", "the same in every attempt to deliver this revision"),
    Field("created_at", "created_at", "when the store first knew the incident"),
    Field("modified_at", "modified_at", "when this revision was made"),
    Field("risk_score", "risk_score", "0 to 100, orders the queue"),
    Field("severity", "severity", "`informational`, `low`, `medium`, `high`, `critical`"),
    Field("confidence", "confidence", "0 to 1"),
    Field("q_value", "q_value", "share of false incidents at this point of the queue, null without p-values"),
    Field("title", "title"),
    Field("summary", "summary"),
    Field("status", "status"),
    Field("verdict", "verdict"),
    Field("tactic", "tactic", "ATLAS id"),
    Field("tactic_name", "tactic"),
    Field("techniques[]", "techniques", "ATLAS ids"),
    Field("technique_names[]", "techniques", "in the same order"),
    Field("clients[]", "clients", "`kind:id`, the id as in the log"),
    Field("associated_clients[]", "associated_clients", "merely tied to the others"),
    Field("models[]", "models"),
    Field("first_seen", "first_seen"),
    Field("last_seen", "last_seen"),
    Field("query_count", "query_count"),
    Field("analytics[]", "analytics", "rules and detectors"),
    Field("merged_into", "merged_into", "the incident that goes on instead of this one, or null"),
    Field("findings[]", "findings", "all of each finding, the strongest first, with evidence, false positives and triage"),
)


def fields_under(prefix: str) -> tuple[Field, ...]:
    """`FIELDS` as they stand inside of another document."""
    return tuple(Field(f"{prefix}.{f.target}", f.source, f.meaning) for f in FIELDS)
