"""forensics incidents list | show | set"""

import re
import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import FormatOption, StoreOption, open_store, severity
from forensics.config import DEFAULT_STORE, store_directory
from forensics.model.atlas import TECHNIQUES, VERSION, technique_name
from forensics.model.errors import UsageError
from forensics.model.incident import STATUSES, VERDICTS, Incident
from forensics.model.rule import LEVELS

app = typer.Typer(no_args_is_help=True)

# The contract of `incidents list --format json`; names may be added, none may go.
CONTRACT = (
    "incident_id", "revision", "rank", "risk_score", "severity", "confidence", "q_value", "title", "techniques", "clients",
    "associated_clients", "models", "first_seen", "last_seen", "query_count", "status", "verdict", "analytics", "summary",
    "tactic", "merged_into",
)  # fmt: skip


@app.command("list")
def list_(
    store: StoreOption = None,
    min_severity: Annotated[str | None, typer.Option("--min-severity", metavar="SEVERITY", help="Leave out what is below.")] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="ID", help="Only incidents of this client.")] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="Only incidents on this model.")] = None,
    technique: Annotated[str | None, typer.Option("--technique", metavar="ID", help="Only this ATLAS technique.")] = None,
    format: FormatOption = "table",
) -> None:
    """The queue, most suspicious first. Without filters every incident, whatever its severity.

    Examples:

      forensics incidents list --min-severity medium

      forensics incidents list --format json | jq '.[0]'
    """
    severity(min_severity)
    ranked = _ranked(store)
    found = [
        i
        for i in ranked
        if (min_severity is None or LEVELS.index(i[1].severity) >= LEVELS.index(min_severity))
        and (client is None or any(client in (c, c.partition(":")[2]) for c in i[1].clients + i[1].associated_clients))
        and (model is None or model in i[1].models)
        and (technique is None or any(t == technique.upper() or t.startswith(f"{technique.upper()}.") for t in i[1].techniques))
    ]
    if technique is not None and not any(t == technique.upper() for t in TECHNIQUES):
        raise UsageError(
            f"ATLAS {VERSION} has no technique {technique!r}", hint="for example AML.T0024.002, or AML.T0024 for all of its kind"
        )
    if format == "table":
        queue([incident for _, incident in found])
        if not found and ranked:
            output.note(f"{len(ranked):,} incidents do not match")
        return
    import pyarrow as pa

    from forensics.incidents.tables import to_tables

    table = to_tables([incident for _, incident in found])["incidents"]
    ranks = [rank for rank, _ in found]
    place = table.schema.get_field_index("rank")
    table = table.set_column(place, table.schema.field(place), pa.array(ranks, pa.int64()))
    output.emit(table.select(CONTRACT), format)


@app.command()
def show(
    incident_id: Annotated[str, typer.Argument(metavar="ID", help="Incident id, or enough of its beginning.")],
    store: StoreOption = None,
    format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """One incident: who, what, when, and the evidence.

    Example: forensics incidents show INC-4f1c
    """
    if format not in ("text", "json"):
        raise UsageError(f"no format is called {format!r}", hint="known are text, json")
    rank, incident = _one(incident_id, store)
    if format == "json":
        from dataclasses import asdict

        output.emit_json({"rank": rank} | asdict(incident))
    else:
        _text(rank, incident, store)


@app.command("set")
def set_(
    incident_id: Annotated[str, typer.Argument(metavar="ID", help="Incident id, or enough of its beginning.")],
    status: Annotated[str | None, typer.Option("--status", metavar="STATUS", help=f"{', '.join(STATUSES)}.")] = None,
    verdict: Annotated[str | None, typer.Option("--verdict", metavar="VERDICT", help=f"{', '.join(VERDICTS)}.")] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why.")] = "",
    author: Annotated[str | None, typer.Option("--author", metavar="NAME", help="Who decides [the user of this session].")] = None,
    store: StoreOption = None,
) -> None:
    """Decide of an incident. Decisions are added, never changed: forensics query 'select * from decisions'.

    Suppressed and resolved incidents are closed at every receiver that has heard of them. Example:

      forensics incidents set INC-4f1c --status resolved --verdict true_positive --note "key revoked"
    """
    from getpass import getuser

    from forensics import pipeline

    if status is None and verdict is None and not note:
        raise UsageError("nothing to set", hint="--status, --verdict or --note")
    _, incident = _one(incident_id, store)
    decided = pipeline.decide(
        open_store(store), incident.incident_id, status=status, verdict=verdict, author=author or getuser(), note=note
    )
    output.note(f"{decided.incident_id}: {decided.status}, verdict {decided.verdict}, revision {decided.revision}")


def _one(beginning: str, store: Path | None) -> tuple[int, Incident]:
    """(rank, incident) of the one whose id begins so.

    Raises:
        UsageError: none does, or several do.
    """
    matching = [(rank, i) for rank, i in _ranked(store) if i.incident_id.startswith(beginning)]
    if len(matching) != 1:
        names = ", ".join(i.incident_id for _, i in matching[:5])
        raise UsageError(
            f"no incident begins with {beginning!r}" if not matching else f"{len(matching)} incidents begin with {beginning!r}: {names}",
            hint="forensics incidents list",
        )
    return matching[0]


def queue(incidents: Sequence[Incident]) -> None:
    """Incidents as a table for people."""
    rows = [[f"{i.risk_score:.1f}", i.severity, i.incident_id, f"{i.query_count:,}", i.title] for i in incidents]
    if rows:
        output.grid(["risk", "severity", "incident", "queries", "what"], rows, right=["risk", "queries"], wrap="what")
    else:
        output.note("no incident")


def _ranked(store: object) -> list[tuple[int, Incident]]:
    from forensics.incidents.rank import rank
    from forensics.pipeline import prior_incidents, unscanned

    opened = open_store(store)  # type: ignore[arg-type]
    if waiting := unscanned(opened):
        output.note(f"{waiting:,} calls in the store have not been scanned: forensics scan")
    return list(enumerate(rank(prior_incidents(opened)), 1))


def _text(rank: int, incident: Incident, store: Path | None) -> None:
    say = output.line
    safe = output.printable
    say(f"{incident.incident_id}  rank {rank}  risk {incident.risk_score:.1f}")
    say(f"severity {incident.severity}, confidence {incident.confidence:.2f}")
    say(safe(incident.title))
    say(f"\n{safe(incident.summary)}\n")
    say(f"clients     {safe(', '.join(incident.clients))}")
    if incident.associated_clients:
        say(f"tied        {safe(', '.join(incident.associated_clients))}")
    say(f"models      {safe(', '.join(incident.models))}")
    say(f"techniques  {', '.join(f'{t} {technique_name(t)}' for t in incident.techniques)}")
    say(f"seen        {output.text_of(incident.first_seen)} to {output.text_of(incident.last_seen)}, {incident.query_count:,} queries")
    say(f"status      {incident.status}, verdict {incident.verdict}, revision {incident.revision}")
    for finding in incident.findings:
        say(f"\n{safe(finding.title)}  ({finding.analytic}, score {finding.score:.2f})")
        for item in finding.evidence:
            say(f"  - {safe(item.sentence)}")
        if cited := sorted({e for item in finding.evidence for e in item.event_ids}):
            say(f"  calls: {', '.join(cited)}")
    _list("what else it may be", [text for finding in incident.findings for text in finding.falsepositives])
    _list("what to do", [text for finding in incident.findings for text in finding.triage])
    where = store_directory(store)
    place = "" if str(where) == DEFAULT_STORE else f" --store {shlex.quote(output.printable(str(where)))}"
    say(f"\nnext: forensics query {_shown_calls(incident.clients)}{place}")


def _list(heading: str, texts: Sequence[str]) -> None:
    if texts:
        output.line(f"\n{heading}")
    for number, text in enumerate(dict.fromkeys(texts), 1):
        output.line(textwrap.fill(output.printable(text), 100, initial_indent=f"  {number}. ", subsequent_indent="     "))


def _shown_calls(clients: Sequence[str]) -> str:
    """The SQL for an incident's calls, quoted so that pasting it into a shell is safe whatever the client is called."""
    names = ", ".join("'" + c.replace("'", "''") + "'" for c in clients)
    sql = f"select * from events where client_id in ({names}) order by ts limit 20"
    return f'"{sql}"' if re.fullmatch(r"[\w '=*():,./@-]+", sql) else shlex.quote(output.printable(sql))
