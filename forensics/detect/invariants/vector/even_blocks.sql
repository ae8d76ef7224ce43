/*
title = "Blocks of one size, one record after another"
explanation = "Who works through a list sends each record with the same number of variants, one block after the other, and never comes back; people and devices stop when they have seen enough."
version = 1
group = "order"
reliability = 0.7
odd_share = 0.15
techniques = ["AML.T0024.000", "AML.T0024.001"]
sources = ["https://arxiv.org/abs/2007.14321", "https://arxiv.org/abs/2012.03404"]
requires = ["nodes.anchor"]
hits = "rows in blocks of near copies that have one and the same size"
falsepositives = [
  "A dashboard that polls a fixed number of readings of each device",
  "A robustness test by the owner of the model",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Is the first row of each block a real record, and do you know it? Hold these against the training data.",
]
*/
with sizes as (
  select client_id, model, group_size, count(distinct anchor) as n
  from steps where group_size > 3 and group_queries <= 1.1 * group_size and group_span <= 3 * group_size group by all
),
tops as (
  select client_id, model, arg_max(group_size, (n, group_size)) as group_size, max(n) as n, sum(n) as groups from sizes group by all
)
select client_id, model, event_id, idx,
  coalesce(tops.n >= 5 and tops.n >= 0.6 * tops.groups and steps.group_size = tops.group_size
    and group_queries <= 1.1 * steps.group_size and group_span <= 3 * steps.group_size, false) as hit
from steps left join tops using (client_id, model)
