/*
description = "Lengths of texts, and whether they are cut out of something. A list of excerpts or prefixes has one length; what people and templates send has many."
version = 1
requires = ["items.words"]
suspicious = ["narrow_share", "spike_share", "cut_share", "open_end_share", "top_word_share"]

[columns]
texts = "BIGINT: different texts"
usual_words = "DOUBLE: median number of words"
narrow_share = "DOUBLE: share of texts within 5 % of the median number of words"
spike_share = "DOUBLE: share of texts by which lengths of twelve words or more exceed three, and three times the mean of the lengths beside them; the greater of words and characters"
cut_share = "DOUBLE: share of texts that begin in lower case and end without a stop: cut out of a longer one"
open_end_share = "DOUBLE: share of texts that end within a sentence"
letter_share = "DOUBLE: median share of letters and spaces"
top_word_share = "DOUBLE: median share of a text's commonest word"
*/
with
texts as (
  select client_id, model, fold_hash, min(words) as words, min(size) as size, min(opens) as opens, min(closes) as closes,
    min(letter_share) as letter_share, min(top_word_share) as top_word_share
  from items where words > 0 group by all
),
lengths as (
  select client_id, model, 'words' as unit, words as length, count(*) as n from texts where words >= 12 group by all
  union all
  select client_id, model, 'characters', size, count(*) from texts where words >= 12 group by all
),
-- Each length beside the three on either side. Three times the mean of these six is half their sum.
beside as (
  select *, sum(n) over (partition by client_id, model, unit order by length range between 3 preceding and 3 following) - n as around from lengths
),
medians as (select client_id, model, median(words) as middle from texts group by all),
spikes as (
  select client_id, model, max(excess) as excess
  from (select client_id, model, unit, sum(greatest(0, n - around / 2 - 3)) as excess from beside group by all) group by all
)
select
  client_id, model,
  count(*) as texts,
  any_value(middle) as usual_words,
  avg((abs(words - middle) <= 0.05 * middle)::int) as narrow_share,
  coalesce(any_value(excess), 0) / count(*) as spike_share,
  avg((opens = 'lower' and closes <> 'stop')::int) as cut_share,
  avg((closes = 'word')::int) as open_end_share,
  median(letter_share) as letter_share,
  median(top_word_share) as top_word_share
from texts left join spikes using (client_id, model) join medians using (client_id, model)
group by client_id, model
