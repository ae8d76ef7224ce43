/*
title = "Straight lines are walked across the point where the answer turns"
explanation = "Line searches (Sign-OPT, GeoDA, SurFree) move along one direction until the label changes; a form is changed field by field, not along a straight line through all of them."
version = 1
group = "steps"
reliability = 0.85
odd_share = 0.05
techniques = ["AML.T0043.001", "AML.T0024.000"]
sources = ["https://arxiv.org/abs/1909.10773", "https://arxiv.org/abs/2003.06468", "https://arxiv.org/abs/2011.12807"]
requires = ["nodes.line"]
hits = "rows on the line through two of the sixteen before, where the answer turns or nearly does"
falsepositives = ["A robustness test by the owner of the model"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "How close do the points come to the turn? The closer, the further the search has come.",
]
*/
select client_id, model, event_id, idx, line and coalesce(changed >= 4, false) and (coalesce(flip, false) or coalesce(margin_rank < 0.1, false)) as hit from steps
