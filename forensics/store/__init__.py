"""The store: a directory in which a thing exists when the manifest says so.

    state.sqlite         the manifest, and the only file that changes: parts, source ledger, rejects, scans,
                         decisions, revisions on their way out, nightly runs
    lock                 one writer at a time
    parts/events/date=2026-03-02/bucket=07/c00000012.parquet     canonical rows; likewise items and vectors
    parts/findings/c00000013.parquet                             a result of the last scan that made it
    forensics.duckdb     a published copy for any DuckDB client, swapped in whole; rebuildable from the rest

A writer adds files first, makes them durable, and then names them in the manifest in one transaction. Whatever a killed run
left behind is in no manifest, so nobody sees it, and the next writer removes it. Readers take no lock.
"""

from forensics.store.batch import AppendResult, CallBatch, KnownSource, SourceCounts
from forensics.store.outbox import Decision, Outbox, Revision, key_of
from forensics.store.parts import Part, write_by_bucket
from forensics.store.reader import Snapshot
from forensics.store.store import Store

__all__ = [
    "AppendResult",
    "CallBatch",
    "Decision",
    "KnownSource",
    "Outbox",
    "Part",
    "Revision",
    "Snapshot",
    "SourceCounts",
    "Store",
    "key_of",
    "write_by_bucket",
]
