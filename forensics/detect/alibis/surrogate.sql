/*
title = "an explainer's samples around one case"
reason = "Many rows are drawn around one ordinary row that was sent before them, as LIME does to explain its answer."
version = 1
excuses = ["outside"]
*/
select event_id, idx from steps where children >= 8 and coalesce(parent_outside < 0.9, false)
