/*
title = "a what-if panel or a re-scored case"
reason = "One or two fields of an earlier query were changed, of a case in which never more than four were, as a person does who edits a form."
version = 1
excuses = ["climbs", "low_margins"]
*/
select event_id, idx from steps where near and changed <= 2 and distance > 0 and group_axes <= 4
