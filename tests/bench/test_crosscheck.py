"""The comparison with an independent tool: its arithmetic, and one real round."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from workbook import paths, runtimes
from workbook.bench import crosscheck, load, metronome, records
from workbook.bench.crosscheck import Agreement
from workbook.bench.load import Load
from workbook.bench.records import Record
from workbook.bench.suite import Plan
from workbook.errors import CourseError

PYTHON = Path(os.environ.get("WORKBOOK_BENCH_VLLM", paths.VLLM / "bin" / "python"))
"""vLLM's environment: it is not made for a test."""


def test_the_ratio_is_taken_round_by_round():
    found = Agreement("x", [10.0, 30.0, 20.0], [10.0, 20.0, 20.0])
    assert found.ratio == 1.0 and found.agrees
    assert not Agreement("x", [1.2] * 3, [1.0] * 3).agrees
    assert Agreement("x", [1.09] * 3, [1.0] * 3).agrees


def test_noise_is_the_middle_half_of_the_noisier_tool():
    assert Agreement("x", [1.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]).noise == pytest.approx(2 / 3)
    assert Agreement("x", [1.0], [2.0]).noise == 0


def test_the_verdict_is_written_out():
    text = crosscheck.text([Agreement("E2E median, ms", [1.0, 2.0, 3.0], [1.0, 2.0, 3.1])])
    assert "1.000" in text and "yes" in text and "the machine is noisy" in text
    assert "no" in crosscheck.text([Agreement("x", [2.0], [1.0])]).splitlines()[2]


def test_times_are_counted_as_the_other_tool_does():
    record = Record("ok", 0, 0, 4, event=1.0, first=2.0, last=4.0, output_tokens=4)
    assert (crosscheck._as_theirs(record).ttft, crosscheck._as_theirs(record).tpot) == (1.0, 1.0)


def test_a_round_with_a_failure_is_no_round(server, tmp_path):
    given = Load(["a", "b", "c", "d"], 4)
    with pytest.raises(CourseError, match="Not every request was answered"):
        crosscheck.ours(server.target("mixed"), given, tmp_path, 0)
    found = crosscheck.ours(server.target("whole"), given, tmp_path, 1)
    assert set(found) == set(crosscheck.FIGURES) and found["requests/s"] > 0


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason="vLLM's environment is not there")
def test_both_tools_count_the_same_requests_and_tokens(tmp_path):
    plan = Plan(["llamacpp"], concurrency=[2], requests=8, warmup=2, output_tokens=16)
    options = plan.server_options("llamacpp")
    with runtimes.start("llamacpp", place="embedded", **options) as runtime:
        target = crosscheck.target_of(plan, runtime)
        given = plan.load("closed", 2.0, 0)
        found = crosscheck.theirs(target, given, tmp_path, 0, PYTHON, "pocket")
    assert set(found) == set(crosscheck.FIGURES) and found["requests/s"] > 0
    result = json.loads((tmp_path / "theirs-0.json").read_text())
    assert (result["completed"], result["total_output_tokens"]) == (8, 8 * 16)
    assert result["total_input_tokens"] == 8 * 128


def test_the_metronome_keeps_its_promises(tmp_path):
    target_of_metronome = crosscheck.Target("metronome", "", "pocket")
    with metronome.serving(first=0.05, every=0.01) as url:
        target = dataclasses.replace(target_of_metronome, url=f"{url}/v1")
        load.run(target, Load(["x"] * 6, 11, level=3), tmp_path / "r.jsonl")
    found = records.read(tmp_path / "r.jsonl")
    assert [(r.status, r.output_tokens, len(r.chunks)) for r in found] == [("ok", 11, 11)] * 6
    # Sleeping may take longer than asked for, never shorter: the truth is a lower bound.
    assert all(r.first - r.sent >= 0.05 and r.last - r.sent >= 0.15 for r in found)
