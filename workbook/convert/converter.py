"""One way to every artifact: cached by content, one at a time, checked, whole or not at all."""

import hashlib
import importlib.metadata
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import psutil
from filelock import FileLock

from workbook import models, paths
from workbook.convert import gguf, onnx, parity, running
from workbook.convert.artifact import Artifact, digest, load, weight_files
from workbook.errors import CourseError
from workbook.models import Geometry

FORMATS: dict[str, ModuleType] = {"onnx": onnx, "gguf": gguf}
"""The first part of an artifact's name: the module that makes it. Each has RECIPES, MADE_BY,
`room` and `build`."""

RECIPES = {name: recipe for format in FORMATS.values() for name, recipe in format.RECIPES.items()}
"""Artifact name: recipe, of every artifact that can be made."""


def convert(model: str, to: str = "onnx-int4", *, folder: Path | None = None) -> Artifact:
    """The artifact `to` of a model, converted now or taken from the cache.

    model: a name of the catalogue; to: one of RECIPES; folder: another Hugging Face folder to
    convert under that name. The result is kept under build/artifacts, keyed by the folder's
    content, the recipe and the versions of what makes it. Its logits are compared with PyTorch's;
    a wrong conversion is not kept.

    Raises CourseError for an unknown artifact name, a program that is needed and missing, too
    little memory or disk, or a conversion that fails or computes something else than the original.
    """
    if to not in RECIPES:
        raise CourseError(f"There is no artifact {to!r}: choose one of {', '.join(RECIPES)}.")
    models.get(model)
    source = folder or models.folder(model)
    if not (source / "config.json").exists():
        raise CourseError(f"There is no Hugging Face folder at {source}: config.json is missing.")
    if not any(source.glob("*.safetensors")) and not models.get(model).shape:
        # without weights a folder is taken for a shape: random ones would be drawn
        raise CourseError(f"There are no safetensors files in {source}: get the model again.")
    target = paths.ARTIFACTS / model / f"{to}-{_key(source, to, models.get(model).context)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two notebooks may ask for the same artifact at once: the second waits for the first.
    with FileLock(target.with_suffix(".lock")):
        return load(target) or _convert(model, to, source, target)


def affordable(model: str) -> list[str]:
    """The ONNX artifacts of a model that this machine has the memory to make now, most precise
    first.

    All of them for pocket. Raises CourseError when not even one fits.
    """
    source, free = models.folder(model), psutil.virtual_memory().available
    fitting = [name for name in onnx.RECIPES if _room(source, name)["memory"] <= free]
    if not fitting:
        need = _room(source, "onnx-int4")["memory"]
        raise CourseError(
            f"Converting {model} needs about {need / 1e9:.0f} GB of memory and {free / 1e9:.0f} GB "
            f"are free: use a larger machine, or work with pocket."
        )
    return fitting


def _format(to: str) -> ModuleType:
    return FORMATS[to.partition("-")[0]]


def _room(source: Path, to: str) -> dict[str, int]:
    return _format(to).room(Geometry.from_folder(source), to)


def _key(source: Path, to: str, context: int) -> str:
    versions = [importlib.metadata.version(package) for package in _format(to).MADE_BY]
    text = f"{models.fingerprint(source)} {RECIPES[to]} {context} {versions}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _convert(model: str, to: str, source: Path, target: Path) -> Artifact:
    _check_room(source, to)
    started = time.monotonic()
    making = f".making-{target.name}-"
    for left in target.parent.glob(f"{making}*"):  # by a conversion that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=making, dir=target.parent) as work:
        made, cache = Path(work) / "artifact", Path(work) / "cache"
        context = models.get(model).context
        _format(to).build(to, source, made, context=context, cache=cache, model=model)
        seconds = time.monotonic() - started
        found = None if models.get(model).shape else _measure(made, source, to)
        if found:
            parity.check(found, to)
        else:
            shutil.copy(source / "README.md", made)  # says what it is
        files = weight_files(made)
        artifact = Artifact(
            name=to,
            model=model,
            path=made,
            bytes=sum(f.stat().st_size for f in files),
            sha256=digest(files),
            seconds=round(seconds, 1),
            difference=found and found.relative,
            agreement=found and found.agreement,
        )
        artifact.save()
        shutil.rmtree(target, ignore_errors=True)
        made.replace(target)
    return load(target)


def _measure(made: Path, source: Path, to: str) -> parity.Parity:
    # In a process of its own: PyTorch's memory is given back.
    code = (
        "import json, sys; from dataclasses import asdict; from pathlib import Path; "
        "from workbook.convert import parity; "
        "made, source, to = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]; "
        "print(json.dumps(asdict(parity.measure(made, source, exact=to in parity.EXACT))))"
    )
    command = [sys.executable, "-c", code, str(made), str(source), to]
    out = running.run(command, f"The parity check of {to}")
    return parity.Parity(**json.loads(out.strip().splitlines()[-1]))


def _check_room(source: Path, to: str) -> None:
    # A clear sentence is better than a process that the system kills half-way.
    free = {
        "memory": psutil.virtual_memory().available,
        "disk": shutil.disk_usage(paths.ARTIFACTS).free,
    }
    for what, need in _room(source, to).items():
        if free[what] < need:
            raise CourseError(
                f"Converting {source.name} to {to} needs about {need / 1e9:.1f} GB of {what} and "
                f"{free[what] / 1e9:.1f} GB are free: free some, or use a larger machine."
            )
