"""From a Hugging Face folder to an ONNX artifact, by ONNX Runtime GenAI's model builder."""

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from workbook import models, paths
from workbook.convert import parity
from workbook.convert.artifact import Artifact, digest, load, weight_files
from workbook.errors import CourseError


@dataclass(frozen=True)
class Recipe:
    """How the model builder is called for one artifact."""

    precision: str
    options: tuple[str, ...] = ()


RECIPES = {
    "onnx-fp32": Recipe("fp32"),
    "onnx-int8": Recipe("int8"),
    # Blocks of 32 weights share a scale; activations are rounded to 8 bits while they are
    # multiplied (accuracy level 4).
    "onnx-int4": Recipe("int4", ("block_size=32", "accuracy_level=4", "algo_config=rtn")),
}
"""Artifact name: recipe. All of them are for the CPU."""

MEMORY_FACTOR = 3
"""Memory that the model builder takes, relative to the bf16 weights (measured at the real size:
22.6 GB for 7.67 GB)."""


def convert(model: str, to: str = "onnx-int4", *, folder: Path | None = None) -> Artifact:
    """The artifact `to` of a model, converted now or taken from the cache.

    model: a name of the catalogue; folder: another Hugging Face folder to convert under that
    name. The result is kept under build/artifacts, keyed by the folder's content, the recipe and
    the versions of what makes it. Its logits are compared with PyTorch's; a wrong conversion is not
    kept.

    Raises CourseError for an unknown artifact name, too little memory or disk, or a conversion
    that fails or computes something else than the original.
    """
    if to not in RECIPES:
        raise CourseError(f"There is no artifact {to!r}: choose one of {', '.join(RECIPES)}.")
    models.get(model)
    source = folder or models.folder(model)
    if not (source / "config.json").exists():
        raise CourseError(f"There is no Hugging Face folder at {source}: config.json is missing.")
    target = paths.ARTIFACTS / model / f"{to}-{_key(source, to, models.get(model).context)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two notebooks may ask for the same artifact at once: the second waits for the first.
    with FileLock(target.with_suffix(".lock")):
        return load(target) or _convert(model, to, source, target)


def affordable(model: str) -> list[str]:
    """The artifacts of a model that this machine has the memory to make now, most precise first.

    All of them for pocket. Raises CourseError when not even one fits.
    """
    source, free = models.folder(model), psutil.virtual_memory().available
    fitting = [name for name in RECIPES if _memory(source, name) <= free]
    if not fitting:
        need = _memory(source, "onnx-int4")
        raise CourseError(
            f"Converting {model} needs about {need / 1e9:.0f} GB of memory and {free / 1e9:.0f} GB "
            f"are free: use a larger machine, or work with pocket."
        )
    return fitting


def _memory(source: Path, to: str) -> int:
    weights = sum(f.stat().st_size for f in source.glob("*.safetensors"))
    # PyTorch keeps the weights in fp32 while the fp32 graph is written and compared.
    return MEMORY_FACTOR * weights * (2 if to == "onnx-fp32" else 1)


MADE_BY = ("onnxruntime-genai", "onnxruntime", "onnx", "transformers")
"""Packages whose version decides what comes out."""


def _key(source: Path, to: str, context: int) -> str:
    versions = [importlib.metadata.version(package) for package in MADE_BY]
    text = f"{models.fingerprint(source)} {RECIPES[to]} {context} {versions}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _convert(model: str, to: str, source: Path, target: Path) -> Artifact:
    _check_room(source, to)
    started = time.monotonic()
    making = f".making-{target.name}-"
    for left in target.parent.glob(f"{making}*"):  # by a conversion that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=making, dir=target.parent) as work:
        made = Path(work) / "artifact"
        _build(to, source, made, Path(work) / "cache")
        seconds = time.monotonic() - started
        _finish_config(made, models.get(model).context)
        found = _measure(made, source, exact=to == "onnx-fp32")
        parity.check(found, to)
        files = weight_files(made)
        artifact = Artifact(
            name=to,
            model=model,
            path=made,
            bytes=sum(f.stat().st_size for f in files),
            sha256=digest(files),
            seconds=round(seconds, 1),
            difference=found.relative,
            agreement=found.agreement,
        )
        artifact.save()
        shutil.rmtree(target, ignore_errors=True)
        made.replace(target)
    return load(target)


def _build(to: str, source: Path, out: Path, cache: Path) -> None:
    # In a process of its own: PyTorch's memory is given back, and the notebook stays quiet.
    recipe = RECIPES[to]
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder",
               "-i", source, "-o", out, "-p", recipe.precision, "-e", "cpu", "-c", cache,
               "--extra_options", "hf_remote=false", *recipe.options]  # fmt: skip
    _run(list(map(str, command)), f"The conversion of {source.name} to {to}")
    if not (out / "model.onnx").exists():
        raise CourseError(f"The model builder wrote no model.onnx for {to}: see {_log()}.")


def _measure(made: Path, source: Path, *, exact: bool) -> parity.Parity:
    code = (
        "import json, sys; from dataclasses import asdict; from pathlib import Path; "
        "from workbook.convert import parity; "
        "made, source, exact = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == 'True'; "
        "print(json.dumps(asdict(parity.measure(made, source, exact=exact))))"
    )
    command = [sys.executable, "-c", code, str(made), str(source), str(exact)]
    out = _run(command, f"The parity check of {made.name}")
    return parity.Parity(**json.loads(out.strip().splitlines()[-1]))


def _log() -> Path:
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    return paths.LOGS / "convert.log"


def _run(command: list[str], what: str) -> str:
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "ORT_DISABLE_TELEMETRY": "1",
    }
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=environment | {"PYTHONUTF8": "1"},
        check=False,
    )
    with _log().open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CourseError(f"{what} failed ({last}): the whole output is in {_log()}.")
    return done.stdout


def _finish_config(made: Path, context: int) -> None:
    # The builder writes the model's whole context (131,072 tokens) as max_length, and GenAI
    # reserves the KV cache for max_length: at Phi-4-mini's size that is up to 32 GiB.
    file = made / "genai_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["search"]["max_length"] = context
    file.write_text(json.dumps(config, indent=4), encoding="utf-8")


def _check_room(source: Path, to: str) -> None:
    # A clear sentence is better than a process that the system kills half-way.
    room = {
        "memory": (_memory(source, to), psutil.virtual_memory().available),
        "disk": (_memory(source, to), shutil.disk_usage(paths.ARTIFACTS).free),
    }
    for what, (need, free) in room.items():
        if free < need:
            raise CourseError(
                f"Converting {source.name} to {to} needs about {need / 1e9:.1f} GB of {what} and "
                f"{free / 1e9:.1f} GB are free: free some, or use a larger machine."
            )
