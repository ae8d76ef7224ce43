"""forensics ingest"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import ConfigOption, StoreOption, configuration, open_store
from forensics.model.scan import SourceReport

SHOWN_REJECTS = 5


def ingest(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, directories, globs, or - for standard input.")],
    store: StoreOption = None,
    format: Annotated[str | None, typer.Option("--format", metavar="NAME", help="Log format; recognised by content otherwise.")] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", metavar="M.toml", help="Map any JSON log to the canonical columns.")] = None,
    max_rejects: Annotated[
        float | None, typer.Option("--max-rejects", min=0, max=1, help="Share of rejected records that still passes [0.05].")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the full report of every source as JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Read logs into the store. What it holds already is not added again.

    Plain, gzip or zstd JSON, and Parquet. Examples:

      forensics ingest /var/log/litellm/ --store night

      forensics ingest 'bedrock/2026/03/*.gz'

      zcat access.gz | forensics ingest - --mapping gateway.toml
    """
    from forensics import pipeline
    from forensics.ingest.mapping import load_mapping
    from forensics.ingest.verdict import problem
    from forensics.io.sources import expand
    from forensics.sketch.key import load_key

    settings = configuration(config)
    mapped = load_mapping(mapping) if mapping else None
    found = expand(sources)
    opened = open_store(store, create=True)
    started = time.monotonic()
    with output.progress(sum(s.size for s in found), "reading") as advance:
        reports = pipeline.ingest(
            opened, found, settings, load_key(), format_name=format, mapping=mapped, progress=lambda source, done: advance(source.uri, done)
        )
    if json:
        output.emit_json([_report(r) for r in reports])
    else:
        _show(reports)
    keys = {part.key_id for part in opened.snapshot().select("items")}
    if len(keys) > 1:
        output.note(f"warning: the store holds hashes of {len(keys)} keys; what was hashed under one matches nothing under another")
    output.note(_total(reports, time.monotonic() - started))
    if wrong := problem(reports, sources, settings.ingest.max_rejects if max_rejects is None else max_rejects):
        raise wrong


def _report(report: SourceReport) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(report) | {"fill": dict(report.fill)}


def _show(reports: Sequence[SourceReport]) -> None:
    headers = ["source", "format", "records", "new", "known", "rejected", "items"]
    rows = [
        [Path(r.uri).name, r.format or r.status, *(f"{n:,}" for n in (r.records, r.new, r.duplicates, r.rejected, r.items))]
        for r in reports
    ]
    output.grid(headers, rows, right=headers[2:], wrap="source")
    for r in reports:
        output.note(f"{r.uri}: {r.reason}")
        if r.first_ts and r.last_ts:
            output.note(f"  from {output.text_of(r.first_ts)} to {output.text_of(r.last_ts)}")
        if r.mended:
            output.note(f"  {r.mended:,} records had bytes or escapes that are not valid, and were mended")
        if partly := [f"{name} {share:.0%}" for name, share in r.fill if 0 < share < 1]:
            output.note(f"  fills in part: {', '.join(partly)}")
        if never := [name for name, share in r.fill if not share]:
            output.note(f"  never fills: {', '.join(never)}")
        for warning in r.warnings:
            output.note(f"  warning: {warning}")
        if r.conflicts:
            output.note(f"  warning: {r.conflicts:,} records reuse an id with other content; all are kept")
        for reject in r.rejects[:SHOWN_REJECTS]:
            output.note(f"  rejected {reject.uri}:{reject.row}: {reject.reason}")
        if r.rejected > SHOWN_REJECTS:
            output.note(f"  and {r.rejected - SHOWN_REJECTS:,} more: forensics query 'select * from rejects'")


def _total(reports: Sequence[SourceReport], seconds: float) -> str:
    new, records = sum(r.new for r in reports), sum(r.records for r in reports)
    rejected, sources = sum(r.rejected for r in reports), len(reports)
    return f"{records:,} records of {sources:,} sources in {seconds:.1f} s: {new:,} new, {rejected:,} rejected"
