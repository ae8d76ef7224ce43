"""forensics features"""

from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import (
    ConfigOption,
    EngineOption,
    FormatOption,
    SinceOption,
    StoreOption,
    UntilOption,
    configuration,
    engine_named,
    moment,
    open_store,
)
from forensics.model.errors import UsageError


def features(
    client: Annotated[str | None, typer.Argument(metavar="CLIENT", help="Client id, with its kind: user:alice.")] = None,
    store: StoreOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    engine: EngineOption = "local",
    format: FormatOption = "table",
    config: ConfigOption = None,
) -> None:
    """Compute features and show them: of one client beside the quantiles of its model's clients, or of all clients together.

    Examples:

      forensics features

      forensics features user:alice --since 2026-03-02
    """
    from forensics import pipeline
    from forensics.features.compare import of_all, of_client

    _, found = pipeline.features(open_store(store), configuration(config), engine_named(engine), moment(since), moment(until))
    for skipped in found.skipped:
        output.note(f"skipped {skipped.kind} {skipped.name}: {skipped.reason}")
    table = of_all(found) if client is None else of_client(found, client)
    if not table.num_rows:
        raise UsageError(f"no call of {client!r} in the window", hint="forensics query 'select distinct client_id from events'")
    output.emit(table, format)
