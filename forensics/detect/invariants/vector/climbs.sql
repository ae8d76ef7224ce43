/*
title = "A score is driven up or down"
explanation = "Of independent queries with one answer, two in seventeen score higher or lower than all of the sixteen before; an optimiser (inversion, score-based search) sets a new record every few steps."
version = 1
group = "answers"
reliability = 0.7
odd_share = 0.2
techniques = ["AML.T0024.001", "AML.T0043.001"]
sources = ["https://dl.acm.org/doi/10.1145/2810103.2813677", "https://arxiv.org/abs/1905.07121"]
requires = ["items.top_score"]
hits = "rows that score higher, or lower, than all of the sixteen before with the same answer"
falsepositives = ["An optimiser that looks for good inputs within the limits of a process: its inputs are plausible"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do the last inputs look like a person, a face, a record? Then the model has given away what it learned.",
  "Which class is climbed? If a class is one person, treat that person as affected.",
]
*/
select client_id, model, event_id, idx, (top_score > best_score or top_score < worst_score) and (coalesce(changed >= 3, false) or group_axes > 4) as hit from steps where scores_before >= 8 and top_score is not null
