/*
title = "Several accounts go through the same records side by side, each with variants of its own"
explanation = "Who deals the variants of each record out to many accounts leaves in all of them the same records in the same order, but never the same row; accounts that share a list send equal rows, and accounts that share a population are not in step."
version = 1
group = "company"
reliability = 0.9
odd_share = 0.05
techniques = ["AML.T0024.000"]
sources = ["https://arxiv.org/abs/1711.07221", "https://arxiv.org/abs/2007.14321"]
requires = ["nodes.company"]
hits = "rows of which two other accounts or more have a near copy at the same place of their sequence"
falsepositives = [
  "Devices of one kind that measure the same thing and report it under keys of their own",
]
triage = [
  "Whose accounts are these? Look at payment, registration and addresses of all of them together.",
  "What is the record that the variants surround, and do you know it? Hold it against the training data.",
]
*/
select client_id, model, event_id, idx, company >= 2 as hit from steps where company is not null
