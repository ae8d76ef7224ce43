/*
title = "Two or three variants of a record, then the next record"
explanation = "Membership inference that is spread over accounts leaves each with a few variants of every candidate: right after each other, changed in many fields at once, never looked at again."
version = 1
group = "order"
reliability = 0.8
odd_share = 0.08
techniques = ["AML.T0024.000"]
sources = ["https://arxiv.org/abs/2007.14321", "https://arxiv.org/abs/1610.05820"]
requires = ["nodes.contrast"]
hits = "rows right after a similar one, three or more coordinates changed, in groups of at most four"
falsepositives = ["A comparison of two versions of each record, before and after a correction"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do other accounts send variants of the same records, in the same order? Then look at them together.",
  "Which of the rows is the real record, and do you know it? Hold it against the training data.",
]
*/
select client_id, model, event_id, idx,
  coalesce("lag" = 1 and twin = parent and contrast < 0.65 and changed >= 3 and distance > 0.15 and group_size <= 4
    and group_queries = group_size and not coalesce(lag_before = 1 and contrast_before < 0.5, false), false) as hit
from steps where contrast is not null
