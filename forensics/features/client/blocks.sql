/*
description = "Whether the distance from one query to the next follows a beat: an anchor and its k variants, the next anchor and its k. Explainers have it too, so it never stands alone."
version = 1
requires = ["nodes.gap"]
suspicious = ["beat_strength"]

[columns]
beat = "BIGINT: number of queries, 2 to 32, after which the pattern of distances repeats best; null below 17 queries, and where all distances are equal"
beat_strength = "DOUBLE: share of the variance of these distances that the position in the beat explains, adjusted for chance; 0 and below is none"
*/
with
gaps as (
  select client_id, model, shape, place, ln(gap + 1e-3) as x from nodes where gap is not null
  qualify count(*) over (partition by client_id, model, shape) >= 16 and place <= 4096
),
totals as (
  select client_id, model, shape, count(*) as n, avg(x) as mean, case when min(x) < max(x) then var_pop(x) * count(*) end as total
  from gaps group by all
),
phases as (
  select client_id, model, shape, beat, place % beat as phase, count(*) as size, avg(x) as mean
  from gaps, (select unnest(range(2, 33)) as beat) group by all
),
fits as (
  select client_id, model, shape, beat, any_value(n) as n, sum(size * (p.mean - t.mean) ^ 2) / any_value(total) as explained
  from phases p join totals t using (client_id, model, shape) where beat * 3 <= n group by all
),
-- Rounded, so that beats which explain the same are a tie, which the shortest wins.
adjusted as (select client_id, model, beat, round(1 - (1 - explained) * (n - 1) / (n - beat), 9) as strength from fits)
select client_id, model, arg_max(beat, (strength, -beat)) filter (strength is not null) as beat, max(strength) as beat_strength
from adjusted
group by client_id, model
