/*
title = "a sensor's drift"
reason = "The row belongs to a chain in which every reading is almost the last one, and from which nothing branches off; where the readings happen to lie, and when the answer turns, is the patient's or the machine's affair."
version = 1
excuses = ["low_margins", "flips", "climbs", "stars", "mirrored_steps", "even_blocks", "sign_steps"]
*/
-- A search tries several steps from one point, so its rows have siblings, and are nearest to rows of a while ago.
select event_id, idx from steps where near and in_chain and siblings <= 2 and group_size >= 5 and group_chain >= 0.6
