"""`workbook bench`: from the words of a command line to a plan, and from a run to its report."""

import argparse
import json
from pathlib import Path
from typing import Any

from workbook.bench import report, suite
from workbook.bench.metrics import Limits
from workbook.bench.suite import Plan
from workbook.errors import CourseError

INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Measure (or read what was measured), print the table, save the files.

    Gives the exit status: 130 when the run was interrupted, with the table of what there is.
    """
    scores = read_scores(arguments.scores) if arguments.scores else {}
    if arguments.report:
        return _show(Path(arguments.report), scores)
    plan = plan_of(arguments)
    out = _folder(arguments.out)
    try:
        suite.run(plan, out)
    except KeyboardInterrupt:
        print(f"\nInterrupted; what was measured is in {out}.", flush=True)
        _show(out, scores)
        return INTERRUPTED
    return _show(out, scores)


def _folder(given: str | None) -> Path:
    if not given:
        return suite.folder()
    out = Path(given)
    if (out / suite.REQUESTS).exists():
        raise CourseError(
            f"There is a run in {out} already: choose another folder, or show it with --report."
        )
    out.mkdir(parents=True, exist_ok=True)
    return out


def _show(folder: Path, scores: dict[str, tuple[int, int]]) -> int:
    found = report.Report.read(folder)
    print(f"\n{report.text(found)}\n")
    for file in report.save(found, scores):
        print(f"wrote {file}")
    return 0


def plan_of(arguments: argparse.Namespace) -> Plan:
    """The plan that a command line asks for. Raises CourseError for what is not one."""
    concurrency = arguments.concurrency
    if concurrency is None:
        concurrency = [] if arguments.rate else [1, 2, 4, 8, 16]
    return Plan(
        runtimes=arguments.runtimes,
        model=arguments.model,
        place=arguments.place,
        concurrency=concurrency,
        rates=arguments.rate,
        requests=arguments.requests,
        rounds=arguments.rounds,
        warmup=arguments.warmup,
        prompt_tokens=arguments.prompt_tokens,
        output_tokens=arguments.output_tokens,
        seconds=float(arguments.timeout),
        seed=arguments.seed,
        limits=limits(arguments.goodput),
        options=options(arguments.option),
        endpoints=dict(_pair(text, "--endpoint", "NAME=URL") for text in arguments.endpoint),
        same_prompts=arguments.same_prompts,
    )


def limits(words: list[str]) -> Limits:
    """Limits from words such as ttft:200, in milliseconds."""
    found = {}
    for word in words:
        name, _, value = word.partition(":")
        name = "e2e" if name == "e2el" else name  # vLLM's word for it
        try:
            number = float(value) / 1000
        except ValueError:
            number = 0.0
        if name not in ("ttft", "tpot", "e2e") or number <= 0:
            raise CourseError(
                f"--goodput {word!r} is no limit: write ttft:200, tpot:50 or e2e:3000."
            )
        found[name] = number
    return Limits(**found)


def options(texts: list[str]) -> dict[str, dict[str, Any]]:
    """Options by runtime from texts such as llamacpp.parallel=4; values are JSON or plain words."""
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        left, value = _pair(text, "--option", "RUNTIME.NAME=VALUE")
        runtime, dot, name = left.partition(".")
        if not dot or not name:
            raise CourseError(f"--option {text!r} is wrong: write RUNTIME.NAME=VALUE.")
        try:
            found.setdefault(runtime, {})[name] = json.loads(value)
        except ValueError:
            found.setdefault(runtime, {})[name] = value
    return found


def read_scores(file: str) -> dict[str, tuple[int, int]]:
    """(right, questions) by runtime from a JSON file. Raises CourseError for another content."""
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
        pairs = {name: (int(right), int(total)) for name, (right, total) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CourseError(f"The scores in {file} cannot be read ({error}).") from None
    if not all(0 <= right <= total and total for right, total in pairs.values()):
        raise CourseError(f"The scores in {file} are not [right, questions] pairs.")
    return pairs


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise CourseError(f"{option} {text!r} is wrong: write {form}.")
    return left, right
