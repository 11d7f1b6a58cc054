"""From a Hugging Face folder (Phi-3 family) to a GGUF file, the format of llama.cpp.

One file holds everything: the model's shape, its weights, the tokenizer and the chat template.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from workbook.convert import running
from workbook.errors import CourseError
from workbook.models import Geometry, chat

FILE = "model.gguf"
"""The one file of a GGUF artifact, in its folder."""


def _writer() -> str:
    """A hash of what the course itself brings to a file: another writer, another artifact."""
    parts = [Path(__file__).with_name("gguf_file.py").read_bytes(), chat.TOOL_TEMPLATE.encode()]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


@dataclass(frozen=True)
class Recipe:
    """What one artifact is made of.

    `matrices` is the type of the weight matrices, `output` that of the matrix that gives the
    logits (with tied embeddings the embedding table too); norms and rotary factors are always
    F32. `program` is the type that llama-quantize is asked for, empty when it is not needed.
    """

    matrices: str
    output: str
    file_type: str
    program: str = ""
    writer: str = _writer()


# llama.cpp too keeps the output matrix more precise than the others in its small types (its own
# program takes Q6_K, which only that program can write).
RECIPES = {
    "gguf-f32": Recipe("F32", "F32", "ALL_F32"),
    "gguf-bf16": Recipe("BF16", "BF16", "MOSTLY_BF16"),
    "gguf-f16": Recipe("F16", "F16", "MOSTLY_F16"),
    "gguf-q8_0": Recipe("Q8_0", "Q8_0", "MOSTLY_Q8_0"),
    "gguf-q5_1": Recipe("Q5_1", "Q8_0", "MOSTLY_Q5_1"),
    "gguf-q4_0": Recipe("Q4_0", "Q8_0", "MOSTLY_Q4_0"),
    # The K-quants: llama-quantize makes them, from 16-bit weights.
    "gguf-q6_k": Recipe("BF16", "BF16", "MOSTLY_BF16", "Q6_K"),
    "gguf-q5_k_m": Recipe("BF16", "BF16", "MOSTLY_BF16", "Q5_K_M"),
    "gguf-q4_k_m": Recipe("BF16", "BF16", "MOSTLY_BF16", "Q4_K_M"),
}
"""Artifact name: recipe."""

MADE_BY = ("gguf", "xllamacpp")
"""Packages whose version decides what comes out and whether it passes the check."""

BITS = {"F32": 32, "BF16": 16, "F16": 16, "Q8_0": 8.5, "Q5_1": 6, "Q4_0": 4.5}
"""Bits that one weight takes, its share of the block's scale included."""


def room(geometry: Geometry, to: str) -> dict[str, int]:
    """Bytes of memory and of disk that a conversion takes at most."""
    recipe = RECIPES[to]
    size = int(geometry.parameters * BITS[recipe.matrices] / 8)
    # Writing takes little memory. The check computes with one matrix of the original at a time,
    # then with the result, which llama.cpp may keep a second time, rearranged. llama-quantize
    # needs its input on the disk.
    return {
        "memory": int(1.2 * max(4 * geometry.embedding, 2 * size)),
        "disk": size * (2 if recipe.program else 1),
    }


def build(to: str, source: Path, out: Path, *, model: str, cache: Path, **_: object) -> None:
    """Write `model.gguf` into the folder `out`.

    Raises CourseError when the folder holds something else than a Phi-3 model with a byte-level
    BPE tokenizer that llama.cpp knows, or when a K-quant is asked for without llama-quantize.
    """
    recipe = RECIPES[to]
    program = shutil.which("llama-quantize") if recipe.program else ""
    if program is None:
        raise CourseError(
            f"{to} is made by llama.cpp's program llama-quantize, which is not on the path: "
            f"install llama.cpp, or take gguf-q5_1 or gguf-q4_0, which need no program."
        )
    # Imported here only: the image that makes ONNX artifacts does not have gguf.
    from workbook.convert.gguf_file import write

    out.mkdir(parents=True)
    if not program:
        write(source, out / FILE, recipe, name=model)
        return
    cache.mkdir(parents=True, exist_ok=True)
    whole = cache / FILE
    write(source, whole, recipe, name=model)
    command = [program, str(whole), str(out / FILE), recipe.program]
    running.run(command, f"The conversion of {source.name} to {to}")
    whole.unlink()
