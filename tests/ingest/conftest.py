"""Raw bytes to canonical tables, without a store."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from forensics.config import Config
from forensics.ingest.canonical import Canonicaliser
from forensics.ingest.interface import LogFormat
from forensics.ingest.recognise import builtin_formats
from forensics.ingest.run import Ingest, IngestBatch, Settings
from forensics.io.sources import expand
from forensics.model.scan import SourceReport
from forensics.sketch.key import Key


class Read:
    """Everything that an ingest of some sources gave."""

    def __init__(self, batches: Sequence[IngestBatch]) -> None:
        self.events: pa.Table = pa.concat_tables([b.events for b in batches])
        self.items: pa.Table = pa.concat_tables([b.items for b in batches])
        self.vectors: pa.Table = pa.concat_tables([b.vectors for b in batches])
        self.reports: list[SourceReport] = [r for b in batches for r in b.reports]

    @property
    def report(self) -> SourceReport:
        assert len(self.reports) == 1
        return self.reports[0]

    def rows(self, table: str, *leave_out: str) -> list[dict[str, Any]]:
        """Rows of a table, filled columns only."""
        rows = getattr(self, table).to_pylist()
        return [{k: v for k, v in row.items() if v is not None and k not in leave_out} for row in rows]


@pytest.fixture
def ingest(key: Key) -> Callable[..., Read]:
    def run(
        *paths: Path | str, mapping: LogFormat | None = None, forced: LogFormat | None = None, limit: int = 32_000_000, identity: Any = None
    ) -> Read:
        settings = Settings(builtin_formats(), forced, mapping, limit)
        with Canonicaliser(key, identity or Config().ingest.identity) as canonicaliser:
            return Read(list(Ingest(expand([str(p) for p in paths]), canonicaliser, settings).batches()))

    return run
