/*
description = "How much a client asks of a model, and how evenly over time. Context for an analyst; volume alone proves nothing."
version = 1
requires = ["events.ts"]

[columns]
calls = "BIGINT: calls in the window"
items = "BIGINT: queries in the window; a batch counts every row"
active_hours = "BIGINT: clock hours (UTC) with at least one call"
peak_hour_items = "BIGINT: queries in the busiest clock hour"
items_per_active_hour = "DOUBLE: queries per hour with at least one call"
span_hours = "DOUBLE: hours between the first and the last call"
failed_share = "DOUBLE: share of calls that did not end well"
*/
with hourly as (
  select client_id, model, date_trunc('hour', ts) as hour, count(*) as calls, sum(n_items) as items,
         count(*) filter (outcome <> 'ok') as failed, min(ts) as first_ts, max(ts) as last_ts
  from events
  group by all
)
select
  client_id,
  model,
  sum(calls) as calls,
  sum(items) as items,
  count(*) as active_hours,
  max(items) as peak_hour_items,
  sum(items) / count(*) as items_per_active_hour,
  (epoch_us(max(last_ts)) - epoch_us(min(first_ts))) / 3.6e9 as span_hours,
  sum(failed) / sum(calls) as failed_share
from hourly
group by all
