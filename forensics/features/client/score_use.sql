/*
description = "Who asks for scores and log-probabilities, and whether the model is used to write or only to score."
version = 1
requires = ["events.logprobs"]
suspicious = ["echo_scored_share", "scored_share", "logit_bias_share"]

[columns]
scored = "BIGINT: queries for whose answers log-probabilities or class probabilities are asked"
scored_share = "DOUBLE: share of queries that ask for log-probabilities or class probabilities"
echo_scored = "BIGINT: queries that have the prompt itself scored: echo and log-probabilities, at most one token written"
echo_scored_share = "DOUBLE: share of queries that have the prompt itself scored"
top_logprobs = "BIGINT: most alternatives asked for per token"
logit_bias_share = "DOUBLE: share of queries that send token biases"
embedded_share = "DOUBLE: share of queries that ask for embeddings"
terse_share = "DOUBLE: share of queries that let the model write one token at most"
*/
-- Queries, not calls: a batch of prompts is one call.
with calls as (
  select client_id, model, coalesce(logprobs, false) as scored, coalesce(logit_bias, false) as biased, top_logprobs,
         -- Of a batch the log gives the tokens of all answers together.
         coalesce(least(max_tokens, output_tokens // greatest(n_items, 1)) <= 1, false) and operation <> 'embeddings' as terse,
         coalesce(logprobs and echo, false) as echoed, coalesce(operation = 'embeddings', false) as embedded, greatest(n_items, 1) as queries
  from events
)
select
  client_id,
  model,
  coalesce(sum(queries) filter (scored), 0) as scored,
  coalesce(sum(queries) filter (scored), 0) / sum(queries) as scored_share,
  coalesce(sum(queries) filter (echoed and terse), 0) as echo_scored,
  coalesce(sum(queries) filter (echoed and terse), 0) / sum(queries) as echo_scored_share,
  max(top_logprobs) as top_logprobs,
  coalesce(sum(queries) filter (biased), 0) / sum(queries) as logit_bias_share,
  coalesce(sum(queries) filter (embedded), 0) / sum(queries) as embedded_share,
  coalesce(sum(queries) filter (terse), 0) / sum(queries) as terse_share
from calls
group by all
