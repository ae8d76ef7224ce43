/*
title = "a dashboard's refresh"
reason = "Nearly all that the client sends are near copies of a few records which it comes back to from beginning to end, as a screen does that shows them; who works through a list is done with one record before he is done with all."
version = 1
excuses = ["stars", "flips", "climbs", "even_blocks"]
*/
select event_id, idx from steps where near and returned and returned_groups >= 3 and returned_share >= 0.8
