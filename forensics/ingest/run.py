"""All sources of an ingest, in order: recognised, read, made canonical, and handed on in batches that are worth a commit."""

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import pyarrow as pa

from forensics.ingest.canonical import CanonicalBatch, Canonicaliser, RawBatch, with_call
from forensics.ingest.interface import LogFormat
from forensics.ingest.readers import BATCH_BYTES, Reading, read
from forensics.ingest.recognise import Recognition, recognise
from forensics.io.sources import Source
from forensics.io.streams import Stream, open_stream
from forensics.model.errors import InputError, UsageError
from forensics.model.event import EVENTS
from forensics.model.scan import Reject, SourceReport

COMMIT_EVENTS = 200_000
COMMIT_BYTES = 256 << 20
SAMPLE_ROWS = 1_000
REJECTS_KEPT = 1_000  # of each source; all are counted

Known = Callable[[str], frozenset[tuple[str, str]]]
Progress = Callable[[Source, int], None]


@dataclass(frozen=True, slots=True)
class IngestBatch:
    """What one commit holds: canonical tables with ``call_no``, and the reports of the sources that end with it."""

    events: pa.Table
    items: pa.Table
    vectors: pa.Table
    reports: tuple[SourceReport, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """``forced`` is the format that the user named; ``mapping`` the one that the user wrote."""

    formats: tuple[LogFormat, ...]
    forced: LogFormat | None
    mapping: LogFormat | None
    max_record_bytes: int


@dataclass
class _Draft:
    report: SourceReport
    reading: Reading
    begun: bool = False
    good: int = 0
    mended: int = 0
    rejected: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    closed: bool = False


class Ingest:
    """One run over ``sources``. ``known(head_id)`` gives (content id, format) of sources that were read whole before."""

    def __init__(
        self,
        sources: Sequence[Source],
        canonicaliser: Canonicaliser,
        settings: Settings,
        known: Known = lambda head_id: frozenset(),
        progress: Progress = lambda source, done: None,
    ) -> None:
        self._sources = sources
        self._uris = [s.uri for s in sources]
        self._canonicaliser = canonicaliser
        self._settings = settings
        self._known = known
        self._progress = progress
        self._drafts: dict[int, _Draft] = {}
        self._pending: list[pa.Table] = []
        self._pending_bytes = 0
        self._format: LogFormat | None = None
        self._tabular = False
        self._staged: list[CanonicalBatch] = []
        self._finished: list[SourceReport] = []

    def batches(self) -> Iterator[IngestBatch]:
        """Read everything. Each batch is at most about `COMMIT_BYTES`; the last one carries what is left."""
        for index, source in enumerate(self._sources):
            for table, fmt, tabular, done in self._records(index, source):
                self._add(table, fmt, tabular)
                self._progress(source, done)
                if self._full():
                    yield self._take()
            self._progress(source, source.size)
        self._convert()
        if self._staged or self._finished:
            yield self._take()

    def sample(self) -> SourceReport:
        """The report on the first `SAMPLE_ROWS` records of the first source."""
        with closing(self._records(0, self._sources[0])) as records:
            for table, fmt, tabular, _ in records:
                self._add(table.slice(0, SAMPLE_ROWS), fmt, tabular)
                break
        if 0 in self._drafts:
            self._drafts[0].closed = True
            self._convert()
        return self._finished[0]

    def _records(self, index: int, source: Source) -> Generator[tuple[pa.Table, LogFormat, bool, int]]:
        """What one source holds. One that cannot be read, or not to its end, costs none of the others."""
        try:
            with open_stream(source) as stream:
                for table, fmt, tabular in self._read(index, stream):
                    yield table, fmt, tabular, stream.raw.tell() if source.regular else stream.delivered
        except (InputError, OSError, pa.ArrowException) as error:
            self._stopped(index, source, error)

    def _stopped(self, index: int, source: Source, error: Exception) -> None:
        said = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), type(error).__name__)
        text = said.removeprefix(f"{source.uri}: ")
        draft = self._drafts.get(index)
        if draft and draft.begun:
            self._close(draft, "", f"reading stopped: {text}")
            return
        self._drafts.pop(index, None)
        reason = text if isinstance(error, InputError) else f"cannot be read: {text}"
        self._finished.append(SourceReport(source.uri, "", "", "", reason, "unusable", source.size))

    def _read(self, index: int, stream: Stream) -> Iterator[tuple[pa.Table, LogFormat, bool]]:
        reading = read(stream, self._settings.max_record_bytes)
        recognition = Recognition(None, reading.unusable) if reading.unusable else self._recognise(reading)
        report = SourceReport(
            uri=reading.source.uri,
            source_id="",
            head_id=reading.head_id,
            format=recognition.format.name if recognition.format else "",
            reason=recognition.reason,
            status="ingested" if recognition.format else "unusable",
            size=reading.source.size,
        )
        if recognition.format is None:
            self._finished.append(report)
            return
        content_id = self._unchanged(reading, recognition.format)
        if content_id:
            self._finished.append(replace(report, source_id=content_id, status="unchanged", reason="read before, whole; nothing new"))
            return
        draft = self._drafts[index] = _Draft(report, reading)
        for table in reading.batches:
            draft.begun = True
            source = pa.repeat(pa.scalar(index, pa.int32()), len(table))
            yield table.append_column("source", source), recognition.format, reading.tabular
        self._close(draft, reading.source_id)

    def _close(self, draft: _Draft, source_id: str, *warnings: str) -> None:
        draft.report = replace(draft.report, source_id=source_id, warnings=(*draft.reading.warnings, *warnings))
        draft.rejected += len(draft.reading.rejects)
        draft.rejects += draft.reading.rejects
        draft.closed = True

    def _recognise(self, reading: Reading) -> Recognition:
        if self._settings.forced:
            return Recognition(self._settings.forced, "named by the user")
        return recognise(reading.sample, self._settings.formats, self._settings.mapping)

    def _unchanged(self, reading: Reading, fmt: LogFormat) -> str | None:
        """The content id, where exactly this content was read whole before, in this format.

        Costs a pass only when the beginning is known. A mapping may have been corrected since: what it reads is always read.
        """
        seen = {content_id for content_id, name in self._known(reading.head_id) if name == fmt.name}
        if not seen or fmt not in self._settings.formats or not reading.source.regular:
            return None
        digest = hashlib.sha256()
        with open_stream(reading.source) as stream:
            for block in stream.blocks():
                digest.update(block)
        return digest.hexdigest() if digest.hexdigest() in seen else None

    def _add(self, table: pa.Table, fmt: LogFormat, tabular: bool) -> None:
        if self._pending and (fmt is not self._format or tabular is not self._tabular):
            self._convert()
        self._format, self._tabular = fmt, tabular
        self._pending.append(table)
        self._pending_bytes += table.nbytes
        if tabular or self._pending_bytes >= BATCH_BYTES:  # the columns of two Parquet files may differ
            self._convert()

    def _convert(self) -> None:
        if self._pending and self._format:
            raw = RawBatch(pa.concat_tables(self._pending), self._tabular)
            for batch in self._canonicaliser.convert(raw, self._format, self._uris):
                self._count(batch)
                self._staged.append(batch)
            self._pending, self._pending_bytes = [], 0
        for index in [i for i, draft in self._drafts.items() if draft.closed]:
            self._finished.append(_report(self._drafts.pop(index)))

    def _count(self, batch: CanonicalBatch) -> None:
        for row in batch.fill.to_pylist():  # one row per source
            draft = self._drafts[row["source"]]
            draft.good += row["records"]
            draft.mended += row["mended"]
            for column in EVENTS:
                draft.filled[column.name] = draft.filled.get(column.name, 0) + row[f"fill_{column.name}"]
            first, last = draft.report.first_ts, draft.report.last_ts
            draft.report = replace(
                draft.report,
                first_ts=min(first, row["first_ts"]) if first else row["first_ts"],
                last_ts=max(last, row["last_ts"]) if last else row["last_ts"],
            )
        for row in batch.rejects.to_pylist():
            draft = self._drafts[row["source"]]
            draft.rejected += 1
            if len(draft.rejects) < REJECTS_KEPT:
                draft.rejects.append(Reject(self._uris[row["source"]], row["row"], row["reason"], row["record_sha256"]))

    def _full(self) -> bool:
        events: int = sum(b.events.num_rows for b in self._staged)
        size: int = sum(b.events.nbytes + b.items.nbytes + b.vectors.nbytes for b in self._staged)
        return events >= COMMIT_EVENTS or size >= COMMIT_BYTES

    def _take(self) -> IngestBatch:
        staged, reports = self._staged, tuple(self._finished)
        self._staged, self._finished = [], []
        return IngestBatch(
            pa.concat_tables([with_call("events").empty_table(), *(b.events for b in staged)]),
            pa.concat_tables([with_call("items").empty_table(), *(b.items for b in staged)]),
            pa.concat_tables([with_call("vectors").empty_table(), *(b.vectors for b in staged)]),
            reports,
        )


def _report(draft: _Draft) -> SourceReport:
    return replace(
        draft.report,
        records=draft.good + draft.rejected,
        mended=draft.mended,
        rejected=draft.rejected,
        fill=tuple((name, count / draft.good) for name, count in draft.filled.items()) if draft.good else (),
        rejects=tuple(sorted(draft.rejects, key=lambda r: r.row)[:REJECTS_KEPT]),
    )


def named_format(name: str, formats: Sequence[LogFormat]) -> LogFormat:
    """The format called ``name``.

    Raises:
        UsageError: there is none.
    """
    for fmt in formats:
        if fmt.name == name:
            return fmt
    raise UsageError(f"no format is called {name!r}", hint=f"known are {', '.join(f.name for f in formats)}")
