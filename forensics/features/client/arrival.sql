/*
description = "The shape of the times between calls. Context for an analyst and for the anomaly detector, never a verdict."
version = 1
requires = ["events.ts"]

[columns]
median_gap_s = "DOUBLE: median seconds between calls"
gap_spread = "DOUBLE: coefficient of variation of the times between calls; 0 is a clock, 1 is chance, more is bursts; null where all calls are of one instant"
same_gap_share = "DOUBLE: share of times between calls within 5 % of their median"
active_hours = "BIGINT: clock hours with a call, UTC"
active_days = "BIGINT: days with a call, UTC"
*/
with
spaced as (
  select client_id, model, ts, (epoch_us(ts) - lag(epoch_us(ts)) over (partition by client_id, model order by ts, event_id)) / 1e6 as gap
  from events
),
medians as (select client_id, model, median(gap) as middle from spaced group by all)
select
  client_id, model,
  any_value(middle) as median_gap_s,
  case when avg(gap) > 0 then round(stddev_pop(gap) / avg(gap), 9) end as gap_spread,
  avg((abs(gap - middle) <= 0.05 * middle)::int) as same_gap_share,
  count(distinct epoch_us(ts) // 3600000000) as active_hours,
  count(distinct epoch_us(ts) // 86400000000) as active_days
from spaced join medians using (client_id, model)
group by client_id, model
