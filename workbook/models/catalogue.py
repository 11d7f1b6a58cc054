"""The models that the course knows, and where their files are."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from workbook import paths
from workbook.errors import CourseError
from workbook.models import shapes
from workbook.models.geometry import Geometry

FILES = ("*.json", "*.safetensors", "*.txt", "*.jinja", "LICENSE")
"""What is downloaded of a repository: weights, configuration and tokenizer."""

LARGE = 100_000_000
"""Bytes above which a file is not read to tell whether it changed."""


@dataclass(frozen=True)
class Model:
    """A set of weights with a name.

    `repository` and `revision` say where the weights are downloaded from; both are empty for a
    model that ships with the course. `context` is the number of tokens, prompt and answer together,
    that the course's runtimes serve: at most 4096, up to which LongRoPE keeps its short factors.
    """

    name: str
    title: str
    licence: str
    context: int
    repository: str = ""
    revision: str = ""
    divisor: int = 0

    @property
    def shape(self) -> bool:
        """True for the geometry of phi4-mini, its widths divided by `divisor`, without what it
        has learned."""
        return self.divisor > 0

    @property
    def bundled(self) -> bool:
        """True when the weights are in the checkout."""
        return not self.repository and not self.shape


MODELS = {
    "pocket": Model(
        name="pocket",
        title="pocket, the bundled teaching model",
        licence="MIT",
        context=4096,
    ),
    # The revision was the head of the repository's main branch in 2026.
    "phi4-mini": Model(
        name="phi4-mini",
        title="Phi-4-mini-instruct by Microsoft",
        licence="MIT",
        context=4096,
        repository="microsoft/Phi-4-mini-instruct",
        revision="cfbefacb99257ffa30c83adab238a50856ac3083",
    ),
}


SHAPES = {
    f"phi4-mini-shape-{scale.replace('/', '-')}": Model(
        name=f"phi4-mini-shape-{scale.replace('/', '-')}",
        title=f"a shape: Phi-4-mini's geometry at scale {scale}, random weights",
        licence="MIT",
        context=4096,
        divisor=divisor,
    )
    for scale, divisor in {"1": 1, "1/2": 2, "1/4": 4, "1/8": 8}.items()
}
"""Models to measure speed and memory with; they answer nothing."""


def get(name: str) -> Model:
    """The model or shape of that name. Raises CourseError for a name that is not known."""
    if name in SHAPES:
        return SHAPES[name]
    if name not in MODELS:
        raise CourseError(
            f"There is no model {name!r} in the catalogue: choose one of {', '.join(MODELS)}."
        )
    return MODELS[name]


def folder(name: str) -> Path:
    """The model's Hugging Face folder on this machine (config, tokenizer, safetensors).

    Nothing is downloaded; a shape's folder is written when it is not there. Raises CourseError
    when the files are not here.
    """
    model = get(name)
    if model.shape:
        return _shape_folder(model)
    if model.bundled:
        found = paths.MODELS / name
        if not (found / "model.safetensors").exists():
            raise CourseError(
                f"The weights of {name} are missing from {found}: restore them with "
                f"`git checkout -- models/{name}`."
            )
        return found
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        found = Path(
            snapshot_download(
                model.repository,
                revision=model.revision,
                allow_patterns=list(FILES),
                local_files_only=True,
            )
        )
    except LocalEntryNotFoundError:
        found = None
    if found is None or not _complete(found):
        size = geometry(name).weight_bytes("bf16") / 1e9
        raise CourseError(
            f"{name} is not on this machine: download it with `workbook download {name}` "
            f"({size:.1f} GB), or work with pocket, which ships with the course."
        )
    return found


def _shape_folder(model: Model) -> Path:
    found = paths.SHAPES / model.name
    if not (found / "config.json").exists():  # the file that is written last
        tokenizer = folder("pocket")
        shapes.write(geometry(model.name), found, name=model.name, tokenizer=tokenizer)
    return found


def _complete(folder: Path) -> bool:
    index = folder / "model.safetensors.index.json"
    names = ["model.safetensors"]
    if index.exists():
        names = list(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    return all((folder / name).exists() for name in {*names, "config.json", "tokenizer.json"})


def download(name: str) -> Path:
    """Download a model's files at its pinned revision into the Hugging Face cache.

    Shows progress and resumes where an earlier download stopped. Gives the folder. Raises
    CourseError when the hub cannot be reached or does not have the files.
    """
    model = get(name)
    if not model.repository:
        return folder(name)
    import httpx
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if constants.HF_HUB_OFFLINE:
        raise CourseError(
            f"{name} could not be downloaded, because HF_HUB_OFFLINE is set: unset it and run the "
            f"same command again."
        )
    try:
        return Path(
            snapshot_download(model.repository, revision=model.revision, allow_patterns=list(FILES))
        )
    except (
        LocalEntryNotFoundError,
        HfHubHTTPError,
        OSError,
        httpx.HTTPError,
    ) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CourseError(
            f"{name} could not be downloaded from {model.repository} ({reason}): check network "
            f"and disk, and run the same command again; it goes on where it stopped."
        ) from None


def geometry(name: str) -> Geometry:
    """The model's shape, read from its config.json; for phi4-mini also when it is not here."""
    model = get(name)
    if model.bundled:
        return Geometry.from_folder(folder(name))
    return shapes.scaled(PHI4_MINI, model.divisor or 1)


PHI4_MINI = Geometry(
    layers=32,
    hidden=3072,
    intermediate=8192,
    heads=24,
    kv_heads=8,
    head_size=128,
    vocabulary=200_064,
    tied=True,
)
"""Phi-4-mini's shape, from the config.json of its repository."""


def fingerprint(folder: Path) -> str:
    """A short hash of a model folder's content, the key of everything made from it.

    Files over LARGE bytes are not read: they count by size, time of change, and the name of what
    they link to (the Hugging Face cache names its files after their content's hash).
    """
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if not file.is_file() or file.suffix == ".md":
            continue
        state = file.stat()
        digest.update(f"{file.name}:{state.st_size}\n".encode())
        if state.st_size <= LARGE:
            digest.update(file.read_bytes())
        else:
            digest.update(f"{file.resolve().name}:{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]
