"""Suites, and the command that runs them."""

import json
import re

import pytest

from workbook import cli, paths
from workbook.errors import CourseError
from workbook.evaluate import loaders, report, sandbox, suites


def test_every_suite_has_questions_of_its_kind():
    assert {q.checker for q in suites.load("tools")} == {"tool_calls"}
    assert {q.checker for q in suites.load("code")} == {"python"}
    assert len(suites.load("tutorial")) == 9
    assert len(suites.load("heldout", limit=1)) == len({q.family for q in suites.load("heldout")})
    tools = [q.id for q in suites.load("tools")]
    assert len(set(tools)) == len(tools) > 30


@pytest.mark.parametrize("name", loaders.NAMES)
def test_a_benchmark_is_a_suite_with_a_folder(name):
    assert len(suites.load(name, folder=loaders.SAMPLE / name)) == 5
    with pytest.raises(CourseError, match=f"The suite {name} is read from its original files"):
        suites.load(name)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--suite", "mmlu"], "There is no suite 'mmlu': choose one of tutorial, heldout, tools"),
        (["--suite", "gsm8k"], "The suite gsm8k is read from its original files"),
        (["--suite", "gsm8k", "--from", "/nowhere"], "There is no folder /nowhere"),
        (["--suite", "code", "--from", "."], "The suite code comes with the course"),
        (["--runtime", "triton"], "There is no runtime 'triton'"),
        (["--model", "phi5"], "There is no model 'phi5'"),
        (["--place", "moon"], "The place 'moon' does not exist"),
        (["--samples", "3"], "At temperature 0 all 3 samples would be the same"),
        (["--vote", "--suite", "heldout"], "A vote needs at least 3 samples"),
        (["--vote", "--samples", "3", "--temperature", "1"], "Voting needs answers"),
        (["--force-calls", "--runtime", "foundry"], "The runtime foundry cannot force"),
        (["--out", "results.txt"], "The results are JSON"),
        (["--out", "/nowhere/results.json"], "There is no folder /nowhere for the results"),
        (["--against", "/nowhere.json"], "There is no file /nowhere.json"),
        (["--against", __file__], f"{__file__} does not hold results"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(arguments, sentence, capsys):
    assert cli.main(["eval", *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"workbook: {sentence}")
    assert len(said.err.strip().splitlines()) == 1
    assert "starting" not in said.out


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--limit", "0"], "'0' is not above 0"),
        (["--temperature", "9"], "'9' is not a temperature"),
        (["--temperature", "warm"], "'warm' is not a temperature"),
        (["--temperature", "nan"], "'nan' is not a temperature"),
        (["--concurrency", "-1"], "'-1' is not a whole number"),
    ],
)
def test_numbers_of_the_command_are_checked(arguments, sentence, capsys):
    with pytest.raises(SystemExit):
        cli.main(["eval", *arguments])
    assert sentence in capsys.readouterr().err


def test_the_command_writes_what_it_shows(artifact, tmp_path, capsys):
    out = tmp_path / "results.json"
    arguments = ["eval", "--suite", "tutorial", "--out", str(out), "--failures", "2"]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    data = json.loads(out.read_text())
    assert data["about"]["suite"] == "tutorial"
    assert data["about"]["runtime"] == "engine"
    assert (data["about"]["engine"], bool(data["about"]["version"])) == ("ONNX Runtime GenAI", True)
    assert data["about"]["artifact"] == "onnx-int4"
    assert data["about"]["model"] == "pocket"
    right = sum(answer["right"] for answer in data["answers"])
    assert (data["all"]["right"], data["all"]["total"]) == (right, 9)
    shown = next(line.split() for line in said.splitlines() if line.startswith("all "))
    assert shown[1:3] == [str(right), "9"]
    assert f"results: {out}" in said
    assert len(out.with_suffix(".jsonl").read_text().splitlines()) == 10
    # The second time nothing is asked.
    assert cli.main(arguments) == 0
    assert json.loads(out.read_text())["seconds"] == 0
    assert json.loads(out.read_text())["families"] == data["families"]
    # Another suite must not be mixed into the same file.
    assert cli.main(["eval", "--suite", "tools", "--out", str(out)]) == 2
    assert "holds another run" in capsys.readouterr().err


def test_a_run_is_compared_with_an_earlier_one(artifact, tmp_path, capsys):
    common = ["eval", "--suite", "heldout", "--limit", "1", "--failures", "0"]
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert cli.main([*common, "--out", str(one)]) == 0
    assert cli.main([*common, "--max-tokens", "3", "--out", str(two), "--against", str(one)]) == 0
    first, second = (json.loads(file.read_text())["all"]["right"] for file in (one, two))
    assert second < first  # cut answers are seldom right
    shown = capsys.readouterr().out
    total = len(suites.load("heldout", 1))
    assert re.search(rf"{first} of {total} +{second} of {total} +\d+ +\d+ +[01]\.\d{{3}}", shown)
    assert "only earlier" in shown  # the same runtime, model and artifact: the names say when
    read = report.read(one)
    assert report.summary(read) == json.loads(one.read_text())
    # Runs over other questions are refused before anything is asked.
    other = ["eval", "--suite", "tutorial", "--against", str(one)]
    assert cli.main(other) == 2
    said = capsys.readouterr()
    assert "holds answers to other questions" in said.err
    assert "starting" not in said.out


@pytest.mark.skipif(bool(sandbox.missing("bwrap")), reason="needs bubblewrap")
def test_the_checkers_quality_is_one_command(capsys):
    assert cli.main(["eval", "--quality"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    name, answers, right, precision, recall, *_ = rows[-1]
    assert (name, int(answers) >= 150) == ("all", True)
    assert 0 < int(right) < int(answers)
    assert min(float(precision), float(recall)) >= 0.98


def test_results_lie_in_build_unless_told_otherwise(artifact, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "EVALUATE", tmp_path)
    assert cli.main(["eval", "--suite", "heldout", "--limit", "1", "--max-tokens", "5"]) == 0
    assert cli.main(["eval", "--suite", "heldout", "--limit", "1", "--max-tokens", "6"]) == 0
    names = sorted(file.name for file in tmp_path.iterdir())
    assert len(names) == 4
    assert all(name.startswith("heldout-engine-pocket-onnx-int4-") for name in names)
    assert "of" in capsys.readouterr().out


def test_a_vote_is_one_answer_a_question(artifact, tmp_path):
    out = tmp_path / "vote.json"
    arguments = ["--suite", "heldout", "--limit", "1", "--samples", "3", "--temperature", "1"]
    assert cli.main(["eval", *arguments, "--vote", "--out", str(out)]) == 0
    data = json.loads(out.read_text())
    assert data["about"]["vote"] is True
    assert len(data["answers"]) == data["all"]["total"] == len(suites.load("heldout", limit=1))
    assert len(out.with_suffix(".jsonl").read_text().splitlines()) == 1 + 3 * data["all"]["total"]
