"""Made-up traffic and incidents: stores of which the report's numbers are known."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from forensics.incidents.tables import to_tables
from forensics.model.event import arrow_schema
from forensics.model.finding import Evidence, Finding
from forensics.model.incident import Incident
from forensics.model.scan import Scan, Skipped, SourceReport
from forensics.store import CallBatch, Store

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
END = START + timedelta(days=1)


@dataclass(frozen=True)
class Query:
    """One call with one query: a row of numbers if ``vector``, else a text of ``size`` characters."""

    client: str
    number: int
    model: str = "m"
    vector: tuple[float, ...] | None = None
    label: str | None = None
    margin: float | None = None
    output_value: float | None = None
    size: int = 100
    skeleton: int | None = None
    outcome: str = "ok"
    refused: bool | None = None
    echo: bool | None = None
    finish_reason: str | None = None


def add(store: Store, queries: Sequence[Query], reports: Sequence[SourceReport] = ()) -> None:
    rows: dict[str, list[dict[str, Any]]] = {"events": [], "items": [], "vectors": []}
    for call, q in enumerate(queries):
        identity = hashlib.sha256(f"{q.client} {q.number} {q.model}".encode()).hexdigest()[:32]
        shared = {"call_no": call, "event_id": identity, "client_id": q.client, "model": q.model}
        shared["ts"] = START + timedelta(seconds=10 * q.number)
        told = {"outcome": q.outcome, "refused": q.refused, "echo": q.echo, "finish_reason": q.finish_reason, "n_items": 1}
        rows["events"].append(shared | told | {"record_sha256": identity * 2, "source_uri": "a", "source_row": call + 1})
        item = {"idx": 0, "modality": "vector" if q.vector else "text", "exact_hash": identity, "masked_hash": q.skeleton}
        item |= {"size": len(q.vector) if q.vector else q.size, "label": q.label, "margin": q.margin, "output_value": q.output_value}
        rows["items"].append(shared | item)
        if q.vector:
            rows["vectors"].append(shared | {"idx": 0, "vector": list(q.vector)})
    number = pa.field("call_no", pa.int64())
    tables = {name: pa.Table.from_pylist(found, schema=arrow_schema(name).insert(0, number)) for name, found in rows.items()}
    with store.writing():
        store.append(CallBatch(**tables, key_id="key-1", sketch_version=1), reports)


def incident(*clients: str, number: int = 1, model: str = "m", **changes: Any) -> Incident:
    finding = Finding(
        finding_id=f"f{number}",
        analytic="aml.t0024.002/made_up",
        analytic_version=1,
        title="Client closes in on the boundary",
        client_id=clients[0],
        model=model,
        window_start=START,
        window_end=END,
        first_seen=START,
        last_seen=START + timedelta(hours=1),
        query_count=40,
        score=0.4,
        confidence=0.7,
        p_value=None,
        level="high",
        techniques=("AML.T0024.002",),
        evidence=(Evidence("steps.line_share", 0.75, 0.0, "share on a line is 0.75; the others have a median of 0", ("e1", "e2")),),
        falsepositives=("A slider of a dashboard",),
        triage=("Who is it?",),
    )
    made = Incident(
        incident_id=f"INC-{number:012x}",
        revision=1,
        risk_score=50.0 - number,
        severity="high",
        confidence=0.7,
        q_value=0.01,
        title=f"Client closes in on the boundary: {clients[0]} on {model}",
        summary=f"{clients[0]} sent 40 queries to {model}",
        tactic="AML.TA0010",
        techniques=("AML.T0024.002",),
        clients=clients,
        associated_clients=(),
        models=(model,),
        first_seen=START,
        last_seen=START + timedelta(hours=1),
        query_count=40,
        status="new",
        verdict="undetermined",
        analytics=("aml.t0024.002/made_up",),
        findings=(finding,),
    )
    return replace(made, **changes)


def scanned(store: Store, incidents: Sequence[Incident] = (), skipped: Sequence[Skipped] = ()) -> None:
    record = Scan(
        scan_id="5ca17",
        window_start=START,
        window_end=END,
        engine="local",
        data_commit=1,
        config_sha256="c" * 64,
        rules_sha256="r" * 64,
        key_ids=("key-1",),
        features=("steps@1",),
        events=123,
        items=456,
        clients=7,
        findings=len(incidents),
        incidents=len(incidents),
        new_incidents=len(incidents),
        skipped=tuple(skipped),
        tool_version="0.1.0",
    )
    with store.writing():
        store.publish_scan(record, to_tables(incidents))


def bisection(client: str = "user:eve", steps: int = 20) -> list[Query]:
    """Between (-4, 1) and (4, 1): the label turns at 0.3, each query halves what is left."""
    low, high = -4.0, 4.0
    made = [Query(client, 0, vector=(low, 1.0), label="no"), Query(client, 1, vector=(high, 1.0), label="yes")]
    for number in range(2, steps):
        middle = (low + high) / 2
        made.append(Query(client, number, vector=(middle, 1.0), label="yes" if middle > 0.3 else "no", margin=abs(middle - 0.3)))
        low, high = (low, middle) if middle > 0.3 else (middle, high)
    return made


def ordinary(clients: int = 5, each: int = 20) -> list[Query]:
    """Rows on a fixed lattice from -2 to 2; nobody comes near another."""
    grid = [(-2.0 + 4 * ((7 * n) % 100) / 99, -2.0 + 4 * ((31 * n) % 100) / 99) for n in range(clients * each)]
    return [Query(f"user:{n % clients}", 50 + n, vector=row, label="yes" if row[0] > 0.3 else "no") for n, row in enumerate(grid)]
