-- queries: one row per query of a call. kind: chat, text, tokens, row (one JSON value), tensor (already a list of values).
-- Whatever is filled counts: a body that asks in two ways asks twice, or one way could hide the other. idx counts through all of them;
-- place and n count within the questions in words (chat, text, tokens) and within the rows, as the answers do.

create or replace temp table asked as
with shapes as (
  select call_no, 1 as shape, case when json_type(q.messages, '$[0]') = 'OBJECT' then 'chat' else 'words' end as kind, q.messages as body,
         null::varchar[] as names from bodies
  union all select call_no, 2, case when json_type(q.input, '$[0]') = 'OBJECT' then 'chat' else 'words' end, q.input, null from bodies
  union all select call_no, 3, 'words', q.prompt, null from bodies
  union all select call_no, 4, 'words', q.inputText, null from bodies
  union all select call_no, 5, 'words', q.texts, null from bodies
  union all select call_no, 6, 'words', q.message, null from bodies
  union all select call_no, 7, 'rows', q.instances, null from bodies
  union all select call_no, 8, 'rows', q.dataframe_records, null from bodies
  union all select call_no, 9, 'rows', q.dataframe_split.data, q.dataframe_split.columns from bodies
  union all select call_no, 10, case when json_exists(q.inputs, '$[0].shape') and json_exists(q.inputs, '$[0].data') then 'tensors' else 'rows' end,
         q.inputs, null from bodies
),
filled as (
  select call_no, shape, names, body,
    case
      when kind = 'rows' and json_type(body) = 'OBJECT' then 'columns'
      when kind = 'words' and json_type(body, '$[0]') in ('UBIGINT', 'BIGINT', 'DOUBLE') then 'tokens'
      else kind end as kind
  from shapes
  where body is not null and json_type(body) <> 'NULL' and body::varchar not in ('[]', '{}')
)
select * from filled
-- An empty text is a question only where there is no other.
qualify body::varchar <> '""' or count(*) over (partition by call_no) = 1;

create or replace temp table elements as
select call_no, shape, kind, names, 1 as position, body as input from asked where kind in ('chat', 'tokens')
union all
select call_no, shape, kind, names, generate_subscripts(list, 1) as position, unnest(list) as input
from (select call_no, shape, kind, names, case when json_type(body) = 'ARRAY' then json_list(body) else [body] end as list
      from asked where kind in ('words', 'rows'));

-- V2 tensors, and inputs given column by column: row i is slice i of every tensor, in the order of their names.
create or replace temp table tensor_rows as
with tensors as (
  select call_no, shape, position as tensor, coalesce(t->>'$.name', '') as name, json_list(flat(t->'$.data')) as data,
         coalesce(try_cast(t->>'$.shape[0]' as bigint), 0) as declared
  from (select call_no, shape, generate_subscripts(list, 1) as position, unnest(list) as t
        from (select call_no, shape, json_list(body) as list from asked where kind = 'tensors'))
  union all
  select call_no, shape, position, name, case when json_type(data) = 'ARRAY' then json_list(flat(data)) else [data] end,
         coalesce(json_array_length(data), 1)
  from (select call_no, shape, position, name, member(body, name) as data
        from (select call_no, shape, body, generate_subscripts(keys, 1) as position, unnest(keys) as name
              from (select call_no, shape, body, json_keys(body) as keys from asked where kind = 'columns')))
),
counted as (
  -- A shape of -1, or one that does not divide the data, means one row.
  select *, case when declared > 0 and len(data) % declared = 0 then declared else 1 end as n_rows from tensors where len(data) > 0
),
agreed as (
  select *, (len(data) // least_rows)::bigint as width
  from (select *, min(n_rows) over (partition by call_no, shape)::bigint as least_rows from counted)
),
numbered as (
  select call_no, shape, tensor, name, width, generate_subscripts(data, 1) - 1 as off, unnest(data) as value from agreed
)
select call_no, shape, (off // width + 1)::bigint as position,
       list(case when width = 1 then name else name || '[' || off % width || ']' end order by name, tensor, off) as names,
       list(value order by name, tensor, off) as elements
from numbered group by all;

create or replace temp table queries as
with found as (
  select call_no, shape, position, names, input, null::json[] as elements,
    case when kind = 'rows' then 'row' when kind = 'words' then case when json_type(input) = 'ARRAY' then 'tokens' else 'text' end else kind end as kind
  from elements
  union all
  select call_no, shape, position, names, null, elements, 'tensor' from tensor_rows
),
sorted as (select *, kind in ('row', 'tensor') as is_row from found)
select call_no, kind, names, input, elements, is_row,
  (row_number() over (partition by call_no order by shape, position) - 1)::integer as idx,
  (row_number() over (partition by call_no, is_row order by shape, position) - 1)::integer as place,
  count(*) over (partition by call_no, is_row) as n,
  count(*) over (partition by call_no) = count(*) over (partition by call_no, is_row) as alone
from sorted;
