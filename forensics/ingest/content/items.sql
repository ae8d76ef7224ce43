-- items and vectors: queries hashed and measured, beside their answers. Text ends here.

create or replace temp table inputs as
with systems as (select call_no, keyed_hash(coalesce(q.system, q.instructions, q.preamble)::varchar) as system from bodies),
chats as (
  select call_no, idx,
    from_json(input, '[{"role": "VARCHAR", "content": "JSON", "text": "VARCHAR", "tool_calls": "JSON", "name": "VARCHAR"}]') as messages
  from queries where kind = 'chat'
),
spoken as (
  select call_no, idx, len(messages) as turns,
    -- As JSON, so that no text can look like another division into messages.
    list_transform(messages, lambda m: [m.role, coalesce(content_text(m.content), m.text), m.tool_calls::varchar])::json::varchar as said,
    coalesce(list_filter(messages, lambda m: m.role = 'user')[-1], messages[-1]) as newest
  from chats
),
rows as (
  select call_no, idx,
    case
      when kind = 'tensor' then null
      when json_type(input) = 'VARCHAR' then input->>'$'
      when json_type(input) = 'OBJECT' and len(json_keys(input)) = 1 and json_keys(input)[1] in ('text', 'input', 'prompt', 'content', 'query', 'sentence')
        and json_type(member(input, json_keys(input)[1])) = 'VARCHAR' then member(input, json_keys(input)[1])->>'$'
    end as text,
    case
      when kind = 'tensor' then list_transform(elements, lambda x: coordinate(x))
      when json_type(input) = 'ARRAY' and len(names) = json_array_length(input)
        then list_transform(list_sort(list_zip(names, row_vector(input))), lambda x: x[2])
      when json_type(input) = 'ARRAY' then row_vector(flat(input))
      when json_type(input) = 'OBJECT' then list_transform(list_sort(json_keys(input)), lambda k: coordinate(member(input, k)))
      when json_type(input) = 'VARCHAR' then null
      else [coordinate(input)]
    end as vector,
    case
      when kind = 'tensor' then names
      when json_type(input) = 'OBJECT' then list_sort(json_keys(input))
      else list_sort(names)
    end as names
  from queries where kind in ('row', 'tensor')
)
select call_no, idx, 'text' as modality, 'chat' || coalesce(system, '') || said as whole,
       coalesce(content_text(newest.content), newest.text, '') as text, turns, null::double[] as vector, null::varchar[] as names
from spoken join systems using (call_no)
union all
select call_no, idx, case kind when 'text' then 'text' else 'tokens' end,
       kind || coalesce(system, '') || ':' || case when kind = 'text' then coalesce(input->>'$', '') else input::varchar end,
       case when kind = 'text' then coalesce(input->>'$', '') end, 1,
       case when kind = 'tokens' then from_json(input, '["DOUBLE"]') end, null
from queries join systems using (call_no) where kind in ('text', 'tokens')
union all
select call_no, idx, case when text is not null then 'text' when vector is not null then 'vector' else 'other' end,
       -- + 0.0, because -0 and 0 are one number.
       coalesce('text:' || text, 'row:' || coalesce(names::json::varchar, '') || list_transform(vector, lambda x: x + 0.0)::varchar, ''),
       text, case when text is not null then 1 end,
       case when text is null then vector end, case when text is null then list_transform(names, lambda name: plain_name(name)) end
from rows;

create or replace temp table items as
with answered as (
  select i.*, a.text as answer, a.finish_reason, a.mean_logprob, a.label, a.output_value, a.scores, a.classes,
         b.request_state = 'redacted' as request_gone, b.response_state = 'redacted' as response_gone
  from inputs i join bodies b using (call_no) left join answers a using (call_no, idx)
),
sorted as (select *, list_reverse_sort(scores) as ordered, text_shape(case when not request_gone then text end) as shape from answered)
select
  call_no, idx, modality,
  -- A redaction marker is the same for every query: hashed, it would look like one query repeated.
  case when not request_gone then keyed_hash(whole) end as exact_hash,
  shape.fold_hash, shape.head_hash, shape.tail_hash, shape.masked_hash, shape.slot_hash, shape.slots, shape.shingles, shape.grams, shape.ordered,
  coalesce(length(text), len(vector)) as size,
  shape.words, shape.runs, shape.opens, shape.closes, shape.top_word_share, shape.letter_share,
  turns,
  -- Without a label of its own, a row of probabilities says one by its highest.
  coalesce(label, case when len(scores) > 1 then coalesce(classes[list_position(scores, ordered[1])], (list_position(scores, ordered[1]) - 1)::varchar) end)
    as label,
  output_value,
  ordered[1] as top_score,
  ordered[1] - ordered[2] as margin,
  mean_logprob, finish_reason,
  case when answer is not null or finish_reason is not null then
    coalesce(finish_reason in ('content_filter', 'guardrail_intervened', 'SAFETY', 'refusal'), false) or coalesce(is_refusal(answer), false)
  end as refused,
  case when not response_gone then keyed_hash(answer) end as answer_hash,
  case when not response_gone then length(answer) end as answer_size
from sorted;

create or replace temp table vectors as
select call_no, idx, vector, names from inputs where modality = 'vector';
