"""What a feature says of itself: its grain, what it needs, and the meaning of each column."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """One number or text per subject. ``type`` is a DuckDB type."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """A narrow table: one row per subject of ``grain``.

    ``requires`` names canonical columns (``events.ts``, ``items.exact_hash``) that must be filled somewhere in the scanned
    window; where one is empty throughout, the feature is skipped and the scan says so. ``suspicious`` names columns of which more is
    more like probing: what detectors of anomalies look at.
    """

    name: str
    description: str
    version: int
    grain: tuple[str, ...]
    requires: tuple[str, ...]
    columns: tuple[FeatureColumn, ...]
    suspicious: tuple[str, ...] = ()

    def column(self, name: str) -> FeatureColumn | None:
        return next((c for c in self.columns if c.name == name), None)
