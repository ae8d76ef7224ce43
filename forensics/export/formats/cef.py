"""ArcSight Common Event Format 0 behind a header of RFC 5424.

Source: "Implementing ArcSight Common Event Format", version 26: keys and their lengths; in the header pipe and backslash take a
backslash, in the extension equals sign and backslash do, and nothing else does.
"""

from ipaddress import ip_address

from forensics.export.document import PRODUCT, VENDOR, VERSION, attacks, parted, sentences, strongest
from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.syslog_header import LONGEST_MESSAGE, header
from forensics.export.text import fitted, milliseconds
from forensics.model.text import printable

LONGEST_STRING = 4000  # of cs1 to cs6

SEVERITY = {"informational": 1, "low": 3, "medium": 5, "high": 8, "critical": 10}

FIELDS = (
    Field("Device Event Class ID", "findings[0].analytic"),
    Field("Name", "findings[0].title"),
    Field("Severity", "severity", ", ".join(f"{n} {level}" for level, n in SEVERITY.items())),
    Field("rt", "modified_at"),
    Field("start", "first_seen"),
    Field("end", "last_seen"),
    Field("deviceCustomDate1", "created_at", "label `Created`"),
    Field("externalId", "incident_id"),
    Field("act", "action"),
    Field("outcome", "verdict"),
    Field("cat", "tactic"),
    Field("cnt", "query_count"),
    Field("cn1", "revision", "label `Revision`"),
    Field("cfp1", "risk_score", "label `RiskScore`"),
    Field("cfp2", "confidence", "label `Confidence`"),
    Field("cfp3", "q_value", "label `QValue`; left out without p-values"),
    Field("flexString1", "key", "label `Key`"),
    Field("flexString2", "status", "label `Status`"),
    Field("src", "clients", "the first IPv4 address"),
    Field("c6a2", "clients", "the first IPv6 address, label `Source IPv6 Address`"),
    Field("suser", "clients", "`kind:id`, separated by `; `"),
    Field("msg", "summary"),
    Field("cs1", "techniques", "label `AtlasTechniques`"),
    Field("cs2", "models", "label `Models`"),
    Field("cs3", "analytics", "label `Analytics`"),
    Field("cs4", "associated_clients", "label `AssociatedClients`"),
    Field("cs5", "merged_into", "label `MergedInto`"),
    Field("cs6", "findings[].evidence[].sentence", "label `Evidence`; gets the room that is left, at most 4,000 bytes"),
)


def escape_header(text: str) -> str:
    """For what stands between pipes."""
    return printable(text).replace("\\", "\\\\").replace("|", "\\|")


def escape_value(text: str) -> str:
    """For what stands behind an equals sign."""
    return printable(text).replace("\\", "\\\\").replace("=", "\\=")


def _line(out: Outgoing) -> bytes:
    incident = out.incident
    signature, name = strongest(incident)
    head = [VENDOR, PRODUCT, VERSION, fitted(signature, 256, escape_header), fitted(name, 512, escape_header), SEVERITY[incident.severity]]
    extension = " ".join(f"{key}={fitted(str(value), limit, escape_value)}" for key, value, limit in _pairs(out))
    line = f"{header(out)} - CEF:0|{'|'.join(map(str, head))}|{extension}"
    room = LONGEST_MESSAGE - len(line.encode()) - len(" cs6Label=Evidence cs6=")
    evidence = fitted("; ".join(sentences(incident)), min(room, LONGEST_STRING), escape_value)
    return (f"{line} cs6Label=Evidence cs6={evidence}" if evidence else line).encode()


def _pairs(out: Outgoing) -> list[tuple[str, object, int]]:
    """(key, value, most bytes of it), those that have a value."""
    incident = out.incident
    techniques = "; ".join(f"{a.technique} {a.name}" for a in attacks(incident.techniques))
    return [
        ("rt", milliseconds(out.modified_at), 20),
        ("start", milliseconds(incident.first_seen), 20),
        ("end", milliseconds(incident.last_seen), 20),
        *_labelled("deviceCustomDate1", "Created", milliseconds(out.created_at), 20),
        ("externalId", incident.incident_id, 128),
        ("act", out.action, 63),
        ("outcome", incident.verdict, 63),
        *_filled("cat", incident.tactic, 64),
        ("cnt", incident.query_count, 20),
        *_labelled("cn1", "Revision", incident.revision, 20),
        *_labelled("cfp1", "RiskScore", f"{incident.risk_score:.1f}", 20),
        *_labelled("cfp2", "Confidence", f"{incident.confidence:.2f}", 20),
        *_labelled("cfp3", "QValue", "" if incident.q_value is None else f"{incident.q_value:.3g}", 20),
        *_labelled("flexString1", "Key", out.key, 256),
        *_labelled("flexString2", "Status", incident.status, 64),
        *_addresses(incident.clients),
        *_filled("suser", "; ".join(incident.clients), 1023),
        *_filled("msg", incident.summary, 1023),
        *_labelled("cs1", "AtlasTechniques", techniques, 600),
        *_labelled("cs2", "Models", "; ".join(incident.models), 600),
        *_labelled("cs3", "Analytics", "; ".join(incident.analytics), 600),
        *_labelled("cs4", "AssociatedClients", "; ".join(incident.associated_clients), 600),
        *_labelled("cs5", "MergedInto", incident.merged_into or "", 128),
    ]


def _filled(key: str, value: object, limit: int) -> list[tuple[str, object, int]]:
    return [] if value == "" else [(key, value, limit)]


def _labelled(key: str, label: str, value: object, limit: int) -> list[tuple[str, object, int]]:
    return [] if value == "" else [(f"{key}Label", label, 64), (key, value, limit)]


def _addresses(clients: tuple[str, ...]) -> list[tuple[str, object, int]]:
    """``src`` takes IPv4 alone; IPv6 has a key of its own."""
    addresses = [ip_address(a) for a in parted(clients)[1]]
    four = [str(a) for a in addresses if a.version == 4][:1]
    six = [str(a) for a in addresses if a.version == 6][:1]
    return [("src", a, 64) for a in four] + [pair for a in six for pair in _labelled("c6a2", "Source IPv6 Address", a, 64)]


FORMAT = Each("cef", "text/plain; charset=utf-8", ".cef", FIELDS, _line)
