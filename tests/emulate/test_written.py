"""Emulated calls, written in every format that can be written, read back as the same calls."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from forensics import pipeline
from forensics.config import Config
from forensics.emulate.scenario import Emulation, emulate
from forensics.emulate.traffic import CALLS
from forensics.emulate.write import write_log
from forensics.ingest.interface import EMULATED_COLUMNS
from forensics.ingest.recognise import builtin_formats
from forensics.io.sources import expand
from forensics.model.errors import UsageError
from forensics.sketch.key import Key
from forensics.store import Store

FORMATS = {fmt.name: fmt for fmt in builtin_formats() if fmt.writes}
WHO = "regexp_extract(client_id, '[^:/]+$')"
ITEMS = f"""
select {WHO} as who, model, date_trunc('second', ts) as at, idx, modality, exact_hash, masked_hash, size, label, top_score, margin,
  mean_logprob, finish_reason, answer_hash, answer_size from items order by all"""
EVENTS = f"""
select {WHO} as who, model, date_trunc('second', ts) as at, operation, n_items, outcome, refused, temperature, max_tokens, logprobs, echo,
  logit_bias, request_state, response_state from events order by all"""
VECTORS = f"select {WHO} as who, date_trunc('second', ts) as at, idx, vector from vectors order by all"


@pytest.fixture(scope="module")
def made() -> Emulation:
    return emulate("mixed", clients=16, seed=11)  # with biases and embeddings among them


def read_back(calls: Mapping[Any, pa.Table], name: str, key: Key, place: Path) -> dict[str, Any]:
    (place / "logs").mkdir(parents=True)
    for number, table in enumerate(calls.values()):
        write_log(table, FORMATS[name].writes, place / "logs" / f"{number}{FORMATS[name].suffix}")
    store = Store.open(place / "store", create=True)
    reports = pipeline.ingest(store, expand([str(place / "logs")]), Config(), key)
    assert {r.format for r in reports} == {name}
    assert sum(r.rejected + r.mended for r in reports) == 0
    with store.reader() as connection:
        return {
            table: connection.sql(sql).to_arrow_table().to_pylist()
            for table, sql in (("events", EVENTS), ("items", ITEMS), ("vectors", VECTORS))
        }


@pytest.fixture(scope="module")
def reference(made: Emulation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_back(made.logs, "databricks", Key("test", bytes(range(32))), tmp_path_factory.mktemp("reference"))


def test_every_builtin_format_can_be_written() -> None:
    assert set(FORMATS) == {fmt.name for fmt in builtin_formats()}


def test_the_columns_of_a_call_are_those_that_formats_read() -> None:
    kinds = {
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "VARCHAR": pa.string(),
        "JSON": pa.string(),
        "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    }
    assert {f.name: f.type for f in CALLS} == {name: kinds[kind] for name, kind in EMULATED_COLUMNS.items()}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_reads_back(name: str, made: Emulation, reference: dict[str, Any], key: Key, tmp_path: Path) -> None:
    found = read_back(made.logs, name, key, tmp_path)
    for table in ("events", "items", "vectors"):
        assert len(found[table]) == len(reference[table]) > 100
        assert repr(found[table]) == repr(reference[table])


def test_what_is_read_is_what_was_asked_and_answered(made: Emulation, reference: dict[str, Any]) -> None:
    calls = [call for table in made.logs.values() for call in table.to_pylist()]
    rows = [row for c in calls if (body := json.loads(c["request"])) and c["operation"] == "predict" for row in next(iter(body.values()))]
    assert sorted(v["vector"] for v in reference["vectors"]) == sorted([float(x) for x in row] for row in rows)
    labels = [label for c in calls if c["response"] and c["operation"] == "predict" for label in json.loads(c["response"])["predictions"]]
    assert sorted(i["label"] for i in reference["items"] if i["label"]) == sorted(labels)
    assert {e["operation"] for e in reference["events"]} == {"predict", "chat", "text_completion", "embeddings"}
    assert {t.client_id for t in made.truth} == {e["who"] for e in reference["events"]}
    assert sum(t.n_queries for t in made.truth) == len(reference["items"])


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_texts_to_embed_and_failures_are_carried(name: str, key: Key, tmp_path: Path) -> None:
    base = {"call_no": 0, "call_id": "0" * 32, "ts": 1772409600_125000, "user_id": "c1", "model": "m", "operation": "embeddings"}
    base |= {
        "request": '{"input": ["one text", "another"], "model": "m"}',
        "response": '{"data": [{"embedding": [0.5]}]}',
        "http_status": 200,
    }
    failed = base | {"call_no": 1, "call_id": "1" * 32, "response": None, "http_status": 429, "error_code": "rate_limited"}
    calls = pa.table({f.name: pa.array([row.get(f.name) for row in (base, failed)], f.type) for f in CALLS})
    found = read_back({"": calls}, name, key, tmp_path)
    assert sorted((i["size"], i["modality"]) for i in found["items"]) == [(7, "text"), (7, "text"), (8, "text"), (8, "text")]
    assert sorted(e["outcome"] for e in found["events"]) == ["ok", "rate_limited"]
    assert {e["operation"] for e in found["events"]} == {"embeddings"}


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    run = {"clients": 8, "attackers": 0.2, "seed": 1}
    with pytest.raises(UsageError, match="a mapping file reads logs"):
        pipeline.emulate("mixed", tmp_path / "a", format_name="home-gateway.toml", **run)
    with pytest.raises(UsageError, match="acme: no such format"):
        pipeline.emulate("mixed", tmp_path / "a", format_name="acme", **run)
    with pytest.raises(UsageError, match="no scenario is called 'x'"):
        pipeline.emulate("x", tmp_path / "a", **run)
    assert not (tmp_path / "a").exists()


def test_a_body_that_was_passed_through_is_read_and_plain_messages_stay_messages(key: Key, tmp_path: Path) -> None:
    base = {"startTime": 1772409600.5, "model": "m", "metadata": {"user_api_key_user_id": "ana"}, "call_type": "pass_through_endpoint"}
    rows = [
        base | {"id": "1", "messages": [{"role": "user", "content": content}], "response": {"response": answer}}
        for content, answer in (('{"instances": [[1, 2.5]]}', '{"predictions": ["a"]}'), ("hello", '{"text": "hi"}'))
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row | {"id": str(n)}) + "\n" for n, row in enumerate(rows)))
    store = Store.open(tmp_path / "store", create=True)
    pipeline.ingest(store, expand([str(tmp_path / "log.jsonl")]), Config(), key)
    with store.reader() as connection:
        found = connection.sql("select operation, modality, label, size from items join events using (event_id) order by all").fetchall()
    assert found == [("chat", "text", None, 5), ("predict", "vector", "a", 2)]
