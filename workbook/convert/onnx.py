"""From a Hugging Face folder to an ONNX artifact, by ONNX Runtime GenAI's model builder."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from workbook.convert import running
from workbook.errors import CourseError


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

MEMORY_FACTOR = 3
"""Memory that the model builder takes, relative to the bf16 weights (measured at the real size:
22.6 GB for 7.67 GB)."""


def room(weights: int, to: str) -> dict[str, int]:
    """Bytes of memory and of disk that a conversion takes, from the bytes of the weights."""
    # PyTorch keeps the weights in fp32 while the fp32 graph is written and compared.
    need = MEMORY_FACTOR * weights * (2 if to == "onnx-fp32" else 1)
    return {"memory": need, "disk": need}


def build(to: str, source: Path, out: Path, *, context: int, cache: Path, **_: object) -> None:
    """Write the GenAI folder `out`. Raises CourseError when the model builder fails."""
    # In a process of its own: PyTorch's memory is given back, and the notebook stays quiet.
    recipe = RECIPES[to]
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder",
               "-i", source, "-o", out, "-p", recipe.precision, "-e", "cpu", "-c", cache,
               "--extra_options", "hf_remote=false", *recipe.options]  # fmt: skip
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
