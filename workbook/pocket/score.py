"""Score pocket: greedy answers of the bundled weights to the question banks, in PyTorch."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer
from tqdm import tqdm
from transformers import AutoModelForCausalLM

from workbook import evaluate, models, paths
from workbook.evaluate import Question, Result
from workbook.models import chat

SCORES = paths.MODELS / "pocket" / "card" / "scores.json"
MAX_NEW_TOKENS = 320
BATCH = 40


@dataclass(frozen=True)
class Reply:
    """A greedy answer: its text and the tool calls in it."""

    text: str
    tool_calls: list[dict]


class Scorer:
    """A Hugging Face folder in PyTorch at full precision (fp32), answering greedily in batches."""

    def __init__(self, folder: Path) -> None:
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        config = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        self.end = set(config["eos_token_id"])
        self.pad = config["pad_token_id"]

    @torch.inference_mode()
    def token_ids(
        self, prompts: list[str], max_new_tokens: int = MAX_NEW_TOKENS
    ) -> list[list[int]]:
        """New token ids for each rendered prompt, without the end token."""
        encoded = [self.tokenizer.encode(p).ids for p in prompts]
        length = max(map(len, encoded))
        ids = torch.tensor([[self.pad] * (length - len(e)) + e for e in encoded])
        mask = torch.tensor([[0] * (length - len(e)) + [1] * len(e) for e in encoded])
        out = self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            do_sample=False,
            max_new_tokens=max_new_tokens,
            eos_token_id=sorted(self.end),
            pad_token_id=self.pad,
        )
        return [self._until_end(row.tolist()) for row in out[:, length:]]

    def replies(self, questions: list[Question]) -> list[Reply]:
        """Answers to questions, in their order."""
        prompts = [chat.render(q.messages(), q.tools) for q in questions]
        return [self._reply(ids) for ids in self.token_ids(prompts)]

    def _until_end(self, ids: list[int]) -> list[int]:
        return next((ids[:i] for i, t in enumerate(ids) if t in self.end), ids)

    def _reply(self, ids: list[int]) -> Reply:
        raw = self.tokenizer.decode(ids, skip_special_tokens=False)
        text, calls = chat.split_tool_calls(raw)
        return Reply(text, calls)


def score(limit: int | None = None) -> list[Result]:
    """Results for the tutorial's prompts and the held-out bank (at most `limit` a family)."""
    scorer = Scorer(models.folder("pocket"))
    questions = evaluate.load("tutorial") + evaluate.load("heldout", limit=limit)
    results = []
    for start in tqdm(range(0, len(questions), BATCH), desc="scoring", unit="batch"):
        batch = questions[start : start + BATCH]
        for question, reply in zip(batch, scorer.replies(batch), strict=True):
            right = question.is_right(reply.text, reply.tool_calls)
            results.append(Result(question.id, question.family, right, reply.text))
    return results


def run(limit: int | None = None) -> str:
    """Score, keep the scores beside the weights (when nothing was left out), give a table."""
    results = score(limit)
    table = summary(results)
    if limit is None:
        text = json.dumps({"fingerprint": models.fingerprint(models.folder("pocket")),
                           "families": table}, indent=2)  # fmt: skip
        SCORES.parent.mkdir(exist_ok=True)
        SCORES.write_text(text + "\n", encoding="utf-8", newline="\n")
    lines = [f"{'family':<24}{'right':>8}{'of':>6}   95 % interval"]
    for name, row in table.items():
        low, high = row["interval"]
        lines.append(f"{name:<24}{row['right']:>8}{row['total']:>6}   {low:.0%} to {high:.0%}")
    return "\n".join(lines)


def summary(results: list[Result]) -> dict[str, dict]:
    """Right answers, total and Wilson interval: the tutorial's prompts, then each family."""
    groups = {"tutorial": [r for r in results if r.id.startswith("tutorial/")]}
    groups |= evaluate.by_family([r for r in results if not r.id.startswith("tutorial/")])
    return {
        name: {
            "right": (right := sum(r.right for r in group)),
            "total": len(group),
            "interval": [round(bound, 4) for bound in evaluate.wilson(right, len(group))],
        }
        for name, group in groups.items()
    }
