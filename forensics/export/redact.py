"""What leaves the house. A profile builds the incident anew from what it lets through, so nothing slips out by being new.

Prompts and rows are not in the store, so no profile can let them out. ``identified`` sends what an analyst sees; ``pseudonymous``
replaces who by a keyed hash, the same every night; ``minimal`` tells that something was found on a model, and how grave it is.
"""

import hmac
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from forensics.config.sinks import Redaction
from forensics.model.finding import Evidence, Finding
from forensics.model.incident import Incident

Pseudonym = Callable[[str], str]


def redact(incident: Incident, profile: Redaction, secret: bytes) -> Incident:
    """The incident as it may leave under ``profile``; ``secret`` keys the pseudonyms."""
    if profile == "identified":
        return incident
    who = _keyed(secret) if profile == "pseudonymous" else _nobody
    findings = tuple(_finding(f, who, secret, told=profile == "pseudonymous") for f in incident.findings)
    clients = tuple(who(c) for c in incident.clients if who(c))
    titles = list(dict.fromkeys(f.title for f in findings)) or [", ".join(incident.techniques) or "incident"]
    subject = f"{', '.join(clients) or 'a client'} on {', '.join(incident.models)}"
    return replace(
        incident,
        title=f"{titles[0]}: {subject}",
        summary=f"{subject}, {incident.query_count:,} queries: {'; '.join(titles)}.",
        clients=clients,
        associated_clients=tuple(who(c) for c in incident.associated_clients if who(c)),
        findings=findings,
    )


def _keyed(secret: bytes) -> Pseudonym:
    def pseudonym(client: str) -> str:
        kind, separator, _ = client.partition(":")
        return f"{kind if separator else 'client'}:p-{_digest(secret, 'pseudonym', client)}"

    return pseudonym


def _nobody(client: str) -> str:
    return ""


def _finding(finding: Finding, who: Pseudonym, secret: bytes, *, told: bool) -> Finding:
    """Sentences quote text of the log where the value is text; only those about numbers are let through. The id of a finding is a hash
    of whom it is about, which a guess could be checked against; it is keyed here."""
    evidence = tuple(
        Evidence(e.field, e.value, e.baseline, e.sentence if e.value is not None else "", e.event_ids)
        for e in finding.evidence
        if told and finding.client_id not in e.sentence and finding.client_id.partition(":")[2] not in e.sentence.split()
    )
    return replace(finding, finding_id=_digest(secret, "finding", finding.finding_id), client_id=who(finding.client_id), evidence=evidence)


def _digest(secret: bytes, what: str, text: str) -> str:
    return hmac.new(secret, f"{what}\0{text}".encode("utf-8", "surrogatepass"), sha256).hexdigest()[:20]
