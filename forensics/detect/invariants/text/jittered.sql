/*
title = "Texts are sent again with letters changed throughout"
explanation = "Best-of-N jailbreaking sends one request many times with letters swapped, left out and capitalised at random, so that most words differ while nearly all characters stay; typing errors change a word or two."
version = 1
group = "steps"
reliability = 0.85
odd_share = 0.05
techniques = ["AML.T0054", "AML.T0068"]
sources = ["https://arxiv.org/abs/2412.03556", "https://arxiv.org/abs/1801.01944"]
requires = ["nodes.new_words"]
hits = "texts with as many words as an earlier one, most of them changed, and nearly the same characters"
falsepositives = [
  "A test of how a product copes with typing errors",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Does one of the variants get an answer where the others were refused?",
  "Are the words ordinary, misspelt? Then the misspelling is the attack; what is asked for is plain to read.",
]
*/
select client_id, model, event_id, idx, near and same_length and words >= 6 and new_words >= 0.4 * words as hit from texts
