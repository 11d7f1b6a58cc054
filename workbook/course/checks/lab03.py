"""Checks of lab 03: Modelfiles, Ollama's stream, options of a request, waiting for a server."""

import copy
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from workbook.course.checks import Mistake, check, kind, real, same_number
from workbook.runtimes.ollama_server import options
from workbook.runtimes.ollama_server.modelfile import Modelfile, ModelfileError, parse

Answer = dict[str, Any]

# ---------------------------------------------------------------- exercise 1: Modelfiles

TAGS = ("phi4-mini", "phi4-mini:latest", "phi4-mini:3.8b", "phi4-mini:3.8b-q4_K_M",
        "phi4-mini:3.8b-q8_0", "phi4-mini:3.8b-fp16")  # fmt: skip
"""The names that Ollama's library has for Phi-4-mini."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*(:[A-Za-z0-9._-]+)?")

ADVICE = {
    "unknown parameter": "a parameter has another name in Ollama.",
    "command must be": "a line begins with a word that is no instruction.",
    "no FROM": "say which model it is made from.",
    "unexpected EOF": "a quoted text does not end.",
}


@check
def variant(made: Any, temperature: tuple[float, float]) -> None:
    """Check that Ollama takes a variant (name, Modelfile), and its parameters. Raises Mistake.

    temperature: the lowest and the highest that suits the purpose.
    """
    name, text = _both(made)
    found = _parsed(text)
    if found.base not in TAGS:
        raise Mistake(
            f"FROM {found.base}: Ollama's library has no such name for Phi-4-mini (phi4 is another "
            "model, with 14 billion parameters); it is phi4-mini."
        )
    if not NAME.fullmatch(name):
        raise Mistake(
            f"The name is {name!r}: give it a part of your own and a slash, as in acme/math. "
            "Without, it may be the name of a model in Ollama's library."
        )
    _check_parameters(found.parameters, temperature)


def _both(made: Any) -> tuple[str, str]:
    if type(made) is not tuple or len(made) != 2:
        raise Mistake(f"The variant is {kind(made)}: give two texts, `return name, text`.")
    for value in made:
        if type(value) is not str:
            raise Mistake(f"The name or the Modelfile is {kind(value)}: give texts (str).")
    if "\n" in made[0]:
        raise Mistake("The name comes first, then the Modelfile: `return name, text`.")
    return made


def _parsed(text: str) -> Modelfile:
    try:
        return parse(text)
    except ModelfileError as error:
        advice = next((said for part, said in ADVICE.items() if part in str(error)), "")
        raise Mistake(f"Ollama would say: Error: {error}. So {advice or 'look there.'}") from None


def _check_parameters(given: dict[str, Any], temperature: tuple[float, float]) -> None:
    low, high = temperature
    if given.get("num_ctx") != 4096:
        raise Mistake(
            f"num_ctx is {given.get('num_ctx', 'not set')}: set it to 4096. Otherwise it depends "
            "on the machine, and above 4096 Phi-4-mini computes with other factors."
        )
    if "temperature" not in given or not low <= given["temperature"] <= high:
        wanted = f"{low:g}" if low == high else f"from {low:g} to {high:g}"
        raise Mistake(f"temperature is {given.get('temperature', 'not set')}: {wanted} fits here.")
    limit = given.get("num_predict")
    if limit is None or not 512 <= limit <= 2048:
        raise Mistake(
            f"num_predict is {'not set' if limit is None else limit}: allow 512 to 2048 tokens. "
            "With fewer the steps are cut off; without a limit an answer may never end."
        )
    if "num_gpu" in given:
        raise Mistake(
            "num_gpu is the number of *layers* on the GPU, not of GPUs: leave it out, and Ollama "
            "puts there what fits."
        )


@check
def template_kept(made: Any) -> None:
    """Check that a Modelfile has a system message and leaves the template alone. Raises Mistake."""
    found = _parsed(_both(made)[1])
    if found.template:
        raise Mistake(
            "TEMPLATE replaces the model's chat format: its special tokens are gone, and with them "
            "the end of a turn and the tools. Leave it out."
        )
    if not found.system.strip():
        raise Mistake("There is no SYSTEM message: it says what the variant is for.")


@check
def asks_for_answer_line(made: Any) -> None:
    """Check that the system message asks for a line with "Answer:". Raises Mistake."""
    if "Answer:" not in _parsed(_both(made)[1]).system:
        raise Mistake(
            'The SYSTEM message does not ask for a last line with "Answer:": a program has to find '
            "the result."
        )


@check
def shows_an_example(made: Any) -> None:
    """Check the MESSAGE lines: a question and an answer with a code block. Raises Mistake."""
    messages = _parsed(_both(made)[1]).messages
    roles = [message["role"] for message in messages]
    if not messages:
        raise Mistake("There is no MESSAGE: show one question and one answer.")
    if roles != ["user", "assistant"] * (len(roles) // 2) or not roles:
        raise Mistake(
            f"The messages come from {', '.join(roles)}: give a question (user) and then its "
            "answer (assistant)."
        )
    answers = [message["content"] for message in messages if message["role"] == "assistant"]
    if not all(re.search(r"```python\n.*?\n```", answer, re.DOTALL) for answer in answers):
        raise Mistake(
            "The example's answer has no block that begins with ```python and ends with ```: what "
            'you show is what you get. A text over several lines stands in """.'
        )


# ---------------------------------------------------------------- exercise 2: the stream


def wire(texts: list[str], last: Answer | None, *, size: int = 0, end: bool = True) -> list[bytes]:
    """A streamed answer of /api/chat, in the pieces in which a network could deliver it.

    texts: what each line adds; last: the fields of the closing line, None for a broken stream;
    size: bytes of a piece, 0 for one line each; end: with a newline at the very end.
    """
    objects: list[Answer] = [
        {"model": "pocket", "message": {"role": "assistant", "content": text}, "done": False}
        for text in texts
    ]
    if last is not None:
        message = {"role": "assistant", "content": ""}
        objects.append({"model": "pocket", "message": message, "done": True} | last)
    lines = [json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in objects]
    if lines and not end:
        lines[-1] = lines[-1].rstrip(b"\n")
    whole = b"".join(lines)
    return [whole[at : at + size] for at in range(0, len(whole), size)] if size else lines


def figures(**changes: Any) -> Answer:
    """The closing line's fields: durations in nanoseconds."""
    return {
        "done_reason": "stop",
        "total_duration": 1_650_000_000,
        "load_duration": 350_000_000,
        "prompt_eval_count": 30,
        "prompt_eval_duration": 100_000_000,
        "eval_count": 240,
        "eval_duration": 1_200_000_000,
    } | changes


class _Watched:
    """Pieces that know how many of them were taken."""

    def __init__(self, pieces: list[bytes]):
        self.pieces, self.taken = pieces, 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            yield piece


@check
def objects(function: Callable, pieces: list[bytes]) -> None:
    """Check objects(pieces): each line's JSON, as soon as the line is whole. Raises Mistake."""
    expected = [json.loads(line) for line in b"".join(pieces).splitlines() if line.strip()]
    watched = _Watched(pieces)
    found: list[Any] = []
    soon = 0
    try:
        for one in function(watched):
            soon = soon or watched.taken
            found.append(one)
    except UnicodeDecodeError:
        raise Mistake(
            "A piece ended within a character (ộ takes three bytes), and decoding it failed: join "
            "bytes until the line is whole, then decode."
        ) from None
    except json.JSONDecodeError as error:
        raise Mistake(
            f"objects gave json.loads {_shown(error.doc)}, which is no whole line: keep what "
            "follows the last newline for the next piece, and skip empty lines."
        ) from None
    except TypeError as error:
        raise Mistake(f"objects stopped with TypeError ({error}): the pieces are bytes.") from None
    if any(type(one) is not dict for one in found):
        raise Mistake(f"objects gave {kind(found[0])}: give dicts, one for each line.")
    if found == expected[:-1]:
        raise Mistake(
            "The last line is missing: it may come without a newline, so look at what is left "
            "over when the pieces end."
        )
    if found != expected:
        raise Mistake(f"objects gave {len(found)} of {len(expected)} lines, or other ones.")
    if len(expected) > 1 and soon == len(pieces) > 2:
        raise Mistake(
            "objects gave its first line after the last piece: a stream is read to show text "
            "early; yield each line as soon as it is whole."
        )


def _shown(text: str) -> str:
    return repr(text if len(text) < 40 else text[:37] + "...")


@check
def answer(function: Callable, texts: list[str], last: Answer) -> None:
    """Check answer(objects) on a whole stream; last: the closing line's fields. Raises Mistake."""
    given = [json.loads(line) for line in wire(texts, last)]
    found = function(iter(copy.deepcopy(given)))
    if type(found) is not tuple or len(found) != 2:
        raise Mistake(f"answer gave {kind(found)}: give two things, the text and the last object.")
    text = "".join(texts)
    if type(found[0]) is not str:
        raise Mistake(f"The text is {kind(found[0])}: join the pieces to one text (str).")
    if found[0] != text:
        raise Mistake(
            f"The text is {found[0]!r} and {text!r} is right: add up the content of all objects."
        )
    if type(found[1]) is not dict or found[1] != given[-1]:
        raise Mistake("The second thing is not the last object, the one with the figures.")


KEYS = ("tokens", "load_seconds", "prompt_speed", "speed")


@check
def read_figures(function: Callable, last: Answer) -> None:
    """Check figures(last) on the closing line's fields. Raises Mistake."""
    try:
        found = function(dict(last))
    except KeyError as error:
        raise Mistake(
            f"figures stopped with KeyError ({error}): a count that is 0 may be left out, so use "
            ".get(name, 0)."
        ) from None
    except ZeroDivisionError:
        raise Mistake(
            "figures divided by 0: where nothing was computed, a speed is None."
        ) from None
    if type(found) is not dict:
        raise Mistake(f"figures gave {kind(found)}: give a dict with {', '.join(KEYS)}.")
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise Mistake(f"figures' dict has no {', '.join(missing)}.")
    same_number(
        "figures(last)['tokens']",
        found["tokens"],
        last.get("eval_count", 0),
        {
            last.get("eval_count", 0)
            + last.get("prompt_eval_count", 0): "That counts the prompt, too."
        },
        "Take eval_count.",
    )
    seconds = last.get("load_duration", 0) / 1e9
    mistakes = {seconds * 1e3: MILLI, seconds * 1e9: NANO}
    _number("load_seconds", found["load_seconds"], seconds, mistakes)
    _check_speeds(found, last)


NANO = "Ollama's durations are nanoseconds: divide by 10**9."
MILLI = "Those are milliseconds: a nanosecond is 10**-9 seconds."


def _check_speeds(found: Answer, last: Answer) -> None:
    for key, name in (("prompt_speed", "prompt_eval"), ("speed", "eval")):
        count, duration = last.get(f"{name}_count", 0), last.get(f"{name}_duration", 0)
        if not count or not duration:
            if found[key] is not None:
                raise Mistake(f"{key} is {found[key]!r} where nothing was computed: give None.")
            continue
        right = count / (duration / 1e9)
        total, load = last["total_duration"], last.get("load_duration", 0)
        _number(
            key,
            found[key],
            right,
            {
                right / 1e9: NANO,
                right / 1e6: MILLI,
                right / 1e3: "Those are tokens in a millisecond.",
                1 / right: "Those are seconds a token: give tokens a second.",
                count / (total / 1e9): "You divided by total_duration, in which loading and "
                f"reading are, too: {name}_duration is this part's own.",
                count / ((total - load) / 1e9): f"{name}_duration is this part's own time.",
            },
        )


def _number(name: str, value: Any, expected: float, mistakes: dict[float, str]) -> None:
    number = real(name, value)
    if math.isclose(number, expected, rel_tol=1e-6, abs_tol=1e-12):
        return
    said = [text for other, text in mistakes.items() if math.isclose(number, other, rel_tol=1e-6)]
    hint = (said or ["Compare with hint 2."])[0]
    raise Mistake(f"{name} is {number:g} and {expected:g} is right. {hint}")


@check
def answer_refuses(function: Callable, given: list[Answer], why: str, names: str) -> None:
    """Check that answer(objects) raises ValueError; names: what its text holds. Raises Mistake."""
    try:
        function(iter(copy.deepcopy(given)))
    except ValueError as error:
        if names not in str(error):
            raise Mistake(f"{why}: the ValueError says {str(error)!r}, not {names!r}.") from None
        return
    except (KeyError, IndexError, TypeError, AttributeError, UnboundLocalError) as error:
        raise Mistake(
            f"{why}, and answer stopped with {type(error).__name__}: raise ValueError."
        ) from None
    raise Mistake(f"{why}, and answer said nothing: raise ValueError.")


# ---------------------------------------------------------------- exercise 3: a request

OPTIONS = tuple(sorted(options.TYPES))
"""The options that Ollama knows."""


@check
def chat_body(
    function: Callable, settings: dict[str, Any], expected: dict[str, Any], top: dict[str, Any]
) -> None:
    """Check chat_body("m", "Hello", settings); expected: its options; top: the further fields.

    Raises Mistake.
    """
    given = copy.deepcopy(settings)
    try:
        found = function("m", "Hello", given)
    except ValueError as error:
        raise Mistake(f"chat_body refused settings that exist ({error}).") from None
    if given != settings:
        raise Mistake("chat_body changed the caller's settings: make a dict of your own.")
    if type(found) is not dict:
        raise Mistake(f"chat_body gave {kind(found)}: give a dict.")
    messages = [{"role": "user", "content": "Hello"}]
    for key, right in (("model", "m"), ("messages", messages)):
        if type(found.get(key)) is not type(right) or found[key] != right:
            raise Mistake(f"{key} is {found.get(key)!r} and {right!r} is right.")
    inside = found.get("options")
    if type(inside) is not dict:
        raise Mistake(f"options is {kind(inside)}: give a dict, empty if there are none.")
    _check_options(found, inside, expected)
    rest = {k: v for k, v in found.items() if k not in ("model", "messages", "options", "stream")}
    if rest != top:
        raise Mistake(f"Beside model, messages and options there is {rest}, and {top} is right.")


def _check_options(found: dict[str, Any], inside: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if name in found:
            raise Mistake(f"{name} is beside `options`, where Ollama does not see it.")
        if name not in inside:
            raise Mistake(f"options has no {name}.")
        if type(inside[name]) is not type(value) or inside[name] != value:
            said = "A list of texts is wanted, also for one." if type(value) is list else ""
            raise Mistake(f"{name} is {inside[name]!r} and {value!r} is right. {said}".strip())
    for name in inside:
        if name in ("keep_alive", "format"):
            raise Mistake(f"{name} is no option: it stands beside `options`.")
        if name not in OPTIONS:
            raise Mistake(f"Ollama knows no option {name}, and ignores it without a word.")
        if name not in expected:
            raise Mistake(f"options has {name}: what is None was not chosen, so leave it out.")


@check
def chat_body_refuses(function: Callable, settings: dict[str, Any], name: str) -> None:
    """Check that chat_body raises ValueError that names the setting. Raises Mistake."""
    try:
        function("m", "Hello", copy.deepcopy(settings))
    except ValueError as error:
        if name not in str(error):
            raise Mistake(f"The ValueError should name the setting, {name}: {error}") from None
        return
    except KeyError:
        raise Mistake(f"{name} is no setting: raise ValueError, not KeyError.") from None
    raise Mistake(
        f"Ollama knows no {name}, and chat_body said nothing: Ollama does not either, so nobody "
        "would notice. Raise ValueError."
    )


# ---------------------------------------------------------------- exercise 4: waiting


@check
def has_model(function: Callable, names: list[str], model: str, expected: bool) -> None:
    """Check has_model(tags, model) on an answer of /api/tags with these names. Raises Mistake."""
    found = function({"models": [{"name": name, "size": 1} for name in names]}, model)
    if type(found) is not bool:
        raise Mistake(f"has_model gave {kind(found)}: give True or False (bool).")
    if found is not expected:
        said = "A name without a tag means the tag latest."
        if found and not expected:
            said = "Another tag is another file, and a name that only begins alike another model."
        raise Mistake(f"has_model of {names} and {model!r} is {found}. {said}")


class _Server:
    """What a server answers, in turn: (status, body), or an error that is raised."""

    def __init__(self, script: Iterable[Any]):
        self.script, self.asked, self.slept = list(script), 0, []

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        if type(path) is not str or path != "/api/tags":
            raise Mistake(f"ask was called with {path!r}: the list of models is at /api/tags.")
        self.asked += 1
        if self.asked > len(self.script):
            raise Mistake(
                f"The server was asked {self.asked} times: after the answer, or after `attempts`, "
                "nobody asks again."
            )
        said = self.script[self.asked - 1]
        if isinstance(said, Exception):
            raise said
        return said

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def tags(*names: str) -> tuple[int, dict[str, Any]]:
    """A server's answer with its models."""
    return 200, {"models": [{"name": name} for name in names]}


def busy() -> tuple[int, dict[str, Any]]:
    """The answer of a server that cannot serve yet."""
    return 503, {"error": "server busy, please try again."}


def refused() -> ConnectionError:
    """What is raised where no server listens."""
    return ConnectionRefusedError("[Errno 111] Connection refused")


@check
def waits(function: Callable, script: list[Any], pauses: list[float], pause: float = 0.5) -> None:
    """Check wait_until_ready on a server that gets ready with the last answer of the script.

    pauses: the seconds that it should sleep. Raises Mistake.
    """
    server = _Server(script)
    try:
        found = function(server.ask, "phi4-mini", 6, pause, server.sleep)
    except NotImplementedError:  # a RuntimeError, too
        raise
    except OSError as error:
        raise Mistake(
            f"wait_until_ready let {type(error).__name__} through: while a server starts nobody "
            "listens, or it is busy; wait and ask again."
        ) from None
    except (RuntimeError, LookupError) as error:
        raise Mistake(
            f"wait_until_ready gave up with {type(error).__name__} ({error}): 503 means not yet."
        ) from None
    if server.asked < len(script):
        raise Mistake("wait_until_ready returned before the server was ready.")
    if type(found) is not int:
        raise Mistake(f"wait_until_ready gave {kind(found)}: give the number of questions (int).")
    if found != len(script):
        raise Mistake(f"wait_until_ready gave {found}; it asked {len(script)} times.")
    _check_pauses(server.slept, pauses)


def _check_pauses(found: list[float], expected: list[float]) -> None:
    if len(found) != len(expected):
        said = "once after each question that failed, and not after the last one"
        raise Mistake(f"It slept {len(found)} times; {len(expected)} is right: {said}.")
    for number, (slept, right) in enumerate(zip(found, expected, strict=True), 1):
        if not math.isclose(real("sleep(...)", slept), right):
            raise Mistake(
                f"Pause {number} took {slept:g} s and {right:g} s is right: each pause is twice "
                "as long as the one before, and 8 s at most."
            )


@check
def gives_up(
    function: Callable, script: list[Any], error: type[Exception], pauses: list[float], why: str
) -> None:
    """Check that wait_until_ready with as many attempts as needed raises an error of this type.

    Raises Mistake.
    """
    server = _Server(script)
    attempts = max(3, len(script))
    try:
        function(server.ask, "phi4-mini", attempts, 2, server.sleep)
    except (Mistake, NotImplementedError):
        raise
    except Exception as raised:
        if not isinstance(raised, error):
            raise Mistake(
                f"{why}: wait_until_ready raised {type(raised).__name__}; {error.__name__} is "
                "right."
            ) from None
        _check_pauses(server.slept, pauses)
        return
    raise Mistake(f"{why}: wait_until_ready said nothing; raise {error.__name__}.")
