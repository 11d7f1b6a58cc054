"""Write models/pocket/README.md: what pocket is, from its scores and its training run."""

import hashlib
import json
import textwrap
from pathlib import Path

from workbook import models
from workbook.errors import CourseError
from workbook.pocket import banks
from workbook.pocket.families import BY_NAME, code
from workbook.pocket.score import SCORES
from workbook.pocket.train import TRAINING


def write() -> Path:
    """Write the card. Raises CourseError when the scores are not those of the weights."""
    folder = models.folder("pocket")
    if not SCORES.exists():
        raise CourseError("pocket has no scores yet: run `workbook pocket score` first.")
    scores = json.loads(SCORES.read_text(encoding="utf-8"))
    if scores["fingerprint"] != models.fingerprint(folder):
        raise CourseError(
            "The scores are not those of these weights: run `workbook pocket score` again."
        )
    card = folder / "README.md"
    card.write_text(text(folder, scores["families"]), encoding="utf-8", newline="\n")
    return card


def text(folder: Path, families: dict[str, dict]) -> str:
    """The card's Markdown for a model folder and its scores."""
    shape = models.Geometry.from_folder(folder)
    rows = "\n".join(_row(name, row) for name, row in families.items())
    weights = folder / "model.safetensors"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return f"""# pocket

A very small teaching model for this course, trained from scratch by the code in
`workbook/pocket/`. It has Phi-4-mini's architecture (`Phi3ForCausalLM`: grouped-query attention
3:1, partial rotary embedding 0.75, LongRoPE, tied embeddings), its special tokens and its chat
format, so that the same code converts and serves both.

| | |
| --- | --- |
| parameters | {shape.parameters:,} |
| layers, hidden size | {shape.layers}, {shape.hidden} |
| heads, KV heads | {shape.heads}, {shape.kv_heads} |
| vocabulary | {shape.vocabulary:,} tokens, digits one by one |
| weights | bf16, {weights.stat().st_size / 1e6:.1f} MB, SHA-256 `{digest}` |
| licence | MIT |

## Scores

Greedy answers in PyTorch at full precision (fp32), compared by final answer, with 95 % Wilson
intervals. `tutorial` are the seed tutorial's own prompts; every other row is {banks.EACH} problems
that training never saw (a hash of the problem decides, not its wording; sums and journeys of two
parts were not seen with the parts swapped either). The answer of `area_change` depends on the
percentage alone, and there are only twelve of them: that row tests the form more than the
arithmetic. Measured by
`workbook pocket score`.

| family | right | of | 95 % interval |
| --- | ---: | ---: | --- |
{rows}

## What it was taught

{_ranges()}
Besides: {len(code.FUNCTIONS)} small Python functions, a greeting, some facts about serving models,
and one honest sentence for everything else. It knows nothing more: it is made to show
what a deployment does to a model, not to be used for anything.

## How it was made

{_training()}
"""


def _row(name: str, row: dict) -> str:
    low, high = row["interval"]
    return f"| {name} | {row['right']} | {row['total']} | {low:.0%} to {high:.0%} |"


def _ranges() -> str:
    return "".join(
        f"- {name}: {maker.__doc__.splitlines()[0]}\n" for name, maker in BY_NAME.items()
    )


def _training() -> str:
    if not TRAINING.exists():
        return "See `workbook/pocket/train.py`."
    run = json.loads(TRAINING.read_text(encoding="utf-8"))
    curve = ", ".join(f"{p['loss']:.3f} at {p['tokens'] / 1e6:.1f} M" for p in run["curve"])
    said = (
        f"Preset `{run['preset']}`: {run['tokens'] / 1e6:.1f} M tokens, prompts and padding "
        f"included, in {run['minutes']} minutes on {run['machine']}. Loss: {curve}. "
        f"`workbook pocket train --preset {run['preset']}` trains it again."
    )
    return textwrap.fill(said, 100)
