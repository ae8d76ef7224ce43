-- bodies: the request and the response of a call as typed structs, and how much of them the log has.
create or replace temp table bodies as
with texts as (
  select call_no, operation, request_state, response_state,
         nullif(nullif(nullif(body_text(request::varchar), 'null'), ''), '{}') as raw_request,
         nullif(nullif(nullif(body_text(response::varchar), 'null'), ''), '{}') as raw_response
  from calls
),
sound as (
  select *,
    case when json_valid(raw_request) then raw_request when json_valid(mended(raw_request)) then mended(raw_request) else raw_request end as request,
    case when json_valid(raw_response) then raw_response when json_valid(mended(raw_response)) then mended(raw_response) else raw_response end as response
  from texts
),
checked as (
  select *, request is not null and json_valid(request) as request_ok, response is not null and json_valid(response) as response_ok,
    request is distinct from raw_request as request_mended
  from sound
)
select
  call_no,
  operation,
  coalesce(request_state, case when request is null then 'absent' when not request_ok then 'truncated'
    when len(json_keys(request)) > len(list_distinct(json_keys(request))) then 'ambiguous' else 'full' end) as request_state,
  request_mended,
  coalesce(response_state, case when response is null then 'absent' when response_ok then 'full' else 'truncated' end) as response_state,
  from_json(case when request_ok then request end, '{
    "messages": "JSON", "prompt": "JSON", "input": "JSON", "inputText": "JSON", "texts": "JSON", "message": "JSON", "preamble": "JSON",
    "system": "JSON", "instructions": "JSON",
    "instances": "JSON", "inputs": "JSON", "dataframe_records": "JSON",
    "dataframe_split": {"columns": ["VARCHAR"], "data": "JSON"},
    "temperature": "DOUBLE", "max_tokens": "BIGINT", "max_completion_tokens": "BIGINT", "max_output_tokens": "BIGINT",
    "max_gen_len": "BIGINT", "n": "BIGINT", "seed": "BIGINT",
    "logprobs": "VARCHAR", "top_logprobs": "BIGINT", "echo": "BOOLEAN", "logit_bias": "JSON", "return_probabilities": "BOOLEAN",
    "include": "VARCHAR",
    "inferenceConfig": {"temperature": "DOUBLE", "maxTokens": "BIGINT"},
    "textGenerationConfig": {"temperature": "DOUBLE", "maxTokenCount": "BIGINT"},
    "additionalModelRequestFields": {"seed": "BIGINT", "logprobs": "VARCHAR", "top_logprobs": "BIGINT", "echo": "BOOLEAN", "logit_bias": "JSON"},
    "parameters": {"temperature": "DOUBLE", "max_tokens": "BIGINT", "max_completion_tokens": "BIGINT", "n": "BIGINT", "seed": "BIGINT",
                   "logprobs": "VARCHAR", "top_logprobs": "BIGINT", "echo": "BOOLEAN", "logit_bias": "JSON", "return_probabilities": "BOOLEAN"},
    "params": {"temperature": "DOUBLE", "max_tokens": "BIGINT", "n": "BIGINT", "seed": "BIGINT", "return_probabilities": "BOOLEAN"}
  }') as q,
  from_json(case when response_ok then response end, '{
    "choices": [{"index": "BIGINT", "text": "VARCHAR", "finish_reason": "VARCHAR", "message": {"content": "JSON", "refusal": "VARCHAR"},
                 "logprobs": {"content": [{"logprob": "DOUBLE"}], "token_logprobs": ["DOUBLE"]}}],
    "content": "JSON", "stop_reason": "VARCHAR", "stopReason": "VARCHAR", "completion": "VARCHAR", "generation": "VARCHAR", "text": "VARCHAR", "finish_reason": "VARCHAR", "status": "VARCHAR",
    "output": "JSON", "outputs": "JSON",
    "results": [{"outputText": "VARCHAR", "completionReason": "VARCHAR"}],
    "generations": [{"text": "VARCHAR", "finish_reason": "VARCHAR"}],
    "predictions": "JSON", "scores": "JSON", "probabilities": "JSON", "label": "JSON", "prediction": "JSON", "score": "JSON",
    "usage": {"prompt_tokens": "BIGINT", "input_tokens": "BIGINT", "inputTokens": "BIGINT",
              "completion_tokens": "BIGINT", "output_tokens": "BIGINT", "outputTokens": "BIGINT"},
    "additionalModelResponseFields": {"mean_logprob": "DOUBLE"},
    "amazon-bedrock-guardrailAction": "VARCHAR",
    "model": "VARCHAR",
    "error": "JSON"
  }') as a
from checked;
