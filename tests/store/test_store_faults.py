import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import store_batches
from store_batches import EVENTS_PER_COMMIT, ITEMS_PER_COMMIT, nth_batch

from forensics.store import Store

pytestmark = pytest.mark.fault
KILLS = 16
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
WHOLE = """
    SELECT endpoint::INTEGER AS number, count(*) AS events, count(DISTINCT event_id) AS ids, sum(n_items)::INTEGER AS promised,
        sum(found)::INTEGER AS items
    FROM events LEFT JOIN (SELECT event_id, count(*) AS found FROM items GROUP BY ALL) USING (event_id)
    GROUP BY ALL ORDER BY ALL
"""


def start_writer(path: Path, grace_seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, store_batches.__file__, str(path), str(grace_seconds)]
    writer = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def kill(writer: subprocess.Popen[str]) -> None:
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert writer.returncode == -signal.SIGKILL, "it failed before it was killed"


def whole_commits(connection: duckdb.DuckDBPyConnection) -> int:
    """Number of commits, all of them whole and none missing; the forest is that of the last scan."""
    found = connection.sql(WHOLE).fetchall()
    assert found == [(n, EVENTS_PER_COMMIT, EVENTS_PER_COMMIT, ITEMS_PER_COMMIT, ITEMS_PER_COMMIT) for n in range(len(found))]
    last = connection.sql("SELECT scan_id::INTEGER FROM scans ORDER BY commit_id DESC LIMIT 1").fetchall()
    forest = connection.sql("SELECT DISTINCT place::INTEGER, (SELECT count(*) FROM nodes) FROM nodes").fetchall()
    assert forest == [(number, 24) for (number,) in last]
    return len(found)


def test_a_killed_writer_leaves_whole_commits(tmp_path: Path) -> None:
    chance = random.Random(7)
    path = tmp_path / "store"
    commits = 0
    for _ in range(KILLS):
        writer = start_writer(path, grace_seconds=0)
        time.sleep(chance.uniform(0.0, 0.7))
        kill(writer)
        store = Store.open(path)
        with store.reader() as connection:
            found = whole_commits(connection)
        assert found >= commits
        commits = found
        assert all(part.path.stat().st_size for part in store.snapshot().parts)
        if (path / "forensics.duckdb").exists():
            with duckdb.connect(str(path / "forensics.duckdb"), read_only=True) as connection:
                assert connection.sql("SELECT count(*) FROM scans").fetchall()
    assert commits > KILLS / 2, "the writer hardly ran"
    store = Store.open(path, grace_seconds=0)  # like the writer: one killed just after compacting leaves retired parts
    with store.writing():
        assert {p.path for p in store.snapshot().parts} == set(path.rglob("*.parquet"))
        assert store.append(nth_batch(commits - 1)).counts[0].new == 0
        store.append(nth_batch(commits))
    with store.reader() as connection:
        assert whole_commits(connection) == commits + 1
    with duckdb.connect(str(path / "forensics.duckdb"), read_only=True) as connection:
        assert whole_commits(connection) == commits


READ = """if True:
    import sys, time
    from pathlib import Path
    from forensics.store import Store
    from test_store_faults import whole_commits
    store, stop, loops, seen = Store.open(sys.argv[1]), time.monotonic() + float(sys.argv[2]), 0, 0
    while time.monotonic() < stop:
        with store.reader(locked_down=loops % 4 == 3) as connection:
            commits = whole_commits(connection)
            assert commits >= seen, "a commit vanished"
            seen, loops = commits, loops + 1
    print(loops)
"""


def test_readers_beside_a_writer_see_whole_commits(tmp_path: Path) -> None:
    path = tmp_path / "store"
    writer = start_writer(path, grace_seconds=3600)
    command = [sys.executable, "-W", "error", "-c", READ, str(path), "4"]
    readers = [subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    outcomes = [reader.communicate() for reader in readers]
    kill(writer)
    assert [error for _, error in outcomes if error] == []
    assert all(int(loops) > 0 for loops, _ in outcomes)
