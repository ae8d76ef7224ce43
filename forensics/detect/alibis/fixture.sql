/*
title = "a fixture that is sent again and again"
reason = "The same row was sent on five days or more, as monitors and test suites do."
version = 1
excuses = ["outside", "sign_steps", "pairs", "low_margins"]
*/
select f.event_id, f.idx from steps f join (
  select client_id, model, parent as node, count(distinct epoch_us(ts) // 86400000000) as days from nodes where repeat group by all
) r using (client_id, model, node) where days >= 5
