/*
title = "Texts of one length break off, and are to be continued"
explanation = "Who looks for what a model has learned by heart gives it beginnings of documents, all cut to one length, to go on from; templates have their words in common, people finish their sentences, and neither counts words."
version = 1
group = "place"
reliability = 0.8
odd_share = 0.2
techniques = ["AML.T0057", "AML.T0024.001"]
sources = ["https://arxiv.org/abs/2012.07805", "https://arxiv.org/abs/2202.07646"]
requires = ["items.runs"]
hits = "texts in prose that break off within a sentence, with no template in common, of a length that stands out among the client's, and are answered at length"
falsepositives = ["A writing aid that sends the last so many words before the cursor"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do the answers go on as the original does? Compare some with the documents that the model was trained on.",
  "Whose texts are they? If the answers hold personal data or licensed works, tell those who answer for them.",
]
*/
select client_id, model, event_id, idx,
  one_length and closes = 'word' and letter_share >= 0.85 and same_skeletons = 1 and same_tails = 1
    and coalesce(answer_size >= 40, true) and not coalesce(refused, false) as hit
from texts where not scored and not near and operation is distinct from 'embeddings'
