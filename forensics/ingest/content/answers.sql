-- answers: for each query, the text or the prediction that came back. Lists are taken apart once and met by position, so that a
-- batch costs what its rows cost. k answers per query come in k consecutive places; the first of them is taken.

create or replace temp table generations as
with listed as (
  select call_no,
    case
      when a.choices is not null then list_sort(list_transform(a.choices, lambda c, i: {
        'index': coalesce(c.index, i - 1),
        'text': coalesce(content_text(c.message.content), c.text, c.message.refusal),
        'finish_reason': c.finish_reason,
        'mean_logprob': coalesce(list_avg(list_transform(c.logprobs.content, lambda t: t.logprob)), list_avg(c.logprobs.token_logprobs))}))
      when json_exists(a.output, '$.message') then [{
        'index': 0, 'text': content_text(json_extract(a.output, '$.message.content')), 'finish_reason': a.stopReason,
        'mean_logprob': a.additionalModelResponseFields.mean_logprob}]
      when json_type(a.output) = 'ARRAY' then [{
        'index': 0,
        'text': array_to_string(list_transform(list_filter(json_list(a.output), lambda o: json_exists(o, '$.content')),
                                               lambda o: content_text(json_extract(o, '$.content'))), E'\n'),
        'finish_reason': a.status,
        'mean_logprob': list_avg(from_json(json_extract(a.output, '$[*].content[*].logprobs[*].logprob')::json, '["DOUBLE"]'))}]
      when json_type(a.content) = 'ARRAY' then [{
        'index': 0, 'text': content_text(a.content), 'finish_reason': a.stop_reason, 'mean_logprob': null::double}]
      when json_exists(a.outputs, '$[0].text') then list_transform(json_list(a.outputs), lambda o, i: {
        'index': i - 1, 'text': o->>'$.text', 'finish_reason': o->>'$.stop_reason', 'mean_logprob': try_cast(o->>'$.mean_logprob' as double)})
      when a.results is not null then list_transform(a.results, lambda o, i: {
        'index': i - 1, 'text': o.outputText, 'finish_reason': o.completionReason, 'mean_logprob': null::double})
      when a.generations is not null then list_transform(a.generations, lambda o, i: {
        'index': i - 1, 'text': o.text, 'finish_reason': o.finish_reason, 'mean_logprob': null::double})
      when coalesce(a.generation, a.completion, a.text) is not null then [{
        'index': 0, 'text': coalesce(a.generation, a.completion, a.text), 'finish_reason': coalesce(a.stop_reason, a.finish_reason),
        'mean_logprob': null::double}]
    end as list
  from bodies
)
,
placed as (select call_no, generate_subscripts(list, 1) - 1 as position, unnest(list) as generation, len(list) as size from listed)
select call_no, position // each as place, generation
from (select *, greatest(size // n, 1) as each
      from placed join (select call_no, max(n) as n from queries where not is_row or alone group by call_no) using (call_no))
where position % each = 0;

create or replace temp table predictions as
select call_no, generate_subscripts(list, 1) - 1 as position, unnest(list) as prediction, len(list) as size
from (select call_no, case when json_type(a.predictions) = 'ARRAY' then json_list(a.predictions)
                           else [coalesce(a.predictions, a.prediction, a.label)] end as list from bodies);

create or replace temp table score_rows as
with given as (
  select call_no, coalesce(a.scores, a.probabilities, a.score) as scores, n
  from bodies join (select call_no, max(n) as n from queries group by call_no) using (call_no)
)
select call_no, generate_subscripts(list, 1) - 1 as position, unnest(list) as score, len(list) as size
-- One row's probabilities may stand alone, without the list of rows around them.
from (select call_no, case when json_type(scores) = 'ARRAY' and (n > 1 or json_type(scores, '$[0]') = 'ARRAY') then json_list(scores)
                           else [scores] end as list
      from given where scores is not null);

-- V2 outputs: a tensor of k numbers per row holds scores, one of integers or strings the label, one number a regression.
create or replace temp table tensor_answers as
with outputs as (
  select call_no, generate_subscripts(list, 1) as tensor, unnest(list) as t
  from (select call_no, json_list(a.outputs) as list from bodies where json_exists(a.outputs, '$[0].datatype'))
),
tensors as (
  select call_no, tensor, coalesce(t->>'$.datatype', '') as datatype, json_list(flat(t->'$.data')) as data, n
  from outputs join (select call_no, max(n) as n from queries where is_row or alone group by call_no) using (call_no)
),
numbered as (
  select call_no, tensor, datatype, (len(data) // n)::bigint as width, generate_subscripts(data, 1) - 1 as off, unnest(data) as value
  from tensors where len(data) >= n
),
sliced as (
  select call_no, tensor, datatype, width, (off // width)::bigint as place, list(value order by off) as part
  from numbered group by all
)
select call_no, place,
  first(part[1]->>'$' order by tensor) filter (width = 1 and datatype not like '%FP%') as label,
  first(try_cast(part[1] as double) order by tensor) filter (width = 1 and datatype like '%FP%') as output_value,
  first(list_transform(part, lambda x: try_cast(x as double)) order by tensor) filter (width > 1 and datatype like '%FP%') as scores
from sliced group by all;

create or replace temp table answers as
with met as (
  select q.call_no, q.idx, g.generation, p.prediction, s.score, t.label as tensor_label, t.output_value as tensor_value, t.scores as tensor_scores
  from queries q
  left join generations g on g.call_no = q.call_no and (not q.is_row or q.alone) and g.place = q.place
  left join predictions p on p.call_no = q.call_no and (q.is_row or q.alone) and p.position = q.place and p.size = q.n
  left join score_rows s on s.call_no = q.call_no and (q.is_row or q.alone) and s.position = q.place and s.size = q.n
  left join tensor_answers t on t.call_no = q.call_no and (q.is_row or q.alone) and t.place = q.place
),
read as (
  select call_no, idx, generation,
    case json_type(prediction)
      when 'OBJECT' then coalesce(prediction->>'$.label', prediction->>'$.class', prediction->>'$.prediction', prediction->>'$.predicted_label')
      when 'ARRAY' then null
      when 'DOUBLE' then null
      when 'NULL' then null
      else prediction->>'$' end as label,
    case json_type(prediction)
      when 'DOUBLE' then prediction::double
      when 'OBJECT' then try_cast(prediction->>'$.value' as double) end as output_value,
    coalesce(
      case json_type(prediction)
        when 'OBJECT' then score_list(coalesce(prediction->'$.probabilities', prediction->'$.scores', prediction->'$.probability',
                                               prediction->'$.score', prediction->'$.confidence'))
        when 'ARRAY' then score_list(prediction) end,
      score_list(score)) as scores,
    case json_type(prediction) when 'OBJECT' then score_names(coalesce(prediction->'$.probabilities', prediction->'$.scores')) end as classes,
    tensor_label, tensor_value, tensor_scores
  from met
),
named as (select *, coalesce(label, tensor_label) as answer from read)
select call_no, idx,
  -- A long label is what a model wrote: it is hashed like any other text, not kept.
  coalesce(generation.text, case when length(answer) > 64 then answer end) as text,
  generation.finish_reason as finish_reason,
  generation.mean_logprob as mean_logprob,
  case when length(answer) <= 64 then answer end as label,
  coalesce(output_value, tensor_value) as output_value,
  list_filter(coalesce(scores, tensor_scores), lambda x: isfinite(x)) as scores,
  classes
from named;
