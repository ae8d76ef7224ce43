"""The canonical columns: one event per API call, one item per query inside it.

Names follow OTel GenAI, OCSF 1.8.0 and ECS where these have one; the few of our own are explained in
``docs/decisions/0004-names.md``. ``docs/event-schema.md`` is generated from this file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

SCHEMA_VERSION = 4
BUCKETS = 16

ARROW_TYPES: dict[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
    "DOUBLE[]": pa.list_(pa.float64()),
    "VARCHAR[]": pa.list_(pa.string()),
    "BLOB": pa.binary(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: DuckDB type, meaning, and its name in three public schemas ('' where none exists)."""

    name: str
    type: str
    description: str
    otel: str = ""
    ocsf: str = ""
    ecs: str = ""


EVENTS: tuple[Column, ...] = (
    # provenance
    Column(
        "event_id",
        "VARCHAR",
        "Identity of the call, 32 hex digits: SHA-256 of the format, its native id and the UTC date, or of the record's bytes and "
        "their ordinal within the file",
        ocsf="metadata.uid",
        ecs="event.id",
    ),
    Column("source_format", "VARCHAR", "Log format that the record was read as", ocsf="metadata.log_format", ecs="event.module"),
    Column("source_uri", "VARCHAR", "File that the record was first read from", ocsf="metadata.log_source", ecs="log.file.path"),
    Column("source_row", "BIGINT", "Line of a text log, row of a Parquet file; from 1", ecs="log.offset"),
    Column("record_sha256", "VARCHAR", "SHA-256 of the record's bytes, 64 hex digits", ecs="event.hash"),
    # time
    Column("ts", "TIMESTAMPTZ", "When the call was made, UTC", otel="span start time", ocsf="time", ecs="@timestamp"),
    Column("ts_quality", "VARCHAR", "exact (below one second) or second (the log has whole seconds only)"),
    # identity
    Column(
        "client_id",
        "VARCHAR",
        "Principal that the call is counted for: kind (user, key, email, arn, ip, unknown), a colon, the id as it stands in the log",
        ocsf="actor.user.uid",
        ecs="user.id",
    ),
    Column(
        "api_key_id",
        "VARCHAR",
        "API key, or its hash or alias; a value that looks like a secret is hashed",
        ocsf="actor.user.credential_uid",
    ),
    Column("user_id", "VARCHAR", "User that the gateway authenticated", otel="user.id", ocsf="actor.user.uid", ecs="user.id"),
    Column("user_email", "VARCHAR", "The user's mail address", otel="user.email", ocsf="actor.user.email_addr", ecs="user.email"),
    Column("user_arn", "VARCHAR", "AWS principal", ocsf="actor.user.uid_alt", ecs="aws.cloudtrail.user_identity.arn"),
    Column("org_id", "VARCHAR", "Organisation, team or account", ocsf="actor.user.org.uid", ecs="organization.id"),
    Column("session_id", "VARCHAR", "Session or conversation", otel="gen_ai.conversation.id", ocsf="actor.session.uid"),
    Column("client_ip", "VARCHAR", "Address that the call came from", otel="client.address", ocsf="src_endpoint.ip", ecs="source.ip"),
    Column("user_agent", "VARCHAR", "User agent", otel="user_agent.original", ocsf="http_request.user_agent", ecs="user_agent.original"),
    # target
    Column(
        "provider", "VARCHAR", "Who serves the model", otel="gen_ai.provider.name", ocsf="ai_model.ai_provider", ecs="gen_ai.provider.name"
    ),
    Column("endpoint", "VARCHAR", "Path or deployment that was called", otel="url.path", ocsf="http_request.url.path", ecs="url.path"),
    Column("model", "VARCHAR", "Model that was asked for", otel="gen_ai.request.model", ocsf="ai_model.name", ecs="gen_ai.request.model"),
    Column(
        "operation",
        "VARCHAR",
        "chat, text_completion, embeddings (OTel's names) or predict",
        otel="gen_ai.operation.name",
        ocsf="api.operation",
        ecs="gen_ai.operation.name",
    ),
    # parameters
    Column("temperature", "DOUBLE", "Sampling temperature", otel="gen_ai.request.temperature", ecs="gen_ai.request.temperature"),
    Column(
        "max_tokens", "BIGINT", "Most tokens that the answer may have", otel="gen_ai.request.max_tokens", ecs="gen_ai.request.max_tokens"
    ),
    Column("n", "BIGINT", "Answers asked for per query", otel="gen_ai.request.choice.count", ecs="gen_ai.request.choice.count"),
    Column("seed", "BIGINT", "Sampling seed", otel="gen_ai.request.seed", ecs="gen_ai.request.seed"),
    Column("logprobs", "BOOLEAN", "Log-probabilities, or class probabilities of a classifier, were asked for"),
    Column("top_logprobs", "BIGINT", "Alternatives asked for per token"),
    Column("echo", "BOOLEAN", "The prompt was to be returned, and so scored"),
    Column("logit_bias", "BOOLEAN", "Token biases were sent"),
    Column("logit_bias_hash", "VARCHAR", "Keyed hash of the token biases, 32 hex digits; null where none were sent"),
    Column("n_items", "BIGINT", "Queries inside the call (rows of `items`)"),
    # result
    Column(
        "http_status",
        "BIGINT",
        "HTTP status",
        otel="http.response.status_code",
        ocsf="http_response.code",
        ecs="http.response.status_code",
    ),
    Column(
        "outcome",
        "VARCHAR",
        "ok, client_error, rate_limited, auth_denied, blocked, server_error or unknown",
        ocsf="status",
        ecs="event.outcome",
    ),
    Column("error_code", "VARCHAR", "Error as the log names it", otel="error.type", ocsf="api.response.error", ecs="error.code"),
    Column("latency_ms", "DOUBLE", "Duration of the call in milliseconds", otel="span duration", ocsf="duration", ecs="event.duration"),
    Column(
        "input_tokens",
        "BIGINT",
        "Tokens of the prompt",
        otel="gen_ai.usage.input_tokens",
        ocsf="message_context.prompt_tokens",
        ecs="gen_ai.usage.input_tokens",
    ),
    Column(
        "output_tokens",
        "BIGINT",
        "Tokens of the answer",
        otel="gen_ai.usage.output_tokens",
        ocsf="message_context.completion_tokens",
        ecs="gen_ai.usage.output_tokens",
    ),
    Column(
        "request_bytes",
        "BIGINT",
        "Size of the request",
        otel="http.request.body.size",
        ocsf="http_request.length",
        ecs="http.request.bytes",
    ),
    Column(
        "response_bytes",
        "BIGINT",
        "Size of the response",
        otel="http.response.body.size",
        ocsf="http_response.length",
        ecs="http.response.bytes",
    ),
    Column(
        "finish_reason",
        "VARCHAR",
        "Why the (first) answer ended, in the log's words",
        otel="gen_ai.response.finish_reasons",
        ecs="gen_ai.response.finish_reasons",
    ),
    Column(
        "refused",
        "BOOLEAN",
        "An answer was withheld or declined: content filter, guardrail, a refusal field, or prose that begins as refusals do",
    ),
    # state of the evidence
    Column(
        "request_state",
        "VARCHAR",
        "Request body in the log: full, ambiguous (a key stands twice; the first is read), truncated, redacted or absent",
    ),
    Column("response_state", "VARCHAR", "Response body in the log: full, truncated, redacted or absent"),
    Column("sample_rate", "DOUBLE", "Share of calls that the log keeps; 1 where it keeps all"),
)

ITEMS: tuple[Column, ...] = (
    Column("event_id", "VARCHAR", "The call that the query came in", ocsf="metadata.uid", ecs="event.id"),
    Column("idx", "INTEGER", "Position within the call, from 0"),
    Column("ts", "TIMESTAMPTZ", "As in `events`", ocsf="time", ecs="@timestamp"),
    Column("client_id", "VARCHAR", "As in `events`", ocsf="actor.user.uid", ecs="user.id"),
    Column("model", "VARCHAR", "As in `events`", otel="gen_ai.request.model", ocsf="ai_model.name", ecs="gen_ai.request.model"),
    Column("modality", "VARCHAR", "text, tokens (ids instead of text), vector (numbers, mixed rows, images) or other"),
    Column("exact_hash", "VARCHAR", "Keyed hash of the whole query: every message of a chat, every value of a row; 32 hex digits"),
    Column("key_id", "VARCHAR", "Key that the hashes were made with; hashes of different keys never match"),
    Column("fold_hash", "BIGINT", "Keyed hash of the words of the newest text, case and punctuation aside; null for vectors"),
    Column("head_hash", "BIGINT", "The same of its first eight words"),
    Column("tail_hash", "BIGINT", "The same of its last eight words"),
    Column(
        "masked_hash",
        "BIGINT",
        "The same of its words with slots masked: numbers, quotations, names (forensics/sketch/text.py); null for vectors",
    ),
    Column("slot_hash", "BIGINT", "The same of what stands in the slots; null where there are none"),
    Column("slots", "INTEGER", "Slots of the newest text; neighbouring ones count as one"),
    Column("shingles", "BLOB", "Keyed hashes of three words in a row: the smallest 512, ascending, 32 bits each; null for vectors"),
    Column("grams", "BLOB", "MinHash of five characters in a row: 64 values of 16 bits; null for vectors"),
    Column("ordered", "BLOB", "Keyed hashes of its first and last 64 words, in order, 16 bits each; null for vectors"),
    Column("size", "BIGINT", "Characters of the newest text, tokens, or dimensions of the vector"),
    Column("words", "BIGINT", "Words of the newest text; null for vectors"),
    Column("runs", "BIGINT", "Runs of characters between spaces in the newest text, which scripts take for words; null for vectors"),
    Column("opens", "VARCHAR", "How the newest text begins: upper, lower (a letter) or other"),
    Column("closes", "VARCHAR", "How it ends: stop (a full stop or the like), word or other"),
    Column("top_word_share", "DOUBLE", "Share of its commonest word"),
    Column("letter_share", "DOUBLE", "Share of letters and spaces among its characters"),
    Column("turns", "BIGINT", "Messages of the conversation; 1 for a bare prompt, null for vectors"),
    Column("label", "VARCHAR", "Class that the model answered"),
    Column("output_value", "DOUBLE", "Number that a regression answered"),
    Column("top_score", "DOUBLE", "Highest class probability in the answer"),
    Column("margin", "DOUBLE", "Highest less second highest class probability"),
    Column("mean_logprob", "DOUBLE", "Mean log-probability of the returned tokens"),
    Column(
        "finish_reason", "VARCHAR", "Why this answer ended", otel="gen_ai.response.finish_reasons", ecs="gen_ai.response.finish_reasons"
    ),
    Column("refused", "BOOLEAN", "This answer was withheld or declined; null where there is no answer"),
    Column("answer_hash", "VARCHAR", "Keyed hash of the answer's text; null where the answer is a label or a number"),
    Column("answer_size", "BIGINT", "Characters of the answer's text"),
)

VECTORS: tuple[Column, ...] = (
    Column("event_id", "VARCHAR", "The call that the query came in"),
    Column("idx", "INTEGER", "Position within the call, from 0"),
    Column("ts", "TIMESTAMPTZ", "As in `events`"),
    Column("client_id", "VARCHAR", "As in `events`"),
    Column("model", "VARCHAR", "As in `events`"),
    Column(
        "vector",
        "DOUBLE[]",
        "The row: numbers as sent, booleans as 0 and 1, missing as NaN, anything else as a keyed code in [2^52, 2^53) that keeps "
        "equality and nothing else",
    ),
    Column("names", "VARCHAR[]", "Names of the coordinates, sorted; null where the log gives positions only"),
)

TABLES: dict[str, tuple[Column, ...]] = {"events": EVENTS, "items": ITEMS, "vectors": VECTORS}


def arrow_schema(table: str) -> pa.Schema:
    """Arrow schema of a canonical table, columns in documented order."""
    return schema_of(TABLES[table])


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """Arrow schema of documented columns, in order."""
    return pa.schema([pa.field(c.name, ARROW_TYPES[c.type]) for c in columns])


def table_sql(columns: Sequence[Column], files: Sequence[str]) -> str:
    """DuckDB query for Parquet ``files`` with every one of ``columns``; those that older files lack are null."""
    names = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    empty = f"select {', '.join(f'null::{c.type} as {c.name}' for c in columns)} where false"
    rows = f"union all by name select * from read_parquet([{names}], hive_partitioning = false, union_by_name = true)" if files else ""
    return f"select {', '.join(c.name for c in columns)} from ({empty} {rows})"
