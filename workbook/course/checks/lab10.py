"""Checks of lab 10, the capstone: a decision, a service, and two reports."""

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from workbook import paths
from workbook.bench import metrics
from workbook.bench.records import Record
from workbook.course.checks import Mistake, check, kind, real
from workbook.course.checks.lab09 import GIB, options_of, size, variables_of
from workbook.evaluate.results import wilson

Function = Callable[..., Any]
Row = dict[str, Any]

FILES = paths.LABS / "lab10" / "files"
if not FILES.is_dir():  # where only the notebook's own folder was handed over
    FILES = Path("files").resolve()


def read(name: str) -> Any:
    """The content of one of the lab's JSON files."""
    return json.loads((FILES / f"{name}.json").read_text(encoding="utf-8"))


def rows(name: str) -> list[Row]:
    """The lines of one of the lab's JSON Lines files."""
    text = (FILES / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def evaluation(name: str) -> tuple[Row, list[Row]]:
    """What an evaluation's file says about the run, and its answers."""
    head, *answers = rows(f"answers_{name}")
    return head["run"], answers


def load(name: str) -> list[Row]:
    """The measured records of a load."""
    return [row for row in rows(f"load_{name}") if not row["warmup"]]


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _close(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)


def _number(call: str, found: Any, expected: float, mistakes: list[tuple[float, str]]) -> None:
    value = real(call, found)
    if _close(value, expected):
        return
    said = next((said for wrong, said in mistakes if _close(value, wrong)), "See the formula.")
    raise Mistake(f"{call} gave {value:.5g} and {expected:.5g} is right. {said}")


# ---------------------------------------------------------------- exercise 1: the decision


def _memory(candidate: Row, scenario: Row) -> float:
    cache = scenario["users"] * scenario["tokens"] * candidate["kv_bytes"]
    return (candidate["weight_bytes"] + cache) / GIB + candidate["overhead_gib"]


def _tpot(candidate: Row, machine: Row, scenario: Row) -> float:
    reached = machine["bandwidth"] * scenario["bandwidth_share"]
    return 1000 * candidate["weight_bytes"] / reached


@check
def memory_gib(function: Function, candidate: Row, scenario: Row) -> None:
    """Check memory_gib(candidate, scenario). Raises Mistake."""
    expected = _memory(candidate, scenario)
    weights, one = candidate["weight_bytes"], scenario["tokens"] * candidate["kv_bytes"]
    cache, over = scenario["users"] * one, candidate["overhead_gib"]
    mistakes = [
        ((weights + cache) / GIB, "You left out what the runtime itself takes."),
        (weights / GIB + over, "You left out the KV cache."),
        ((weights + one) / GIB + over, "That is one user's cache: each has their own."),
        ((weights + cache) / 1e9 + over, "A GiB is 2**30 bytes; you took 10**9."),
        (expected * GIB, "Those are bytes: divide by 2**30."),
    ]
    _number("memory_gib(...)", function(_copy(candidate), _copy(scenario)), expected, mistakes)


@check
def tpot_ms(function: Function, candidate: Row, machine: Row, scenario: Row) -> None:
    """Check tpot_ms(candidate, machine, scenario). Raises Mistake."""
    expected = _tpot(candidate, machine, scenario)
    share = scenario["bandwidth_share"]
    mistakes = [
        (expected * share, "You took the data sheet's bandwidth: only a share of it is reached."),
        (expected * share**2, "Divide by the share, too: less bandwidth takes longer."),
        (expected / 1000, "Those are seconds: give milliseconds."),
        (1000 / expected, "Those are tokens a second: turn it around, in milliseconds."),
    ]
    found = function(_copy(candidate), _copy(machine), _copy(scenario))
    _number("tpot_ms(...)", found, expected, mistakes)


REASONS = {
    "privacy": "the data would leave the house",
    "budget": "the price is above the budget",
    "memory": "it needs more memory than the service may have",
    "latency": "a token takes longer than allowed",
}
"""Why an option is out, in the order in which they are looked at."""


def options_from(machines: list[Row], candidates: list[Row]) -> dict[str, tuple[Row, Row]]:
    """Every machine with every candidate, as "tower, gguf-q8_0"."""
    return {f"{m['name']}, {c['artifact']}": (m, c) for m in machines for c in candidates}


def _decision(
    scenario: Row, machines: list[Row], candidates: list[Row]
) -> tuple[str | None, dict[str, str]]:
    rejected, left = {}, {}
    for name, (machine, candidate) in options_from(machines, candidates).items():
        holds = {
            "privacy": scenario["in_house"] and not machine["in_house"],
            "budget": machine["price"] > scenario["price"],
            "memory": _memory(candidate, scenario) > scenario["memory_gib"],
            "latency": _tpot(candidate, machine, scenario) > scenario["tpot_ms"],
        }
        reason = next((reason for reason, true in holds.items() if true), None)
        if reason:
            rejected[name] = reason
        else:
            left[name] = (candidate["bits"], -machine["price"])
    return max(left, key=lambda name: left[name], default=None), rejected


@check
def decide(function: Function, scenario: Row, machines: list[Row], candidates: list[Row]) -> None:
    """Check decide(scenario, machines, candidates). Raises Mistake."""
    found = function(_copy(scenario), _copy(machines), _copy(candidates))
    if type(found) is not dict or "choice" not in found or "rejected" not in found:
        raise Mistake(f"decide gave {kind(found)}: give a dict with choice and rejected.")
    choice, rejected = _decision(scenario, machines, candidates)
    names, given = options_from(machines, candidates), found["rejected"]
    if type(given) is not dict:
        raise Mistake(f"rejected is {kind(given)}: give a dict, option: reason.")
    for name, reason in given.items():
        if name not in names:
            raise Mistake(f"{name!r} is no option: write MACHINE, ARTIFACT as in 'tower, hf-bf16'.")
        if type(reason) is not str or reason not in REASONS:
            raise Mistake(f"{reason!r} is no reason: choose from {', '.join(REASONS)}.")
        if name not in rejected:
            raise Mistake(f"{name} is rejected for {reason!r}, and keeps to every limit.")
        if rejected[name] != reason:
            raise Mistake(
                f"{name} is rejected for {reason!r}; {rejected[name]!r} comes first: "
                f"{REASONS[rejected[name]]}. The order is {', '.join(REASONS)}."
            )
    if missing := [name for name in rejected if name not in given]:
        raise Mistake(f"{missing[0]} is not rejected, and {REASONS[rejected[missing[0]]]}.")
    _chosen(found["choice"], choice, names)


def _chosen(found: Any, choice: str | None, names: Mapping[str, Any]) -> None:
    if choice is None and found is not None:
        raise Mistake(f"The choice is {found!r}, and every option is out: None.")
    if choice is not None and (type(found) is not str or found not in names):
        raise Mistake(f"The choice is {found!r}: give the name of an option.")
    if found != choice:
        raise Mistake(
            f"The choice is {found!r} and {choice!r} is right: of what is left, the most bits a "
            "weight, and of equals the lowest price."
        )


STATEMENT = {
    "machine": str,
    "runtime": str,
    "artifact": str,
    "memory_gib": float,
    "tpot_ms": float,
    "price": int,
    "because": str,
}


@check
def statement(function: Function) -> None:
    """Check that a statement is of the right option, and that its figures are right.

    Raises Mistake.
    """
    found = _statement(function)
    machines, candidates = read("options")["machines"], read("options")["candidates"]
    choice, _ = _decision(read("scenario"), machines, candidates)
    machine, candidate = options_from(machines, candidates)[choice]
    name = f"{found['machine']}, {found['artifact']}"
    if name != choice or found["runtime"] != candidate["runtime"]:
        raise Mistake(f"The statement is about {name} with {found['runtime']}: decide() says else.")
    if found["price"] != machine["price"]:
        raise Mistake(f"The price is {found['price']}; options.json says {machine['price']}.")
    for key, expected in (
        ("memory_gib", _memory(candidate, read("scenario"))),
        ("tpot_ms", _tpot(candidate, machine, read("scenario"))),
    ):
        if not math.isclose(found[key], expected, rel_tol=0.01):
            raise Mistake(f"{key} is {found[key]:g} in the statement and {expected:.4g} is right.")


def _statement(function: Function) -> Row:
    found = function()
    if type(found) is not dict or set(found) != set(STATEMENT):
        raise Mistake(f"The statement has not just the keys {', '.join(STATEMENT)}.")
    for key, wanted in STATEMENT.items():
        value = found[key]
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise Mistake(f"{key!r} is {kind(value)} in the statement: give {wanted.__name__}.")
    return found


@check
def reasons_given(function: Function) -> None:
    """Check that the statement's text speaks of all four limits. Raises Mistake."""
    text = _statement(function)["because"]
    if len(text.split()) < 40:
        raise Mistake(f"`because` has {len(text.split())} words; whoever pays wants 40 at least.")
    for word in ("memory", "latency", "budget", "privacy"):
        if word not in text.lower():
            raise Mistake(f"`because` does not say a word about {word}: weigh all four limits.")
    if len(re.findall(r"\d", text)) < 2:
        raise Mistake("`because` holds no figures: name those that decided.")


# ---------------------------------------------------------------- exercise 2: the service


def _service(function: Function, name: str) -> Row:
    found = function()
    if type(found) is not dict:
        raise Mistake(f"{name}() gave {kind(found)}: give the keys of a compose service, a dict.")
    return found


@check
def serves(function: Function) -> None:
    """Check what service() says about image, model and context. Raises Mistake."""
    service = _service(function, "service")
    image = str(service.get("image", ""))
    if not image.startswith("ghcr.io/ggml-org/llama.cpp:server"):
        raise Mistake(f"The image is {image!r}: llama.cpp's is ghcr.io/ggml-org/llama.cpp:server-…")
    if not re.search(r":server-\S*\d|@sha256:[0-9a-f]{64}$", image):
        raise Mistake(f"{image} moves with every release: pin a build, such as server-b11549.")
    if not isinstance(service.get("command"), list | str):
        raise Mistake("The service has no command: a list of llama-server's options.")
    options = options_of(service["command"])
    _served_model(options, [str(volume) for volume in service.get("volumes") or []])
    users, tokens = read("scenario")["users"], read("scenario")["tokens"]
    if options.get("--parallel") != str(users):
        raise Mistake(f"--parallel is {options.get('--parallel')}; {users} users are promised.")
    if options.get("--ctx-size") == str(tokens):
        raise Mistake(
            f"--ctx-size counts all slots together: {tokens} for {users} users are "
            f"{tokens // users} each."
        )
    if options.get("--ctx-size") != str(users * tokens):
        raise Mistake(f"--ctx-size is {options.get('--ctx-size')}: {users} x {tokens} are wanted.")


def _served_model(options: Mapping[str, str], volumes: list[str]) -> None:
    model = options.get("--model", "")
    if not model.lower().endswith("q8_0.gguf"):
        raise Mistake(f"--model is {model!r}: the decision was gguf-q8_0, a file …q8_0.gguf.")
    mounts = [volume.split(":") for volume in volumes]
    if not any(len(m) > 1 and model.startswith(m[1].rstrip("/") + "/") for m in mounts):
        raise Mistake(f"{model} is in no volume: mount the folder that holds it.")
    if any(m[2:] != ["ro"] for m in mounts):
        raise Mistake("A volume can be written: end it with :ro, nothing here needs to write.")


@check
def stays_in_the_house(function: Function) -> None:
    """Check that service() keeps prompts to the machine and its logs clean. Raises Mistake."""
    service = _service(function, "service")
    options = options_of(service["command"])
    port = options.get("--port")
    if options.get("--host") != "0.0.0.0" or not port:
        raise Mistake("In the container the server must listen on --host=0.0.0.0 and a --port.")
    for published in map(str, service.get("ports") or []):
        if not published.startswith("127.0.0.1:"):
            raise Mistake(f"{published} is open to the whole network: begin with 127.0.0.1:.")
        if published.rpartition(":")[2] != port:
            raise Mistake(f"{published} leads to another port than the server's, {port}.")
    if not service.get("ports"):
        raise Mistake("No port is published: nobody on the machine can reach it.")
    if "--offline" not in options:
        raise Mistake("Nothing may leave the house: --offline keeps llama.cpp from downloading.")
    loud = {"--verbose", "--log-verbose", "--tools", "--agent"} & options.keys()
    if loud:
        raise Mistake(f"{', '.join(sorted(loud))}: prompts would be logged, or commands run.")
    for name in variables_of(service.get("environment")):
        if re.search(r"(KEY|TOKEN|PASSWORD|SECRET)$", name):
            raise Mistake(f"{name} is a variable: `inspect` shows it. Use a file.")


@check
def locked(function: Function) -> None:
    """Check the rights that hardening() leaves. Raises Mistake."""
    found = _service(function, "hardening")
    if found.get("read_only") is not True:
        raise Mistake("read_only is not True: the file system could be changed.")
    if not any(str(entry).startswith("/tmp") for entry in found.get("tmpfs") or []):
        raise Mistake("With a read-only file system, /tmp must be a tmpfs.")
    if found.get("cap_drop") != ["ALL"] or found.get("cap_add"):
        raise Mistake("cap_drop must be ['ALL'], and nothing added again.")
    if "no-new-privileges:true" not in (found.get("security_opt") or []):
        raise Mistake("security_opt lacks no-new-privileges:true.")
    if str(found.get("user", "root")).split(":")[0] in ("", "0", "root"):
        raise Mistake("It runs as root: give a user, such as '10001:10001'.")
    for key in ("privileged", "network_mode", "pid", "ipc"):
        if key in found:
            raise Mistake(f"{key} opens the container again: leave it out.")


@check
def apart(*functions: Function) -> None:
    """Check that no two parts of the service hold the same key. Raises Mistake."""
    seen: set[str] = set()
    for function in functions:
        keys = set(_service(function, function.__name__))
        if twice := seen & keys:
            raise Mistake(
                f"{function.__name__}() gives {', '.join(sorted(twice))} again: another part says "
                "it already, and the last one would win."
            )
        seen |= keys


@check
def operated(function: Function) -> None:
    """Check limits, health check and logs in operation(). Raises Mistake."""
    found = _service(function, "operation")
    limits = ((found.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    if lacking := {"memory", "cpus", "pids"} - set(limits):
        raise Mistake(f"There is no limit for {', '.join(sorted(lacking))}.")
    candidate = next(c for c in read("options")["candidates"] if c["artifact"] == "gguf-q8_0")
    needed, most = _memory(candidate, read("scenario")), read("scenario")["memory_gib"]
    limit = size(limits["memory"]) / GIB
    if limit < needed:
        raise Mistake(f"It needs {needed:.2f} GiB and the limit is {limit:g}: it would be killed.")
    if limit > most:
        raise Mistake(f"The limit is {limit:g} GiB and the service may have {most}.")
    if found.get("restart") != "unless-stopped":
        raise Mistake("restart must be unless-stopped: a server that dies comes back.")
    _health(found.get("healthcheck") or {})
    options = (found.get("logging") or {}).get("options") or {}
    if not {"max-size", "max-file"} <= set(options):
        raise Mistake("Logs grow without end: set max-size and max-file under logging.options.")


def _health(health: Row) -> None:
    if lacking := {"test", "interval", "timeout", "retries", "start_period"} - set(health):
        raise Mistake(f"The health check lacks {', '.join(sorted(lacking))}.")
    test = health["test"]
    words = " ".join(map(str, test)) if isinstance(test, list) else str(test)
    if "/health" not in words or "curl" not in words:
        raise Mistake("The health check must ask /health; the image has curl.")
    if not re.search(r"(^| )(-\w*f\w*|--fail)( |$)", words):
        raise Mistake("curl ends with 0 also when the server answers 503: add -f.")
    period = re.fullmatch(r"(\d+)(s|m)", str(health["start_period"]))
    if not period or int(period[1]) * (60 if period[2] == "m" else 1) < 30:
        raise Mistake("4 GB of weights are not read at once: a start_period of 30s at least.")


# ---------------------------------------------------------------- exercise 3 and 4: two reports


def _report(found: Any, name: str) -> Row:
    """A report that keeps to its schema. Raises Mistake."""
    if type(found) is not dict:
        raise Mistake(f"{name}_report gave {kind(found)}: give a dict.")
    try:
        plain = json.loads(json.dumps(found))
    except (TypeError, ValueError) as error:
        raise Mistake(f"The report is no JSON ({error}): use Python's own types.") from None
    errors = jsonschema.Draft202012Validator(read(f"{name}.schema")).iter_errors(plain)
    first = min(errors, key=lambda error: list(map(str, error.path)), default=None)
    if first:
        place = ".".join(map(str, first.path)) or "the report"
        raise Mistake(f"The report does not keep to {name}.schema.json: {place}: {first.message}.")
    return plain


@check
def evaluation_report(function: Function, run: Row, answers: list[Row], required: float) -> None:
    """Check evaluation_report(run, answers, required). Raises Mistake."""
    found = _report(function(_copy(run), _copy(answers), required), "evaluation")
    for key in ("model", "runtime", "artifact"):
        if found[key] != run[key]:
            raise Mistake(f"{key} is {found[key]!r}, and the run says {run[key]!r}.")
    right, total = sum(a["right"] for a in answers), len(answers)
    if found["questions"] != total:
        raise Mistake(
            f"{found['questions']} questions are reported and {total} were asked: one that got no "
            "answer was asked, too."
        )
    if found["right"] != right:
        raise Mistake(f"{found['right']} right answers are reported; {right} is right.")
    _number("accuracy", found["accuracy"], right / total, [(100 * right / total, "A share.")])
    _interval(found["interval"], right, total)
    families: dict[str, dict[str, int]] = {}
    for answer in answers:
        row = families.setdefault(answer["family"], {"questions": 0, "right": 0})
        row["questions"] += 1
        row["right"] += answer["right"]
    if found["families"] != families:
        name = next(n for n in [*families, *found["families"]] if found["families"].get(n)
                    != families.get(n))  # fmt: skip
        raise Mistake(
            f"The family {name} is {found['families'].get(name)} and {families.get(name)} is right."
        )
    low = wilson(right, total)[0]
    if found["meets"] is not (low >= required):
        raise Mistake(
            f"meets is {found['meets']}: {right} of {total} has an interval from {low:.3f}, and "
            f"{required} must hold with the luck taken off: its lower end decides."
        )


def _interval(found: list[float], right: int, total: int) -> None:
    expected = wilson(right, total)
    if all(math.isclose(f, e, abs_tol=1e-3) for f, e in zip(found, expected, strict=True)):
        return
    share = right / total
    half = 1.96 * math.sqrt(share * (1 - share) / total)
    said = "Use the Wilson interval of 95 %, workbook.evaluate.results.wilson."
    if math.isclose(found[0], share - half, abs_tol=1e-3):
        said = "That is the normal approximation, which fails near 0 and 1. " + said
    shown = ", ".join(f"{value:.3f}" for value in expected)
    raise Mistake(f"The interval is {found} and [{shown}] is right. {said}")


@check
def load_report(function: Function, records: list[Row], scenario: Row) -> None:
    """Check load_report(records, scenario). Raises Mistake."""
    found = _report(function(_copy(records), _copy(scenario)), "load")
    limits = metrics.Limits(ttft=scenario["ttft_s"], tpot=scenario["tpot_s"])
    parsed = [Record(**row) for row in records]
    summary = metrics.summarise(parsed, limits)
    failed = sum(not record.ok for record in parsed)
    if found["requests"] != len(parsed):
        raise Mistake(f"{found['requests']} requests are reported; {len(parsed)} were sent.")
    if found["failed"] != failed:
        raise Mistake(f"{found['failed']} failed requests are reported; {failed} failed.")
    whole = len(parsed) - failed
    tokens = sum(record.output_tokens or 0 for record in parsed) / summary.seconds
    share = summary.good_share * len(parsed) / max(1, whole)
    mistakes = {
        "tokens_per_second": [(tokens, "You counted the tokens of answers that broke off.")],
        "good_share": [(share, "It is a share of all requests that were sent, failed ones too.")],
    }
    for key in ("seconds", "tokens_per_second", "good_share"):
        _number(key, found[key], getattr(summary, key), mistakes.get(key, []))
    for key, figure in (("ttft_p95_ms", summary.ttft), ("tpot_p95_ms", summary.tpot)):
        _p95(key, found[key], figure)
    if found["meets"] is not (summary.good_share >= scenario["good_share"]):
        raise Mistake(
            f"meets is {found['meets']}: {100 * summary.good_share:.0f} % of the requests were "
            f"answered well, and {100 * scenario['good_share']:.0f} % are wanted."
        )


def _p95(key: str, found: float | None, figure: metrics.Distribution) -> None:
    if figure.p95 is None:
        if found is not None:
            raise Mistake(
                f"{key} is {found:g} from {figure.n} values: a p95 needs {metrics.needed(0.95)}; "
                "give None, it is not known."
            )
        return
    if found is None:
        raise Mistake(f"{key} is None, and {figure.n} values support a p95.")
    mistakes = [
        (figure.p95, "Those are seconds: give milliseconds."),
        (1000 * (figure.median or 0), "That is the median."),
        (1000 * (figure.largest or 0), "That is the largest."),
        (1000 * (figure.mean or 0), "That is the mean."),
    ]
    _number(key, found, 1000 * figure.p95, mistakes)
