/*
title = "Rows step by one amount in all coordinates"
explanation = "A sign step (fast gradient sign, Jacobian augmentation) and the corners of a cube (Square) move most coordinates by one and the same amount, up or down; nothing natural moves like that."
version = 1
group = "steps"
reliability = 0.85
odd_share = 0.1
techniques = ["AML.T0024.002", "AML.T0043.001"]
sources = ["https://arxiv.org/abs/1602.02697", "https://arxiv.org/abs/1912.00049"]
requires = ["nodes.even"]
hits = "rows in which four or more coordinates, most of those that changed, moved by one amount"
falsepositives = ["Fixtures of a test suite that add a constant to every field"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Does the number of new rows double from burst to burst? Then a copy is being trained between the bursts.",
  "Do all rows lie around one? Then that one is attacked.",
]
*/
select client_id, model, event_id, idx, even as hit from steps
