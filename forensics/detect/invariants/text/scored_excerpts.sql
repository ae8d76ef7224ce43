/*
title = "Excerpts of one length are scored"
explanation = "Min-K% probability and its relatives score excerpts cut to one length, so that scores can be compared; who filters documents scores them whole, and a harness scores what it puts together by a template."
version = 1
group = "place"
reliability = 0.85
odd_share = 0.25
techniques = ["AML.T0024.000"]
sources = ["https://arxiv.org/abs/2310.16789", "https://arxiv.org/abs/2404.02936"]
requires = ["events.echo", "items.words"]
hits = "scored texts as long as most of the client's, within 5 %, and cut out of longer ones"
falsepositives = [
  "A filter that scores fixed windows of documents",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Are the excerpts from books, articles or records whose use in training is disputed or secret?",
  "Switch echo and log-probabilities off for this key; ordinary use needs neither.",
]
*/
with lengths as (
  select *, median(words) over (partition by client_id, model) as usual_words,
    count(*) over (partition by client_id, model, head_hash) as heads
  from texts where scored
)
select client_id, model, event_id, idx,
  abs(words - usual_words) <= 0.05 * usual_words and closes = 'word' and heads <= 2 as hit
from lengths
