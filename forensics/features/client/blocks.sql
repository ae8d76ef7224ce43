/*
description = "Whether the distance from one query to the next follows a beat: an anchor and its k variants, the next anchor and its k. Explainers have it too, so it never stands alone."
version = 1
requires = ["nodes.gap"]
suspicious = ["beat_strength"]

[columns]
beat = "BIGINT: number of queries after which the pattern of distances repeats best, 2 to 32; null below 16 queries"
beat_strength = "DOUBLE: share of the variance of these distances that the position in the beat explains, adjusted for chance; 0 is none"
*/
with
gaps as (
  select client_id, model, place, ln(gap + 1e-3) as x from nodes where gap is not null
  qualify count(*) over (partition by client_id, model) >= 16 and place <= 4096
),
totals as (select client_id, model, count(*) as n, avg(x) as mean, var_pop(x) * count(*) as total from gaps group by all),
phases as (
  select client_id, model, beat, place % beat as phase, count(*) as size, avg(x) as mean
  from gaps, (select unnest(range(2, 33)) as beat) group by all
),
fits as (
  select client_id, model, beat, any_value(n) as n,
    round(sum(size * (p.mean - t.mean) ^ 2) / nullif(any_value(total), 0), 9) as explained
  from phases p join totals t using (client_id, model) where beat * 3 <= n group by all
),
adjusted as (select *, 1 - (1 - explained) * (n - 1) / (n - beat) as strength from fits where n > beat)
select client_id, model, arg_max(beat, (strength, -beat)) as beat, max(strength) as beat_strength from adjusted group by all
