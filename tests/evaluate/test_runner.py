"""The runner, against a server that misbehaves and against the real engine."""

import asyncio
import dataclasses
import json
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from workbook import evaluate, runtimes
from workbook.errors import CourseError
from workbook.evaluate import report, runner
from workbook.evaluate.banks import Question
from workbook.evaluate.runner import Answer, Plan


class Misbehaving(BaseHTTPRequestHandler):
    """Does what the question says: `429 twice`, `500`, `hang`, `garbage`, ..., else answers 1."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        asked = json.loads(self.rfile.read(length))
        prompt, state = asked["messages"][-1]["content"], self.server.state
        with state.lock:
            state.seen[prompt] += 1
            state.requests.append(asked)
            state.now += 1
            state.most = max(state.most, state.now)
            count = state.seen[prompt]
        try:
            self._answer(prompt.split(":")[-1].strip(), count)
        finally:
            with state.lock:
                state.now -= 1

    def _answer(self, what: str, count: int) -> None:
        if what == "429 twice" and count <= 2:
            return self._send(429, {"error": {"message": "busy"}}, {"retry-after": "0.05"})
        if what == "503 once" and count == 1:
            return self._send(503, {"error": {"message": "loading"}})
        if what in ("429", "503", "500", "400", "404"):
            return self._send(int(what), {"error": {"message": f"always\n{what}"}})
        if what == "hang":
            time.sleep(3)
        if what == "slow":
            time.sleep(0.3)
        if what == "garbage":
            return self._raw(b"<html>not JSON", "application/json")
        if what == "page":
            return self._raw(b"<html>a page</html>", "text/html")
        if what == "another shape":
            return self._send(200, {"hello": "world"})
        if what == "no choices":
            return self._send(200, {"choices": []})
        if what == "content is a number":
            return self._send(200, {"choices": [{"message": {"content": 5}}]})
        if what == "cut off":
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b"{")
            self.close_connection = True
            return None
        call = {"function": {"name": "f", "arguments": "not JSON"}}
        message = {"content": "Answer: 1"}
        if what == "bad call":
            message = {"content": None, "tool_calls": [call]}
        usage = {"prompt_tokens": 3, "completion_tokens": 2}
        return self._send(200, {"choices": [{"message": message}], "usage": usage})

    def _send(self, status: int, body: dict, headers: dict | None = None) -> None:
        self._raw(json.dumps(body).encode(), "application/json", status, headers)

    def _raw(self, body: bytes, kind: str, status: int = 200, headers: dict | None = None) -> None:
        self.send_response(status)
        for key, value in {**(headers or {}), "content-type": kind}.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class State:
    def __init__(self) -> None:
        self.lock, self.seen, self.requests = threading.Lock(), Counter(), []
        self.now = self.most = 0


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass  # clients hang up on purpose


@pytest.fixture
def server():
    with Server(("127.0.0.1", 0), Misbehaving) as server:
        server.state = State()
        server.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(*whats: str, family: str = "a family") -> list[Question]:
    return [
        Question(f"q/{i}", family, f"{i}: {what}", 1, "number", "a test")
        for i, what in enumerate(whats)
    ]


FAST = Plan(backoff=0.01, timeout=10)


def test_refusals_are_asked_again_and_nothing_else(server):
    questions = ask("429 twice", "503 once", "500", "400", "404", "ok")
    run = runner.run(questions, server.url, "m", plan=FAST)
    assert [a.right for a in run.answers] == [True, True, False, False, False, True]
    assert [a.tries for a in run.answers] == [3, 2, 1, 1, 1, 1]
    assert [a.error for a in run.answers] == [
        "", "", "status 500: always 500", "status 400: always 400", "status 404: always 404", ""
    ]  # fmt: skip
    assert server.state.seen["2: 500"] == 1


def test_a_server_that_stays_busy_is_given_up(server):
    (answer,) = runner.run(ask("429"), server.url, "m", plan=Plan(retries=2, backoff=0.01)).answers
    assert (answer.tries, answer.error) == (3, "status 429: always 429")


def test_the_server_says_how_long_to_wait(server):
    started = time.perf_counter()
    runner.run(ask("429 twice"), server.url, "m", plan=Plan(backoff=60, timeout=20))
    assert time.perf_counter() - started < 15


def test_a_question_has_a_time_limit(server):
    run = runner.run(ask("hang", "ok"), server.url, "m", plan=Plan(timeout=0.5))
    assert [a.error for a in run.answers] == ["no answer within 0.5 seconds", ""]


def test_waiting_counts_towards_the_time_limit(server):
    plan = Plan(timeout=0.5, backoff=5)
    (answer,) = runner.run(ask("503 once"), server.url, "m", plan=plan).answers
    assert answer.error == "no answer within 0.5 seconds"


@pytest.mark.parametrize(
    "what", ["garbage", "page", "another shape", "no choices", "content is a number"]
)
def test_what_is_no_answer_is_an_error_and_the_rest_goes_on(server, what):
    run = runner.run(ask(what, "ok"), server.url, "m", plan=FAST)
    assert "is not a chat completion" in run.answers[0].error
    assert run.answers[1].right


def test_an_answer_that_is_cut_off_is_an_error(server):
    run = runner.run(ask("cut off", "ok"), server.url, "m", plan=FAST)
    assert run.answers[0].error.startswith("no connection")
    assert run.answers[1].right


def test_a_call_that_is_not_json_is_a_wrong_answer(server):
    tool = {"name": "f", "parameters": {"type": "object", "properties": {}}}
    question = Question("q", "f", "bad call", [], "tool_calls", "a test", tools=[tool])
    (answer,) = runner.run([question], server.url, "m", plan=FAST).answers
    assert not answer.error
    assert answer.why == "the arguments of f are not a JSON object"
    assert answer.tool_calls == [{"name": "f", "arguments": "not JSON"}]


def test_no_more_requests_at_once_than_the_plan_says(server):
    runner.run(ask(*["slow"] * 8), server.url, "m", plan=Plan(concurrency=3))
    assert server.state.most == 3


def test_every_sample_has_a_seed_of_its_own(server):
    plan = Plan(samples=3, temperature=0.7, seed=10, system="S", extra={"min_tokens": 2})
    run = runner.run(ask("ok", "ok"), server.url, "m", plan=plan)
    assert [(a.id, a.sample, a.seed) for a in run.answers] == [
        (f"q/{i}", k, 10 + k) for k in range(3) for i in range(2)
    ]
    sent = server.state.requests
    assert Counter(r["seed"] for r in sent) == {10: 2, 11: 2, 12: 2}
    assert {r["min_tokens"] for r in sent} == {2}
    assert all(r["messages"][0] == {"role": "system", "content": "S"} for r in sent)


def test_a_run_that_was_interrupted_goes_on(server, tmp_path):
    file = tmp_path / "deep" / "run.jsonl"
    first = runner.run(ask("ok", "500", "ok"), server.url, "m", plan=FAST, file=file)
    lines = file.read_text().splitlines()
    assert len(lines) == 4
    # Cut off in the middle of the last line, as by a power cut.
    file.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:20])
    done = {json.loads(line)["id"] for line in lines[1:-1]}
    server.state.seen.clear()
    again = runner.run(ask("ok", "500", "ok"), server.url, "m", plan=FAST, file=file)
    assert [(a.id, a.right) for a in again.answers] == [(a.id, a.right) for a in first.answers]
    asked = {f"q/{prompt[0]}" for prompt in server.state.seen}
    assert asked == {f"q/{i}" for i in range(3)} - done | {"q/1"}  # the error is asked again
    assert all(json.loads(line) for line in file.read_text().splitlines())
    server.state.seen.clear()
    whole = runner.run(ask("ok", "ok"), server.url, "m", file=tmp_path / "whole.jsonl")
    server.state.seen.clear()
    assert runner.run(ask("ok", "ok"), server.url, "m", file=tmp_path / "whole.jsonl").seconds == 0
    assert not server.state.seen
    assert whole.seconds > 0


def test_an_answer_is_on_disk_as_soon_as_it_is_there(server, tmp_path):
    file = tmp_path / "run.jsonl"
    questions = ask("ok", "hang")
    thread = threading.Thread(
        target=runner.run,
        args=(questions, server.url, "m"),
        kwargs={"plan": Plan(timeout=2), "file": file},
    )
    thread.start()
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline and not (file.exists() and '"q/0"' in file.read_text()):
        time.sleep(0.02)
    alive = thread.is_alive()
    thread.join()
    assert alive
    assert '"q/0"' in file.read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"questions": ask("ok", "ok", "ok")},
        {"model": "another"},
        {"plan": Plan(max_tokens=7)},
        {"about": {"version": "2"}},
    ],
    ids=lambda c: next(iter(c)),
)
def test_a_file_of_another_run_is_refused(server, tmp_path, change):
    file = tmp_path / "run.jsonl"
    same = {"questions": ask("ok", "ok"), "model": "m", "plan": Plan(), "about": {"version": "1"}}
    runner.run(base_url=server.url, file=file, **same)
    with pytest.raises(CourseError, match="holds another run \\(it differs in"):
        runner.run(base_url=server.url, file=file, **{**same, **change})
    how_fast = {"plan": Plan(concurrency=1, timeout=9)}
    assert runner.run(base_url=server.url, file=file, **{**same, **how_fast}).answers


@pytest.mark.parametrize("text", ['{"a": 1}\n', "notes\n", '{"run": {}}\n{"b": 2}\n', "[]\n"])
def test_a_file_that_is_something_else_is_left_alone(server, tmp_path, text):
    file = tmp_path / "notes.jsonl"
    file.write_text(text)
    with pytest.raises(CourseError, match=r"is not a results file|holds another run"):
        runner.run(ask("ok"), server.url, "m", file=file)
    assert file.read_text() == text


def test_a_server_that_is_not_there_ends_the_run(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.perf_counter()
    with pytest.raises(CourseError, match=r"Nothing answers at .*0 answers are kept") as error:
        runner.run(ask(*["ok"] * 50), f"http://127.0.0.1:{port}/v1", "m", file=tmp_path / "r.jsonl")
    assert "run the same again to go on" in str(error.value)
    assert time.perf_counter() - started < 10


def test_a_notebook_can_run_it(server):
    async def cell():
        return runner.run(ask("ok"), server.url, "m")

    assert asyncio.run(cell()).answers[0].right


@pytest.mark.parametrize(
    "wrong", [{"samples": 0}, {"concurrency": 0}, {"timeout": 0}, {"samples": 3}]
)
def test_a_plan_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(CourseError, match=r"A plan needs|At temperature 0"):
        Plan(**wrong)


def test_nothing_to_ask_is_an_error():
    with pytest.raises(CourseError, match="nothing to ask"):
        runner.run([], "http://127.0.0.1:1/v1", "m")


def test_code_is_not_even_asked_for_without_a_sandbox(server, monkeypatch):
    def refuse():
        raise CourseError("no box")

    monkeypatch.setattr(runner.sandbox, "available", refuse)
    question = Question("q", "code", "?", "assert f() == 1", "python", "a test")
    with pytest.raises(CourseError, match="no box"):
        runner.run([question], server.url, "m")
    assert not server.state.seen


# ---------------------------------------------------------------- voting and reports


def answer(id: str, sample: int, found: str, right: bool) -> Answer:
    return Answer(id, "f", right, sample=sample, found=found)


def test_the_most_frequent_answer_wins():
    (question,) = ask("x")
    founds = ["3", "1", "", "1", "3", "1"]
    samples = [answer("q/0", i, found, found == "1") for i, found in enumerate(founds)]
    (chosen,) = runner.vote(samples[::-1], [question])
    assert (chosen.found, chosen.sample, chosen.right) == ("1", 1, True)
    (tie,) = runner.vote(samples[:2], [question])
    assert tie.found == "3"
    (none,) = runner.vote([answer("q/0", i, "", False) for i in range(2)], [question])
    assert (none.sample, none.right) == (0, False)


def test_programs_cannot_be_voted_on():
    question = Question("q", "code", "?", "", "python", "a test")
    with pytest.raises(CourseError, match="Voting needs answers that can be the same"):
        runner.vote([answer("q", 0, "x", True)], [question])


@pytest.mark.parametrize(
    "first, second, p",
    [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375), (9, 1, 0.021484375)],
)
def test_mcnemars_p_value(first, second, p):
    # (1, 9): 2 * (1 + 10) / 2**10
    assert report.mcnemar(first, second) == pytest.approx(p)


def test_mcnemar_takes_counts():
    with pytest.raises(ValueError, match="are not counts"):
        report.mcnemar(-1, 2)


def made_run(*rights: bool) -> runner.Run:
    questions = ask(*["x"] * len(rights))
    answers = [
        Answer(q.id, ("even", "odd")[i % 2], right, text="Answer", why="" if right else "no",
               prompt_tokens=2, completion_tokens=3, seconds=0.5)
        for i, (q, right) in enumerate(zip(questions, rights, strict=True))
    ]  # fmt: skip
    return runner.Run({"model": "m"}, questions, answers, 1.0)


def test_two_runs_are_compared_question_by_question():
    one, other = made_run(True, True, False, False), made_run(True, False, True, False)
    found = report.compare(one, other)
    assert (found.both, found.first, found.second, found.neither) == (1, 1, 1, 1)
    assert found.p == 1.0
    assert "2 of 4" in str(found.table(("int4", "fp32")))
    with pytest.raises(CourseError, match="Only runs over the same questions"):
        report.compare(one, made_run(True))


def test_a_vote_is_compared_with_a_run_of_one_answer_each():
    one, voted = made_run(True, False), made_run(True, True)
    winners = [dataclasses.replace(a, sample=3) for a in voted.answers]
    found = report.compare(one, dataclasses.replace(voted, answers=winners))
    assert (found.both, found.first, found.second, found.neither) == (1, 0, 1, 0)


def test_a_summary_and_its_table_say_the_same(tmp_path):
    run = made_run(True, False, True, False, True)
    data = json.loads(report.save(run, tmp_path / "a" / "run.json").read_text())
    assert data["families"]["even"] | {"interval": None} == {
        "right": 3, "total": 3, "errors": 0, "prompt_tokens": 6, "completion_tokens": 9,
        "seconds": 1.5, "interval": None,
    }  # fmt: skip
    assert data["families"]["odd"]["right"] == 0
    assert data["all"]["interval"] == [round(b, 4) for b in evaluate.wilson(3, 5)]
    rows = {row["family"]: row for row in report.table(run).rows}
    for name, family in {**data["families"], "all": data["all"]}.items():
        assert rows[name]["right"] == str(family["right"])
        assert rows[name]["of"] == str(family["total"])
        assert rows[name]["tokens out"] == str(family["completion_tokens"])


def test_an_answer_that_never_came_is_a_wrong_one():
    run = made_run(True, True, True, False)
    lost = dataclasses.replace(run.answers[3], error="status 500: no", why="", seconds=9.0)
    run = dataclasses.replace(run, answers=[*run.answers[:3], lost])
    row = report.summary(run)["all"]
    assert (row["right"], row["total"], row["errors"], row["seconds"]) == (3, 4, 1, 1.5)
    assert row["interval"] == [round(b, 4) for b in evaluate.wilson(3, 4)]
    shown = report.table(run).rows[-1]
    assert (shown["accuracy"], shown["errors"], shown["s each"]) == ("75%", "1", "0.50")
    assert report.failures(run).rows[0]["why"] == "status 500: no"


def test_failures_are_shown_with_question_and_reason():
    run = made_run(True, False, False)
    shown = report.failures(run)
    assert [row["id"] for row in shown.rows] == ["q/1", "q/2"]
    assert shown.rows[0]["why"] == "no"
    assert len(report.failures(run, limit=1).rows) == 1
    assert report.failures(made_run(True)) is None


# ---------------------------------------------------------------- the real engine


@pytest.fixture(scope="module")
def engine(artifact):
    with runtimes.start("engine", share=False) as rt:
        yield rt


def test_a_bank_through_the_real_engine(engine, tmp_path):
    questions = evaluate.load("tutorial")
    file = tmp_path / "run.jsonl"
    run = runner.run(questions, engine.base_url, engine.model, file=file)
    assert run.errors == []
    assert [a.id for a in run.answers] == [q.id for q in questions]
    for given, question in zip(run.answers, questions, strict=True):
        assert given.right == question.is_right(given.text, given.tool_calls)
        assert given.completion_tokens > 0
        assert given.seconds > 0
    again = runner.run(questions, engine.base_url, engine.model)
    assert [a.text for a in again.answers] == [a.text for a in run.answers]
    head, rows = runner.read_lines(file, file.read_text().splitlines())
    assert head["model"] == engine.model
    assert sorted(rows, key=lambda a: a.id) == sorted(run.answers, key=lambda a: a.id)


def test_samples_of_the_real_engine_differ_and_repeat(engine):
    questions = evaluate.load("heldout", families=("travel_time",), limit=2)
    plan = Plan(samples=3, temperature=2.0)
    one = runner.run(questions, engine.base_url, engine.model, plan=plan)
    other = runner.run(questions, engine.base_url, engine.model, plan=plan)
    assert [a.text for a in one.answers] == [a.text for a in other.answers]
    assert len({a.text for a in one.answers}) > 2
    assert len(runner.vote(one.answers, questions)) == 2


def test_an_unknown_model_is_an_error_of_every_question(engine):
    run = runner.run(evaluate.load("tutorial")[:2], engine.base_url, "phi5")
    assert [a.error.startswith("status 404") for a in run.answers] == [True, True]
