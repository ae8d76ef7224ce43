/*
description = "The shape of the steps between rows of numbers: straight lines, one coordinate at a time, one amount for all. Search algorithms take such steps; people and sensors do not."
version = 1
requires = ["nodes.changed"]
suspicious = ["line_share", "even_share", "same_step_share", "axes_per_group", "axis_groups"]

[columns]
rows = "BIGINT: rows that are no repeat"
line_share = "DOUBLE: share of rows on the straight line through two of the ten rows before"
lines = "BIGINT: rows on the straight line through two of the ten rows before"
even_share = "DOUBLE: share of rows in which most changed coordinates moved by one and the same amount"
same_step_share = "DOUBLE: share of rows reached by a step, over two coordinates or more, that the client made from another row too"
same_steps = "BIGINT: such rows"
axis_share = "DOUBLE: share of rows that differ from the nearest earlier one in one coordinate"
axis_steps = "BIGINT: rows that differ from the nearest earlier one in one coordinate"
axes = "BIGINT: different coordinates that were changed alone"
top_axis_share = "DOUBLE: share of one-coordinate steps that change the commonest coordinate"
axis_groups = "BIGINT: groups of near copies in which the commonest coordinate was changed alone"
axes_per_group = "BIGINT: most coordinates changed alone within one group of near copies"
even_axis_share = "DOUBLE: share of one-coordinate steps by the commonest amount, up or down, within 1 %"
*/
with
moves as (
  select *, step_hash is not null and count(*) over (partition by client_id, model, step_hash) > 1 as same_step
  from nodes where modality = 'vector' and not repeat
),
axis as (
  select client_id, model, axis, count(*) as n, count(distinct anchor) as groups from moves where axis is not null group by all
),
tops as (select client_id, model, count(*) as axes, max(n) as most, arg_max(groups, (n, axis)) as groups from axis group by all),
amounts as (
  select client_id, model, max(n) as commonest
  from (select client_id, model, round(ln(abs(delta)) * 50) as amount, count(*) as n from moves where axis is not null and delta <> 0 group by all)
  group by all
),
wide as (
  select client_id, model, max(axes) as axes_per_group
  from (select client_id, model, shape, anchor, count(distinct axis) as axes from moves group by all) group by all
)
select
  client_id, model,
  count(*) as rows,
  avg(line::int) as line_share,
  count(*) filter (line) as lines,
  avg(even::int) as even_share,
  avg(same_step::int) as same_step_share,
  count(*) filter (same_step) as same_steps,
  count(axis) / count(*) as axis_share,
  count(axis) as axis_steps,
  coalesce(any_value(tops.axes), 0) as axes,
  any_value(tops.most) / count(axis) as top_axis_share,
  coalesce(any_value(tops.groups), 0) as axis_groups,
  any_value(axes_per_group) as axes_per_group,
  any_value(commonest) / count(axis) as even_axis_share
from moves left join tops using (client_id, model) left join amounts using (client_id, model) left join wide using (client_id, model)
group by client_id, model
