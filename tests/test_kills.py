"""Ingest and scan, killed at any instant: the store opens, holds whole commits only, and the next run carries on from there.

`make test` kills 30 times here (and 15 times more in tests/store); `make soak` 300 times.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forensics.model.errors import StoreError
from forensics.store import Store

KILLS = 300 if os.environ.get("FORENSICS_SOAK") else 30
FILES, RECORDS = 6, 1500
# Small batches and commits, so that there are many instants at which a commit is half done.
PROGRAM = """
import forensics.ingest.readers, forensics.ingest.run
forensics.ingest.readers.BATCH_BYTES = forensics.ingest.run.BATCH_BYTES = 40_000
forensics.ingest.run.COMMIT_EVENTS = 250
from forensics.cli import main
main()
"""


def write_logs(folder: Path) -> dict[str, int]:
    """Embedding calls of one to four texts, over three days; returns the items of each native id."""
    draw = random.Random(11)
    items = {}
    for number in range(FILES):
        lines = []
        for n in range(RECORDS):
            identity = f"{number}-{n}"
            items[identity] = draw.randint(1, 4)
            record = {
                "id": identity,
                "call_type": "aembedding",
                "startTime": 1767225600 + draw.random() * 3 * 86400,
                "model": "orchid-embed",
                "metadata": {"user_api_key_user_id": f"client-{draw.randint(0, 40)}"},
                "messages": [f"text {draw.random()}" for _ in range(items[identity])],
            }
            lines.append(json.dumps(record) + "\n")
        (folder / f"{number}.jsonl").write_text("".join(lines))
    return items


def start(command: str, logs: Path, store: Path) -> "subprocess.Popen[bytes]":
    arguments = ["ingest", str(logs)] if command == "ingest" else ["scan"]
    with said(logs).open("wb") as errors:  # of the last one: what it died of, where it was not killed
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments, "--store", str(store)],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=os.environ | {"FORENSICS_DEBUG": "1"},
        )


def said(logs: Path) -> Path:
    return logs.with_name("stderr.txt")


def check(store: Path) -> int:
    """Whole calls only, none twice; returns how many."""
    with Store.open(store).reader() as con:
        ((calls, distinct, promised),) = con.sql(
            "select count(*), count(distinct event_id), coalesce(sum(n_items), 0) from events"
        ).fetchall()
        ((items, places),) = con.sql("select count(*), count(distinct (event_id, idx)) from items").fetchall()
        ((orphans,),) = con.sql("select count(*) from items anti join events using (event_id)").fetchall()
    assert (distinct, items, places, orphans) == (calls, promised, promised, 0)
    return int(calls)


@pytest.mark.fault
def test_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    logs, store = tmp_path / "logs", tmp_path / "store"
    logs.mkdir()
    items = write_logs(logs)
    draw, kills, seen, finished = random.Random(5), 0, 0, 0
    while kills < KILLS:
        # Once all is in, begin anew: only an ingest that has work to do can be killed at it.
        if finished:
            store, seen, finished = tmp_path / f"store-{kills}", 0, 0
        running = start(draw.choice(["ingest", "ingest", "ingest", "scan"]) if seen else "ingest", logs, store)
        time.sleep(draw.uniform(0.6, 2.2))
        running.send_signal(signal.SIGKILL)
        code = running.wait()
        if code == -signal.SIGKILL:
            kills += 1
        try:
            calls = check(store)
        except StoreError:
            assert seen == 0  # killed before the store was made
            continue
        assert calls >= seen
        seen, finished = calls, calls == len(items)
    assert start("ingest", logs, store).wait() == 0, said(logs).read_text()[-3000:]
    assert start("scan", logs, store).wait() == 0, said(logs).read_text()[-3000:]
    assert check(store) == len(items)
    with Store.open(store).reader() as con:
        assert con.sql("select count(*) from items").fetchall() == [(sum(items.values()),)]
        assert con.sql("select sum(records) from sources").fetchall() == [(len(items),)]
