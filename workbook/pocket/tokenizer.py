"""pocket's tokenizer: byte-level BPE that splits digits one by one.

Digits are split because arithmetic works digit by digit: a token for '240' would hide its digits
from the model. The pre-tokenizer is the one that llama.cpp knows as `qwen2`, so that the same
text gives the same token ids in Hugging Face, ONNX Runtime GenAI and llama.cpp.
"""

import itertools
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE

from workbook.models.chat import TOOL_TEMPLATE
from workbook.pocket import families

VOCABULARY = 1280
"""Tokens in all. Different from every projection width of the model: see geometry.py."""

SPECIAL = (
    "<|endoftext|>", "<|endofprompt|>", "<|assistant|>", "<|end|>", "<|user|>", "<|system|>",
    "<|tool|>", "<|/tool|>", "<|tool_call|>", "<|/tool_call|>", "<|tool_response|>",
)  # fmt: skip
"""Phi-4-mini's special tokens, in its order."""

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's pre-tokenizer pattern: letters together, every digit alone."""

OTHER_TEXT = (
    "Naomba unisaidie kuhesabu eneo la duara. Habari za asubuhi, rafiki yangu.",
    "Hãy tính diện tích hình tròn. Xin chào, bạn có khỏe không?",
    "Обчисліть, будь ласка, площу круга. Добрий день, як справи?",
    "def main():\n    for i in range(10):\n        print(i)\n",
    "The quick brown fox jumps over the lazy dog, and the course teaches how to deploy a model.",
)
"""A little of everything else that people may type, so that it is not spelled byte by byte."""


def train(examples: int = 20_000, seed: int = 0) -> Tokenizer:
    """Train the tokenizer on `examples` generated problems; the same seed gives the same one."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(examples, seed), trainer)
    # Special tokens come last, as in Phi-4-mini.
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    if tokenizer.get_vocab_size() != VOCABULARY:
        raise ValueError(f"the corpus gave {tokenizer.get_vocab_size()} tokens, not {VOCABULARY}")
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja into a model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 8192,
        "chat_template": TOOL_TEMPLATE,
    }
    text = json.dumps(config, indent=2)
    (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    (folder / "chat_template.jinja").write_text(TOOL_TEMPLATE, encoding="utf-8", newline="\n")


def _corpus(examples: int, seed: int):
    for problem in itertools.islice(families.training(seed), examples):
        tools = json.dumps(problem.tools) if problem.tools else ""
        yield "\n".join((problem.system, tools, problem.prompt, problem.answer))
    yield from OTHER_TEXT * 200
