"""How big a model is: parameters, weights by precision, KV cache."""

import json
from dataclasses import dataclass
from pathlib import Path

BITS = {"fp32": 32, "bf16": 16, "fp16": 16, "int8": 8, "int4": 4}
"""Bits that one weight takes, without the scales of a quantized format."""


@dataclass(frozen=True)
class Geometry:
    """The shape of a Phi-3-family decoder (grouped-query attention, gated feed-forward)."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    tied: bool

    @classmethod
    def from_folder(cls, folder: Path) -> "Geometry":
        """Read config.json of a Hugging Face folder."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        heads = config["num_attention_heads"]
        return cls(
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            intermediate=config["intermediate_size"],
            heads=heads,
            kv_heads=config["num_key_value_heads"],
            head_size=config.get("head_dim") or config["hidden_size"] // heads,
            vocabulary=config["vocab_size"],
            tied=config.get("tie_word_embeddings", False),
        )

    @property
    def embedding(self) -> int:
        """Parameters of the embedding table: vocabulary x hidden."""
        return self.vocabulary * self.hidden

    @property
    def body(self) -> int:
        """Parameters of all layers and the last norm."""
        qkv = self.hidden * (self.heads + 2 * self.kv_heads) * self.head_size
        output = self.heads * self.head_size * self.hidden
        feed_forward = 3 * self.hidden * self.intermediate
        norms = 2 * self.hidden
        return self.layers * (qkv + output + feed_forward + norms) + self.hidden

    @property
    def parameters(self) -> int:
        """All parameters; a tied embedding counts once."""
        return self.body + self.embedding * (1 if self.tied else 2)

    def weight_bytes(self, precision: str, *, block_size: int = 0, scale_bits: int = 16) -> int:
        """Bytes of all weights in one precision.

        With a block_size, every block of weights carries one scale of scale_bits, as quantized
        formats do. Raises KeyError for a precision that is not in BITS.
        """
        bits = self.parameters * BITS[precision]
        if block_size:
            bits += self.parameters // block_size * scale_bits
        return bits // 8

    def kv_bytes_per_token(self, precision: str = "bf16") -> int:
        """Bytes that one token takes in the KV cache: 2 x layers x KV heads x head size x width."""
        return 2 * self.layers * self.kv_heads * self.head_size * BITS[precision] // 8
