/*
title = "Token biases are sent with every call, one token asked for"
explanation = "The last layer of a model is read by raising the bias of one token after the other and asking for the log-probabilities of a single token; products bias a few tokens, always the same, and want an answer."
version = 1
group = "answers"
reliability = 0.7
odd_share = 0.3
techniques = ["AML.T0024.002"]
sources = ["https://arxiv.org/abs/2403.06634"]
requires = ["events.logit_bias"]
hits = "texts for which token biases were sent and log-probabilities asked"
falsepositives = [
  "A classifier that allows a few tokens as answer",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Does the bias move from token to token? A classifier's stays.",
  "Switch token biases, or log-probabilities beside them, off for this key.",
]
*/
select client_id, model, event_id, idx, logit_bias and logprobs as hit from texts
