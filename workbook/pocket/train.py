"""Train pocket: a plain PyTorch loop, seeded and resumable.

Problems are generated on the fly and never repeat by design; the loss counts the answers only.
A checkpoint is written every few minutes; the same command goes on from it.
"""

import itertools
import json
import math
import os
import random
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoConfig, Phi3ForCausalLM

from workbook import paths
from workbook.errors import CourseError
from workbook.models import chat
from workbook.pocket import families, geometry, tokenizer


@dataclass(frozen=True)
class Preset:
    """What a training run is made of. tokens counts padded tokens, prompts included."""

    hidden_size: int = 192
    layers: int = 6
    intermediate_size: int = 512
    tokens: int = 18_000_000
    batch_tokens: int = 6_144
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    decay_share: float = 0.4
    seed: int = 0
    device: str = "cpu"


PRESETS = {
    "smoke": Preset(layers=2, tokens=200_000, warmup_steps=5),
    "cpu": Preset(),
    "gpu": Preset(
        hidden_size=384, layers=8, intermediate_size=1024, tokens=1_500_000_000,
        batch_tokens=131_072, device="cuda",
    ),
}  # fmt: skip
POOL = 1024
"""Problems that are generated and sorted by length at once, so that batches pad little."""
CHECKPOINT_SECONDS = 120
TRAINING = paths.MODELS / "pocket" / "card" / "training.json"
"""What the card says of the training that made the bundled weights."""


@dataclass
class Batch:
    """Token ids and labels, both [batch, length]; labels are -100 where nothing is learned."""

    input_ids: torch.Tensor
    labels: torch.Tensor
    attention_mask: torch.Tensor


def encode(problem: families.Problem, vocabulary: Tokenizer) -> tuple[list[int], list[int]]:
    """(token ids, labels) of one conversation; only the answer and its end are learned."""
    messages, tools = problem.messages(), list(problem.tools)
    prompt = chat.render(messages[:-1], tools)
    whole = chat.render(messages, tools, add_generation_prompt=False)
    prompt_ids = vocabulary.encode(prompt).ids
    ids = prompt_ids + vocabulary.encode(whole[len(prompt) :]).ids
    return ids, [-100] * len(prompt_ids) + ids[len(prompt_ids) :]


def batches(preset: Preset, vocabulary: Tokenizer, pool: int) -> list[Batch]:
    """The batches of one pool; pool and seed decide them wholly, so a resumed run sees the same."""
    seed = random.Random(f"{preset.seed}/{pool}").getrandbits(48)
    problems = itertools.islice(families.training(seed), POOL)
    encoded = sorted((encode(p, vocabulary) for p in problems), key=lambda e: len(e[0]))
    made, rows, longest = [], [], 0
    for row in encoded:
        longest = max(longest, len(row[0]))
        if rows and longest * (len(rows) + 1) > preset.batch_tokens:
            made.append(_pad(rows))
            rows, longest = [], len(row[0])
        rows.append(row)
    made.append(_pad(rows))
    random.Random(seed).shuffle(made)
    return made


def _pad(rows: list[tuple[list[int], list[int]]]) -> Batch:
    length = max(len(ids) for ids, _ in rows)
    pad = tokenizer.VOCABULARY - len(tokenizer.SPECIAL)
    ids = torch.tensor([ids + [pad] * (length - len(ids)) for ids, _ in rows])
    labels = torch.tensor([labels + [-100] * (length - len(labels)) for _, labels in rows])
    mask = torch.tensor([[1] * len(ids) + [0] * (length - len(ids)) for ids, _ in rows])
    return Batch(ids, labels, mask)


def rate(preset: Preset, step: int, seen: int) -> float:
    """Learning rate: a linear warm-up, a plateau, and a linear fall to zero over the last
    decay_share of the tokens."""
    warm = min(1.0, (step + 1) / preset.warmup_steps)
    left = max(0.0, 1 - seen / preset.tokens)
    return preset.learning_rate * warm * min(1.0, left / preset.decay_share)


def train(preset: Preset, folder: Path, *, threads: int | None = None) -> Path:
    """Train to the end of the preset, going on from folder's checkpoint if there is one.

    Writes `model/` (a Hugging Face folder, weights in bf16) and `losses.jsonl` into folder.
    """
    if preset.device == "cuda" and not torch.cuda.is_available():
        raise CourseError(
            "The gpu preset needs an NVIDIA GPU and this PyTorch finds none: use --preset cpu."
        )
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(threads or os.cpu_count() or 1)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _vocabulary(folder)
    geometry.save(folder / "model", hidden_size=preset.hidden_size, layers=preset.layers,
                  intermediate_size=preset.intermediate_size)  # fmt: skip
    torch.manual_seed(preset.seed)
    model = Phi3ForCausalLM(AutoConfig.from_pretrained(folder / "model")).float()
    model.to(preset.device).train()
    optimisers = _optimisers(model, preset)
    step, seen, first_pool, seconds = _resume(folder, preset, model, optimisers)
    started = time.monotonic() - seconds
    saved = time.monotonic()
    for pool in itertools.count(first_pool):
        if seen >= preset.tokens:
            break
        for batch in batches(preset, vocabulary, pool):
            loss = _step(model, optimisers, batch, preset, step, seen)
            step, seen = step + 1, seen + batch.input_ids.numel()
            if step % 20 == 0:
                _log(folder, step, seen, loss, seen / (time.monotonic() - started), preset)
        if time.monotonic() - saved > CHECKPOINT_SECONDS or seen >= preset.tokens:
            saved = time.monotonic()
            _save(folder, preset, model, optimisers, (step, seen, pool + 1, saved - started))
    model.to(torch.bfloat16).save_pretrained(folder / "model")
    # save_pretrained writes a config of its own: ours reads as Phi-4-mini's does.
    geometry.save(folder / "model", hidden_size=preset.hidden_size, layers=preset.layers,
                  intermediate_size=preset.intermediate_size)  # fmt: skip
    (folder / "preset.json").write_text(json.dumps(asdict(preset)), encoding="utf-8")
    return folder / "model"


def _vocabulary(folder: Path) -> Tokenizer:
    if not (folder / "model" / "tokenizer.json").exists():
        tokenizer.save(tokenizer.train(), folder / "model")
    return Tokenizer.from_file(str(folder / "model" / "tokenizer.json"))


def _optimisers(model: Phi3ForCausalLM, preset: Preset) -> list[torch.optim.Optimizer]:
    # Muon for the matrices inside the layers, AdamW for embeddings and norms.
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(matrices, lr=1.0, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=1.0, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def _step(model, optimisers, batch: Batch, preset: Preset, step: int, seen: int) -> float:
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate(preset, step, seen)
    with torch.autocast(preset.device, dtype=torch.bfloat16):
        loss = model(
            input_ids=batch.input_ids.to(preset.device),
            attention_mask=batch.attention_mask.to(preset.device),
            labels=batch.labels.to(preset.device),
            use_cache=False,
        ).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimiser in optimisers:
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    if not math.isfinite(value := loss.item()):
        raise FloatingPointError(f"the loss became {value} at step {step}")
    return value


def _log(folder: Path, step: int, seen: int, loss: float, speed: float, preset: Preset) -> None:
    entry = {
        "step": step,
        "tokens": seen,
        "loss": round(loss, 5),
        "tokens_per_second": round(speed),
    }
    with (folder / "losses.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    print(f"\r{seen / preset.tokens:6.1%}  step {step}  loss {loss:.4f}  {speed:.0f} tokens/s",
          end="", flush=True)  # fmt: skip


def _save(folder: Path, preset: Preset, model, optimisers, position: tuple) -> None:
    state = {
        "model": model.state_dict(),
        "optimisers": [o.state_dict() for o in optimisers],
        "position": position,
        "preset": asdict(preset),
    }
    torch.save(state, folder / "checkpoint.new")
    (folder / "checkpoint.new").replace(folder / "checkpoint.pt")


def _resume(folder: Path, preset: Preset, model, optimisers) -> tuple[int, int, int, float]:
    if not (folder / "checkpoint.pt").exists():
        return 0, 0, 0, 0.0
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    if state.get("preset") != asdict(preset):
        raise CourseError(
            f"The checkpoint in {folder} was made with other settings: remove that folder, or use "
            f"them again."
        )
    model.load_state_dict(state["model"])
    for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(saved)
    return tuple(state["position"])


def check_preset(name: str) -> None:
    """Raise CourseError when there is no preset of that name."""
    if name not in PRESETS:
        raise CourseError(f"There is no preset {name!r}: choose one of {', '.join(PRESETS)}.")


def run(preset_name: str, *, threads: int | None = None, tokens: int | None = None) -> Path:
    """Train a preset under build/pocket/<preset>; gives the model folder."""
    check_preset(preset_name)
    preset = PRESETS[preset_name]
    if tokens:
        preset = replace(preset, tokens=tokens)
    return train(preset, paths.BUILD / "pocket" / preset_name, threads=threads)


def install(preset_name: str) -> None:
    """Make a trained preset the model that the course ships: copy it to models/pocket, with what
    its card says of the training. Raises CourseError when that preset was not trained."""
    check_preset(preset_name)
    folder = paths.BUILD / "pocket" / preset_name
    if not (folder / "model" / "model.safetensors").exists():
        raise CourseError(
            f"The preset {preset_name} has no trained model in {folder}: run "
            f"`workbook pocket train --preset {preset_name}` to its end first."
        )
    target = paths.MODELS / "pocket"
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted((folder / "model").iterdir()):
        shutil.copyfile(file, target / file.name)
    TRAINING.parent.mkdir(exist_ok=True)
    text = json.dumps(_history(folder, preset_name), indent=2)
    TRAINING.write_text(text + "\n", encoding="utf-8", newline="\n")


def _history(folder: Path, preset_name: str, points: int = 8) -> dict:
    with (folder / "losses.jsonl").open(encoding="utf-8") as file:
        # After a crash some steps are logged twice: the later line counts.
        steps = list({s["step"]: s for s in map(json.loads, file)}.values())
    # Single steps are noisy: each point of the curve is the mean of what is logged around it.
    size = max(1, len(steps) // points)
    groups = [steps[i : i + size] for i in range(0, len(steps), size)]
    curve = [
        {"tokens": g[-1]["tokens"], "loss": round(sum(s["loss"] for s in g) / len(g), 4)}
        for g in groups
    ]
    last = steps[-1]
    return {
        "preset": preset_name,
        "tokens": last["tokens"],
        "minutes": round(last["tokens"] / last["tokens_per_second"] / 60),
        "machine": f"a machine with {os.cpu_count()} CPU cores",
        "curve": curve,
    }
