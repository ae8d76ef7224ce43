/*
title = "Texts are scored, and so are copies of them with a word changed"
explanation = "Neighbourhood comparison scores a text and copies of it in which single words, at any place, are exchanged: a text that was trained on is likelier than its neighbours; templates change at one place, and people do not have their edits scored."
version = 1
group = "steps"
reliability = 0.9
odd_share = 0.1
techniques = ["AML.T0024.000"]
sources = ["https://arxiv.org/abs/2305.18462"]
requires = ["events.echo", "nodes.edited_words"]
hits = "scored texts that differ from an earlier one in a few words, at a place where the client's texts do not usually differ"
falsepositives = [
  "An evaluation harness whose answer options differ in single words within a long text",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do the scored texts come in blocks, one original and so many variants? That is the attack's shape.",
  "Switch echo and log-probabilities off for this key; ordinary use needs neither.",
]
*/
select client_id, model, event_id, idx, odd_edit and same_length and new_words > 0 as hit from texts where scored
