/*
title = "Words of a refused request are exchanged one after the other"
explanation = "A search for a jailbreak suffix keeps the request and exchanges a word or two of it at a time, at any place, for as long as it is refused; people put a refused request in other words as a whole."
version = 1
group = "steps"
reliability = 0.9
odd_share = 0.08
techniques = ["AML.T0054"]
sources = ["https://arxiv.org/abs/2307.15043", "https://arxiv.org/abs/2404.02151"]
requires = ["nodes.edited_words", "items.refused"]
hits = "near copies that differ in a few words, at a place where the client's texts do not usually differ, in a group of which some were refused"
falsepositives = [
  "A team that tests the guardrails of its own product",
  "A prompt engineer whose prompt is refused",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "How did the search end? If the last answer of a group is no refusal, read what the model gave away.",
  "What was asked for? The request stays the same, the words around it change.",
]
*/
select client_id, model, event_id, idx, odd_edit and group_refused > 0 as hit from texts
