/*
description = "How texts change from one near copy to the next: at the end, at the beginning, in the middle, in case only; and what follows a refusal."
version = 1
requires = ["nodes.same_head"]
suspicious = ["suffix_edit_share", "swap_share", "refused_edits", "ladders"]

[columns]
edit_share = "DOUBLE: share of texts that are near copies of an earlier one"
suffix_edit_share = "DOUBLE: share of texts with the beginning of an earlier near copy and another end"
prefix_edit_share = "DOUBLE: share of texts with the end of an earlier near copy and another beginning"
swap_share = "DOUBLE: share of texts that are near copies with exactly as many words"
respelled = "BIGINT: texts sent again with the same words in other spelling (case, punctuation, spacing) or in another conversation"
refused_edits = "BIGINT: near copies of a text that was refused"
ladders = "BIGINT: groups of near copies with three or more refusals; one text sent again and again is none"
ladders_won = "BIGINT: such groups whose last known answer was no refusal"
*/
with
answered as (
  select n.*, i.refused
  from nodes n join (select event_id, idx, refused from items) i using (event_id, idx) where n.modality = 'text'
),
rungs as (
  select client_id, model, anchor, bool_or(near) as edited, count(*) filter (refused) as refusals, arg_max(refused, place) as last_refused
  from answered group by all
),
ladders as (
  select client_id, model, count(*) as ladders, count(*) filter (not last_refused) as won
  from rungs where edited and refusals >= 3 group by all
)
select
  c.client_id, c.model,
  avg(c.near::int) as edit_share,
  avg((c.near and c.same_head and not c.same_tail)::int) as suffix_edit_share,
  avg((c.near and c.same_tail and not c.same_head)::int) as prefix_edit_share,
  avg((c.near and c.same_length)::int) as swap_share,
  count(*) filter (c.same_words) as respelled,
  count(*) filter (c.near and p.refused) as refused_edits,
  coalesce(any_value(l.ladders), 0) as ladders,
  coalesce(any_value(l.won), 0) as ladders_won
from answered c
left join answered p on p.client_id = c.client_id and p.model = c.model and p.node = c.parent
left join ladders l on l.client_id = c.client_id and l.model = c.model
group by c.client_id, c.model
