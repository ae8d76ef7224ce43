/*
title = "Many near copies surround one record"
explanation = "Variants around an anchor (noise, augmentation, spheres around a boundary point) are all near the same row and change many coordinates at once; edits of a case follow one another."
version = 1
group = "steps"
reliability = 0.6
odd_share = 0.12
techniques = ["AML.T0024.000", "AML.T0043.001"]
sources = ["https://arxiv.org/abs/2007.14321", "https://arxiv.org/abs/1904.02144"]
requires = ["nodes.near"]
hits = "near copies, three or more coordinates changed, of a row that has four such copies or more"
falsepositives = [
  "A dashboard that adds noise to a record before it sends it",
  "An explainer that draws its samples around the case (LIME)",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Is the centre a real record, and do you know it? Hold it against the training data.",
  "Are the groups of one size? Then it is a list, worked through.",
]
*/
-- One record that many copies surround may be a screen that shows it.
with stars as (
  select client_id, model, event_id, idx, parent, near and siblings >= 4 and coalesce(changed >= 3, false) as star from steps
)
select client_id, model, event_id, idx,
  star and count(distinct parent) filter (star) over (partition by client_id, model) >= 3 as hit
from stars
