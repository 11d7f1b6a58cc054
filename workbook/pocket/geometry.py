"""pocket's shape: Phi-4-mini's architecture, small."""

import json
from pathlib import Path

from workbook.pocket.tokenizer import SPECIAL, VOCABULARY

HEAD_SIZE = 64
ROTARY = 48
"""Rotary dimensions a head: 0.75 of the head size, and half of it is a multiple of 8, which
ONNX Runtime's attention kernel needs."""
ORIGINAL_CONTEXT = 4096
CONTEXT = 8192
"""LongRoPE stretches the original context to this one. Phi-4-mini reaches 131,072; the tables of
angles for so many positions would be larger than pocket itself."""


def config(hidden_size: int = 192, layers: int = 6, intermediate_size: int = 512) -> dict:
    """The content of config.json, written as Phi-4-mini's own is.

    hidden_size must be a multiple of 192 (three query heads of 64 share a key-value head).
    Raises ValueError for a shape that the ONNX model builder converts wrongly without a word:
    it takes any projection whose output width equals the vocabulary for the language-model head.
    """
    heads = hidden_size // HEAD_SIZE
    if hidden_size % (3 * HEAD_SIZE):
        raise ValueError(f"hidden_size {hidden_size} is not a multiple of {3 * HEAD_SIZE}")
    widths = {hidden_size, 2 * intermediate_size, (heads + 2 * heads // 3) * HEAD_SIZE}
    if VOCABULARY in widths:
        raise ValueError(f"the vocabulary of {VOCABULARY} equals a projection width {widths}")
    pairs, stretch = ROTARY // 2, CONTEXT / ORIGINAL_CONTEXT
    first = VOCABULARY - len(SPECIAL)
    return {
        "architectures": ["Phi3ForCausalLM"],
        "model_type": "phi3",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": first,
        "eos_token_id": first,
        "pad_token_id": first,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "hidden_act": "silu",
        "hidden_size": hidden_size,
        "initializer_range": 0.02,
        "intermediate_size": intermediate_size,
        "max_position_embeddings": CONTEXT,
        "original_max_position_embeddings": ORIGINAL_CONTEXT,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "num_key_value_heads": heads // 3,
        "partial_rotary_factor": ROTARY / HEAD_SIZE,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "rope_scaling": {
            "type": "longrope",
            "short_factor": [1.0] * pairs,
            "long_factor": [round(stretch ** (i / (pairs - 1)), 4) for i in range(pairs)],
        },
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": VOCABULARY,
    }


def save(folder: Path, **shape: int) -> None:
    """Write config.json and generation_config.json into a model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    first = VOCABULARY - len(SPECIAL)
    generation = {
        "bos_token_id": first,
        "eos_token_id": [first + SPECIAL.index("<|end|>"), first],
        "pad_token_id": first,
    }
    for name, content in (("config", config(**shape)), ("generation_config", generation)):
        text = json.dumps(content, indent=2)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
