/*
title = "Beginnings of texts are sent again and again, for ever other continuations"
explanation = "What a model has learned by heart shows when the beginning of a text is continued many times over and the continuations agree; whoever samples many answers asks a question, and whoever retries has the answer that he wants."
version = 1
group = "order"
reliability = 0.7
odd_share = 0.1
techniques = ["AML.T0057", "AML.T0024.001"]
sources = ["https://arxiv.org/abs/2012.07805", "https://arxiv.org/abs/2311.17035"]
requires = ["items.answer_hash"]
hits = "different texts that break off within a sentence and were sent four times or more, for three different answers or more"
falsepositives = ["A test of how stable the answers to a prompt without a stop are"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do some continuations agree word for word? Those are what the model knows by heart.",
  "Whose texts are they? If the answers hold personal data or licensed works, tell those who answer for them.",
]
*/
with sent as (
  select n.client_id, n.model, i.exact_hash, count(*) as times, count(distinct i.answer_hash) as answers
  from nodes n join (select event_id, idx, exact_hash, answer_hash from items) i on i.event_id = n.event_id and i.idx = n.idx
  where n.modality = 'text' and i.answer_hash is not null group by all
)
select client_id, model, event_id, idx,
  coalesce(closes = 'word' and operation is distinct from 'embeddings' and answer_size >= 20 and top_word_share < 0.5
    and times >= 4 and answers >= 3, false) as hit
from texts left join sent using (client_id, model, exact_hash)
