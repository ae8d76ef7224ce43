/*
description = "Which part of the input space a client asks about: inside or outside of what others send, spread out or in a few cells."
version = 1
requires = ["nodes.cell"]
suspicious = ["outside", "outside_deviations", "outside_low", "far_share", "cell_evenness"]

[columns]
outside = "DOUBLE: median distance of new rows to the nearest rows of other clients; 1 is usual"
outside_low = "DOUBLE: lower quartile of the distances of new rows to the nearest rows of other clients"
outside_deviations = "DOUBLE: how much further out than other clients' the median row lies, in robust deviations between clients; 0 is usual"
far_rows = "BIGINT: new rows more than 2.5 times as far from other clients' as is usual"
far_share = "DOUBLE: share of new rows more than 2.5 times as far from other clients' as is usual"
masked_share = "DOUBLE: share of new rows that keep a quarter or more of the finely graded coordinates of the nearest earlier row, as explainers do"
new_rows = "BIGINT: rows held against those of other clients: neither repeats nor near copies"
cells = "BIGINT: cells of the input space that the client asked about"
busiest_cell_share = "DOUBLE: share of queries in the busiest cell"
busiest_cells_share = "DOUBLE: share of queries in the five busiest cells"
cell_evenness = "DOUBLE: entropy of the cells against that of equal counts; null for one cell"
*/
with
placed as (select client_id, model, cell, count(*) as n from nodes where cell is not null group by all),
shares as (
  select *, n / sum(n) over (partition by client_id, model) as share, row_number() over (partition by client_id, model order by n desc, cell) as busy
  from placed
),
cells as (
  select client_id, model, count(*) as cells, max(share) as busiest, sum(n) filter (busy <= 5) / sum(n) as five,
    case when count(*) > 1 then round(-sum(share * ln(share)) / ln(count(*)), 9) end as evenness
  from shares group by all
),
outer_rows as (
  select client_id, model, median(outside) as outside, quantile_cont(outside, 0.25) as outside_low, median(outside_deviations) as outside_deviations, count(outside) as new_rows,
    avg((kept >= 0.25)::int) filter (outside is not null) as masked_share,
    count(*) filter (outside > 2.5) as far_rows, count(*) filter (outside > 2.5) / nullif(count(outside), 0) as far_share
  from nodes group by all
)
select client_id, model, outside, outside_low, outside_deviations, far_rows, far_share, masked_share, new_rows, cells, busiest as busiest_cell_share, five as busiest_cells_share,
  evenness as cell_evenness
from cells join outer_rows using (client_id, model)
