"""What receivers bound, with an incident in which everything is as long, as wide and as many as it can be."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from line_formats import read_cef
from outgoing import OUTGOING, PLAIN, WORST, incident, outgoing

from forensics.export.document import document, within
from forensics.export.interface import ExportFormat, Outgoing
from forensics.export.plugins import formats
from forensics.export.text import bounded, fitted, json_bytes, stable_uuid
from forensics.model.finding import Evidence

FORMATS: dict[str, ExportFormat] = {f.name: f for f in formats()}
WIDE = "😀" * 5000


def huge() -> Outgoing:
    """As much of everything as nobody has seen yet."""
    evidence = tuple(Evidence(f"feature.column_{n}", 1.0, 2.0, WIDE, tuple("e" * 64 for _ in range(200))) for n in range(30))
    found = tuple(replace(PLAIN[0], finding_id=f"F-{n}", title=WIDE, client_id=WIDE, model=WIDE, evidence=evidence) for n in range(40))
    many = tuple(f"user:{n}{WIDE}" for n in range(300))
    everything = incident(
        found,
        title=WIDE,
        summary=WIDE,
        clients=many,
        associated_clients=many,
        models=many,
        techniques=tuple(f"AML.T{n:04d}" for n in range(60)),
        analytics=tuple(f"{n}/rule" for n in range(200)),
    )
    return outgoing(everything)


@pytest.fixture(scope="module")
def bodies() -> dict[str, bytes]:
    return {name: next(iter(fmt.render((huge(),)))).body for name, fmt in FORMATS.items()}


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("syslog", 8192),
        ("cef", 8192),
        ("leef", 8192),
        ("teams", 28_000),
        ("slack", 60_000),
        ("webhook", 65_536),
        ("splunk-hec", 1_000_000),
        ("sentinel", 1_000_000),
        ("udm", 1_000_000),
        ("elastic-bulk", 5_000_000),
        ("thehive", 5_000_000),
        ("markdown", 2_000_000),
    ],
)
def test_messages_stay_below_what_receivers_take(name: str, limit: int, bodies: dict[str, bytes]) -> None:
    assert 0 < len(bodies[name]) <= limit


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


def test_terms_of_lucene(bodies: dict[str, bytes]) -> None:
    assert all(len(text.encode()) < 32_766 for line in bodies["elastic-bulk"].splitlines() for text in strings(json.loads(line)))


def test_columns_of_log_analytics(bodies: dict[str, bytes]) -> None:
    (row,) = json.loads(bodies["sentinel"])
    assert all(len(json_bytes(value)) <= 64_000 or len(str(value).encode()) <= 64_000 for value in row.values())
    assert row["AdditionalFields"]["left_out"]["findings"] > 0


def test_blocks_of_slack(bodies: dict[str, bytes]) -> None:
    for out in (*OUTGOING, huge()):
        (body,) = (m.body for m in FORMATS["slack"].render((out,)))
        message = json.loads(body)
        assert len(message["blocks"]) <= 50
        for block in message["blocks"]:
            limit = 150 if block["type"] == "header" else 3000
            assert 0 < len(block.get("text", {}).get("text", "-")) <= limit
            assert all(0 < len(field["text"]) <= 2000 for field in block.get("fields", block.get("elements", [])))
            assert len(block.get("fields", [])) <= 10
            assert len(block.get("elements", [])) <= 10
        assert {t["type"] for b in message["blocks"] for t in [b.get("text"), *b.get("fields", []), *b.get("elements", [])] if t} == {
            "plain_text"
        }


def test_lengths_of_cef() -> None:
    longest = {"act": 63, "outcome": 63, "suser": 1023, "msg": 1023, "cat": 1023}
    for out in (*OUTGOING, huge()):
        (body,) = (m.body for m in FORMATS["cef"].render((out,)))
        header, extension = read_cef(body.decode())
        assert len(header[5]) <= 512
        assert all(len(value) <= longest.get(key, 4000) for key, value in extension.items())


def test_cells_of_spreadsheets(bodies: dict[str, bytes]) -> None:
    rows = list(csv.reader(io.StringIO(bodies["csv"].decode(), newline="")))
    assert all(len(cell) <= 32_767 for row in rows for cell in row)


def test_what_was_left_out_is_counted() -> None:
    whole = document(huge())
    small = within(whole, 100_000)
    assert len(json_bytes(small)) <= 100_000
    for name, left in small["left_out"].items():
        if name != "event_ids":
            assert left == len(whole[name]) - len(small[name])
    assert within(document(OUTGOING[0]), 100_000) == document(OUTGOING[0])
    with pytest.raises(ValueError, match="does not fit"):
        within(whole, 100)


def test_long_identifiers_that_differ_at_their_end_stay_different() -> None:
    first, second = bounded("a" * 5000 + "1", 200), bounded("a" * 5000 + "2", 200)
    assert first != second
    assert len(first) == 200
    assert bounded("short", 200) == "short"


def test_what_is_cut_is_never_half_an_escape() -> None:
    for limit in range(40):
        cut = fitted("=" * 30, limit, lambda text: text.replace("=", "\\="))
        assert len(cut.encode()) <= limit
        assert cut.removesuffix("…").replace("\\=", "") == ""


def test_uuids_tell_parts_apart() -> None:
    assert stable_uuid("ab", "c") != stable_uuid("a", "bc")
    assert stable_uuid("ab", "c") == stable_uuid("ab", "c")


def test_every_json_is_plain_ascii_without_controls() -> None:
    for name, fmt in FORMATS.items():
        if fmt.suffix in (".json", ".ndjson", ".jsonl", ".sarif"):
            for message in fmt.render((*OUTGOING, outgoing(WORST))):
                assert all(byte == 10 or 32 <= byte < 127 for byte in message.body), name


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    assert json.loads(json_bytes({"a": "x\ud800y"})) == {"a": "x\ufffdy"}
