"""From records to figures: the formulas, and what a sample is large enough for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbook.bench.records import STATUSES, Record

FORMULAS = {
    "E2E": "t(last token) - t(due), a request",
    "TTFT": "t(first chunk with text) - t(due), a request: queue, prefill and network included",
    "TPOT": "(E2E - TTFT) / (output tokens - 1), a request with at least 2 tokens",
    "ITL": "t(chunk) - t(chunk before), chunks with text, pooled; a chunk may hold several tokens",
    "output tokens/s": "sum of output tokens of whole answers / duration",
    "requests/s": "whole answers / duration",
    "goodput": "whole answers within every limit / duration; its share: / all requests sent",
    "duration": "t(end of the last request) - t(first due)",
    "peak memory": "sum over the server's processes of the most each had resident since its start "
    "(pages that they share count once for each)",
    "CPU s/1000": "CPU seconds of the server's processes, for prompts too, / output tokens "
    "of whole answers x 1000",
}
"""What is counted how; see CLOCK."""

CLOCK = (
    "t is the client's time.perf_counter; t(due) is the moment of sending in a closed loop and the "
    "scheduled one in an open loop; tokens are those that the server counts (usage)."
)

CONFIDENCE = 0.95

RULE = (
    "A percentile p is shown only from a sample of n with p^n <= 0.05: then the largest value seen "
    "lies above the true percentile with a confidence of 95 % (the one-sided, distribution-free "
    "bound of S. S. Wilks, Annals of Mathematical Statistics 12, 1941, pages 91-96). So the median "
    "wants 5 values, p95 wants 59, p99 wants 299."
)

OMISSION = (
    "In a closed loop a client sends its next request only after an answer, so a slow server is "
    "asked less often and its worst moments are sampled least (coordinated omission). Read its "
    "throughput as capacity, and take latencies that independent users would see from an open loop."
)


def needed(p: float) -> int:
    """The smallest sample that supports the percentile p (0 < p < 1)."""
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(p))


def percentile(values: Sequence[float], p: float) -> float:
    """The percentile p (0 to 1), linear between neighbours: NumPy's default, Hyndman and Fan's
    definition 7. Raises ValueError without values."""
    if not values:
        raise ValueError("a percentile needs at least one value")
    ordered = sorted(values)
    position = p * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (position - low) * (ordered[high] - ordered[low])


@dataclass(frozen=True)
class Distribution:
    """Values in seconds, condensed; a percentile that the sample does not support is None."""

    n: int
    mean: float | None
    median: float | None
    p95: float | None
    p99: float | None
    largest: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> "Distribution":
        """The distribution of the values that are there."""
        known = [value for value in values if value is not None]
        median, p95, p99 = (
            percentile(known, p) if len(known) >= needed(p) else None for p in (0.5, 0.95, 0.99)
        )
        mean = sum(known) / len(known) if known else None
        return cls(len(known), mean, median, p95, p99, max(known, default=None))


@dataclass(frozen=True)
class Limits:
    """What a good answer keeps to, in seconds; None is no limit."""

    ttft: float | None = None
    tpot: float | None = None
    e2e: float | None = None

    def kept(self, record: Record) -> bool:
        """Whether a request was answered whole and within every limit."""
        if not record.ok:
            return False
        # An answer of one token has no TPOT: nothing that could be too slow.
        pairs = (
            (record.ttft, self.ttft, math.inf),
            (record.tpot, self.tpot, 0.0),
            (record.e2e, self.e2e, math.inf),
        )
        return all(
            limit is None or (missing if value is None else value) <= limit
            for value, limit, missing in pairs
        )

    def __str__(self) -> str:
        named = {"TTFT": self.ttft, "TPOT": self.tpot, "E2E": self.e2e}
        given = [f"{k} <= {v * 1000:g} ms" for k, v in named.items() if v is not None]
        return ", ".join(given) or "no limits"


@dataclass(frozen=True)
class Summary:
    """The figures of one load; see FORMULAS. Rates are None where the server counts no tokens."""

    counts: dict[str, int]
    seconds: float
    output_tokens: int | None
    tokens_per_second: float | None
    requests_per_second: float
    goodput: float
    good_share: float
    ttft: Distribution
    tpot: Distribution
    itl: Distribution
    e2e: Distribution
    lag: Distribution
    output_lengths: tuple[int, int] | None
    prompt_lengths: tuple[int, int] | None
    tokens_per_chunk: float | None

    @property
    def requests(self) -> int:
        """How many were sent."""
        return sum(self.counts.values())


def summarise(records: Sequence[Record], limits: Limits | None = None) -> Summary:
    """The figures of one load's records; the warm-up is left out.

    Raises ValueError when nothing was measured.
    """
    measured = [r for r in records if not r.warmup]
    if not measured:
        raise ValueError("there is no measured request")
    limits = limits or Limits()
    whole = [r for r in measured if r.ok]
    seconds = max(r.end for r in measured) - min(r.due for r in measured)
    counted = [r.output_tokens for r in whole if r.output_tokens is not None]
    tokens = sum(counted) if len(counted) == len(whole) else None
    prompts = [r.prompt_tokens for r in whole if r.prompt_tokens is not None]
    good = sum(limits.kept(r) for r in measured)
    chunks = sum(len(r.chunks) for r in whole)
    return Summary(
        counts={status: sum(r.status == status for r in measured) for status in STATUSES},
        seconds=seconds,
        output_tokens=tokens,
        tokens_per_second=None if tokens is None else tokens / seconds,
        requests_per_second=len(whole) / seconds,
        goodput=good / seconds,
        good_share=good / len(measured),
        ttft=Distribution.of([r.ttft for r in whole]),
        tpot=Distribution.of([r.tpot for r in whole]),
        itl=Distribution.of([gap for r in whole for gap in r.itl]),
        e2e=Distribution.of([r.e2e for r in whole]),
        lag=Distribution.of([r.sent - r.due for r in measured]),
        output_lengths=(min(counted), max(counted)) if counted else None,
        prompt_lengths=(min(prompts), max(prompts)) if prompts else None,
        tokens_per_chunk=tokens / chunks if tokens and chunks else None,
    )
