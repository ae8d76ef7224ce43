"""forensics report"""

from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import StoreOption, open_store
from forensics.config import DEFAULT_STORE, store_directory
from forensics.model.errors import UsageError
from forensics.model.rule import LEVELS


def report(
    html: Annotated[Path, typer.Option("--html", metavar="OUT", help="File to write; one that is there is replaced.")],
    min_severity: Annotated[
        str, typer.Option("--min-severity", metavar="SEVERITY", help="Count incidents below, do not show them.")
    ] = LEVELS[0],
    top: Annotated[int, typer.Option("--top", metavar="N", min=0, help="Tell so many in full; the rest stand in the queue.")] = 50,
    store: StoreOption = None,
) -> None:
    """Write the latest scan as one HTML file with pictures: loads nothing, needs no server and no script.

    The file names clients; it is made readable for its owner only. Example:

      forensics report --html report.html --min-severity medium
    """
    from forensics import pipeline

    if min_severity not in LEVELS:
        raise UsageError(f"no severity is called {min_severity!r}", hint=f"known are {', '.join(LEVELS)}")
    if str(html) == "-":
        raise UsageError("a report is a file", hint="forensics report --html report.html")
    place = str(store_directory(store))
    shown = pipeline.report(
        open_store(store), html, min_severity=min_severity, top=top, shown_store=None if place == DEFAULT_STORE else place
    )
    output.note(f"{html}: {len(shown.queue):,} in the queue, {len(shown.told):,} told in full")
