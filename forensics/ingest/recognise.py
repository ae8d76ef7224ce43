"""Which format a source is in, by its content, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forensics.ingest import formats
from forensics.ingest.interface import LogFormat
from forensics.model.discover import discover

ENOUGH = 0.9


@dataclass(frozen=True, slots=True)
class Recognition:
    """``format`` is None where nothing, or more than one, fits; ``reason`` says why in a sentence."""

    format: LogFormat | None
    reason: str


def builtin_formats() -> tuple[LogFormat, ...]:
    """Every file under ``forensics/ingest/formats``, by name."""
    return discover(formats, "FORMAT", LogFormat)


def recognise(sample: Sequence[Mapping[str, object]], known: Sequence[LogFormat], preferred: LogFormat | None = None) -> Recognition:
    """Compare sampled records with the marks of every known format. ``preferred`` (the user's mapping) wins where it fits."""
    if not sample:
        return Recognition(None, "no JSON record among the first lines; expected one JSON object a line, a JSON array, or Parquet")
    fitting = [(f, sum(f.recognises(r) for r in sample)) for f in ([preferred] if preferred else []) + list(known)]
    fitting = [(f, hits) for f, hits in fitting if hits >= ENOUGH * len(sample)]
    if preferred and fitting and fitting[0][0] is preferred:
        fitting = fitting[:1]
    if len(fitting) == 1:
        found, hits = fitting[0]
        return Recognition(found, f"{hits} of {len(sample)} sampled records have {', '.join(found.marks)}")
    if fitting:
        return Recognition(None, f"ambiguous: {' and '.join(f.name for f, _ in fitting)} fit; choose with --format")
    keys = ", ".join(sorted({key for record in sample for key in record})[:8])
    return Recognition(None, f"no known format fits its keys ({printable(keys, 120)}); map it with --mapping, see docs/formats.md")


def printable(text: str, limit: int) -> str:
    """``text`` without control characters, cut to ``limit``: keys come from the log, and the log is hostile."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
