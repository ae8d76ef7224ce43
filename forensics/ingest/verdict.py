"""Whether what was read can be used."""

from collections.abc import Sequence
from pathlib import Path

from forensics.model.errors import InputError
from forensics.model.scan import SourceReport


def problem(reports: Sequence[SourceReport], asked: Sequence[str], max_rejects: float) -> InputError | None:
    """What makes the input unusable, or null: nothing could be used, a file that was named could not, or too much was rejected."""
    named = {str(Path(name).expanduser().absolute()) for name in asked} | ({"stdin:"} if "-" in asked else set())
    unusable = [r for r in reports if r.status == "unusable"]
    records, rejected = sum(r.records for r in reports), sum(r.rejected for r in reports)
    if len(unusable) == len(reports) or any(r.uri in named for r in unusable):
        return InputError(f"{len(unusable)} of {len(reports)} sources could not be used")
    if records and rejected / records > max_rejects:
        return InputError(
            f"{rejected / records:.1%} of the records were rejected, more than {max_rejects:.1%}",
            hint="see the reasons above; the good records are in the store; --max-rejects moves the limit",
        )
    if not records and all(r.status != "unchanged" for r in reports):
        return InputError("no record in any source")
    return None
