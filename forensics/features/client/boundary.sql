/*
description = "Where the answers turn: labels that flip between near copies, and margins that are small. Ordinary inputs rarely lie at a decision boundary; a walk along it does nothing else."
version = 1
requires = ["items.label"]
suspicious = ["score_trend", "flip_share", "flips", "low_margin_share", "low_margins", "label_evenness"]

[columns]
flip_share = "DOUBLE: share of near copies that get another label than the query they are a copy of"
flips = "BIGINT: near copies that get another label"
low_margin_share = "DOUBLE: share of near copies with a margin among the lowest 5 % of the model's population"
low_margins = "BIGINT: near copies with a margin among the lowest 5 % of the model's population"
usual_margin_rank = "DOUBLE: median share of the population with a smaller margin; 0.5 is usual"
score_trend = "DOUBLE: correlation of the top score with the order of the queries, among the answers with the commonest label; null below eight of them, and where all are the same"
labels = "BIGINT: different labels that the client was given"
label_evenness = "DOUBLE: entropy of the labels against that of equal counts; 1 is perfectly balanced; null for one label"
*/
with
given as (select client_id, model, label, count(*) as n from items where label is not null group by all),
shares as (select *, n / sum(n) over (partition by client_id, model) as share from given),
balance as (
  select client_id, model, count(*) as labels, case when count(*) > 1 then round(-sum(share * ln(share)) / ln(count(*)), 9) end as evenness
  from shares group by all
),
commonest as (select client_id, model, arg_max(label, (n, label)) as label from given group by all),
ordered as (
  select client_id, model, top_score, row_number() over (partition by client_id, model order by ts, event_id, idx) as place
  from items join commonest using (client_id, model, label) where top_score is not null
),
trends as (
  select client_id, model, case when count(*) >= 8 and min(top_score) < max(top_score) then round(corr(place, top_score), 9) end as trend
  from ordered group by all
),
links as (
  select client_id, model,
    avg(flip::int) filter (near) as flip_share,
    count(*) filter (near and flip) as flips,
    avg((margin_rank < 0.05)::int) filter (near) as low_margin_share,
    count(*) filter (near and margin_rank < 0.05) as low_margins,
    median(margin_rank) as usual_margin_rank
  from nodes group by all
)
select client_id, model, flip_share, coalesce(flips, 0) as flips, low_margin_share, coalesce(low_margins, 0) as low_margins,
  usual_margin_rank, trend as score_trend, labels, evenness as label_evenness
from balance left join trends using (client_id, model) left join links using (client_id, model)
