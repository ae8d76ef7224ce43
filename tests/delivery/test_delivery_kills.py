"""`forensics nightly` killed at any instant while its receivers refuse, stall, ask to wait, half-accept and die: nothing is lost, and what
comes twice comes under the same key with the same content.

`make test` kills 20 times, `make soak` 200 times.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from receiver import Receiver, receiving

from forensics.store import Store

KILLS = 200 if os.environ.get("FORENSICS_SOAK") else 20
MOODS = ("accept",) * 6 + ("busy", "unavailable", "refuse", "stall", "die", "accept_and_die", "half")
Running = subprocess.Popen[bytes]
# The formats of these tests, and short waits.
PROGRAM = """
import sys
from functools import partial
sys.path.insert(0, sys.argv.pop(1))
import lines_format
from forensics.export import plugins
from forensics.operate import exporting
plugins.export_formats = lambda: lines_format.ALL
exporting.Patience = partial(exporting.Patience, first=0.02, most=0.05)
from forensics.cli import main
main()
"""
CONFIG = """
[nightly]
look_back_days = 1

[sinks.single]
format = "lines"
url = "{single}"
timeout_seconds = 0.2
attempts = 3

[sinks.bulk]
format = "bulk"
url = "{bulk}"
timeout_seconds = 0.2
attempts = 3
batch = 4

[sinks.file]
format = "lines"
url = "{file}"
"""


def day(n: int) -> bytes:
    """Six clients who have texts scored, of which a few are new every day, and two who do not."""
    start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=n)
    rows: list[dict[str, Any]] = []
    for client in [*(f"mallory-{n // 3}-{m}" for m in range(6)), "ann", "bob"]:
        hostile = client.startswith("mallory")
        for number in range(32):
            rows.append(
                {
                    "id": f"{client}-{n}-{number}",
                    "call_type": "atext_completion",
                    "model": "orchid-chat",
                    "status": "success",
                    "startTime": start.timestamp() + 60 * number,
                    "metadata": {"user_api_key_user_id": client},
                    "messages": f"verbatim passage number {n} {number} of {client}" if hostile else f"{client} asks {number // 2}",
                    "model_parameters": {"echo": True, "logprobs": 1, "max_tokens": 0} if hostile else {"max_tokens": 20},
                    "completion_tokens": 0 if hostile else 20,
                    "response": {"choices": [{"finish_reason": "stop", "text": "ok"}]},
                }
            )
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def start(store: Path, config: Path | None, *arguments: str, stdout: int = subprocess.DEVNULL, stderr: int = subprocess.DEVNULL) -> Running:
    command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), *arguments, "--store", str(store)]
    return subprocess.Popen([*command, *(["--config", str(config)] if config else [])], stdout=stdout, stderr=stderr)


def moods(draw: random.Random, asked: threading.Event, at: list[int]) -> Callable[[int], str]:
    """A mood for each request; ``asked`` is set at the request whose turn it is."""

    def mood(number: int) -> str:
        at[0] -= 1
        if at[0] == 0:
            asked.set()
        return draw.choice(MOODS)

    return mood


@pytest.mark.fault
def test_kills_and_misbehaviour_lose_nothing(tmp_path: Path) -> None:
    draw, kills, n = random.Random(8), 0, 0
    asked, at = threading.Event(), [0]
    (tmp_path / "logs").mkdir()
    store, config = tmp_path / "store", tmp_path / "forensics.toml"
    with (
        receiving(Receiver(mood=moods(draw, asked, at), stall_seconds=0.3, retry_after="0")) as single,
        receiving(Receiver(mood=moods(draw, asked, at), stall_seconds=0.3, retry_after="0")) as bulk,
    ):
        spool = tmp_path / "incidents.ndjson"
        config.write_text(CONFIG.format(single=single.url, bulk=bulk.url, file=spool))
        while kills < KILLS:
            (tmp_path / "logs" / f"{n}.jsonl").write_bytes(day(n))
            n += 1
            asked.clear()
            running = start(store, config, "nightly", str(tmp_path / "logs"))
            if draw.random() < 0.5:  # somewhere in the middle of delivering
                at[0] = draw.randint(1, 25)
                ended = threading.Thread(target=lambda process=running: (process.wait(), asked.set()))
                ended.start()
                asked.wait(60)
            else:  # anywhere
                with suppress(subprocess.TimeoutExpired):
                    running.wait(draw.uniform(0.5, 4.0))
            running.send_signal(signal.SIGKILL)
            kills += running.wait() == -signal.SIGKILL
        single.mood = bulk.mood = lambda number: "accept"
        (tmp_path / "logs" / f"{n}.jsonl").write_bytes(day(n))
        assert start(store, config, "nightly", str(tmp_path / "logs")).wait() == 0
        check(tmp_path, single, bulk, spool)
        dead = dead_letters(tmp_path)
        assert all(reason for _, _, reason in dead)
        for sink in ("single", "bulk"):
            assert start(store, config, "export", "--sink", sink, "--retry-dead").wait() == 0
        assert dead_letters(tmp_path) == []
        check(tmp_path, single, bulk, spool)
    with Store.open(tmp_path / "store").reader() as con:
        assert con.sql("select count(*), count(distinct event_id) from events").fetchall() == [((n + 1) * 256, (n + 1) * 256)]


def dead_letters(place: Path) -> list[tuple[str, str, str]]:
    with Store.open(place / "store").reader() as con:
        return con.sql("select sink, key, reason from deliveries where state = 'dead' order by all").fetchall()


def check(place: Path, single: Receiver, bulk: Receiver, spool: Path) -> None:
    """Every revision of every incident is with every receiver, or dead with a reason; what came twice is the same."""
    with Store.open(place / "store").reader() as con:
        revisions = dict(con.sql("select incident_id, revision from incidents").fetchall())
        states = {
            (sink, key): (state, action)
            for sink, key, state, action in con.sql("select sink, key, state, action from deliveries").fetchall()
        }
    wanted = {f"{i}-r{r}" for i, last in revisions.items() for r in range(1, last + 1)}
    rows: dict[str, list[dict[str, Any]]] = {}
    for text in spool.read_text().splitlines():
        row = json.loads(text)
        rows.setdefault(row["key"], []).append(row)
    assert len(wanted) > 30
    for sink, bodies in (("single", single.bodies), ("bulk", bulk.bodies), ("file", rows)):
        assert {key for (name, key) in states if name == sink} == wanted
        for key in wanted:
            state, action = states[sink, key]
            assert state in ("delivered", "dead")
            assert state == "dead" or key in bodies, (sink, key)
            assert all(body == bodies[key][0] and body["action"] == action for body in bodies.get(key, []))
