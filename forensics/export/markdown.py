"""An incident in Markdown (CommonMark 0.31 with tables), for the formats whose readers are people."""

import re
from collections.abc import Sequence

from forensics.export.document import attacks
from forensics.export.interface import Outgoing
from forensics.export.text import instant, one_line

LONGEST = 300
MOST_EVIDENCE, MOST_FINDINGS = 10, 20

# Emphasis, code, links, HTML and entities, tables, strikethrough, mathematics, mentions, references, addresses and emoji begin with these.
_ANYWHERE = re.compile(r"[\\`*_{}\[\]<>&|~$@#:]|(?<=www)\.", re.IGNORECASE)
# Lists, headings under lines and rules begin a line; a value may stand there.
_AT_THE_START = re.compile(r"^(\d*)([-+=.)])")


def escape(text: str, limit: int = LONGEST) -> str:
    """Text that is shown as it is: on one line, no mark of Markdown, no HTML."""
    shown = _ANYWHERE.sub(lambda mark: "\\" + mark[0], one_line(text, limit).strip(" "))
    return _AT_THE_START.sub(r"\1\\\2", shown)


def section(out: Outgoing) -> str:
    """The incident under a heading of second order: facts, summary, then each finding with its evidence and what to do."""
    incident = out.incident
    lines = [f"## {escape(incident.title)}", "", escape(incident.summary, 4096), "", *_facts(out)]
    for finding in incident.findings[:MOST_FINDINGS]:
        lines += [
            "",
            f"### {escape(finding.title)}",
            "",
            f"{escape(finding.analytic)} version {finding.analytic_version}, {finding.level}, score {finding.score:.2f}, "
            f"confidence {finding.confidence:.2f}, {finding.query_count:,} queries",
            "",
            *(f"- {escape(e.sentence, 1000)}" for e in finding.evidence[:MOST_EVIDENCE]),
        ]
        if len(finding.evidence) > MOST_EVIDENCE:
            lines.append(f"- {len(finding.evidence) - MOST_EVIDENCE} more pieces of evidence are in the store")
        lines += _list("Who else looks like this", finding.falsepositives)
        lines += _list("What to do", finding.triage)
    if len(incident.findings) > MOST_FINDINGS:
        lines += ["", f"{len(incident.findings) - MOST_FINDINGS} more findings are in the store"]
    return "\n".join(lines) + "\n"


def _facts(out: Outgoing) -> list[str]:
    incident = out.incident
    facts = [
        ("Incident", f"{escape(incident.incident_id)}, revision {incident.revision}, {out.action}"),
        ("Risk", f"{incident.risk_score:.1f} of 100"),
        ("Severity", incident.severity),
        ("Confidence", f"{incident.confidence:.2f}"),
        ("q-value", "none" if incident.q_value is None else f"{incident.q_value:.3g}"),
        ("Status", f"{escape(incident.status)}, verdict {escape(incident.verdict)}"),
        ("Clients", _joined(incident.clients)),
        ("Associated clients", _joined(incident.associated_clients)),
        ("Models", _joined(incident.models)),
        ("ATLAS", _joined([f"{a.technique} {a.name}" for a in attacks(incident.techniques)])),
        ("Analytics", _joined(incident.analytics)),
        ("Seen", f"{instant(incident.first_seen)} to {instant(incident.last_seen)}"),
        ("Queries", f"{incident.query_count:,}"),
        ("Known since", f"{instant(out.created_at)}, changed {instant(out.modified_at)}"),
        ("Merged into", escape(incident.merged_into or "")),
    ]
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts if value)]


def _joined(values: Sequence[str], most: int = 20) -> str:
    more = [f"{len(values) - most} more"] if len(values) > most else []
    return ", ".join([*(escape(v) for v in values[:most]), *more])


def _list(heading: str, entries: tuple[str, ...]) -> list[str]:
    return ["", f"{heading}:", "", *(f"- {escape(entry, 1000)}" for entry in entries)] if entries else []
