"""Checks of lab 09: six broken deployments, diagnosed from their files and repaired.

A diagnosis names faults, a repair gives a file's text. Both are held to what a parser finds in the
files; nothing here starts a server.
"""

import ast
import contextlib
import io
import json
import logging
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import jinja2
import yaml

from workbook import paths
from workbook.course.checks import Mistake, check, kind

Repair = Callable[[str], str]

FILES = paths.LABS / "lab09" / "files"
if not FILES.is_dir():  # where only the notebook's own folder was handed over
    FILES = Path("files").resolve()

SYMPTOMS = {
    "refuses": "it ends at once with an error, and ends again after every restart",
    "exits": "it ends at once without an error (status 0), and is started again and again",
    "unhealthy": "it works, and its health check fails",
    "ignores": "it starts without an error, and leaves out something that it was given",
    "lies": "it says that all is well (status 200) where something failed",
}
"""What a fault looks like from outside."""

FIELDS = ("file", "key", "symptom", "evidence")


def read(name: str) -> str:
    """The text of one of the lab's files, such as 1_vllm/compose.yaml."""
    return (FILES / name).read_text(encoding="utf-8")


def show(folder: str) -> None:
    """Print the files of a deployment."""
    for path in sorted(p for p in (FILES / folder).rglob("*") if p.is_file()):
        name = path.relative_to(FILES / folder).as_posix()
        print(f"---------- {name}\n{path.read_text(encoding='utf-8').rstrip()}\n")


# ---------------------------------------------------------------- reading files


def options_of(command: Any) -> dict[str, str]:
    """The options of a command (list or text) with their values ('' for a switch), and what is no
    option under its number."""
    words = shlex.split(command) if isinstance(command, str) else [str(w) for w in command]
    found: dict[str, str] = {}
    place = 0
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            found[str(place)] = word
            place += 1
        elif "=" in word:
            name, _, value = word.partition("=")
            found[name] = value
        else:
            found[word] = words.pop(0) if words and not words[0].startswith("-") else ""
    return found


def variables_of(environment: Any) -> dict[str, str]:
    """A service's environment, written as a list or as a mapping."""
    if isinstance(environment, list):
        pairs = (str(entry).partition("=") for entry in environment)
        return {name: value for name, _, value in pairs}
    return {str(k): str(v) for k, v in (environment or {}).items()}


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf of a parsed compose file by its dotted path; a command by its options."""
    last = path.rpartition(".")[2]
    if last == "command" and isinstance(value, list | str):
        value = options_of(value)
    elif last == "environment":
        value = variables_of(value)
    if isinstance(value, dict):
        found = {}
        for name, inner in value.items():
            found |= flat(inner, f"{path}.{name}" if path else str(name))
        return found
    return {path: [str(v) for v in value] if isinstance(value, list) else str(value)}


def compose(text: str, file: str = "compose.yaml") -> dict[str, Any]:
    """A compose file as nested dicts. Raises Mistake."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise Mistake(
            f"The repaired {file} is no YAML any more{where}: look at the indentation; print it."
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("services"), dict):
        raise Mistake(f"The repaired {file} has no `services`: give the whole file's text.")
    return found


def instructions(text: str, file: str) -> list[tuple[str, str]]:
    """(instruction, its text) of a Dockerfile or a Modelfile, comments left out. Raises Mistake
    where three quotes are not closed."""
    found = []
    lines = iter(text.replace("\\\n", " ").splitlines())
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, rest = line.strip().partition(" ")
        if rest.count('"""') == 1:
            for more in lines:
                rest += "\n" + more
                if '"""' in more:
                    break
            else:
                raise Mistake(f'In the repaired {file}, {name} opens """ and never closes it.')
        found.append((name.upper(), rest.strip()))
    return found


def _keys(folder: str, file: str) -> set[str]:
    """What may be named as a key in a file."""
    text = read(f"{folder}/{file}")
    if file.endswith(".yaml"):
        leaves = flat(yaml.safe_load(text))
        parts = (path.split(".") for path in leaves)
        return {".".join(p[: n + 1]) for p in parts for n in range(len(p))} | leaves.keys()
    if file.endswith(".py"):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)}
    if file.endswith("file"):
        pairs = instructions(text, file)
        named = {f"{n} {r.split()[0]}" for n, r in pairs if n == "PARAMETER" and r}
        return {name for name, _ in pairs} | named
    return set()


# ---------------------------------------------------------------- diagnosis


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. keys: how it may be named; evidence: what a line that proves it
    holds; clue: what to say to whom it escaped."""

    file: str
    keys: tuple[str, ...]
    symptom: str
    evidence: tuple[str, ...]
    clue: str


@dataclass(frozen=True)
class Case:
    """A broken deployment. innocent: keys that are often suspected, and why they are not it."""

    faults: tuple[Fault, ...]
    innocent: Mapping[str, str] = field(default_factory=dict)


COMMAND = "services.vllm.command"

CASES = {
    "1_vllm": Case(
        (
            Fault(
                "compose.yaml",
                (f"{COMMAND}.--enable-auto-tool-choice", f"{COMMAND}.--tool-call-parser"),
                "refuses",
                ("requires --tool-call-parser",),
                "read the last line of first_start.log: which option asks for another one?",
            ),
            Fault(
                "compose.yaml",
                (f"{COMMAND}.--quantization",),
                "refuses",
                ("Cannot find the config file for awq",),
                "second_start.log shows what came up when the first fault was gone.",
            ),
        ),
        {
            f"{COMMAND}.--max-model-len": "4096 tokens fit into pocket's context of 8192",
            "services.vllm.restart": "it only repeats the end, it does not cause it",
            "services.vllm.image": "that is the image for processors, with a version: right",
            "services.vllm.deploy.resources.limits.memory": "no log speaks of memory",
        },
    ),
    "2_engine": Case(
        (
            Fault(
                "Dockerfile",
                ("CMD",),
                "exits",
                ("exit code 0",),
                "restarts.txt: the process ended with success, again and again. What starts it, "
                "and what would have to go on running?",
            ),
            Fault(
                "compose.yaml",
                ("services.engine.healthcheck.test", "services.engine.healthcheck"),
                "unhealthy",
                ('exec: "curl": executable file not found',),
                "health.txt was written with the first fault gone: the server answers, and yet...",
            ),
        ),
        {
            "services.engine.restart": "it only repeats the end, it does not cause it",
            "services.engine.read_only": "the warning about the telemetry identifier comes from "
            "it, and is harmless: with it the server answers in health.txt",
            "EXPOSE": "it only documents a port",
            "USER": "a user without rights is right",
            "services.engine.healthcheck.start_period": "waiting longer does not bring a program "
            "that is not in the image",
        },
    ),
    "3_ollama": Case(
        (
            Fault(
                "Modelfile",
                ("FILE",),
                "refuses",
                ("command must be one of",),
                "create_1.log names a line and what may stand at its begin.",
            ),
            Fault(
                "Modelfile",
                ("PARAMETER context_length",),
                "refuses",
                ("unknown parameter 'context_length'",),
                "create_2.log shows what came up when the first fault was gone.",
            ),
        ),
        {
            "FROM": "the model's name is right: phi4-mini, and not phi4, which is larger",
            "PARAMETER num_gpu": "it is a fault, but no log shows it: Ollama takes it and says "
            "nothing. Name what the logs prove, and put this right in 3b",
            "PARAMETER temperature": "Ollama has this parameter",
            "SYSTEM": "Ollama has this instruction",
            "services.ollama.healthcheck.test": "the image has the program `ollama`: right",
        },
    ),
    "4_llamacpp": Case(
        (
            Fault(
                "compose.yaml",
                ("services.llamacpp.command.--chat-template-file",),
                "ignores",
                ('"supports_tools": false', '"prompt_tokens": 13', '"supports_tool_calls": false'),
                "compare the prompt tokens with and without tools: who writes the prompt?",
            ),
        ),
        {
            "services.llamacpp.command.--jinja": "with it templates are rendered: right",
            "services.llamacpp.command.--ctx-size": "13 tokens of prompt are far below 4096",
            "services.llamacpp.command.--model": "the model answers; what it reads is the question",
            "services.llamacpp.volumes": "both folders are where the command looks",
        },
    ),
    "5_memory": Case(
        (
            Fault(
                "compose.yaml",
                ("services.vllm.environment.VLLM_CPU_KVCACHE_SPACE",),
                "refuses",
                ("requested memory for kv",),
                "the log says what was asked for, and how much there was: who asked for 20 GiB?",
            ),
        ),
        {
            f"{COMMAND}.--max-model-len": "the log says which number is too large: it is not this",
            f"{COMMAND}.--max-num-seqs": "the log says which number is too large: it is not this",
            "services.vllm.shm_size": "shared memory is not what the log speaks of",
            "services.vllm.deploy.resources.limits.memory": "the limit must come down too, but it "
            "is not what vLLM refused: name who asked for more than there was",
        },
    ),
    "6_health": Case(
        (
            Fault(
                "compose.yaml",
                ("services.engine.volumes",),
                "ignores",
                ("Model file not found",),
                "the first line of server.log: where does the server look, and where is the model?",
            ),
            Fault(
                "server.py",
                ("health",),
                "lies",
                ('"status":"model_not_loaded"', '"GET /health HTTP/1.1" 200', "GET /health"),
                "put the status line and the body of the first reply in curl.txt side by side.",
            ),
            Fault(
                "server.py",
                ("generate_reasoning",),
                "lies",
                ('{"error":"Model not loaded"}', '"POST /reasoning HTTP/1.1" 200'),
                "put the status line and the body of the second reply in curl.txt side by side.",
            ),
        ),
        {
            "load_model": "it looks where the tutorial says; the mount goes elsewhere",
            "services.engine.healthcheck.test": "it fails on every status that is an error: right. "
            "It cannot know better than the status that it gets",
            "services.engine.command": "uvicorn serves the application: right",
        },
    ),
}
"""What is wrong in each deployment."""


def _entries(found: Any) -> list[dict[str, str]]:
    if type(found) is not list:
        raise Mistake(f"The diagnosis is {kind(found)}: give a list with a dict for each fault.")
    for entry in found:
        if type(entry) is not dict:
            raise Mistake(f"The diagnosis holds {kind(entry)}: give a dict for each fault.")
        lacking = [name for name in FIELDS if name not in entry]
        if lacking:
            raise Mistake(f"A fault has no {', '.join(lacking)}: give {', '.join(FIELDS)}.")
        for name in FIELDS:
            if type(entry[name]) is not str:
                raise Mistake(f"{name!r} is {kind(entry[name])}: give text (str).")
    return found


def _exists(folder: str, entry: dict[str, str], faults: tuple[Fault, ...]) -> None:
    file, key = entry["file"], entry["key"]
    there = sorted(p.relative_to(FILES / folder).as_posix() for p in _files(folder))
    if file not in there:
        raise Mistake(f"There is no file {file!r} in {folder}: it has {', '.join(there)}.")
    if file.endswith(".jinja"):
        raise Mistake(f"{file} does what it says: the fault is where somebody chose it.")
    if not _keys(folder, file):
        raise Mistake(f"{file} shows what happened; a fault is in a file that somebody wrote.")
    named = {k for fault in faults if fault.file == file for k in fault.keys}
    if key not in _keys(folder, file) | named:
        raise Mistake(
            f"{file} has no key {key!r}: give the whole path, with dots, as in "
            "services.NAME.command.--option; in a Dockerfile or Modelfile the instruction (and "
            "the parameter's name), in Python the function."
        )
    if entry["symptom"] not in SYMPTOMS:
        raise Mistake(f"{entry['symptom']!r} is no symptom: choose from {', '.join(SYMPTOMS)}.")
    line = entry["evidence"].strip()
    lines = [x for p in _files(folder) for x in p.read_text(encoding="utf-8").splitlines()]
    if len(line) < 10 or not any(line in x for x in lines):
        raise Mistake(
            f"No line in {folder} holds the evidence {line!r}: copy a line, or at least ten "
            "characters of one."
        )


def _files(folder: str) -> list[Path]:
    return [path for path in (FILES / folder).rglob("*") if path.is_file()]


def _match(folder: str, entry: dict[str, str]) -> Fault:
    """The fault that an entry names rightly. Raises Mistake."""
    case, key = CASES[folder], entry["key"]
    fault = next((f for f in case.faults if f.file == entry["file"] and key in f.keys), None)
    if fault is None:
        said = case.innocent.get(key, "with another value there, the logs would say the same")
        raise Mistake(f"{key} in {entry['file']} is not what the logs show: {said}.")
    if entry["symptom"] != fault.symptom:
        given = entry["symptom"]
        raise Mistake(
            f"{key}: {given!r} means that {SYMPTOMS[given]}. Is that what the logs show of it?"
        )
    if not any(part in entry["evidence"] for part in fault.evidence):
        raise Mistake(
            f"{key}: the line {entry['evidence'].strip()!r} is there, but it would be there "
            "without this fault, too, or says too little. Copy the line that proves it, whole."
        )
    return fault


@check
def diagnosis(function: Callable, folder: str) -> None:
    """Check that every fault that a diagnosis names is one, with its symptom and its evidence.

    Raises Mistake.
    """
    entries = _entries(function())
    if not entries:
        raise Mistake("The diagnosis is empty: name at least one fault.")
    seen: list[Fault] = []
    for entry in entries:
        _exists(folder, entry, CASES[folder].faults)
        fault = _match(folder, entry)
        if fault in seen:
            raise Mistake(f"{entry['key']} is named twice: each fault is one entry.")
        seen.append(fault)


@check
def complete(function: Callable, folder: str) -> None:
    """Check that a diagnosis leaves out no fault. Raises Mistake."""
    named = {(entry["file"], entry["key"]) for entry in _entries(function())}
    for fault in CASES[folder].faults:
        if not named & {(fault.file, key) for key in fault.keys}:
            raise Mistake(f"A fault is missing: {fault.clue}")


# ---------------------------------------------------------------- repairs


def _repaired(function: Repair, name: str, change: bool = True) -> str:
    """What a repair makes of a file. Raises Mistake."""
    before = read(name)
    text = function(before)
    if type(text) is not str:
        raise Mistake(f"The repair of {name} gave {kind(text)}: give the file's new text (str).")
    if change and text == before:
        raise Mistake(
            f"The repair of {name} changed nothing. `text.replace(old, new)` does nothing when "
            "`old` is not in the text exactly as you wrote it."
        )
    return text


def _service(text: str, name: str) -> dict[str, Any]:
    services = compose(text)["services"]
    if not isinstance(services.get(name), dict):
        raise Mistake(f"The service {name} is gone from the repaired compose.yaml: keep its name.")
    return services[name]


def _unchanged(folder: str, text: str, *allowed: str) -> None:
    """Raises Mistake when more has changed than the paths that may."""
    before, after = flat(compose(read(f"{folder}/compose.yaml"))), flat(compose(text))
    for path in sorted(before.keys() | after.keys()):
        if path.startswith(allowed) or before.get(path) == after.get(path):
            continue
        if path not in after:
            raise Mistake(f"{path} is gone: change only what is broken.")
        if path not in before:
            raise Mistake(f"{path} is new ({after[path]}): change only what is broken.")
        raise Mistake(
            f"{path} was {before[path]} and is {after[path]}: change only what is broken."
        )


def _vllm(function: Repair) -> tuple[str, dict[str, str]]:
    text = _repaired(function, "1_vllm/compose.yaml")
    return text, options_of(_service(text, "vllm").get("command") or [])


@check
def vllm_starts(function: Repair) -> None:
    """Check that vLLM would start with the repaired compose file. Raises Mistake."""
    _, options = _vllm(function)
    if "--quantization" in options or "-q" in options:
        raise Mistake(
            "--quantization is still there: pocket's weights are bf16 and no AWQ checkpoint, so "
            "leave the option out. (A checkpoint that is quantized says so itself.)"
        )
    if "--enable-auto-tool-choice" in options and not options.get("--tool-call-parser"):
        raise Mistake("vLLM still stops: --enable-auto-tool-choice wants a --tool-call-parser.")
    if options.get("--tool-call-parser") == PARSER and not options.get("--tool-parser-plugin"):
        raise Mistake(
            f"vLLM still stops (invalid tool call parser): {PARSER} is not one of its own, so it "
            "also wants --tool-parser-plugin with the file."
        )


PARSER, PLUGIN = "phi4_mini_native", "/course/vllm_tools.py"


@check
def vllm_calls_tools(function: Repair) -> None:
    """Check that tools still work, and that all else is as it was. Raises Mistake."""
    text, options = _vllm(function)
    if "--enable-auto-tool-choice" not in options:
        raise Mistake(
            "It starts, without tools: you took --enable-auto-tool-choice out, and the users "
            "wanted tools. Give it what it asks for."
        )
    given = options["--tool-call-parser"]
    if given == "phi4_mini_json":
        raise Mistake(
            "phi4_mini_json reads calls written as functools[...], as vLLM's own template asks "
            "for them. pocket writes <|tool_call|>[...]: its calls would come back as text."
        )
    if given != PARSER:
        raise Mistake(
            f"--tool-call-parser={given} reads the calls of another family of models: pocket "
            f"writes <|tool_call|>[...], as Phi-4-mini does, and {PARSER} reads that."
        )
    if (file := options.get("--tool-parser-plugin")) != PLUGIN:
        raise Mistake(f"--tool-parser-plugin={file} is not in the container; {PLUGIN} is.")
    names = ("--quantization", "--tool-call-parser", "--tool-parser-plugin")
    _unchanged("1_vllm", text, *(f"{COMMAND}.{name}" for name in names))


@check
def engine_serves(dockerfile: Repair) -> None:
    """Check that the repaired Dockerfile starts a web server. Raises Mistake."""
    _served(_repaired(dockerfile, "2_engine/Dockerfile"))


def _served(text: str) -> list[str]:
    """The words of the Dockerfile's command. Raises Mistake when it serves nothing."""
    pairs = instructions(text, "Dockerfile")
    last = {name: rest for name, rest in pairs if name in ("ENTRYPOINT", "CMD")}
    if not last:
        raise Mistake("The Dockerfile has no CMD any more: nothing would start.")
    # CMD holds the arguments of an ENTRYPOINT, unless that is a line for the shell
    entry = last.get("ENTRYPOINT", "")
    words = _words("ENTRYPOINT", entry)
    if not entry or entry.startswith("["):
        words += _words("CMD", last.get("CMD", ""))
    words = _started(words)
    if "tail" in words or "sleep" in words:
        raise Mistake("That keeps the container running, and nothing answers: serve the app.")
    if "uvicorn" not in words:
        raise Mistake(
            "server.py only defines the application `app`: a web server has to run it, and "
            "uvicorn is installed."
        )
    if "server:app" not in words:
        raise Mistake("uvicorn wants to know what to serve: MODULE:NAME, here server:app.")
    return words


def _words(name: str, rest: str) -> list[str]:
    try:
        return json.loads(rest) if rest.startswith("[") else shlex.split(rest)
    except ValueError:
        said = f"{name} {rest} is no list of words: write it as JSON, in double quotes."
        raise Mistake(said) from None


def _started(words: list[str]) -> list[str]:
    """The same program without what only starts it: a shell, or Python with a line of code."""
    if words[:1] in (["sh"], ["/bin/sh"], ["bash"], ["/bin/bash"]) and words[1:2] == ["-c"]:
        return shlex.split(words[2]) if words[2:] else words
    if words[:1] in (["python"], ["python3"]) and words[1:2] == ["-c"] and words[2:]:
        with contextlib.suppress(SyntaxError, ValueError):
            for node in ast.walk(ast.parse(words[2])):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "uvicorn.run":
                    given = [str(ast.literal_eval(value)) for value in node.args]
                    pairs = ((k.arg, ast.literal_eval(k.value)) for k in node.keywords)
                    return ["uvicorn", *given, *(f"--{name}={value}" for name, value in pairs)]
    return words


@check
def engine_is_reached(dockerfile: Repair, health: Repair) -> None:
    """Check the server's address, and that the health check can run. Raises Mistake."""
    text = _repaired(dockerfile, "2_engine/Dockerfile")
    words = _served(text)
    options = options_of(words)
    if options.get("--host") != "0.0.0.0":
        raise Mistake(
            f"uvicorn listens on {options.get('--host') or '127.0.0.1, its default'}: inside a "
            "container that is the container itself. For its published port it is --host 0.0.0.0."
        )
    if options.get("--port") != "8080":
        raise Mistake(
            f"uvicorn listens on port {options.get('--port') or '8000, its default'}; the compose "
            "file publishes 8080."
        )
    users = [rest for name, rest in instructions(text, "Dockerfile") if name == "USER"]
    if users[-1:] != ["slm"]:
        raise Mistake("The server runs as root now: keep USER slm, last of its kind.")
    _can_check(_repaired(health, "2_engine/compose.yaml", change=False), text)


def _can_check(text: str, dockerfile: str) -> None:
    test = (_service(text, "engine").get("healthcheck") or {}).get("test")
    if not test or test == ["NONE"]:
        raise Mistake("There is no health check any more: repair it, do not remove it.")
    words = ["CMD-SHELL", test] if isinstance(test, str) else [str(w) for w in test]
    command = shlex.split(words[1]) if words[0] == "CMD-SHELL" and words[1:] else words[1:]
    if words[0] not in ("CMD", "CMD-SHELL") or not command:
        raise Mistake("The test must begin with CMD or CMD-SHELL, then the program.")
    program, said = command[0], " ".join(command)
    ran = " ".join(rest for name, rest in instructions(dockerfile, "") if name == "RUN")
    forgiven = re.search(r"(\|\||;)\s*(true|:|exit 0|echo\b.*)\s*;?\s*$", said)
    if program in ("true", "exit", "echo") or (words[0] == "CMD-SHELL" and forgiven):
        raise Mistake(f"`{said}` is always healthy: that is no check, ask the server.")
    installed = re.search(rf"install\b[^&|;]*\b{re.escape(program)}\b", ran)
    if program not in ("python", "python3") and not installed:
        raise Mistake(f"{program} is not in python:3.11-slim: use what the image has, Python.")
    host = re.search(r"127\.0\.0\.1|localhost", said)
    if not (host and "/health" in said and re.search(r"\b8080\b", said)):
        raise Mistake("The health check must ask http://127.0.0.1:8080/health.")
    if program.startswith("python"):
        _python_check(command)
    elif not re.search(r"(^| )(-\w*f\w*|--fail)( |$)", said) and program == "curl":
        raise Mistake("curl ends with 0 also when the server answers 503: add -f.")
    _unchanged("2_engine", text, "services.engine.healthcheck.test")


def _python_check(command: list[str]) -> None:
    if "-c" not in command[:-1]:
        raise Mistake("Python takes code behind -c: python -c CODE.")
    code = command[command.index("-c") + 1]
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise Mistake(f"The health check's code is no Python ({error.msg}).") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and not re.search(
            r"raise|exit\((?!0?\))", "\n".join(map(ast.unparse, node.body))
        ):
            raise Mistake(
                "The check's code catches the error and ends with 0: let it fail, or end with "
                "sys.exit(1)."
            )
    own = "status" in code and re.search(r"exit\(|raise\b|assert\b", code)
    if "urlopen" not in code and "raise_for_status" not in code and not own:
        raise Mistake(
            "The check's code must fail when the server does: urllib.request.urlopen raises on "
            "every error status."
        )


LAYERS = 32
"""Layers of Phi-4-mini."""

KNOWN = "FROM PARAMETER TEMPLATE SYSTEM ADAPTER LICENSE MESSAGE REQUIRES".split()
OPTIONS = set(
    "num_ctx num_batch num_gpu main_gpu use_mmap num_thread num_keep seed num_predict top_k top_p "
    "min_p typical_p repeat_last_n temperature repeat_penalty presence_penalty frequency_penalty "
    "stop".split()
)


def _modelfile(function: Repair) -> tuple[list[tuple[str, str]], dict[str, str]]:
    pairs = instructions(_repaired(function, "3_ollama/Modelfile"), "Modelfile")
    given = (rest.split(maxsplit=1) for name, rest in pairs if name == "PARAMETER")
    return pairs, {words[0]: words[-1] for words in given if words}


@check
def modelfile_is_read(function: Repair) -> None:
    """Check that Ollama would accept the repaired Modelfile. Raises Mistake."""
    pairs, options = _modelfile(function)
    for name, _ in pairs:
        if name not in KNOWN:
            raise Mistake(
                f"A Modelfile has no instruction {name}: Ollama would refuse it. (A SYSTEM text of "
                'several lines stands between """ and """.)'
            )
    for name in options:
        if name not in OPTIONS:
            raise Mistake(f"Ollama has no parameter {name}: it would refuse the file.")
    if [rest for name, rest in pairs if name == "FROM"] != ["phi4-mini:3.8b-q4_K_M"]:
        raise Mistake("Leave FROM as it is: FROM phi4-mini:3.8b-q4_K_M, once.")


@check
def modelfile_is_meant(function: Repair) -> None:
    """Check that the repaired Modelfile says what its author wanted. Raises Mistake."""
    pairs, options = _modelfile(function)
    if options.get("num_ctx") != "4096":
        found = options.get("num_ctx")
        raise Mistake(
            f"The context is {found}, and 4096 were wanted."
            if found
            else "The context of 4096 tokens is gone: its parameter is called num_ctx."
        )
    layers = options.get("num_gpu", "-1")
    if layers != "-1" and not (layers.isdigit() and int(layers) >= LAYERS):
        raise Mistake(
            f"num_gpu {layers} puts {layers} of {LAYERS} layers on the card, and the rest on the "
            "processor: it counts layers, not cards. Leave it out, and Ollama takes all that fit."
        )
    if "TEMPLATE" in [name for name, _ in pairs]:
        raise Mistake("A TEMPLATE replaces the model's own, with its turns and its tools: no.")
    if options.get("temperature") != "0.3":
        raise Mistake("temperature was 0.3: change only what is broken.")
    texts = [rest for name, rest in pairs if name == "SYSTEM"]
    if len(texts) > 1:
        raise Mistake(
            f"The file has {len(texts)} SYSTEM instructions, and Ollama keeps the last one only: "
            "write all that the model must know into one."
        )
    system = " ".join(texts)
    for line in ["service desk", *read("3_ollama/guidelines.txt").split("\n")]:
        if " ".join(line.split()) not in " ".join(system.split()):
            raise Mistake(
                f"The model never reads {line!r}: a Modelfile takes in no documents, so what it "
                "must always know stands in SYSTEM, beside what stood there before."
            )


def _template(function: Repair) -> tuple[str, str | None]:
    """The repaired compose file, and the text of the chat template that it names, if any."""
    text = _repaired(function, "4_llamacpp/compose.yaml")
    service = _service(text, "llamacpp")
    options = options_of(service.get("command") or [])
    if "--no-jinja" in options:
        raise Mistake("--no-jinja switches templates off: then no tool is ever rendered.")
    if "--chat-template" in options:
        raise Mistake("--chat-template wants the template's text or name: name the file instead.")
    named = options.get("--chat-template-file")
    if named is None:
        return text, None
    mounts = dict(_mounts(service))
    for target, source in mounts.items():
        if PurePosixPath(named).is_relative_to(target):
            file = PurePosixPath(source) / PurePosixPath(named).relative_to(target)
            path = FILES / "4_llamacpp" / file
            if path.is_file():
                return text, path.read_text(encoding="utf-8")
    raise Mistake(
        f"{named} is not in the container: which folder is mounted where, and what is in?"
    )


def _mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """(path in the container, path on the host) of a service's volumes."""
    found = []
    for volume in service.get("volumes") or []:
        if isinstance(volume, dict):
            found.append((str(volume.get("target")), str(volume.get("source"))))
        else:
            source, target, *_ = [*str(volume).split(":"), ""]
            found.append((target, source))
    return found


TOOL = {"name": "get_weather", "description": "Current weather", "parameters": {"type": "object"}}


@check
def tools_reach_the_prompt(function: Repair) -> None:
    """Render the template that the repaired file names, with a tool. Raises Mistake."""
    _, template = _template(function)
    if template is None:  # the template in pocket's GGUF file renders tools
        return
    messages = [{"role": "user", "content": "What is the weather in Hanoi?"}]
    values = {"tools": [{"type": "function", "function": TOOL}], "add_generation_prompt": True}
    rendered = jinja2.Environment().from_string(template).render(messages=messages, **values)
    if "get_weather" not in rendered:
        raise Mistake(
            "With the template that your file names, the prompt still does not hold the tool: "
            f"{rendered!r}. Look into templates/: which one mentions `tools` of the request?"
        )


@check
def llamacpp_is_as_before(function: Repair) -> None:
    """Check that only the template has changed. Raises Mistake."""
    text, _ = _template(function)
    _unchanged("4_llamacpp", text, "services.llamacpp.command.--chat-template-file")


GIB = 2**30
WEIGHTS = 7_672_043_520
"""Bytes of Phi-4-mini in bf16."""
TOKEN = 131_072
"""Bytes of its KV cache for one token, in bf16."""
OVERHEAD = 2.5 * GIB
ALLOWED = 12 * GIB


def size(text: Any) -> int:
    """Bytes of a size as compose files write it: 12g, 512m. Raises Mistake."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?", str(text).strip().lower())
    if not found:
        raise Mistake(f"The memory limit {text!r} is no size: write 12g.")
    return int(float(found[1]) * {"": 1, "k": 2**10, "m": 2**20, "g": GIB}[found[2]])


def _memory(function: Repair) -> tuple[str, int, int]:
    """The repaired file, GiB of cache, bytes of the limit."""
    text = _repaired(function, "5_memory/compose.yaml")
    service = _service(text, "vllm")
    given = variables_of(service.get("environment")).get("VLLM_CPU_KVCACHE_SPACE")
    if given is None:
        raise Mistake(
            "Without VLLM_CPU_KVCACHE_SPACE, vLLM on a processor takes 92 % of all memory: set it."
        )
    if not re.fullmatch(r"\d+", given):
        raise Mistake(f"VLLM_CPU_KVCACHE_SPACE is {given!r}: it is a whole number, of GiB.")
    limits = ((service.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    limit = limits.get("memory", service.get("mem_limit"))
    if limit is None:
        raise Mistake("The service has no memory limit any more: set it to what it may use.")
    return text, int(given), size(limit)


@check
def memory_fits(function: Repair) -> None:
    """Check that weights, cache and vLLM's own needs fit into 12 GiB. Raises Mistake."""
    _, cache, limit = _memory(function)
    if limit > ALLOWED:
        raise Mistake(f"The limit is {limit / GIB:g} GiB, and the service may have 12.")
    needed = WEIGHTS + cache * GIB + OVERHEAD
    if needed > limit:
        raise Mistake(
            f"It needs {needed / GIB:.2f} GiB (weights {WEIGHTS / GIB:.2f}, cache {cache}, vLLM "
            f"itself {OVERHEAD / GIB:g}) and its limit is {limit / GIB:g} GiB: the kernel would "
            "kill it."
        )


@check
def memory_is_enough(function: Repair) -> None:
    """Check that four sequences of 4096 tokens fit into the cache. Raises Mistake."""
    text, cache, _ = _memory(function)
    keep = ("--max-num-seqs", "--max-model-len")
    before = options_of(_service(read("5_memory/compose.yaml"), "vllm")["command"])
    options = options_of(_service(text, "vllm").get("command") or [])
    if [options.get(name) for name in keep] != [before[name] for name in keep]:
        raise Mistake("Four users with 4096 tokens each were promised: leave these two options.")
    wanted = 4 * 4096
    if cache * GIB < wanted * TOKEN:
        raise Mistake(
            f"A cache of {cache} GiB holds {cache * GIB // TOKEN:,} tokens, and 4 sequences of "
            f"4096 are {wanted:,}: some would wait."
        )
    changed = ("environment.VLLM_CPU_KVCACHE_SPACE", "deploy.resources.limits.memory", "mem_limit")
    _unchanged("5_memory", text, *(f"services.vllm.{path}" for path in changed))


# ---------------------------------------------------------------- the server that says 200


def _module(function: Repair) -> tuple[ModuleType, str]:
    """The repaired server as a module. Raises Mistake."""
    text = _repaired(function, "6_health/server.py")
    module = ModuleType("repaired_server")
    try:
        code = compile(text, "server.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise Mistake(
            f"The repaired server.py is no Python ({error.msg}, line {error.lineno}): print it."
        ) from None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, vars(module))
    except Exception as error:
        raise Mistake(
            f"The repaired server.py cannot be imported ({type(error).__name__}: {error})."
        ) from None
    if not hasattr(module, "app") or not hasattr(module, "engine"):
        raise Mistake("server.py must still define `app` and `engine`.")
    return module, text


def _asked(module: ModuleType, model: Callable[[str], str] | None) -> tuple[Any, Any]:
    """The replies to a health check and to a question."""
    from fastapi.testclient import TestClient

    logging.getLogger("httpx").setLevel(logging.WARNING)
    module.engine.model = model
    client = TestClient(module.app, raise_server_exceptions=False)
    return client.get("/health"), client.post("/reasoning", json={"prompt": "How far is it?"})


@check
def server_is_honest(function: Repair) -> None:
    """Check both replies of the repaired server without a model. Raises Mistake."""
    module, _ = _module(function)
    health, reply = _asked(module, None)
    if health.status_code == 200:
        raise Mistake(
            "/health is still 200 without a model: what asks it looks at the status only. Answer "
            "503 then, for instance with HTTPException(503, ...) or JSONResponse(..., 503)."
        )
    if health.status_code != 503:
        raise Mistake(f"/health is {health.status_code} without a model: `not now` is 503.")
    if reply.status_code == 200:
        raise Mistake("/reasoning is still 200 without a model: an error text is no answer.")
    if reply.status_code < 500:
        raise Mistake(
            f"/reasoning is {reply.status_code} without a model: 4xx says that the client is at "
            "fault. It is the server: 503."
        )


def _broken(prompt: str) -> str:
    raise RuntimeError("out of memory")


@check
def server_works(server: Repair, mount: Repair) -> None:
    """Check the repaired server with a model, with a broken one, and where it looks for it.

    Raises Mistake.
    """
    module, text = _module(server)
    health, reply = _asked(module, lambda prompt: "60 x 2.5 = 150 miles")
    if health.status_code != 200 or reply.status_code != 200:
        raise Mistake(
            f"With a model, /health is {health.status_code} and /reasoning {reply.status_code}: "
            "both must be 200 then."
        )
    if reply.json() != {"generated_text": "60 x 2.5 = 150 miles"}:
        raise Mistake(f"With a model, /reasoning answered {reply.json()}: leave answers as is.")
    health, reply = _asked(module, _broken)
    if reply.status_code < 500:
        raise Mistake(
            f"When the computation fails, /reasoning is {reply.status_code}: every failure is an "
            "error for whoever asked, so 500."
        )
    if health.status_code != 200:
        raise Mistake("One failed request made /health fail: the model is loaded, so it is 200.")
    _finds_model(text, _repaired(mount, "6_health/compose.yaml", change=False))


def _finds_model(server: str, text: str) -> None:
    names = [
        node.value
        for node in ast.walk(ast.parse(server))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.endswith(".onnx")
    ]
    mounts = [target for target, source in _mounts(_service(text, "engine")) if "models" in source]
    if not mounts:
        raise Mistake("The folder ./models is not mounted any more: the model would be missing.")
    if not any(PurePosixPath(n).is_relative_to(t) for n in names for t in mounts):
        raise Mistake(
            f"The server looks for {', '.join(names)} and ./models is mounted on "
            f"{', '.join(mounts)}: they still do not meet."
        )
    _unchanged("6_health", text, "services.engine.volumes")
