/*
title = "Where others were refused, one and the same long answer is told again"
explanation = "Who extracts a system prompt or a memorised text asks for it in ever other words, is refused by most and gets it word for word by some; products that repeat an answer do so without having been refused it."
version = 1
group = "order"
reliability = 0.8
odd_share = 0.1
techniques = ["AML.T0056", "AML.T0057"]
sources = ["https://arxiv.org/abs/2307.06865", "https://arxiv.org/abs/2311.17035"]
requires = ["items.answer_hash", "items.refused"]
hits = "texts that got an answer where the one before was refused: a long answer that two texts of other groups got word for word, too"
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
with told as (
  select *, lag(refused) over (partition by client_id, model order by place) as refused_before,
    count(distinct anchor) over (partition by client_id, model, answer_hash) as texts
  from texts where not scored
)
select client_id, model, event_id, idx,
  coalesce(answer_size >= 100 and not refused and texts >= 3 and (refused_before or parent_refused), false) as hit
from told
