/*
title = "The answer turns between near copies"
explanation = "A walk along the boundary crosses it at every other step; edits of real cases that change three fields or more are near copies seldom and turn the answer hardly ever."
version = 1
group = "answers"
reliability = 0.75
odd_share = 0.08
techniques = ["AML.T0043.001", "AML.T0024.000"]
sources = ["https://arxiv.org/abs/1712.04248", "https://arxiv.org/abs/1904.02144"]
requires = ["nodes.flip"]
hits = "near copies, three or more coordinates changed, that get another label"
falsepositives = ["A patient who happens to lie at the boundary"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Is it one record or many? One is attacked; many are tested for membership.",
]
*/
select client_id, model, event_id, idx, near and flip and coalesce(changed >= 3, false) as hit from steps where flip is not null
