"""Scratch: a directory that is gone afterwards, and files by bucket as the store's parts lie."""

import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from store_batches import Call, batch

from forensics.model.event import BUCKETS
from forensics.store import Store, write_by_bucket

CLIENTS = ["user:ada", "user:o'brien", "user:李雷", "key:x/y=z", "", *(f"user:{n}" for n in range(60))]


def left(store: Store) -> list[str]:
    return sorted(p.name for p in store.root.glob("spill-*"))


def test_scratch_is_inside_the_store_for_the_owner_only_and_gone_afterwards(store: Store) -> None:
    with store.scratch() as folder:
        assert folder.parent == store.root
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x")
        with store.scratch() as other:
            assert other != folder
        assert left(store) == [folder.name]
    assert left(store) == []


def test_scratch_is_gone_after_an_exception(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.scratch() as folder:  # noqa: PT012
        (folder / "file").write_text("x")
        raise ZeroDivisionError
    assert left(store) == []


def test_a_writer_leaves_scratch_in_use_alone_and_removes_what_a_kill_left(store: Store) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    abandoned = store.root / f"spill-{gone.pid}-0"
    abandoned.mkdir()
    (abandoned / "file").write_text("x")
    with store.scratch() as folder, store.writing():
        assert folder.exists()
        assert left(store) == [folder.name]


def table(rows: int) -> pa.Table:
    return pa.table(
        {"client_id": [CLIENTS[n % len(CLIENTS)] for n in range(rows)], "number": range(rows), "text": [None, "a"] * (rows // 2)}
    )


def test_files_by_bucket_hold_all_rows_each_with_its_client(tmp_path: Path) -> None:
    rows = table(1_000)
    found = write_by_bucket(rows, tmp_path / "files")
    assert stat.S_IMODE((tmp_path / "files").stat().st_mode) == 0o700
    buckets = [bucket for bucket, _ in found]
    assert buckets == sorted(set(buckets))
    assert set(buckets) <= set(range(BUCKETS))
    tables = [pq.ParquetFile(path).read() for _, path in found]
    clients = [set(t["client_id"].to_pylist()) for t in tables]
    assert sum(map(len, clients)) == len(set.union(*clients)) == len(CLIENTS)
    together = pa.concat_tables(tables).select(rows.column_names)
    assert together.sort_by("number").equals(rows.cast(together.schema))


def test_types_come_back(tmp_path: Path) -> None:
    rows = pa.table(
        {
            "client_id": ["user:a"] * 2,
            "ts": pa.array([0, 1], pa.timestamp("us", tz="UTC")),
            "share": pa.array([float("nan"), None], pa.float64()),
            "vector": pa.array([[1.0], None], pa.list_(pa.float64())),
            "sketch": pa.array([b"\x00\xff", None], pa.binary()),
        }
    )
    [(_, path)] = write_by_bucket(rows, tmp_path / "files")
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        back = con.sql(f"select * from read_parquet('{path}', hive_partitioning = false)").to_arrow_table()
    assert [str(back[name].to_pylist()) for name in rows.column_names] == [str(rows[name].to_pylist()) for name in rows.column_names]


def test_buckets_are_those_of_the_parts(store: Store, tmp_path: Path) -> None:
    with store.writing():
        store.append(batch([Call(native=str(n), client=client) for n, client in enumerate(CLIENTS)]))
    of_parts = {
        client: part.bucket
        for part in store.snapshot().parts
        if part.table == "events"
        for client in pq.ParquetFile(part.path).read()["client_id"].to_pylist()
    }
    of_files = {
        c: bucket
        for bucket, path in write_by_bucket(table(200), tmp_path / "files")
        for c in pq.ParquetFile(path).read()["client_id"].to_pylist()
    }
    assert of_files == of_parts
    assert set(of_parts) == set(CLIENTS)


def test_no_rows_no_files(tmp_path: Path) -> None:
    assert write_by_bucket(table(0), tmp_path / "files") == []


def test_a_folder_with_quotes(tmp_path: Path) -> None:
    found = write_by_bucket(table(10), tmp_path / 'it\'s "here"')
    assert sum(pq.ParquetFile(path).metadata.num_rows for _, path in found) == 10
