"""IBM QRadar Log Event Extended Format 2.0 behind a header of RFC 5424.

Source: "LEEF event components" and "Predefined LEEF event attributes" of the QRadar DSM guide. LEEF has no escape: the delimiter is the
tab, which no value holds once its control characters are made visible; a pipe in the header becomes a broken bar.
"""

from forensics.export.document import PRODUCT, VENDOR, VERSION, attacks, parted, sentences, strongest
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.syslog_header import LONGEST_MESSAGE, header
from forensics.export.text import fitted, instant
from forensics.model.text import printable

TAB = "x09"
TIME_FORMAT = "yyyy-MM-dd'T'HH:mm:ss.SSSX"  # of java.text.SimpleDateFormat, as QRadar reads it

SEVERITY = {"informational": 1, "low": 3, "medium": 5, "high": 8, "critical": 10}

FIELDS = (
    Field("EventID", "findings[0].analytic"),
    Field("devTime", "modified_at"),
    Field("devTimeFormat", "", f"`{TIME_FORMAT}`"),
    Field("sev", "severity", ", ".join(f"{n} {level}" for level, n in SEVERITY.items())),
    Field("cat", "tactic"),
    Field("usrName", "clients", "the first account, at most 255 bytes"),
    Field("src", "clients", "the first address"),
    Field("incidentId", "incident_id"),
    Field("revision", "revision"),
    Field("key", "key"),
    Field("action", "action"),
    Field("status", "status"),
    Field("verdict", "verdict"),
    Field("riskScore", "risk_score"),
    Field("confidence", "confidence"),
    Field("qValue", "q_value", "left out without p-values"),
    Field("firstSeen", "first_seen"),
    Field("lastSeen", "last_seen"),
    Field("created", "created_at"),
    Field("queryCount", "query_count"),
    Field("mergedInto", "merged_into"),
    Field("title", "title"),
    Field("msg", "summary"),
    Field("clients", "clients", "`kind:id`, separated by `; `, as in all lists"),
    Field("associatedClients", "associated_clients"),
    Field("models", "models"),
    Field("techniques", "techniques", "`id name`"),
    Field("analytics", "analytics"),
    Field("evidence", "findings[].evidence[].sentence", "gets the room that is left"),
)


def _line(out: Outgoing) -> bytes:
    incident = out.incident
    event = fitted(strongest(incident)[0].replace("|", "¦"), 256, printable)
    attributes = "\t".join(
        f"{key}={fitted(str(value), limit, printable)}" for key, value, limit in _attributes(out) if value not in ("", None)
    )
    line = f"{header(out)} - LEEF:2.0|{VENDOR}|{PRODUCT}|{VERSION}|{event}|{TAB}|{attributes}"
    room = LONGEST_MESSAGE - len(line.encode()) - len("\tevidence=")
    evidence = fitted("; ".join(sentences(incident)), room, printable)
    return (f"{line}\tevidence={evidence}" if evidence else line).encode()


def _attributes(out: Outgoing) -> list[tuple[str, object, int]]:
    """(key, value, most bytes)."""
    incident = out.incident
    accounts, addresses = parted(incident.clients)
    return [
        ("devTime", instant(out.modified_at), 64),
        ("devTimeFormat", TIME_FORMAT, 64),
        ("sev", SEVERITY[incident.severity], 2),
        ("cat", incident.tactic, 64),
        ("usrName", accounts[0] if accounts else "", 255),
        ("src", addresses[0] if addresses else "", 64),
        ("incidentId", incident.incident_id, 128),
        ("revision", incident.revision, 20),
        ("key", out.key, 256),
        ("action", out.action, 20),
        ("status", incident.status, 64),
        ("verdict", incident.verdict, 64),
        ("riskScore", f"{incident.risk_score:.1f}", 20),
        ("confidence", f"{incident.confidence:.2f}", 20),
        ("qValue", "" if incident.q_value is None else f"{incident.q_value:.3g}", 20),
        ("firstSeen", instant(incident.first_seen), 64),
        ("lastSeen", instant(incident.last_seen), 64),
        ("created", instant(out.created_at), 64),
        ("queryCount", incident.query_count, 20),
        ("mergedInto", incident.merged_into, 128),
        ("title", incident.title, 512),
        ("msg", incident.summary, 1023),
        ("clients", "; ".join(incident.clients), 800),
        ("associatedClients", "; ".join(incident.associated_clients), 400),
        ("models", "; ".join(incident.models), 400),
        ("techniques", "; ".join(f"{a.technique} {a.name}" for a in attacks(incident.techniques)), 600),
        ("analytics", "; ".join(incident.analytics), 400),
    ]


FORMAT = Each("leef", "text/plain; charset=utf-8", ".leef", FIELDS, _line)
