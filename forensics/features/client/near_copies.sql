/*
description = "Groups of near copies among a client's queries: how many, how large, how even. One group that grows is a sensor or a conversation; many groups of one size are variants around anchors."
version = 1
requires = ["nodes.distance"]
suspicious = ["fan_share", "block_share", "pair_share", "usual_gap", "usual_nearest"]

[columns]
near_share = "DOUBLE: share of queries that are near copies of an earlier one"
groups = "BIGINT: groups of two or more different queries that are near copies of each other"
largest_group_share = "DOUBLE: share of the different queries that belong to the largest such group; 0 where there is none"
fan_share = "DOUBLE: share of queries that are one of four or more near copies of the same query"
block_share = "DOUBLE: share of the groups of three or more that have the commonest size of such groups; null below five groups of three or more"
block_groups = "BIGINT: groups of three or more that have that size"
pair_share = "DOUBLE: share of queries in groups of exactly two, sent one right after the other"
interleaving = "DOUBLE: median, over groups of three or more, of the queries sent from the first to the last of a group for each of it; 1 is one group after the other"
usual_gap = "DOUBLE: median distance between queries that follow each other; 1 is usual between neighbours of different clients"
usual_nearest = "DOUBLE: median distance of a query to the nearest the client had sent before, repeats aside"
*/
with
children as (select client_id, model, shape, parent, count(*) as copies from nodes where near group by all),
groups as (
  select client_id, model, shape, anchor, count(*) filter (not repeat) as size,
    max(place) filter (not repeat) - min(place) as span, (max(place) - min(place) + 1) / count(*) as interleaving
  from nodes group by all
),
sizes as (
  select client_id, model, size, count(*) as n, count(*) filter (span = 1) as adjacent from groups group by all
),
blocks as (
  select client_id, model, sum(n) as groups, sum(size * n) as members, max(size) filter (size > 1) as largest,
    sum(n) filter (size > 1) as shared_groups,
    max(n) filter (size > 2) as block_groups, sum(n) filter (size > 2) as larger_groups,
    coalesce(sum(2 * adjacent) filter (size = 2), 0) as paired
  from sizes group by all
),
spans as (select client_id, model, round(median(interleaving), 9) as interleaving from groups where size > 2 group by all),
shares as (
  select client_id, model, avg(near::int) as near_share, avg((near and copies >= 4)::int) as fan_share, count(*) as queries,
    median(gap) as usual_gap, median(distance) filter (not repeat) as usual_nearest
  from nodes left join children using (client_id, model, shape, parent) group by all
)
select
  client_id, model, near_share,
  coalesce(shared_groups, 0) as groups,
  coalesce(largest, 0) / members as largest_group_share,
  fan_share,
  case when larger_groups >= 5 then block_groups / larger_groups end as block_share,
  coalesce(block_groups, 0) as block_groups,
  paired / queries as pair_share,
  interleaving, usual_gap, usual_nearest
from shares join blocks using (client_id, model) left join spans using (client_id, model)
