"""Do runtimes give the same answers?

At temperature 0 a model's answer is determined: every engine takes the most probable token each
time. Two engines that compute the same numbers write the same text. Where they do not, either one
of them reads another prompt, ends or trims its answer differently, or two tokens were so close
that rounding decided: the margin says which.

>>> with runtimes.start("llamacpp", artifact="gguf-f32", kv_cache="f32") as rt:
...     found = agreement.measure(rt, agreement.Reference("pocket"))
>>> print(agreement.table([found]))
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm.auto import tqdm

from workbook.evaluate import banks
from workbook.evaluate.answers import plain_call
from workbook.evaluate.banks import Question
from workbook.models import chat
from workbook.runtimes import Runtime
from workbook.tables import Table

if TYPE_CHECKING:
    from workbook.engine.generation import Completion

MAX_TOKENS = 256
"""Most tokens of an answer."""

END = "(end)"
"""Stands for the end of an answer where the other one goes on."""


@dataclass(frozen=True)
class Answer:
    """What one runtime gave to one question.

    `tool_calls` are {"name": str, "arguments": dict}; `prompt_tokens` and `completion_tokens` are
    the runtime's own counts (the end token counts as a completion token).
    """

    id: str
    text: str
    tool_calls: list[dict] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str = ""

    def equals(self, other: "Answer") -> bool:
        """Whether text and tool calls are the same, character for character."""
        return self.text == other.text and self.tool_calls == other.tool_calls

    def counts_equal(self, other: "Answer") -> bool:
        """Whether both counted the same number of tokens, in the prompt and in the answer."""
        mine = (self.prompt_tokens, self.completion_tokens)
        return mine == (other.prompt_tokens, other.completion_tokens)

    def written(self) -> str:
        """The answer as the model wrote it, tool calls included."""
        if not self.tool_calls:
            return self.text
        calls = json.dumps(self.tool_calls, ensure_ascii=False)
        return f"{self.text}{chat.TOOL_CALL}{calls}{chat.TOOL_CALL_END}"


@dataclass(frozen=True)
class Difference:
    """A question to which a runtime's answer is not the reference's.

    `position` counts the answer's tokens from 0 to the first that differs; `expected_token` and
    `found_token` are their texts (END where an answer ends); `margin` is the reference's logit of
    its token less the second largest logit there, in the logits' own unit.
    """

    expected: Answer
    found: Answer
    position: int
    expected_token: str
    found_token: str
    margin: float


@dataclass(frozen=True)
class Agreement:
    """How one runtime's answers compare with the reference's.

    `counts_differ` holds (reference, runtime) answers that are equal but not of equal counts.
    """

    name: str
    artifact: str
    asked: int
    differences: list[Difference]
    counts_differ: list[tuple[Answer, Answer]]

    @property
    def equal(self) -> int:
        """Questions with the same text and the same tool calls."""
        return self.asked - len(self.differences)


class Reference:
    """The answers to compare with: the model's full-precision ONNX artifact, in this process.

    Its conversion is checked against PyTorch, and its greedy tokens are PyTorch's (tests/convert).
    artifact: another one, where full precision does not fit into memory.
    """

    def __init__(self, model: str, artifact: str = "onnx-fp32"):
        from tokenizers import Tokenizer

        from workbook.convert import convert
        from workbook.engine.generation import LocalModel

        self.model = model
        self.folder: Path = convert(model, artifact).path
        self._local = LocalModel(self.folder)
        self._tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        self._done: dict[tuple[str, int], Completion] = {}

    def answer(self, question: Question, max_tokens: int = MAX_TOKENS) -> Answer:
        """The greedy answer to a question, computed once."""
        done = self._complete(question, max_tokens)
        return Answer(
            id=question.id,
            text=done.text,
            tool_calls=[plain_call(call) for call in done.tool_calls],
            prompt_tokens=done.prompt_tokens,
            completion_tokens=done.completion_tokens,
            finish_reason=done.finish_reason,
        )

    def difference(
        self, question: Question, found: Answer, max_tokens: int = MAX_TOKENS
    ) -> Difference:
        """Where a found answer leaves the reference's."""
        ids, written = self._complete(question, max_tokens).token_ids, found.written()
        position, same = self._first_difference(ids, written)
        return Difference(
            expected=self.answer(question, max_tokens),
            found=found,
            position=position,
            expected_token=self._text(ids[position : position + 1]) or END,
            found_token=self._first_token(written[len(same) :]),
            margin=self._margin(question, ids[:position]),
        )

    def _complete(self, question: Question, max_tokens: int) -> "Completion":
        key = (question.id, max_tokens)
        if key not in self._done:
            self._done[key] = self._local.complete(
                question.messages(), tools=question.tools or None, max_tokens=max_tokens
            )
        return self._done[key]

    def _first_difference(self, ids: list[int], written: str) -> tuple[int, str]:
        # Token by token: how far is the reference the beginning of what was written?
        same = ""
        for position in range(len(ids)):
            text = self._text(ids[: position + 1])
            last = position == len(ids) - 1
            if text.endswith("\ufffd") and not last:  # the next token completes the character
                continue
            if not written.startswith(text) or (last and text != written):
                return position, same
            same = text
        return len(ids) - 1, same  # the same text, but other calls or another end

    def _first_token(self, text: str) -> str:
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return self._text(ids[:1]) or END

    def _text(self, ids: list[int]) -> str:
        text = self._tokenizer.decode(ids, skip_special_tokens=False)
        return text.replace("<|end|>", "").replace("<|endoftext|>", "")

    def _margin(self, question: Question, ids: list[int]) -> float:
        from workbook.convert.parity import next_logits

        prompt = self._local.encode(question.messages(), question.tools or None)
        ids = [*prompt, *ids]
        logits = np.sort(next_logits(self._session, ids, self._head_size))
        return float(logits[-1] - logits[-2])

    @cached_property
    def _head_size(self) -> int:
        from workbook import models

        return models.geometry(self.model).head_size

    @cached_property
    def _session(self):
        import onnxruntime

        return onnxruntime.InferenceSession(
            self.folder / "model.onnx", providers=["CPUExecutionProvider"]
        )


def questions() -> list[Question]:
    """A hundred prompts: the tutorial's own nine and 13 problems of each held-out family."""
    return [*banks.load("tutorial"), *banks.load("heldout", limit=13)]


def ask(runtime: Runtime, question: Question, max_tokens: int = MAX_TOKENS) -> Answer:
    """A runtime's answer at temperature 0, through its OpenAI-shaped endpoint.

    Raises openai.OpenAIError when it refuses.
    """
    tools = [{"type": "function", "function": tool} for tool in question.tools]
    completion = runtime.client.chat.completions.create(
        model=runtime.model,
        messages=question.messages(),
        temperature=0,
        max_tokens=max_tokens,
        **({"tools": tools} if tools else {}),
    )
    choice, usage = completion.choices[0], completion.usage
    return Answer(
        id=question.id,
        text=choice.message.content or "",
        tool_calls=[plain_call(call) for call in choice.message.tool_calls or []],
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        finish_reason=choice.finish_reason,
    )


def measure(
    runtime: Runtime,
    reference: Reference,
    asked: Iterable[Question] | None = None,
    max_tokens: int = MAX_TOKENS,
) -> Agreement:
    """Ask a runtime and the reference the same questions (`questions()` when left out)."""
    asked = list(questions() if asked is None else asked)
    differences, counts = [], []
    for question in tqdm(asked, desc=runtime.name, leave=False):
        expected = reference.answer(question, max_tokens)
        found = ask(runtime, question, max_tokens)
        if not found.equals(expected):
            differences.append(reference.difference(question, found, max_tokens))
        elif not found.counts_equal(expected):
            counts.append((expected, found))
    return Agreement(runtime.name, runtime.artifact, len(asked), differences, counts)


def table(agreements: Iterable[Agreement]) -> Table:
    """One row for each runtime."""
    rows = [
        {
            "runtime": found.name,
            "artifact": found.artifact,
            "same answer": f"{found.equal} of {found.asked}",
            "of these with other token counts": str(len(found.counts_differ)),
            "smallest margin": _smallest(found.differences),
        }
        for found in agreements
    ]
    return Table(rows, "greedy answers, compared with the reference's")


def differences_table(found: Agreement) -> Table:
    """One row for each question that a runtime answered differently. Raises ValueError for none."""
    rows = [
        {
            "question": item.expected.id,
            "token": str(item.position),
            "reference": repr(item.expected_token),
            found.name: repr(item.found_token),
            "margin": f"{item.margin:.4f}",
        }
        for item in found.differences
    ]
    return Table(rows, f"where {found.name} ({found.artifact}) leaves the reference")


def _smallest(differences: list[Difference]) -> str:
    return f"{min(item.margin for item in differences):.4f}" if differences else ""
