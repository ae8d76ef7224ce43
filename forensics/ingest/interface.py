"""The contract of a log format: how to recognise a record, and where its canonical columns stand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Shape = Mapping[str, Any]

# What a format may fill, with the type it is cast to. The rest of `events` is computed from these.
CALL_COLUMNS: dict[str, str] = {
    "native_id": "VARCHAR",
    "ts": "TIMESTAMPTZ",
    "ts_quality": "VARCHAR",
    "api_key_id": "VARCHAR",
    "user_id": "VARCHAR",
    "user_email": "VARCHAR",
    "user_arn": "VARCHAR",
    "org_id": "VARCHAR",
    "session_id": "VARCHAR",
    "client_ip": "VARCHAR",
    "user_agent": "VARCHAR",
    "provider": "VARCHAR",
    "endpoint": "VARCHAR",
    "model": "VARCHAR",
    "operation": "VARCHAR",
    "http_status": "BIGINT",
    "failed": "BOOLEAN",
    "error_code": "VARCHAR",
    "latency_ms": "DOUBLE",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "request_bytes": "BIGINT",
    "response_bytes": "BIGINT",
    "sample_rate": "DOUBLE",
    "request_state": "VARCHAR",
    "response_state": "VARCHAR",
    "request": "JSON",
    "response": "JSON",
}

# A call as `forensics.emulate` makes it: what the expressions of `LogFormat.writes` read, as columns of ``c``.
EMULATED_COLUMNS: dict[str, str] = {
    "call_no": "BIGINT",  # place in its log
    "call_id": "VARCHAR",  # 32 hex digits, unique
    "ts": "TIMESTAMPTZ",  # to the millisecond
    "user_id": "VARCHAR",
    "api_key_id": "VARCHAR",
    "client_ip": "VARCHAR",
    "user_agent": "VARCHAR",
    "session_id": "VARCHAR",  # null where the client keeps none
    "model": "VARCHAR",
    "operation": "VARCHAR",  # predict, chat, text_completion or embeddings
    "request": "JSON",  # {"instances": [...]} or {"inputs": [...]}, {"messages": [...]}, {"prompt": ...}, {"input": ...}; parameters beside
    # {"predictions": [...], "scores": [...]}, {"choices": [...], "usage": {...}}, {"data": [...]}; null for a call that failed
    "response": "JSON",
    "http_status": "BIGINT",
    "error_code": "VARCHAR",  # null, rate_limited or unavailable
    "latency_ms": "DOUBLE",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
}


@dataclass(frozen=True, slots=True)
class LogFormat:
    """One log format. A plug-in file defines ``FORMAT``; nothing else has to change.

    Attributes:
        name: how ``--format`` and reports call it; the plug-in's file name.
        title: for people.
        marks: path (dots between keys) to the value that it must have, or None where any value will do. A record with
            all marks is taken for one of this format; a record of a file in this format that lacks one is rejected.
        shape: the parts of a record that are read, as nested mappings whose leaves are DuckDB types (``VARCHAR`` accepts
            any scalar, ``JSON`` anything). The same shape serves JSON lines and Parquet columns.
        columns: canonical column (a key of `CALL_COLUMNS`) to a DuckDB expression over the record ``r``. What is left
            out is null. ``request`` and ``response`` are bodies that `forensics.ingest.content` reads.
            Helpers: ``timestamp_of(any)`` reads ISO 8601 and epoch numbers of any unit.
        writes: key of a record to a DuckDB expression over an emulated call ``c`` (`EMULATED_COLUMNS`). What is written must read
            back as the same call. A format without it reads only.
        suffix: container of what is written: .jsonl, .jsonl.gz or .parquet.
    """

    name: str
    title: str
    marks: Mapping[str, str | None]
    shape: Shape
    columns: Mapping[str, str]
    documentation: str = ""
    writes: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ".jsonl.gz"

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.columns) - set(CALL_COLUMNS)):
            raise TypeError(f"format {self.name}: unknown columns {unknown}; known are {sorted(CALL_COLUMNS)}")

    @property
    def structure(self) -> str:
        """The shape as DuckDB's ``from_json`` wants it."""
        return json.dumps(self.shape)

    @property
    def complaint(self) -> str:
        """What a record that is not of this format lacks."""
        wanted = ", ".join(path if value is None else f"{path}={value}" for path, value in self.marks.items())
        return f"not a {self.name} record: expected {wanted}"

    def recognises(self, record: Mapping[str, Any]) -> bool:
        """Whether a decoded record has all marks."""
        return all(_has(record, path.split("."), value) for path, value in self.marks.items())


def _has(record: object, path: list[str], wanted: str | None) -> bool:
    for key in path:
        if not isinstance(record, Mapping) or key not in record:
            return False
        record = record[key]
    return record is not None and (wanted is None or record == wanted)
