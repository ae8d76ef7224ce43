"""Which export formats there are."""

from forensics.export import formats as package
from forensics.export.interface import ExportFormat
from forensics.model.discover import discover


def formats() -> tuple[ExportFormat, ...]:
    """Every file under ``forensics/export/formats``, by name of its module."""
    return discover(package, "FORMAT", ExportFormat)  # type: ignore[type-abstract]  # only instances are asked for
