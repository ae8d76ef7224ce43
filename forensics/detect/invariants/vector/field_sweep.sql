/*
title = "One field is swept over its values, record after record"
explanation = "Attribute inference sends each record once for every value that the field may have, always the same field and the same number of values; a person tries values of several fields of one case."
version = 1
group = "steps"
reliability = 0.92
odd_share = 0.1
techniques = ["AML.T0024.001"]
sources = ["https://arxiv.org/abs/2012.03404", "https://dl.acm.org/doi/10.1145/2810103.2813677"]
requires = ["nodes.axis"]
hits = "single-coordinate steps on one and the same coordinate, in groups of one and the same size"
falsepositives = [
  "A partial dependence plot: the owner of the model sweeps one field over a sample, once",
  "A what-if panel that always shows the same field",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Which field is it? One that is sensitive and that the caller should not know (diagnosis, income, age): treat the swept persons as affected.",
  "Were the other fields correct for real persons? Then the caller already holds their data.",
]
*/
with swept as (
  select *, count(axis) over (partition by client_id, model, shape, anchor, axis) = group_size - 1 and group_size > 1 as whole from steps
),
sizes as (
  select client_id, model, axis, group_size, count(distinct anchor) as n from swept where whole group by all
  -- A field of two values is turned both ways; a replay under two variants always shifts it the same way.
  having group_size > 2 or least(count(*) filter (delta > 0), count(*) filter (delta < 0)) >= 0.2 * count(*)
),
tops as (select client_id, model, max(n) as n, sum(n) as groups, arg_max(struct_pack(axis, group_size), (n, group_size, axis)) as top from sizes group by all)
select client_id, model, event_id, idx, coalesce(whole and tops.n >= 4 and tops.n >= 0.5 * tops.groups and swept.axis = top.axis and swept.group_size = top.group_size, false) as hit
from swept left join tops using (client_id, model)
