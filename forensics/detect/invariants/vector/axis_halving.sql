/*
title = "Steps along one coordinate halve"
explanation = "Path finding in decision trees, and any search for a threshold, bisects one coordinate: each step is half of the one before; a person tries round numbers, a slider moves by equal steps."
version = 1
group = "steps"
reliability = 0.85
odd_share = 0.03
techniques = ["AML.T0024.002", "AML.T0043.001"]
sources = ["https://arxiv.org/abs/1609.02943"]
requires = ["nodes.axis"]
hits = "steps along one coordinate that are half of the one before, which was half of the one before it"
falsepositives = ["An engineer who looks for the threshold of one field by hand"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "For how many coordinates has it found the threshold? All of them together are the model.",
]
*/
with halved as (
  select *, abs(delta) / nullif(lag(abs(delta)) over along, 0) between 0.4 and 0.6 as half
  from steps where axis is not null
  window along as (partition by client_id, model, shape, anchor, axis order by place)
),
twice as (
  select event_id, idx, half and lag(half) over (partition by client_id, model, shape, anchor, axis order by place) as hit from halved
)
select client_id, model, event_id, idx, coalesce(hit, false) as hit from steps left join twice using (event_id, idx)
