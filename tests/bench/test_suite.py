"""Plans, rounds, ratios and tables: on files written by hand, and once with two real engines."""

import json
from dataclasses import asdict, replace

import pytest

from workbook import cli
from workbook.bench import command, plots, report, suite
from workbook.bench.load import Cost
from workbook.bench.metrics import Limits
from workbook.bench.records import Record
from workbook.bench.report import Ratio, Report
from workbook.bench.suite import Plan
from workbook.errors import CourseError

# ---------------------------------------------------------------- plans


def test_rounds_take_turns_in_who_begins():
    plan = Plan(["engine", "llamacpp", "vllm"])
    orders = [plan.order(number) for number in range(6)]
    assert orders[0] == ["engine", "llamacpp", "vllm"] and orders[1] == orders[0][::-1]
    assert {order[0] for order in orders} == {"engine", "llamacpp", "vllm"}
    assert all(sorted(order) == sorted(orders[0]) for order in orders)
    two = Plan(["engine", "llamacpp"])
    assert [two.order(n)[0] for n in range(4)] == ["engine", "llamacpp", "llamacpp", "engine"]


def test_every_runtime_gets_the_same_load_and_every_round_another():
    plan = Plan(["engine"], requests=5, warmup=2, prompt_tokens=20, output_tokens=3)
    one = plan.load("closed", 1.0, 0)
    assert one == plan.load("closed", 1.0, 0) and one != plan.load("closed", 1.0, 1)
    assert len(one.prompts) == 7 and (one.warmup, one.output_tokens) == (2, 3)
    assert len(plan.load("closed", 16.0, 0).prompts) == 2 + 64
    assert len(plan.load("open", 16.0, 0).prompts) == 7
    same = replace(plan, same_prompts=True)
    assert len({*same.load("closed", 1.0, 0).prompts, *same.load("closed", 1.0, 1).prompts}) == 1


def test_llamacpp_gets_room_for_the_largest_load():
    plan = Plan(["llamacpp"], concurrency=[1, 8], options={"llamacpp": {"threads": 1}})
    assert plan.server_options("llamacpp") == {"parallel": 8, "context": 256, "threads": 1}
    wished = replace(plan, options={"llamacpp": {"parallel": 2}}, rates=[1.0])
    assert wished.server_options("llamacpp")["parallel"] == 2
    assert replace(plan, rates=[1.0]).server_options("llamacpp")["parallel"] == 16
    assert plan.server_options("engine") == {}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"runtimes": []}, "Name the runtimes"),
        ({"runtimes": ["engine", "engine"]}, "each once"),
        ({"runtimes": ["nothing"]}, "no runtime 'nothing'"),
        ({"concurrency": []}, "no load"),
        ({"rounds": 0}, "start at 1"),
    ],
)
def test_what_is_no_plan_is_one_sentence(fields, sentence):
    with pytest.raises(CourseError, match=sentence):
        Plan(**{"runtimes": ["engine"]} | fields)


# ---------------------------------------------------------------- reports

SERVER = {
    "engine": "E", "version": "1", "place": "embedded", "artifact": "onnx-int4", "options": {},
    "threads": 1, "fixed length": {"min_tokens": 4}, "sha256": "ab" * 32,
    "work": {"weights": 100, "cache": 0, "operations": 1000, "context": 1},
}  # fmt: skip


def write(folder, figures: dict, *, loop="closed", level=2.0, cache=None, **server):
    """A run's files. figures: {runtime: [seconds of each round's one answer, 5 tokens]}."""
    machine = {
        "processor": "P", "instructions": ["avx2"], "physical_cores": 2, "logical_cores": 4,
        "memory_bytes": 8e9, "system": "S", "python": "3", "cache_bytes": cache,
    }  # fmt: skip
    plan = Plan(list(figures), concurrency=[2], rounds=2, output_tokens=5, limits=Limits(ttft=1.0))
    conditions = {
        "begun": "now", "plan": asdict(plan), "machine": machine,
        "ceiling": {"bandwidth": 1000.0, "compute": 50_000.0, "threads": 2, "spread": 1.0},
        "servers": {name: SERVER | server for name in figures},
    }  # fmt: skip
    (folder / suite.CONDITIONS).write_text(json.dumps(conditions))
    lines, costs = [], []
    for runtime, rounds in figures.items():
        for number, seconds in enumerate(rounds):
            at = {"runtime": runtime, "round": number, "loop": loop, "level": level}
            warm = Record("ok", 0, 0, 1e6, first=1e6, last=1e6, output_tokens=9, warmup=True, **at)
            record = Record(
                "ok", 0, 0, seconds, first=seconds / 2, last=seconds, output_tokens=5,
                prompt_tokens=7, chunks=[seconds / 2, seconds], **at,
            )  # fmt: skip
            lines += [warm.line(), record.line()]
            cost = Cost(seconds, 2, 0.1 * seconds, 0.5, 0.02 * seconds, 10**8 * (number + 1), 3)
            costs.append(json.dumps(at | asdict(cost)))
    (folder / suite.REQUESTS).write_text("\n".join(lines) + "\n")
    (folder / suite.COSTS).write_text("\n".join(costs) + "\n")
    return Report.read(folder)


def test_ratios_are_taken_within_a_round(tmp_path):
    found = write(tmp_path, {"llamacpp": [1.0, 8.0], "engine": [2.0, 4.0]})
    llamacpp, engine = (found.at(name, "closed", 2.0) for name in ("llamacpp", "engine"))
    assert found.baseline == "engine"
    assert llamacpp.tokens_per_second == (5 / 1 + 5 / 8) / 2
    ratio = found.ratio(llamacpp, lambda s: s.tokens_per_second)
    assert (ratio.low, ratio.high, ratio.median) == (0.5, 2.0, 1.25)
    assert str(ratio) == "1.25 [0.50-2.00]"
    assert str(found.ratio(engine, lambda s: s.tokens_per_second)) == "1.00"
    assert Ratio.of([3.0]) == Ratio(3.0, 3.0, 3.0)


def test_memory_and_processor_time(tmp_path):
    level = write(tmp_path, {"engine": [2.0, 4.0]}).levels[0]
    assert level.peak_bytes == 2 * 10**8
    assert level.cpu_per_1000 == 1000 * 1.0 / 10
    assert level.client_share == pytest.approx(0.1)
    assert level.others_share == pytest.approx(0.01)


def test_a_use_is_judged_by_its_own_limits_and_memory(tmp_path):
    found = write(tmp_path, {"engine": [2.0, 2.0], "llamacpp": [4.0, 4.0]})
    rows = report.fitting(found, Limits(e2e=3.0), memory=3e8).rows
    assert [row["runtime"] for row in rows] == ["engine", "llamacpp"]
    assert [row["good requests/s"] for row in rows] == ["0.50", "0.00"]
    assert [row["kept the limits"] for row in rows] == ["100%", "0%"]
    assert {row["memory fits"] for row in rows} == {"yes"}
    little = report.fitting(found, Limits(), memory=1e8)
    assert {row["memory fits"] for row in little.rows} == {"no"} and "memory 100 MB" in str(little)


def test_the_share_of_the_bound(tmp_path):
    found = write(tmp_path, {"engine": [1.0, 1.0]})
    bound = found.bound(found.levels[0])
    assert (bound.memory, bound.compute, bound.by) == (20, 50, "memory")
    assert report.bounds(found).rows[0]["reached"] == "25.0%"
    assert "memory sets no bound" not in report.text(found)


def test_a_cached_model_is_said_to_have_no_memory_bound(tmp_path):
    found = write(tmp_path, {"engine": [1.0, 1.0]}, cache=1000)
    assert report.bounds(found).rows[0]["memory bound"] == "does not apply"
    assert "memory sets no bound" in report.text(found)


def test_the_text_says_how_it_was_measured(tmp_path):
    text = report.text(write(tmp_path, {"engine": [1.0, 1.0], "llamacpp": [1.0, 1.0]}))
    for part in ("TPOT = (E2E - TTFT)", "coordinated omission", "Wilks", "hash abababababab",
                 "1 compute threads", "TTFT <= 1000 ms", "2 of 2 rounds"):  # fmt: skip
        assert part in text
    assert "Mind" not in text
    open_loop = report.text(write(tmp_path, {"engine": [1.0]}, loop="open", level=0.5))
    assert "coordinated omission" not in open_loop and "0.5/s" in open_loop


def test_doubts_are_said_once_with_where(tmp_path):
    found = write(tmp_path, {"engine": [1.0], "llamacpp": [1.0]})
    busy = {0: replace(found.levels[0].costs[0], client_cpu=0.9, others_cpu=1.0)}
    bad = Record("error", 0, 0, 1, message="HTTP 500: a bug")
    levels = [replace(x, costs=busy, records=[bad]) for x in found.levels]
    said = report.warnings(replace(found, levels=levels))
    assert len(said) == 3 and all(s.endswith("(every load).") for s in said)
    assert "client used more than 50%" in said[0] and "HTTP 500: a bug" in said[2]
    one = report.warnings(replace(found, levels=[levels[0], found.levels[1]]))
    assert len(one) == 3 and all(s.endswith("(engine at 2).") for s in one)


def test_a_run_that_was_interrupted_has_a_report(tmp_path):
    write(tmp_path, {"engine": [1.0, 1.0], "llamacpp": [1.0]})
    with (tmp_path / suite.REQUESTS).open("a") as file:
        file.write('{"status": "ok", "due"')
    (tmp_path / suite.COSTS).unlink()
    found = Report.read(tmp_path)
    level = found.at("llamacpp", "closed", 2.0)
    assert level.tokens_per_second == 5 and level.peak_bytes is level.cpu_per_1000 is None
    assert "engine" in report.text(found)


def test_a_folder_without_a_run_is_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="Nothing was measured"):
        Report.read(tmp_path)


def test_pictures_are_those_that_there_is_data_for(tmp_path):
    found = write(tmp_path, {"engine": [1.0, 2.0], "llamacpp": [1.0, 1.5]})
    assert set(plots.of(found)) == {"throughput", "latency", "memory"}
    pictures = plots.of(found, {"engine": (9, 10), "llamacpp": (10, 10)})
    assert set(pictures) == {"throughput", "latency", "memory", "quality"}
    line = pictures["throughput"].axes[0].lines[0]
    assert list(line.get_ydata()) == [(5 / 1 + 5 / 2) / 2]
    bars = [round(bar.get_height()) for bar in pictures["memory"].axes[0].patches]
    assert bars == [200, 200]
    only_open = write(tmp_path, {"engine": [1.0]}, loop="open", level=1.0)
    assert set(plots.of(only_open)) == {"latency", "memory"}


def test_files_of_a_report(tmp_path):
    found = write(tmp_path, {"engine": [1.0, 2.0]})
    names = [file.name for file in report.save(found)]
    assert names == ["table.txt", "summary.json", "throughput.png", "latency.png", "memory.png"]
    plain = json.loads((tmp_path / "summary.json").read_text())
    assert plain["levels"][0]["pooled"]["counts"]["ok"] == 2
    assert plain["levels"][0]["ratio"] == {"median": 1.0, "low": 1.0, "high": 1.0}


# ---------------------------------------------------------------- the command


def parsed(*words: str) -> Plan:
    return command.plan_of(cli._parser().parse_args(["bench", *words]))


def test_words_become_a_plan():
    plan = parsed(
        "--runtimes", "engine,llamacpp", "--concurrency", "1,4", "--rate", "0.5,2", "--goodput",
        "ttft:200", "e2el:3000", "--option", "llamacpp.kv_cache=q8_0", "--option",
        "engine.threads=1", "--endpoint", "mine=http://127.0.0.1:9/v1",
    )  # fmt: skip
    assert plan.names == ["engine", "llamacpp", "mine"]
    assert plan.levels == [("closed", 1), ("closed", 4), ("open", 0.5), ("open", 2)]
    assert plan.limits == Limits(ttft=0.2, e2e=3.0)
    assert plan.options == {"llamacpp": {"kv_cache": "q8_0"}, "engine": {"threads": 1}}
    assert parsed().concurrency == [1, 2, 4, 8, 16] and parsed("--rate", "1").concurrency == []


@pytest.mark.parametrize(
    "words",
    [
        ("--goodput", "fast:1"), ("--goodput", "ttft:x"), ("--goodput", "ttft:0"),
        ("--option", "threads=1"), ("--option", "engine.threads"), ("--endpoint", "x"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_sentence(words):
    with pytest.raises(CourseError):
        parsed(*words)


@pytest.mark.parametrize("words", [("--rate", "0"), ("--rate", "x"), ("--concurrency", "1,0")])
def test_numbers_are_checked(words, capsys):
    with pytest.raises(SystemExit):
        parsed(*words)
    assert words[0] in capsys.readouterr().err


def test_scores_are_pairs(tmp_path):
    file = tmp_path / "scores.json"
    file.write_text('{"engine": [9, 10]}')
    assert command.read_scores(str(file)) == {"engine": (9, 10)}
    for wrong in ("[]", '{"engine": 0.9}', '{"engine": [11, 10]}', "x"):
        file.write_text(wrong)
        with pytest.raises(CourseError, match="scores"):
            command.read_scores(str(file))


def test_a_run_is_shown_again_and_never_overwritten(tmp_path, capsys):
    write(tmp_path, {"engine": [1.0, 2.0]})
    assert cli.main(["bench", "--report", str(tmp_path)]) == 0
    assert "tokens/s" in capsys.readouterr().out
    assert cli.main(["bench", "--out", str(tmp_path)]) == 2
    assert "There is a run in" in capsys.readouterr().err


@pytest.mark.slow
def test_any_server_can_be_measured(server, tmp_path, capsys):
    url = server.target("mixed").url
    words = ["--runtimes", "", "--endpoint", f"mine={url}", "--model", "tiny", "--requests", "12"]
    words += ["--warmup", "0", "--concurrency", "2", "--rate", "200", "--rounds", "2"]
    assert cli.main(["bench", *words, "--out", str(tmp_path / "run")]) == 0
    out = capsys.readouterr().out
    found = Report.read(tmp_path / "run")
    assert [(x.loop, x.level) for x in found.levels] == [("closed", 2), ("open", 200)]
    for level in found.levels:
        counts = level.pooled.counts
        assert (counts["ok"], counts["refused"], counts["error"], counts["broken"]) == (6,) * 4
    assert "12 refused" not in out and "6 refused, 6 error, 6 broken" in out
    assert "artifact not named" in out and "not every request was answered whole" in out


@pytest.mark.slow
def test_two_engines_in_alternating_rounds(tmp_path, capsys):
    words = ["--runtimes", "engine,llamacpp", "--place", "embedded", "--concurrency", "1,3"]
    words += ["--requests", "6", "--warmup", "2", "--rounds", "2", "--prompt-tokens", "32"]
    words += ["--output-tokens", "16", "--out", str(tmp_path / "run")]
    assert cli.main(["bench", *words]) == 0
    out = capsys.readouterr().out
    begun = [line.split(": ")[1] for line in out.splitlines() if line.startswith("round ")]
    assert begun == ["engine", "llamacpp", "llamacpp", "engine"]
    found = Report.read(tmp_path / "run")
    assert len(found.levels) == 4
    for level in found.levels:
        assert level.pooled.counts["ok"] == level.pooled.requests == 2 * max(6, 4 * level.level)
        assert level.pooled.output_lengths == (16, 16) and level.pooled.prompt_lengths == (32, 32)
        assert level.peak_bytes > 50e6 and level.cpu_per_1000 > 0
    servers = found.conditions["servers"]
    assert servers["llamacpp"]["options"]["parallel"] == 3 and servers["engine"]["threads"] >= 1
    assert all(len(server["sha256"]) == 64 for server in servers.values())
    assert (tmp_path / "run" / "throughput.png").stat().st_size > 5000
