"""Runtimes side by side: real servers; form and arithmetic, never a time."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from workbook import evaluate, runtimes
from workbook.bench import compare
from workbook.bench.compare import Measured
from workbook.errors import CourseError
from workbook.evaluate import Question, Result


@pytest.fixture(scope="module")
def engine():
    with runtimes.start("engine", place="embedded") as runtime:
        yield runtime


def measured(**changes) -> Measured:
    fields = {
        "name": "engine", "engine": "E", "version": "1", "artifact": "onnx-int4",
        "start_seconds": 1.0, "resident_bytes": 1, "disk_bytes": 1,
        "first_tokens": [0.3, 0.1, 0.2], "rates": [5.0, 1.0, 2.0],
        "results": [Result("1", "a", True, ""), Result("2", "a", False, "")],
        "statuses": {"GET /a": 200, "GET /b": 404, "POST /c": 422},
    }  # fmt: skip
    return Measured(**fields | changes)


def test_medians_right_answers_and_shapes():
    found = measured()
    assert (found.first_token_seconds, found.tokens_per_second) == (0.2, 2.0)
    assert found.right == 1 and found.interval == evaluate.wilson(1, 2)
    assert found.shapes == ["GET /a"]


def test_a_runtime_is_started_asked_and_stopped(capsys):
    questions = evaluate.load("heldout", families=("distance", "tool_call"), limit=2)
    found = compare.measure("engine", questions, place="embedded", artifact="onnx-int8", timed=1)
    assert (found.name, found.artifact) == ("engine", "onnx-int8")
    assert capsys.readouterr().out.count("ready after") == 2
    assert len(found.first_tokens) == len(found.rates) == 1
    assert found.first_tokens[0] > 0 and found.rates[0] > 0 and found.start_seconds > 0
    assert found.resident_bytes > found.disk_bytes > 1_000_000
    assert [r.id for r in found.results] == [q.id for q in questions]
    assert found.right == 4
    assert found.statuses["POST /v1/chat/completions"] == 200
    assert found.statuses["POST /api/chat"] == 404


def test_a_server_that_runs_already_is_taken_as_it_is(engine):
    questions = evaluate.load("heldout", families=("distance",), limit=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBOOK_ENGINE_URL", engine.root_url)
        for place in ("auto", "attached"):
            found = compare.measure("engine", questions, place=place, artifact="onnx-int8")
            assert found.artifact == "onnx-int4"
            assert found.start_seconds is found.resident_bytes is found.disk_bytes is None


def test_the_rate_counts_the_servers_tokens_over_the_whole_answer(engine, monkeypatch):
    question = evaluate.load("heldout", families=("distance",), limit=1)[0]
    ticks = iter([10.0, 10.5, 12.0])
    clock = SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr(compare, "time", clock)
    first, rate = compare.stream(engine, question)
    monkeypatch.undo()
    tokens = engine.client.chat.completions.create(
        model="pocket", messages=question.messages(), temperature=0
    ).usage.completion_tokens
    assert (first, rate) == (0.5, tokens / 2)


def test_tools_are_offered(engine):
    question = evaluate.load("heldout", families=("tool_call",), limit=1)[0]
    reply = compare.ask(engine, question)
    assert question.is_right(reply.text, reply.tool_calls)


def test_an_answer_without_text_is_one_sentence(engine):
    question = evaluate.load("heldout", families=("tool_call",), limit=1)[0]
    silent = runtimes.Runtime("engine", engine.root_url, "pocket", "E", "1", "attached")
    monkey = pytest.MonkeyPatch()
    try:
        monkey.setattr(Question, "messages", lambda self: [{"role": "user", "content": "x"}])
        create = silent.client.chat.completions.create
        monkey.setattr(
            silent.client.chat.completions, "create",
            lambda **fields: create(**fields | {"stream_options": {}}),
        )  # fmt: skip
        with pytest.raises(CourseError, match="no text or no token count"):
            compare.stream(silent, question)
    finally:
        monkey.undo()
        silent.stop()


def test_memory_counts_the_children_too():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    child = "b = b'1' * 200_000_000; print('x', flush=True); input()"
    parent = subprocess.Popen(
        [sys.executable, "-c", code, child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        parent.stdout.readline()
        assert compare.resident(parent.pid) > 200_000_000
    finally:
        parent.communicate(b"\n")
    assert compare.resident(None) is None


def test_questions_without_an_answer_in_text_cannot_be_timed():
    only_tools = evaluate.load("heldout", families=("tool_call",), limit=1)
    with pytest.raises(ValueError, match="no question without tools"):
        compare.measure("engine", only_tools)


def test_families_take_turns():
    questions = evaluate.load("heldout", families=("distance", "average"), limit=2)
    assert [q.family for q in compare._spread(questions)] == ["distance", "average"] * 2
