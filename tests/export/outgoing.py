"""The revisions that every format is shown: ordinary ones, and one in which each value is what an attacker may have put into the log."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from support import HOSTILE

from forensics.export.interface import Action, Outgoing
from forensics.model.finding import Evidence, Finding
from forensics.model.incident import Incident

NIGHT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DELIMITERS = (
    'CEF|a\\b=c "d]',
    "tab\tand\nline\r\nbreak",
    "LEEF:2.0|x|^usrName=root",
    "<13>1 - - - - - [x@1 y=\"z\"]",
    "<!channel> <http://evil.example|click> @everyone *bold* _it_ `code`",
    "[link](javascript:alert(1)) ![pixel](http://evil.example/x.png) # heading",
    "\u2028separated\u2029 \ufeffmark \u200bnothing",
)  # fmt: skip


def finding(number: int, client: str, model: str, **changed: object) -> Finding:
    """A finding of the rule about coordinate searches, or what is changed of it."""
    evidence = (
        Evidence("steps.single_axis", 412.0, 3.0, f"412 steps along one axis, 3 is usual on {model}", ("e1" * 32, "e2" * 32)),
        Evidence("steps.mirrored", 0.25, None, "a quarter of the steps has its mirror image"),
    )
    usual = Finding(
        finding_id=f"F-{number:04d}",
        analytic="aml.t0043.001/coordinate_search",
        analytic_version=2,
        title="Client searches along single coordinates",
        client_id=client,
        model=model,
        window_start=NIGHT - timedelta(days=1),
        window_end=NIGHT,
        first_seen=NIGHT - timedelta(hours=9),
        last_seen=NIGHT - timedelta(hours=2, microseconds=250_125),
        query_count=512,
        score=0.91,
        confidence=0.8,
        p_value=None,
        level="high",
        techniques=("AML.T0043.001",),
        evidence=evidence,
        falsepositives=("A sensor that is calibrated", "An explainer"),
        triage=("Ask the owner of the account what runs there", "Compare with the explainer's schedule"),
    )
    return replace(usual, **changed)


def incident(findings: tuple[Finding, ...], **changed: object) -> Incident:
    """An incident of these findings, or what is changed of it."""
    usual = Incident(
        incident_id="INC-4f1c0a9e",
        revision=1,
        risk_score=87.254,
        severity="high",
        confidence=0.8,
        q_value=None,
        title="Client searches along single coordinates: user:alice@example.org on orchid-risk",
        summary="user:alice@example.org sent 512 queries to orchid-risk: searches along single coordinates. Also: clones the model.",
        tactic="AML.TA0001",
        techniques=("AML.T0024.002", "AML.T0040", "AML.T0043.001"),
        clients=("user:alice@example.org",),
        associated_clients=("key:sk-7 of the lab", "ip:192.0.2.7"),
        models=("orchid-risk",),
        first_seen=NIGHT - timedelta(hours=9),
        last_seen=NIGHT - timedelta(hours=2, microseconds=250_125),
        query_count=512,
        status="new",
        verdict="undetermined",
        analytics=("aml.t0024.002/surrogate", "aml.t0043.001/coordinate_search"),
        findings=findings,
    )
    return replace(usual, **changed)


def outgoing(what: Incident, action: Action = "create", hours: int = 0) -> Outgoing:
    """That revision on its way, so many hours after the incident was first known."""
    return Outgoing(what, action, f"{what.incident_id}:{what.revision}", NIGHT, NIGHT + timedelta(hours=hours))


PLAIN = (
    finding(1, "user:alice@example.org", "orchid-risk"),
    finding(
        2,
        "user:alice@example.org",
        "orchid-risk",
        analytic="aml.t0024.002/surrogate",
        analytic_version=1,
        title="Client clones the model",
        level="medium",
        score=0.5,
        confidence=0.4,
        p_value=0.0004,
        techniques=("AML.T0024.002", "AML.T0040"),
        evidence=(Evidence("coverage.cells", 900.0, 120.0, "900 cells of the input space are covered, 120 is usual"),),
        falsepositives=(),
        triage=(),
    ),
)

_WORST = (*DELIMITERS, *(value if len(value) < 5000 else value[:3000] for value in HOSTILE))


def hostile(text: str) -> Incident:
    """An incident in which every value that a log can reach is ``text``."""
    found = finding(
        7,
        f"user:{text}",
        text,
        title=text,
        evidence=(Evidence("text_lengths.mode", 1.5, 0.5, f"most queries are {text!s} long", ("e3" * 32,)),),
        falsepositives=(text,),
        triage=(text,),
    )
    return incident(
        (found,),
        incident_id="INC-666",
        title=text,
        summary=f"{text} sent 3 queries to {text}",
        clients=(f"user:{text}", text, f"ip:{text}", "ip:2001:db8::7", "ip:198.51.100.4"),
        associated_clients=(f"key:{text}",),
        models=(text,),
    )


WORST = incident(
    tuple(finding(10 + n, f"user:{text}", text, title=text, falsepositives=(text,), triage=(text,)) for n, text in enumerate(_WORST)),
    incident_id="INC-666",
    risk_score=99.5,
    severity="critical",
    confidence=0.99,
    q_value=0.012,
    title=" ".join(_WORST[:4]),
    summary=" ".join(_WORST),
    clients=(*(f"user:{text}" for text in _WORST), "ip:2001:db8::7", "ip:198.51.100.4", "ip:not an address"),
    associated_clients=tuple(f"key:{text}" for text in _WORST),
    models=_WORST,
)

OUTGOING = (
    outgoing(incident(PLAIN[:1])),
    outgoing(incident(PLAIN, revision=2, status="in_progress", q_value=0.03), "update", 24),
    outgoing(
        incident(PLAIN, revision=3, status="resolved", verdict="false_positive", merged_into="INC-00000001"),
        "close",
        48,
    ),
    outgoing(WORST),
    outgoing(
        incident(
            (
                finding(
                    3,
                    "key:hash-77",
                    "orchid-chat",
                    analytic="anomaly/isolation",
                    title="Client differs from the others",
                    level="low",
                    score=0.2,
                    confidence=0.2,
                    techniques=(),
                    falsepositives=(),
                    triage=(),
                ),
            ),
            incident_id="INC-0b0b",
            risk_score=20.0,
            severity="low",
            confidence=0.2,
            title="Client differs from the others: key:hash-77 on orchid-chat",
            summary="key:hash-77 sent 512 queries to orchid-chat.",
            tactic="",
            techniques=(),
            clients=("key:hash-77",),
            associated_clients=(),
            models=("orchid-chat",),
            analytics=("anomaly/isolation",),
        )
    ),
)
