"""forensics nightly"""

from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import (
    ConfigOption,
    EngineOption,
    RulesOption,
    StoreOption,
    configuration,
    engine_named,
    open_store,
    rules_directory,
    severity,
)


def nightly(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE...", help="Files, directories, globs [nightly.sources of the configuration].")
    ] = None,
    store: StoreOption = None,
    engine: EngineOption = "local",
    rules: RulesOption = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 1 at an incident of this severity or above.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the run record.")] = False,
    config: ConfigOption = None,
) -> None:
    """Ingest, scan and deliver, under one lock: for cron, systemd and Kubernetes.

    Reads what is new, scans the days that got new calls, and gives every sink of the configuration what it has not had. Killed or
    late, it carries on the next time. Example:

      forensics nightly /var/log/litellm/ --fail-on high
    """
    from forensics.operate.nightly import Job, run
    from forensics.sketch.key import load_key

    settings = configuration(config)
    job = Job(
        config=settings,
        key=load_key(),
        engine=engine_named(engine),
        rules=rules_directory(rules),
        sources=tuple(sources or settings.nightly.sources),
        fail_on=severity(fail_on) or settings.nightly.fail_on,
        told=output.note,
    )
    night = run(open_store(store, create=True), job)
    if json:
        output.emit_json(night.as_json())
    for trouble in night.troubles:
        output.error(f"{trouble.stage}: {trouble.message}", trouble.hint)
    raise typer.Exit(night.code)
