"""`workbook eval`: a suite through a runtime, from one command to a table and a JSON file."""

import argparse
import dataclasses
from pathlib import Path

from workbook import paths, runtimes
from workbook.errors import CourseError
from workbook.evaluate import quality, report, runner, strategies, suites


def run(arguments: argparse.Namespace) -> None:
    """Ask, judge, print the table and some failures, write the JSON. Raises CourseError."""
    if arguments.quality:
        print(quality.measure().table())
        return
    earlier = report.read(arguments.against) if arguments.against else None
    questions = suites.load(arguments.suite, arguments.limit, arguments.folder)
    plan = _plan(arguments)
    if arguments.vote:
        _check_vote(plan, questions)
    if earlier:
        _check_earlier(earlier, arguments.against, questions)
    out = _checked(arguments.out) if arguments.out else None
    options = {"artifact": arguments.artifact} if arguments.artifact else {}
    with runtimes.start(arguments.runtime, arguments.model, arguments.place, **options) as rt:
        about = {
            "suite": arguments.suite,
            "runtime": rt.name,
            "engine": rt.engine,
            "version": rt.version,
            "artifact": rt.artifact,
        }
        key = runner.name_of(about, questions, plan)
        out = out or _default(about, rt.model, key, arguments.vote)
        answers = out.with_suffix(".jsonl")
        done = runner.run(
            questions, rt.base_url, rt.model,
            plan=plan, file=answers, label=arguments.suite, about=about,
        )  # fmt: skip
    if arguments.vote:
        voted = runner.vote(done.answers, questions)
        done = dataclasses.replace(done, answers=voted, about={**done.about, "vote": True})
    _show(done, arguments.failures)
    if earlier:
        print(f"{report.compare(earlier, done).table(_names(earlier, done))}\n")
    print(f"results: {report.save(done, out)}\nanswers: {answers}")


def _plan(arguments: argparse.Namespace) -> runner.Plan:
    forced = strategies.forcing(arguments.runtime) if arguments.force_calls else "auto"
    return runner.Plan(
        samples=arguments.samples,
        temperature=arguments.temperature,
        seed=arguments.seed,
        max_tokens=arguments.max_tokens,
        concurrency=arguments.concurrency,
        timeout=float(arguments.timeout),
        system=arguments.system,
        strategy=forced,
    )


def _check_vote(plan: runner.Plan, questions: list) -> None:
    if plan.samples < 3:
        raise CourseError(
            f"A vote needs at least 3 samples, not {plan.samples}: add for example --samples 5 "
            f"--temperature 0.7."
        )
    runner.check_vote(questions)


def _check_earlier(earlier: runner.Run, file: str, questions: list) -> None:
    if earlier.about.get("questions") != runner.fingerprint(questions):
        raise CourseError(
            f"{file} holds answers to other questions: compare runs of the same suite, with the "
            f"same --limit."
        )


def _names(earlier: runner.Run, done: runner.Run) -> tuple[str, str]:
    """What the two runs differ in: runtime, model and artifact, else which was first."""
    one, two = (
        " ".join(str(run.about.get(key, "")) for key in ("runtime", "model", "artifact"))
        for run in (earlier, done)
    )
    return (one, two) if one != two else ("earlier", "now")


def _checked(given: str) -> Path:
    out = Path(given)
    if out.suffix != ".json":
        raise CourseError(f"The results are JSON: name the file {out.name}.json, for example.")
    if not out.parent.is_dir():
        raise CourseError(f"There is no folder {out.parent} for the results: make it first.")
    return out


def _default(about: dict, model: str, key: str, vote: bool) -> Path:
    parts = (about["suite"], about["runtime"], model, about["artifact"], key)
    ending = "-vote" if vote else ""
    return paths.EVALUATE / f"{'-'.join(part for part in parts if part)}{ending}.json"


def _show(done: runner.Run, failures: int) -> None:
    print(report.table(done))
    wrong = report.failures(done, limit=failures) if failures else None
    if wrong:
        print(f"\n{wrong.caption}{_said(len(wrong.rows))}")
    for row in wrong.rows if wrong else []:
        # A table of long texts is no table in a terminal.
        print(f"\n{row['id']}: {row['question']}")
        for name in ("wanted", "answer", "why"):
            print(f"  {name:6}  {row[name]}")
    print()


def _said(shown: int) -> str:
    return f", the first {shown}:" if shown > 1 else ":"
