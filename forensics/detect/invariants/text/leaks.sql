/*
title = "Different requests get one and the same long answer"
explanation = "Who extracts a system prompt or a memorised text asks for it in ever other words and gets it word for word; different questions get different answers."
version = 1
group = "company"
reliability = 0.5
odd_share = 0.3
techniques = ["AML.T0056", "AML.T0057"]
sources = ["https://arxiv.org/abs/2307.06865", "https://arxiv.org/abs/2311.17035"]
requires = ["items.answer_hash"]
hits = "texts with the same long answer as two others that they are no near copies of, and no refusal"
falsepositives = [
  "A product that says the same sentence whenever it has nothing to say",
  "A gateway that caches by likeness",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Read the answer: is it the system prompt, or somebody's text?",
  "If it is out: change what in it was secret. A prompt is no place for one.",
]
*/
with askers as (
  select *, count(distinct anchor) over (partition by client_id, model, answer_hash) as texts,
    count(distinct answer_hash) over (partition by client_id, model) as answers
  from texts where answer_hash is not null and not coalesce(refused, false) and not scored
)
-- Whoever gets one answer whatever he asks talks to something that is broken, or a stub.
select client_id, model, event_id, idx, answer_size >= 100 and texts >= 3 and answers > 1 as hit from askers
