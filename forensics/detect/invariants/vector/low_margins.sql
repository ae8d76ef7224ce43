/*
title = "Queries sit at the decision boundary"
explanation = "Searches for the boundary spend most of their queries where the model is least sure; of ordinary inputs only one in twenty has a margin among the lowest five percent."
version = 1
group = "answers"
reliability = 0.7
odd_share = 0.12
techniques = ["AML.T0043.001", "AML.T0024.000"]
sources = ["https://arxiv.org/abs/1904.02144", "https://arxiv.org/abs/2007.14321"]
requires = ["nodes.margin_rank"]
hits = "rows with a margin among the lowest 5 % of the model's population"
falsepositives = [
  "A patient or device that happens to lie at the boundary, watched by a sensor",
  "A second reader who is sent only the doubtful cases",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do the rows lie around few records, and does the answer turn to and fro? Then the boundary around these is being measured.",
]
*/
select client_id, model, event_id, idx, margin_rank < 0.05 as hit from steps where margin_rank is not null
