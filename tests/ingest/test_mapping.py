"""A mapping file makes a format out of any JSON log, and says what is wrong with itself."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forensics.ingest.mapping import load_mapping
from forensics.model.errors import UsageError

GOOD = """
name = "own"
[marks]
"who.id" = true
kind = "call"
[columns]
ts = ["when.start", "at"]
user_id = "who.id"
model = { path = "url", regex = "models/([a-z]+)" }
latency_ms = { path = "seconds", scale = 1000 }
request = "body"
[constants]
provider = "it's ours"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "m.toml"
    path.write_text(text)
    return path


def test_paths_alternatives_expressions_and_constants(ingest: Callable[..., Any], tmp_path: Path) -> None:
    rows = [
        {
            "kind": "call",
            "who": {"id": "eve"},
            "when": {"start": 1767225600123},
            "url": "/models/moss:p",
            "seconds": "0.25",
            "body": {"prompt": "x"},
        },
        {
            "kind": "call",
            "who": {"id": "eve"},
            "at": "2026-01-01T01:00:00+01:00",
            "url": "/other",
            "seconds": None,
            "body": '{"prompt":"x"}',
        },
        {"kind": "ping", "who": {"id": "eve"}, "at": "2026-01-01T01:00:00Z"},
        *({"kind": "call", "who": {"id": "eve"}, "at": 1767225600 + n} for n in range(20)),
    ]
    (tmp_path / "own.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    read = ingest(tmp_path / "own.jsonl", mapping=load_mapping(written(tmp_path, GOOD)))
    first, second = read.rows("events")[:2]
    assert first["ts"].isoformat() == "2026-01-01T00:00:00.123000+00:00"
    assert second["ts"].isoformat() == "2026-01-01T00:00:00+00:00"
    assert (first["model"], first["latency_ms"], first["provider"], first["client_id"]) == ("moss", 250.0, "it's ours", "user:eve")
    assert "model" not in second
    hashes = read.items["exact_hash"].to_pylist()
    assert len(hashes) == 2
    assert len(set(hashes)) == 1
    assert [(r.row, r.reason) for r in read.report.rejects] == [(3, "not a own record: expected who.id, kind=call")]


def test_a_log_without_native_ids_counts_identical_records_within_the_file(ingest: Callable[..., Any], tmp_path: Path) -> None:
    line = json.dumps({"kind": "call", "who": {"id": "eve"}, "at": 1767225600}) + "\n"
    mapping = load_mapping(written(tmp_path, GOOD))
    (tmp_path / "a.jsonl").write_text(line * 3)
    (tmp_path / "b.jsonl").write_text(line * 5)
    a, b = (ingest(tmp_path / name, mapping=mapping).events["event_id"].to_pylist() for name in ("a.jsonl", "b.jsonl"))
    assert len(set(b)) == 5
    assert a == b[:3]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('user_id = "who.id"', 'user_idd = "who.id"'), "m.toml:6: columns: Value error, unknown column user_idd"),
        (('name = "own"', 'name = "Own Log"'), "m.toml:2: name: String should match"),
        (('regex = "models/([a-z]+)"', 'regex = "models/[a-z]+"'), "needs one group"),
        (('regex = "models/([a-z]+)"', 'regex = "models/([a-z"'), "no regular expression"),
        (('regex = "models/([a-z]+)"', 'regex = "models/(?=x)([a-z]+)"'), "not a regular expression of RE2"),
        (('"who.id"\nmodel', '"who..id"\nmodel'), "is no path"),
        (('"who.id"\nmodel', '"who.\'id"\nmodel'), "is no path"),
        (("[constants]", "[constant]"), "m.toml:12: constant: Extra inputs are not permitted"),
        (('ts = ["when.start", "at"]\n', ""), "columns.ts is missing"),
        (("[marks]", "[marks"), "not valid TOML"),
        (('request = "body"', 'request = "who"'), "who is taken whole, but another column wants a part of it"),
    ],
)
def test_a_mistake_is_named_with_its_place(change: tuple[str, str], complaint: str, tmp_path: Path) -> None:
    assert change[0] in GOOD
    with pytest.raises(UsageError) as caught:
        load_mapping(written(tmp_path, GOOD.replace(*change)))
    assert complaint in str(caught.value)
    assert caught.value.hint


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_mapping(tmp_path / "none.toml")
