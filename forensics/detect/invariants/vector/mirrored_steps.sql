/*
title = "One step is made from two rows, or mirrored"
explanation = "Gradient estimates ask x + u beside x - u (NES, finite differences), and augmentation makes one transformation of many records: the fourth corner of a parallelogram in four or more coordinates does not come about by chance."
version = 1
group = "steps"
reliability = 0.8
odd_share = 0.05
techniques = ["AML.T0043.001", "AML.T0024.000"]
sources = ["https://arxiv.org/abs/1804.08598", "https://arxiv.org/abs/2007.14321"]
requires = ["nodes.corner"]
hits = "rows that are the fourth corner of three of the sixteen before"
falsepositives = ["A designed experiment: a factorial plan asks all corners"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Is there a centre that the mirrored rows belong to? It is what is attacked.",
]
*/
select client_id, model, event_id, idx, corner and coalesce(changed >= 4, false) and group_size >= 4 as hit from steps
