"""From a Hugging Face folder to an ONNX artifact, by ONNX Runtime GenAI's model builder.

The weights go through it one matrix at a time: see streaming.py.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from workbook.convert import running
from workbook.errors import CourseError
from workbook.models import Geometry


@dataclass(frozen=True)
class Recipe:
    """How the model builder is called for one artifact."""

    precision: str
    options: tuple[str, ...] = ()


RECIPES = {
    "onnx-fp32": Recipe("fp32"),
    "onnx-int8": Recipe("int8"),
    # Blocks of 32 weights share a scale; activations are rounded to 8 bits while they are
    # multiplied (accuracy level 4).
    "onnx-int4": Recipe("int4", ("block_size=32", "accuracy_level=4", "algo_config=rtn")),
}
"""Artifact name: recipe. All of them are for the CPU."""

MADE_BY = ("onnxruntime-genai", "onnxruntime", "onnx", "transformers")
"""Packages whose version decides what comes out."""

BASE = 18 * 10**8
"""Bytes of memory that Python, PyTorch, the builder and the slices in work take beside the weights
(6.7 GB were measured in all at Phi-4-mini's size in int4)."""


def room(geometry: Geometry, to: str) -> dict[str, int]:
    """Bytes of memory and of disk that a conversion takes at most."""
    # A scale of 32 bits for each block of 32. The embedding shares the output matrix in int4; in
    # int8 the graph keeps a second one in fp32.
    precision = RECIPES[to].precision
    bits = {"fp32": 32, "int8": 9, "int4": 5}[precision]
    made = geometry.parameters * bits // 8
    made += 4 * geometry.embedding if precision == "int8" else 0
    # Either the matrices that are quantized so far and the largest one in fp32, or the finished
    # model in the check, whose weights ONNX Runtime rearranges into a second copy.
    return {"memory": BASE + max(made + 4 * geometry.embedding, 2 * made), "disk": made}


def build(to: str, source: Path, out: Path, *, context: int, cache: Path, **_: object) -> None:
    """Write the GenAI folder `out`. Raises CourseError when the model builder fails."""
    # In a process of its own: PyTorch's memory is given back, and the notebook stays quiet.
    recipe = RECIPES[to]
    drawn = [] if any(source.glob("*.safetensors")) else ["--random"]  # a shape
    command = [sys.executable, "-m", "workbook.convert.streaming",
               "--source", source, "--out", out, "--cache", cache,
               "--precision", recipe.precision, *drawn, *recipe.options]  # fmt: skip
    running.run(list(map(str, command)), f"The conversion of {source.name} to {to}")
    if not (out / "model.onnx").exists():
        raise CourseError(
            f"The model builder wrote no model.onnx for {to}: see {running.log_path()}."
        )
    _finish_config(out, context)


def _finish_config(made: Path, context: int) -> None:
    # The builder writes the model's whole context (131,072 tokens) as max_length, and GenAI
    # reserves the KV cache for max_length: at Phi-4-mini's size that is up to 32 GiB.
    file = made / "genai_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["search"]["max_length"] = context
    file.write_text(json.dumps(config, indent=4), encoding="utf-8")
