"""Syslog by RFC 5424: fields as structured data, the summary and the evidence as UTF-8 text behind a byte order mark (6.4)."""

from forensics.export.document import attacks, sentences, strongest
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.syslog_header import FACILITY, LONGEST_MESSAGE, SEVERITY, header
from forensics.export.text import fitted, instant
from forensics.model.text import printable

# 32473 is the enterprise number that IANA keeps for documentation; this product has none.
SD_ID = "incident@32473"
BOM = "\ufeff"

FIELDS = (
    Field("PRI", "severity", f"facility {FACILITY}; " + ", ".join(f"{n} {level}" for level, n in SEVERITY.items())),
    Field("TIMESTAMP", "modified_at"),
    Field("APP-NAME", "", "`forensics`"),
    Field("MSGID", "action", "`incident-create`, `incident-update`, `incident-close`"),
    Field("id", "incident_id", f"this and the following are parameters of `{SD_ID}`"),
    Field("revision", "revision"),
    Field("key", "key"),
    Field("severity", "severity"),
    Field("risk", "risk_score"),
    Field("confidence", "confidence"),
    Field("qValue", "q_value", "left out without p-values"),
    Field("status", "status"),
    Field("verdict", "verdict"),
    Field("tactic", "tactic"),
    Field("queries", "query_count"),
    Field("firstSeen", "first_seen"),
    Field("lastSeen", "last_seen"),
    Field("created", "created_at"),
    Field("mergedInto", "merged_into", "left out where it is not merged"),
    Field("analytic", "findings[0].analytic"),
    Field("clients", "clients", "separated by `; `, as all lists: of parameters that repeat, syslog-ng keeps the last alone"),
    Field("associated", "associated_clients"),
    Field("models", "models"),
    Field("techniques", "techniques", "`id name`"),
    Field("analytics", "analytics"),
    Field("MSG", "title, summary, findings[].evidence[].sentence"),
)

# Bytes, escapes counted; together they stay below LONGEST_MESSAGE.
LONGEST_VALUE, LONGEST_LIST, SUMMARY = 256, 700, 1500


def escape_parameter(text: str) -> str:
    """RFC 5424, 6.3.3: quote, backslash and closing bracket take a backslash, nothing else does."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _line(out: Outgoing) -> bytes:
    incident = out.incident
    single: list[tuple[str, object]] = [
        ("id", incident.incident_id),
        ("revision", incident.revision),
        ("key", out.key),
        ("severity", incident.severity),
        ("risk", f"{incident.risk_score:.1f}"),
        ("confidence", f"{incident.confidence:.2f}"),
        ("status", incident.status),
        ("verdict", incident.verdict),
        ("tactic", incident.tactic),
        ("queries", incident.query_count),
        ("firstSeen", instant(incident.first_seen)),
        ("lastSeen", instant(incident.last_seen)),
        ("created", instant(out.created_at)),
        ("analytic", strongest(incident)[0]),
    ]
    if incident.q_value is not None:
        single.append(("qValue", f"{incident.q_value:.3g}"))
    if incident.merged_into is not None:
        single.append(("mergedInto", incident.merged_into))
    several = [
        ("clients", incident.clients),
        ("associated", incident.associated_clients),
        ("models", incident.models),
        ("techniques", tuple(f"{a.technique} {a.name}" for a in attacks(incident.techniques))),
        ("analytics", incident.analytics),
    ]
    parameters = [_parameter(name, str(value), LONGEST_VALUE) for name, value in single]
    parameters += [_parameter(name, "; ".join(values), LONGEST_LIST) for name, values in several if values]
    head = f"{header(out)} [{SD_ID} {' '.join(parameters)}] {BOM}"
    text = fitted(f"{incident.title}. {incident.summary}", SUMMARY, printable)
    room = LONGEST_MESSAGE - len(head.encode()) - len(text.encode()) - 1
    evidence = fitted("; ".join(sentences(incident)), room, printable)
    return f"{head}{text} {evidence}".rstrip(" ").encode()


def _parameter(name: str, value: str, limit: int) -> str:
    return f'{name}="{fitted(value, limit, escape_parameter)}"'


FORMAT = Each("syslog", "text/plain; charset=utf-8", ".log", FIELDS, _line)
