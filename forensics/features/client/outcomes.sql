/*
description = "How calls end: errors, denials, limits, refusals; and what the client does after a refusal."
version = 1
requires = ["events.outcome"]
suspicious = ["refused_share"]

[columns]
error_share = "DOUBLE: share of calls that fail, for any reason that the log tells; a withheld answer is no failure"
client_error_share = "DOUBLE: share of calls with a mistake in the request"
denied_share = "DOUBLE: share of calls that are not authorised"
limited_share = "DOUBLE: share of calls over a rate limit or quota"
endpoints = "BIGINT: different endpoints called"
refused = "BIGINT: calls whose answer was withheld or declined"
refused_share = "DOUBLE: share of calls whose answer was withheld or declined"
long_output_share = "DOUBLE: share of calls whose answer ended because it was too long"
*/
select
  client_id, model,
  avg((outcome not in ('ok', 'blocked', 'unknown'))::int) as error_share,
  avg((outcome = 'client_error')::int) as client_error_share,
  avg((outcome = 'auth_denied')::int) as denied_share,
  avg((outcome = 'rate_limited')::int) as limited_share,
  count(distinct endpoint) as endpoints,
  count(*) filter (refused) as refused,
  count(*) filter (refused) / count(*) as refused_share,
  avg(coalesce(finish_reason in ('length', 'max_tokens', 'MAX_TOKENS', 'LENGTH'), false)::int) as long_output_share
from events
group by client_id, model
