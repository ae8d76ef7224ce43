-- answers: for each query, the text or the prediction that came back. k answers per query come in k consecutive places.

create or replace temp table answers as
with sizes as (select call_no, count(*)::bigint as n from queries group by call_no),
parts as (
  select b.call_no, n, a,
    case
      when a.choices is not null then list_transform(a.choices, lambda c: {
        'text': coalesce(content_text(c.message.content), c.text, c.message.refusal),
        'finish_reason': c.finish_reason,
        'mean_logprob': coalesce(list_avg(list_transform(c.logprobs.content, lambda t: t.logprob)), list_avg(c.logprobs.token_logprobs))})
      when json_exists(a.output, '$.message') then [{
        'text': content_text(json_extract(a.output, '$.message.content')), 'finish_reason': a.stopReason,
        'mean_logprob': a.additionalModelResponseFields.mean_logprob}]
      when json_type(a.output) = 'ARRAY' then [{
        'text': array_to_string(list_transform(list_filter(json_list(a.output), lambda o: json_exists(o, '$.content')),
                                               lambda o: content_text(json_extract(o, '$.content'))), E'\n'),
        'finish_reason': a.status,
        'mean_logprob': list_avg(from_json(json_extract(a.output, '$[*].content[*].logprobs[*].logprob')::json, '["DOUBLE"]'))}]
      when json_type(a.content) = 'ARRAY' then [{'text': content_text(a.content), 'finish_reason': a.stop_reason, 'mean_logprob': null::double}]
      when json_exists(a.outputs, '$[0].text') then list_transform(json_list(a.outputs), lambda o: {
        'text': o->>'$.text', 'finish_reason': o->>'$.stop_reason', 'mean_logprob': try_cast(o->>'$.mean_logprob' as double)})
      when a.results is not null then list_transform(a.results, lambda o: {
        'text': o.outputText, 'finish_reason': o.completionReason, 'mean_logprob': null::double})
      when a.generations is not null then list_transform(a.generations, lambda o: {
        'text': o.text, 'finish_reason': o.finish_reason, 'mean_logprob': null::double})
      when coalesce(a.generation, a.completion) is not null then [{
        'text': coalesce(a.generation, a.completion), 'finish_reason': a.stop_reason, 'mean_logprob': null::double}]
    end as generations,
    case when json_type(a.predictions) = 'ARRAY' then json_list(a.predictions)
         else [coalesce(a.predictions, a.prediction, a.label)] end as predictions,
    coalesce(a.scores, a.probabilities, a.score) as scores
  from bodies b join sizes using (call_no)
),
placed as (
  select p.call_no, idx, n, a.outputs as outputs,
    generations[idx * greatest(len(generations) // n, 1) + 1] as generation,
    case when len(predictions) = n then predictions[idx + 1] end as prediction,
    -- One row's probabilities may stand alone, without the list of rows around them.
    case when n = 1 and json_type(scores, '$[0]') is distinct from 'ARRAY' then scores
         when json_array_length(scores) = n then json_extract(scores, '$[' || idx || ']') end as score
  from queries join parts p using (call_no)
)
select call_no, idx,
  generation.text as text,
  generation.finish_reason as finish_reason,
  generation.mean_logprob as mean_logprob,
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
    score_list(score)) as scores
from placed;

-- V2 outputs: a tensor of k numbers per row holds scores, one of integers or strings the label, one number a regression.
create or replace temp table tensor_answers as
with sizes as (select call_no, count(*)::bigint as n from queries group by call_no),
tensors as (
  select call_no, n, coalesce(t->>'$.datatype', '') as datatype, json_list(flat(t->'$.data')) as data
  from (select call_no, n, unnest(json_list(a.outputs)) as t from bodies join sizes using (call_no) where json_exists(a.outputs, '$[0].datatype'))
),
cut as (
  select call_no, unnest(generate_series(0, n - 1))::integer as idx, datatype, len(data) // n as width, data from tensors where len(data) >= n
),
sliced as (select call_no, idx, datatype, width, data[idx * width + 1 : (idx + 1) * width] as part from cut)
select call_no, idx,
  first(part[1]->>'$' order by datatype) filter (width = 1 and datatype not like '%FP%') as label,
  first(try_cast(part[1] as double) order by datatype) filter (width = 1 and datatype like '%FP%') as output_value,
  first(list_transform(part, lambda x: try_cast(x as double)) order by datatype) filter (width > 1 and datatype like '%FP%') as scores
from sliced group by call_no, idx;
