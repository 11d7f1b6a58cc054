"""What a deployment takes and reaches at most, worked out before anything is started."""

from dataclasses import dataclass

from workbook.bench import roofline
from workbook.bench.roofline import Bound, Ceiling
from workbook.models import Geometry
from workbook.tables import Table

BLOCK = {"bf16": 0, "int8": 32, "int4": 32}
"""Weights that share a scale of 16 bits, by precision, as GGUF's Q8_0 and Q4_0 have it; 0: no
scales."""

BATCHES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Estimate:
    """A model in one precision, serving `batch` requests of `context` tokens at once.

    `weights` and `cache` in bytes, the cache for all requests; `bound`: tokens/s of all requests
    together. What the server's own code takes is not in it.
    """

    precision: str
    context: int
    batch: int
    weights: int
    cache: int
    bound: Bound

    @property
    def bytes(self) -> int:
        """Weights and cache."""
        return self.weights + self.cache


def estimate(
    geometry: Geometry, ceiling: Ceiling, precision: str, *, context: int, batch: int = 1,
    cache_bytes: int | None = None,
) -> Estimate:  # fmt: skip
    """Memory by the geometry's formulas and speed by the roofline; keys and values in 16 bits.

    precision: one of BLOCK; cache_bytes: the processor's last-level cache, see roofline.bound.
    Raises KeyError for another precision.
    """
    weights = geometry.weight_bytes(precision, block_size=BLOCK[precision])
    read = (
        weights
        if geometry.tied
        else weights - weights * geometry.embedding // (geometry.parameters)
    )
    work = roofline.work(geometry, read, context=context)
    bound = roofline.bound(work, ceiling, batch=batch, cache_bytes=cache_bytes)
    return Estimate(precision, context, batch, weights, batch * work.cache, bound)


def table(estimates: list[Estimate], caption: str = "") -> Table:
    """One row an estimate."""
    rows = [
        {
            "precision": e.precision,
            "requests at once": str(e.batch),
            "tokens each": f"{e.context:,}",
            "weights": f"{e.weights / 1e9:.2f} GB",
            "KV cache": f"{e.cache / 1e9:.2f} GB",
            "together": f"{e.bytes / 1e9:.2f} GB",
            "tokens/s at most": f"{e.bound.tokens_per_second:.0f}",
            "set by": e.bound.by,
        }
        for e in estimates
    ]
    return Table(rows, caption)
