-- queries: one row per query of a call. kind: chat, text, tokens, row (one JSON value), tensor (already a list of values).

create or replace temp table queries as
with chosen as (
  select
    call_no,
    q.dataframe_split.columns as names,
    case
      when json_type(q.messages) = 'ARRAY' and json_type(q.messages, '$[0]') = 'OBJECT' then q.messages
      when json_type(q.input) = 'ARRAY' and json_type(q.input, '$[0]') = 'OBJECT' then q.input
    end as chat,
    -- LiteLLM puts the prompt of a completion and the input of an embedding where chats have their messages.
    coalesce(q.prompt, q.input, q.inputText, q.texts, q.messages) as texts,
    coalesce(q.instances, q.dataframe_records, q.dataframe_split.data, q.inputs) as rows,
    coalesce(q.system, q.instructions) as system
  from bodies
),
shaped as (
  select *,
    json_type(rows) = 'OBJECT' or coalesce(json_exists(rows, '$[0].shape') and json_exists(rows, '$[0].data'), false) as tensors
  from chosen
),
listed as (
  select call_no, 'chat' as kind, [chat] as inputs, system, null::varchar[] as names from shaped where chat is not null
  union all
  select call_no,
         case when json_type(texts, '$[0]') in ('UBIGINT', 'BIGINT', 'ARRAY') then 'tokens' else 'text' end,
         case when json_type(texts) = 'ARRAY' and json_type(texts, '$[0]') in ('VARCHAR', 'ARRAY') then json_list(texts) else [texts] end,
         system, null
  from shaped where chat is null and texts is not null and json_type(texts) in ('VARCHAR', 'ARRAY') and json_array_length(texts) is distinct from 0 or
                    (chat is null and json_type(texts) = 'VARCHAR')
  union all
  select call_no, 'row', case when json_type(rows) = 'ARRAY' then json_list(rows) else [rows] end, null, names
  from shaped where chat is null and texts is null and rows is not null and not tensors
)
select call_no, unnest(generate_series(0, len(inputs) - 1))::integer as idx, kind, unnest(inputs) as input, system, names, null::json[] as elements
from listed;

-- V2 tensors, and V1 inputs given column by column: row i is slice i of every tensor, in the order of their names.
insert into queries
with tensors as (
  select call_no, coalesce(t->>'$.name', '') as name, json_list(flat(t->'$.data')) as data,
         coalesce(try_cast(t->>'$.shape[0]' as bigint), 0) as declared
  from (select call_no, unnest(json_list(q.inputs)) as t from bodies
        where json_exists(q.inputs, '$[0].shape') and q.messages is null and q.prompt is null and q.input is null)
  union all
  select call_no, name, case when json_type(column_data) = 'ARRAY' then json_list(flat(column_data)) else [column_data] end,
         coalesce(json_array_length(column_data), 1)
  from (select call_no, unnest(json_keys(q.inputs)) as name, q.inputs as inputs from bodies
        where json_type(q.inputs) = 'OBJECT' and q.messages is null and q.prompt is null and q.input is null and q.instances is null),
       lateral (select json_extract(inputs, '$."' || replace(name, '"', '') || '"') as column_data)
),
counted as (
  -- A shape of -1, or one that does not divide the data, means one row.
  select *, case when declared > 0 and len(data) % declared = 0 then declared else 1 end as row_count from tensors where len(data) > 0
),
agreed as (select *, min(row_count) over (partition by call_no)::bigint as n_rows from counted),
sliced as (
  select call_no, name, unnest(generate_series(0, n_rows - 1)) as idx, data, (len(data) // n_rows)::bigint as width from agreed
),
cut as (
  select call_no, idx, name, data[idx * width + 1 : (idx + 1) * width] as part from sliced
)
select call_no, idx::integer, 'tensor', null, null,
       flatten(list(case when len(part) = 1 then [name] else list_transform(part, lambda x, i: name || '[' || (i - 1) || ']') end order by name)),
       flatten(list(part order by name))
from cut group by call_no, idx;
