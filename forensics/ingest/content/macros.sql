-- Helpers of the steps. They expect keyed_hash and keyed_code.

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
        coalesce(part->>'$.text', case when json_type(part) = 'VARCHAR' then part->>'$' end, part::varchar)), E'\n')
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
    when 'OBJECT' then list_filter(list_transform(json_keys(value), lambda k: try_cast(json_extract(value, '$."' || replace(k, '"', '') || '"') as double)),
                                   lambda x: x is not null)
    when 'DOUBLE' then [value::double]
    when 'UBIGINT' then [value::double]
    when 'BIGINT' then [value::double]
  end;
