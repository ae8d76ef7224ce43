"""A night's metrics to an OpenTelemetry collector, over HTTP."""

from forensics.model.errors import UsageError
from forensics.operate.record import Night, metrics


def send(night: Night, endpoint: str, timeout_seconds: float = 10.0) -> bool:
    """Whether the collector took them.

    Raises:
        UsageError: the OpenTelemetry libraries are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.metrics import CallbackOptions, Observation
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult
        from opentelemetry.sdk.resources import Resource
    except ImportError:
        raise UsageError("nightly.otlp_endpoint needs OpenTelemetry", hint="pip install 'model-api-forensics[otel]'") from None
    reader = InMemoryMetricReader()
    resource = Resource.create({"service.name": "forensics", "service.version": night.tool_version})
    provider = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter("forensics.nightly", night.tool_version)
    for metric in metrics(night):
        observed = [Observation(value, dict(labels)) for labels, value in metric.samples]

        def observe(options: CallbackOptions, found: list[Observation] = observed) -> list[Observation]:
            return found

        meter.create_observable_gauge(metric.name.replace("forensics_nightly_", "forensics.nightly."), [observe], description=metric.help)
    exporter = OTLPMetricExporter(endpoint=endpoint, timeout=timeout_seconds)
    try:
        collected = reader.get_metrics_data()
        return collected is None or exporter.export(collected, timeout_millis=timeout_seconds * 1000) is MetricExportResult.SUCCESS
    finally:
        exporter.shutdown()
        provider.shutdown()
