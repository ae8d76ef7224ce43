"""Records of one format to canonical tables, a batch at a time, inside DuckDB."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

import duckdb
import pyarrow as pa

from forensics.ingest.content import install_content, read_bodies
from forensics.ingest.identity import SHOWN, client_sql, without_secret
from forensics.ingest.interface import CALL_COLUMNS, LogFormat
from forensics.model.event import EVENTS, ITEMS, TABLES, VECTORS, Column, arrow_schema
from forensics.sketch.hashing import install_hashing
from forensics.sketch.key import Key
from forensics.sketch.text import install_text

_MACROS = """
create or replace temp macro timestamp_of(value) as
  case when try_cast(value::varchar as double) is null then try_cast(value::varchar as timestamptz)
    else make_timestamptz(try(round(value::varchar::double * case
      when abs(value::varchar::double) > 1e17 then 1e-3   -- nanoseconds
      when abs(value::varchar::double) > 1e14 then 1      -- microseconds
      when abs(value::varchar::double) > 1e11 then 1e3    -- milliseconds
      else 1e6 end)::bigint)) end;
"""

_OUTCOME = """case
  when withheld then 'blocked'
  when http_status between 200 and 399 then 'ok'
  when http_status in (401, 403) then 'auth_denied'
  when http_status = 429 then 'rate_limited'
  when http_status between 400 and 499 then 'client_error'
  when http_status >= 500 then 'server_error'
  when error_code ilike '%thrott%' or error_code ilike '%rate%limit%' or error_code ilike '%quota%' then 'rate_limited'
  when error_code ilike '%accessdenied%' or error_code ilike '%unauthor%' or error_code ilike '%forbidden%' then 'auth_denied'
  when error_code ilike '%validation%' or error_code ilike '%badrequest%' or error_code ilike '%notfound%' then 'client_error'
  when error_code is not null then 'server_error'
  when failed then 'unknown'
  when response_state in ('full', 'truncated', 'redacted') then 'ok'
  else 'unknown' end"""


# What no record is to blame for: a format's SQL, the disk, Ctrl-C, DuckDB itself.
_OURS = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.IOException,
    duckdb.InterruptException,
    duckdb.InternalException,
)


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Records as read. ``table``: source (int32, index into the run's sources), row (int64, from 1), and either record (binary),
    text (string) and damaged (bool) for text logs, or record (a struct of the file's columns) for Parquet."""

    table: pa.Table
    tabular: bool


@dataclass(frozen=True, slots=True)
class CanonicalBatch:
    """Canonical tables with a leading ``call_no``; rejects (source, row, reason, record_sha256); counts and fill by source."""

    events: pa.Table
    items: pa.Table
    vectors: pa.Table
    rejects: pa.Table
    fill: pa.Table


class Canonicaliser:
    """Owns the DuckDB connection in which records are taken apart; a context manager. Keeps no text between batches."""

    def __init__(self, key: Key, precedence: Sequence[str], *, threads: int = 0, memory_limit: str = "2GB") -> None:
        self._key = key
        self._precedence = precedence
        self._calls = 0
        self._con = duckdb.connect()
        self._con.execute("set TimeZone = 'UTC'")
        self._con.execute(f"set memory_limit = '{memory_limit}'")
        self._con.execute("set temp_directory = ''")  # what is spilled here would be text on the disk
        if threads:
            self._con.execute(f"set threads = {threads}")
        install_hashing(self._con, key)
        self._con.execute(_MACROS)
        install_text(self._con, key)
        install_content(self._con)
        self._con.execute("create temp table seen (source integer, record_sha256 varchar, times bigint)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._con.close()

    def convert(self, batch: RawBatch, fmt: LogFormat, uris: Sequence[str]) -> list[CanonicalBatch]:
        """Canonical rows of ``batch``; ``uris[source]`` becomes ``source_uri``.

        One batch as a rule. A record that DuckDB cannot take (a bomb of brackets, say) must not cost the others: its batch is
        halved until it stands alone, and it is rejected.
        """
        try:
            return [self._convert(batch, fmt, uris)]
        except _OURS:
            raise
        except duckdb.Error as error:
            half = batch.table.num_rows // 2
            if not half:
                return [_rejected(batch, type(error).__name__)]
            parts = (batch.table.slice(0, half), batch.table.slice(half))
            return [converted for part in parts for converted in self.convert(RawBatch(part, batch.tabular), fmt, uris)]

    def _convert(self, batch: RawBatch, fmt: LogFormat, uris: Sequence[str]) -> CanonicalBatch:
        numbers = pa.array(range(self._calls, self._calls + batch.table.num_rows), pa.int64())
        self._calls += batch.table.num_rows
        self._con.register("raw", batch.table.append_column("call_no", numbers))
        self._con.register("source_names", pa.table({"source": pa.array(range(len(uris)), pa.int32()), "source_uri": list(uris)}))
        self._con.execute(_records_sql(batch, fmt))
        self._con.unregister("raw")
        self._con.execute(_calls_sql(fmt))
        read_bodies(self._con)
        self._con.execute(_events_sql(fmt, self._precedence))
        converted = CanonicalBatch(
            events=self._table(f"select call_no, {_names(EVENTS)} from events order by call_no"),
            items=self._table(_ITEMS_SQL.format(key_id=self._key.key_id)),
            vectors=self._table(_VECTORS_SQL),
            rejects=self._table("select source, row, reason, record_sha256 from records where reason is not null order by source, row"),
            fill=self._table(_FILL),
        )
        self._con.execute(_REMEMBER)  # last, so that a batch that fails is not remembered
        return converted

    def _table(self, sql: str) -> pa.Table:
        return self._con.sql(sql).to_arrow_table()


def _rejected(batch: RawBatch, why: str) -> CanonicalBatch:
    """A batch of one record that could not be read at all."""
    row = batch.table.to_pylist()[0]
    content = row["record"] if not batch.tabular else repr(row).encode()
    reject = {"source": row["source"], "row": row["row"], "reason": f"cannot be read ({why})", "record_sha256": sha256(content).hexdigest()}
    rejects = pa.Table.from_pylist([reject])
    events, items, vectors = (with_call(name).empty_table() for name in TABLES)
    return CanonicalBatch(events, items, vectors, rejects, fill=pa.table({}))


def with_call(table: str) -> pa.Schema:
    """Schema of a canonical table with the leading ``call_no`` that ties its rows to those of the others."""
    return arrow_schema(table).insert(0, pa.field("call_no", pa.int64()))


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(c.name for c in columns)


def _records_sql(batch: RawBatch, fmt: LogFormat) -> str:
    """records: call_no, source, row, record_sha256, mended, reason (null for good ones), r (the record as a struct)."""
    if batch.tabular:
        columns = {field.name: field.type for field in batch.table.schema.field("record").type}
        # What the format reads, not the whole row: a table that gains a column still has the same records.
        read = ", ".join(f"'{name}': record.\"{name}\"" for name in sorted(fmt.shape) if name in columns)
        struct = ", ".join(_parquet_column(name, kind, columns) for name, kind in fmt.shape.items())
        parsed = f"""select call_no, source, row, sha256(to_json({{{read}}})::varchar) as record_sha256,
            false as mended, null::varchar as reason, {{{struct}}} as r from raw"""
    else:
        parsed = f"""select call_no, source, row, sha256(record) as record_sha256, (damaged or not valid) and usable as mended,
              case when not usable then 'not valid JSON' end as reason,
              from_json(case when usable then good end, '{fmt.structure}') as r
            from (select *, case when valid then text when json_valid(mended(text)) then mended(text) end as good,
                         good is not null as usable from (select *, json_valid(text) as valid from raw where trim(text) <> ''))"""
    return f"create or replace temp table records as {parsed}"


def _parquet_column(name: str, kind: object, columns: Mapping[str, pa.DataType]) -> str:
    if name not in columns:
        return f"'{name}': null"
    column = f'record."{name}"'
    textual = pa.types.is_string(columns[name]) or pa.types.is_large_string(columns[name])
    if kind == "JSON":  # a string is a body as logged, sound or not; content reads it
        return f"'{name}': {column if textual else f'to_json({column})'}"
    if isinstance(kind, Mapping):
        as_json = f"case when json_valid({column}) then {column} end" if textual else f"to_json({column})"
        return f"'{name}': from_json({as_json}, '{json.dumps(kind)}')"
    return f"'{name}': try_cast({column} as {kind})"


def _calls_sql(fmt: LogFormat) -> str:
    """calls: call_no and `CALL_COLUMNS` of the good records; the others get their reason in ``records``."""
    columns = ",\n".join(_call_column(name, kind, fmt.columns.get(name)) for name, kind in CALL_COLUMNS.items())
    marks = " and ".join(_mark(path, value) for path, value in fmt.marks.items()) or "true"
    complaint = fmt.complaint.replace("'", "''")
    return f"""
        create or replace temp table calls as select call_no, source, row, record_sha256, mended, {marks} as marked, {columns}
        from records where reason is null;
        update records set reason = case
            when not c.marked then '{complaint}'
            when c.ts is null then 'no readable timestamp'
            else 'timestamp outside 2000 to 2100' end
        from calls c where records.call_no = c.call_no
          and (not c.marked or c.ts is null or c.ts not between '2000-01-01' and '2100-01-01');
        delete from calls where call_no in (select call_no from records where reason is not null);
    """


def _mark(path: str, value: str | None) -> str:
    field = "r." + ".".join(f'"{part}"' for part in path.split("."))
    if value is None:
        return f"coalesce({field} is not null, false)"
    escaped = value.replace("'", "''")
    return f"coalesce({field} = '{escaped}', false)"


def _call_column(name: str, kind: str, expression: str | None) -> str:
    if expression is None:
        return f"null::{kind} as {name}"
    if kind == "VARCHAR":
        # Gateways write '-' or nothing where they know nothing.
        return f"nullif(nullif(trim(({expression})::varchar), ''), '-') as {name}"
    if kind == "JSON":
        return f"({expression})::varchar as {name}"
    return f"try_cast({expression} as {kind}) as {name}"


def _events_sql(fmt: LogFormat, precedence: Sequence[str]) -> str:
    """events: canonical columns in full, from calls, bodies and items."""
    name = fmt.name.replace("'", "''")
    scored = "coalesce(q.logprobs, q.parameters.logprobs, q.additionalModelRequestFields.logprobs)"
    top = "coalesce(q.top_logprobs, q.parameters.top_logprobs, q.additionalModelRequestFields.top_logprobs)"
    bias = "coalesce(q.logit_bias, q.parameters.logit_bias, q.additionalModelRequestFields.logit_bias)"
    in_order = f"array_to_string(list_sort(string_split(trim({bias}::varchar, '{{}}'), ',')), ',')"  # one bias in any order is the same
    return f"""
    create or replace temp table events as
    with counted as (
      select call_no, count(*) as n_items, first(finish_reason order by idx) as finish_reason, max(modality) as modality,
             bool_or(finish_reason in ('content_filter', 'guardrail_intervened', 'SAFETY')) as filtered, bool_or(refused) as declined
      from items group by call_no
    ),
    joined as (
      select c.* exclude (operation) replace ({", ".join(f"{without_secret(name)} as {name}" for name in SHOWN)}),
        b.request_state, b.response_state, b.request_mended, b.q, b.a, i.finish_reason, coalesce(i.n_items, 0) as n_items,
        coalesce(c.operation, case
          when i.modality = 'vector' then 'predict'
          when (q.inputText is not null and a.results is null) or q.texts is not null then 'embeddings'
          when q.input is not null and a.output is null and q.instructions is null and q.max_output_tokens is null
            and json_type(q.input, '$[0]') is distinct from 'OBJECT' then 'embeddings'
          when q.messages is not null then 'chat'
          when q.prompt is not null or q.inputText is not null then 'text_completion'
          when i.modality is not null then 'predict' end) as operation,
        coalesce(i.filtered, false) or coalesce(a."amazon-bedrock-guardrailAction" = 'INTERVENED', false)
          or coalesce(contains(json_extract_string(a.error, '$.code'), 'content_filter'), false) as withheld,
        coalesce(i.declined, false)
          or coalesce(list_contains(list_transform(a.choices, lambda x: x.message.refusal is not null), true), false) as declined
      from (select * exclude (request_state, response_state) from calls) c
      join (select * exclude (operation) from bodies) b using (call_no) left join counted i using (call_no)
    ),
    named as (
      select *, case when response_state = 'absent' and not withheld then null else withheld or declined end as refused,
        {client_sql(precedence)} as client_id
      from joined
    )
    select call_no, source, mended or request_mended as mended,
      left(sha256({_identity_sql(fmt)}), 32) as event_id,
      '{name}' as source_format, source_uri, row as source_row, record_sha256,
      ts, coalesce(ts_quality, case when epoch_us(ts) % 1000000 <> 0 then 'exact' else 'second' end) as ts_quality,
      client_id, api_key_id, user_id, user_email, user_arn, org_id, session_id, client_ip, user_agent,
      provider, endpoint, coalesce(model, a.model) as model, operation,
      coalesce(q.temperature, q.parameters.temperature, q.inferenceConfig.temperature, q.textGenerationConfig.temperature,
               q.params.temperature) as temperature,
      coalesce(q.max_tokens, q.max_completion_tokens, q.max_output_tokens, q.max_gen_len, q.parameters.max_tokens,
               q.parameters.max_completion_tokens, q.inferenceConfig.maxTokens, q.textGenerationConfig.maxTokenCount, q.params.max_tokens)
        as max_tokens,
      coalesce(q.n, q.parameters.n, q.params.n) as n,
      coalesce(q.seed, q.parameters.seed, q.params.seed, q.additionalModelRequestFields.seed) as seed,
      case when request_state not in ('full', 'ambiguous') then null
        else coalesce({scored} not in ('false', 'null'), false) or coalesce({top} > 0, false)
          or coalesce(q.return_probabilities, q.parameters.return_probabilities, q.params.return_probabilities, false)
          or coalesce(contains(q.include, 'logprobs'), false) end as logprobs,
      {top} as top_logprobs,
      case when request_state not in ('full', 'ambiguous') then null
        else coalesce(q.echo, q.parameters.echo, q.additionalModelRequestFields.echo, false) end as echo,
      case when request_state not in ('full', 'ambiguous') then null
        else coalesce({bias}::varchar not in ('null', '{{}}'), false) end as logit_bias,
      case when request_state in ('full', 'ambiguous') and {bias}::varchar not in ('null', '{{}}') then keyed_hash({in_order}) end
        as logit_bias_hash,
      n_items, http_status, {_OUTCOME} as outcome, error_code, latency_ms,
      coalesce(input_tokens, a.usage.prompt_tokens, a.usage.input_tokens, a.usage.inputTokens) as input_tokens,
      coalesce(output_tokens, a.usage.completion_tokens, a.usage.output_tokens, a.usage.outputTokens) as output_tokens,
      request_bytes, response_bytes, finish_reason, refused, request_state, response_state, coalesce(sample_rate, 1.0) as sample_rate
    from named join source_names using (source)
    """


def _identity_sql(fmt: LogFormat) -> str:
    ordinal = "coalesce((select times from seen s where s.source = named.source and s.record_sha256 = named.record_sha256), 0)"
    by_bytes = f"record_sha256 || ':' || ({ordinal} + row_number() over (partition by source, record_sha256 order by row))"
    if "native_id" not in fmt.columns:
        return by_bytes
    name = fmt.name.replace("'", "''")
    # With the day, because ids are compared within a day: one that comes back on another day names another call.
    return f"case when native_id is not null then '{name}:' || native_id || ':' || ts::date else {by_bytes} end"


# Identical records are numbered within their file. Sources come one after the other, so only the last can go on.
_REMEMBER = """
create or replace temp table seen as
  select source, record_sha256, sum(times)::bigint as times
  from (select * from seen union all select source, record_sha256, count(*) from events group by all)
  where source >= (select max(source) from records) group by all
"""

_ITEMS_SQL = (
    "select call_no, "
    + ", ".join(
        f"e.{c.name}"
        if c.name in {"event_id", "ts", "client_id", "model"}
        else f"'{{key_id}}' as {c.name}"
        if c.name == "key_id"
        else f"i.{c.name}"
        for c in ITEMS
    )
    + " from items i join events e using (call_no) order by call_no, i.idx"
)

_VECTORS_SQL = (
    "select call_no, "
    + ", ".join(f"{'e' if c.name in {'event_id', 'ts', 'client_id', 'model'} else 'v'}.{c.name}" for c in VECTORS)
    + " from vectors v join events e using (call_no) order by call_no, v.idx"
)

_FILL = f"""
select source, count(*) as records, count(*) filter (mended) as mended, min(ts) as first_ts, max(ts) as last_ts,
  {", ".join(f"count({c.name}) as fill_{c.name}" for c in EVENTS)}
from events group by source order by source
"""
