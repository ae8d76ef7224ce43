/*
title = "Ever other token biases are sent"
explanation = "The last layer of a model is read by raising the bias of one token after the other, or of one by halves, and seeing what is answered; products bias a few tokens, always the same."
version = 1
group = "answers"
reliability = 0.9
odd_share = 0.1
techniques = ["AML.T0024.002"]
sources = ["https://arxiv.org/abs/2403.06634"]
requires = ["events.logit_bias_hash"]
hits = "texts for which token biases were sent that had not been sent before, beyond the first four kinds"
falsepositives = [
  "A classifier that allows a few tokens as answer",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Does the bias move from token to token? A classifier's stays.",
  "Switch token biases, or log-probabilities beside them, off for this key.",
]
*/
-- Repeats, too: the text stays, the biases move.
with sent as (
  select n.client_id, n.model, n.event_id, n.idx, n.place,
    row_number() over (partition by n.client_id, n.model, logit_bias_hash order by place) = 1 and logit_bias_hash is not null as fresh
  from nodes n join (select event_id, logit_bias_hash from events) using (event_id) where modality = 'text'
)
select client_id, model, event_id, idx,
  fresh and count(*) filter (fresh) over (partition by client_id, model order by place rows unbounded preceding) > 4 as hit
from sent
