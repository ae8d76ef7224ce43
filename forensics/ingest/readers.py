"""Bytes to raw records, in tables of some megabytes: JSON lines, JSON documents (arrays, pretty-printed), Parquet."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import pyarrow as pa
import pyarrow.parquet as pq

from forensics.io.sources import Source
from forensics.io.streams import Stream
from forensics.model.scan import Reject

HEAD_BYTES = 1 << 16
BATCH_BYTES = 16 << 20
PARQUET_ROWS = 20_000
SAMPLE_RECORDS = 50
_GAP = re.compile(r"[\s,]*")
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
    reading.unusable = _not_text(head)
    if reading.unusable:
        return reading
    if head.startswith(b"\xef\xbb\xbf"):
        head = head[3:]
    if _is_document(head):
        reading.layout = "document"
        text = b"".join(chain([head], blocks))
        reading._digest.update(text)
        reading.batches = _documents(reading, stream, text.decode("utf-8", "replace"))
        reading.sample = _sample_document(text[: 4 * HEAD_BYTES].decode("utf-8", "ignore"))
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
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16 text; expected UTF-8 (convert it: iconv -f utf-16 -t utf-8)"
    if b"\0" in head[:HEAD_BYTES]:
        return "binary data; expected JSON lines, a JSON document, or Parquet, plain or compressed with gzip or zstd"
    return None


def _is_document(head: bytes) -> bool:
    """An array, or objects that spread over lines. A damaged first line of JSON lines does not make a document."""
    lines = [line for line in head.lstrip().split(b"\n", 21)[:20] if line.strip()]
    first, others = lines[0].strip(), lines[1:]
    if first.startswith(b"["):
        alone = sum(_decoded(line) is not None for line in others)
        return _ARRAY.match(head) is not None and (first == b"[" or not others or alone * 2 < len(others))
    return first.startswith(b"{") and bool(others) and sum(line.startswith(b"{") for line in lines) * 2 < len(lines)


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
    found = (json.loads(part) for _, part in _split_document(text, []))
    return [record for record, _ in zip((r for r in found if isinstance(r, dict)), range(SAMPLE_RECORDS), strict=False)]


def _lines(reading: Reading, stream: Stream, blocks: Iterator[bytes], limit: int) -> Iterator[pa.Table]:
    pending: list[bytes] = []
    size, first = 0, 1
    for lines in _whole_lines(reading, blocks, limit):
        pending += lines
        size += sum(map(len, lines))
        if size >= BATCH_BYTES:
            yield _text_table(pending, first)
            pending, size, first = [], 0, first + len(pending)
    if pending:
        yield _text_table(pending, first)
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


def _text_table(lines: list[bytes], first: int) -> pa.Table:
    record = pa.array(lines, pa.binary())
    damaged = pa.repeat(pa.scalar(False), len(lines))
    try:
        text = record.cast(pa.string())
    except pa.ArrowInvalid:  # rare enough to go through the lines one by one
        whole = [line.decode("utf-8", "replace") for line in lines]
        text = pa.array(whole, pa.string())
        damaged = pa.array(["\ufffd" in t and "\ufffd".encode() not in line for t, line in zip(whole, lines, strict=True)])
    return pa.table({"row": pa.array(range(first, first + len(lines)), pa.int64()), "damaged": damaged, "record": record, "text": text})


def _documents(reading: Reading, stream: Stream, text: str) -> Iterator[pa.Table]:
    problems: list[str] = []
    pending: list[bytes] = []
    size, row, first = 0, 0, 1
    for row, part in _split_document(text, problems):
        pending.append(part.encode("utf-8", "replace"))
        size += len(part)
        if size >= BATCH_BYTES:
            yield _text_table(pending, first)
            pending, size, first = [], 0, row + 1
    if pending:
        yield _text_table(pending, first)
    for problem in problems:
        reading.rejects.append(Reject(reading.source.uri, row + 1, problem, ""))
    if stream.problem:
        reading.warnings.append(stream.problem)


def _split_document(text: str, problems: list[str]) -> Iterator[tuple[int, str]]:
    """(row from 1, text) of the elements of an array, or of objects that follow each other, up to the first that is broken."""
    decoder = json.JSONDecoder()
    place = _GAP.match(text).end()  # type: ignore[union-attr]
    array = text.startswith("[", place)
    place += array
    row = 0
    while (place := _GAP.match(text, place).end()) < len(text):  # type: ignore[union-attr]
        if array and text[place] == "]":
            return
        try:
            _, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            problems.append(f"document broken from character {place:,} on ({type(error).__name__}): the rest was not read")
            return
        row += 1
        yield row, text[place:end]
        place = end
    if array:
        problems.append("array without its closing bracket: the file was cut off")


def _read_parquet(stream: Stream) -> Reading:
    reading = Reading(stream.source, "parquet", [], hashlib.sha256(stream.head[:HEAD_BYTES]).hexdigest())
    path = stream.source.path
    try:
        file = pq.ParquetFile(path if path else pa.BufferReader(b"".join(stream.blocks())))
        head = next(file.iter_batches(batch_size=SAMPLE_RECORDS), None)
    except (pa.ArrowException, OSError) as error:
        reading.unusable = f"damaged Parquet ({str(error).splitlines()[0]})"
        return reading
    names = file.schema_arrow.names
    if head is None or len(set(names)) < len(names):
        reading.unusable = "empty" if head is None else "two columns of the Parquet file have one name"
        return reading
    reading.sample = head.to_pylist()
    reading.batches = _row_groups(reading, file, stream)
    return reading


def _row_groups(reading: Reading, file: pq.ParquetFile, stream: Stream) -> Iterator[pa.Table]:
    if stream.source.path:
        for block in stream.blocks():
            reading._digest.update(block)
    row = 1
    try:
        for batch in file.iter_batches(batch_size=PARQUET_ROWS):
            # In order of their names, so that a table that was written anew, columns rearranged, has the same records.
            record = batch.select(sorted(batch.schema.names)).to_struct_array()
            yield pa.table({"row": pa.array(range(row, row + len(batch)), pa.int64()), "record": record})
            row += len(batch)
    except (pa.ArrowException, OSError) as error:
        reading.warnings.append(f"damaged Parquet after row {row - 1:,} ({str(error).splitlines()[0]})")
