/*
title = "a list that is worked through again"
reason = "The text was sent again on another occasion, and the one that came after it came after it again, as a test suite does that is run once more; a search has no reason to repeat itself."
version = 1
excuses = ["refused", "refused_edits"]
*/
with ordered as (select client_id, model, node, parent, repeat, place from nodes where modality = 'text'),
-- The next different query, of the first sending and of the repetition.
following as (
  select *, lead(node) over (partition by client_id, model, repeat order by place) as next_node,
    lead(parent) over (partition by client_id, model order by place) as next_parent,
    lead(repeat) over (partition by client_id, model order by place) as next_repeats
  from ordered
)
select t.event_id, t.idx from texts t join (
  select distinct f.client_id, f.model, f.node
  from following r join following f on f.node = r.parent and f.client_id = r.client_id and f.model = r.model and not f.repeat
  where r.repeat and r.next_repeats and r.next_parent = f.next_node
) again using (client_id, model, node)
