"""Sources of every kind: hostile compression, wide tables, pipes, documents that are broken in the middle."""

import datetime
import gzip
import io
import json
import os
import sys
import threading
import tracemalloc
import types
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from support import lines, record

from forensics.config import Config
from forensics.ingest import readers
from forensics.ingest.canonical import Canonicaliser
from forensics.ingest.recognise import builtin_formats
from forensics.ingest.run import Ingest, Settings
from forensics.io.sources import Source, expand
from forensics.io.streams import READ_SIZE, Stream, open_stream
from forensics.sketch.key import Key


def content_of(path: Path) -> tuple[bytes, str | None]:
    with open_stream(Source(str(path), path)) as stream:
        return b"".join(stream.blocks()), stream.problem


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_a_compression_bomb_is_delivered_in_small_blocks(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(pack(b"a" * 300_000_000))
    tracemalloc.start()
    with open_stream(Source("bomb", tmp_path / "bomb")) as stream:
        sizes = [len(block) for block in stream.blocks()]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) == 300_000_000
    assert max(sizes) <= READ_SIZE
    assert peak < 150_000_000
    assert stream.problem is None


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_garbage_and_truncation_of_compressed_data_are_told(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    body = lines(5000)
    (tmp_path / "garbage").write_bytes(pack(body) + pack(body) + b"garbage!" * 10)
    (tmp_path / "cut").write_bytes((pack(body) + pack(body))[:-2])
    content, problem = content_of(tmp_path / "garbage")
    assert len(content) >= len(body)
    assert problem
    assert "damaged after" in problem
    content, problem = content_of(tmp_path / "cut")
    assert len(content) >= len(body)
    assert problem
    assert "cut off" in problem


def test_a_gzip_file_whose_checksum_is_wrong_keeps_its_content(tmp_path: Path) -> None:
    body = os.urandom(100_000).hex().encode()
    packed = bytearray(gzip.compress(body))
    packed[-6] ^= 1
    (tmp_path / "crc.gz").write_bytes(packed)
    content, problem = content_of(tmp_path / "crc.gz")
    assert len(content) > len(body) * 0.95
    assert problem is not None


def test_wide_parquet_rows_make_small_batches(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [os.urandom(500_000) for _ in range(200)]}), tmp_path / "wide.parquet")
    pq.write_table(pa.table({"a": pa.array(["x" * 1_000_000] * 200)}), tmp_path / "dictionary.parquet")
    for name in ("wide", "dictionary"):
        path = tmp_path / f"{name}.parquet"
        with open_stream(Source(str(path), path)) as stream:
            batches = list(readers.read(stream, 32_000_000).batches)
        assert max(batch.nbytes for batch in batches) <= 1.1 * readers.PARQUET_BYTES_MOST
        assert [row for batch in batches for row in batch["row"].to_pylist()] == list(range(1, 201))


def test_parquet_values_that_python_does_not_have(tmp_path: Path) -> None:
    table = pa.table(
        {
            "ns": pa.array([1], pa.timestamp("ns")),
            "far": pa.array([2**62], pa.timestamp("us")),
            "broken": pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers()),
            "none": pa.array([None], pa.string()),
            "word": pa.array(["x"]).dictionary_encode(),
            "inner": pa.array([{"word": "y", "day": datetime.date(2026, 1, 1)}]),
        }
    )
    pq.write_table(table, tmp_path / "odd.parquet")
    with open_stream(Source("odd", tmp_path / "odd.parquet")) as stream:
        reading = readers.read(stream, 32_000_000)
    assert reading.sample == [{"ns": True, "far": True, "broken": "\ufffd", "none": None, "word": "x", "inner": {"word": "y", "day": True}}]


def test_parquet_on_standard_input_is_known_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO((tmp_path / "a.parquet").read_bytes())))
    ids = []
    for source in (Source("stdin:", None), Source("a", tmp_path / "a.parquet")):
        with open_stream(source) as stream:
            reading = readers.read(stream, 32_000_000)
            list(reading.batches)
        ids.append(reading.source_id)
    assert ids[0] == ids[1]


def test_a_source_that_vanishes_does_not_cost_the_others(key: Key, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_bytes(lines(5))
    sources = expand([str(tmp_path)])
    (tmp_path / "a.jsonl").unlink()
    with Canonicaliser(key, Config().ingest.identity) as canonicaliser:
        ingest = Ingest(sources, canonicaliser, Settings(builtin_formats(), None, None, 32_000_000))
        reports = [r for b in ingest.batches() for r in b.reports]
    assert (reports[0].status, reports[0].reason) == ("unusable", "cannot be read: No such file or directory")
    assert (reports[1].status, reports[1].records) == ("ingested", 5)


def test_reading_that_stops_keeps_what_was_read(ingest: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Stream._plain

    def failing(stream: Stream) -> Any:
        yield from whole(stream)
        if stream.source.uri.endswith("a.jsonl"):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(readers, "BATCH_BYTES", 1 << 20)
    monkeypatch.setattr(Stream, "_plain", failing)
    (tmp_path / "a.jsonl").write_bytes(lines(10_000))
    (tmp_path / "b.jsonl").write_bytes(lines(5))
    first, second = (read := ingest(tmp_path)).reports
    assert 1000 < first.records < 10_000
    assert (first.status, first.source_id, first.warnings) == ("ingested", "", ("reading stopped: Input/output error",))
    assert (second.status, second.records) == ("ingested", 5)
    assert read.events.num_rows == first.records + 5


def test_a_file_name_that_is_not_utf8(ingest: Callable[..., Any], tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jsonl")).write_bytes(lines(3))
    report = ingest(tmp_path).report
    assert (report.uri, report.records) == (f"{tmp_path}/caf\\xe9.jsonl", 3)


def test_a_pipe_is_read_once(key: Key, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(lines(5),))
    writer.start()
    settings = Settings(builtin_formats(), None, None, 32_000_000)
    with Canonicaliser(key, Config().ingest.identity) as canonicaliser:
        run = Ingest(expand([str(tmp_path / "pipe")]), canonicaliser, settings, known=lambda head_id: frozenset({("seen", "litellm")}))
        assert sum(batch.events.num_rows for batch in run.batches()) == 5
    writer.join()


def test_raw_control_characters_do_not_stop_a_document(ingest: Callable[..., Any], tmp_path: Path) -> None:
    text = json.dumps([record(n, "#") for n in range(4)], indent=1)
    (tmp_path / "a.json").write_text(text.replace("#", "a\x01b"))
    assert ingest(tmp_path / "a.json").events.num_rows == 4


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("damage", ['"call-3"', "[" * 5000], ids=["token", "nesting"])
def test_a_broken_element_costs_itself(indent: int | None, damage: str, ingest: Callable[..., Any], tmp_path: Path) -> None:
    text = json.dumps([record(n) for n in range(7)], indent=indent).replace('"call-3"', "oops" if damage[0] == '"' else damage)
    (tmp_path / "a.json").write_text(text)
    report = (read := ingest(tmp_path / "a.json")).report
    assert read.events["source_row"].to_pylist() == [1, 2, 3, 5, 6, 7]
    assert [r.row for r in report.rejects] == [4]
    assert "broken from character" in report.rejects[0].reason


def test_indented_lines_are_lines(ingest: Callable[..., Any], tmp_path: Path) -> None:
    rows = [b"  " + line for line in lines(10).splitlines()]
    rows[4] = rows[4][:50]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(rows))
    report = ingest(tmp_path / "a.jsonl").report
    assert (report.records, report.rejected, report.rejects[0].reason) == (10, 1, "not valid JSON")


def test_objects_on_one_line(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "firehose").write_bytes(lines(5000).replace(b"\n", b""))
    assert ingest(tmp_path / "firehose").events.num_rows == 5000


def test_a_document_whose_first_record_is_large(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([record(0, "x" * 1_000_000), record(1)], indent=1))
    assert ingest(tmp_path / "a.json").events.num_rows == 2


def test_a_nul_is_one_bad_line(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(20) + b'{"id": \0}\n' + lines(20, 30))
    report = (read := ingest(tmp_path / "a.jsonl")).report
    assert (read.events.num_rows, report.rejected) == (40, 1)
    pixels = zlib.compress(os.urandom(20_000))
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n" + pixels)
    assert "binary data" in ingest(tmp_path / "picture").report.reason


@pytest.mark.parametrize("content", [lines(5), json.dumps([record(1)], indent=1).encode()], ids=["lines", "document"])
def test_a_file_with_bom_is_known_again(content: bytes, key: Key, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + content)
    seen: set[tuple[str, str]] = set()
    statuses = []
    for _ in range(2):
        with Canonicaliser(key, Config().ingest.identity) as canonicaliser:
            settings = Settings(builtin_formats(), None, None, 32_000_000)
            run = Ingest(expand([str(tmp_path)]), canonicaliser, settings, known=lambda head_id: frozenset(seen))
            reports = [r for b in run.batches() for r in b.reports]
        seen.add((reports[0].source_id, reports[0].format))
        statuses.append(reports[0].status)
    assert statuses == ["ingested", "unchanged"]
