/*
description = "Who asks for scores and log-probabilities, and whether the model is used to write or only to score."
version = 1
requires = ["events.logprobs"]

[columns]
scored = "BIGINT: calls that ask for log-probabilities or class probabilities"
scored_share = "DOUBLE: share of calls that ask for log-probabilities or class probabilities"
echo_scored = "BIGINT: calls that have the prompt itself scored: echo and log-probabilities, at most one token written"
echo_scored_share = "DOUBLE: share of calls that have the prompt itself scored"
top_logprobs = "BIGINT: most alternatives asked for per token"
logit_bias_share = "DOUBLE: share of calls that send token biases"
terse_share = "DOUBLE: share of calls that let the model write one token at most"
*/
with calls as (
  select client_id, model, coalesce(logprobs, false) as scored, coalesce(logit_bias, false) as biased, top_logprobs,
         coalesce(least(max_tokens, output_tokens) <= 1, false) and operation <> 'embeddings' as terse,
         coalesce(logprobs and echo, false) as echoed
  from events
)
select
  client_id,
  model,
  count(*) filter (scored) as scored,
  count(*) filter (scored) / count(*) as scored_share,
  count(*) filter (echoed and terse) as echo_scored,
  count(*) filter (echoed and terse) / count(*) as echo_scored_share,
  max(top_logprobs) as top_logprobs,
  count(*) filter (biased) / count(*) as logit_bias_share,
  count(*) filter (terse) / count(*) as terse_share
from calls
group by all
