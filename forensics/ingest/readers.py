"""Bytes to raw records, in tables of some megabytes: JSON lines, JSON documents (arrays, pretty-printed), Parquet."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import pyarrow as pa
import pyarrow.parquet as pq

from forensics.io.sources import Source
from forensics.io.streams import Stream
from forensics.model.scan import Reject

HEAD_BYTES = 1 << 16
BATCH_BYTES = 16 << 20
PARQUET_ROWS = 20_000
PARQUET_BYTES = 32 << 20
PARQUET_BYTES_MOST = 64 << 20
SAMPLE_RECORDS = 50
_GAP = re.compile(r"[\s,]*")
_FIRST_KEY = re.compile(r'\{\s*"[^"\\]*"')
_JSON = json.JSONDecoder(strict=False)
_BOM = b"\xef\xbb\xbf"
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_UNREADABLE = (pa.ArrowException, OSError, ValueError, ArithmeticError, LookupError)
_ARRAY = re.compile(rb"\s*\[\s*[{\]]")


@dataclass
class Reading:
    """One source being read. The ids, ``rejects`` and ``warnings`` are complete once ``batches`` is exhausted.

    ``head_id`` and ``source_id`` are SHA-256 of the beginning and of the whole of the content, so that a file is known again
    wherever it lies and however it is compressed.
    """

    source: Source
    layout: str
    sample: list[dict[str, object]]
    head_id: str
    unusable: str | None = None
    rejects: list[Reject] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    batches: Iterator[pa.Table] = field(default_factory=lambda: iter(()))
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def tabular(self) -> bool:
        return self.layout == "parquet"

    @property
    def source_id(self) -> str:
        return self._digest.hexdigest()


def read(stream: Stream, max_record_bytes: int) -> Reading:
    """Look at the head of a stream and prepare to read it.

    Batches have columns row, record (bytes), text and damaged; or, from Parquet, row and record (a struct).
    """
    if stream.container == "parquet":
        return _read_parquet(stream)
    blocks = stream.blocks()
    head = _head(blocks, 4 * max_record_bytes)
    reading = Reading(stream.source, "lines", [], hashlib.sha256(head[:HEAD_BYTES]).hexdigest())
    reading.unusable = (stream.problem if not head else None) or _not_text(head)
    if reading.unusable:
        return reading
    if head.startswith(_BOM):
        reading._digest.update(_BOM)
        head = head[len(_BOM) :]
        if not head.strip():
            reading.unusable = "empty"
            return reading
    if _is_document(head):
        reading.layout = "document"
        content = b"".join(chain([head], blocks))
        reading._digest.update(content)
        text = content.decode("utf-8", "replace")
        reading.batches = _documents(reading, stream, text)
        reading.sample = _sample_document(text)
    else:
        reading.batches = _lines(reading, stream, chain([head], blocks), max_record_bytes)
        reading.sample = _sample_lines(head, max_record_bytes)
    return reading


def _head(blocks: Iterator[bytes], most: int) -> bytes:
    """Enough to know the file by, and a little more than its first line, however long that is."""
    parts, size, after_line = [], 0, -1
    while (size < HEAD_BYTES or after_line < HEAD_BYTES) and size < most and (block := next(blocks, None)):
        parts.append(block)
        size += len(block)
        if after_line >= 0:
            after_line += len(block)
        elif b"\n" in block:
            after_line = len(block) - block.index(b"\n")
    return b"".join(parts)


def _not_text(head: bytes) -> str | None:
    if not head.strip():
        return "empty"
    # A byte order mark alone may be one damaged line of UTF-8; JSON in UTF-16 has a zero byte in nearly every character.
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" in head[2:4]:
        return "UTF-16 text; expected UTF-8 (convert it: iconv -f utf-16 -t utf-8)"
    # One NUL is one bad line; a file of another kind has many, or begins with one.
    start = head[:HEAD_BYTES]
    if start.startswith(b"\0") or len(start.translate(None, _CONTROLS)) < 0.99 * len(start):
        return "binary data; expected JSON lines, a JSON document, or Parquet, plain or compressed with gzip or zstd"
    return None


def _is_document(head: bytes) -> bool:
    """An array, or objects that spread over lines or share one. A damaged first line of JSON lines does not make a document."""
    lines = [line for line in head.lstrip().split(b"\n", 21)[:20] if line.strip()]
    first, others = lines[0].strip(), lines[1:]
    if first.startswith(b"["):
        alone = sum(_decoded(line) is not None for line in others)
        return _ARRAY.match(head) is not None and (first == b"[" or not others or alone * 2 < len(others))
    if not first.startswith(b"{"):
        return False
    if _run_on(first):
        return sum(map(_run_on, lines)) * 2 > len(lines)
    return bool(others) and sum(line.lstrip().startswith(b"{") and line.strip() != b"{" for line in lines) * 2 < len(lines)


def _run_on(line: bytes) -> bool:
    """Whether another object follows the first one of a line."""
    text = line.decode("utf-8", "replace").strip()
    try:
        value, end = _JSON.raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and text[end:].lstrip(" ,").startswith("{")


def _sample_lines(head: bytes, limit: int) -> list[dict[str, object]]:
    lines = head.split(b"\n", SAMPLE_RECORDS * 4)
    found = (_decoded(line) for line in lines[: SAMPLE_RECORDS * 4] if len(line) <= limit)
    return [record for record in found if record is not None][:SAMPLE_RECORDS]


def _decoded(line: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _sample_document(text: str) -> list[dict[str, object]]:
    found = (_JSON.decode(part) for _, part in islice(_split_document(text, []), 4 * SAMPLE_RECORDS))
    return list(islice((record for record in found if isinstance(record, dict)), SAMPLE_RECORDS))


def _lines(reading: Reading, stream: Stream, blocks: Iterator[bytes], limit: int) -> Iterator[pa.Table]:
    pending: list[bytes] = []
    size, first = 0, 1
    for lines in _whole_lines(reading, blocks, limit):
        pending += lines
        size += sum(map(len, lines))
        if size >= BATCH_BYTES:
            yield _text_table(pending, range(first, first + len(pending)))
            pending, size, first = [], 0, first + len(pending)
    if pending:
        yield _text_table(pending, range(first, first + len(pending)))
    if stream.problem:
        reading.warnings.append(stream.problem)


def _whole_lines(reading: Reading, blocks: Iterator[bytes], limit: int) -> Iterator[list[bytes]]:
    """Lines of each block. One over the limit is an empty line and a reject; its bytes are never held together."""
    row, carry, skipped = 1, b"", 0
    for block in blocks:
        reading._digest.update(block)
        *lines, carry = (carry + block).replace(b"\r\n", b"\n").split(b"\n")
        if skipped and lines:
            reading.rejects.append(_too_long(reading.source.uri, row, skipped + len(lines[0]), limit))
            lines[0], skipped = b"", 0
        if skipped or len(carry) > limit:
            skipped, carry = skipped + len(carry), b""
        for number in [n for n, line in enumerate(lines) if len(line) > limit]:
            reading.rejects.append(_too_long(reading.source.uri, row + number, len(lines[number]), limit))
            lines[number] = b""
        row += len(lines)
        yield lines
    if skipped:
        reading.rejects.append(_too_long(reading.source.uri, row, skipped, limit))
    yield [carry.rstrip(b"\r")]


def _too_long(uri: str, row: int, size: int, limit: int) -> Reject:
    return Reject(uri, row, f"record of {size / 1e6:,.1f} MB; the limit is {limit / 1e6:,.0f} MB (ingest.max_record_mb)", "")


def _text_table(lines: list[bytes], rows: Sequence[int]) -> pa.Table:
    record = pa.array(lines, pa.binary())
    damaged = pa.repeat(pa.scalar(False), len(lines))
    try:
        text = record.cast(pa.string())
    except pa.ArrowInvalid:  # rare enough to go through the lines one by one
        whole = [line.decode("utf-8", "replace") for line in lines]
        text = pa.array(whole, pa.string())
        damaged = pa.array(["\ufffd" in t and "\ufffd".encode() not in line for t, line in zip(whole, lines, strict=True)])
    return pa.table({"row": pa.array(rows, pa.int64()), "damaged": damaged, "record": record, "text": text})


def _documents(reading: Reading, stream: Stream, text: str) -> Iterator[pa.Table]:
    problems: list[tuple[int, str]] = []
    pending: list[bytes] = []
    rows: list[int] = []
    size = 0
    for row, part in _split_document(text, problems):
        pending.append(part.encode("utf-8", "replace"))
        rows.append(row)
        size += len(part)
        if size >= BATCH_BYTES:
            yield _text_table(pending, rows)
            pending, rows, size = [], [], 0
    if pending:
        yield _text_table(pending, rows)
    reading.rejects += [Reject(reading.source.uri, row, problem, "") for row, problem in problems]
    if stream.problem:
        reading.warnings.append(stream.problem)


def _split_document(text: str, problems: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """(row from 1, text) of the elements of an array, or of objects that follow each other. A broken one is a row and a problem."""
    place = _GAP.match(text).end()  # type: ignore[union-attr]
    array = text.startswith("[", place)
    place += array
    row = 0
    while (place := _GAP.match(text, place).end()) < len(text):  # type: ignore[union-attr]
        if array and text[place] == "]":
            return
        row += 1
        try:
            _, end = _JSON.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            broken = f"document broken from character {place:,} on ({type(error).__name__})"
            resume = _resume(text, place)
            if resume is None:
                problems.append((row, f"{broken}: the rest was not read"))
                return
            problems.append((row, f"{broken}: reading went on at character {resume:,}"))
            place = resume
            continue
        yield row, text[place:end]
        place = end
    if array:
        problems.append((row + 1, "array without its closing bracket: the file was cut off"))


def _resume(text: str, place: int) -> int | None:
    """Where the next element seems to begin: one with the first key of the broken one, so that none of its inner objects is taken."""
    key = _FIRST_KEY.match(text, place)
    opening = r"\{\s*" + re.escape(key[0][1:].lstrip()) if key else r"\{"
    found = re.compile(r"(?:\n[^\S\n]*|\}\s*(?:,\s*)?)(?=" + opening + ")").search(text, place + 1)
    return found.end() if found else None


def _read_parquet(stream: Stream) -> Reading:
    reading = Reading(stream.source, "parquet", [], hashlib.sha256(stream.head[:HEAD_BYTES]).hexdigest())
    try:
        if stream.source.regular:
            file = pq.ParquetFile(stream.source.path)
        else:
            content = b"".join(stream.blocks())
            reading._digest.update(content)
            file = pq.ParquetFile(pa.BufferReader(content))
        names = file.schema_arrow.names
        if len(set(names)) < len(names):
            reading.unusable = "two columns of the Parquet file have one name"
            return reading
        head = next(file.iter_batches(batch_size=min(SAMPLE_RECORDS, _batch_rows(file))), None)
        if head is None:
            reading.unusable = "empty"
            return reading
        columns = [_marked(column) for column in head.columns]
    except _UNREADABLE as error:
        reading.unusable = f"damaged Parquet ({_first_line(error)})"
        return reading
    reading.sample = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    reading.batches = _row_groups(reading, file, stream)
    return reading


def _row_groups(reading: Reading, file: pq.ParquetFile, stream: Stream) -> Iterator[pa.Table]:
    if stream.source.regular:
        for block in stream.blocks():
            reading._digest.update(block)
    row = 1
    try:
        for batch in chain.from_iterable(map(_narrow, file.iter_batches(batch_size=_batch_rows(file)))):
            # In order of their names, so that a table that was written anew, columns rearranged, has the same records.
            record = batch.select(sorted(batch.schema.names)).to_struct_array()
            yield pa.table({"row": pa.array(range(row, row + len(batch)), pa.int64()), "record": record})
            row += len(batch)
    except _UNREADABLE as error:
        reading.warnings.append(f"damaged Parquet after row {row - 1:,} ({_first_line(error)})")


def _batch_rows(file: pq.ParquetFile) -> int:
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    widest = max((group.total_byte_size / group.num_rows for group in groups if group.num_rows > 0), default=0)
    return max(1, min(PARQUET_ROWS, int(PARQUET_BYTES / max(widest, 1))))


def _narrow(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The sizes that a file tells are before its dictionaries are unfolded; what is too large after all is cut."""
    rows = max(1, len(batch) // (batch.nbytes // PARQUET_BYTES_MOST + 1))
    return (batch.slice(start, rows) for start in range(0, len(batch), rows))


def _marked(column: pa.Array) -> list[object]:
    """What a mark can ask of each value, and no more: dates out of range and broken text have no Python value."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_struct(column.type):
        names = [column.type.field(i).name for i in range(column.type.num_fields)]
        fields = zip(*(_marked(field) for field in column.flatten()), strict=True) if names else [()] * len(column)
        return [dict(zip(names, values, strict=True)) if valid else None for valid, values in zip(_valid(column), fields, strict=True)]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [None if raw is None else raw.decode("utf-8", "replace") for raw in column.cast(pa.large_binary()).to_pylist()]
    return [True if valid else None for valid in _valid(column)]


def _valid(column: pa.Array) -> list[bool]:
    valid: list[bool] = column.is_valid().to_pylist()
    return valid


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
