/*
description = "Whether a client comes back to what it asked. Users of a model return to their own records and topics; a sweep goes through a list once."
version = 1
requires = ["nodes.distance"]
suspicious = ["new_share", "late_new_share"]

[columns]
new_share = "DOUBLE: share of queries that neither repeat, nearly repeat nor continue an earlier one"
late_new_share = "DOUBLE: the same among the last third of the queries; null below three"
return_share = "DOUBLE: share of queries that belong to a group begun on an earlier day"
*/
with
placed as (
  select *, row_number() over (partition by client_id, model order by ts, event_id, idx) as number,
    count(*) over (partition by client_id, model) as queries,
    epoch_us(min(ts) over (partition by client_id, model, shape, anchor)) // 86400000000 as first_day
  from nodes
)
select
  client_id, model,
  avg((not near and not repeat and not coalesce(grows, false))::int) as new_share,
  avg((not near and not repeat and not coalesce(grows, false))::int) filter (3 * (number - 1) >= 2 * queries) as late_new_share,
  avg((epoch_us(ts) // 86400000000 > first_day)::int) as return_share
from placed
group by client_id, model
