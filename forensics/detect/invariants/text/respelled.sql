/*
title = "Texts are sent again in another spelling"
explanation = "Comparing a text with itself in lower case tells whether it was learned by heart, and capitals at random are part of best-of-N jailbreaking; nobody else sends the same words twice in other case."
version = 1
group = "steps"
reliability = 0.8
odd_share = 0.05
techniques = ["AML.T0024.000", "AML.T0054", "AML.T0068"]
sources = ["https://arxiv.org/abs/2012.07805", "https://arxiv.org/abs/2412.03556"]
requires = ["nodes.same_words", "nodes.same_skeleton"]
hits = "texts of the same words as an earlier one, in other case"
falsepositives = ["A test of how a product copes with capital letters"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Are log-probabilities asked for? Then it is membership inference; else look for what is refused in one spelling and answered in another.",
]
*/
-- A truecaser has several spellings of a sentence scored; of a text that is compared with its lower case there are two.
with spelt as (select *, count(*) over (partition by client_id, model, fold_hash) as spellings from texts)
select client_id, model, event_id, idx, turns = 1 and same_words and not same_skeleton and (spellings = 2 or not scored) as hit from spelt
