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
)
