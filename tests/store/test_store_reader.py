import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from store_batches import START, Call, batch, nth_batch, scan

from forensics.model.errors import StoreError
from forensics.store import Store, catalog, manifest
from forensics.store.scratch import spill_folder

Rows = Callable[[str], list[tuple[object, ...]]]
FINDINGS = pa.table({"client_id": ["user:1", "user:2"], "score": [0.25, 0.5]})
COUNTS = [(table, f"SELECT count(*) FROM {table}") for table in ("events", "items", "vectors", "sources", "rejects", "scans")]


def filled(store: Store) -> Store:
    with store.writing():
        store.append(nth_batch(0))
        store.publish_scan(scan(), {"findings": FINDINGS})
        store.append(nth_batch(1))
    return store


@pytest.mark.parametrize("locked_down", [False, True])
def test_an_empty_store_has_every_view(store: Store, locked_down: bool) -> None:
    with store.reader(locked_down=locked_down) as connection:
        assert [connection.sql(sql).fetchall() for _, sql in COUNTS] == [[(0,)]] * 6
        types = dict(connection.sql("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'vectors'").fetchall())
        assert types["ts"] == "TIMESTAMP WITH TIME ZONE"
        assert types["vector"] == "DOUBLE[]"
    assert store.snapshot().parts == ()
    assert store.result("findings") is None


@pytest.mark.parametrize("locked_down", [False, True])
def test_rows_are_there_before_a_scan_and_times_are_utc(store: Store, locked_down: bool) -> None:
    filled(store)
    with store.reader(locked_down=locked_down) as connection:
        assert [connection.sql(sql).fetchall()[0][0] for _, sql in COUNTS] == [200, 500, 20, 0, 0, 1]
        assert connection.sql("FROM findings").to_arrow_table().equals(FINDINGS)
        assert connection.sql("SELECT min(ts)::VARCHAR FROM events").fetchall() == [("2026-03-02 06:00:00+00",)]
        assert connection.sql("SELECT sum(vector[2]) FROM vectors WHERE ts < '2026-03-03'").fetchall() == [(4.0,)]
        assert connection.sql("SELECT features, skipped, data_commit FROM scans").fetchall() == [(["volume"], [], 1)]


def test_a_scan_replaces_results_of_the_same_name(store: Store, rows: Rows) -> None:
    filled(store)
    with store.writing():
        store.publish_scan(scan("s2"), {"findings": FINDINGS.slice(0, 0), "features_volume": FINDINGS})
    assert rows("SELECT count(*) FROM findings") == [(0,)]
    assert store.result("findings") == FINDINGS.slice(0, 0)
    assert store.result("features_volume") == FINDINGS
    assert store.result("events") is None
    assert rows("SELECT scan_id FROM scans ORDER BY commit_id") == [("s1",), ("s2",)]
    with store.writing(), pytest.raises(StoreError, match="cannot name a result"):
        store.publish_scan(scan("s3"), {"events": FINDINGS})


def test_the_snapshot_prunes_by_bucket_and_window(store: Store) -> None:
    filled(store)
    snapshot = store.snapshot()
    assert snapshot.commit_id == 3
    parts = snapshot.select("events")
    assert sum(p.rows for p in parts) == 200
    assert {p.bucket for p in snapshot.select("items", bucket=parts[0].bucket)} == {parts[0].bucket}
    second_day = START.replace(hour=0) + timedelta(days=1)
    assert {p.date for p in snapshot.select("events", since=second_day, until=second_day + timedelta(days=1))} == {second_day.date()}
    assert all(p.path.is_absolute() and p.key_id == "key-1" and p.sketch_version == 1 for p in parts)


REFUSED = (
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('{store}/state.sqlite')",
    "SELECT * FROM read_parquet('{part}')",
    "SELECT * FROM parquet_metadata('{part}')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM read_duckdb('{store}/forensics.duckdb')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM glob('{store}/parts/**')",
    "SELECT * FROM '{part}'",
    "SELECT * FROM findings_in_python",
    "COPY (SELECT 1) TO '{outside}/leak.csv'",
    "COPY (SELECT 1 AS a) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
    "COPY (SELECT 1) TO '{store}/parts/events/new.parquet'",
    "COPY (SELECT 1) TO '{spill}/leak.csv'",
    "EXPORT DATABASE '{store}/parts/out'",
    "ATTACH '{store}/forensics.duckdb' AS other",
    "ATTACH '{store}/parts/other.duckdb' AS other",
    "IMPORT DATABASE '{store}/parts'",
    "CREATE PERSISTENT SECRET leak (TYPE http)",
    "CALL enable_logging(storage = 'file')",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET TimeZone = 'Europe/Berlin'",
    "SET memory_limit = '1TB'",
    "RESET lock_configuration",
    "PRAGMA profiling_output = '{outside}/leak.json'",
)


@pytest.mark.parametrize("sql", REFUSED)
def test_foreign_sql_reaches_nothing_but_the_views(store: Store, sql: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    findings_in_python = FINDINGS  # noqa: F841 - DuckDB would find it by name
    filled(store)
    outside = tmp_path_factory.mktemp("outside")
    before = {p: p.read_bytes() for p in store.root.rglob("*.parquet")}
    with store.reader(locked_down=True) as connection:
        spill = connection.sql("SELECT current_setting('temp_directory')").fetchall()[0][0]
        with pytest.raises(duckdb.Error):
            connection.execute(sql.format(store=store.root, part=next(iter(before)), spill=spill, outside=outside)).fetchall()
        assert connection.sql("SELECT count(*) FROM events").fetchall() == [(200,)]
    assert {p: p.read_bytes() for p in store.root.rglob("*.parquet")} == before
    assert list(outside.iterdir()) == []


def test_awkward_paths_work(tmp_path: Path) -> None:
    store = filled(Store.open(tmp_path / "it's [a] store* date=x", create=True))
    for locked_down in (False, True):
        with store.reader(locked_down=locked_down) as connection:
            assert connection.sql("SELECT count(*) FROM events").fetchall() == [(200,)]
    assert store.result("findings") == FINDINGS


def test_a_reader_neither_waits_for_a_commit_nor_sees_it_early(store: Store, rows: Rows) -> None:
    filled(store)
    with closing(manifest.writer(store.root)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE parts SET retired_at = 1")
        assert rows("SELECT count(*) FROM events") == [(200,)]
        writer.execute("ROLLBACK")


def test_a_plain_client_elsewhere_reads_the_catalog(store: Store, tmp_path: Path) -> None:
    filled(store)
    with store.writing():
        store.publish_catalog()
    code = """if True:
        import duckdb, sys
        c = duckdb.connect(sys.argv[1], read_only=True)
        names = ("events", "items", "vectors", "findings", "scans")
        counts = [c.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in names]
        print(counts, c.sql("FROM store_state").fetchall())
        print(c.sql("SELECT comment FROM duckdb_columns() WHERE table_name = 'items' AND column_name = 'idx'").fetchall())
    """
    done = subprocess.run(
        [sys.executable, "-c", code, store.root / "forensics.duckdb"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[200, 500, 20, 2, 1] [(3, 4)]", "[('Position within the call, from 0',)]"]


def catalog_commit(store: Store) -> int:
    with duckdb.connect(str(store.root / "forensics.duckdb"), read_only=True) as connection:
        return int(connection.sql("SELECT commit_id FROM store_state").fetchall()[0][0])


def test_a_killed_publish_leaves_the_old_catalog_and_the_next_writer_a_new_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store)
    assert catalog_commit(store) == 2
    with store.writing(), monkeypatch.context() as patch:
        store.append(nth_batch(2))
        patch.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.publish_catalog()
    assert catalog_commit(store) == 3, "published when that writer came in"
    assert (store.root / catalog.NEW).exists()
    orphan = store.root / "parts" / "events" / "c00000005.parquet"
    orphan.touch()
    with store.writing():
        assert catalog_commit(store) == 4
        assert not (store.root / catalog.NEW).exists()
        assert not orphan.exists()
    (store.root / catalog.NAME).unlink()
    with store.writing():
        assert catalog_commit(store) == 4


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_moved_store_gets_a_catalog_of_its_new_place(store: Store, tmp_path: Path) -> None:
    filled(store)
    moved = Store.open(store.root.rename(tmp_path / "moved"))
    with moved.reader() as connection:
        assert connection.sql("SELECT count(*) FROM items").fetchall() == [(500,)]
    with moved.writing(), duckdb.connect(str(moved.root / "forensics.duckdb"), read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM items").fetchall() == [(500,)]


def test_stores_of_newer_versions_and_other_programs_are_refused(store: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(store.root / "state.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99; this program knows versions up to") as newer:
        Store.open(store.root, create=True)
    assert "newer" in str(newer.value.hint)
    (tmp_path / "other").mkdir()
    with closing(sqlite3.connect(tmp_path / "other" / "state.sqlite", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE songs (title)")
    with pytest.raises(StoreError, match="another program"):
        Store.open(tmp_path / "other", create=True)


def test_a_store_whose_making_was_cut_short_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "state.sqlite").touch()
    with pytest.raises(StoreError, match="empty"):
        Store.open(tmp_path / "store")
    store = Store.open(tmp_path / "store", create=True)
    with store.writing():
        assert store.append(batch([Call("a")])).commit_id == 1


def test_a_store_on_a_read_only_disk_can_be_read(store: Store, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store)
    begin = manifest._begin

    def no_shared_memory(path: Path, options: str) -> sqlite3.Connection:
        if "immutable" not in options:
            raise sqlite3.OperationalError("unable to open database file")
        return begin(path, options)

    monkeypatch.setattr(manifest, "_begin", no_shared_memory)
    with pytest.raises(StoreError, match="unable to open"):
        store.snapshot()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert rows("SELECT count(*) FROM events") == [(200,)]


def test_spilled_rows_of_dead_processes_are_removed(store: Store) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead, alive, other = (store.root / name for name in (f"spill-{process.pid}-0", Path(spill_folder(store.root)).name, "spill-over"))
    earlier = store.root / f"spill-{os.getpid()}-0"  # of a process that had our number, as in a container
    for folder in (dead, alive, other, earlier):
        folder.mkdir()
    with store.writing():
        assert [folder.exists() for folder in (dead, alive, other, earlier)] == [False, True, True, False]
