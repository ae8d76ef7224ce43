/*
title = "A large part of different requests is refused"
explanation = "Whoever goes through a list of probes, or looks for the wording that gets past a refusal, is refused again and again with different texts; honest use learns from the first refusal."
version = 1
group = "answers"
reliability = 0.7
odd_share = 0.2
techniques = ["AML.T0051.000", "AML.T0054"]
sources = ["https://arxiv.org/abs/2406.11036", "https://arxiv.org/abs/2402.04249"]
requires = ["items.refused"]
hits = "different texts that were refused"
falsepositives = [
  "A moderation or safety team, whose inputs are offensive by nature",
  "A test set about what the model declines",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Are the requests variations of known probes (ignore the above, encodings, role play)? Then a scanner runs.",
  "Was a scan announced? Note it on the incident and close it; otherwise treat it as reconnaissance.",
]
*/
select client_id, model, event_id, idx, refused as hit from texts where refused is not null
