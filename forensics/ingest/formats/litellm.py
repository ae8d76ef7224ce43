"""LiteLLM proxy: the standard logging payload, as its S3, GCS, Azure Blob and generic callbacks write it."""

from forensics.ingest.interface import LogFormat

FORMAT = LogFormat(
    name="litellm",
    title="LiteLLM standard logging payload",
    documentation="https://docs.litellm.ai/docs/proxy/logging_spec",
    marks={"call_type": None, "startTime": None, "model": None, "metadata": None},
    shape={
        "id": "VARCHAR",
        "trace_id": "VARCHAR",
        "call_type": "VARCHAR",
        "status": "VARCHAR",
        "custom_llm_provider": "VARCHAR",
        "startTime": "VARCHAR",
        "endTime": "VARCHAR",
        "response_time": "DOUBLE",
        "model": "VARCHAR",
        "model_group": "VARCHAR",
        "api_base": "VARCHAR",
        "end_user": "VARCHAR",
        "requester_ip_address": "VARCHAR",
        "metadata": {
            "user_api_key_hash": "VARCHAR",
            "user_api_key_alias": "VARCHAR",
            "user_api_key_user_id": "VARCHAR",
            "user_api_key_user_email": "VARCHAR",
            "user_api_key_team_id": "VARCHAR",
            "user_api_key_org_id": "VARCHAR",
            "requester_ip_address": "VARCHAR",
            "user_agent": "VARCHAR",
        },
        "prompt_tokens": "BIGINT",
        "completion_tokens": "BIGINT",
        "messages": "JSON",
        "model_parameters": "JSON",
        "response": "JSON",
        "error_information": {"error_code": "VARCHAR", "error_class": "VARCHAR"},
    },
    columns={
        "native_id": "r.id",
        "ts": "timestamp_of(r.startTime)",
        "api_key_id": "coalesce(nullif(r.metadata.user_api_key_hash, ''), r.metadata.user_api_key_alias)",
        "user_id": "r.metadata.user_api_key_user_id",
        "user_email": "r.metadata.user_api_key_user_email",
        "org_id": "coalesce(nullif(r.metadata.user_api_key_org_id, ''), r.metadata.user_api_key_team_id)",
        # The end user is what the caller says: good for a session, never for who is counted.
        "session_id": "coalesce(nullif(r.trace_id, ''), r.end_user)",
        "client_ip": "coalesce(nullif(r.metadata.requester_ip_address, ''), r.requester_ip_address)",
        "user_agent": "r.metadata.user_agent",
        "provider": "r.custom_llm_provider",
        "endpoint": "r.api_base",
        "model": "coalesce(nullif(r.model_group, ''), r.model)",
        "operation": """case
            when r.call_type like '%pass_through%' then null  -- the body says what it is
            when r.call_type like '%embedding%' then 'embeddings'
            when r.call_type like '%text_completion%' then 'text_completion'
            when r.call_type like '%completion%' or r.call_type like '%responses%' or r.call_type like '%messages%' then 'chat'
            else r.call_type end""",
        "http_status": "coalesce(try_cast(r.error_information.error_code as bigint), case when r.status = 'success' then 200 end)",
        "failed": "r.status = 'failure'",
        "error_code": "coalesce(nullif(r.error_information.error_class, ''), r.error_information.error_code)",
        "latency_ms": "coalesce(r.response_time * 1000, epoch_ms(timestamp_of(r.endTime)) - epoch_ms(timestamp_of(r.startTime)))",
        # A failed call has no usage; LiteLLM writes zeros there.
        "input_tokens": "case when r.status = 'failure' then nullif(r.prompt_tokens, 0) else r.prompt_tokens end",
        "output_tokens": "case when r.status = 'failure' then nullif(r.completion_tokens, 0) else r.completion_tokens end",
        # Compared whole: a prompt that merely holds the marker must not pass for a redaction.
        "request_state": """case when r.messages::varchar = '"redacted-by-litellm"' or (json_array_length(r.messages) = 1
            and json_extract_string(r.messages, '$[0].content') = 'redacted-by-litellm') then 'redacted' end""",
        "response_state": """case when 'redacted-by-litellm' in (json_extract_string(r.response, '$.text'),
            json_extract_string(r.response, '$.choices[0].message.content')) then 'redacted' end""",
        # What was passed through to a server that speaks none of LiteLLM's languages stands whole inside the only message.
        "request": """case when r.messages is null or r.messages in ('null', '{}', '[]', '""') then null
            when r.call_type like '%pass_through%'
              and json_type(try_cast(json_extract_string(r.messages, '$[0].content') as json)) = 'OBJECT'
              then json_extract_string(r.messages, '$[0].content')
            else json_object('messages', r.messages, 'parameters', r.model_parameters)::varchar end""",
        "response": """case when r.call_type like '%pass_through%'
            then coalesce(json_extract_string(r.response, '$.response'), r.response::varchar) else r.response::varchar end""",
    },
    writes={
        "id": "c.call_id",
        "trace_id": "coalesce(c.session_id, '')",
        "call_type": """case c.operation when 'chat' then 'acompletion' when 'text_completion' then 'atext_completion'
            when 'embeddings' then 'aembedding' else 'pass_through_endpoint' end""",
        "status": "case when c.error_code is null then 'success' else 'failure' end",
        "custom_llm_provider": "'hosted_vllm'",
        "startTime": "epoch(c.ts)",
        "endTime": "epoch(c.ts) + c.latency_ms / 1000",
        "response_time": "c.latency_ms / 1000",
        "model": "c.model",
        "model_group": "c.model",
        "metadata": """{'user_api_key_hash': c.api_key_id, 'user_api_key_user_id': c.user_id,
            'requester_ip_address': c.client_ip, 'user_agent': c.user_agent}""",
        "prompt_tokens": "coalesce(c.input_tokens, 0)",
        "completion_tokens": "coalesce(c.output_tokens, 0)",
        "messages": """case when c.operation = 'predict' then json_array({'role': 'user', 'content': c.request::varchar})
            else coalesce(c.request->'$.messages', c.request->'$.prompt', c.request->'$.input') end""",
        "model_parameters": """case when c.operation = 'predict' then '{}'::json
            else json_merge_patch(c.request, '{"messages": null, "prompt": null, "input": null}') end""",
        "response": """case when c.operation = 'predict' and c.response is not null then json_object('response', c.response::varchar)
            else c.response end""",
        "error_information": """{'error_code': case when c.error_code is null then '' else c.http_status::varchar end,
            'error_class': case c.error_code when 'rate_limited' then 'RateLimitError'
                when 'unavailable' then 'ServiceUnavailableError' else '' end}""",
    },
)
