/*
title = "Rows are spliced with earlier ones at a regular distance"
explanation = "A list of candidates followed by the list of their fabricated twins, or one generation of derived inputs after another, keeps the order of the list: every row shares many values with the one exactly so many before it, and the rest is new."
version = 1
group = "order"
reliability = 0.75
odd_share = 0.06
techniques = ["AML.T0024.000", "AML.T0024.002"]
sources = ["https://arxiv.org/abs/1610.05820", "https://arxiv.org/abs/1602.02697"]
requires = ["nodes.twin"]
hits = "rows that share many exact values with the row a certain number before, and differ widely in others"
falsepositives = ["A batch that is run again after its records were corrected"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Which of the two lists holds real records, and do you know them? Hold them against the training data.",
  "Do the twins make sense as data, or are fields exchanged at random?",
]
*/
with splices as (
  select *, coalesce(twin_shared > 0.3 and twin_changed >= 2 and twin_distance > 0.5, false) as is_splice from steps
),
lags as (select client_id, model, twin_lag, count(*) as n from splices where is_splice and twin_lag > 1 group by all),
tops as (
  select client_id, model, arg_max(twin_lag, (n, -twin_lag)) as twin_lag, max(n) as n, sum(n) as spliced from lags group by all
)
-- Of many lags one is the commonest by chance: its first four times prove nothing.
select client_id, model, event_id, idx,
  coalesce(is_splice and splices.twin_lag = tops.twin_lag and tops.n >= 0.2 * tops.spliced, false)
    and row_number() over (partition by client_id, model, is_splice, splices.twin_lag order by place) > 4 as hit
from splices left join tops using (client_id, model)
