"""The page: nothing of a log acts on it, it loads nothing, it is the same every time, and it is written whole."""

import base64
import hashlib
import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from made_store import Query, add, bisection, incident, ordinary, scanned
from support import HOSTILE

from forensics import pipeline
from forensics.model.errors import InputError, UsageError
from forensics.model.finding import Evidence
from forensics.model.incident import Incident
from forensics.model.scan import Reject, Skipped, SourceReport
from forensics.report import page as page_module
from forensics.store import Store

EVIL = (
    *HOSTILE,
    '"><img src=x onerror=alert(1)>',
    "</style><style>*{display:none}</style>",
    "</title></svg><script>alert(1)</script>",
    "<!-- --!><a href=javascript:alert(1)>",
    "\u2066\u2069\u200b\ufeff\u061c\x9b31m\x7f",
)


class Outline(HTMLParser):
    """Tags with the names of their attributes, in order; and everything that could lead out of the page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, ...]] = []
        self.values: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.values += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(store: Store, tmp_path: Path, **options: Any) -> str:
    pipeline.report(store, tmp_path / "report.html", **options)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def said(name: str) -> tuple[list[Query], Incident, SourceReport, Skipped]:
    """Everything that a log or a rule can fill, filled with ``name``."""
    queries = [replace(q, client=name, model=name, label=name if q.label == "yes" else "no") for q in bisection()]
    queries += [replace(q, model=name) for q in ordinary()]
    one = incident(name, model=name, associated_clients=(name,), title=name, summary=name, verdict=name, status=name)
    (finding,) = one.findings
    cited = (Evidence(name, 1.5, None, name, (name,)),)
    finding = replace(finding, title=name, analytic=name, evidence=cited, falsepositives=(name,), triage=(name,))
    one = replace(one, findings=(finding,), techniques=(name,), analytics=(name,))
    rejected = (Reject(name, 1, name, "0" * 64),)
    report = SourceReport(name, name, name, "f", name, "ingested", records=2, new=1, rejected=1, rejects=rejected)
    return queries, one, report, Skipped("rule", name, name)


def page_of(store: Store, tmp_path: Path, name: str) -> str:
    queries, one, report, skipped = said(name)
    add(store, queries, [report])
    scanned(store, [one], [skipped])
    return rendered(store, tmp_path)


@pytest.mark.parametrize("name", EVIL)
def test_nothing_of_a_log_becomes_markup(store: Store, tmp_path: Path, name: str) -> None:
    harmless = Outline(page_of(Store.open(tmp_path / "harmless", create=True), tmp_path, "plain"))
    html = page_of(store, tmp_path, name)
    found = Outline(html)
    assert found.tags == harmless.tags
    assert {t for t in found.tags if t[0] in ("script", "img", "iframe", "object", "link", "form", "base")} == set()
    # What acts on a terminal, an editor or the order of letters stands there as an escape.
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]", html) == []


def test_hostile_characters_are_shown_not_dropped(store: Store, tmp_path: Path) -> None:
    text = Outline(page_of(store, tmp_path, "\u202egnp.exe <b>\x1b[2J")).text
    assert "\\u202egnp.exe <b>\\x1b[2J" in text


def test_the_page_loads_nothing_and_allows_only_its_own_style(store: Store, tmp_path: Path) -> None:
    html = page_of(store, tmp_path, "plain")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    values = Outline(html).values
    (policy,) = (v for tag, name, v in values if tag == "meta" and name == "content" and "src" in v)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert {name for _, name, _ in values} & {"src", "style", "srcset", "action", "data"} == set()
    assert [name for _, name, _ in values if name.startswith("on")] == []
    assert [v for _, name, v in values if name.endswith("href") and not v.startswith("#")] == []
    assert re.findall(r"url\(|@import|https?:", html) == []


def test_links_and_references_lead_to_places_in_the_page(store: Store, tmp_path: Path) -> None:
    values = Outline(page_of(store, tmp_path, "plain")).values
    places = [v for _, name, v in values if name == "id"]
    assert len(places) == len(set(places))
    named = [v.removeprefix("#") for _, name, v in values if name == "href"]
    named += [part for _, name, v in values if name == "aria-labelledby" for part in v.split()]
    assert set(named) <= set(places)
    assert named


def test_the_page_says_what_was_scanned_found_and_left_out(store: Store, tmp_path: Path) -> None:
    queries, one, report, skipped = said("plain")
    add(store, queries, [report])
    scanned(store, [one, incident("user:0", number=2, severity="low", techniques=("AML.T0024.000",))], [skipped])
    text = " ".join(Outline(rendered(store, tmp_path)).text.split())
    for expected in (
        "2 incidents: 1 high 1 low 123 calls of 7 clients on 1 model, 2026-03-02 06:00:00 to 2026-03-03 06:00:00 UTC.",
        "1 detector did not run. 1 of 2 records could not be read.",
        "Infer Training Data Membership",
        "1 with 2 records: 0 known before, 1 rejected",
        "rule plain: plain",
        "5ca17 by forensics 0.1.0 on engine local",
    ):
        assert expected in text


def test_severity_top_and_merged_are_counted(store: Store, tmp_path: Path) -> None:
    add(store, bisection())
    queue = [incident("user:eve", number=n, severity=s) for n, s in enumerate(("high", "medium", "medium", "low"), 1)]
    scanned(store, [*queue, incident("user:eve", number=9, merged_into="INC-1")])
    shown = pipeline.report(store, tmp_path / "r.html", min_severity="medium", top=1)
    assert (len(shown.queue), len(shown.told), shown.untold, shown.below, shown.merged) == (3, 1, 2, 1, 1)
    text = " ".join(Outline((tmp_path / "r.html").read_text()).text.split())
    assert "3 incidents of severity medium or above: 1 high 2 medium" in text
    assert "1 below medium left out. 1 merged into others." in text
    assert "2 further incidents of the queue not told in full here" in text


def test_an_empty_queue_is_no_empty_page(store: Store, tmp_path: Path) -> None:
    add(store, ordinary())
    scanned(store)
    text = Outline(rendered(store, tmp_path)).text
    assert "No incident." in text
    assert "The queue is empty" in text
    assert "5ca17" in text


def test_calls_that_are_gone_are_said_to_be(store: Store, tmp_path: Path) -> None:
    scanned(store, [incident("user:eve")])
    assert "no longer holds the calls" in rendered(store, tmp_path)


def test_a_store_that_was_never_scanned(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not been scanned") as raised:
        rendered(store, tmp_path)
    assert raised.value.hint == "forensics scan"
    assert not (tmp_path / "report.html").exists()


def test_same_store_same_bytes(store: Store, tmp_path: Path) -> None:
    add(store, bisection() + ordinary())
    scanned(store, [incident("user:eve"), incident("user:eve", "user:0", number=2)])
    first = rendered(store, tmp_path)
    assert rendered(store, tmp_path) == first
    other = Store.open(tmp_path / "other", create=True)
    add(other, ordinary()[::-1])
    add(other, bisection()[::-1])
    scanned(other, [incident("user:eve"), incident("user:eve", "user:0", number=2)])
    assert rendered(other, tmp_path) == first


def test_the_file_is_private_and_whole(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned(store)
    out = tmp_path / "out" / "report.html"
    out.parent.mkdir()
    out.write_text("old")
    out.chmod(0o644)
    pipeline.report(store, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = out.read_bytes()
    monkeypatch.setattr(page_module.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        page_module.write(out, "new")
    assert (out.read_bytes(), [p.name for p in out.parent.iterdir()]) == (before, ["report.html"])


def test_places_that_cannot_be_written(store: Store, tmp_path: Path) -> None:
    scanned(store)
    for place in (tmp_path, tmp_path / "nowhere" / "report.html"):
        with pytest.raises(UsageError, match=re.escape(str(place))):
            pipeline.report(store, place)


def test_templates_come_with_the_package() -> None:
    names = {file.name for file in resources.files("forensics.report").joinpath("templates").iterdir()}
    assert names == {"report.html.j2", "chart.html.j2", "report.css"}
