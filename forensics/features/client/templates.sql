/*
description = "Templates with slots, and whether anybody talks back: a curriculum is sent once through few templates, a user follows up."
version = 2
requires = ["items.head_hash"]
suspicious = ["templated_share", "ending_share"]

[columns]
top_template_share = "DOUBLE: share of different texts that begin with the client's commonest eight words"
templates = "BIGINT: beginnings of eight words, or ends where the beginning is none, that five or more different texts, longer than that, share"
templated_share = "DOUBLE: share of different texts that have such a beginning or end"
ending_share = "DOUBLE: share of different texts that end with the client's commonest last eight words"
skeleton_share = "DOUBLE: share of queries whose text equals the commonest one but for numbers, quotations and names; repeats count"
usual_answer = "DOUBLE: median number of characters of the answers; null where the log has none"
follow_up_share = "DOUBLE: share of queries that continue a conversation"
short_share = "DOUBLE: share of different texts of at most 25 words"
*/
with
texts as (
  select client_id, model, fold_hash, min(head_hash) as head, min(tail_hash) as tail, min(words) as words
  from items where head_hash is not null group by all
),
counted as (
  select *, case when words > 8 then count(*) over (partition by client_id, model, words > 8, head) else 0 end as heads,
    case when words > 8 then count(*) over (partition by client_id, model, words > 8, tail) else 0 end as tails
  from texts
),
filled as (select *, case when heads >= 5 then head when tails >= 5 then tail end as template from counted),
whole as (
  select client_id, model, count(*) as texts, max(heads) as head_top, max(tails) as tail_top, count(distinct template) as templates,
    count(template) as templated, count(*) filter (words <= 25) as short
  from filled group by all
),
skeletons as (select client_id, model, masked_hash, count(*) as n from items where masked_hash is not null group by all),
skeleton as (select client_id, model, max(n) / sum(n) as share from skeletons group by all),
talk as (
  select client_id, model, avg((turns > 2)::int) as follow_up_share, median(answer_size) as usual_answer
  from items where turns is not null group by all
)
select
  client_id, model,
  head_top / texts as top_template_share,
  templates,
  templated / texts as templated_share,
  tail_top / texts as ending_share,
  skeleton.share as skeleton_share,
  usual_answer,
  follow_up_share,
  short / texts as short_share
from whole left join skeleton using (client_id, model) left join talk using (client_id, model)
