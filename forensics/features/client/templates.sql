/*
description = "Templates with slots, and whether anybody talks back: a curriculum is sent once through few templates, a user follows up."
version = 1
requires = ["items.head_hash"]
suspicious = ["templated_share", "ending_share"]

[columns]
top_template_share = "DOUBLE: share of texts that begin with the client's commonest eight words"
templates = "BIGINT: beginnings of eight words that the client used for five or more different texts"
templated_share = "DOUBLE: share of different texts that have such a beginning"
ending_share = "DOUBLE: share of different texts that end with the client's commonest last eight words"
skeleton_share = "DOUBLE: share of texts equal to the commonest one but for numbers and quotations"
follow_up_share = "DOUBLE: share of queries that continue a conversation"
short_share = "DOUBLE: share of different texts of at most 25 words"
*/
with
texts as (select distinct client_id, model, exact_hash, head_hash, tail_hash, words, fold_hash from items where head_hash is not null),
heads as (select client_id, model, head_hash, count(distinct fold_hash) as n from texts where words > 8 group by all),
tails as (select client_id, model, tail_hash, count(distinct fold_hash) as n from texts where words > 8 group by all),
skeletons as (select client_id, model, skeleton_hash, count(*) as n from items where skeleton_hash is not null group by all),
head as (
  select client_id, model, max(n) as top, count(*) filter (n >= 5) as templates, sum(n) filter (n >= 5) as templated from heads group by all
),
tail as (select client_id, model, max(n) as top from tails group by all),
skeleton as (select client_id, model, max(n) / sum(n) as share from skeletons group by all),
whole as (
  select client_id, model, count(distinct fold_hash) as texts, count(distinct fold_hash) filter (words <= 25) as short from texts group by all
),
talk as (select client_id, model, avg((turns > 2)::int) as follow_up_share from items where turns is not null group by all)
select
  client_id, model,
  coalesce(head.top, 0) / texts as top_template_share,
  coalesce(templates, 0) as templates,
  coalesce(templated, 0) / texts as templated_share,
  coalesce(tail.top, 0) / texts as ending_share,
  skeleton.share as skeleton_share,
  follow_up_share,
  short / texts as short_share
from whole left join head using (client_id, model) left join tail using (client_id, model)
left join skeleton using (client_id, model) left join talk using (client_id, model)
