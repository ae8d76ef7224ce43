"""Log content is data in every format: whatever stands in an identifier, the receiver reads the same fields with that value in them."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_formats import read_cef, read_leef, read_syslog
from outgoing import DELIMITERS, OUTGOING, hostile, outgoing
from support import HOSTILE

from forensics.export.formats.csv import FORMULA
from forensics.export.interface import ExportFormat
from forensics.export.plugins import formats
from forensics.model.text import printable

FORMATS: dict[str, ExportFormat] = {f.name: f for f in formats()}
TEXTS = (*DELIMITERS, *HOSTILE)
MEAN = st.text(st.sampled_from("|=\\\"]['\n\r\t\x00\x1b^&<>`*_{}()!#-+@, a1é漢😀\u202e\u2028"), max_size=60)


def body(name: str, text: str) -> str:
    (message,) = FORMATS[name].render((outgoing(hostile(text)),))
    return message.body.decode()


def same(shown: str, text: str) -> bool:
    """The value, or its beginning where it was cut."""
    whole = printable(text)
    return shown.strip(" ") == whole.strip(" ") or (shown.endswith("…") and whole.startswith(shown[:-1])) or " characters, sha256 " in shown


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: repr(t)[:30])
def test_line_formats(text: str) -> None:
    check_lines(text)


@given(MEAN)
@settings(max_examples=200, deadline=None)
def test_line_formats_whatever_the_text(text: str) -> None:
    check_lines(text)


def check_lines(text: str) -> None:
    usual_cef, usual_leef = read_cef(body("cef", "plain")), read_leef(body("leef", "plain"))
    header, extension = read_cef(body("cef", text))
    assert header[4] == usual_cef[0][4]
    assert same(header[5], text)
    assert set(extension) - {"c6a2", "c6a2Label"} <= set(usual_cef[1])
    assert extension["externalId"] == "INC-666"
    assert same(extension["msg"], f"{text} sent 3 queries to {text}")
    leef_header, attributes = read_leef(body("leef", text))
    assert leef_header == usual_leef[0]
    assert set(attributes) <= set(usual_leef[1])
    assert same(attributes["clients"].split(";")[0], f"user:{text}".split(";")[0]) or ";" in text or text != text.strip()
    _, parameters, message = read_syslog(body("syslog", text))
    assert len(dict(parameters)) == len(parameters)
    assert same(dict(parameters)["clients"], "; ".join(hostile(text).clients))
    assert "\n" not in message
    for name in ("cef", "leef", "syslog"):
        assert not [c for c in body(name, text) if ord(c) < 32 and c != "\t"]
        assert "\u202e" not in body(name, text)


@given(MEAN)
@settings(max_examples=200, deadline=None)
def test_spreadsheets(text: str) -> None:
    source = body("csv", text)
    rows = list(csv.reader(io.StringIO(source, newline=""), strict=True))
    assert len(rows) == 2
    assert source.count("\r\n") == 2
    assert len(rows[0]) == len(rows[1])
    assert not [cell for cell in rows[1] if cell.startswith(FORMULA)]
    row = dict(zip(*rows, strict=True))
    assert json.loads(row["clients"])[0] == printable(f"user:{text}")


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: repr(t)[:30])
def test_spreadsheets_with_what_is_known(text: str) -> None:
    rows = list(csv.reader(io.StringIO(body("csv", text), newline=""), strict=True))
    assert not [cell for row in rows for cell in row if cell.lstrip(" ").startswith(FORMULA)]


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: repr(t)[:30])
def test_json_formats_keep_the_value(text: str) -> None:
    """Escapes are those of JSON, so that what the receiver stores is what was logged."""
    assert json.loads(body("ndjson", text))["clients"][0] == f"user:{text}"
    if len(text) < 1000:
        assert json.loads(body("webhook", text))["data"]["clients"][0] == f"user:{text}"
        assert json.loads(body("ecs", text))["forensics"]["clients"][0] == f"user:{text}"
        assert json.loads(body("ecs", text))["user"]["id"][0] == text
        assert json.loads(body("splunk-hec", text))["event"]["user"][0] == text


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: repr(t)[:30])
def test_chats_show_text(text: str) -> None:
    slack = json.loads(body("slack", text))
    assert slack["mrkdwn"] is False
    for shown in texts(slack):
        assert "<" not in shown
        assert ">" not in shown
        assert "&" not in shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    card = json.loads(body("teams", text))["attachments"][0]["content"]
    assert {element["type"] for element in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for element in card["body"] for run in element["inlines"]} == {"TextRun"}
    for shown in (*texts(slack), *texts(card)):
        assert shown.isprintable() or "\n" in shown


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [t for name, each in value.items() for t in ([each] if name == "text" and isinstance(each, str) else texts(each))]
    return [t for each in value for t in texts(each)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", ["ecs", "elastic-bulk", "splunk-hec", "sentinel", "udm", "cef", "leef", "stix", "thehive", "ocsf"])
def test_a_forged_address_is_no_address(name: str) -> None:
    """An `ip:` client that is none, as a forged header has it, stands in no field that receivers take for an address."""
    text = body(name, "999.1.1.1, 10.0.0.1")
    for field in ('"ip":', '"source":{"ip"', " src=", "\tsrc=", '"DvcIpAddr":', '"dataType":"ip","data":', '"type_id":2'):
        assert f'{field}["999' not in text
        assert f"{field}999" not in text
        assert f'{field}"999' not in text


def test_names_of_techniques_are_told() -> None:
    """Wherever a technique is, its name is as well: an id alone tells a reader nothing."""
    for name, fmt in FORMATS.items():
        if name != "parquet":
            whole = b"".join(m.body for m in fmt.render(OUTGOING[:3])).decode().replace("\\", "")
            assert "AML.T0024.002" in whole, name
            assert name == "splunk-hec" or "Extract AI Model" in whole, name
