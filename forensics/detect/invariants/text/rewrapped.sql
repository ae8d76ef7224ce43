/*
title = "Refused requests come back in another wrapping"
explanation = "Jailbreaks and system prompts are searched for by keeping what is wanted and changing how it is introduced (a role, a story, an order to ignore what was said) whenever it is refused; templates keep their beginning, and people who are refused add to the end or ask something else."
version = 1
group = "steps"
reliability = 0.85
odd_share = 0.05
techniques = ["AML.T0054", "AML.T0056"]
sources = ["https://arxiv.org/abs/2310.08419", "https://arxiv.org/abs/2312.02119"]
requires = ["nodes.same_head", "items.refused"]
hits = "near copies of a refused text that begin with other words"
falsepositives = ["A team that tests the guardrails of its own product with rewritten attacks"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "How did the ladders end? If the last answer is no refusal, read it: what did the model give away?",
  "What was asked for? The request stays the same on the ladder, the wrapping changes.",
]
*/
select client_id, model, event_id, idx, near and parent_refused and not same_head and not same_skeleton as hit from texts
