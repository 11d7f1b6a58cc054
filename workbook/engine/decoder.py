"""The model's graph on ONNX Runtime, for several answers at once.

The graph that GenAI's model builder writes takes one length a row: answers of different lengths go
through it side by side, each with a part of the KV cache of its own, and a row may come or go
between two steps. GenAI's own Engine cannot do that on a CPU: its batch has four rows at most, a
late request waits until the last of them has ended, none can be taken out, and none has a seed. So
the graph is run directly, by the same library. A row's numbers are the same, bit for bit, whatever
stands beside it (tests/engine).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
import onnxruntime

DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
MASK = 64
"""The attention mask is as long as a multiple of this, which divides 4,096: a longer one would
switch Phi's LongRoPE."""

LEAST = 128
"""Places of a row that are reserved at least; from there they double."""


class Decoder:
    """A graph and its KV cache.

    folder: a GenAI folder; config: its genai_config.json; threads: how many compute. The cache has
    `rows` rows of `places` tokens. Memory is reserved for all of them and taken by the system for
    those that are written. Used by one thread at a time, but for the RunOptions given to `read`.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], threads: int):
        decoder = config["model"]["decoder"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # errors are raised, and one that is told to end is none
        self._session = onnxruntime.InferenceSession(
            str(folder / decoder["filename"]), options, providers=["CPUExecutionProvider"]
        )
        self._names = decoder["inputs"], decoder["outputs"]
        self._layers = decoder["num_hidden_layers"]
        self._row = decoder["num_key_value_heads"], decoder["head_size"]
        kinds = {given.name: given.type for given in self._session.get_inputs()}
        self._dtype = np.dtype(DTYPES[kinds[self._names[0]["past_key_names"] % 0]])
        logits = self._names[1]["logits"]
        (output,) = [o for o in self._session.get_outputs() if o.name == logits]
        self._logits_dtype = DTYPES[output.type]
        self._vocabulary = output.shape[-1]
        self.clear()

    @property
    def token_bytes(self) -> int:
        """Bytes of the KV cache that one token takes."""
        heads, size = self._row
        return 2 * self._layers * heads * size * self._dtype.itemsize

    def clear(self) -> None:
        """Give the cache back."""
        self.rows = self.places = 0
        self._cache: list[np.ndarray] = []
        self._stepping: _Run | None = None

    def size_for(self, rows: int, places: int) -> tuple[int, int]:
        """The rows and places that `reserve` would make of these."""
        return _grown(self.rows, rows, 1), _grown(self.places, places, LEAST)

    def reserve(self, rows: int, places: int) -> None:
        """Make room for so many rows of so many tokens; what is cached is kept."""
        rows, places = self.size_for(rows, places)
        if (rows, places) == (self.rows, self.places):
            return
        heads, size = self._row
        shape = (rows, heads, places, size)
        larger = [np.empty(shape, self._dtype) for _ in range(2 * self._layers)]  # or MemoryError
        self._stepping = None
        for number, held in enumerate(self._cache):
            larger[number][: self.rows, :, : self.places] = held
            self._cache[number] = larger[number]  # never the whole cache twice
        self._cache, self.rows, self.places = larger, rows, places

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of one row over another."""
        for cached in self._cache:
            cached[target, :, :length] = cached[source, :, :length]

    def read(
        self, row: int, tokens: Sequence[int], before: int, options: onnxruntime.RunOptions
    ) -> np.ndarray:
        """Read tokens of a prompt into a row that holds `before` tokens.

        Gives the logits after the last one (float32, one a token of the vocabulary). Raises what
        ONNX Runtime raises, also when another thread sets options.terminate.
        """
        ids = np.array([tokens], np.int64)
        logits = np.empty((1, len(tokens), self._vocabulary), self._logits_dtype)
        mask = np.ones((1, before + len(tokens)), np.int64)
        binding = self._bound(row, row + 1, ids, logits, mask)
        self._session.run_with_iobinding(binding, options)
        return logits[0, -1].astype(np.float32)

    def step(self, tokens: Sequence[int], lengths: Sequence[int]) -> np.ndarray:
        """One token more in each of the first rows.

        tokens: the last token of each row; lengths: how many tokens it holds before that one.
        Gives the logits (float32, shape [rows, vocabulary]), which the next call overwrites.
        """
        longest = max(lengths) + 1
        run = self._stepping
        if run is None or len(run.ids) != len(tokens) or longest > run.mask.shape[1]:
            run = self._stepping = self._stepping_run(len(tokens), longest)
        run.ids[:, 0] = tokens
        np.less_equal(run.places, np.array(lengths)[:, None], out=run.mask)
        self._session.run_with_iobinding(run.binding)
        return run.logits[:, 0].astype(np.float32, copy=False)

    def _stepping_run(self, count: int, longest: int) -> "_Run":
        # A mask that is longer than its rows need not be bound anew at every step.
        width = -(-longest // MASK) * MASK
        ids = np.empty((count, 1), np.int64)
        logits = np.empty((count, 1, self._vocabulary), self._logits_dtype)
        mask = np.empty((count, width), np.int64)
        binding = self._bound(0, count, ids, logits, mask)
        return _Run(binding, ids, logits, mask, np.arange(width))

    def _bound(
        self, begin: int, end: int, ids: np.ndarray, logits: np.ndarray, mask: np.ndarray
    ) -> onnxruntime.IOBinding:
        # The cache goes in and comes out at the same place: the graph writes the new tokens only.
        binding = self._session.io_binding()
        taken, given = self._names
        names = [(f"past_{kind}_names", f"present_{kind}_names") for kind in ("key", "value")]
        for number, cached in enumerate(self._cache):
            past, present = names[number % 2]
            rows = cached[begin:end]
            _bind(binding.bind_input, taken[past] % (number // 2), rows)
            _bind(binding.bind_output, given[present] % (number // 2), rows)
        _bind(binding.bind_input, taken["input_ids"], ids)
        _bind(binding.bind_input, taken["attention_mask"], mask)
        _bind(binding.bind_output, given["logits"], logits)
        return binding


@dataclass(frozen=True)
class _Run:
    """A binding for steps, and what it points to."""

    binding: onnxruntime.IOBinding
    ids: np.ndarray
    logits: np.ndarray
    mask: np.ndarray
    places: np.ndarray


def _bind(bind: Any, name: str, array: np.ndarray) -> None:
    bind(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)


def _grown(present: int, needed: int, least: int) -> int:
    size = max(present, least)
    while size < needed:
        size *= 2
    return size
