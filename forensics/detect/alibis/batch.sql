/*
title = "a batch that is run again and again"
reason = "The row stands where its likeness stood in the run before, and in the one before that."
version = 1
excuses = ["regular_splices"]
*/
select a.event_id, a.idx from steps a
join steps b on b.node = a.twin and b.client_id = a.client_id and b.model = a.model and b.twin_lag = a.twin_lag
join steps c on c.node = b.twin and c.client_id = b.client_id and c.model = b.model and c.twin_lag = b.twin_lag
