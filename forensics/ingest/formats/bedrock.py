"""Amazon Bedrock: model invocation log, from S3 or CloudWatch."""

from forensics.ingest.interface import LogFormat

FORMAT = LogFormat(
    name="bedrock",
    title="Amazon Bedrock model invocation log",
    documentation="https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html",
    marks={"schemaType": "ModelInvocationLog", "timestamp": None},
    shape={
        "schemaType": "VARCHAR",
        "timestamp": "VARCHAR",
        "accountId": "VARCHAR",
        "identity": {"arn": "VARCHAR"},
        "region": "VARCHAR",
        "requestId": "VARCHAR",
        "operation": "VARCHAR",
        "modelId": "VARCHAR",
        "input": {"inputBodyJson": "JSON", "inputBodyS3Path": "VARCHAR", "inputTokenCount": "BIGINT"},
        "output": {"outputBodyJson": "JSON", "outputBodyS3Path": "VARCHAR", "outputTokenCount": "BIGINT"},
        "errorCode": "VARCHAR",
    },
    columns={
        "native_id": "r.requestId",
        "ts": "timestamp_of(r.timestamp)",
        "ts_quality": "'second'",
        "user_arn": "r.identity.arn",
        "org_id": "r.accountId",
        "provider": "'aws.bedrock'",
        "endpoint": "r.region",
        "model": "r.modelId",
        # InvokeModel says nothing of the kind of model: the body does.
        "operation": "case when r.operation like 'Converse%' then 'chat' end",
        "failed": "r.errorCode is not null",
        "error_code": "r.errorCode",
        "latency_ms": "try_cast(json_extract_string(r.output.outputBodyJson, '$.metrics.latencyMs') as double)",
        "input_tokens": "r.input.inputTokenCount",
        "output_tokens": "r.output.outputTokenCount",
        "request": "r.input.inputBodyJson",
        "response": "r.output.outputBodyJson",
    },
    # Everything as InvokeModel, whose body is that of the model: OpenAI's for words, as for gpt-oss, and any JSON for rows.
    writes={
        "schemaType": "'ModelInvocationLog'",
        "schemaVersion": "'1.0'",
        "timestamp": "strftime(c.ts, '%Y-%m-%dT%H:%M:%SZ')",
        "accountId": "'111122223333'",
        "identity": "{'arn': 'arn:aws:iam::111122223333:user/' || c.user_id}",
        "region": "'eu-central-1'",
        "requestId": "c.call_id",
        "operation": "'InvokeModel'",
        "modelId": "c.model",
        "input": "{'inputContentType': 'application/json', 'inputBodyJson': c.request, 'inputTokenCount': c.input_tokens}",
        "output": "{'outputContentType': 'application/json', 'outputBodyJson': c.response, 'outputTokenCount': c.output_tokens}",
        "errorCode": """case c.error_code when 'rate_limited' then 'ThrottlingException'
            when 'unavailable' then 'ServiceUnavailableException' end""",
    },
)
