"""Incidents, and boxes of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from forensics.export.interface import Outgoing
from forensics.model.finding import Evidence, Finding
from forensics.model.incident import Incident

START = datetime(2026, 3, 2, tzinfo=UTC)


def incident(number: int, revision: int = 1, *, client: str | None = None, **changes: object) -> Incident:
    client = client or f"user:client-{number}"
    evidence = (
        Evidence("asks.rows", 12.0, 1.0, "12 rows were asked for; usual is 1", ("e1", "e2")),
        Evidence("asks.word", None, None, f'the word is "secret of {client}"'),
    )
    finding = Finding(
        finding_id=f"F-{number}", analytic="a/b", analytic_version=1, title="Rows are swept", client_id=client, model="risk",
        window_start=START, window_end=START + timedelta(days=1), first_seen=START, last_seen=START + timedelta(hours=1), query_count=12,
        score=0.8, confidence=0.7, p_value=None, level="high", techniques=("AML.T0024.001",), evidence=evidence,
    )  # fmt: skip
    made = Incident(
        incident_id=f"INC-{number:012x}", revision=revision, risk_score=80.0, severity="high", confidence=0.7, q_value=None,
        title=f"Rows are swept: {client} on risk", summary=f"{client} sent 12 queries to risk.", tactic="AML.TA0010",
        techniques=("AML.T0024.001",), clients=(client,), associated_clients=(), models=("risk",), first_seen=START,
        last_seen=START + timedelta(hours=1), query_count=12, status="new", verdict="undetermined", analytics=("a/b",), findings=(finding,),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def outgoing(count: int) -> list[Outgoing]:
    return [Outgoing(incident(n), "create", f"INC-{n:012x}-r1", START, START) for n in range(count)]
