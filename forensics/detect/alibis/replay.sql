/*
title = "a replay under two variants"
reason = "Row after row was sent twice, the second time changed by one and the same step, as a comparison of two versions of the preprocessing does."
version = 1
excuses = ["pairs", "mirrored_steps"]
*/
select event_id, idx from steps where equal_steps >= 5 and step_hash is not null and group_size <= 2
