"""An artifact: a model in one format and precision on disk, with its size and hash."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

WEIGHTS = ("model.onnx", "model.gguf")
"""How the names of the files begin that hold an artifact's weights."""

CARD = "artifact.json"
"""The file in an artifact's folder that says what it is; written last, so a folder without it
is unfinished."""


@dataclass(frozen=True)
class Artifact:
    """A model in one format and precision.

    `path` is its folder. `bytes` counts the weight files, `sha256` is over the same files;
    `seconds` is how long the conversion took; `difference` is the parity check's relative
    difference of logits and `agreement` how often both rank the same token first (see
    parity.py): None for a shape, which has no original.
    """

    name: str
    model: str
    path: Path
    bytes: int
    sha256: str
    seconds: float
    difference: float | None
    agreement: float | None

    @property
    def megabytes(self) -> float:
        """Size of the weight files in MB (10^6 bytes)."""
        return self.bytes / 1e6

    def save(self) -> None:
        """Write the artifact's card into its folder."""
        card = asdict(self) | {"path": self.path.name}
        text = json.dumps(card, indent=2)
        (self.path / CARD).write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Artifact | None:
    """The artifact in a folder, or None when there is none or it is unfinished."""
    card = path / CARD
    if not card.exists():
        return None
    try:
        return Artifact(**(json.loads(card.read_text(encoding="utf-8")) | {"path": path}))
    except (ValueError, TypeError):  # another version's card, or a damaged one: made again
        return None


def weight_files(path: Path) -> list[Path]:
    """The files that hold weights (and graph) in an artifact's folder."""
    return sorted(f for f in path.iterdir() if f.name.startswith(WEIGHTS))


def digest(files: list[Path]) -> str:
    """SHA-256 over the content of several files, read in pieces."""
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as handle:
            while piece := handle.read(1 << 20):
                total.update(piece)
    return total.hexdigest()
