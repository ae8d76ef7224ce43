/*
title = "Texts are embedded, and copies of them with a word changed"
explanation = "A text is rebuilt from its embedding by correcting a guess word by word until the two vectors meet (Vec2Text); an index embeds what there is, and a search what was typed."
version = 1
group = "steps"
reliability = 0.8
odd_share = 0.1
techniques = ["AML.T0024.001"]
sources = ["https://arxiv.org/abs/2310.06816"]
requires = ["nodes.edited_words"]
hits = "embedded texts that differ from an earlier one in a word or a few, at a place where the client's texts do not usually differ"
falsepositives = ["An index over texts that are being edited, embedded anew after every change"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Do the texts of a group come nearer and nearer to something? Read the last of it: whose text is that?",
  "Whose embeddings could the account have got hold of? Look at who may read the index.",
]
*/
select client_id, model, event_id, idx, odd_edit as hit from texts where operation = 'embeddings'
