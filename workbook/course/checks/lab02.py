"""Checks of lab 02: a compose file for vLLM, a streaming client, tool calls in a stream, flags."""

import copy
import json
import math
import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

import yaml

from workbook.course.checks import Mistake, check, kind, real

Service = dict[str, Any]
Event = tuple[float, str]

# ---------------------------------------------------------------- exercise 1: the compose file

SECRET = re.compile(r"(KEY|TOKEN|PASSWORD|SECRET)$")
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
PORT = 8000
"""Where vLLM listens when nothing is said."""


def _service(text: Any) -> tuple[dict[str, Any], Service]:
    """The file and its one service. Raises Mistake for what cannot be read."""
    if type(text) is not str:
        raise Mistake(f"compose() gave {kind(text)}: give the file's text (str), in triple quotes.")
    try:
        file = yaml.safe_load(text)
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise Mistake(f"The text is not YAML ({said}): look at the indentation.") from None
    if not isinstance(file, dict) or not isinstance(file.get("services"), dict):
        raise Mistake("The file has no `services:` with a service under it.")
    services = list(file["services"].values())
    if len(services) != 1 or not isinstance(services[0], dict):
        raise Mistake(f"The file has {len(services)} services: one is asked for.")
    return file, services[0]


def _command(service: Service) -> list[str]:
    """The arguments, however they are written; --name=value becomes two."""
    command = service.get("command") or []
    parts = shlex.split(command) if isinstance(command, str) else [str(part) for part in command]
    pairs = [part.split("=", 1) if part.startswith("--") else [part] for part in parts]
    return [word for pair in pairs for word in pair]


def _value(command: list[str], flag: str) -> str | None:
    """What follows a flag: "" where nothing does, None where the flag is not there."""
    if flag not in command:
        return None
    after = command[command.index(flag) + 1 :][:1]
    return after[0] if after and not after[0].startswith("--") else ""


def _mounts(service: Service) -> list[tuple[str, str, bool]]:
    """Source, path in the container, and whether it is read-only, of each volume."""
    found = []
    for volume in service.get("volumes") or []:
        if isinstance(volume, dict):
            only = bool(volume.get("read_only"))
            found.append((str(volume.get("source")), str(volume.get("target")), only))
        else:
            source, _, rest = str(volume).partition(":")
            target, _, mode = rest.partition(":")
            found.append((source, target, "ro" in mode.split(",")))
    return found


def _mounted(service: Service, path: str) -> bool:
    """Whether a path in the container lies in a volume."""
    parents = [PurePosixPath(path), *PurePosixPath(path).parents]
    return any(PurePosixPath(target) in parents for _, target, _ in _mounts(service) if target)


def _report(problems: Iterable[str]) -> None:
    """Raises a Mistake that lists what is left to repair."""
    found = list(problems)
    if found:
        listed = " ".join(f"({n}) {said}" for n, said in enumerate(found, 1))
        raise Mistake(f"Left to repair: {len(found)}. {listed}")


@check
def starts(text: str) -> None:
    """Check what a compose file needs so that vLLM starts with it. Raises Mistake."""
    file, service = _service(text)
    command = _command(service)
    found = [
        *(["`version:` is obsolete: leave it out."] if "version" in file else []),
        *_image(service),
        *_model(service, command),
        *_arguments(command),
        *_tools(service, command),
        *_gpu(service),
    ]
    _report(found)


def _image(service: Service) -> Iterable[str]:
    name, _, digest = str(service.get("image", "")).partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if name.split(":")[0] != "vllm/vllm-openai":
        yield f"The image is {name or 'missing'}: for an NVIDIA GPU it is vllm/vllm-openai."
    elif not digest and tag in ("", "latest"):
        yield "The image has no version: `latest` is another program tomorrow; name a tag."


def _model(service: Service, command: list[str]) -> Iterable[str]:
    if "--model" in command:
        yield "`--model` after the image is deprecated: the model comes first, without a flag."
        return
    if command[:2] == ["vllm", "serve"]:
        yield "`vllm serve` is the image's entrypoint already: begin with the model."
        return
    if not command or command[0].startswith("-"):
        yield "No model is named: it comes first under `command`."
    elif not command[0].startswith("/"):
        yield f"The model is {command[0]}, which would be downloaded: name the folder in /models."
    elif not _mounted(service, command[0]):
        yield f"The model's folder {command[0]} lies in no volume: mount ./models on /models."


def _arguments(command: list[str]) -> Iterable[str]:
    if "--quantization" in command or "-q" in command:
        yield "`--quantization` names a format that these weights do not have: leave it out."
    length = _value(command, "--max-model-len")
    if length is None:
        yield "`--max-model-len` is missing: without it vLLM plans for 131,072 tokens."
    elif not length.isdigit() or int(length) > 4096:
        yield f"`--max-model-len` is {length or 'empty'}: above 4096 it is another model."


def _tools(service: Service, command: list[str]) -> Iterable[str]:
    if "--enable-auto-tool-choice" not in command:
        yield "Tools are off: keep `--enable-auto-tool-choice`."
        return
    parser, plugin = _value(command, "--tool-call-parser"), _value(command, "--tool-parser-plugin")
    if not parser:
        yield "`--enable-auto-tool-choice` needs a `--tool-call-parser`, else vLLM does not start."
    elif plugin is None and parser != "phi4_mini_json":
        yield f"vLLM has no parser {parser!r} for Phi-4-mini: its own is phi4_mini_json."
    if plugin is not None and not _mounted(service, plugin):
        yield f"The plugin {plugin or '(no path)'} lies in no volume: the container cannot see it."
    template = _value(command, "--chat-template")
    if not template:
        yield "`--chat-template` is missing: with Phi's own template the model never sees a tool."
    elif not _mounted(service, template):
        yield f"The template {template} lies in no volume: the container cannot see it."


def _gpu(service: Service) -> Iterable[str]:
    resources = (service.get("deploy") or {}).get("resources") or {}
    devices = (resources.get("reservations") or {}).get("devices")
    if not service.get("gpus") and not devices:
        yield "No GPU is reserved any more: the CUDA image does not start without one."


@check
def reachable(text: str) -> None:
    """Check that address, port and health check fit together. Raises Mistake."""
    _, service = _service(text)
    command = _command(service)
    inside = _value(command, "--port") or str(PORT)
    host = _value(command, "--host")
    found = []
    if host is not None and host != "0.0.0.0":
        found.append(
            f"`--host {host}`: inside the container vLLM must listen on 0.0.0.0, or `ports` leads "
            "nowhere. Who gets there is decided in `ports`."
        )
    for port in _ports(service):
        if port[1] != inside:
            found.append(f"`ports` leads to {port[1]} in the container, and vLLM is at {inside}.")
    _report([*found, *_health(service, inside)])


def _ports(service: Service) -> list[tuple[str, str]]:
    """The host's address ("" for all) and the container's port, of each."""
    found = []
    for port in service.get("ports") or []:
        if isinstance(port, dict):
            found.append((str(port.get("host_ip", "")), str(port.get("target", ""))))
        else:
            address, _, inside = str(port).rpartition(":")
            host = address.rpartition(":")[0] if ":" in address else ""
            found.append((host.strip("[]"), inside.partition("/")[0]))
    return found


def _health(service: Service, port: str) -> Iterable[str]:
    health = service.get("healthcheck") or {}
    test = health.get("test")
    text = test if isinstance(test, str) else " ".join(str(part) for part in test or [])
    if not text:
        yield "There is no health check any more."
        return
    if not re.search(rf":{port}/health(?![\w/-])", text):
        yield f"The health check does not ask http://127.0.0.1:{port}/health."
    if _seconds(health.get("start_period")) < 300:
        yield (
            "The health check has no `start_period` of 300s or more: loading takes minutes, and "
            "three failures make the container unhealthy."
        )


def _seconds(duration: Any) -> int:
    found = DURATION.match(str(duration or ""))
    parts = found.groups() if found else ()
    return sum(int(part or 0) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


@check
def safe(text: str) -> None:
    """Check what a compose file opens: port, secrets, foreign code. Raises Mistake."""
    _, service = _service(text)
    found = []
    ports = _ports(service)
    if not ports:
        found.append("No port is published: this machine's programs cannot reach the server.")
    if any(host not in ("127.0.0.1", "::1") for host, _ in ports):
        found.append("The port is open to the whole network, without a key: bind it to 127.0.0.1.")
    for name, value in _environment(service).items():
        if SECRET.search(name) and value:
            found.append(f"{name} is in the environment: `docker inspect` shows it; leave it out.")
    if "--trust-remote-code" in _command(service):
        found.append("`--trust-remote-code` runs Python from the model's repository: leave it out.")
    _report(found)


def _environment(service: Service) -> dict[str, str]:
    given = service.get("environment") or {}
    if isinstance(given, dict):
        return {str(name): str(value) for name, value in given.items()}
    pairs = (str(entry).partition("=") for entry in given)
    return {name: value for name, _, value in pairs}


@check
def locked_down(text: str) -> None:
    """Check what a process in the container may do. Raises Mistake."""
    _, service = _service(text)
    found = []
    if str(service.get("user", "root")).split(":")[0] in ("root", "0", ""):
        found.append("It runs as root: give a `user` by number.")
    if [str(power).upper() for power in service.get("cap_drop") or []] != ["ALL"]:
        found.append("It keeps special powers: `cap_drop: [ALL]`.")
    options = [str(option).replace("=", ":") for option in service.get("security_opt") or []]
    if not {"no-new-privileges:true", "no-new-privileges"} & set(options):
        found.append("It may gain rights: `security_opt: [no-new-privileges:true]`.")
    if service.get("privileged"):
        found.append("`privileged` opens the machine to the container: leave it out.")
    found += [
        f"{source} may be written from the container: mount it read-only (:ro), or leave it out."
        for source, _, read_only in _mounts(service)
        if not read_only
    ]
    _report(found)


# ---------------------------------------------------------------- exercise 2: a streaming client


def stream(
    pieces: list[tuple[float, str]],
    *,
    tokens: int,
    finish: str = "stop",
    end: float,
    noise: bool = False,
    done: bool = True,
) -> list[Event]:
    """The lines of a streamed answer in OpenAI's form: (seconds since the request, line) each.

    pieces: when each text came; end: when the closing lines came; noise: with comment lines, which
    keep a connection open, and without the space behind `data:`.
    """
    first = pieces[0][0] if pieces else end
    start = 0.4 * first
    lines = [(start, _data({"role": "assistant", "content": ""}, noise)), (start, "")]
    for at, text in pieces:
        if noise:
            lines += [(at, ": keep-alive"), (at, "")]
        lines += [(at, _data({"content": text}, noise)), (at, "")]
    lines += [(end, _data({}, noise, finish)), (end, "")]
    usage = {"prompt_tokens": 21, "completion_tokens": tokens, "total_tokens": 21 + tokens}
    lines += [(end, f"data: {json.dumps({'choices': [], 'usage': usage})}"), (end, "")]
    return [*lines, (end, "data: [DONE]"), (end, "")] if done else lines


def _data(delta: dict, noise: bool, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = json.dumps({"object": "chat.completion.chunk", "choices": [choice], "usage": None})
    return f"data:{'' if noise else ' '}{body}"


def _chunks(events: list[Event]) -> list[tuple[float, dict]]:
    found = []
    for at, line in events:
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            found.append((at, json.loads(line[5:])))
    return found


@check
def chunks(function: Callable, events: list[Event]) -> None:
    """Check chunks(events): the JSON of each data line, with its time. Raises Mistake."""
    try:
        found = list(function(list(events)))
    except json.JSONDecodeError as error:
        raise Mistake(
            f"chunks gave a line to json.loads that is no JSON ({error.doc[:30]!r}): skip empty "
            "lines and comments (they begin with a colon), cut `data:` off, end at [DONE]."
        ) from None
    except ValueError as error:
        raise Mistake(f"chunks raised ValueError ({error}) for a stream that is whole.") from None
    expected = _chunks(events)
    for item in found:
        if type(item) is not tuple or len(item) != 2 or type(item[1]) is not dict:
            raise Mistake(
                f"chunks gave {kind(item)} for a line: give tuples of the time and the JSON (dict)."
            )
    if len(found) < len(expected):
        raise Mistake(
            f"chunks gave {len(found)} of {len(expected)} chunks: a data line begins with `data:`, "
            "with or without a space behind it."
        )
    if found != expected:
        raise Mistake("A chunk has another time or content than its line.")


@check
def chunks_refuse(function: Callable, events: list[Event], why: str) -> None:
    """Check that chunks(events) raises ValueError; why: what is wrong. Raises Mistake."""
    try:
        list(function(list(events)))
    except json.JSONDecodeError:
        raise Mistake(
            f"{why}, and chunks stopped with a JSONDecodeError for another line."
        ) from None
    except ValueError:
        return
    except (KeyError, IndexError) as error:
        raise Mistake(
            f"{why}, and chunks stopped with {type(error).__name__}: raise ValueError."
        ) from None
    raise Mistake(f"{why}, and chunks said nothing: raise ValueError, or half an answer counts.")


KEYS = ("text", "finish_reason", "tokens", "ttft", "tpot")


@check
def measure(function: Callable, events: list[Event]) -> None:
    """Check measure(events) on a whole stream. Raises Mistake."""
    try:
        found = function(list(events))
    except (IndexError, KeyError, TypeError, AttributeError) as error:
        raise Mistake(
            f"measure stopped with {type(error).__name__} ({error}): the chunk with the usage has "
            "an empty list of choices, other chunks have the usage None, and a delta need not "
            "have a content."
        ) from None
    except ZeroDivisionError:
        raise Mistake(
            "measure divided by 0: an answer of one token has no gap between tokens; tpot is None."
        ) from None
    if type(found) is not dict:
        raise Mistake(f"measure gave {kind(found)}: give a dict with {', '.join(KEYS)}.")
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise Mistake(f"measure's dict has no {', '.join(missing)}.")
    _check_answer(found, events)
    _check_times(found, events)


def _texts(events: list[Event]) -> list[tuple[float, str]]:
    deltas = [(at, c["choices"][0]["delta"]) for at, c in _chunks(events) if c["choices"]]
    return [(at, delta["content"]) for at, delta in deltas if delta.get("content")]


def _check_answer(found: dict, events: list[Event]) -> None:
    texts = _texts(events)
    text, pieces = "".join(t for _, t in texts), len(texts)
    if type(found["text"]) is not str:
        raise Mistake(f"text is {kind(found['text'])}: join the pieces to one text (str).")
    if found["text"] != text:
        joined = found["text"].replace(" ", "") == text.replace(" ", "")
        said = (
            "The pieces bring their own spaces: join them with nothing between." if joined else ""
        )
        raise Mistake(f"text is {found['text']!r} and {text!r} is right. {said}".strip())
    choices = [c["choices"][0] for _, c in _chunks(events) if c["choices"]]
    reason = choices[-1]["finish_reason"]
    if type(found["finish_reason"]) is not str or found["finish_reason"] != reason:
        raise Mistake(
            f"finish_reason is {found['finish_reason']!r} and {reason!r} is right: the last chunk "
            "that has a choice says it."
        )
    tokens = _chunks(events)[-1][1]["usage"]["completion_tokens"]
    if type(found["tokens"]) is not int:
        raise Mistake(f"tokens is {kind(found['tokens'])}: give completion_tokens (int).")
    if found["tokens"] != tokens:
        said = "Take completion_tokens from the usage."
        if found["tokens"] == pieces:
            said = "You counted pieces: a piece may hold several tokens; the usage has the count."
        elif found["tokens"] == tokens + 21:
            said = "That counts the prompt's tokens, too."
        raise Mistake(f"tokens is {found['tokens']} and {tokens} is right. {said}")


def _check_times(found: dict, events: list[Event]) -> None:
    texts = _texts(events)
    if not texts:
        for key in ("ttft", "tpot"):
            if found[key] is not None:
                raise Mistake(f"{key} is {found[key]!r} for an answer without text: give None.")
        return
    first, last = texts[0][0], texts[-1][0]
    tokens = _chunks(events)[-1][1]["usage"]["completion_tokens"]
    start = events[0][0]
    _time(
        "ttft",
        found["ttft"],
        first,
        {
            start: "That is the first chunk, which only says who speaks (its content is empty): "
            "wait for the first text.",
            first - start: "The times count from the request already: subtract nothing.",
            first * 1000: "Those are milliseconds: give seconds.",
        },
    )
    if tokens < 2:
        if found["tpot"] is not None:
            raise Mistake("One token has no gap to another: tpot is None.")
        return
    end = events[-1][0]
    gaps = {
        (last - first) / tokens: "Between n tokens there are n - 1 gaps.",
        (end - first) / (tokens - 1): "You took the end of the stream: take the time of the last "
        "text.",
        last / (tokens - 1): "The time before the first token is TTFT: begin at the first text.",
        (last - first) / (tokens - 1) * 1000: "Those are milliseconds: give seconds.",
    }
    if len(texts) > 1:
        gaps[(last - first) / (len(texts) - 1)] = (
            "You divided by the gaps between pieces: a piece may hold several tokens."
        )
    _time("tpot", found["tpot"], (last - first) / (tokens - 1), gaps)


def _time(name: str, value: Any, expected: float, mistakes: dict[float, str]) -> None:
    number = real(name, value)
    if math.isclose(number, expected, rel_tol=1e-6, abs_tol=1e-9):
        return
    said = [text for other, text in mistakes.items() if math.isclose(number, other, rel_tol=1e-6)]
    hint = (said or ["Compare with hint 2."])[0]
    raise Mistake(f"{name} is {number:g} and {expected:g} is right. {hint}")


# ---------------------------------------------------------------- exercise 3: tool calls


def call_deltas(calls: list[tuple[str, dict]], *, cut: int = 0, mixed: bool = False) -> list[dict]:
    """The deltas of streamed tool calls in OpenAI's form: the id and the name come once, the
    arguments in pieces.

    calls: name and arguments of each; cut: characters that are missing at the end; mixed: pieces
    of all calls in turn.
    """
    streams = [
        _call_deltas(n, name, json.dumps(arguments, ensure_ascii=False))
        for n, (name, arguments) in enumerate(calls)
    ]
    if cut:
        function = streams[-1][-1]["function"]
        function["arguments"] = function["arguments"][:-cut]
    longest = max(map(len, streams))
    turns = ([s[n] for s in streams if n < len(s)] for n in range(longest))
    pieces = [p for turn in turns for p in turn] if mixed else [p for s in streams for p in s]
    if mixed and len(streams) > 1:  # the second call's name comes first
        pieces[0], pieces[1] = pieces[1], pieces[0]
    start: dict = {"role": "assistant", "content": ""}
    return [start, *({"tool_calls": [piece]} for piece in pieces), {}]


def _call_deltas(index: int, name: str, text: str) -> list[dict]:
    head = {"index": index, "id": f"call_{index}{len(text):03d}", "type": "function"}
    sizes = (3, 7, 2, 11, 5)
    pieces, at, n = [], 0, 0
    while at < len(text):
        pieces.append(text[at : at + sizes[n % 5]])
        at, n = at + sizes[n % 5], n + 1
    rest = [{"index": index, "function": {"arguments": piece}} for piece in pieces]
    return [head | {"function": {"name": name, "arguments": ""}}, *rest]


@check
def calls(function: Callable, deltas: list[dict], expected: list[tuple[str, dict]]) -> None:
    """Check calls(deltas); expected: name and arguments of each call. Raises Mistake."""
    try:
        found = function(copy.deepcopy(deltas))
    except json.JSONDecodeError as error:
        raise Mistake(
            f"calls gave json.loads the text {error.doc!r}: a piece of the arguments is no JSON. "
            "Join all pieces of a call first, in order."
        ) from None
    except (KeyError, TypeError, IndexError) as error:
        raise Mistake(
            f"calls stopped with {type(error).__name__} ({error}): only a call's first piece has "
            "an id and a name, and a delta need not have tool_calls."
        ) from None
    if type(found) is not list:
        raise Mistake(f"calls gave {kind(found)}: give a list.")
    others = [call for call in found if type(call) is not dict]
    if others:
        raise Mistake(f"calls gave a list of {kind(others[0])}: give dicts.")
    if len(found) != len(expected):
        raise Mistake(_count_mistake(len(found), len(expected), deltas))
    heads = [p for d in deltas for p in d.get("tool_calls", []) if p.get("id")]
    ids = [head["id"] for head in sorted(heads, key=lambda head: head["index"])]
    for call, (name, arguments), call_id in zip(found, expected, ids, strict=True):
        _check_call(call, name, arguments, call_id)


def _count_mistake(found: int, expected: int, deltas: list[dict]) -> str:
    pieces = sum(len(delta.get("tool_calls", [])) for delta in deltas)
    said = "Pieces with the same index belong to one call."
    if not expected:
        said = "Without a tool call the list is empty."
    elif found == pieces:
        said = "You made a call of every piece: those with the same index belong together."
    elif found == 1:
        said = "There are several calls: keep them apart by their index."
    return f"calls gave {found} calls and {expected} is right. {said}"


def _check_call(call: dict, name: str, arguments: dict, call_id: str) -> None:
    missing = [key for key in ("id", "name", "arguments") if key not in call]
    if missing:
        raise Mistake(f"A call has no {', '.join(missing)}.")
    if type(call["name"]) is not str or call["name"] != name:
        raise Mistake(
            f"A call's name is {call['name']!r} and {name!r} is right: the calls are in the order "
            "of their index, and the name comes with a call's first piece only."
        )
    if type(call["id"]) is not str or call["id"] != call_id:
        raise Mistake(f"The id of {name} is {call['id']!r} and {call_id!r} is right.")
    if type(call["arguments"]) is str:
        raise Mistake(f"The arguments of {name} are text (str): read them with json.loads.")
    if type(call["arguments"]) is not dict:
        raise Mistake(f"The arguments of {name} are {kind(call['arguments'])}: give a dict.")
    if call["arguments"] != arguments:
        raise Mistake(f"The arguments of {name} are {call['arguments']}; {arguments} is right.")


@check
def calls_refuse(function: Callable, deltas: list[dict], why: str) -> None:
    """Check that calls(deltas) raises ValueError with a sentence that names the tool.

    why: what is wrong. Raises Mistake.
    """
    try:
        function(copy.deepcopy(deltas))
    except json.JSONDecodeError:
        raise Mistake(
            f"{why}, and calls stopped with json's own error: catch it and raise ValueError with "
            "a sentence that names the tool."
        ) from None
    except ValueError as error:
        name = next(p["function"]["name"] for d in deltas for p in d.get("tool_calls", []))
        if name not in str(error):
            raise Mistake(f"{why}: the ValueError says {str(error)!r}; name the tool.") from None
        return
    raise Mistake(f"{why}, and calls said nothing: raise ValueError.")


# ---------------------------------------------------------------- exercise 4: flags

GIB = 2**30
TOOL_FLAGS = ("--enable-auto-tool-choice", "--tool-call-parser", "--chat-template")


@check
def serve_arguments(function: Callable, job: dict[str, Any]) -> None:
    """Check serve_arguments(job): what follows `vllm serve`. Raises Mistake."""
    try:
        found = function(dict(job))
    except ValueError as error:
        raise Mistake(f"serve_arguments refused a job that can be served ({error}).") from None
    if type(found) is not list:
        raise Mistake(f"serve_arguments gave {kind(found)}: give a list.")
    others = [part for part in found if type(part) is not str]
    if others:
        raise Mistake(
            f"serve_arguments gave a list with {others[0]!r} in it: a program gets its numbers as "
            "text (str), too."
        )
    command = _command({"command": found})
    if command[:1] != [job["model"]]:
        raise Mistake(f"The first argument is not the model, {job['model']}.")
    joined = [word for word in command if " " in word and word.startswith("--")]
    if joined:
        raise Mistake(f"{joined[0]!r} is one text: a flag and its value are two, or joined by =.")
    _check_lengths(command, job)
    _check_tools(command, job)
    _check_share(command, job)


def _check_lengths(command: list[str], job: dict[str, Any]) -> None:
    length = job["prompt"] + job["answer"]
    expected = {
        "--served-model-name": job["name"],
        "--max-model-len": str(length),
        "--max-num-seqs": str(job["users"]),
    }
    for flag, right in expected.items():
        found = _value(command, flag)
        if found is None:
            raise Mistake(f"{flag} is missing.")
        if found != right:
            said = ""
            if flag == "--max-model-len" and found == str(job["prompt"]):
                said = " It counts prompt and answer together."
            elif flag == "--max-model-len" and found == str(length * job["users"]):
                said = " It is one request's length, not that of all."
            raise Mistake(f"{flag} is {found} and {right} is right.{said}")


def _check_tools(command: list[str], job: dict[str, Any]) -> None:
    given = [flag for flag in TOOL_FLAGS if flag in command]
    if not job["tools"]:
        if given:
            raise Mistake(f"The job has no tools, and {given[0]} is there.")
        return
    missing = [flag for flag in TOOL_FLAGS if flag not in command]
    if missing:
        raise Mistake(f"Tools need {missing[0]}, too.")
    for flag, right in (
        ("--tool-call-parser", job["parser"]),
        ("--chat-template", job["template"]),
    ):
        if _value(command, flag) != right:
            raise Mistake(f"{flag} is {_value(command, flag)!r} and {right!r} is right.")


def _check_share(command: list[str], job: dict[str, Any]) -> None:
    flag = "--gpu-memory-utilization"
    found = _value(command, flag)
    if job["device"] == "cpu" and found is not None:
        raise Mistake(f"{flag} on a processor takes that share of all memory: leave it out there.")
    if job["device"] == "gpu" and found != str(job["share"]):
        raise Mistake(f"{flag} is {found or 'missing'} and {job['share']} is right.")


@check
def serve_environment(function: Callable, job: dict[str, Any], expected: str) -> None:
    """Check serve_environment(job); expected: the cache's GiB, "" on a GPU. Raises Mistake."""
    name = "VLLM_CPU_KVCACHE_SPACE"
    found = function(dict(job))
    if type(found) is not dict:
        raise Mistake(f"serve_environment gave {kind(found)}: give a dict.")
    if not expected:
        if name in found:
            raise Mistake(f"{name} is for processors; this job has a GPU.")
        return
    if name not in found:
        raise Mistake(f"{name} is missing: on a processor it is the KV cache's size.")
    value = found[name]
    if type(value) is not str:
        raise Mistake(f"{name} is {kind(value)}: the value of a variable is text (str).")
    needed = (job["prompt"] + job["answer"]) * job["users"] * job["per_token"]
    mistakes = {
        str(needed // GIB): "Round up: a part of the cache would be missing.",
        str(math.ceil(needed / 10**9)): "A GiB is 2**30 bytes; you took 10**9.",
        str(math.ceil(needed / job["users"] / GIB)): "That is one user's cache.",
        str(math.ceil(job["prompt"] * job["users"] * job["per_token"] / GIB)): "The answer's "
        "tokens are in the cache, too.",
        str(needed): "Those are bytes: it wants GiB.",
    }
    if value != expected:
        said = mistakes.get(value, "It is a whole number of GiB for all users' tokens.")
        raise Mistake(f"{name} is {value} and {expected} is right. {said}")


@check
def serve_refuses(function: Callable, job: dict[str, Any]) -> None:
    """Check that serve_arguments raises ValueError for a context above 4096. Raises Mistake."""
    length = job["prompt"] + job["answer"]
    try:
        function(dict(job))
    except ValueError as error:
        if str(length) not in str(error):
            raise Mistake(f"The ValueError should name the length, {length}: {error}") from None
        return
    raise Mistake(
        f"{length} tokens, and serve_arguments said nothing: above 4096, vLLM takes the long "
        "factors for every request. Raise ValueError."
    )
