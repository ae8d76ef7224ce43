/*
title = "Excerpts of one length are scored"
explanation = "Min-K% probability and its relatives score excerpts cut to one length, so that scores can be compared; who filters documents scores them whole, and a harness scores what it puts together by a template."
version = 1
group = "place"
reliability = 0.85
odd_share = 0.25
techniques = ["AML.T0024.000"]
sources = ["https://arxiv.org/abs/2310.16789", "https://arxiv.org/abs/2404.02936"]
requires = ["events.echo", "items.runs"]
hits = "scored texts cut out of longer ones, of a length that stands out among the client's"
falsepositives = [
  "A filter that scores fixed windows of documents",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Are the excerpts from books, articles or records whose use in training is disputed or secret?",
  "Switch echo and log-probabilities off for this key; ordinary use needs neither.",
]
*/
select client_id, model, event_id, idx, one_length and closes = 'word' and same_heads <= 2 and same_tails <= 2 as hit from texts where scored
