/*
title = "Texts that repeat one word"
explanation = "Asking for a word to be repeated for ever, or repeating it, makes a model diverge into what it has learned by heart; no natural text consists of one word by half."
version = 1
group = "place"
reliability = 0.8
odd_share = 0.05
techniques = ["AML.T0057"]
sources = ["https://arxiv.org/abs/2311.17035"]
requires = ["items.top_word_share"]
hits = "texts of twenty words or more of which half are one word, answered at greater length than they have"
falsepositives = [
  "A test of long answers",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Where do the answers stop repeating, and what follows? That is what the model knows by heart.",
  "Limit the length of answers for this key.",
]
*/
select client_id, model, event_id, idx, top_word_share >= 0.5 and words >= 20 and coalesce(answer_size > size, true) as hit from texts
