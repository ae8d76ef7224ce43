/*
title = "Refused requests are changed and tried again"
explanation = "Jailbreaks and system prompts are searched for by ladders: a request is refused, changed and sent again, until an answer comes; of a template's texts no more are refused before a near copy than anywhere."
version = 1
group = "answers"
reliability = 0.8
odd_share = 0.2
techniques = ["AML.T0054", "AML.T0056"]
sources = ["https://arxiv.org/abs/2310.08419", "https://arxiv.org/abs/2312.02119"]
requires = ["nodes.near", "items.refused"]
hits = "near copies of a text that was refused"
falsepositives = [
  "A team that tests the guardrails of its own product",
  "A list worked through with one template about what the model declines",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "How did the ladders end? If the last answer is no refusal, read it: what did the model give away?",
  "What was asked for? The request stays the same on the ladder, the wrapping changes.",
]
*/
select client_id, model, event_id, idx, parent_refused as hit from texts where near and parent_refused is not null
