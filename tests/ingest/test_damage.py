"""Bad input costs one record, never the run: what is sound is kept, what is not is counted and said."""

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import lines, record


@pytest.mark.parametrize("pack", [gzip.compress, lambda b: zstandard.ZstdCompressor().compress(b)], ids=["gzip", "zstd"])
def test_cut_off_compression_keeps_what_came_before(pack: Callable[[bytes], bytes], ingest: Callable[..., Any], tmp_path: Path) -> None:
    noise = random.Random(7)
    body = b"".join(json.dumps(record(n, noise.randbytes(150).hex())).encode() + b"\n" for n in range(3000))
    packed = pack(body)
    (tmp_path / "cut").write_bytes(packed[: len(packed) * 3 // 4])
    report = (read := ingest(tmp_path / "cut")).report
    assert 1800 < read.events.num_rows < 2400
    assert report.rejected <= 1  # the line that the cut went through
    assert report.records == read.events.num_rows + report.rejected
    assert "cut off" in report.warnings[0]


def test_damaged_gzip_keeps_what_came_before(ingest: Callable[..., Any], tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(lines(5000)))
    packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "bad.gz").write_bytes(packed)
    report = (read := ingest(tmp_path / "bad.gz")).report
    assert read.events.num_rows + report.rejected == report.records
    assert report.warnings
    assert "damaged" in report.warnings[0]


def test_members_and_frames_may_follow_each_other(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(lines(3)) + gzip.compress(lines(4, 3)))
    frame = zstandard.ZstdCompressor()
    (tmp_path / "b.zst").write_bytes(frame.compress(lines(3, 7)) + frame.compress(lines(4, 10)))
    assert ingest(tmp_path / "a.gz", tmp_path / "b.zst").events.num_rows == 14


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (random.Random(1).randbytes(5000), "binary data"),
        (b"\x00\x01\x02" + lines(3), "binary data"),
        (lines(2).decode().encode("utf-16"), "UTF-16"),
        (b"PAR1" + b"\0" * 100, "damaged Parquet"),
        (b"192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] GET / 200\n" * 5, "no JSON record"),
        (b'{"level": "info", "msg": "started"}\n' * 5, "no known format fits its keys (level, msg)"),
    ],
    ids=["nothing", "blank", "random", "nul", "utf-16", "parquet", "text", "other-json"],
)
def test_unusable_source_says_why(content: bytes, reason: str, ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(content)
    read = ingest(tmp_path / "source")
    assert read.events.num_rows == 0
    assert read.report.status == "unusable"
    assert reason in read.report.reason


def test_parquet_with_two_columns_of_one_name(ingest: Callable[..., Any], tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["databricks_request_id", "databricks_request_id"])
    pq.write_table(table, tmp_path / "twins.parquet")
    assert ingest(tmp_path / "twins.parquet").report.reason == "two columns of the Parquet file have one name"


def test_unusable_source_does_not_cost_the_others(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0" * 10_000)
    (tmp_path / "b.jsonl").write_bytes(lines(5))
    read = ingest(tmp_path)
    assert [(Path(r.uri).name, r.status) for r in read.reports] == [("a.bin", "unusable"), ("b.jsonl", "ingested")]
    assert read.events.num_rows == 5


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_over_long_line(where: str, ingest: Callable[..., Any], tmp_path: Path) -> None:
    huge = json.dumps(record(99, "x" * 50_000_000)).encode() + b"\n"
    parts = {"first": [huge, lines(6)], "middle": [lines(3), huge, lines(3, 3)], "last": [lines(6), huge]}[where]
    (tmp_path / "huge.jsonl").write_bytes(b"".join(parts))
    read = ingest(tmp_path / "huge.jsonl")
    row = {"first": 1, "middle": 4, "last": 7}[where]
    assert [(r.row, r.reason) for r in read.report.rejects] == [(row, "record of 50.0 MB; the limit is 32 MB (ingest.max_record_mb)")]
    assert sorted(read.events["source_row"].to_pylist()) == [n for n in range(1, 8) if n != row]


def test_long_line_within_the_limit_is_read(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "long.jsonl").write_bytes(json.dumps(record(1, "x" * 20_000_000)).encode() + b"\n" + lines(2, 5))
    read = ingest(tmp_path / "long.jsonl")
    assert read.report.rejected == 0
    assert max(read.items["size"].to_pylist()) == 20_000_000


def test_invalid_utf8_is_mended_where_the_record_stands_and_rejected_where_not(ingest: Callable[..., Any], tmp_path: Path) -> None:
    mendable = json.dumps(record(1, "caf#")).encode().replace(b"#", b"\xe9") + b"\n"
    (tmp_path / "latin.jsonl").write_bytes(lines(20, 10) + mendable + b"\xff\xfe{\x80\n" + lines(20, 40))
    report = (read := ingest(tmp_path / "latin.jsonl")).report
    assert read.events.num_rows == 41
    assert (report.mended, report.rejected) == (1, 1)
    assert [(r.row, r.reason) for r in report.rejects] == [(22, "not valid JSON")]


def test_half_surrogates_and_raw_control_characters_hide_nothing(ingest: Callable[..., Any], tmp_path: Path) -> None:
    half = json.dumps(record(1, "#")).replace("#", "\\ud83d")
    control = json.dumps(record(2, "#")).replace("#", "a\x01b")
    (tmp_path / "odd.jsonl").write_bytes((half + "\n" + control + "\n").encode() + lines(20, 10))
    report = (read := ingest(tmp_path / "odd.jsonl")).report
    assert (read.events.num_rows, report.mended, report.rejected) == (22, 2, 0)


def test_bracket_bomb_costs_one_record(ingest: Callable[..., Any], tmp_path: Path) -> None:
    bomb = (
        b'{"id":"x","call_type":"c","startTime":1767225600,"model":"m","metadata":{},"messages":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    )
    (tmp_path / "bomb.jsonl").write_bytes(lines(20) + bomb + lines(20, 30))
    read = ingest(tmp_path / "bomb.jsonl")
    assert read.report.records == 41
    assert read.events.num_rows >= 40


@pytest.mark.parametrize("indent", [None, 2])
def test_json_array(indent: int | None, ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "array.json").write_text(json.dumps([record(n) for n in range(7)], indent=indent))
    read = ingest(tmp_path / "array.json")
    assert read.events["source_row"].to_pylist() == [1, 2, 3, 4, 5, 6, 7]
    assert read.report.rejected == 0


def test_json_array_that_was_cut_off_keeps_its_beginning(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "array.json").write_text(json.dumps([record(n) for n in range(7)], indent=1)[:-100])
    report = (read := ingest(tmp_path / "array.json")).report
    assert read.events.num_rows == 6
    assert report.rejected == 1
    assert "broken from character" in report.rejects[0].reason


def test_pretty_printed_objects_one_after_the_other(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pretty.json").write_text("\n".join(json.dumps(record(n), indent=4) for n in range(4)))
    assert ingest(tmp_path / "pretty.json").events.num_rows == 4


def test_line_ends_and_bom_do_not_matter(ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "unix.jsonl").write_bytes(lines(5))
    (tmp_path / "dos.jsonl").write_bytes(b"\xef\xbb\xbf" + lines(5).replace(b"\n", b"\r\n").rstrip())
    unix, dos = ingest(tmp_path / "unix.jsonl"), ingest(tmp_path / "dos.jsonl")
    assert dos.rows("events", "source_uri") == unix.rows("events", "source_uri")


@pytest.mark.parametrize("first", [b"[\x01", b'[{"id": 1', b"{", b"[]", b"[1, 2]", b"PAR1"])
def test_a_damaged_first_line_does_not_make_a_document(first: bytes, ingest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(first + b"\n" + lines(20))
    read = ingest(tmp_path / "log.jsonl")
    assert (read.events.num_rows, read.report.rejected) == (20, 1)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bad=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
                lambda x: (
                    st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(["messages", "response", "metadata", "startTime", "id"]), x)
                ),
                max_leaves=8,
            ).map(lambda value: json.dumps(record(500) | value if isinstance(value, dict) else value).encode()),
        ),
        max_size=8,
    ),
    seed=st.integers(0, 2**16),
)
def test_no_record_takes_others_with_it(bad: list[bytes], seed: int, ingest: Callable[..., Any], tmp_path: Path) -> None:
    """Whatever stands between them, the good records are read, and every line is either read or rejected."""
    junk = [b.replace(b"\n", b" ").replace(b"\r", b" ").replace(b"\0", b" ") for b in bad]
    rows = [json.dumps(record(n, f"question {n}")).encode() for n in range(60)] + junk
    random.Random(seed).shuffle(rows)
    (tmp_path / "mixed.jsonl").write_bytes(b"\n".join(rows) + b"\n")
    read = ingest(tmp_path / "mixed.jsonl")
    good = {f"question {n}" for n in range(60)}
    assert read.events.num_rows >= len(good)
    assert (
        read.report.records
        == sum(1 for row in rows if row.decode("utf-8", "replace").strip(" "))
        == read.events.num_rows + read.report.rejected
    )
