"""Microsoft Teams, workflow "When a Teams webhook request is received": a message with one Adaptive Card 1.4.

Source: learn.microsoft.com, "Create incoming webhooks" (28 KB), and adaptivecards.io. Text is in ``TextRun``, the one element whose text
is no Markdown.
"""

from typing import Any

from forensics.export.document import attacks, sentences
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.text import instant, json_bytes, one_line

LIMIT = 28_000
MOST_EVIDENCE = 20
# Characters; a card of nothing but the widest ones, without evidence, stays below the limit.
TITLE, SUMMARY, FACT = 160, 500, 160
COLOUR = {"informational": "default", "low": "default", "medium": "warning", "high": "attention", "critical": "attention"}

_C = "attachments[].content"

FIELDS = (
    Field("type", "", "`message`"),
    Field("attachments[].contentType", "", "`application/vnd.microsoft.card.adaptive`"),
    Field(f"{_C}.$schema", "", "of Adaptive Cards"),
    Field(f"{_C}.type", "", "`AdaptiveCard`"),
    Field(f"{_C}.version", "", "`1.4`"),
    Field(f"{_C}.msteams.width", "", "`Full`"),
    Field(f"{_C}.fallbackText", "title"),
    Field(
        f"{_C}.body[]",
        "title, summary, risk_score, severity, confidence, status, verdict, clients, associated_clients, models, techniques, "
        "first_seen, last_seen, query_count, analytics, incident_id, revision, action, key, findings[].evidence[].sentence",
        f"a line each, at most {MOST_EVIDENCE} of evidence",
    ),
)


def _message(out: Outgoing) -> bytes:
    """With as much of the evidence as the limit has room for."""
    evidence = list(sentences(out.incident))
    for most in range(min(len(evidence), MOST_EVIDENCE), -1, -1):
        body = json_bytes(_card(out, evidence, most))
        if len(body) <= LIMIT:
            return body
    raise ValueError(f"{out.incident.incident_id} does not fit into {LIMIT} bytes")


def _card(out: Outgoing, evidence: list[str], most: int) -> dict[str, Any]:
    incident = out.incident
    facts = [
        ("Risk", f"{incident.risk_score:.1f} of 100"),
        ("Severity", f"{incident.severity}, confidence {incident.confidence:.2f}"),
        ("Status", f"{incident.status}, verdict {incident.verdict}"),
        ("Clients", ", ".join(incident.clients)),
        ("Associated clients", ", ".join(incident.associated_clients)),
        ("Models", ", ".join(incident.models)),
        ("ATLAS", ", ".join(f"{a.technique} {a.name}" for a in attacks(incident.techniques))),
        ("Analytics", ", ".join(incident.analytics)),
        ("Seen", f"{instant(incident.first_seen)} to {instant(incident.last_seen)}"),
        ("Queries", f"{incident.query_count:,}"),
        ("Incident", f"{incident.incident_id} revision {incident.revision} ({out.action})"),
        ("Key", out.key),
    ]
    body = [
        _text([_run(incident.title, TITLE, size="large", weight="bolder", color=COLOUR[incident.severity])]),
        _text([_run(incident.summary, SUMMARY)]),
        *(_text([_run(f"{name}: ", 64, weight="bolder"), _run(value, FACT)]) for name, value in facts if value),
        *(_text([_run(f"• {sentence}", 400)]) for sentence in evidence[:most]),
    ]
    if most < len(evidence):
        body.append(_text([_run(f"{len(evidence) - most} more pieces of evidence are in the store", 100, isSubtle=True)]))
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "fallbackText": one_line(incident.title, TITLE),
        "body": body,
    }
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}]}


def _text(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": runs}


def _run(text: str, limit: int, **style: object) -> dict[str, Any]:
    return {"type": "TextRun", "text": one_line(text, limit), **style}


FORMAT = Each("teams", "application/json", ".json", FIELDS, _message)
