"""Look inside an ONNX artifact."""

from collections import Counter
from pathlib import Path

import numpy as np


def operators(folder: Path) -> Counter[str]:
    """How often each operator occurs in model.onnx, sub-graphs included."""
    import onnx

    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    return Counter(_operators(graph))


def files(folder: Path) -> dict[str, int]:
    """Name and size in bytes of every file of an artifact, largest first."""
    sizes = {f.name: f.stat().st_size for f in folder.iterdir() if f.is_file()}
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def weight(folder: Path, name: str) -> np.ndarray:
    """One weight matrix of a Hugging Face folder as float32, by its name in the safetensors.

    Raises KeyError when no file of the folder holds it.
    """
    from safetensors import safe_open

    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            if name in tensors.keys():  # noqa: SIM118
                return tensors.get_tensor(name).float().numpy()
    raise KeyError(f"{name} is in no safetensors file of {folder.name}")


def _operators(graph):
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _operators(attribute.g)
