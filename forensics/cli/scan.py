"""forensics scan"""

from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.incidents import queue
from forensics.cli.options import (
    ConfigOption,
    EngineOption,
    RulesOption,
    SinceOption,
    StoreOption,
    UntilOption,
    configuration,
    engine_named,
    moment,
    open_store,
    rules_directory,
    severity,
)
from forensics.model.errors import Exit
from forensics.model.rule import LEVELS

SHOWN = 20  # incidents


def scan(
    store: StoreOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    engine: EngineOption = "local",
    rules: RulesOption = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 1 at an incident of this severity or above.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Compute features, match rules, rank incidents, and store them.

    Without --since and --until everything in the store is scanned. Examples:

      forensics scan

      forensics scan --since 2026-03-02 --until 2026-03-03 --fail-on high
    """
    from forensics import pipeline

    severity(fail_on)
    settings = configuration(config)
    result = pipeline.scan(
        open_store(store), settings, engine_named(engine), rules_directory(rules), since=moment(since), until=moment(until)
    )
    record = result.scan
    if rules is not None:
        output.note(f"rules of {rules} only; the ones that come with forensics did not run")
    queue(result.incidents[:SHOWN])
    if len(result.incidents) > SHOWN:
        output.note(f"and {len(result.incidents) - SHOWN:,} more: forensics incidents list")
    for skipped in record.skipped:
        output.note(f"skipped {skipped.kind} {skipped.name}: {skipped.reason}")
    output.note(
        f"{record.events:,} events of {record.clients:,} clients from {output.text_of(record.window_start)} to "
        f"{output.text_of(record.window_end)}: {record.findings:,} findings, {record.incidents:,} incidents, {record.new_incidents:,} new"
    )
    if fail_on is not None and any(LEVELS.index(i.severity) >= LEVELS.index(fail_on) for i in result.incidents):
        raise typer.Exit(Exit.FAIL_ON_MET)
