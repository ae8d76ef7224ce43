"""Databricks Model Serving: inference table of an AI Gateway-enabled endpoint, as Parquet or JSON lines."""

from forensics.ingest.interface import LogFormat

FORMAT = LogFormat(
    name="databricks",
    title="Databricks inference table",
    documentation="https://docs.databricks.com/aws/en/machine-learning/model-serving/inference-tables",
    marks={"databricks_request_id": None, "request_time": None},
    shape={
        "databricks_request_id": "VARCHAR",
        "client_request_id": "VARCHAR",
        "request_time": "VARCHAR",
        "status_code": "BIGINT",
        "sampling_fraction": "DOUBLE",
        "execution_duration_ms": "DOUBLE",
        "request": "JSON",
        "response": "JSON",
        "logging_error_codes": "JSON",
        "served_entity_id": "VARCHAR",
        "requester": "VARCHAR",
    },
    columns={
        "native_id": "r.databricks_request_id",
        "ts": "timestamp_of(r.request_time)",
        "user_id": "r.requester",
        "provider": "'databricks'",
        "model": "r.served_entity_id",
        "http_status": "r.status_code",
        "latency_ms": "r.execution_duration_ms",
        "sample_rate": "r.sampling_fraction",
        # Payloads over the size limit are logged as null with one of these codes.
        "request_state": "case when contains(r.logging_error_codes, 'MAX_REQUEST_SIZE_EXCEEDED') then 'truncated' end",
        "response_state": "case when contains(r.logging_error_codes, 'MAX_RESPONSE_SIZE_EXCEEDED') then 'truncated' end",
        "request": "r.request",
        "response": "r.response",
    },
    writes={
        "databricks_request_id": "c.call_id",
        "request_date": "c.ts::date",
        "request_time": "c.ts",
        "status_code": "c.http_status::int",
        "sampling_fraction": "1.0::double",
        "execution_duration_ms": "c.latency_ms::bigint",
        # The table holds bodies as strings.
        "request": "c.request::varchar",
        "response": "c.response::varchar",
        "logging_error_codes": "[]::varchar[]",
        "served_entity_id": "c.model",
        "requester": "c.user_id",
    },
    suffix=".parquet",
)
