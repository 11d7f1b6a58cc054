"""What a GGUF file says about itself."""

import math
import mmap
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

LONG = 64
"""Items of a list above which /api/show leaves it out, unless asked to be verbose."""

NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
"""The type numbers of the format, as struct writes them; 8 is a text and 9 a list."""
TEXT, LIST = 8, 9


class Header:
    """The beginning of a GGUF file: metadata, then the shapes of the tensors.

    The package gguf reads it too, but builds an array for every token of the vocabulary, which
    takes many seconds with 200,000 of them. Raises ValueError for a file of another format.
    """

    def __init__(self, data: bytes | mmap.mmap, longest: int):
        self._data, self._at, self._longest = data, 4, longest
        version, tensors, fields = self._numbers("IQQ")
        if data[:4] != b"GGUF" or version not in (2, 3):
            raise ValueError("not a GGUF file that can be read here")
        self.fields: dict[str, Any] = {}
        for _ in range(fields):
            key = self._text()
            self.fields[key] = self._value(self._numbers("I")[0])
        self.parameters = sum(self._tensor() for _ in range(tensors))

    def _numbers(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from("<" + form, self._data, self._at)
        self._at += struct.calcsize("<" + form)
        return found

    def _text(self) -> str:
        (size,) = self._numbers("Q")
        self._at += size
        return self._data[self._at - size : self._at].decode("utf-8", "replace")

    def _value(self, kind: int) -> Any:
        if kind == TEXT:
            return self._text()
        if kind == LIST:
            return self._list(*self._numbers("IQ"))
        return self._numbers(NUMBERS[kind])[0]

    def _list(self, kind: int, count: int) -> list[Any] | None:
        """A list, or None for one that is too long to be kept."""
        if kind in (TEXT, LIST):
            found = [self._value(kind) for _ in range(count)]
        else:
            found = list(self._numbers(f"{count}{NUMBERS[kind]}"))
        return found if count <= self._longest else None

    def _tensor(self) -> int:
        """How many numbers the next tensor has."""
        self._text()
        (dimensions,) = self._numbers("I")
        shape = self._numbers(f"{dimensions}Q")
        self._numbers("IQ")  # its type and its place
        return math.prod(shape)


class Weights:
    """A GGUF file on disk. Its header is read when it is first asked for."""

    def __init__(self, file: Path):
        self.file = file

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.file.stat().st_size

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The metadata, keys as in the file, and `general.parameter_count`. Long lists are None."""
        return self._read(LONG)

    def _read(self, longest: int) -> dict[str, Any]:
        with (
            self.file.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            try:
                header = Header(data, longest)
            except (struct.error, KeyError) as error:
                raise ValueError(f"the GGUF file {self.file.name} is not whole") from error
        return header.fields | {"general.parameter_count": header.parameters}

    def of_shape(self, key: str, default: int = 0) -> int:
        """A number about the model's shape, such as `context_length`."""
        return int(self.fields.get(f"{self.family}.{key}", default))

    @property
    def family(self) -> str:
        """The architecture, as llama.cpp calls it."""
        return self.fields["general.architecture"]

    @property
    def quantization(self) -> str:
        """The precision of the weights, such as Q8_0."""
        from gguf import LlamaFileType

        name = LlamaFileType(self.fields["general.file_type"]).name
        return name.removeprefix("MOSTLY_").removeprefix("ALL_")

    @property
    def parameters(self) -> str:
        """The number of weights as Ollama writes it: 2.6M, 3.8B."""
        count = self.fields["general.parameter_count"]
        for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
            if count >= size:
                return f"{count / size:.1f}{unit}"
        return str(count)

    @property
    def template(self) -> str:
        """The chat template inside (Jinja)."""
        return self.fields.get("tokenizer.chat_template", "")

    def kv_bytes(self, context: int) -> int:
        """Bytes of a KV cache for so many tokens, with 16-bit numbers."""
        heads = self.of_shape("attention.head_count_kv")
        head = self.of_shape("embedding_length") // self.of_shape("attention.head_count", 1)
        width = sum(self.of_shape(f"attention.{kind}_length", head) for kind in ("key", "value"))
        return context * self.of_shape("block_count") * heads * width * 2

    def details(self, parent: str = "") -> dict[str, Any]:
        """The `details` object of Ollama's lists."""
        return {
            "parent_model": parent,
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameters,
            "quantization_level": self.quantization,
        }

    def info(self, *, verbose: bool) -> dict[str, Any]:
        """The `model_info` of /api/show: long lists are null unless it is verbose."""
        fields = self._read(2**63) if verbose else self.fields
        hidden = ("general.name", "tokenizer.chat_template")
        return {key: value for key, value in fields.items() if key not in hidden}
