"""Slack incoming webhook: Block Kit, everything from a log as ``plain_text``, in which nothing is a link, a mention or a mark.

Source: docs.slack.dev, "Formatting message text" (``&``, ``<`` and ``>`` are escaped everywhere) and "Block Kit reference" (lengths).
"""

from typing import Any

from forensics.export.document import attacks, sentences
from forensics.export.interface import Field, Message, Outgoing, Receipt
from forensics.export.receipts import by_status, for_all, reason
from forensics.export.shapes import Each
from forensics.export.text import fitted, instant, json_bytes
from forensics.model.text import printable

# Characters, of which bytes are never fewer.
HEADER, TEXT, FIELD = 150, 3000, 2000
MOST_EVIDENCE = 20

FIELDS = (
    Field("text", "severity, title", "what notifications show"),
    Field("mrkdwn", "", "false"),
    Field("blocks[] header", "title"),
    Field("blocks[] section", "summary"),
    Field("blocks[] section fields", "risk_score, severity, confidence, status, verdict, clients, models, techniques"),
    Field("blocks[] section fields, last", "first_seen, last_seen"),
    Field("blocks[] section, evidence", "findings[].evidence[].sentence", f"at most {MOST_EVIDENCE}, {TEXT} characters"),
    Field("blocks[] context", "incident_id, revision, action, query_count, analytics, associated_clients, key"),
)


def escape(text: str) -> str:
    """What Slack asks for, and no character that is not to be seen."""
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _message(out: Outgoing) -> bytes:
    incident = out.incident
    evidence = list(sentences(incident))
    facts = [
        f"Risk: {incident.risk_score:.1f} of 100",
        f"Severity: {incident.severity}, confidence {incident.confidence:.2f}",
        f"Status: {incident.status}, verdict {incident.verdict}",
        f"Clients: {', '.join(incident.clients)}",
        f"Models: {', '.join(incident.models)}",
        f"ATLAS: {', '.join(f'{a.technique} {a.name}' for a in attacks(incident.techniques))}",
        f"Seen: {instant(incident.first_seen)} to {instant(incident.last_seen)}",
    ]
    context = [
        f"{incident.incident_id} revision {incident.revision} ({out.action}), {incident.query_count:,} queries",
        f"Analytics: {', '.join(incident.analytics)}",
        *([f"Associated clients: {', '.join(incident.associated_clients)}"] if incident.associated_clients else []),
        f"Key: {out.key}",
    ]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(incident.title, HEADER)},
        {"type": "section", "text": _plain(incident.summary, TEXT)},
        {"type": "section", "fields": [_plain(fact, FIELD) for fact in facts]},
    ]
    if evidence:
        blocks.append({"type": "section", "text": _lines(evidence)})
    blocks.append({"type": "context", "elements": [_plain(text, FIELD) for text in context]})
    text = fitted(f"{incident.severity} {out.action}: {incident.title}", FIELD, escape)
    return json_bytes({"text": text, "mrkdwn": False, "blocks": blocks})


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": fitted(text, limit, escape), "emoji": False}


def _lines(values: list[str]) -> dict[str, Any]:
    """One sentence a line; each is escaped on its own, so that no value can begin a line."""
    each = TEXT // min(len(values), MOST_EVIDENCE) - len("- \n")
    text = "\n".join("- " + fitted(value, each, escape) for value in values[:MOST_EVIDENCE])
    return {"type": "plain_text", "text": text, "emoji": False}


def _receipt(message: Message, status: int, answer: bytes) -> Receipt:
    """404 and 410: the webhook was revoked or its channel archived, which is about the address and not about the revision."""
    return for_all(message, reason(status, answer), again=True) if status in (404, 410) else by_status(message, status, answer)


FORMAT = Each("slack", "application/json", ".json", FIELDS, _message, _receipt)
