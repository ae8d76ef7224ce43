"""STIX 2.1 (OASIS): a bundle of incidents, what was observed of whom, sightings of ATLAS techniques, and notes with the evidence.

An incident keeps its id over revisions and ``modified`` tells these apart, as STIX has it. Ids of accounts and addresses are those that
the specification derives from their values (2.9), so that bundles of other producers meet ours.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid5

from forensics.export.document import FRAMEWORK, FRAMEWORK_VERSION, LONGEST, PRODUCT, Attack, attacks, is_address, principal
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Whole
from forensics.export.text import bounded, finite, instant, json_bytes, one_line, stable_uuid
from forensics.model.finding import Finding

SCO_NAMESPACE = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")  # STIX 2.1, 2.9
MOST_OBSERVED = 999_999_999  # number_observed and count end here
MOST_OBJECTS = 200  # accounts of one incident
# Of objects that never change: the day of the ATLAS release whose names they carry.
SINCE = "2026-05-05T00:00:00.000Z"
EXTENSION = f"extension-definition--{stable_uuid('incident extension', 1)}"
IDENTITY = f"identity--{stable_uuid(PRODUCT)}"

_I = "incident"
_X = f"incident.extensions.{EXTENSION}"

FIELDS = (
    Field(f"{_I}.id", "incident_id", "UUIDv5, the same in all revisions"),
    Field(f"{_I}.created", "created_at"),
    Field(f"{_I}.modified", "modified_at"),
    Field(f"{_I}.name", "title"),
    Field(f"{_I}.description", "summary"),
    Field(f"{_I}.confidence", "confidence", "0 to 100"),
    Field(f"{_I}.labels", "severity, status, verdict, action"),
    Field(f"{_I}.external_references", "incident_id"),
    Field(_X, "*", "everything else: incident_id, revision, key, risk_score, q_value, analytics, models, query_count, ..."),
    Field("user-account", "clients, associated_clients", "`user_id` as in the log, `account_type` its kind"),
    Field("ipv4-addr, ipv6-addr", "clients, associated_clients", "of the kind `ip`"),
    Field("observed-data", "clients, first_seen, last_seen, query_count"),
    Field("attack-pattern", "techniques", "with its ATLAS id and tactic"),
    Field("sighting", "techniques, first_seen, last_seen, query_count, confidence", "of each technique, with the observed data"),
    Field("relationship", "techniques; associated_clients", "`related-to`, from the incident"),
    Field("note", "findings[]", "title as abstract, evidence and triage as content"),
    Field("identity", "", "the software that says so"),
    Field("extension-definition", "", "what the extension of incidents means"),
)


def _document(outgoing: Sequence[Outgoing]) -> bytes:
    """Each object once: accounts and techniques are shared by incidents."""
    objects: dict[tuple[str, str], dict[str, Any]] = {}
    for made in (_constants() if outgoing else []), *(_objects(out) for out in outgoing):
        for each in made:
            objects.setdefault((each["id"], each.get("modified", "")), each)
    bundle = {"type": "bundle", "id": f"bundle--{stable_uuid('bundle', *(out.key for out in outgoing))}"}
    return json_bytes(bundle | ({"objects": list(objects.values())} if objects else {}))


def _constants() -> list[dict[str, Any]]:
    about = {"spec_version": "2.1", "created": SINCE, "modified": SINCE}
    return [
        {
            "type": "identity",
            "id": IDENTITY,
            **about,
            "name": PRODUCT,
            "description": "Forensic analyser for the access logs of model APIs.",
            "identity_class": "system",
        },
        {
            "type": "extension-definition",
            "id": EXTENSION,
            **about,
            "created_by_ref": IDENTITY,
            "name": "Incident of model probing",
            "description": "What an analyser of model access logs says of an incident beyond its name and description.",
            "schema": "docs/export.md of model-api-forensics: the fields of the format ndjson, without findings",
            "version": "1.0.0",
            "extension_types": ["property-extension"],
        },
    ]


def _objects(out: Outgoing) -> Iterator[dict[str, Any]]:
    incident = out.incident
    common = {
        "spec_version": "2.1",
        "created_by_ref": IDENTITY,
        "created": instant(out.created_at),
        "modified": instant(out.modified_at),
    }
    own = f"incident--{stable_uuid(incident.incident_id)}"
    span = {"first": instant(incident.first_seen), "last": instant(incident.last_seen)}
    count = min(max(incident.query_count, 1), MOST_OBSERVED)
    confidence = round(incident.confidence * 100)
    subjects = [_subject(client) for client in incident.clients[:MOST_OBJECTS]]
    associated = [_subject(client) for client in incident.associated_clients[:MOST_OBJECTS]]
    yield _incident(out, own, common)
    yield from subjects
    yield from associated
    observed = f"observed-data--{stable_uuid('observed', incident.incident_id)}"
    if subjects:
        yield {
            "type": "observed-data",
            "id": observed,
            **common,
            "first_observed": span["first"],
            "last_observed": span["last"],
            "number_observed": count,
            "object_refs": list(dict.fromkeys(s["id"] for s in subjects)),
        }
    for attack in attacks(incident.techniques):
        pattern = _pattern(attack)
        yield pattern
        yield _relationship(own, pattern["id"], common)
        yield {
            "type": "sighting",
            "id": f"sighting--{stable_uuid('sighting', incident.incident_id, attack.technique)}",
            **common,
            "confidence": confidence,
            "first_seen": span["first"],
            "last_seen": span["last"],
            "count": count,
            "sighting_of_ref": pattern["id"],
            **({"observed_data_refs": [observed]} if subjects else {}),
            "where_sighted_refs": [IDENTITY],
        }
    for target in dict.fromkeys(a["id"] for a in associated):
        yield _relationship(own, target, common)
    for finding in incident.findings:
        yield _note(finding, own, common)


def _incident(out: Outgoing, own: str, common: dict[str, Any]) -> dict[str, Any]:
    incident = out.incident
    filled = {name: value for name, value in _extension(out).items() if value not in ([], None, "")}
    return {
        "type": "incident",
        "id": own,
        **common,
        "name": bounded(incident.title, LONGEST),
        "description": bounded(incident.summary, 8000),
        "confidence": round(incident.confidence * 100),
        "labels": [incident.severity, f"status-{incident.status}", f"verdict-{incident.verdict}", f"action-{out.action}"],
        "external_references": [{"source_name": PRODUCT, "external_id": incident.incident_id}],
        "extensions": {EXTENSION: {"extension_type": "property-extension"} | filled},
    }


def _extension(out: Outgoing) -> dict[str, Any]:
    """What the object has no property for. STIX knows no null and no empty list; these are left out."""
    incident = out.incident
    return {
        "incident_id": incident.incident_id,
        "revision": incident.revision,
        "action": out.action,
        "key": out.key,
        "severity": incident.severity,
        "risk_score": finite(incident.risk_score),
        "q_value": finite(incident.q_value),
        "status": incident.status,
        "verdict": incident.verdict,
        "tactic": incident.tactic,
        "techniques": list(incident.techniques),
        "analytics": list(incident.analytics),
        "clients": [bounded(c, LONGEST) for c in incident.clients],
        "associated_clients": [bounded(c, LONGEST) for c in incident.associated_clients],
        "models": [bounded(m, LONGEST) for m in incident.models],
        "query_count": incident.query_count,
        "first_seen": instant(incident.first_seen),
        "last_seen": instant(incident.last_seen),
        "merged_into": incident.merged_into,
    }


def _subject(client: str) -> dict[str, Any]:
    """The client as a cyber-observable object, under the id that 2.9 derives from its values."""
    kind, identifier = principal(client)
    if kind == "ip" and is_address(identifier):
        name = "ipv6-addr" if ":" in identifier else "ipv4-addr"
        return {"type": name, "spec_version": "2.1", "id": _observable_id(name, {"value": identifier}), "value": identifier}
    said = {"account_type": kind or "client", "user_id": bounded(identifier, LONGEST) or "-"}
    return {"type": "user-account", "spec_version": "2.1", "id": _observable_id("user-account", said), **said}


def _observable_id(name: str, values: dict[str, str]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)  # RFC 8785 of plain strings
    return f"{name}--{uuid5(SCO_NAMESPACE, canonical)}"


def _pattern(attack: Attack) -> dict[str, Any]:
    pattern: dict[str, Any] = {
        "type": "attack-pattern",
        "spec_version": "2.1",
        "id": f"attack-pattern--{stable_uuid(FRAMEWORK, attack.technique)}",
        "created_by_ref": IDENTITY,
        "created": SINCE,
        "modified": SINCE,
        "name": attack.name,
        "description": f"{FRAMEWORK} {FRAMEWORK_VERSION}, {attack.technique}.",
        "external_references": [{"source_name": "mitre-atlas", "external_id": attack.technique, "url": attack.url}],
    }
    if attack.tactic:
        pattern["kill_chain_phases"] = [{"kill_chain_name": "mitre-atlas", "phase_name": attack.tactic_name.lower().replace(" ", "-")}]
    return pattern


def _relationship(source: str, target: str, common: dict[str, Any]) -> dict[str, Any]:
    """Of the kind that every two objects may have: STIX 2.1 names none for incidents."""
    return {
        "type": "relationship",
        "id": f"relationship--{stable_uuid(source, target)}",
        **common,
        "relationship_type": "related-to",
        "source_ref": source,
        "target_ref": target,
    }


def _note(finding: Finding, own: str, common: dict[str, Any]) -> dict[str, Any]:
    lines = [e.sentence for e in finding.evidence] + [f"What to do: {step}" for step in finding.triage]
    said = f"{finding.analytic} version {finding.analytic_version}, {finding.level}, score {finding.score:.2f}"
    return {
        "type": "note",
        "id": f"note--{stable_uuid('note', own, finding.analytic, finding.client_id, finding.model)}",
        **common,
        "abstract": one_line(finding.title, LONGEST),
        "content": "\n".join(one_line(line, LONGEST) for line in [said, *lines]),
        "object_refs": [own],
    }


FORMAT = Whole("stix", "application/stix+json;version=2.1", ".json", FIELDS, _document)
