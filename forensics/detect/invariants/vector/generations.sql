/*
title = "All that was sent is gone through again, and each time there is twice as much"
explanation = "Jacobian augmentation makes a new row of every row so far, in their order, generation after generation: a row comes after its origin by as many queries as there were, and these double; a batch that is run again keeps its period, and a list that grows does so by less."
version = 1
group = "order"
reliability = 0.85
odd_share = 0.06
techniques = ["AML.T0024.002"]
sources = ["https://arxiv.org/abs/1602.02697", "https://arxiv.org/abs/1805.02628"]
requires = ["nodes.place"]
hits = "rows that come after the nearest one by as many queries as those around them do, which is one number, doubled and doubled again"
falsepositives = ["A list that is sent from its beginning, corrected, whenever it has doubled", "A load test that doubles its list, and changes every row lest it be cached"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Take a row, and the one so many queries before: does each field move by an amount of its own, always the same, up or down? Then a copy is being trained.",
  "The first generation is the seeds: are they real records, and whose? The last is half of all: how good may the copy be by now?",
]
*/
-- By how many queries each comes after the one that it is nearest to, or that it repeats.
with origins as (
  select n.client_id, n.model, n.shape, n.event_id, n.idx, n.place, n.place - if(n.repeat, lag(n.place) over equals, p.place) as behind
  from nodes n left join (select node, client_id, model, shape, place from nodes) p
    on p.node = n.parent and p.client_id = n.client_id and p.model = n.model and p.shape = n.shape
  where n.modality = 'vector'
  window equals as (partition by n.client_id, n.model, n.shape, if(n.repeat, n.parent, n.node) order by n.place)
),
-- As a fifth of those around are, give or take a few, for what else is sent meanwhile: some list is gone through in order. Of fewer than
-- eight it would be by chance.
ordered as (
  select *, round(3 * log2(behind)) as scale, round(50 * log2(behind)) / 50 as doublings from origins where behind >= 8
  qualify count(*) over (partition by client_id, model, shape, round(20 * ln(behind + 50)) order by place range between 16 preceding and 16 following) > 6
),
-- Stretches in which one number, give or take an eighth, holds without a break as long as itself. A generation may have that of the one
-- before, where its rows are nearest to others made of the same origins, so it holds for three times itself; a period goes on.
begun as (
  select *, place - lag(place) over (partition by client_id, model, shape, scale order by place) > behind as begins from ordered
),
stretches as (
  select *, count(*) filter (begins) over (partition by client_id, model, shape, scale order by place) as stretch from begun
),
held as (
  select *, max(place) over same - min(place) over same as length
  from stretches window same as (partition by client_id, model, shape, scale, stretch)
),
ended as (select *, max(length / behind) over (partition by client_id, model, shape, scale) <= 3.5 as ends from held),
numbers as (
  select client_id, model, shape, doublings, bool_and(ends) as ends, count(*) as n, sum(count(*)) over (partition by client_id, model, shape) as of
  from ended group by client_id, model, shape, doublings
),
-- One number, doubled twice or more, is most of what there is; a list that grows otherwise has others between.
generations as (
  select a.client_id, a.model, a.shape, a.doublings, a.of, list(b.doublings) as members, bool_and(b.ends) as ends, sum(b.n) as n
  from numbers a join numbers b using (client_id, model, shape)
  where abs(b.doublings - a.doublings - round(b.doublings - a.doublings)) < 0.1
  group by a.client_id, a.model, a.shape, a.doublings, a.of, round(b.doublings - a.doublings)
  having sum(b.n) > 6
),
series as (
  select client_id, model, shape, doublings, flatten(list(members)) as members, sum(n) as n
  from generations group by client_id, model, shape, doublings, of having bool_and(ends) and count(*) >= 3 and sum(n) > 0.5 * of
),
best as (select client_id, model, shape, arg_max(members, (n, -doublings)) as members from series group by all),
hits as (select event_id, idx from ended join best using (client_id, model, shape) where list_contains(members, doublings))
select client_id, model, event_id, idx, hits.event_id is not null as hit from steps left join hits using (event_id, idx)
