"""Incidents, findings and evidence as Arrow tables, and back: what a scan stores and the next one continues from."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar, cast

import pyarrow as pa

from forensics.model.finding import Evidence, Finding
from forensics.model.incident import Incident

T = TypeVar("T")

_TS = pa.timestamp("us", tz="UTC")
_TEXTS = pa.list_(pa.string())

INCIDENTS = pa.schema(
    [
        ("incident_id", pa.string()),
        ("revision", pa.int64()),
        ("rank", pa.int64()),
        ("risk_score", pa.float64()),
        ("severity", pa.string()),
        ("confidence", pa.float64()),
        ("q_value", pa.float64()),
        ("title", pa.string()),
        ("tactic", pa.string()),
        ("techniques", _TEXTS),
        ("clients", _TEXTS),
        ("associated_clients", _TEXTS),
        ("models", _TEXTS),
        ("first_seen", _TS),
        ("last_seen", _TS),
        ("query_count", pa.int64()),
        ("status", pa.string()),
        ("verdict", pa.string()),
        ("analytics", _TEXTS),
        ("summary", pa.string()),
        ("merged_into", pa.string()),
    ]
)
FINDINGS = pa.schema(
    [
        ("finding_id", pa.string()),
        ("incident_id", pa.string()),
        ("analytic", pa.string()),
        ("analytic_version", pa.int64()),
        ("title", pa.string()),
        ("client_id", pa.string()),
        ("model", pa.string()),
        ("window_start", _TS),
        ("window_end", _TS),
        ("first_seen", _TS),
        ("last_seen", _TS),
        ("query_count", pa.int64()),
        ("score", pa.float64()),
        ("confidence", pa.float64()),
        ("p_value", pa.float64()),
        ("level", pa.string()),
        ("techniques", _TEXTS),
        ("falsepositives", _TEXTS),
        ("triage", _TEXTS),
        ("group", pa.string()),
    ]
)
EVIDENCE = pa.schema(
    [
        ("finding_id", pa.string()),
        ("incident_id", pa.string()),
        ("position", pa.int64()),
        ("field", pa.string()),
        ("value", pa.float64()),
        ("baseline", pa.float64()),
        ("sentence", pa.string()),
        ("event_ids", _TEXTS),
    ]
)


def to_tables(ranked: Sequence[Incident]) -> dict[str, pa.Table]:
    """Tables ``incidents`` (ranked from 1 in the given order), ``findings`` and ``evidence``."""
    incidents, findings, evidence = [], [], []
    for rank, incident in enumerate(ranked, 1):
        incidents.append(_plain(incident, INCIDENTS) | {"rank": rank})
        for finding in incident.findings:
            owner = {"incident_id": incident.incident_id}
            findings.append(_plain(finding, FINDINGS) | owner)
            for position, item in enumerate(finding.evidence, 1):
                evidence.append(_plain(item, EVIDENCE) | owner | {"finding_id": finding.finding_id, "position": position})
    return {
        "incidents": pa.Table.from_pylist(incidents, schema=INCIDENTS),
        "findings": pa.Table.from_pylist(findings, schema=FINDINGS),
        "evidence": pa.Table.from_pylist(evidence, schema=EVIDENCE),
    }


def from_tables(incidents: pa.Table, findings: pa.Table, evidence: pa.Table) -> tuple[Incident, ...]:
    """The incidents that `to_tables` was given, in order of their ids."""
    cited: dict[tuple[str, str], list[Evidence]] = {}
    for row in evidence.sort_by([("incident_id", "ascending"), ("finding_id", "ascending"), ("position", "ascending")]).to_pylist():
        cited.setdefault((row["incident_id"], row["finding_id"]), []).append(_rebuilt(Evidence, row))
    found: dict[str, list[Finding]] = {}
    for row in findings.to_pylist():
        items = tuple(cited.get((row["incident_id"], row["finding_id"]), ()))
        found.setdefault(row["incident_id"], []).append(_rebuilt(Finding, row | {"evidence": items}))
    whole = [_rebuilt(Incident, row | {"findings": tuple(found.get(row["incident_id"], ()))}) for row in incidents.to_pylist()]
    return tuple(sorted(whole, key=lambda i: i.incident_id))


def _plain(value: object, schema: pa.Schema) -> dict[str, Any]:
    row = {name: getattr(value, name) for name in schema.names if hasattr(value, name)}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in row.items()}


def _rebuilt(kind: Callable[..., T], row: dict[str, Any]) -> T:
    wanted = {f.name for f in fields(cast(Any, kind))}
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in row.items() if name in wanted})
