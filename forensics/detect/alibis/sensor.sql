/*
title = "a sensor's drift"
reason = "The row belongs to a long chain in which every reading is almost the last one; where the readings happen to lie, and when the answer turns, is the patient's or the machine's affair."
version = 1
excuses = ["low_margins", "flips", "climbs", "stars", "mirrored_steps"]
*/
select event_id, idx from steps where near and distance < 0.15 and "lag" <= 4 and group_queries >= 20
