-- The queries of rows that are no repeats, in order, each with its answer and with what came just before; and of each group of near
-- copies its size. ``said``: the step in words, for evidence.
with
answered as (
  select n.*, i.label, i.top_score, p.event_id as parent_event, p.outside_rank as parent_outside, pi.label as parent_label, pi.top_score as parent_score
  from nodes n
  join (select event_id, idx, label, top_score from items) i on i.event_id = n.event_id and i.idx = n.idx
  left join (select node, event_id, idx, client_id, model, outside_rank from nodes) p on p.node = n.parent and p.client_id = n.client_id and p.model = n.model
  left join (select event_id, idx, label, top_score from items) pi on pi.event_id = p.event_id and pi.idx = p.idx
  where n.modality = 'vector'
),
sequenced as (
  select *, parent = lag(node) over (partition by client_id, model, shape, anchor order by place) as in_chain,
    count(*) over (partition by client_id, model, shape) as client_queries
  from answered
),
grouped as (
  select *,
    count(*) filter (not repeat) over grouping as group_size,
    count(*) over grouping as group_queries,
    avg(in_chain::int) filter (near) over grouping as group_chain,
    count(distinct axis) filter (not repeat) over grouping as group_axes,
    max(place) over grouping - min(place) over grouping + 1 as group_span
  from sequenced
  window grouping as (partition by client_id, model, shape, anchor)
),
-- Groups that were come back to for half of the client's history or longer.
revisited as (
  select *, count(distinct anchor) filter (returned) over everything as returned_groups, avg(returned::int) over everything as returned_share
  from (select *, group_queries > 2 and group_span >= 0.5 * client_queries as returned from grouped)
  window everything as (partition by client_id, model, shape)
)
select *,
  lag("lag") over ordered as lag_before,
  lag(contrast) over ordered as contrast_before,
  count(*) filter (near) over (partition by client_id, model, shape, parent) as siblings,
  count(*) over (partition by client_id, model, shape, parent) as children,
  count(*) over (partition by client_id, model, shape, step_hash) as equal_steps,
  max(top_score) over lately as best_score,
  min(top_score) over lately as worst_score,
  count(top_score) over lately as scores_before,
  coalesce(printf('%d of its values differ from the nearest earlier query', changed), 'nothing earlier to compare with')
    || case when distance is not null then printf(' (%.2g usual distances away)', distance) else '' end
    || case when flip then printf(', answer %s after %s', left(label, 20), coalesce(left(parent_label, 20), 'another')) else '' end
    || case when top_score is not null and parent_score is not null then printf(', score %.3g after %.3g', top_score, parent_score) else '' end
    as said
from revisited
where not repeat
window ordered as (partition by client_id, model, shape order by place),
  lately as (partition by client_id, model, shape, label order by place rows between 16 preceding and 1 preceding)
