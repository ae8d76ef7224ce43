/*
description = "How often a client asks exactly what it has asked before. Monitors and retries repeat; sweeps hardly ever do."
version = 1
requires = ["items.exact_hash"]

[columns]
distinct_items = "BIGINT: queries that differ from each other"
repeat_share = "DOUBLE: share of queries that the client had sent before"
top_share = "DOUBLE: share of queries that are the most frequent one"
*/
with counted as (
  select client_id, model, exact_hash, count(*) as times from items where exact_hash is not null group by all
)
select
  client_id,
  model,
  count(*) as distinct_items,
  1 - count(*) / sum(times) as repeat_share,
  max(times) / sum(times) as top_share
from counted
group by all
