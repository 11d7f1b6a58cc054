"""Does a converted model compute the same as the original?

A conversion can go wrong without an error: ONNX Runtime GenAI's model builder wires the wrong
matrix to the language-model head when a projection happens to be as wide as the vocabulary, and
the model then talks nonsense. Comparing logits with PyTorch's finds that and everything like it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbook.convert import llama
from workbook.errors import CourseError
from workbook.models import Geometry, chat

PROMPTS = (
    "A train travels 240 km in 3 hours. If it increases its speed by 20 km/h, how long would the "
    "same journey take?",
    "All cats are mammals. Some mammals are carnivores. Can we conclude that some cats are "
    "carnivores?",
    "Write a Python function to calculate the factorial of a number using recursion.",
    "What is a KV cache?",
)
"""Texts whose logits are compared, at every position."""

ABSOLUTE_LIMIT = 1e-3
"""Largest difference of any logit that full precision may show."""

EXACT = ("onnx-fp32", "gguf-f32")
"""The artifacts of full precision."""

RELATIVE_LIMITS = {
    "onnx-fp32": 1e-3,
    "onnx-int8": 0.25,
    "onnx-int4": 1.0,
    "gguf-f32": 1e-3,
    "gguf-bf16": 0.1,
    "gguf-f16": 0.1,
    "gguf-q8_0": 0.25,
    "gguf-q6_k": 0.25,
    "gguf-q5_1": 0.5,
    "gguf-q5_k_m": 0.5,
    "gguf-q4_0": 1.0,
    "gguf-q4_k_m": 1.0,
}
"""Largest root-mean-square difference, relative to the spread of the original's logits. Rounding
weights costs a part of it; a miswired graph exceeds 1, because unrelated logits differ by more
than they spread."""


@dataclass(frozen=True)
class Parity:
    """How far an artifact's logits are from PyTorch's.

    `largest`: the largest absolute difference of a logit; `relative`: root-mean-square difference
    over the standard deviation of the original's logits; `agreement`: share of positions at which
    both rank the same token first.
    """

    largest: float
    relative: float
    agreement: float


def compare(reference: np.ndarray, candidate: np.ndarray, *, spread: float | None = None) -> Parity:
    """Compare logits of shape [positions, vocabulary].

    spread: the standard deviation that the difference is relative to; the reference's own when
    left out. Raises ValueError when the shapes differ.
    """
    if reference.shape != candidate.shape:
        raise ValueError(f"logits of shapes {reference.shape} and {candidate.shape} do not compare")
    difference = candidate.astype(np.float64) - reference
    spread = reference.std() if spread is None else spread
    return Parity(
        largest=float(np.abs(difference).max()),
        relative=float(np.sqrt((difference**2).mean()) / spread),
        agreement=float((reference.argmax(-1) == candidate.argmax(-1)).mean()),
    )


def check(parity: Parity, name: str) -> None:
    """Raise CourseError when an artifact is further off than its precision explains."""
    if name in EXACT and not parity.largest <= ABSOLUTE_LIMIT:
        raise CourseError(
            f"The conversion to {name} is wrong: a logit differs from PyTorch's by "
            f"{parity.largest:.3g}, the limit is {ABSOLUTE_LIMIT:g}; nothing was kept."
        )
    limit = RELATIVE_LIMITS[name]
    if not parity.relative <= limit:
        raise CourseError(
            f"The conversion to {name} is wrong: its logits differ from PyTorch's by "
            f"{parity.relative:.2f} of their spread, the limit is {limit:g}; nothing was kept."
        )


def reference_logits(
    folder: Path, prompts: tuple[str, ...] = PROMPTS, *, exact: bool = True
) -> list[np.ndarray]:
    """PyTorch's logits for each prompt: float32 arrays of shape [positions, vocabulary].

    exact: compute in fp32 whatever the size; otherwise a model over 1 GB is computed in bf16.
    """
    import torch

    from workbook.convert.mapped import Mapped

    # bf16's own rounding is larger than the limit of full precision, but it is far below what
    # quantization changes, and a large model is computed twice as fast in it.
    size = sum(f.stat().st_size for f in folder.glob("*.safetensors"))
    dtype = torch.float32 if exact or size < 1e9 else torch.bfloat16
    model = Mapped(folder).forward(dtype)
    with torch.inference_mode():
        return [
            model(torch.tensor([ids])).logits[0].float().numpy()
            for ids in _token_ids(folder, prompts)
        ]


def artifact_logits(
    artifact: Path, folder: Path, prompts: tuple[str, ...] = PROMPTS
) -> list[np.ndarray]:
    """The artifact's logits for each prompt, in the same shapes.

    One run of the graph is one forward pass: it wants the token ids, a mask and an (empty) KV
    cache, and gives logits, not text.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(
        artifact / "model.onnx", providers=["CPUExecutionProvider"]
    )
    size = Geometry.from_folder(folder).head_size
    return [_forward(session, ids, size) for ids in _token_ids(folder, prompts)]


def measure(artifact: Path, folder: Path, *, exact: bool = True) -> Parity:
    """Compare an artifact (ONNX or GGUF) with the Hugging Face folder that it was made from."""
    reference = np.concatenate(reference_logits(folder, exact=exact))
    if (artifact / "model.gguf").exists():
        return _compare_gguf(reference, artifact / "model.gguf", folder)
    return compare(reference, np.concatenate(artifact_logits(artifact, folder)))


def _compare_gguf(reference: np.ndarray, file: Path, folder: Path) -> Parity:
    parts = llama.log_probabilities(file, _token_ids(folder, PROMPTS))
    tokens, found = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    # llama.cpp tells probabilities: their logarithms are the logits less one number a position.
    expected = reference - np.logaddexp.reduce(reference.astype(np.float64), axis=-1)[:, None]
    compared = compare(
        np.take_along_axis(expected, tokens, -1).astype(np.float32),
        found,
        spread=float(reference.std()),
    )
    # The most probable of all tokens, not of those that llama.cpp named.
    agreement = float((reference.argmax(-1) == tokens[:, 0]).mean())
    return Parity(compared.largest, compared.relative, agreement)


def _token_ids(folder: Path, prompts: tuple[str, ...]) -> list[list[int]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = (chat.render([{"role": "user", "content": prompt}]) for prompt in prompts)
    return [tokenizer.encode(text).ids for text in texts]


def next_logits(session, ids: list[int], head_size: int) -> np.ndarray:
    """The logits of what comes after `ids`: float32, shape [vocabulary].

    session: an ONNX artifact's onnxruntime.InferenceSession; head_size: the model's.
    """
    return _forward(session, ids, head_size)[-1]


def _forward(session, ids: list[int], head_size: int) -> np.ndarray:
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    feeds = {}
    for node in session.get_inputs():
        if node.name == "input_ids":
            feeds[node.name] = np.array([ids], dtype=np.int64)
        elif node.name == "attention_mask":
            feeds[node.name] = np.ones((1, len(ids)), dtype=np.int64)
        elif node.name == "position_ids":
            feeds[node.name] = np.arange(len(ids), dtype=np.int64)[None]
        else:  # past_key_values.N.key and .value: batch 1, no tokens yet
            heads = node.shape[1]
            feeds[node.name] = np.zeros((1, heads, 0, head_size), dtype=types[node.type])
    return session.run(["logits"], feeds)[0][0].astype(np.float32)
