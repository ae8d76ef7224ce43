"""forensics formats list | detect"""

from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import output
from forensics.model.errors import Exit, UsageError

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """Every log format that is recognised."""
    from forensics.ingest.recognise import builtin_formats

    output.grid(["format", "title", "recognised by"], [[f.name, f.title, ", ".join(f.marks)] for f in builtin_formats()])


@app.command()
def detect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A log file, or - for standard input.")],
    mapping: Annotated[Path | None, typer.Option("--mapping", metavar="M.toml", help="Try this mapping, too.")] = None,
    format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """Say which format a file is in, why, and how well it fills the canonical columns. Nothing is stored.

    Example: forensics formats detect access.jsonl.zst --format json
    """
    from forensics import pipeline
    from forensics.ingest.mapping import load_mapping
    from forensics.io.sources import expand

    if format not in ("text", "json"):
        raise UsageError(f"no format is called {format!r}", hint="known are text, json")
    found = expand([file])
    if len(found) != 1:
        raise UsageError(f"{file!r} is {len(found)} files", hint="name one file")
    report = pipeline.detect_format(found[0], load_mapping(mapping) if mapping else None)
    if format == "json":
        output.emit_json({"format": report.format or None, "reason": report.reason, "columns": dict(report.fill)})
    else:
        output.line(f"{report.format or 'not recognised'}: {output.printable(report.reason)}")
        if report.fill:
            output.grid(["column", "filled"], [[name, f"{share:.0%}"] for name, share in report.fill if share], right=["filled"])
    if not report.format:
        raise typer.Exit(Exit.UNUSABLE_INPUT)
