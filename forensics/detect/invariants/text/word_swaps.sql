/*
title = "Single words of a text are exchanged, at ever other places"
explanation = "Adversarial search for texts deletes or replaces one word after the other to see which decide the answer, and probes cross carriers with payloads; templates change at one place only."
version = 1
group = "steps"
reliability = 0.5
odd_share = 0.2
techniques = ["AML.T0043.001", "AML.T0015", "AML.T0051.000"]
sources = ["https://arxiv.org/abs/1907.11932", "https://arxiv.org/abs/1803.01128"]
requires = ["nodes.edited_words"]
hits = "near copies that differ in a few words, at a place where the client's texts do not usually differ, neither scored nor refused"
falsepositives = [
  "A prompt engineer who edits one prompt all day",
  "An editor that sends the whole text after every correction",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Does the answer change along the way from one class to another, and does the client stop there? Then an input that fools the model was made.",
  "Is the text a message that a filter is to judge (spam, abuse, fraud)? Tell the owner of the filter.",
]
*/
select client_id, model, event_id, idx, odd_edit and not scored and group_refused = 0 as hit from texts where operation is distinct from 'embeddings'
