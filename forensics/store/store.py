"""The facade: open a store, write under its lock, read without one."""

import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from forensics.model.errors import StoreError
from forensics.model.incident import Incident
from forensics.model.lineage import LAKE
from forensics.model.scan import Scan, SourceReport
from forensics.store import catalog, derived, ledger, manifest, nights, outbox, parts, reader, scratch
from forensics.store import compact as compaction
from forensics.store.batch import AppendResult, CallBatch, KnownSource, SourceCounts
from forensics.store.dedup import Settled
from forensics.store.lock import exclusive
from forensics.store.outbox import Decision, Outbox, Revision
from forensics.store.parts import Pending, Stamp
from forensics.store.reader import Snapshot

GRACE_SECONDS = 3600.0
RESULT_NAME = re.compile(r"[a-z][a-z0-9_]*")
TAKEN_NAMES = {*LAKE, "lineages", "sources", "rejects", "scans", "store_state", "deliveries", "decisions", "runs"}


class Store:
    """A store at an absolute path. Writing needs ``with store.writing():``; reading needs nothing."""

    def __init__(self, root: Path, grace_seconds: float) -> None:
        self.root = root
        self._grace_seconds = grace_seconds
        self._writer: sqlite3.Connection | None = None

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False, grace_seconds: float = GRACE_SECONDS) -> "Store":
        """The store at ``path``, made there if ``create``. Replaced files are kept for ``grace_seconds`` for those who read them.

        Raises:
            StoreError: there is no store, there is something else (which is left alone), or a newer version wrote it.
        """
        root = Path(path).resolve()
        manifest.prepare(root, create=create)
        return cls(root, grace_seconds)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock. First what killed runs left is put right: catalog republished if stale, unnamed files removed.

        Inside of another ``writing`` of this object it is held already: stages that each take it can run under one.

        Raises:
            LockedError: another run holds it.
        """
        if self._writer is not None:
            yield
            return
        with exclusive(self.root / "lock"), closing(manifest.writer(self.root)) as connection:
            self._writer = connection
            try:
                self._tidy(connection)
                yield
            finally:
                self._writer = None

    def _tidy(self, connection: sqlite3.Connection) -> None:
        catalog.remove_unfinished(self.root)
        scratch.remove_abandoned(self.root)
        if not catalog.is_current(self.root, connection):
            catalog.publish(self.root, connection)
        # After publishing: the old catalog may have named what goes now.
        keep = manifest.forget_retired(connection, self._grace_seconds)
        parts.sweep(self.root, keep, manifest.last_commit(connection))

    def _held(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreError("writing without the lock", where=str(self.root), hint="with store.writing(): ...")
        return self._writer

    def append(self, calls: CallBatch, sources: Sequence[SourceReport] = ()) -> AppendResult:
        """Add the calls that are not there yet, together with the ledger rows and rejects of ``sources``, in one commit.

        A record with the id and content of a stored one is a duplicate. One with the id but other content is a conflict: it is
        kept under an id made of both. Ids are compared within their UTC date. The counts found here are added to the reports of
        the same uri, so a source that spans several commits passes its running totals. Without new calls and sources nothing is
        committed.

        Raises:
            StoreError: the tables are not as `CallBatch` describes them, or the lock is not held.
        """
        connection = self._held()
        tables = calls.tables()
        stamp = Stamp(manifest.last_commit(connection) + 1, calls.key_id, calls.sketch_version)
        with duckdb.connect() as engine:
            engine.execute("SET TimeZone = 'UTC'")
            engine.execute(f"SET temp_directory = {parts.quoted(scratch.spill_folder(self.root))}")
            settled = Settled(engine, tables)
            dates = settled.dates()
            live = manifest.live_parts(connection, self.root)
            settled.settle([p.path for p in live if p.table == "events" and p.date in dates])
            counts = settled.counts()
            written = parts.write(self.root, settled.pending(), stamp)
        if not written and not sources:
            return AppendResult(stamp.commit_id - 1, counts, ())
        by_uri = {c.uri: c for c in counts}
        reports = tuple(_add(report, by_uri[report.uri]) if report.uri in by_uri else report for report in sources)
        with manifest.transaction(connection):
            manifest.add_commit(connection, stamp.commit_id, "append")
            manifest.add_parts(connection, self.root, written, stamp.commit_id)
            nights.freshen(connection, written)
            ledger.record_sources(connection, reports, calls.key_id, stamp.commit_id)
        return AppendResult(stamp.commit_id, counts, reports)

    def record_sources(self, sources: Sequence[SourceReport], *, key_id: str) -> None:
        """Upsert ledger rows, as they are, in a commit of their own: unchanged and unusable sources, final reports."""
        connection = self._held()
        if not sources:
            return
        commit_id = manifest.last_commit(connection) + 1
        with manifest.transaction(connection):
            manifest.add_commit(connection, commit_id, "sources")
            ledger.record_sources(connection, sources, key_id, commit_id)

    def publish_scan(
        self,
        scan: Scan,
        tables: Mapping[str, pa.Table],
        forest: Mapping[str, Sequence[Path]] | None = None,
        incidents: Sequence[Incident] = (),
    ) -> int:
        """Replace the results of these names, empty ones too, and record the scan, in one commit; then publish the catalog.

        ``forest``: Parquet files with the rows of `forensics.model.lineage.DERIVED` tables in the scan's window; they take the place of
        what the store has there. ``incidents``: those that stand in the tables; their new revisions are recorded for delivery.

        Returns:
            The commit.

        Raises:
            StoreError: a name is not lower-case letters, digits and underscores, or is taken; or the lock is not held.
        """
        connection = self._held()
        stamp = Stamp(manifest.last_commit(connection) + 1, ",".join(scan.key_ids))
        written, replaced = self._write_results(tables, stamp)
        window = (scan.window_start, scan.window_end)
        with self.scratch() as folder:
            made, gone = derived.write(self.root, connection, forest or {}, window, stamp, folder)
        with manifest.transaction(connection):
            created_at = manifest.add_commit(connection, stamp.commit_id, "scan")
            manifest.retire_parts(connection, self.root, replaced + gone)
            manifest.add_parts(connection, self.root, written + made, stamp.commit_id)
            ledger.record_scan(connection, scan, stamp.commit_id, created_at)
            outbox.record(connection, incidents, stamp.commit_id, created_at)
            nights.scanned(connection, *window)
        self.publish_catalog()
        return stamp.commit_id

    def publish_decision(self, decision: Decision, tables: Mapping[str, pa.Table], incidents: Sequence[Incident]) -> None:
        """Add a decision and replace the results that it changes, in one commit; then publish the catalog. ``incidents`` as for a scan."""
        connection = self._held()
        stamp = Stamp(manifest.last_commit(connection) + 1, "")
        written, replaced = self._write_results(tables, stamp)
        with manifest.transaction(connection):
            created_at = manifest.add_commit(connection, stamp.commit_id, "decision")
            manifest.retire_parts(connection, self.root, replaced)
            manifest.add_parts(connection, self.root, written, stamp.commit_id)
            outbox.decide(connection, decision, stamp.commit_id, created_at)
            outbox.record(connection, incidents, stamp.commit_id, created_at)
        self.publish_catalog()

    def _write_results(self, tables: Mapping[str, pa.Table], stamp: Stamp) -> tuple[list[parts.Part], list[parts.Part]]:
        """(written, those that they replace)"""
        for name in tables:
            if not RESULT_NAME.fullmatch(name) or name in TAKEN_NAMES:
                raise StoreError(f"{name!r} cannot name a result", hint="use lower-case letters, digits and underscores")
        written = parts.write(self.root, (Pending(name, None, None, rows) for name, rows in sorted(tables.items())), stamp)
        return list(written), [p for p in manifest.live_parts(self._held(), self.root) if p.table in tables]

    def outbox(self, sink: str) -> Outbox:
        """What ``sink`` is owed; for as long as the lock is held."""
        return Outbox(self._held(), sink)

    def revisions(self) -> dict[str, Revision]:
        """The last recorded revision of every incident, by incident id."""
        with manifest.reading(self.root) as connection:
            return outbox.latest(connection)

    def deliveries(self) -> dict[str, dict[str, int]]:
        """Revisions by sink and state."""
        with manifest.reading(self.root) as connection:
            return outbox.counts(connection)

    def fresh_dates(self) -> tuple[date, ...]:
        """Dates with events that no scan has seen, in order."""
        with manifest.reading(self.root) as connection:
            return nights.fresh(connection)

    def last_run(self) -> str | None:
        """The record of the last nightly run, empty where it did not end; null where there was none."""
        with manifest.reading(self.root) as connection:
            return nights.last(connection)

    def verdict(self) -> str:
        """What SQLite says of the manifest: ok, or the first damage."""
        with manifest.reading(self.root) as connection:
            ((said,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
        return str(said)

    def begin_run(self) -> tuple[int, bool]:
        """Open a nightly run; (its id, whether the one before was killed, or ended with something still to do)."""
        return nights.begin(self._held())

    def finish_run(self, run_id: int, record: str) -> None:
        """Close a nightly run, with its record as JSON."""
        nights.finish(self._held(), run_id, record)

    def publish_catalog(self) -> None:
        """Bring forensics.duckdb up to the last commit."""
        connection = self._held()
        if not catalog.is_current(self.root, connection):
            catalog.publish(self.root, connection)

    def compact(self, min_parts: int = 8) -> int:
        """Merge the parts of each table, date and bucket that has ``min_parts`` or more; returns how many were retired."""
        retired = compaction.compact(self.root, self._held(), min_parts)
        self.publish_catalog()
        return retired

    def reader(self, *, locked_down: bool = False) -> duckdb.DuckDBPyConnection:
        """A connection of its own with views of everything live at this moment; ``locked_down`` for SQL that others wrote.

        It is good for the grace period; after that, files that it knows may be gone. Close it when done.
        """
        return reader.connect(self.root, locked_down=locked_down)

    def snapshot(self) -> Snapshot:
        """The live parts of this moment."""
        return reader.snapshot(self.root)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A directory of this process inside the store, removed afterwards; one that a kill left is removed by the next writer."""
        folder = Path(scratch.spill_folder(self.root))
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def result(self, name: str) -> pa.Table | None:
        """A live result, or null where no scan has made one."""
        return self.results(name)[0]

    def results(self, *names: str) -> tuple[pa.Table | None, ...]:
        """Live results of one moment, each null where no scan has made it."""
        live = self.snapshot().parts
        found = ([p.path for p in live if p.table == name and name not in LAKE] for name in names)
        return tuple(parts.read(paths) if paths else None for paths in found)

    def known_source(self, head_id: str) -> tuple[KnownSource, ...]:
        """Sources that begin like this and were read whole before."""
        with manifest.reading(self.root) as connection:
            return ledger.known_sources(connection, head_id)


def _add(report: SourceReport, found: SourceCounts) -> SourceReport:
    return replace(
        report,
        new=report.new + found.new,
        duplicates=report.duplicates + found.duplicates,
        conflicts=report.conflicts + found.conflicts,
        items=report.items + found.items,
    )
