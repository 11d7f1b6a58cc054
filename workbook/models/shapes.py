"""Shapes: folders with a model's exact geometry, or a scaled-down one, and no trained weights.

What a model takes in memory and how fast it runs depends on its geometry, not on what it has
learned. So speed and memory at the real size can be measured where the real weights are not. A
shape answers nothing.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from workbook.models.geometry import Geometry

SCALE = 0.02
"""Standard deviation of the random weights: what Phi models are initialised with."""

BLOCK = 2**22
"""Random numbers that are drawn; a larger matrix repeats them."""


def scaled(geometry: Geometry, divisor: int) -> Geometry:
    """The geometry with its widths, heads and vocabulary divided; layers and head size stay.

    Raises ValueError when the divisor does not divide all of them.
    """
    names = ("hidden", "intermediate", "heads", "kv_heads", "vocabulary")
    odd = [name for name in names if getattr(geometry, name) % divisor]
    if odd:
        raise ValueError(f"{divisor} does not divide {odd[0]} ({getattr(geometry, odd[0])})")
    return replace(geometry, **{name: getattr(geometry, name) // divisor for name in names})


def write(geometry: Geometry, folder: Path, *, name: str, tokenizer: Path) -> None:
    """Write a shape's Hugging Face folder, without weights.

    tokenizer: the folder of the model whose tokenizer it gets; the vocabulary is filled up with
    texts that nobody writes, so that every id decodes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card = f"# {name}\n\nA shape: random weights in a real geometry. It answers nothing.\n"
    (folder / "README.md").write_text(card, encoding="utf-8")
    text = json.loads((tokenizer / "tokenizer.json").read_text(encoding="utf-8"))
    words = text["model"]["vocab"]
    used = set(words.values()) | {added["id"] for added in text["added_tokens"]}
    words |= {f"~{id}~": id for id in range(geometry.vocabulary) if id not in used}
    _write_json(folder / "tokenizer.json", text)
    settings = json.loads((tokenizer / "tokenizer_config.json").read_text(encoding="utf-8"))
    _write_json(folder / "tokenizer_config.json", settings)
    config = json.loads((tokenizer / "config.json").read_text(encoding="utf-8"))
    _write_json(folder / "config.json", config | _config(geometry, name))


def _config(geometry: Geometry, name: str) -> dict:
    pairs = int(geometry.head_size * 0.75) // 2
    return {
        "_name_or_path": name,
        "hidden_size": geometry.hidden,
        "intermediate_size": geometry.intermediate,
        "num_hidden_layers": geometry.layers,
        "num_attention_heads": geometry.heads,
        "num_key_value_heads": geometry.kv_heads,
        "head_dim": geometry.head_size,
        "vocab_size": geometry.vocabulary,
        "tie_word_embeddings": geometry.tied,
        "max_position_embeddings": 131_072,
        "original_max_position_embeddings": 4096,
        "rope_scaling": {
            "type": "longrope",
            "short_factor": [1.0] * pairs,
            "long_factor": [round(32 ** (i / (pairs - 1)), 4) for i in range(pairs)],
        },
    }


def tensors(geometry: Geometry) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The name and shape of every tensor, as a Phi-3 checkpoint has them."""
    hidden, width = geometry.hidden, geometry.heads * geometry.head_size
    both = 2 * geometry.kv_heads * geometry.head_size
    yield "model.embed_tokens.weight", (geometry.vocabulary, hidden)
    for layer in range(geometry.layers):
        name = f"model.layers.{layer}"
        yield f"{name}.input_layernorm.weight", (hidden,)
        yield f"{name}.self_attn.qkv_proj.weight", (width + both, hidden)
        yield f"{name}.self_attn.o_proj.weight", (hidden, width)
        yield f"{name}.post_attention_layernorm.weight", (hidden,)
        yield f"{name}.mlp.gate_up_proj.weight", (2 * geometry.intermediate, hidden)
        yield f"{name}.mlp.down_proj.weight", (hidden, geometry.intermediate)
    yield "model.norm.weight", (hidden,)
    if not geometry.tied:
        yield "lm_head.weight", (geometry.vocabulary, hidden)


def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The weights of a tensor, float32, the same for the same name and shape: normal numbers, of
    which a large matrix repeats a block of rows; ones for a norm (a vector)."""
    if len(shape) == 1:
        return np.ones(shape, dtype=np.float32)
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    rows = min(shape[0], max(1, BLOCK // shape[1]))
    block = np.random.default_rng(seed).standard_normal((rows, shape[1]), dtype=np.float32)
    return np.resize(block * np.float32(SCALE), shape)


def write_weights(geometry: Geometry, folder: Path) -> Path:
    """Write model.safetensors with random bf16 weights, a tensor at a time; gives the file."""
    import ml_dtypes

    header, at = {}, 0
    for name, shape in tensors(geometry):
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": (at, at + size)}
        at += size
    text = json.dumps(header).encode()
    file = folder / "model.safetensors"
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for name, shape in tensors(geometry):
            draw(name, shape).astype(ml_dtypes.bfloat16).tofile(out)
    return part.replace(file)


def _write_json(file: Path, content: dict) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
