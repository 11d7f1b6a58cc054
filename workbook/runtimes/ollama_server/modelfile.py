"""Modelfiles: read one, and make of it what the /api/create endpoint takes.

`ollama create -f` does this in the client; the server never sees the file. The rules and the error
texts are those of Ollama's parser.
"""

from dataclasses import dataclass, field
from typing import Any

from workbook.errors import CourseError
from workbook.runtimes.ollama_server import options
from workbook.runtimes.ollama_server.values import ApiError

COMMANDS = (
    "from", "license", "template", "system", "adapter", "draft", "renderer", "parser",
    "parameter", "message", "requires",
)  # fmt: skip
ROLES = ("system", "user", "assistant")
TRUE = ("1", "t", "T", "true", "TRUE", "True")
FALSE = ("0", "f", "F", "false", "FALSE", "False")
DEPRECATED = (
    "penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock", "mirostat",
    "mirostat_tau", "mirostat_eta",
)  # fmt: skip
"""Parameters of earlier versions, left out with a warning."""


def _one_of(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words[:-1]) + f', or "{words[-1]}"'


BAD_COMMAND = f"command must be one of {_one_of(COMMANDS)}"
BAD_ROLE = f"message role must be one of {_one_of(ROLES)}"


class ModelfileError(CourseError):
    """A Modelfile that Ollama would refuse, in Ollama's words."""


@dataclass(frozen=True)
class Command:
    """One instruction: its name in lower case, its text, and the line that it starts on."""

    name: str
    text: str
    line: int


@dataclass
class Modelfile:
    """What a Modelfile says. `template` and `others` (ADAPTER and the like) are kept as text."""

    base: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    system: str = ""
    template: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)
    licences: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)

    def as_create(self) -> dict[str, Any]:
        """The keyword arguments of `ollama.Client.create`, without the new model's name.

        Raises ModelfileError for an ADAPTER and other instructions that need files.
        """
        if self.others:
            name = next(iter(self.others)).upper()
            raise ModelfileError(f"{name} cannot be sent by this course: use `ollama create -f`.")
        given = {
            "from_": self.base,
            "parameters": self.parameters,
            "system": self.system,
            "template": self.template,
            "messages": self.messages,
            "license": self.licences,
        }
        return {name: value for name, value in given.items() if value}


def parse(text: str) -> Modelfile:
    """Read a Modelfile. Raises ModelfileError with Ollama's own words for what is wrong."""
    made = Modelfile()
    for command in commands(text):
        _take(made, command)
    if not made.base:
        raise ModelfileError("no FROM line")
    return made


def _take(made: Modelfile, command: Command) -> None:
    match command.name:
        case "from":
            made.base = command.text
        case "system":
            made.system = command.text
        case "template":
            made.template = command.text
        case "license":
            made.licences.append(command.text)
        case "message":
            role, _, content = command.text.partition(" ")
            made.messages.append({"role": role, "content": _unquote(content.strip()) or ""})
        case "parameter":
            name, _, value = command.text.partition(" ")
            _parameter(made.parameters, name, _unquote(value.strip()) or "")
        case other:
            made.others[other] = command.text


def commands(text: str) -> list[Command]:
    """The instructions, in order. A text may be quoted, or run over lines in triple quotes."""
    found: list[Command] = []
    lines = text.removeprefix("\ufeff").splitlines()
    number = 0
    while number < len(lines):
        start = number + 1
        line = lines[number].strip(" \t")
        number += 1
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.replace("\t", " ", 1).partition(" ")
        if word.lower() not in COMMANDS:
            raise ModelfileError(f"(line {start}): {BAD_COMMAND}")
        head, value = _head(word.lower(), rest.strip(" \t"), start)
        while _unquote(value) is None:
            if number == len(lines):
                raise ModelfileError("unexpected EOF")
            value += "\n" + lines[number].rstrip(" \t")
            number += 1
        if not value:
            raise ModelfileError("unexpected EOF")
        plain = _unquote(value)
        found.append(Command(word.lower(), f"{head} {value}" if head else plain or "", start))
    return found


def _head(command: str, rest: str, line: int) -> tuple[str, str]:
    """The parameter's name or the message's role, and what follows it."""
    if command not in ("parameter", "message"):
        return "", rest
    head, _, value = rest.replace("\t", " ", 1).partition(" ")
    if command == "message" and head not in ROLES:
        raise ModelfileError(f"(line {line}): {BAD_ROLE}")
    return head, value.strip(" \t")


def _unquote(text: str) -> str | None:
    """The text without its quotes; None while they are still open."""
    for quotes in ('"""', '"'):
        if text.startswith(quotes):
            closed = len(text) >= 2 * len(quotes) and text.endswith(quotes)
            return text[len(quotes) : -len(quotes)] if closed else None
    return text


def _parameter(found: dict[str, Any], name: str, value: str) -> None:
    if name in DEPRECATED:
        print(f"warning: parameter {name} is deprecated")
        return
    if name not in options.TYPES:
        raise ModelfileError(f"unknown parameter '{name}'")
    kind = options.TYPES[name]
    if kind is list:
        found.setdefault(name, []).append(value)
    elif kind is bool:
        found[name] = _flag(value)
    else:
        found[name] = _number(kind, value)


def _number(kind: type, value: str) -> float | int:
    word = {int: "int", float: "float"}[kind]
    try:
        number = kind(value)
        options.parameters({"temperature": number})
    except (ValueError, ApiError):
        raise ModelfileError(f"invalid {word} value [{value}]") from None
    return number


def _flag(value: str) -> bool:
    if value not in (
        "1",
        "t",
        "T",
        "true",
        "TRUE",
        "True",
        "0",
        "f",
        "F",
        "false",
        "FALSE",
        "False",
    ):
        raise ModelfileError(f"invalid bool value [{value}]")
    return value in TRUE
