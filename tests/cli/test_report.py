"""forensics report, from the outside."""

import re
import shlex
from html import unescape
from pathlib import Path
from typing import Any


def commands(page: Path) -> list[str]:
    return [unescape(text) for text in re.findall(r"<pre><code>(.*?)</code></pre>", page.read_text())]


def test_the_commands_of_the_page_work(run: Any, log: Path, tmp_path: Path) -> None:
    log.write_text(log.read_text().replace('"mallory"', '"mal\'lory; $(x) \\\\"'))
    store = ("--store", tmp_path / "my store")
    assert run("ingest", log, *store).code == 0
    assert run("scan", *store).code == 0
    done = run("report", "--html", tmp_path / "r.html", *store)
    assert (done.code, done.out) == (0, "")
    assert done.err.endswith("1 in the queue, 1 told in full\n")
    show, query = commands(tmp_path / "r.html")
    assert "what to do" in run(*shlex.split(show)[1:]).out
    assert len(run(*shlex.split(query)[1:], "--format", "json").json) == 50


def test_before_a_scan_there_is_no_report(run: Any, log: Path) -> None:
    assert run("ingest", log).code == 0
    done = run("report", "--html", "r.html")
    assert done.code == 3
    assert "hint: forensics scan" in done.err
    assert not Path("r.html").exists()


def test_wrong_options(run: Any, log: Path) -> None:
    assert run("ingest", log).code == 0
    assert run("scan").code == 0
    assert run("report").code == 2
    assert run("report", "--html", "r.html", "--min-severity", "dire").code == 2
    assert run("report", "--html", "nowhere/r.html").code == 2
    assert run("report", "--html", "r.html", "--top", "0").code == 0
