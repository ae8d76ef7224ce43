-- bodies: the request and the response of a call as typed structs, and how much of them the log has.
create or replace temp table bodies as
with texts as (
  select call_no, operation, request_state, response_state,
         nullif(nullif(nullif(body_text(request::varchar), 'null'), ''), '{}') as request,
         nullif(nullif(nullif(body_text(response::varchar), 'null'), ''), '{}') as response
  from calls
),
checked as (
  select *, request is not null and json_valid(request) as request_ok, response is not null and json_valid(response) as response_ok
  from texts
)
select
  call_no,
  operation,
  coalesce(request_state, case when request is null then 'absent' when request_ok then 'full' else 'truncated' end) as request_state,
  coalesce(response_state, case when response is null then 'absent' when response_ok then 'full' else 'truncated' end) as response_state,
  from_json(case when request_ok then request end, '{
    "messages": "JSON", "prompt": "JSON", "input": "JSON", "inputText": "JSON", "texts": "JSON",
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
    "choices": [{"text": "VARCHAR", "finish_reason": "VARCHAR", "message": {"content": "JSON", "refusal": "VARCHAR"},
                 "logprobs": {"content": [{"logprob": "DOUBLE"}], "token_logprobs": ["DOUBLE"]}}],
    "content": "JSON", "stop_reason": "VARCHAR", "stopReason": "VARCHAR", "completion": "VARCHAR", "generation": "VARCHAR", "status": "VARCHAR",
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
