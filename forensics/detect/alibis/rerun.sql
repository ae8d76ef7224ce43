/*
title = "a list that is worked through again"
reason = "The same words were sent again later, and what came after them came after them again, as in a test suite that is run once more; a search has no reason to repeat itself."
version = 1
excuses = ["refused"]
*/
with sent as (
  select client_id, model, fold_hash, place, event_id, idx
  from nodes join (select event_id, idx, fold_hash from items where fold_hash is not null) using (event_id, idx) where modality = 'text'
),
-- Of several in a row the last; what comes next is another text.
followed as (
  select *, lead(fold_hash) over ordered as next_hash
  from sent window ordered as (partition by client_id, model order by place)
  qualify fold_hash is distinct from lead(fold_hash) over ordered
),
again as (
  select client_id, model, fold_hash from followed where next_hash is not null
  group by client_id, model, fold_hash, next_hash having count(*) > 1
)
select distinct event_id, idx from sent join again using (client_id, model, fold_hash)
