"""GGUF files: the shape, the tokenizer and the template of the original, and its numbers."""

import json
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conversations import conversations
from gguf import GGUFReader, TokenType

from workbook import convert, models, runtimes
from workbook.convert import converter
from workbook.convert import gguf as recipes
from workbook.errors import CourseError
from workbook.models import chat

OWN = [name for name, recipe in recipes.RECIPES.items() if not recipe.program]
K_QUANTS = [name for name, recipe in recipes.RECIPES.items() if recipe.program]
COPIED = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")


@pytest.fixture(scope="module")
def f16() -> convert.Artifact:
    return convert.convert("pocket", "gguf-f16")


@pytest.fixture(scope="module")
def reader(f16) -> GGUFReader:
    return GGUFReader(f16.path / "model.gguf")


@pytest.fixture(scope="module")
def server(f16):
    with runtimes.start("llamacpp", place="embedded", artifact="gguf-f16") as runtime:
        yield runtime


@pytest.fixture(scope="module")
def original():
    """transformers' tokenizer."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(models.folder("pocket"))


@pytest.fixture(scope="module")
def genai():
    """GenAI's tokenizer."""
    import onnxruntime_genai as og

    return og.Tokenizer(og.Model(str(convert.convert("pocket", "onnx-int4").path)))


@pytest.fixture
def other(tmp_path):
    """Writes a folder like pocket's with another config or tokenizer."""

    def write(config: dict | None = None, tokenizer: dict | None = None):
        source = tmp_path / "other"
        shutil.copytree(models.folder("pocket"), source, dirs_exist_ok=True)
        for name, change in (("config.json", config), ("tokenizer.json", tokenizer)):
            file = source / name
            file.write_text(json.dumps(json.loads(file.read_text()) | (change or {})))
        return source

    return write


def value(reader: GGUFReader, key: str):
    return reader.fields[key].contents()


# ---------------------------------------------------------------- artifacts


@pytest.mark.parametrize("name", OWN)
def test_every_artifact_passes_the_check_and_says_what_it_is(name):
    made = convert.convert("pocket", name)
    assert (made.name, made.model) == (name, "pocket")
    assert sorted(f.name for f in made.path.iterdir()) == ["artifact.json", "model.gguf"]
    assert made.bytes == (made.path / "model.gguf").stat().st_size
    bits = recipes.BITS[recipes.RECIPES[name].matrices]
    assert made.bytes >= models.geometry("pocket").parameters * bits / 8


def test_less_precision_is_smaller_and_further_off():
    made = [convert.convert("pocket", f"gguf-{name}") for name in ("f16", "q8_0", "q5_1", "q4_0")]
    assert [a.bytes for a in made] == sorted((a.bytes for a in made), reverse=True)
    assert [a.difference for a in made] == sorted(a.difference for a in made)
    assert made[0].difference < 1e-3 < made[-1].difference < 0.3


def test_full_precision_is_exact_and_every_top_token_the_same():
    made = convert.convert("pocket", "gguf-f32")
    assert made.difference < 1e-5
    assert made.agreement == 1


def test_the_writer_and_the_template_are_part_of_the_key(monkeypatch):
    before = converter._key(models.folder("pocket"), "gguf-f16", 4096)
    changed = recipes.Recipe("F16", "F16", "MOSTLY_F16", writer="another")
    monkeypatch.setitem(converter.RECIPES, "gguf-f16", changed)
    assert converter._key(models.folder("pocket"), "gguf-f16", 4096) != before


@pytest.mark.slow
def test_a_wrong_file_is_not_kept(monkeypatch, tmp_path):
    """Fewer dimensions rotated: llama.cpp loads the file, the check does not let it pass."""
    from workbook.convert import gguf_file

    monkeypatch.setattr("workbook.paths.ARTIFACTS", tmp_path)
    monkeypatch.setattr(gguf_file, "_rotary_width", lambda _: 32)
    factors = [
        gguf_file._Factors(f"rope_factors_{which}.weight", (1.0,) * 16)
        for which in ("long", "short")
    ]
    monkeypatch.setattr(gguf_file, "_rope_factors", lambda _: factors)
    with pytest.raises(CourseError, match="gguf-f16 is wrong: its logits differ"):
        convert.convert("pocket", "gguf-f16")
    assert [p for p in (tmp_path / "pocket").iterdir() if p.is_dir()] == []


# ---------------------------------------------------------------- what is in the file


def test_the_shape_is_the_config_s(reader):
    config = json.loads((models.folder("pocket") / "config.json").read_text())
    assert value(reader, "general.architecture") == "phi3"
    assert value(reader, "phi3.context_length") == config["max_position_embeddings"]
    assert value(reader, "phi3.rope.dimension_count") == 48  # 64 x 0.75
    assert value(reader, "phi3.rope.scaling.original_context_length") == 4096
    assert value(reader, "phi3.rope.scaling.attn_factor") == pytest.approx(
        math.sqrt(1 + math.log(2) / math.log(4096))
    )
    assert value(reader, "phi3.attention.sliding_window") == 0
    assert value(reader, "phi3.attention.head_count_kv") == 1


def test_transformers_has_the_same_attention_factor():
    from transformers import AutoConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    from workbook.convert import gguf_file

    config = AutoConfig.from_pretrained(models.folder("pocket"))
    _, expected = ROPE_INIT_FUNCTIONS["longrope"](config, "cpu", seq_len=100)
    raw = json.loads((models.folder("pocket") / "config.json").read_text())
    assert gguf_file._attention_factor(raw, 4096) == pytest.approx(expected)


def test_the_weights_are_there_and_embeddings_only_once(reader):
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    assert "output.weight" not in tensors
    assert tensors["rope_factors_long.weight"].data[-1] == 2.0
    assert tensors["rope_factors_short.weight"].tensor_type.name == "F32"
    assert {t.tensor_type.name for t in reader.tensors if len(t.shape) == 1} == {"F32"}
    from safetensors.torch import load_file

    original = load_file(models.folder("pocket") / "model.safetensors")
    found = tensors["blk.2.ffn_down.weight"].data
    expected = original["model.layers.2.mlp.down_proj.weight"].float().numpy()
    # bf16 has fewer digits than f16 but a wider range: only very small weights are rounded.
    assert np.array_equal(np.where(np.abs(expected) < 2**-14, 0, found), np.where(
        np.abs(expected) < 2**-14, 0, expected))  # fmt: skip
    assert np.abs(found - expected).max() <= 2**-25
    assert len(tensors) == len(original) + 2


def test_small_types_keep_the_embedding_in_eight_bits():
    made = convert.convert("pocket", "gguf-q4_0")
    types = {t.name: t.tensor_type.name for t in GGUFReader(made.path / "model.gguf").tensors}
    assert types["token_embd.weight"] == "Q8_0"
    assert types["blk.0.attn_qkv.weight"] == types["blk.5.ffn_up.weight"] == "Q4_0"
    assert types["blk.0.attn_norm.weight"] == "F32"


def test_special_tokens_are_control_tokens(reader):
    types = value(reader, "tokenizer.ggml.token_type")
    tokens = value(reader, "tokenizer.ggml.tokens")
    control = {t for t, type in zip(tokens, types, strict=True) if type == TokenType.CONTROL}
    added = json.loads((models.folder("pocket") / "tokenizer.json").read_text())["added_tokens"]
    assert control == {token["content"] for token in added}
    assert tokens[value(reader, "tokenizer.ggml.eot_token_id")] == "<|end|>"
    assert tokens[value(reader, "tokenizer.ggml.eos_token_id")] == "<|endoftext|>"
    assert value(reader, "tokenizer.ggml.pre") == "qwen2"
    assert value(reader, "tokenizer.chat_template") == chat.TOOL_TEMPLATE


def test_a_vocabulary_with_holes_is_filled_with_unused_tokens():
    from workbook.convert import gguf_file

    tokenizer = {
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 2}},
        "added_tokens": [
            {"id": 3, "content": "<|end|>", "special": True},
            {"id": 4, "content": "<|tool|>", "special": False},
        ],
    }
    tokens, types = gguf_file._vocabulary(tokenizer, 6)
    assert tokens == ["a", "[PAD1]", "b", "<|end|>", "<|tool|>", "[PAD5]"]
    assert types == [
        TokenType.NORMAL,
        TokenType.UNUSED,
        TokenType.NORMAL,
        TokenType.CONTROL,
        TokenType.USER_DEFINED,
        TokenType.UNUSED,
    ]


# ---------------------------------------------------------------- models that it cannot write


@pytest.mark.parametrize(
    "config, tokenizer, message",
    [
        ({"architectures": ["LlamaForCausalLM"]}, {}, "is a LlamaForCausalLM"),
        ({"rope_scaling": {"type": "yarn"}}, {}, "'yarn' is not LongRoPE"),
        ({"partial_rotary_factor": 1.0}, {}, "24 long rotary factors and 32 rotary pairs"),
        ({}, {"pre_tokenizer": {"type": "Whitespace"}}, "name for this tokenizer is not known"),
        ({}, {"model": {"type": "Unigram", "vocab": []}}, "is a Unigram, not byte-level BPE"),
    ],
)
def test_what_it_cannot_write_is_said_in_one_sentence(other, tmp_path, config, tokenizer, message):
    from workbook.convert.gguf_file import write

    with pytest.raises(CourseError, match=message):
        write(other(config, tokenizer), tmp_path / "x.gguf", recipes.RECIPES["gguf-f16"], name="x")


def test_damaged_weights_are_said_in_one_sentence(other, tmp_path, monkeypatch):
    monkeypatch.setattr("workbook.paths.ARTIFACTS", tmp_path / "artifacts")
    source = other()
    (source / "model.safetensors").write_bytes(b"not a safetensors file")
    with pytest.raises(CourseError, match="is not a safetensors file"):
        convert.convert("pocket", "gguf-f16", folder=source)
    left = [p for p in (tmp_path / "artifacts" / "pocket").iterdir() if p.is_dir()]
    assert left == []


def test_untied_embeddings_and_phi4_minis_names_are_written(other, tmp_path):
    """A second matrix for the output, shards, the newer config keys, the gpt-4o pre-tokenizer."""
    import torch
    from safetensors.torch import load_file, save_file

    from workbook.convert.gguf_file import PRE_TOKENIZERS, write

    raw = json.loads((models.folder("pocket") / "config.json").read_text())
    rope = {"rope_theta": 10000.0, "partial_rotary_factor": 0.75, "rope_type": "longrope"}
    rope |= {f"{w}_factor": raw["rope_scaling"][f"{w}_factor"] for w in ("long", "short")}
    rope |= {"original_max_position_embeddings": 4096}
    pattern = next(p for p, name in PRE_TOKENIZERS.items() if name == "gpt-4o")
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
    source = other(
        {"tie_word_embeddings": False, "rope_parameters": rope, "sliding_window": 262144},
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, {"type": "ByteLevel"}]}},
    )
    weights = load_file(source / "model.safetensors")
    weights["lm_head.weight"] = torch.randn(1280, 192).bfloat16()
    (source / "model.safetensors").unlink()
    names = sorted(weights)
    for number, part in enumerate((names[:20], names[20:]), start=1):
        save_file({n: weights[n] for n in part}, source / f"model-{number:05}-of-00002.safetensors")
    write(source, tmp_path / "x.gguf", recipes.RECIPES["gguf-q4_0"], name="x")
    reader = GGUFReader(tmp_path / "x.gguf")
    types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert (types["output.weight"], types["token_embd.weight"]) == ("Q8_0", "Q4_0")
    assert value(reader, "tokenizer.ggml.pre") == "gpt-4o"
    assert value(reader, "phi3.attention.sliding_window") == 262144
    assert value(reader, "phi3.rope.dimension_count") == 48


# ---------------------------------------------------------------- K-quants


@pytest.mark.skipif(shutil.which("llama-quantize") is not None, reason="the program is here")
@pytest.mark.parametrize("name", K_QUANTS)
def test_a_k_quant_without_the_program_is_one_sentence(name):
    with pytest.raises(CourseError, match=f"{name} is made by .*llama-quantize, which is not on"):
        convert.convert("pocket", name)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("llama-quantize") is None, reason="no llama-quantize on the path")
@pytest.mark.parametrize("name", K_QUANTS)
def test_a_k_quant_is_made_and_checked(name, monkeypatch, tmp_path):
    monkeypatch.setattr("workbook.paths.ARTIFACTS", tmp_path)
    made = convert.convert("pocket", name)
    assert made.difference < 0.3
    assert sorted(f.name for f in made.path.iterdir()) == ["artifact.json", "model.gguf"]


# ---------------------------------------------------------------- the same tokens everywhere


PIECES = (
    "",
    " ",
    "\n",
    "\r\n",
    "\t",
    "123456789",
    "3.14159",
    "1,000,000.50",
    "0x1F",
    "١٢٣",
    "½ ²³ ⅻ",
    "don't can't WE'RE I'LL it's 'S",
    "def f(n):\n    return n * f(n - 1)\n",
    'a[i] += "x\\n";',
    '<b class="x">&nbsp;</b>',
    '{"a": [1, 2.5, null]}',
    "/usr/bin $HOME https://example.org/?q=1",
    "Habari ya asubuhi, treni inasafiri kilomita 240 kwa saa 3.",
    "Tiếng Việt có dấu: ăâđêôơư",
    "Một đoàn tàu đi 240 km trong 3 giờ.",
    "Поїзд їде 240 км; ґанок, щастя",
    "你好，世界！数字１２３",
    "日本語",
    "한국어",
    "العربية 123",
    "हिन्दी",
    "ภาษาไทย",
    "😀 👨‍👩‍👧‍👦 🏳️‍🌈",
    "e\u0301 é",
    "\u200b\ufeff",
    "\u00a0nbsp\u2003em",
    "\x1b[31mred\x7f",
    "𝔘𝔫𝔦 𝟙𝟚𝟛",
    "a\u0300\u0301",
    "  lead",
    "trail   ",
    "a\n\n\nb",
    "!!!???...",
    "((()))[[]]",
    "CamelCase snake_case",
    "ß ẞ ŉ ǆ ﬁ ſ",
    "…–—“”‘’",
    "$1.00 €5 ₹7",
    "√2≈1.414",
    "<|end|>",
    "<|user|>hi<|end|><|assistant|>",
    "<|tool_call|>[]<|/tool_call|>",
    "<|nothing|>",
    "<|end",
    "|end|>",
    "<|END|>",
    "\U0010ffff\ud7ff\ue000",
)


def texts() -> list[str]:
    """Five hundred texts: the pieces, questions of the banks, pieces put together at random."""
    import random

    from workbook.evaluate import banks

    draw = random.Random(0)
    made = [*PIECES, *(q.prompt for q in banks.load("heldout", limit=25))]
    letters = "abc XYZ019'.,!?\n\t<|>éїĐ😀\u0301１½世"
    while len(made) < 500:
        count = draw.randint(1, 8)
        made.append(draw.choice(["", " ", "\n"]).join(draw.choices(PIECES, k=count)))
        made.append("".join(draw.choices(letters, k=draw.randint(1, 30))))
    return made[:500]


@pytest.mark.slow
def test_hugging_face_genai_and_llamacpp_give_the_same_tokens(server, original, genai):
    import httpx

    with httpx.Client(base_url=server.root_url) as client:
        for text in texts():
            ids = original(text, add_special_tokens=False)["input_ids"]
            body = {"content": text, "parse_special": True}
            assert client.post("/tokenize", json=body).json()["tokens"] == ids, text
            back = client.post("/detokenize", json={"tokens": ids}).json()["content"]
            assert back == text
            assert list(map(int, genai.encode(text))) == ids, text


def test_only_genai_cuts_a_text_at_a_nul_character(server, original, genai):
    import httpx

    ids = original("a\0b", add_special_tokens=False)["input_ids"]
    answer = httpx.post(f"{server.root_url}/tokenize", json={"content": "a\0b"})
    assert answer.json()["tokens"] == ids
    assert list(map(int, genai.encode("a\0b"))) == ids[:1]


# ---------------------------------------------------------------- the same prompts everywhere


def rendered_by_llamacpp(server, messages, tools) -> str:
    import httpx

    body = {"messages": messages} | ({"tools": tools} if tools else {})
    return httpx.post(f"{server.root_url}/apply-template", json=body).json()["prompt"]


def test_there_are_thirty_conversations():
    assert len(conversations()) == 30


@pytest.mark.parametrize("number", range(30))
def test_templates_render_the_same_prompt(server, original, genai, number):
    messages, tools = conversations()[number]
    expected = chat.render(messages, tools)
    assert expected == original.apply_chat_template(
        messages, tools=tools, tokenize=False, add_generation_prompt=True
    )
    # GenAI rewrites a tool in OpenAI's wrapper (it shortens the schema): it gets the bare function.
    bare = [tool["function"] for tool in tools] if tools else None
    assert expected == genai.apply_chat_template(
        json.dumps(messages, ensure_ascii=False),
        tools=json.dumps(bare, ensure_ascii=False) if bare else None,
        add_generation_prompt=True,
    )
    assert rendered_by_llamacpp(server, messages, tools) == as_llamacpp(expected)


def as_llamacpp(prompt: str) -> str:
    """The two things that llama.cpp changes in what it is given, before any template sees it: a
    tool without a description gets an empty one, and numbers in earlier calls are written anew."""
    prompt = prompt.replace('{"name": "now", "param', '{"name": "now", "description": "", "param')
    return prompt.replace('"arguments": {"value": 3.0}', '"arguments": {"value": 3}')


# ---------------------------------------------------------------- memory


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_a_large_model_is_written_in_little_memory(tmp_path):
    """Weights of 1.5 GB, written by a process that may not have more than 1 GB of its own."""
    code = """
import resource, sys
from pathlib import Path
from workbook.convert import gguf as recipes
from workbook.convert.gguf_file import write
resource.setrlimit(resource.RLIMIT_DATA, (10**9, 10**9))
write(Path(sys.argv[1]), Path(sys.argv[2]), recipes.RECIPES["gguf-q8_0"], name="big")
"""
    source, file = big_model(tmp_path / "big"), tmp_path / "big.gguf"
    size = (source / "model.safetensors").stat().st_size
    assert size > 1.5e9
    subprocess.run([sys.executable, "-c", code, str(source), str(file)], check=True)
    assert 0.5 < file.stat().st_size / size < 0.6


def big_model(folder):
    """pocket's tokenizer under a wider body; the weights are zeros, written sparsely."""
    import struct

    folder.mkdir()
    for name in COPIED:
        shutil.copy(models.folder("pocket") / name, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_size": 3072, "num_attention_heads": 48, "intermediate_size": 8192}
    config |= {"num_hidden_layers": 6, "vocab_size": 100_000}
    (folder / "config.json").write_text(json.dumps(config))
    shapes = {"model.embed_tokens.weight": (100_000, 3072), "model.norm.weight": (3072,)}
    for layer in range(6):
        prefix = f"model.layers.{layer}."
        shapes |= {prefix + "mlp.gate_up_proj.weight": (16384, 3072)}
        shapes |= {prefix + "mlp.down_proj.weight": (3072, 8192)}
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + offset)
    return folder
