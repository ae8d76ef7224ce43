/*
title = "windows over documents"
reason = "The text begins within the one before and goes on where that ends, as windows do by which the perplexity of a long text is measured."
version = 1
excuses = ["scored_excerpts"]
*/
select event_id, idx from texts where scored and not near and gap <= 0.9
