"""`export`, `incidents set` and `nightly` from the outside; and what the store keeps of them."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from receiver import Receiver, receiving
from test_delivery_kills import day, start

from forensics.cli import main
from forensics.model.errors import StoreError
from forensics.store import Store


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, lines: None) -> Any:
    monkeypatch.chdir(tmp_path)

    def forensics(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["forensics", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return (int(stop.value.code or 0), *capsys.readouterr())

    return forensics


@pytest.fixture
def scanned(run: Any, tmp_path: Path) -> list[dict[str, Any]]:
    (tmp_path / "calls.jsonl").write_bytes(day(0))
    assert run("nightly", "calls.jsonl")[0] == 0
    incidents: list[dict[str, Any]] = json.loads(run("incidents", "list", "--format", "json")[1])
    assert len(incidents) > 5
    return incidents


def test_the_queue_goes_to_a_file_anew_each_time(run: Any, scanned: list[dict[str, Any]], tmp_path: Path) -> None:
    for _ in range(2):
        code, out, err = run("export", "--to", "lines", "--sink", "out.ndjson")
        assert (code, out, f"{len(scanned)} revisions delivered" in err) == (0, "", True)
        rows = [json.loads(text) for text in (tmp_path / "out.ndjson").read_text().splitlines()]
        assert {row["key"] for row in rows} == {f"{i['incident_id']}-r1" for i in scanned}
    assert run("export", "--to", "lines", "--sink", "out.ndjson", "--since", "2100-01-01")[0] == 0
    assert (tmp_path / "out.ndjson").read_text() == ""  # and no longer what stood there before
    code, _, err = run("export", "--to", "lines", "--sink", "no/such/folder/x")
    assert (code, "No such file" in err) == (4, True)
    code, out, _ = run("export", "--to", "lines", "--sink", "-", "--min-severity", "critical", "--redaction", "minimal")
    assert (code, out) == (0, "")
    assert run("export", "--to", "lines", "--sink", "-", "--since", "2100-01-01")[1] == ""


def test_a_sink_of_the_configuration_gets_what_it_is_owed(run: Any, scanned: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "forensics.toml").write_text('[sinks.siem]\nformat = "lines"\nurl = "spool/"\n')
    code, out, err = run("export", "--sink", "siem", "--dry-run")
    assert (code, out.count(" create "), "nothing was sent" in err) == (0, len(scanned), True)
    assert not (tmp_path / "spool").exists()
    assert f"{len(scanned)} revisions delivered" in run("export", "--sink", "siem")[2]
    assert "0 revisions delivered" in run("export", "--sink", "siem")[2]
    closed = scanned[0]["incident_id"]
    assert run("incidents", "set", closed[:10], "--status", "suppressed", "--verdict", "benign", "--note", "a test")[0] == 0
    (row,) = [text for text in run("export", "--sink", "siem", "--dry-run")[1].splitlines() if closed in text]
    assert row.split()[:2] == [f"{closed}-r2", "close"]
    assert "1 revisions delivered" in run("export", "--sink", "siem")[2]


def test_a_reader_that_has_had_enough_is_no_error(scanned: list[dict[str, Any]], tmp_path: Path) -> None:
    arguments = ["export", "--to", "lines", "--sink", "-"]
    with start(tmp_path / "forensics-store", None, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        told = running.stderr.read()
    assert (running.returncode, told.count(b"error"), told.count(b"Exception")) == (0, 0, 0), told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sink", "nobody"], "no sink of the configuration is called 'nobody'"),
        (["--to", "no_such", "--sink", "-"], "no export format is called"),
        (["--to", "lines", "--sink", "gopher://x"], "no sink is called gopher://"),
        (["--to", "lines", "--sink", "https://u:s3cr3t@x/"], "holds a user or password"),
        (["--to", "lines", "--sink", "-", "--retry-dead"], "dead letters"),
        (["--to", "lines", "--sink", "-", "--redaction", "all"], "redaction"),
        (["--to", "lines", "--sink", "-", "--min-severity", "dire"], "no severity"),
    ],
)
def test_export_says_what_is_wrong(arguments: list[str], says: str, run: Any, scanned: list[dict[str, Any]]) -> None:
    code, _, err = run("export", *arguments)
    assert (code, says in err, "s3cr3t" in err) == (2, True, False)


def test_delivery_that_is_incomplete_exits_with_4(run: Any, scanned: list[dict[str, Any]], tmp_path: Path) -> None:
    with receiving(Receiver(mood=lambda n: "refuse")) as receiver:
        assert run("export", "--to", "lines", "--sink", receiver.url)[0] == 4
        (tmp_path / "forensics.toml").write_text(f'[sinks.siem]\nformat = "lines"\nurl = "{receiver.url}"\n')
        code, _, err = run("export", "--sink", "siem")
        assert (code, "refused for good" in err) == (4, True)
        assert run("query", "select distinct state, reason from deliveries", "--format", "json")[1].count("no such field") == 1
        receiver.mood = lambda n: "accept"
        assert "0 revisions delivered" in run("export", "--sink", "siem")[2]
        assert f"{len(scanned)} revisions delivered" in run("export", "--sink", "siem", "--retry-dead")[2]


def test_decisions_stand(run: Any, scanned: list[dict[str, Any]], tmp_path: Path) -> None:
    one = scanned[0]["incident_id"]
    assert run("incidents", "set", one)[0] == 2
    assert run("incidents", "set", one, "--status", "done")[0] == 2
    assert run("incidents", "set", "INC-nobody", "--status", "resolved")[0] == 2
    assert run("incidents", "set", one, "--status", "resolved", "--verdict", "true_positive", "--author", "ana")[0] == 0
    assert run("incidents", "set", one, "--status", "resolved")[0] == 2  # it is already
    assert run("incidents", "set", one, "--note", "seen again")[0] == 0
    # Another scan keeps what was decided.
    (tmp_path / "more.jsonl").write_bytes(day(1))
    assert run("nightly", "more.jsonl", "--json")[0] == 0
    (again,) = [i for i in json.loads(run("incidents", "list", "--format", "json")[1]) if i["incident_id"] == one]
    assert (again["status"], again["verdict"], again["revision"] >= 3) == ("resolved", "true_positive", True)
    kept = json.loads(run("query", "select revision, status, author, note from decisions order by all", "--format", "json")[1])
    assert [(d["revision"], d["status"], d["note"]) for d in kept] == [(2, "resolved", ""), (3, "resolved", "seen again")]
    assert kept[0]["author"] == "ana"
    with closing(sqlite3.connect(tmp_path / "forensics-store" / "state.sqlite")) as state:
        for statement in ("UPDATE decisions SET status = 'new'", "DELETE FROM decisions"):
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                state.execute(statement)


def test_fail_on_and_no_source(run: Any, scanned: list[dict[str, Any]], tmp_path: Path) -> None:
    assert run("nightly")[0] == 2
    (tmp_path / "more.jsonl").write_bytes(day(1))
    code, _, err = run("nightly", "more.jsonl", "--fail-on", "low")
    assert (code, "are low or above" in err) == (1, True)


def test_a_store_of_the_version_before_is_brought_up_to_date(run: Any, scanned: list[dict[str, Any]], tmp_path: Path) -> None:
    state = tmp_path / "forensics-store" / "state.sqlite"
    with closing(sqlite3.connect(state)) as connection:
        for table in ("deliveries", "revisions", "decisions", "runs", "fresh"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 2")
    store = Store.open(tmp_path / "forensics-store")
    assert [str(day) for day in store.fresh_dates()] == ["2026-03-01"]  # scanned once more, rather than never
    assert store.revisions() == {}
    assert run("nightly", "calls.jsonl")[0] == 0
    assert set(store.revisions()) == {i["incident_id"] for i in scanned}
    with pytest.raises(StoreError):
        store.outbox("siem")
