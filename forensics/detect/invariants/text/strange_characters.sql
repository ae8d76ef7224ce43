/*
title = "Texts of characters that nobody else writes"
explanation = "Probes in encodings (base64, Morse, rotated letters), random tokens and machine-made suffixes consist of runs of characters that occur in no other client's texts; of a natural language most runs do."
version = 1
group = "place"
reliability = 0.7
odd_share = 0.1
techniques = ["AML.T0051.000", "AML.T0054", "AML.T0068"]
sources = ["https://arxiv.org/abs/2307.02483", "https://arxiv.org/abs/2406.11036"]
requires = ["nodes.outside_rank"]
hits = "texts of which two thirds of the character runs are nobody else's, and which are among the strangest hundredth of all clients'"
falsepositives = [
  "The only client that writes in a language or about a code that no other client uses",
]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Is it a language, a programming language, or data? Then look no further unless the answers were refused.",
  "Decode one: what does it ask for?",
]
*/
select client_id, model, event_id, idx, outside_rank >= 0.99 and outside >= 2 / 3 and top_word_share < 0.5 as hit from texts where outside_rank is not null
