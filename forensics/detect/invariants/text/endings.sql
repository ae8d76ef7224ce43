/*
title = "A few endings are set under many beginnings"
explanation = "Scanners for prompt injection cross payloads with carriers, and distillation crosses instructions with material, so that each of several endings comes after many different beginnings; a template of one's own has one ending."
version = 1
group = "order"
reliability = 0.7
odd_share = 0.2
techniques = ["AML.T0051.000", "AML.T0024.002"]
sources = ["https://arxiv.org/abs/2211.09527", "https://arxiv.org/abs/2212.10560"]
requires = ["items.tail_hash"]
hits = "texts, no near copies of one another, that end with one of two or more endings which four or more different beginnings share"
falsepositives = [
  "A comparison of several prompts that give their instruction last",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do the endings give orders that the beginnings do not lead to (ignore, print, instead)? Then it is a scanner for prompt injection.",
  "Do they ask for reasoning, grades or more examples of the same? Then a student model is taught: look for accounts with the same endings.",
]
*/
with alone as (
  select *, case when words > 16 then count(distinct head_hash) over (partition by client_id, model, tail_hash) else 0 end as beginnings
  from texts where not near or anchor = node
),
several as (
  select client_id, model, count(distinct tail_hash) as endings from alone where beginnings >= 4 group by all
)
-- Where there are more endings than beginnings, some instructions stand before every row of a table.
select client_id, model, event_id, idx, beginnings >= 4 and coalesce(endings, 0) between 2 and beginnings as hit
from alone left join several using (client_id, model)
