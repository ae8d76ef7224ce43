-- The queries of texts that are no repeats, in order, each with how it was asked, its answer, and what came just before. ``said``: the step
-- in words, for evidence; never the text.
with
asked as (
  select event_id, operation, coalesce(echo and logprobs, false)
      -- Of a batch the log gives the tokens of all answers together.
      and coalesce(least(max_tokens, output_tokens // greatest(n_items, 1)) <= 1, false) as scored,
    refused as call_refused, n_items
  from events
),
answered as (
  select n.*, i.exact_hash, i.fold_hash, i.head_hash, i.tail_hash, i.masked_hash, i.words, i.runs, i.size, i.closes, i.top_word_share, i.letter_share,
    i.turns, i.answer_hash, i.answer_size, a.* exclude (event_id, call_refused, n_items),
    -- In a language that no list knows a refusal is told by being everybody's answer.
    coalesce(i.refused, case when a.n_items = 1 then a.call_refused end) or coalesce(n.stock_answer, false) as refused
  from nodes n
  join (
    select event_id, idx, exact_hash, fold_hash, head_hash, tail_hash, masked_hash, words, runs, size, closes, top_word_share, letter_share, turns,
      answer_hash, answer_size, refused
    from items
  ) i on i.event_id = n.event_id and i.idx = n.idx
  join asked a on a.event_id = n.event_id
  where n.modality = 'text'
),
beside as (
  select c.*, p.event_id as parent_event, p.refused as parent_refused, p.words as parent_words,
    c.near and c.edited_words between 1 and greatest(3, c.words / 5) and (c.new_words > 0 or c.edited_words = 1)
      and abs(c.words - p.words) <= 1 as small_edit
  from answered c left join answered p on p.node = c.parent and p.client_id = c.client_id and p.model = c.model
  where not c.repeat
),
-- A template's slot is always at the same place, counted from the beginning or from the end.
placed as (
  select *, count(*) filter (small_edit) over client as small_edits,
    count(*) filter (small_edit) over (partition by client_id, model, edit_start) as from_start,
    count(*) filter (small_edit) over (partition by client_id, model, edit_end) as from_end,
    count(*) filter (refused) over (partition by client_id, model, anchor) as group_refused,
    count(*) over (partition by client_id, model, head_hash) as same_heads, count(*) over (partition by client_id, model, tail_hash) as same_tails,
    count(*) over (partition by client_id, model, masked_hash) as same_skeletons,
    -- Beside how many texts are about as long, a length in runs of characters stands out: three, and three times the mean of those beside it.
    count(*) over (alike range between current row and current row) as as_long,
    count(*) over (alike range between 3 preceding and 3 following) as about_as_long
  from beside
  window client as (partition by client_id, model),
    alike as (partition by client_id, model, scored, near and not scored order by runs)
)
select *,
  words >= 12 and as_long >= 3 and as_long > 1 + (about_as_long - as_long) / 2 as one_length,
  small_edit and greatest(from_start, from_end) <= greatest(2, 0.2 * small_edits) as odd_edit,
  coalesce(printf('%d words between spaces', runs), printf('%d words', words)) || case when closes = 'word' then ', breaks off: ' else ': ' end
    || case
      when parent is null then 'the first of its kind'
      when same_words and not same_skeleton then 'the words of an earlier text in other case'
      when same_words then 'the words of an earlier text, in another conversation'
      when not near then 'no near copy of anything earlier'
      when edited_words is null then printf('%.0f%% as in an earlier text', 100 * (1 - distance))
      else printf('%d of %d words differ from an earlier text, after the first %d and before the last %d',
        edited_words, greatest(words, coalesce(parent_words, 0)), edit_start, edit_end)
    end
    || case when scored then ', scored' else '' end
    || case
      when refused and parent_refused then ', refused as that was'
      when refused then ', refused'
      when near and parent_refused then printf(', answered with %d characters where that was refused', answer_size)
      when answer_size is not null then printf(', answered with %d characters', answer_size)
      else '' end
    as said
from placed
