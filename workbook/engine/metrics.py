"""What a Prometheus server reads at /metrics: how many, how long, how full. No text of anybody."""

from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
PER_TOKEN = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)


class Metrics:
    """The figures of one app.

    Times are in seconds. TTFT is from a request's arrival to its first token, waiting included;
    TPOT is (last token - first token) / (tokens - 1).
    """

    def __init__(self, model: str) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

        def named(kind: type, name: str, what: str, *labels: str, **more: Any) -> Any:
            return kind(f"slm_engine_{name}", what, labels, registry=registry, **more)

        named(Gauge, "info", "The model that is served.", "model").labels(model).set(1)
        self.ready = named(Gauge, "ready", "1 when requests are taken.")
        self.load_seconds = named(Gauge, "model_load_seconds", "Time the model took to load.")
        self.requests = named(
            Counter, "requests", "Requests that were answered.", "method", "path", "status"
        )
        self.errors = named(Counter, "errors", "Errors that were answered, by their code.", "code")
        self.stopped = named(
            Counter, "stopped", "Answers that were stopped before their end.", "reason"
        )
        self.stop_seconds = named(
            Histogram, "stop_seconds", "From the moment an answer is stopped to the moment its "
            "computation has ended.", buckets=SECONDS,
        )  # fmt: skip
        self.batch = named(
            Histogram, "batch_answers", "Answers that got a token in one round of computing.",
            buckets=(1, 2, 4, 8, 16, 32),
        )  # fmt: skip
        self.running = named(Gauge, "running", "Answers that are computed now.")
        self.queue_length = named(Gauge, "queue_length", "Requests that wait for their turn.")
        self.queue_seconds = named(
            Histogram, "queue_seconds", "Time a request waited for its turn.", buckets=SECONDS
        )
        self.ttft = named(
            Histogram, "time_to_first_token_seconds",
            "From a request's arrival to its first token.", buckets=SECONDS,
        )  # fmt: skip
        self.tpot = named(
            Histogram, "time_per_output_token_seconds",
            "Mean time from one token of an answer to the next.", buckets=PER_TOKEN,
        )  # fmt: skip
        self.e2e = named(
            Histogram, "request_seconds", "From a request's arrival to its last token.",
            buckets=SECONDS,
        )  # fmt: skip
        self.prompt_tokens = named(Counter, "prompt_tokens", "Tokens of prompts that were read.")
        self.tokens = named(Counter, "generated_tokens", "Tokens that were generated.")

    def watch(self, service: Any) -> None:
        """Read the gauges from a service whenever somebody asks."""
        self.ready.set_function(lambda: float(service.ready))
        self.running.set_function(lambda: service.running)
        self.queue_length.set_function(lambda: service.waiting)

    def ended(self, job: Any, stopped: str) -> None:
        """Count an answer; stopped: why it was stopped, "" when it came to its end."""
        if stopped:
            self.stopped.labels(stopped.replace(" ", "_")).inc()
        if not job.token_ids:
            return
        self.prompt_tokens.inc(len(job.prompt))
        self.tokens.inc(len(job.token_ids))
        self.ttft.observe(job.first - job.arrived)
        self.e2e.observe(job.last - job.arrived)
        if len(job.token_ids) > 1:
            self.tpot.observe((job.last - job.first) / (len(job.token_ids) - 1))

    def text(self) -> bytes:
        """The figures in Prometheus's text format, version 0.0.4."""
        return generate_latest(self.registry)
