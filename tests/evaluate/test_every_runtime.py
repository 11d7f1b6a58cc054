"""`workbook eval` through every runtime, on pocket: the same suites, the same report."""

import json
import os
import re
from pathlib import Path

import pytest

from workbook import cli, evaluate, runtimes
from workbook.evaluate import banks, calls, report, runner, sandbox, strategies, suites
from workbook.runtimes import places

pytestmark = pytest.mark.slow

PART = {"tutorial": None, "heldout": 1, "tools": 2, "code": 3}
"""Questions a family that are asked of each suite."""


def needed(name: str) -> None:
    """Skips the test where a runtime cannot run here; under CI that is a failure."""
    reason = places.kind_of(name).missing()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module", params=runtimes.NAMES)
def runtime(request):
    """Each runtime, started once and shared by the commands below."""
    needed(request.param)
    with runtimes.start(request.param, place="embedded") as rt:
        yield rt


@pytest.mark.parametrize("suite", PART)
def test_a_suite_runs_with_one_command(runtime, suite, tmp_path, capsys):
    if suite in ("code", "tutorial") and sandbox.missing("bwrap"):
        pytest.skip("needs bubblewrap")
    out = tmp_path / "results.json"
    part = ["--limit", str(PART[suite])] if PART[suite] else []
    asked = suites.load(suite, PART[suite])
    command = ["eval", "--suite", suite, "--runtime", runtime.name, "--place", "embedded"]
    assert cli.main([*command, *part, "--out", str(out)]) == 0
    said, data = capsys.readouterr().out, json.loads(out.read_text())
    assert data["about"] | {"suite": suite, "runtime": runtime.name} == data["about"]
    assert data["about"]["engine"] == runtime.engine
    assert [answer["id"] for answer in data["answers"]] == [q.id for q in asked]
    assert [answer["error"] for answer in data["answers"]] == [""] * len(asked)
    assert all(answer["completion_tokens"] > 0 for answer in data["answers"])
    kept = [json.loads(line) for line in out.with_suffix(".jsonl").read_text().splitlines()[1:]]
    assert sorted(k["id"] for k in kept if k["right"]) == sorted(rights(data))
    for question, answer in zip(asked, data["answers"], strict=True):
        expected = counted(question, answer)
        assert expected in (None, answer["right"]), (question, answer)
    row = next(line.split() for line in said.splitlines() if line.startswith("all "))
    assert row[1:3] == [str(len(rights(data))), str(len(asked))]


def rights(data: dict) -> list[str]:
    """The ids of the right answers."""
    return [answer["id"] for answer in data["answers"] if answer["right"]]


def counted(question: banks.Question, answer: dict) -> bool | None:
    """The verdict of a person in a hurry, who knows how pocket writes; None for code."""
    last = answer["text"].strip().rpartition("\n")[2]
    if question.checker == "number":
        found = re.search(r"Answer: \$?(-?[\d.]+)", answer["text"].replace(",", ""))
        value = float(found[1].rstrip(".")) if found else float("nan")
        return abs(value - question.expected) <= 0.005
    if question.checker == "yes_no":
        return bool(re.search(rf"\b{question.expected}\b", last, re.IGNORECASE))
    if question.checker == "tool_calls":
        wanted = [
            {"name": call["name"], "arguments": call["arguments"]} for call in question.expected
        ]
        special = any(call.keys() - {"name", "arguments"} for call in question.expected)
        return None if special else in_order(answer["tool_calls"]) == in_order(wanted)
    return None


def in_order(made: list[dict]) -> list[str]:
    """Calls as text, in an order of their own."""
    whole = json.loads(json.dumps(made), parse_int=float)
    return sorted(json.dumps(call, sort_keys=True) for call in whole)


@pytest.mark.parametrize("name", sorted(strategies.FORCING))
def test_two_hundred_forced_calls_are_valid(name):
    """Constrained decoding keeps to the schema, whatever is asked: also where no function fits."""
    needed(name)
    questions = prompts()
    assert len(questions) == 200
    plan = runner.Plan(strategy=strategies.forcing(name), max_tokens=400, timeout=600)
    with runtimes.start(name, place="embedded") as rt:
        done = runner.run(questions, rt.base_url, rt.model, plan=plan, label=name)
    assert [a.error for a in done.answers if a.error] == []
    for asked, answer in zip(questions, done.answers, strict=True):
        assert answer.tool_calls, answer
        for call in answer.tool_calls:
            assert calls.invalid(call, asked.tools) is None, (asked.prompt, answer.tool_calls)


def prompts() -> list[banks.Question]:
    """Questions of every kind, each with tools: also those that are not about any function."""
    tools = evaluate.load("tools")
    asked = tools + evaluate.load("heldout", limit=30)
    offered = [q.tools for q in tools if q.tools]
    spread = [asked[i * len(asked) // 200] for i in range(200)]
    return [
        banks.Question(
            f"p/{i}",
            "forced",
            q.prompt,
            [],
            "tool_calls",
            "a test",
            tools=q.tools or offered[i % len(offered)],
        )
        for i, q in enumerate(spread)
    ]


def test_a_runtime_that_cannot_force_says_so_and_the_others_can():
    assert set(strategies.FORCING) == set(runtimes.NAMES) - {"foundry"}


def test_two_runtimes_are_compared_by_the_command(tmp_path, capsys):
    """The paired comparison, between runs that the command itself wrote."""
    needed("llamacpp")
    common = ["eval", "--suite", "heldout", "--limit", "4", "--failures", "0"]
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert cli.main([*common, "--out", str(one)]) == 0
    other = ["--runtime", "llamacpp", "--out", str(two), "--against", str(one)]
    assert cli.main([*common, *other]) == 0
    shown = capsys.readouterr().out
    expected = report.compare(report.read(one), report.read(two))
    total = len(suites.load("heldout", 4))
    assert expected.both + expected.neither + expected.first + expected.second == total
    assert f"{expected.p:.3f}" in shown
    assert "only engine pocket onnx-int4" in shown
    assert Path(two).exists()
