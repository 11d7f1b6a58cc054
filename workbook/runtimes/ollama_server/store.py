"""The models that a server knows: settings on disk, one JSON file each, over one GGUF file."""

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workbook.runtimes.ollama_server.names import Name, parse


@dataclass(frozen=True)
class Model:
    """A name and what it adds to the weights: parameters, a system message, first messages."""

    name: str
    parent: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    system: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    license: list[str] = field(default_factory=list)
    modified_at: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over the settings (without the name: a copy has the same one)."""
        content = asdict(self) | {"name": "", "modified_at": ""}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def modified(self) -> datetime:
        """When it was created."""
        return datetime.fromisoformat(self.modified_at)


class Store:
    """The models in a folder. They outlive the server; two servers may share a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: Name) -> Model | None:
        """The model of that name, or None."""
        try:
            fields = json.loads(self._file(name).read_text(encoding="utf-8"))
            return Model(**fields)
        except FileNotFoundError:
            return None

    def all(self) -> list[Model]:
        """Every model, newest first."""
        found = [self.get(name) for file in self.folder.glob("*.json") if (name := _name(file))]
        return sorted((m for m in found if m), key=lambda m: m.modified_at, reverse=True)

    def put(self, model: Model) -> Model:
        """Keep a model, in place of one of the same name."""
        model = Model(**(asdict(model) | {"modified_at": datetime.now(UTC).isoformat()}))
        name = parse(model.name)
        if name is None:
            raise ValueError(f"{model.name!r} is not a model's name")
        # Under a name of its own first: nobody ever reads half a file.
        draft = self.folder / f".{secrets.token_hex(8)}"
        draft.write_text(json.dumps(asdict(model), indent=1), encoding="utf-8")
        os.replace(draft, self._file(name))
        return model

    def remove(self, name: Name) -> bool:
        """Forget a model; False when there was none."""
        try:
            self._file(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def _file(self, name: Name) -> Path:
        return self.folder / f"{quote(name.key, safe='')}.json"


def _name(file: Path) -> Name | None:
    from urllib.parse import unquote

    return parse(unquote(file.stem))
