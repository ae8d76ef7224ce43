"""Formats and sinks by name."""

from urllib.parse import urlsplit

from forensics.export import formats as formats_package
from forensics.export import sinks
from forensics.export.interface import ExportFormat, SinkKind
from forensics.model.discover import discover
from forensics.model.errors import UsageError


def formats() -> tuple[ExportFormat, ...]:
    """Every file under ``forensics/export/formats``, by name of its module."""
    return discover(formats_package, "FORMAT", ExportFormat)  # type: ignore[type-abstract]  # only instances are asked for


def export_formats() -> dict[str, ExportFormat]:
    """The same by name."""
    return {fmt.name: fmt for fmt in formats()}


def format_named(name: str) -> ExportFormat:
    """Raises:
    UsageError: there is none of this name.
    """
    known = export_formats()
    if name not in known:
        raise UsageError(f"no export format is called {name!r}", hint=f"known are {', '.join(sorted(known))}")
    return known[name]


def sink_kind(url: str) -> SinkKind:
    """The kind of sink for an address; a path is a file.

    Raises:
        UsageError: there is none for its scheme.
    """
    scheme = urlsplit(url).scheme if "://" in url else "stdout" if url == "-" else "file"
    kinds = discover(sinks, "SINK", SinkKind)  # type: ignore[type-abstract]  # only instances are asked for
    by_scheme = {s: kind for kind in kinds for s in kind.schemes}
    if scheme not in by_scheme:
        raise UsageError(f"no sink is called {scheme}://", hint=f"known are a file, -, {', '.join(f'{s}://' for s in sorted(by_scheme))}")
    return by_scheme[scheme]
