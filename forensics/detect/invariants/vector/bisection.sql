/*
title = "Rows lie halfway between two earlier ones"
explanation = "A search for the decision boundary halves the distance between an input of one class and one of another, again and again; nobody fills in the exact middle of two forms."
version = 1
group = "steps"
reliability = 0.92
odd_share = 0.03
techniques = ["AML.T0043.001", "AML.T0024.000"]
sources = ["https://arxiv.org/abs/1904.02144", "https://arxiv.org/abs/2007.14321"]
requires = ["nodes.halfway"]
hits = "rows halfway between two of the sixteen before"
falsepositives = ["A numerical study of the model by its owner: interpolation between two cases"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do the halvings end where the answer turns, and does another search begin there? Then an input that fools the model is being made, or a margin is being measured.",
  "Are the starting points real records? Label-only membership inference measures how far a record lies from the boundary.",
]
*/
select client_id, model, event_id, idx, halfway as hit from steps
