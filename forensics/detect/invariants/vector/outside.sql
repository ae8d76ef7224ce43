/*
title = "Inputs lie outside of what others send"
explanation = "Random, generated and computed inputs (extraction by uniform queries, equation solving, inversion) leave the region in which data lies; the customers of a model share one."
version = 1
group = "place"
reliability = 0.8
odd_share = 0.12
techniques = ["AML.T0024.002", "AML.T0024.001"]
sources = ["https://arxiv.org/abs/1609.02943", "https://arxiv.org/abs/2011.14779"]
requires = ["nodes.outside_rank"]
hits = "rows that lie further from other clients' than 95 % of rows do, and share few values with the client's own"
falsepositives = [
  "A customer with a population of its own: another country, another device, other units",
  "A client whose fields are in the wrong order; its errors show it",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Are the inputs possible at all (a pregnant man, an age of 300)? Impossible ones are generated.",
  "Is it one new population (inputs close to each other), or everywhere? Everywhere is a map of the model.",
]
*/
select client_id, model, event_id, idx,
  coalesce(outside_rank > 0.95, false) and coalesce(twin_shared < 0.5, true) and coalesce(distance > 0.8, true) as hit
from steps where outside is not null or near
