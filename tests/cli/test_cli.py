"""Commands from the outside: contracts that other programs rely on, exit codes, messages that say what to do."""

import csv
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import zstandard
from support import HOSTILE

from forensics.cli import app, output

EVERYTHING = "select count(*) as calls, (select count(*) from items) as items from events"


def scanned(run: Any, log: Path) -> None:
    assert run("ingest", log).code == 0
    assert run("scan").code == 0


def test_logs_in_incidents_out(run: Any, log: Path) -> None:
    scanned(run, log)
    (incident,) = run("incidents", "list", "--format", "json").json
    assert incident | {"incident_id": "", "summary": ""} == {
        "incident_id": "",
        "revision": 1,
        "rank": 1,
        "risk_score": pytest.approx(87.0, abs=3),
        "severity": "high",
        "confidence": 0.9,
        "q_value": pytest.approx(0, abs=1e-6),
        "title": "Texts are scored, and so are copies of them with a word changed: user:mallory on orchid-chat",
        "techniques": ["AML.T0024.000"],
        "clients": ["user:mallory"],
        "associated_clients": [],
        "models": ["orchid-chat"],
        "first_seen": "2026-01-01T00:00:00.250000Z",
        "last_seen": "2026-01-01T00:59:00.250000Z",
        "query_count": 60,
        "status": "new",
        "verdict": "undetermined",
        "analytics": ["aml.t0024.000/scored_own_text", "invariants/scored_neighbours"],
        "summary": "",
        "tactic": "AML.TA0010",
        "merged_into": None,
    }
    assert incident["summary"].startswith("user:mallory sent 60 queries to orchid-chat between 2026-01-01T00:00:00Z and")


def test_show_explains(run: Any, log: Path) -> None:
    scanned(run, log)
    identity = run("incidents", "list", "--format", "json").json[0]["incident_id"]
    shown = run("incidents", "show", identity[:8])
    assert shown.code == 0
    for expected in (
        "AML.T0024.000 Infer Training Data Membership",
        "queries that have the prompt itself scored: 60",
        "calls: ",
        "what to do\n  1. Who is it,",
    ):
        assert expected in shown.out
    evidence = run("incidents", "show", identity, "--format", "json").json["findings"][0]["evidence"]
    cited = evidence[0]["event_ids"]
    rows = run("query", f"select client_id, echo from events where event_id in ({', '.join(map(repr, cited))})", "--format", "json").json
    assert rows == [{"client_id": "user:mallory", "echo": True}] * 6  # five steps, and what the first of them came from


def test_the_same_again_changes_nothing(run: Any, log: Path) -> None:
    scanned(run, log)
    first = run("incidents", "list", "--format", "json").out
    scanned(run, log)
    assert run("incidents", "list", "--format", "json").out == first
    other = log.parent / "other"
    assert run("ingest", log, "--store", other).code == 0
    assert run("scan", "--store", other).code == 0
    assert run("incidents", "list", "--format", "json", "--store", other).out == first


def test_order_split_and_threads_do_not_show(run: Any, log: Path, tmp_path: Path) -> None:
    everything = {
        "incidents": "select * from incidents order by incident_id",
        "events": "select * exclude (source_uri, source_row) from events order by event_id",
        "items": "select * from items order by event_id, idx",
        "features": "select * from features_score_use order by all",
    }
    scanned(run, log)
    one = {name: run("query", sql, "--format", "ndjson").out for name, sql in everything.items()}
    lines = log.read_text().splitlines(keepends=True)
    parts = [tmp_path / f"part-{n}.jsonl.gz" for n in range(4)]
    for n, part in enumerate(parts):
        part.write_bytes(gzip.compress("".join(lines[n::4]).encode()))
    (tmp_path / "one.toml").write_text("[engine]\nthreads = 1\n")
    options = ("--store", tmp_path / "other", "--config", tmp_path / "one.toml")
    for part in reversed(parts):
        assert run("ingest", part, *options).code == 0
    assert run("scan", *options).code == 0
    assert {name: run("query", sql, "--format", "ndjson", "--store", tmp_path / "other").out for name, sql in everything.items()} == one


def test_moved_recompressed_and_grown_files_add_only_what_is_new(run: Any, log: Path, tmp_path: Path) -> None:
    def counts(*sources: Path) -> tuple[int, int]:
        reports = run("ingest", *sources, "--json").json
        return sum(r["new"] for r in reports), run("query", EVERYTHING, "--format", "json").json[0]["calls"]

    body = log.read_bytes()
    assert counts(log) == (180, 180)
    assert counts(log) == (0, 180)
    (tmp_path / "moved.log").write_bytes(body)
    assert counts(tmp_path / "moved.log") == (0, 180)
    (tmp_path / "again.gz").write_bytes(gzip.compress(body))
    (tmp_path / "again.zst").write_bytes(zstandard.ZstdCompressor().compress(body))
    assert counts(tmp_path / "again.gz", tmp_path / "again.zst") == (0, 180)
    lines = body.splitlines(keepends=True)
    (tmp_path / "part.jsonl").write_bytes(b"".join(lines[50:90]))
    assert counts(tmp_path / "part.jsonl") == (0, 180)
    grown = [json.loads(lines[0]) | {"id": f"later-{n}"} for n in range(7)]
    log.write_bytes(body + b"".join(json.dumps(row).encode() + b"\n" for row in grown))
    assert counts(log) == (7, 187)


def test_a_wrong_format_or_mapping_can_be_put_right(run: Any, log: Path, tmp_path: Path) -> None:
    assert run("ingest", log, "--format", "bedrock").code == 3
    assert run("ingest", log, "--json").json[0]["new"] == 180
    mapping = 'name = "own"\n[marks]\nid = true\n[columns]\nts = "{}"\nuser_id = "metadata.user_api_key_user_id"\n'
    for place, new in (("nowhere", 0), ("startTime", 180)):
        (tmp_path / "own.toml").write_text(mapping.format(place))
        options = ("--mapping", tmp_path / "own.toml", "--format", "own", "--store", tmp_path / "mapped", "--json")
        assert run("ingest", log, *options).json[0]["new"] == new


def test_credentials_are_hashed_wherever_they_stand(run: Any, log: Path, tmp_path: Path) -> None:
    row = json.loads(log.read_text().splitlines()[0])
    secrets = ("sk-proj-abcdefghijklmnop1234", "Bearer abcdefghijkl", "AKIAIOSFODNN7EXAMPLE", "eyJhbGciOi.eyJzdWIiOi.c2ln")
    for n, secret in enumerate(secrets):
        names = ("user_api_key_user_id", "user_api_key_user_email", "user_api_key_hash", "user_agent", "user_api_key_team_id")
        changed = row | {
            "id": str(n),
            "metadata": dict.fromkeys(names, secret),
            "trace_id": secret,
            "api_base": f"http://x/v1?key={secret}",
        }
        (tmp_path / f"{n}.jsonl").write_text(json.dumps(changed) + "\n")
        assert run("ingest", tmp_path / f"{n}.jsonl").code == 0
    everything = run("query", "select * from events", "--format", "json").out
    assert not [secret for secret in secrets if secret in everything]


def test_an_id_with_other_content_is_kept_and_said(run: Any, log: Path, tmp_path: Path) -> None:
    first, *_ = log.read_text().splitlines()
    reused = [json.loads(first) | {"messages": f"another text {n}"} for n in range(5)]
    (tmp_path / "reused.jsonl").write_text("\n".join([first, *map(json.dumps, reused)]))
    report = run("ingest", tmp_path / "reused.jsonl", "--json").json[0]
    assert (report["new"], report["duplicates"], report["conflicts"]) == (6, 0, 5)
    assert run("ingest", log).code == 0
    assert run("query", EVERYTHING, "--format", "json").json == [{"calls": 185, "items": 185}]


def test_another_key_is_said(run: Any, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "keys" not in run("ingest", log).err
    monkeypatch.setenv("FORENSICS_KEY_FILE", str(tmp_path / "other-key"))
    (tmp_path / "more.jsonl").write_text(json.dumps(json.loads(log.read_text().splitlines()[0]) | {"id": "more"}) + "\n")
    assert "the store holds hashes of 2 keys" in run("ingest", tmp_path / "more.jsonl").err


def test_standard_input(run: Any, log: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "forensics", "ingest", "-", "--store", str(tmp_path / "piped"), "--json"]
    done = subprocess.run(command, input=gzip.compress(log.read_bytes()), capture_output=True, check=True)
    (report,) = json.loads(done.stdout)
    assert (report["uri"], report["format"], report["new"]) == ("stdin:", "litellm", 180)


def test_nothing_but_messages_on_standard_error(run: Any, log: Path, tmp_path: Path) -> None:
    """Also at the end of the process: a connection that is left open makes DuckDB complain there."""
    for arguments in (["ingest", str(log)], ["scan"], ["features"], ["query", "select 1 as x"], ["incidents", "list"], ["compact"]):
        command = [sys.executable, "-m", "forensics", *arguments, "--store", str(tmp_path / "s")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "leak" not in done.stderr
        assert "Warning" not in done.stderr


def test_directories_with_other_files_are_read_around_them(run: Any, log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(log.read_bytes())
    (folder / "notes.txt").write_text("call the vendor\n")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    ran = run("ingest", folder)
    assert ran.code == 0
    assert "notes.txt: no JSON record" in ran.err
    assert "picture.png: binary data" in ran.err


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", 3, "empty"),
        (b"\0\1\2\3" * 100, 3, "binary data"),
        (b'{"a": 1}\n', 3, "no known format fits its keys (a)"),
        (b"plain text\n", 3, "no JSON record"),
    ],
)
def test_a_named_file_that_cannot_be_used_is_exit_code_3(content: bytes, code: int, said: str, run: Any, tmp_path: Path) -> None:
    (tmp_path / "odd.log").write_bytes(content)
    ran = run("ingest", tmp_path / "odd.log")
    assert (ran.code, said in ran.err) == (code, True)


def test_too_many_rejects_is_exit_code_3_and_the_good_are_kept(run: Any, log: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_bytes(log.read_bytes() + b'{"broken": \n' * 19)
    ran = run("ingest", tmp_path / "bad.jsonl")
    assert ran.code == 3
    assert "9.5% of the records were rejected, more than 5.0%" in ran.err
    assert f"rejected {tmp_path / 'bad.jsonl'}:181: not valid JSON" in ran.err
    assert "and 14 more" in ran.err
    assert run("query", EVERYTHING, "--format", "json").json[0]["calls"] == 180
    assert run("query", "select count(*) as n from rejects", "--format", "json").json == [{"n": 19}]
    assert run("ingest", tmp_path / "bad.jsonl", "--max-rejects", "0.2", "--store", tmp_path / "lenient").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ingest", "nothing*.jsonl"], 3, "no file matches"),
        (["ingest", "calls.jsonl", "--format", "nonsense"], 2, "known are bedrock, databricks, litellm"),
        (["ingest", "calls.jsonl", "--mapping", "none.toml"], 2, "cannot be read"),
        (["ingest"], 2, "Missing argument"),
        (["ingest", "calls.jsonl", "--config", "none.toml"], 2, "cannot be read"),
        (["scan", "--store", "nowhere"], 5, "forensics ingest SOURCE"),
        (["scan", "--fail-on", "severe"], 2, "known are informational, low"),
        (["scan", "--since", "yesterday"], 2, "no ISO 8601 time"),
        (["scan", "--engine", "abacus"], 2, "no engine"),
        (["scan", "--since", "2030-01-01"], 3, "no event from 2030-01-01"),
        (["scan", "--since", "2026-03-02", "--until", "2026-03-02"], 2, "is not part of it"),
        (["scan", "--rules", "nowhere"], 2, "no such folder"),
        (["features", "user:stranger"], 2, "no call of 'user:stranger'"),
        (["incidents", "show", "INC-0"], 2, "no incident begins with"),
        (["incidents", "list", "--format", "xml"], 2, "known are table, json"),
        (["query", "drop table events"], 2, "expected one SELECT"),
        (["query", "select 1; select 2"], 2, "expected one SELECT"),
        (["query", "select * from nothing"], 2, "nothing does not exist"),
        (["query", "select * from read_csv('/etc/passwd')"], 2, "disabled by configuration"),
        (["rules", "show", "none"], 2, "no rule is called"),
        (["formats", "detect", "nowhere.log"], 3, "no file matches"),
        (["nonsense"], 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_have_an_exit_code_and_a_way_out(arguments: list[str], code: int, said: str, run: Any, log: Path) -> None:
    assert run("ingest", log).code == 0
    ran = run(*arguments)
    assert ran.code == code
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_fail_on(run: Any, log: Path) -> None:
    assert run("ingest", log).code == 0
    assert run("scan", "--fail-on", "critical").code == 0
    assert run("scan", "--fail-on", "high").code == 1


def test_a_second_writer_is_turned_away(run: Any, log: Path, tmp_path: Path) -> None:
    from forensics.store import Store

    assert run("ingest", log).code == 0
    with Store.open(tmp_path / "forensics-store").writing():
        assert run("ingest", log).code == 75
        assert run("scan").code == 75
        assert run("incidents", "list").code == 0


def test_filters(run: Any, log: Path) -> None:
    scanned(run, log)
    for wanted, found in {
        ("--client", "user:mallory"): 1,
        ("--client", "user:ann"): 0,
        ("--model", "orchid-chat"): 1,
        ("--technique", "AML.T0056"): 0,
        ("--min-severity", "critical"): 0,
        ("--min-severity", "low"): 1,
    }.items():
        assert len(run("incidents", "list", *wanted, "--format", "json").json) == found


def test_a_window_that_misses_it_finds_nothing_new_and_forgets_nothing(run: Any, log: Path) -> None:
    scanned(run, log)
    before = run("incidents", "list", "--format", "json").out
    assert run("scan", "--since", "2026-01-01T00:00:00Z", "--until", "2026-01-01T00:02:00Z").code == 0
    assert run("incidents", "list", "--format", "json").out == before


def test_the_published_file_answers_a_plain_client(run: Any, log: Path, tmp_path: Path) -> None:
    scanned(run, log)
    with duckdb.connect(str(tmp_path / "forensics-store" / "forensics.duckdb"), read_only=True) as plain:
        assert plain.execute("select count(*) from events").fetchall() == [(180,)]
        assert plain.execute("select count(*) from incidents").fetchall() == [(1,)]
        assert plain.execute("select max(echo_scored) from features_score_use").fetchall() == [(60,)]


def test_every_output_format_says_the_same(run: Any, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("ingest", log).code == 0
    sql = "select client_id, count(*) as n from events group by all order by all"
    expected = run("query", sql, "--format", "json").json
    assert [json.loads(line) for line in run("query", sql, "--format", "ndjson").out.splitlines()] == expected
    assert [row | {"n": int(row["n"])} for row in csv.DictReader(io.StringIO(run("query", sql, "--format", "csv").out))] == expected
    assert [line.split() for line in run("query", sql).out.splitlines()[1:]] == [[r["client_id"], str(r["n"])] for r in expected]
    raw = subprocess.run([sys.executable, "-m", "forensics", "query", sql, "--format", "parquet"], capture_output=True, check=True).stdout
    assert pq.read_table(io.BytesIO(raw)).to_pylist() == expected


def test_formats_detect(run: Any, log: Path, root: Path) -> None:
    found = run("formats", "detect", log, "--format", "json")
    assert found.code == 0
    assert found.json["format"] == "litellm"
    assert found.json["reason"] == "50 of 50 sampled records have call_type, startTime, model, metadata"
    assert (found.json["columns"]["model"], found.json["columns"]["client_ip"]) == (1.0, 0.0)
    gateway = root / "fixtures" / "logs" / "home-gateway" / "input.jsonl"
    unknown = run("formats", "detect", gateway, "--format", "json")
    assert (unknown.code, unknown.json["format"]) == (3, None)
    mapped = run("formats", "detect", gateway, "--mapping", root / "fixtures" / "mappings" / "home-gateway.toml")
    assert (mapped.code, mapped.out.startswith("home-gateway: 3 of 3")) == (0, True)


def test_rules_commands(run: Any, tmp_path: Path, root: Path) -> None:
    assert run("rules", "validate").out.endswith(" rules are valid, 0 problems\n")
    assert ", 0 failed" in run("rules", "test").out
    assert "scored_own_text" in run("rules", "list").out
    assert run("rules", "show", "scored_own_text").out.startswith("title: ")
    text = (root / "rules" / "aml.t0024.000" / "scored_own_text.yml").read_text()
    (tmp_path / "rules" / "aml.t0024.000").mkdir(parents=True)
    odd = tmp_path / "rules" / "aml.t0024.000" / "odd.yml"
    odd.write_text(text.replace("score_use.echo_scored|gte", "score_use.echo_score|gte", 1))
    ran = run("rules", "validate", "--rules", tmp_path / "rules")
    assert ran.code == 2
    assert "odd.yml:" in ran.err
    assert "did you mean" in ran.err
    odd.write_text(text.replace("fires: true", "fires: false"))
    assert run("rules", "test", "--rules", tmp_path / "rules").code == 2


def test_hostile_values_are_data_everywhere(run: Any, tmp_path: Path) -> None:
    rows = [
        {
            "id": f"h-{n}",
            "call_type": "acompletion",
            "startTime": 1767225600 + n,
            "model": text,
            "metadata": {"user_api_key_user_id": text, "user_agent": text, "requester_ip_address": text},
            "messages": [{"role": text, "content": text}],
            "response": {"choices": [{"finish_reason": text, "message": {"content": text}}]},
        }
        for n, text in enumerate(HOSTILE)
    ]
    (tmp_path / "hostile.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run("ingest", tmp_path / "hostile.jsonl").code == 0
    assert run("scan").code == 0
    found = run("query", "select client_id from events order by source_row", "--format", "json").json
    assert [row["client_id"] for row in found] == [f"user:{text.strip()}" for text in HOSTILE]
    for form in ("table", "csv", "ndjson"):
        out = run("query", "select model, user_agent from events", "--format", form).out
        assert "\x1b" not in out.replace("\n", "") or form == "csv"
    cells = csv.reader(io.StringIO(run("query", "select model from events", "--format", "csv").out))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in cells for cell in row)


def test_no_text_of_prompts_or_answers_reaches_the_disk(run: Any, tmp_path: Path) -> None:
    secret, answer = "The launch code is PELICAN-TANGO", "Acknowledged OSPREY-FOXTROT"
    row = {
        "id": "s-1",
        "call_type": "acompletion",
        "startTime": 1767225600,
        "model": "m",
        "metadata": {"user_api_key_user_id": "ann", "user_api_key_alias": "sk-live-abcdefghijklmnop1234"},
        "messages": [{"role": "user", "content": secret}],
        "response": {"choices": [{"finish_reason": "stop", "message": {"content": answer}}]},
    }
    (tmp_path / "s.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row)[:-40] + "\n")
    run("ingest", tmp_path / "s.jsonl", "--store", tmp_path / "s")
    assert run("scan", "--store", tmp_path / "s").code == 0
    for path in (tmp_path / "s").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for word in (b"PELICAN", b"OSPREY", b"sk-live"):
                assert word not in content, path


@pytest.mark.parametrize(
    "command", [*sorted(c.name or "" for c in app.registered_commands), "incidents list", "rules test", "formats detect"]
)
def test_every_command_has_help(command: str, run: Any) -> None:
    ran = run(*command.split(), "--help")
    assert ran.code == 0
    assert "Usage: forensics" in ran.out


def test_version(run: Any) -> None:
    assert run("--version").out.startswith("forensics 0.")


def test_printable_keeps_letters_and_shows_the_rest() -> None:
    assert output.printable("Grüße 漢字") == "Grüße 漢字"
    assert output.printable("a\x1b[31mb\u202ec\x00") == "a\\x1b[31mb\\u202ec\\x00"
