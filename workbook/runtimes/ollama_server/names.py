"""Model names, as Ollama reads them: [namespace/]model[:tag]."""

import re
from dataclasses import dataclass

_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"
_NAME = re.compile(
    rf"(?:registry\.ollama\.ai/)?(?:(?P<namespace>{_PART.replace('.-', '-')})/)?"
    rf"(?P<model>{_PART})(?::(?P<tag>{_PART}))?"
)


@dataclass(frozen=True)
class Name:
    """A model's name. Two names are the same whatever their case."""

    model: str
    tag: str = "latest"
    namespace: str = "library"

    def __str__(self) -> str:
        """The short form that lists show, always with the tag: `pocket:latest`."""
        prefix = "" if self.namespace.lower() == "library" else f"{self.namespace}/"
        return f"{prefix}{self.model}:{self.tag}"

    @property
    def key(self) -> str:
        """What makes it the same name as another."""
        return str(self).lower()


def parse(text: str) -> Name | None:
    """The name in a text; None when it is not a name that Ollama would take."""
    found = _NAME.fullmatch(text)
    if not found:
        return None
    return Name(found["model"], found["tag"] or "latest", found["namespace"] or "library")
