"""ONNX Runtime GenAI through its C interface: a loaded model, and one answer being generated.

The library's Python module holds the interpreter's lock while it reads a prompt: with a large
model the whole server would stand still for that time, its health check too, and nobody could stop
it. A call through ctypes gives the lock back, and `Generator.terminate` ends it from outside within
milliseconds. The same library computes, so the tokens are the same (tests/engine).
"""

import ctypes
import functools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
import onnxruntime_genai

VERSION: str = onnxruntime_genai.__version__
FLOAT32 = 1
"""OgaElementType_float32."""


class GenaiError(Exception):
    """What the library says is wrong."""


@functools.cache
def _library() -> ctypes.CDLL:
    # The Python module has loaded it already, with what it needs: this is a second name for it.
    folder = Path(onnxruntime_genai.__file__).parent
    found = [*folder.glob("libonnxruntime-genai.*"), *folder.glob("onnxruntime-genai.dll")]
    if not found:
        raise GenaiError(f"there is no onnxruntime-genai library in {folder}: install it again")
    library = ctypes.CDLL(str(found[0]))
    library.OgaResultGetError.restype = ctypes.c_char_p
    library.OgaResultGetError.argtypes = [ctypes.c_void_p]
    return library


def _call(name: str, *arguments: Any) -> None:
    """One function of the C interface. Raises GenaiError with what it says."""
    function = getattr(_library(), name)
    function.restype = ctypes.c_void_p
    result = function(*arguments)
    if result:
        text = _library().OgaResultGetError(result).decode("utf-8", "replace")
        _destroy("Result", ctypes.c_void_p(result))
        raise GenaiError(text)


def _destroy(kind: str, handle: ctypes.c_void_p) -> None:
    function = getattr(_library(), f"OgaDestroy{kind}")
    function.restype = None
    function(handle)


class _Owned:
    """Something that the library made, and that goes with this object."""

    kind = ""

    def __init__(self, name: str, *arguments: Any):
        self.handle = ctypes.c_void_p()
        _call(name, *arguments, ctypes.byref(self.handle))

    def close(self) -> None:
        """Give the memory back; a second call does nothing."""
        handle, self.handle = self.handle, ctypes.c_void_p()
        if handle:
            _destroy(self.kind, handle)

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            self.close()


class _Config(_Owned):
    kind = "Config"


class _Params(_Owned):
    kind = "GeneratorParams"


class _Tensor(_Owned):
    kind = "Tensor"


class Model(_Owned):
    """A GenAI folder in memory; settings: laid over its genai_config.json.

    Raises GenaiError when it cannot be loaded.
    """

    kind = "Model"

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        config = _Config("OgaCreateConfig", str(folder).encode())
        _call("OgaConfigOverlay", config.handle, json.dumps(settings).encode())
        super().__init__("OgaCreateModelFromConfig", config.handle)


class Generator(_Owned):
    """One answer. Used by one thread at a time, but for `terminate`.

    search: GenAI's search options; guidance: (kind, schema or grammar as text).
    Raises GenaiError for options and guidance that the library refuses.
    """

    kind = "Generator"

    def __init__(
        self, model: Model, search: Mapping[str, float | bool], guidance: tuple[str, str] | None
    ):
        params = _Params("OgaCreateGeneratorParams", model.handle)
        for name, value in search.items():
            if isinstance(value, bool):
                setter, typed = "OgaGeneratorParamsSetSearchBool", ctypes.c_bool(value)
            else:
                setter, typed = "OgaGeneratorParamsSetSearchNumber", ctypes.c_double(value)
            _call(setter, params.handle, name.encode(), typed)
        if guidance:
            kind, data = (text.encode() for text in guidance)
            _call("OgaGeneratorParamsSetGuidance", params.handle, kind, data, ctypes.c_bool(False))
        super().__init__("OgaCreateGenerator", model.handle, params.handle)

    def append(self, tokens: Sequence[int]) -> None:
        """Read tokens: the prompt."""
        ids = (ctypes.c_int32 * len(tokens))(*tokens)
        _call("OgaGenerator_AppendTokens", self.handle, ids, ctypes.c_size_t(len(tokens)))

    def next(self) -> int:
        """The id of the next token."""
        _call("OgaGenerator_GenerateNextToken", self.handle)
        ids, count = ctypes.POINTER(ctypes.c_int32)(), ctypes.c_size_t()
        _call("OgaGenerator_GetNextTokens", self.handle, ctypes.byref(ids), ctypes.byref(count))
        return ids[0]

    def logits(self) -> np.ndarray:
        """The scores from which `next` will choose, before temperature and guidance: float32,
        one a token of the vocabulary."""
        tensor = _Tensor("OgaGenerator_GetLogits", self.handle)
        kind, rank = ctypes.c_int(), ctypes.c_size_t()
        data = ctypes.c_void_p()
        _call("OgaTensorGetType", tensor.handle, ctypes.byref(kind))
        _call("OgaTensorGetShapeRank", tensor.handle, ctypes.byref(rank))
        shape = (ctypes.c_int64 * rank.value)()
        _call("OgaTensorGetShape", tensor.handle, shape, rank)
        _call("OgaTensorGetData", tensor.handle, ctypes.byref(data))
        if kind.value != FLOAT32:
            raise GenaiError(f"the logits are no 32-bit numbers (type {kind.value})")
        scores = ctypes.cast(data, ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(scores, shape=(int(np.prod(shape)),)).copy()

    def terminate(self) -> None:
        """End a call that runs in another thread, and refuse further ones: they raise GenaiError.

        The generator must not be closed meanwhile.
        """
        _call("OgaGenerator_SetRuntimeOption", self.handle, b"terminate_session", b"1")
