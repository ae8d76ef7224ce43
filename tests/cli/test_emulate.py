"""forensics emulate and forensics demo."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_emulated_traffic_is_ingested_and_scanned(run: Run, tmp_path: Path) -> None:
    done = run("emulate", "language", "--clients", 12, "--attackers", 0.25, "--seed", 3, "--format", "bedrock", "--out", "purple")
    assert (done.code, "12 accounts, 3 of them hostile" in done.err) == (0, True)
    assert re.fullmatch(r".*/purple/logs/language-bedrock.jsonl.gz  [\d,]+ calls\n", done.out)
    truth = [json.loads(line) for line in (tmp_path / "purple" / "truth.jsonl").read_text().splitlines()]
    assert len(truth) == 12
    (report,) = run("ingest", "purple/logs", "--store", "store", "--json").json
    assert (report["format"], report["rejected"], report["items"]) == ("bedrock", 0, sum(t["n_queries"] for t in truth))
    clients = run("query", "select distinct client_id from events order by 1", "--store", "store", "--format", "json").json
    assert sorted(c["client_id"].rpartition("/")[2] for c in clients) == sorted(t["client_id"] for t in truth)
    assert run("scan", "--store", "store").code == 0


def test_what_is_wrong_is_said(run: Run, tmp_path: Path) -> None:
    for arguments, said in (
        (("emulate", "weather"), "error: no scenario is called 'weather'\nhint: known are mixed, tabular, language, benign\n"),
        (("emulate", "--format", "csv"), "error: csv: no such format can be written\nhint: known are bedrock, databricks, litellm\n"),
    ):
        done = run(*arguments)
        assert (done.code, done.out, done.err) == (2, "", said)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("mine")
    for command in ("emulate", "demo"):
        done = run(command, "--clients", 4, "--out", "taken")
        assert (done.code, "holds something else" in done.err, "--out" in done.err) == (2, True, True)
    assert [p.name for p in (tmp_path / "taken").iterdir()] == ["thesis.txt"]


def test_the_demo_runs_twice_and_what_it_proposes_works(run: Run, tmp_path: Path, own_key_file: Path) -> None:
    before = own_key_file.exists()
    assert run("demo", "--clients", 4).code == 0
    done = run("demo", "--clients", 12)
    assert (done.code, "12 accounts" in done.err) == (0, True)
    assert own_key_file.exists() == before  # the key of the demo's user is none of its business
    assert sorted(p.name for p in (tmp_path / "forensics-demo").iterdir()) == [".forensics-demo", "key", "report.html", "store", "traffic"]
    first, second, third = [shlex.split(line) for line in done.out.splitlines()[-3:]]
    assert [run(*command[1:]).code for command in (first, second, third)] == [0, 0, 0]
