-- Helpers of the steps. They expect keyed_hash and keyed_code.

-- JSON that a strict parser refuses although its meaning is plain: halves of surrogate pairs, raw control characters, a byte order mark.
create or replace temp macro mended(value) as
  ltrim(regexp_replace(regexp_replace(value, '\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\ufffd', 'g'), '[\x00-\x1f]', ' ', 'g'), chr(65279) || ' ');

-- One member of an object, whatever its key is called (RFC 6901).
create or replace temp macro member(value, key) as
  json_extract(value, '/' || replace(replace(key, '~', '~0'), '/', '~1'));

-- The name of a coordinate; one that may be more than a name is hashed.
create or replace temp macro plain_name(value) as
  case when regexp_full_match(value, '[A-Za-z0-9_.:\[\]-]{0,64}') then value else 'h:' || left(keyed_hash(value), 16) end;

-- The JSON text of a body that may be JSON, JSON inside a string, or nothing.
create or replace temp macro body_text(body) as
  case when left(body, 1) = '"' then try(json_extract_string(body, '$')) else body end;

-- A JSON array as a list; null for anything else.
create or replace temp macro json_list(value) as
  case when json_type(value) = 'ARRAY' then from_json(value, '["JSON"]') end;

-- Text of a message's content: a string, or parts of which those without text stand as they are (images, tool calls).
create or replace temp macro content_text(content) as
  case json_type(content)
    when 'VARCHAR' then content->>'$'
    when 'ARRAY' then array_to_string(
      list_transform(from_json(content, '["JSON"]'), lambda part:
        case when json_type(part) = 'VARCHAR' then part->>'$'
             when list_has_all(['type', 'text', 'cache_control', 'annotations', 'logprobs'], json_keys(part)) then coalesce(part->>'$.text', part::varchar)
             else part::varchar end), E'\n')
    when 'NULL' then null
    else content::varchar
  end;

-- One coordinate of a row as a number.
create or replace temp macro coordinate(value) as
  case json_type(value)
    when 'BOOLEAN' then (value::varchar = 'true')::int::double
    when 'VARCHAR' then coalesce(try_cast(value->>'$' as double), keyed_code(value->>'$'))
    when 'OBJECT' then keyed_code(value::varchar)
    when 'ARRAY' then keyed_code(value::varchar)
    when 'NULL' then 'nan'::double
    else coalesce(try_cast(value as double), 'nan'::double)
  end;

-- Nested arrays (images) laid out flat, in order. Strings inside keep their brackets: they are rare, and coded anyway.
create or replace temp macro flat(value) as
  case when json_type(json_extract(value, '$[0]')) = 'ARRAY'
    then try(('[' || regexp_replace(value::varchar, '[\[\]]', '', 'g') || ']')::json) else value end;

-- A flat JSON array as numbers: the plain cast where all are numbers, coordinate by coordinate otherwise.
create or replace temp macro row_vector(value) as
  case when list_contains(list_transform(from_json(value, '["DOUBLE"]'), lambda x: x is null), true) or contains(value::varchar, '"')
    then list_transform(from_json(value, '["JSON"]'), lambda x: coordinate(x))
    else from_json(value, '["DOUBLE"]') end;

-- Class probabilities: a list, or an object of class to probability.
create or replace temp macro score_list(value) as
  case json_type(value)
    when 'ARRAY' then list_filter(from_json(flat(value), '["DOUBLE"]'), lambda x: x is not null)
    when 'OBJECT' then list_filter(list_transform(json_keys(value), lambda k: try_cast(member(value, k) as double)), lambda x: x is not null)
    when 'DOUBLE' then [value::double]
    when 'UBIGINT' then [value::double]
    when 'BIGINT' then [value::double]
  end;

-- Class of each of these, where they have names.
create or replace temp macro score_names(value) as
  case when json_type(value) = 'OBJECT' then list_filter(json_keys(value), lambda k: try_cast(member(value, k) as double) is not null and length(k) <= 64) end;

-- Prose that declines, in ten languages. Only the beginning counts: an answer that goes on to help may well say it is sorry later.
create or replace temp macro is_refusal(answer) as
  regexp_matches(lower(left(replace(answer, '’', ''''), 160)), concat_ws('|',
    '^\W*(i''m |i am |we''re |we are )?(very |really |so |terribly )?(sorry|afraid)[, ].{0,60}\b(can''t|cannot|can not|won''t|unable|not able|not allowed)\b',
    '\b(i|we) (really |simply |just )?(can''t|cannot|can not|won''t|will not|am not able to|am unable to|must decline to|have to decline to) (help|assist|comply|provide|do that|do this|answer|discuss|share|support|fulfil|continue|create|generate|write|give|engage|reveal|disclose)',
    '\bi''m (unable|not able) to (help|assist|comply|provide|do that|do this|answer|discuss|share|support)',
    '^\W*(i must decline|i have to refuse|i refuse|request (was )?(denied|blocked|refused)|as an ai\b.{0,60}\b(can''t|cannot|not able|unable))',
    '\b(against|violates?) (my|our|the|its) (guidelines|polic(y|ies)|rules|terms)',
    '^\W*(tut mir leid|es tut mir leid|leider kann ich|das kann ich (leider )?nicht|ich kann (das|ihnen|dir|dabei|diese).{0,40}nicht)',
    '^\W*(je suis désolée?|désolée?, (mais )?je ne|je ne peux pas|je regrette)',
    '^\W*(lo siento|no puedo (ayudar|proporcionar|cumplir|responder)|sinto muito|desculpe, (mas )?não|não posso|mi dispiace|non posso|het spijt me)',
    '^\W*(извините|к сожалению|я не могу|抱歉|很抱歉|对不起|我不能|我无法|申し訳|すみませんが)'));
