/*
title = "One coordinate after the other is tried"
explanation = "Coordinate searches and finite differences (SimBA, ZOO, estimated gradients) change a single coordinate, a different one each time, until all have been tried; a person changes two or three fields of a case, a sensor always the same ones."
version = 1
group = "steps"
reliability = 0.8
odd_share = 0.15
techniques = ["AML.T0043.001", "AML.T0024.002"]
sources = ["https://arxiv.org/abs/1905.07121", "https://arxiv.org/abs/1708.03999"]
requires = ["nodes.axis"]
hits = "single-coordinate steps on a fifth or further coordinate of one group of near copies"
falsepositives = ["A sensitivity analysis by the owner of the model: each field once, over few records"]
triage = [
  "Who is it, and what is the account for? Ask its owner; note who vouches for it, and until when.",
  "Are all coordinates tried, in order or at random? Then no person does it.",
  "Does the score of the first answer fall? Then an input that fools the model is being made; if one class only rises, the model is being inverted.",
]
*/
with firsts as (
  select *, axis is not null and row_number() over (partition by client_id, model, shape, anchor, axis order by place) = 1 as fresh,
    count(axis) over (partition by client_id, model, shape, anchor) as axis_steps,
  from steps
)
-- Whoever edits a case for months touches many fields, too, but not one at a time and nothing else.
select client_id, model, event_id, idx,
  fresh and axis_steps >= 0.6 * (group_size - 1)
    and count(*) filter (fresh) over (partition by client_id, model, shape, anchor order by place rows unbounded preceding) > 4 as hit
from firsts
