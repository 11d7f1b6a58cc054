"""The load generator on a small server that misbehaves, and on the real ones. No time is judged."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest

from workbook import runtimes
from workbook.bench import load, machine, prompts, records
from workbook.bench.load import Cost, Load, Target
from workbook.errors import CourseError


def drive(target: Target, **changes) -> list[records.Record]:
    fields = {"prompts": ["a", "b", "c", "d"], "output_tokens": 4, "seconds": 30.0} | changes
    found: list[records.Record] = []
    asyncio.run(load.drive(target, Load(**fields), found.append))
    return found


# ---------------------------------------------------------------- one request


def test_what_is_sent(server):
    drive(server.target("whole", ignore_eos=True), prompts=["Hi"])
    assert server.bodies == [
        {
            "model": "tiny",
            "messages": [{"role": "user", "content": "Hi"}],
            "max_tokens": 4,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            "ignore_eos": True,
        }
    ]


def test_an_answer_leaves_its_times_in_order(server):
    record = drive(server.target("whole"), prompts=["Hi"])[0]
    assert record.ok and record.http == 200 and record.finish == "length"
    assert record.due == record.sent < record.event <= record.first <= record.last <= record.end
    assert len(record.chunks) == 3 and record.output_tokens == 4


@pytest.mark.parametrize(
    ("behaviour", "status", "http", "message"),
    [
        ("full", "refused", 429, "queue is full"),
        ("loading", "refused", 503, "loading"),
        ("broken", "error", 500, "a bug"),
        ("cut", "broken", 200, "closed the connection before the end"),
        ("short", "broken", 200, "ended before the answer did"),
        ("failing", "error", 200, "out of memory"),
    ],
)
def test_what_fails_is_a_record_too(server, behaviour, status, http, message):
    record = drive(server.target(behaviour), prompts=["Hi"])[0]
    assert (record.status, record.http) == (status, http)
    assert message in record.message


def test_an_answer_that_takes_too_long_is_a_timeout(server):
    record = drive(server.target("slow"), prompts=["Hi"], seconds=0.2)[0]
    assert (record.status, record.http, record.output_tokens) == ("timeout", None, None)


def test_a_server_that_is_not_there_is_an_error(server):
    nobody = replace(server.target("whole"), url="http://127.0.0.1:9/v1")
    record = drive(nobody, prompts=["Hi"])[0]
    assert (record.status, record.http) == (
        "error",
        None,
    ) and "ConnectionRefusedError" in record.message


def test_nothing_is_dropped_when_some_fail(server):
    found = drive(server.target("mixed"), prompts=["x"] * 12)
    assert sorted(r.status for r in found) == sorted(["ok", "refused", "error", "broken"] * 3)


# ---------------------------------------------------------------- loops


def test_a_closed_loop_has_so_many_requests_at_once(server):
    server.together = 3
    found = drive(server.target("together"), prompts=["x"] * 9, level=3)
    assert server.most == 3 and [r.status for r in found] == ["ok"] * 9
    assert sorted(r.index for r in found) == list(range(9))


def test_an_open_loop_does_not_wait_for_answers(server):
    server.together = 6  # nobody is answered before six have asked
    found = drive(server.target("together"), prompts=["x"] * 6, loop="open", level=500)
    assert server.most == 6 and all(r.ok for r in found)
    due = load.arrivals(6, 500, "0")
    assert sorted(r.due for r in found) == due
    assert all(r.sent >= r.due for r in found)


def test_arrivals_are_a_poisson_process_of_that_rate():
    due = load.arrivals(20_000, 4.0, "seed")
    gaps = [b - a for a, b in zip([0.0, *due], due, strict=False)]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(1 / 4, rel=0.03)
    # An exponential gap is as wide as it is long, and exceeds its mean with probability 1/e.
    assert sum((g - mean) ** 2 for g in gaps) / len(gaps) == pytest.approx(1 / 16, rel=0.06)
    assert sum(g > mean for g in gaps) / len(gaps) == pytest.approx(0.3679, abs=0.01)
    assert due == load.arrivals(20_000, 4.0, "seed") != load.arrivals(20_000, 4.0, "other")


@pytest.mark.parametrize("loop", ["closed", "open"])
def test_the_warm_up_comes_first_and_is_marked(server, loop):
    found = drive(server.target("whole"), loop=loop, warmup=2, level=2)
    assert [r.warmup for r in found] == [True, True, False, False]
    sent = [body["messages"][0]["content"] for body in server.bodies]
    assert set(sent[:2]) == {"a", "b"} and set(sent[2:]) == {"c", "d"}


@pytest.mark.parametrize(
    "wrong", [{"loop": "x"}, {"level": 0}, {"level": 1.5}, {"output_tokens": 0}, {"warmup": 4}]
)
def test_what_is_no_load_is_refused(wrong):
    with pytest.raises(ValueError, match="a load"):
        Load(**{"prompts": ["a"] * 4, "output_tokens": 1} | wrong)


def test_what_fixes_the_length_of_an_answer():
    assert load.fixed_length("engine", 8) == {"min_tokens": 8}
    assert load.fixed_length("vllm", 8) == {"ignore_eos": True, "min_tokens": 8}
    assert load.fixed_length("llamacpp", 8) == {"ignore_eos": True}
    for without in ("ollama", "foundry", "mine"):
        assert load.fixed_length(without, 8) == {}


# ---------------------------------------------------------------- the process


def test_a_load_runs_in_a_process_of_its_own(server, tmp_path):
    file = tmp_path / "r.jsonl"
    given = Load(["a", "b", "c"], 4, level=2, warmup=1)
    cost = load.run(server.target("whole"), given, file, round=7)
    found = records.read(file)
    assert [r.status for r in found] == ["ok"] * 3 and [r.warmup for r in found].count(True) == 1
    assert {(r.runtime, r.round, r.loop, r.level) for r in found} == {("whole", 7, "closed", 2)}
    assert cost.client_cpu > 0 and cost.seconds > 0 and cost.client_share > 0
    assert cost.server_cpu is cost.peak_bytes is cost.others_cpu is cost.others_share is None


def test_the_servers_share_is_told_where_its_process_is_known(server, tmp_path):
    target = replace(server.target("whole"), pid=machine.psutil.Process().pid)
    cost = load.run(target, Load(["a"] * 40, 4, level=4), tmp_path / "r.jsonl")
    assert cost.server_cpu > 0 and cost.peak_bytes > 10_000_000 and cost.server_threads >= 1
    assert cost.others_cpu >= 0


def test_shares():
    cost = Cost(2.0, 4, client_cpu=0.5, server_cpu=4.0, others_cpu=1.6, peak_bytes=1,
                server_threads=1)  # fmt: skip
    assert (cost.client_share, cost.others_share) == (0.25, 0.2)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
@pytest.mark.parametrize("signals", [["SIGINT"], ["SIGTERM"], ["SIGINT", "SIGTERM"], []])
def test_an_interruption_keeps_what_was_measured(server, tmp_path, signals):
    file = tmp_path / "r.jsonl"
    order = {
        "target": asdict(server.target("slow")), "file": str(file), "common": {"runtime": "slow"},
        "load": asdict(Load(["a", "b", "c"], 4, level=2)),
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "workbook.bench.load"], stdin=subprocess.PIPE, text=True
    )
    try:
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
        while len(server.bodies) < 2:
            assert child.poll() is None
            time.sleep(0.01)
        for name in signals:
            child.send_signal(getattr(signal, name))
        if not signals:
            child.stdin.close()  # as when the process that asked has died
        assert child.wait(30) == load.INTERRUPTED
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
    found = records.read(file)
    assert [r.status for r in found] == ["interrupted"] * 2
    assert all(r.end > r.sent for r in found)


def test_a_client_process_that_fails_is_one_sentence(server, tmp_path):
    with pytest.raises(CourseError, match=r"The load on whole could not be run \(.*nowhere"):
        load.run(server.target("whole"), Load(["a"], 4), tmp_path / "nowhere" / "r.jsonl")


def test_one_answer_can_be_asked_for_inside_an_event_loop(server):
    async def notebook() -> records.Record:
        return load.ask(server.target("whole"), "Hi", tokens=4, seconds=30)

    assert asyncio.run(notebook()).output_tokens == 4


# ---------------------------------------------------------------- real servers


@pytest.mark.slow
@pytest.mark.parametrize("name", ["engine", "llamacpp"])
def test_prompts_and_answers_have_the_lengths_that_were_asked_for(name, tmp_path):
    with runtimes.start(name, place="embedded") as runtime:
        fields = load.fixed_length(name, 24)
        target = Target(name, runtime.base_url, runtime.model, fields=fields, pid=runtime.pid)
        texts = prompts.make(6, 40, model="pocket", seed="lengths")
        cost = load.run(target, Load(texts, 24, level=3), tmp_path / "r.jsonl")
    found = records.read(tmp_path / "r.jsonl")
    assert {(r.status, r.prompt_tokens, r.output_tokens) for r in found} == {("ok", 40, 24)}
    assert cost.server_cpu > 0 and cost.peak_bytes > 50_000_000
