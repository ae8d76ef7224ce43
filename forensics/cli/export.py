"""forensics export"""

from collections.abc import Sequence
from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import ConfigOption, SinceOption, StoreOption, configuration, moment, open_store, severity
from forensics.config import section
from forensics.config.sinks import SinkConfig
from forensics.export.delivery import Delivered
from forensics.export.interface import Outgoing, shown
from forensics.model.errors import Exit, UsageError
from forensics.model.rule import LEVELS


def export(
    sink: Annotated[str, typer.Option("--sink", metavar="SINK", help="A file, -, an address, or a sink of the configuration.")] = "-",
    to: Annotated[str | None, typer.Option("--to", metavar="FORMAT", help="Export format.")] = None,
    min_severity: Annotated[str | None, typer.Option("--min-severity", metavar="SEVERITY", help="Leave out what is below.")] = None,
    since: SinceOption = None,
    redaction: Annotated[
        str | None, typer.Option("--redaction", metavar="PROFILE", help="identified, pseudonymous or minimal [identified].")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
    retry_dead: Annotated[bool, typer.Option("--retry-dead", help="Of a configured sink: also what it refused earlier.")] = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Send incidents to other software.

    To the name of a configured sink goes what it is owed and has not had, as every night. To a file or an address goes every incident
    as it stands, each time. --since: what was made or changed since then. Examples:

      forensics export --to ndjson --sink incidents.ndjson --min-severity medium

      forensics export --sink siem --dry-run
    """
    from forensics.operate import exporting
    from forensics.sketch.key import load_key

    settings, opened, secret = configuration(config), open_store(store), load_key().secret
    if waiting := opened.fresh_dates():
        output.note(f"{len(waiting):,} days with new calls have not been scanned: forensics nightly, or forensics scan")
    if to is None:
        if sink not in settings.sinks:
            configured = ", ".join(settings.sinks) or "none"
            raise UsageError(
                f"no sink of the configuration is called {sink!r}", hint=f"known are {configured}; for others name a format with --to"
            )
        if min_severity or since or redaction:
            raise UsageError(f"what goes to {sink} is said in its configuration", hint="only --dry-run and --retry-dead go with it")
        if dry_run:
            _would(exporting.owed(opened, sink, settings.sinks[sink], secret), sink)
            return
        _told(exporting.deliver_to(opened, sink, settings.sinks[sink], secret, revive=retry_dead))
        return
    if retry_dead:
        raise UsageError("only a sink of the configuration has dead letters", hint="leave out --to")
    least = severity(min_severity) or LEVELS[0]
    asked = section(
        SinkConfig,
        "--sink",
        {"format": to, "url": sink, "min_severity": least, "since": moment(since), "redaction": redaction or "identified"},
    )
    found = exporting.standing(opened, asked, secret)
    if dry_run:
        _would(found, sink)
        return
    done, refused = exporting.export(found, asked)
    for key, why in refused.items():
        output.note(f"refused {key}: {why}")
    _told(done)


def _would(found: Sequence[Outgoing], sink: str) -> None:
    rows = [[o.key, o.action, o.incident.severity, o.incident.title] for o in found]
    output.grid(["key", "action", "severity", "what"], rows, wrap="what")
    output.note(f"{len(found):,} revisions would go to {shown(sink)}; nothing was sent")


def _told(done: Delivered) -> None:
    output.note(f"{done.delivered:,} revisions delivered, {done.refused:,} refused")
    if done.problem:
        output.error(f"delivery is incomplete: {done.problem}", "what was not delivered waits where the sink is configured; run it again")
    elif done.refused:
        output.error("some were refused for good", "forensics query \"select * from deliveries where state = 'dead'\"")
    if done.problem or done.refused:
        raise typer.Exit(Exit.DELIVERY_INCOMPLETE)
