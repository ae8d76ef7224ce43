/*
title = "windows over a text"
reason = "The text begins within the one before and goes on where that ends, as windows do by which the perplexity of a document is measured, or the last words before a cursor."
version = 1
excuses = ["scored_excerpts", "broken_off"]
*/
select event_id, idx from texts where not near and gap <= 0.9 and same_heads <= 2
