"""The roofline: how fast this machine could decode, whatever the software.

To compute one token, an engine reads every weight once and multiplies with it. So a token takes at
least bytes / bandwidth and at least operations / compute, and the larger of the two is the bound
(S. Williams, A. Waterman, D. Patterson, Communications of the ACM 52(4), 2009). A batch of B
requests reads the weights once for all of them, its keys and values for each.

Bandwidth and compute are measured, in a process of their own, with one thread on each physical
core: bandwidth by dot products of arrays that no cache holds, compute by multiplying float32
matrices. An engine that multiplies 8-bit integers can be faster than the latter, so a share of
the compute bound above 1 is no error.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from workbook.errors import CourseError
from workbook.models import Geometry

ARRAY = 2**29
"""Bytes that are read, all threads together: many times the cache of a processor, else what stays
there from one round to the next counts as read from memory."""

SIDE = 1536
"""Rows and columns of the matrices that are multiplied."""


@dataclass(frozen=True)
class Ceiling:
    """What the machine can do: bytes read a second, float32 operations a second; by how many
    threads. `spread`: the slowest of the better half of the rounds over the fastest, for
    bandwidth: far below 1 on a machine that is busy with something else."""

    bandwidth: float
    compute: float
    threads: int
    spread: float

    def __str__(self) -> str:
        return (
            f"{self.bandwidth / 1e9:.1f} GB/s read, {self.compute / 1e9:.0f} GFLOP/s float32 "
            f"({self.threads} threads; steadiness {self.spread:.2f})"
        )


@dataclass(frozen=True)
class Work:
    """What one token costs: `weights` bytes read once a batch, `cache` bytes of keys and values
    read for each request, `operations` for each token, both at a context of `context` tokens."""

    weights: int
    cache: int
    operations: int
    context: int


@dataclass(frozen=True)
class Bound:
    """The most tokens/s at a batch size, and which of the two sets it ("memory" or "compute").

    `memory` is None where the weights fit into the last-level cache: then they are not read from
    memory each time, and its bound does not apply.
    """

    batch: int
    memory: float | None
    compute: float

    @property
    def tokens_per_second(self) -> float:
        """The lower of the two."""
        return self.compute if self.memory is None else min(self.memory, self.compute)

    @property
    def by(self) -> str:
        """What sets it."""
        return "memory" if self.memory is not None and self.memory < self.compute else "compute"


def bound(work: Work, ceiling: Ceiling, *, batch: int = 1, cache_bytes: int | None = None) -> Bound:
    """The bound of decoding `batch` requests together. cache_bytes: the last-level cache."""
    memory = batch * ceiling.bandwidth / (work.weights + batch * work.cache)
    resident = cache_bytes is not None and work.weights < cache_bytes
    return Bound(batch, None if resident else memory, ceiling.compute / work.operations)


def work(geometry: Geometry, weights: int, *, context: int = 0, kv_precision: str = "fp16") -> Work:
    """The work of one token of a model; `weights` as `bytes_read` gives it.

    Operations: 2 for each weight that is multiplied with (all layers and the output matrix), and 4
    x layers x heads x head size for each token of context (queries by keys, then by values).
    """
    matrices = geometry.body - geometry.hidden * (2 * geometry.layers + 1) + geometry.embedding
    attention = 4 * geometry.layers * geometry.heads * geometry.head_size
    return Work(
        weights=weights,
        cache=context * geometry.kv_bytes_per_token(kv_precision),
        operations=2 * matrices + attention * context,
        context=context,
    )


# ---------------------------------------------------------------- what an artifact reads


def bytes_read(folder: Path, geometry: Geometry) -> int:
    """Bytes of weights that one token reads, from the files of an artifact.

    A table that is only looked into (an embedding that is not the output matrix too, sines and
    cosines) does not count: one row of it is read. Raises CourseError for a folder without weights.
    """
    if (folder / "model.gguf").exists():
        return _gguf(folder / "model.gguf")
    if (folder / "model.onnx").exists():
        return _onnx(folder / "model.onnx")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise CourseError(f"There are no weights in {folder}: convert the model again.")
    total = sum(_safetensors(file) for file in files)
    spare = 0 if geometry.tied else geometry.embedding
    return total - spare * total // geometry.parameters


def _gguf(file: Path) -> int:
    import gguf

    tensors = {tensor.name: tensor.n_bytes for tensor in gguf.GGUFReader(file).tensors}
    looked_up = {"rope_factors_long.weight", "rope_factors_short.weight"}
    if "output.weight" in tensors:
        looked_up.add("token_embd.weight")
    return int(sum(size for name, size in tensors.items() if name not in looked_up))


def _onnx(file: Path) -> int:
    import onnx

    graph = onnx.load(file, load_external_data=False).graph
    sizes = {tensor.name: _size(tensor) for tensor in _tensors(graph)}
    read = {name for node in _nodes(graph) for name in _multiplied(node)}
    return sum(size for name, size in sizes.items() if name in read)


LOOKUPS = ("Gather", "GatherBlockQuantized")


def _multiplied(node) -> Iterable[str]:
    if node.op_type in LOOKUPS:
        return ()
    # Inputs 7 and 8 of grouped-query attention are the tables of cosines and sines.
    skipped = (7, 8) if node.op_type == "GroupQueryAttention" else ()
    return (name for place, name in enumerate(node.input) if place not in skipped)


def _nodes(graph):
    for node in graph.node:
        yield node
        for inner in _inner(node):
            yield from _nodes(inner)


def _tensors(graph):
    yield from graph.initializer
    for node in graph.node:
        for inner in _inner(node):
            yield from _tensors(inner)


def _inner(node) -> list:
    # The branches of an If hold tables for short and long contexts; what is computed is outside.
    return [a.g for a in node.attribute if a.HasField("g")] if node.op_type != "If" else []


def _size(tensor) -> int:
    import onnx

    item = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    bits = 4 if tensor.data_type in (onnx.TensorProto.INT4, onnx.TensorProto.UINT4) else item * 8
    return math.ceil(math.prod(tensor.dims) * bits / 8)


def _safetensors(file: Path) -> int:
    with file.open("rb") as handle:
        header = json.loads(handle.read(int.from_bytes(handle.read(8), "little")))
    spans = [entry["data_offsets"] for name, entry in header.items() if name != "__metadata__"]
    return sum(end - begin for begin, end in spans)


# ---------------------------------------------------------------- measuring the machine


def measure(*, threads: int | None = None, rounds: int = 20) -> Ceiling:
    """Bandwidth and compute of this machine, the best of some rounds (a few seconds).

    threads: one a physical core when left out. Raises ValueError for less than one thread or round.
    """
    from workbook.engine.generation import physical_cores

    threads = physical_cores() if threads is None else threads
    if threads < 1 or rounds < 1:
        raise ValueError("measuring takes at least one thread and one round")
    # Each of our threads calls the library for itself: it must not start threads of its own.
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")
    alone = os.environ | dict.fromkeys((*names, "VECLIB_MAXIMUM_THREADS"), "1")
    command = [sys.executable, "-m", "workbook.bench.roofline", str(threads), str(rounds)]
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CourseError(f"The machine's bandwidth could not be measured ({last}).")
    return Ceiling(**json.loads(done.stdout))


def kernels(threads: int, rounds: int) -> Ceiling:
    """The measurement, in this process."""
    import numpy as np

    length = ARRAY // threads // 2 // 4  # float32, two arrays a thread
    pairs = [(np.ones(length, np.float32), np.ones(length, np.float32)) for _ in range(threads)]
    reads = [_timed([lambda p=p: np.dot(*p) for p in pairs]) for _ in range(rounds)]
    del pairs
    squares = [np.ones((SIDE, SIDE), np.float32) for _ in range(threads)]
    products = [_timed([lambda s=s: s @ s for s in squares]) for _ in range(rounds)]
    better = sorted(reads)[: (rounds + 1) // 2]
    return Ceiling(
        bandwidth=2 * 4 * length * threads / min(reads),
        compute=2 * SIDE**3 * threads / min(products),
        threads=threads,
        spread=min(reads) / max(better),
    )


def _timed(tasks: list[Callable[[], object]]) -> float:
    """Seconds that the tasks take, a thread each, begun together."""
    import threading
    import time

    gate = threading.Barrier(len(tasks) + 1)

    def work(task: Callable[[], object]) -> None:
        gate.wait()
        task()

    workers = [threading.Thread(target=work, args=[task]) for task in tasks]
    for worker in workers:
        worker.start()
    gate.wait()
    begun = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(json.dumps(asdict(kernels(int(sys.argv[1]), int(sys.argv[2])))))
