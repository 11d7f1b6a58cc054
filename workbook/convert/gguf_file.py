"""Write a GGUF file: shape, tokenizer, chat template and weights of a Phi-3 model.

The weights are read, rounded and written a few rows at a time, so that memory does not depend on
the model's size.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType

from workbook.convert.gguf import Recipe
from workbook.errors import CourseError
from workbook.models import Geometry, chat, shapes

PRE_TOKENIZERS = {
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+": "qwen2",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+": "gpt-4o",
}
"""The pattern that splits text before byte-pair encoding, as tokenizer.json writes it, and
llama.cpp's name for it. llama.cpp has the patterns built in: a GGUF file only names one."""

ROWS = 4096
"""Rows of a matrix that are in memory at once."""


def write(source: Path, file: Path, recipe: Recipe, *, name: str) -> None:
    """Write the GGUF file of a Hugging Face folder. Raises CourseError as `build` does."""
    config = _read_json(source / "config.json")
    if config.get("architectures") != ["Phi3ForCausalLM"]:
        raise CourseError(
            f"{source.name} is a {', '.join(config.get('architectures') or ['nameless model'])}: "
            f"the course writes GGUF for Phi3ForCausalLM only; use llama.cpp's own converter."
        )
    writer = GGUFWriter(path=file, arch=gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.PHI3])
    try:
        writer.add_name(name)
        writer.add_file_type(LlamaFileType[recipe.file_type])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        _add_shape(writer, config)
        _add_tokenizer(writer, source, config)
        tensors = list(_tensors(source, config, recipe))
        for tensor in tensors:
            shape, dtype, size = tensor.stored
            writer.add_tensor_info(tensor.name, shape, dtype, size, tensor.type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in tensors:
            writer.write_tensor_data(tensor)
    finally:
        writer.close()


# ---------------------------------------------------------------- shape


def _add_shape(writer: GGUFWriter, config: dict) -> None:
    heads = config["num_attention_heads"]
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_rope_freq_base(_rope(config).get("rope_theta", config.get("rope_theta", 10000.0)))
    writer.add_rope_dimension_count(_rotary_width(config))
    # 0 says that there is none: without this key llama.cpp guesses from the model's size.
    writer.add_sliding_window(config.get("sliding_window") or 0)
    if _long_rope(config):
        original = _original_context(config)
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(_attention_factor(config, original))


def _rope(config: dict) -> dict:
    return config.get("rope_parameters") or config.get("rope_scaling") or {}


def _rotary_width(config: dict) -> int:
    head_size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    factor = _rope(config).get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0))
    return int(head_size * factor)


def _long_rope(config: dict) -> bool:
    kind = _rope(config).get("rope_type") or _rope(config).get("type") or "default"
    if kind not in ("default", "longrope", "su"):
        raise CourseError(
            f"The rotary scaling {kind!r} is not LongRoPE: the course writes GGUF for models "
            f"with LongRoPE or with none; use llama.cpp's own converter."
        )
    return kind != "default"


def _original_context(config: dict) -> int:
    rope = _rope(config)
    found = rope.get("original_max_position_embeddings")
    return found or config["original_max_position_embeddings"]


def _attention_factor(config: dict, original: int) -> float:
    """LongRoPE's factor on queries and keys: sqrt(1 + ln(scale) / ln(original context)), scale
    being the whole context over the original one (arXiv 2402.13753 and transformers'
    modeling_rope_utils)."""
    given = _rope(config).get("attention_factor")
    if given is not None:
        return given
    scale = config["max_position_embeddings"] / original
    return math.sqrt(1 + math.log(scale) / math.log(original)) if scale > 1 else 1.0


# ---------------------------------------------------------------- tokenizer


def _add_tokenizer(writer: GGUFWriter, source: Path, config: dict) -> None:
    tokenizer = _read_json(source / "tokenizer.json")
    tokens, types = _vocabulary(tokenizer, config["vocab_size"])
    writer.add_tokenizer_model("gpt2")  # llama.cpp's name for byte-level BPE
    writer.add_tokenizer_pre(_pre_tokenizer(tokenizer))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    merges = tokenizer["model"]["merges"]
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    for key in ("bos", "eos", "pad"):
        id = config.get(f"{key}_token_id")
        if id is not None:
            getattr(writer, f"add_{key}_token_id")(id[0] if isinstance(id, list) else id)
    if "<|end|>" in tokens:  # ends an answer; eos ends a text
        writer.add_eot_token_id(tokens.index("<|end|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(chat.TOOL_TEMPLATE)


def _vocabulary(tokenizer: dict, size: int) -> tuple[list[str], list[TokenType]]:
    """Token texts and types by id. A control token is found in a text only where the caller
    allows it; one that is user-defined is found everywhere."""
    if tokenizer["model"]["type"] != "BPE":
        raise CourseError(
            f"The tokenizer is a {tokenizer['model']['type']}, not byte-level BPE: use llama.cpp's "
            f"own converter."
        )
    tokens = [f"[PAD{id}]" for id in range(size)]  # rows of the embedding without a token
    types = [TokenType.UNUSED] * size
    for text, id in tokenizer["model"]["vocab"].items():
        tokens[id], types[id] = text, TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        special = added["special"]
        tokens[added["id"]] = added["content"]
        types[added["id"]] = TokenType.CONTROL if special else TokenType.USER_DEFINED
    return tokens, types


def _pre_tokenizer(tokenizer: dict) -> str:
    split = tokenizer["pre_tokenizer"] or {}
    steps = split.get("pretokenizers", [split])
    patterns = [step["pattern"].get("Regex", "") for step in steps if "pattern" in step]
    if tokenizer.get("normalizer") or len(patterns) != 1 or patterns[0] not in PRE_TOKENIZERS:
        raise CourseError(
            f"llama.cpp's name for this tokenizer is not known (it splits text by {patterns}): "
            f"add it to PRE_TOKENIZERS, or use llama.cpp's own converter."
        )
    return PRE_TOKENIZERS[patterns[0]]


# ---------------------------------------------------------------- weights


@dataclass(frozen=True)
class _Tensor:
    """A tensor that is read when it is written. GGUFWriter asks for `nbytes` and `tofile`, as it
    does of its own lazy arrays."""

    name: str
    type: GGMLQuantizationType
    file: Path
    key: str
    shape: tuple[int, ...]

    @property
    def stored(self) -> tuple[tuple[int, ...], np.dtype, int]:
        """Shape and dtype of the stored array, and its size in bytes."""
        if self.type == GGMLQuantizationType.F32:
            shape, dtype = self.shape, np.dtype(np.float32)
        elif self.type == GGMLQuantizationType.F16:
            shape, dtype = self.shape, np.dtype(np.float16)
        else:
            shape = gguf.quant_shape_to_byte_shape(self.shape, self.type)
            dtype = np.dtype(np.uint8)
        return shape, dtype, math.prod(shape) * dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.stored[2]

    def tofile(self, out: BinaryIO) -> None:
        for rows in _rows(self.file, self.key, self.shape):
            gguf.quants.quantize(rows, self.type).tofile(out)


@dataclass(frozen=True)
class _Drawn(_Tensor):
    """A tensor of a shape: random numbers, drawn when they are written."""

    def tofile(self, out: BinaryIO) -> None:
        drawn = shapes.draw(self.key, self.shape)
        for start in range(0, self.shape[0], ROWS):
            gguf.quants.quantize(drawn[start : start + ROWS], self.type).tofile(out)


@dataclass(frozen=True)
class _Factors:
    """LongRoPE's factors: one for each pair of rotary dimensions."""

    name: str
    values: tuple[float, ...]
    type: GGMLQuantizationType = GGMLQuantizationType.F32

    @property
    def stored(self) -> tuple[tuple[int, ...], np.dtype, int]:
        return (len(self.values),), np.dtype(np.float32), self.nbytes

    @property
    def nbytes(self) -> int:
        return 4 * len(self.values)

    def tofile(self, out: BinaryIO) -> None:
        np.array(self.values, dtype=np.float32).tofile(out)


def _tensors(source: Path, config: dict, recipe: Recipe) -> Iterator[_Tensor | _Factors]:
    if _long_rope(config):
        yield from _rope_factors(config)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.PHI3, config["num_hidden_layers"])
    tied = config.get("tie_word_embeddings", False)
    files = sorted(source.glob("*.safetensors"))
    kind, found = _Tensor, [(file, *one) for file in files for one in _shapes(file).items()]
    if not files:
        geometry = Geometry.from_folder(source)
        kind, found = _Drawn, [(source, *one) for one in shapes.tensors(geometry)]
    for file, key, shape in found:
        name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise CourseError(f"{file.name} holds {key}, which has no place in a Phi-3 GGUF.")
        if tied and name.startswith("output."):  # a copy of the embedding
            continue
        yield kind(name, _type(name, shape, recipe, tied), file, key, shape)


def _type(name: str, shape: tuple[int, ...], recipe: Recipe, tied: bool) -> GGMLQuantizationType:
    if len(shape) < 2:
        return GGMLQuantizationType.F32
    logits = name == "output.weight" or (tied and name == "token_embd.weight")
    return GGMLQuantizationType[recipe.output if logits else recipe.matrices]


def _rope_factors(config: dict) -> Iterator[_Factors]:
    pairs = _rotary_width(config) // 2
    for which in ("long", "short"):
        factors = _rope(config)[f"{which}_factor"]
        if len(factors) != pairs:
            raise CourseError(
                f"The model has {len(factors)} {which} rotary factors and {pairs} rotary pairs: "
                f"its config.json contradicts itself."
            )
        yield _Factors(f"rope_factors_{which}.weight", tuple(factors))


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import safe_open

    with _opened(safe_open, file) as tensors:
        return {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118


def _rows(file: Path, key: str, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """A tensor as float32, a few rows at a time."""
    import ml_dtypes  # noqa: F401  (teaches numpy bf16, and with it safetensors)
    from safetensors import safe_open

    with _opened(safe_open, file) as tensors:
        rows = tensors.get_slice(key)
        for start in range(0, shape[0], ROWS):
            yield rows[start : min(start + ROWS, shape[0])].astype(np.float32)


def _opened(safe_open, file: Path):
    from safetensors import SafetensorError

    try:
        return safe_open(file, framework="numpy")
    except SafetensorError as error:
        raise CourseError(f"{file} is not a safetensors file ({error}): get it again.") from None


def _read_json(file: Path) -> dict:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(f"{file} cannot be read ({error}): get the model again.") from None
