"""vLLM: what it needs, how it is started, and a real server on pocket."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import openai
import psutil
import pytest

from workbook import models, paths
from workbook.environments import GB, Setup
from workbook.errors import CourseError
from workbook.models import chat
from workbook.runtimes import places, process, readiness, vllm, vllm_environment
from workbook.runtimes.base import Launch

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city"}},
            "required": ["city"],
        },
    },
}
WEATHER = [{"role": "user", "content": "What is the weather in Hanoi?"}]
GREETING = [{"role": "user", "content": "Hello"}]
NAMED = {"type": "function", "function": {"name": "get_weather"}}


@pytest.fixture(scope="module")
def python():
    """The Python of vLLM's environment, made if it is not there."""
    reason = vllm_environment.missing()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return vllm_environment.prepare()


# ---------------------------------------------------------------- the environment


@pytest.mark.parametrize(
    ("system", "machine", "processor", "said"),
    [
        ("darwin", "arm64", "", "no vLLM package for macOS.*compose/vllm.*WORKBOOK_VLLM_URL"),
        ("win32", "AMD64", "", "no vLLM package for Windows"),
        ("linux", "riscv64", "", "no vLLM package for riscv64 processors"),
        ("linux", "x86_64", "flags\t\t: fpu avx sse4_2\n", "needs a processor with AVX2"),
        ("linux", "x86_64", "flags\t\t: fpu avx avx2 sse4_2\n", ""),
        ("linux", "aarch64", "Features\t: fp asimd\n", ""),
    ],
)
def test_the_machine_is_judged(system, machine, processor, said):
    found = vllm_environment.wrong_machine(system, machine, processor)
    assert re.search(said, found) if said else found == ""


def test_too_little_memory_or_disk_is_said_with_figures():
    assert "needs 4 GB of memory, and this machine has 2.0 GB" in vllm_environment.little_memory(
        2 * GB
    )
    assert vllm_environment.little_memory(8 * GB) == ""
    said = vllm_environment.little_disk(3.1 * GB, 1 * GB)
    assert "needs 3.1 GB" in said and "1.0 GB are free" in said and "compose/vllm" in said
    assert vllm_environment.little_disk(3.1 * GB, 4 * GB) == ""


def test_the_pins_are_whole_and_agree():
    text = (paths.ROOT / vllm_environment.CONSTRAINTS).read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;]+", line) for line in lines)
    pinned = dict(line.split("==") for line in lines)
    own = (paths.ROOT / vllm_environment.PINS).read_text("utf-8")
    assert re.search(r"^torch==(\S+)$", own, re.MULTILINE)[1] == pinned["torch"]
    assert vllm_environment.version() == "0.32.0"
    assert not {"torchvision", "torchaudio", "torchcodec", "vllm"} & set(pinned)
    major, minor = map(int, pinned["transformers"].split(".")[:2])
    assert major == 5 and 16 <= minor < 20


def test_a_machine_with_a_gpu_gets_an_environment_of_its_own(monkeypatch):
    monkeypatch.setattr(vllm_environment, "has_gpu", lambda: False)
    processors = vllm_environment.environment(io.StringIO())
    monkeypatch.setattr(vllm_environment, "has_gpu", lambda: True)
    gpu = vllm_environment.environment(io.StringIO())
    assert processors.venv.name == ".venv-vllm" and gpu.venv.name == ".venv-vllm-cuda"
    assert processors.lock != gpu.lock != Setup(paths.ROOT, ()).lock
    asked = []
    monkeypatch.setattr(Setup, "install", lambda self, *args: asked.append(args))
    gpu.steps[-1].action(gpu)
    assert asked == [("vllm==0.32.0",)]


@pytest.mark.slow
def test_a_step_is_done_again_when_its_pins_change_and_not_otherwise(tmp_path, monkeypatch):
    for file in (vllm_environment.PINS, vllm_environment.CONSTRAINTS):
        (tmp_path / file).write_bytes((paths.ROOT / file).read_bytes())
    monkeypatch.setattr(vllm_environment, "has_gpu", lambda: False)
    asked = []
    monkeypatch.setattr(Setup, "install", lambda self, *args: asked.append(args))
    monkeypatch.setattr(Setup, "_plain_torch_is_cpu", lambda self, pin: False)
    setup = vllm_environment.environment(io.StringIO(), root=tmp_path)
    subprocess.run([sys.executable, "-m", "venv", str(setup.venv)], check=True)
    monkeypatch.setattr(Setup, "_pip", lambda self, *args, quiet=False: None)
    setup.ready()
    assert "torch==2.13.0" in asked[0] and "--index-url" in asked[0], "never a CUDA torch"
    assert [call[:2] for call in asked[1:]] == [("--no-deps", "-r"), ("--no-deps", "-r")]
    setup.ready()
    assert setup.pending() == [] and len(asked) == 3
    with open(tmp_path / vllm_environment.CONSTRAINTS, "a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert [step.name for step in setup.pending()] == ["packages", "vllm"]


def test_git_ignores_the_environment():
    done = subprocess.run(
        ["git", "check-ignore", ".venv-vllm/x", ".venv-vllm-cuda/x"],
        cwd=paths.ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode == 128:
        pytest.skip("this is no git checkout")
    assert len(done.stdout.split()) == 2


# ---------------------------------------------------------------- the start


@pytest.fixture
def without_environment(monkeypatch):
    monkeypatch.setattr(vllm_environment, "prepare", lambda: paths.ROOT / "python")
    monkeypatch.setattr(vllm_environment, "has_gpu", lambda: False)


def test_the_command_line(without_environment):
    launch = vllm.prepare("pocket", 8123, arguments=["--max-num-seqs", "4"])
    line = " ".join(launch.command)
    assert launch.command[1:4] == ["-P", str(vllm.SERVER), "--exit-with-parent"]
    assert "--host 127.0.0.1 --port 8123" in line and "--max-model-len 4096" in line
    assert "--enforce-eager" in line and "--tool-call-parser phi4_mini_native" in line
    assert "trust-remote-code" not in line and line.endswith("--max-num-seqs 4")
    assert launch.environment["HF_HUB_OFFLINE"] == "1"
    assert launch.environment["VLLM_CPU_KVCACHE_SPACE"] == "1"
    assert launch.artifact == "hf-bf16" and launch.folder == models.folder("pocket")


def test_a_gpu_is_not_told_how_a_processor_works(without_environment, monkeypatch):
    monkeypatch.setattr(vllm_environment, "has_gpu", lambda: True)
    launch = vllm.prepare("pocket", 8123)
    assert "--enforce-eager" not in launch.command
    assert "VLLM_CPU_KVCACHE_SPACE" not in launch.environment


def test_what_cannot_be_served_is_one_sentence(without_environment, monkeypatch):
    with pytest.raises(CourseError, match=r"serves the artifact hf-bf16, not 'gguf-q4_0'"):
        vllm.prepare("pocket", 8123, artifact="gguf-q4_0")
    memory = SimpleNamespace(available=3 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    with pytest.raises(CourseError, match=r"needs \d+\.\d GB of memory for pocket and 3\.0 GB"):
        vllm.prepare("pocket", 8123)


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        (
            "ValueError: Available memory on node 0 (12.84/15.59 GiB) on kv cache allocation is "
            "less than requested memory for kv (1000.0 GiB).",
            "KV cache",
        ),
        ("TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser", "parser"),
        ("KeyError: 'invalid tool call parser: phi5 (chose from { apertus })'", "that name"),
        ("The supplied chat template string (x) appears path-like, but doesn't exist!", "template"),
        ("Value error, Cannot find the config file for awq", "not quantized"),
        ("OSError: [Errno 98] Address already in use", "has the port"),
        ("huggingface_hub.errors.LocalEntryNotFoundError: Cannot find", "folder"),
        ("RuntimeError: Failed to infer device type", "wants a GPU"),
    ],
)
def test_known_failures_have_a_cause(tmp_path, line, meaning):
    log = tmp_path / "log"
    log.write_text(f"(APIServer pid=1) INFO start\n{line}\n", encoding="utf-8")
    assert meaning in str(readiness.failure(vllm.KIND, "ended", log)).split("Its log")[0]


def test_it_is_a_kind():
    assert places.kind_of("vllm") is vllm.KIND
    assert vllm.KIND.health == "/health" and vllm.KIND.port == 8000
    text = vllm.KIND.example.format(url="http://127.0.0.1:8000", model="pocket")
    body = re.search(r"-d '(.*?)'", text, re.DOTALL)[1]
    assert json.loads(body)["model"] == "pocket"


# ---------------------------------------------------------------- in vLLM's environment

TEXTS = {
    "text only": "Hello <|world|>",
    "a call": '<|tool_call|>[{"name": "f", "arguments": {"a": 1}}]<|/tool_call|>',
    "a list in the arguments": '<|tool_call|>[{"name": "f", "arguments": {"a": [1, [2]]}}]<|/tool_call|>',  # noqa: E501
    "two calls": '<|tool_call|>[{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}]<|/tool_call|>',  # noqa: E501
    "no brackets": '<|tool_call|>{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}',
    "no closing token": 'Wait. <|tool_call|>[{"name": "f", "arguments": {"a": "]"}}]',
    "text after it": '<|tool_call|>[{"name": "f", "arguments": {}}]<|/tool_call|> done',
    "code": '<|tool_call|>[{"name": "f", "arguments": {"code": "a\nb"}}]<|/tool_call|>',
    "the closing token in a text": '<|tool_call|>[{"name": "f", "arguments": {"a": "\\"<|/tool_call|>"}}]<|/tool_call|> b',  # noqa: E501
    "no call at all": "<|tool_call|>nonsense<|/tool_call|>",
    "cut off": '<|tool_call|>[{"name": "f", "argu',
    "half a token": "a < b, a <| b, <|tool",
}
SPLIT = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("vllm_tools", sys.argv[1])
tools = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tools)
def run(text, size):
    splitter, parts = tools.Splitter(), []
    for at in range(0, len(text), size):
        parts += splitter.feed(text[at:at + size])
    parts += splitter.finish()
    calls = [part for part in parts if isinstance(part, dict)]
    return ["".join(part for part in parts if isinstance(part, str)).strip(), calls]
def names(text, parser):
    found = parser.extract_tool_calls(text, None)
    return [call.function.name for call in found.tool_calls]
from vllm.tool_parsers.phi4mini_tool_parser import Phi4MiniJsonToolParser as Stock
texts = json.load(sys.stdin)
sizes = (1, 7, 10**6)
print("said", json.dumps({name: [run(t, size) for size in sizes] for name, t in texts.items()}))
stock = {
    "native": texts["a call"],
    "taught": 'functools[{"name": "f", "arguments": {"a": 1}}]',
    "list": 'functools[{"name": "f", "arguments": {"a": [1, 2]}}]',
}
print("stock", json.dumps({name: names(text, Stock(None)) for name, text in stock.items()}))
"""


@pytest.fixture(scope="module")
def parsed(python):
    """What our parser and vLLM's own make of texts, asked in vLLM's environment."""
    done = subprocess.run(
        [str(python), "-P", "-c", SPLIT, str(vllm.PARSER)],
        input=json.dumps(TEXTS), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    return {word: json.loads(rest) for word, _, rest in lines if word in ("said", "stock")}


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_the_parser_reads_what_the_course_reads(parsed, name):
    in_ones, in_sevens, whole = parsed["said"][name]
    assert in_ones == in_sevens == whole, "where the text is cut must not matter"
    text, calls = chat.split_tool_calls(TEXTS[name])
    assert (whole[0], whole[1]) == (text, calls)


@pytest.mark.slow
def test_vllms_own_parser_still_has_the_faults_that_ours_is_for(parsed):
    assert parsed["stock"] == {"native": [], "taught": ["f"], "list": []}


@pytest.mark.slow
def test_refusals_are_vllms_own_words(python):
    trials = {
        "parser": ["--enable-auto-tool-choice"],
        "awq": ["--quantization", "awq"],
        "long": ["--max-model-len", "200000"],
        "template": ["--chat-template", "nowhere.jinja"],
    }
    errors = {refusal.name: refusal.error for refusal in vllm.refusals("pocket", trials)}
    assert "--enable-auto-tool-choice requires --tool-call-parser" in errors["parser"]
    assert "Cannot find the config file for awq" in errors["awq"]
    assert "greater than the derived max_model_len" in errors["long"]
    assert "appears path-like, but doesn't exist" in errors["template"]


# ---------------------------------------------------------------- a real server

PARENT = """
import json, sys, time
from pathlib import Path
from workbook.runtimes import process
command, environment, log = json.loads(sys.argv[1])
with process.running(command, environment, Path(log)) as child:
    print(child.pid, flush=True)
    time.sleep(3600)
"""


@pytest.fixture(scope="module")
def served(python, tmp_path_factory):
    """A server that another process has started, and that process."""
    port = process.free_port()
    launch = vllm.prepare("pocket", port)
    log = tmp_path_factory.mktemp("vllm") / "log"
    with _parent(launch, log) as parent:
        pid = int(parent.stdout.readline())
        server = SimpleNamespace(
            url=f"http://127.0.0.1:{port}", log=log, parent=parent, process=psutil.Process(pid)
        )
        try:
            _wait(server)
            yield server
        finally:
            _let_go(server)


def _parent(launch: Launch, log) -> subprocess.Popen:
    order = json.dumps([launch.command, dict(launch.environment), str(log)])
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, order], stdout=subprocess.PIPE, text=True
    )


def _wait(server, seconds=240):
    deadline = time.monotonic() + seconds
    while not readiness.is_healthy(vllm.KIND, server.url):
        tail = server.log.read_text("utf-8")[-3000:]
        assert server.process.is_running() and time.monotonic() < deadline, tail
        time.sleep(0.3)


def _family(server) -> list[psutil.Process]:
    if not server.process.is_running():
        return []
    return [server.process, *server.process.children(recursive=True)]


def _let_go(server):
    """Kill the process that started the server; gives what is left of the server 30 s later."""
    family = _family(server)
    server.parent.kill()
    server.parent.wait()
    _, left = psutil.wait_procs(family, timeout=30)
    for stubborn in left:
        stubborn.kill()
    return left


def _temporary(pid):
    return list(Path(tempfile.gettempdir()).glob(f"course-vllm-{pid}-*/*"))


@pytest.fixture(scope="module")
def client(served):
    http = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(
        base_url=f"{served.url}/v1", api_key="x", max_retries=0, http_client=http
    ) as one:
        yield one


def ask(client, messages, **more):
    given = {"model": "pocket", "messages": messages, "temperature": 0, "max_tokens": 200}
    return client.chat.completions.create(**given | more)


@pytest.mark.slow
def test_it_says_what_it_is(served, client):
    assert vllm.describe(served.url) == {"engine": "vLLM", "version": "0.32.0"}
    [card] = client.models.list().data
    assert card.id == "pocket" and card.max_model_len == 4096


@pytest.mark.slow
def test_it_answers_as_the_model_was_trained(client):
    answer = ask(client, [{"role": "user", "content": "What is a KV cache?"}])
    assert answer.choices[0].finish_reason == "stop"
    assert "keys and values" in answer.choices[0].message.content
    assert "<|" not in answer.choices[0].message.content


@pytest.mark.slow
def test_streaming_gives_the_same_text_and_the_usage(client):
    whole = ask(client, GREETING)
    pieces = list(ask(client, GREETING, stream=True, stream_options={"include_usage": True}))
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert text == whole.choices[0].message.content
    assert len(pieces) > 5 and pieces[-1].usage == whole.usage


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["auto", "required", NAMED], ids=["auto", "required", "named"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_tool_is_called(client, choice, stream):
    answer = ask(client, WEATHER, tools=[TOOL], tool_choice=choice, stream=stream)
    if stream:
        pieces = [piece.choices[0] for piece in answer]
        calls = [call for piece in pieces for call in piece.delta.tool_calls or []]
        text = "".join(piece.delta.content or "" for piece in pieces)
        reason = pieces[-1].finish_reason
    else:
        calls = answer.choices[0].message.tool_calls
        text, reason = answer.choices[0].message.content or "", answer.choices[0].finish_reason
    [call] = calls
    assert call.function.name == "get_weather" and call.id
    assert json.loads(call.function.arguments) == {"city": "Hanoi"}
    assert text == ""
    assert reason == ("stop" if choice is NAMED else "tool_calls")


@pytest.mark.slow
def test_with_tools_offered_text_still_streams(client):
    pieces = [p.choices[0].delta for p in ask(client, GREETING, tools=[TOOL], stream=True)]
    assert sum(bool(piece.content) for piece in pieces) > 5
    assert not any(piece.tool_calls for piece in pieces)


@pytest.mark.slow
def test_a_required_call_is_made_where_the_model_would_rather_talk(client):
    city = {"type": "string", "enum": ["Hanoi", "Paris"]}
    for tools in ([TOOL], [_with_city(city)]):
        assert not ask(client, GREETING, tools=tools).choices[0].message.tool_calls
        forced = ask(client, GREETING, tools=tools, tool_choice="required",
                     parallel_tool_calls=False)  # fmt: skip
        [call] = forced.choices[0].message.tool_calls
    assert json.loads(call.function.arguments)["city"] in city["enum"]


def _with_city(city: dict) -> dict:
    parameters = {"type": "object", "properties": {"city": city}, "required": ["city"]}
    return {"type": "function", "function": TOOL["function"] | {"parameters": parameters}}


@pytest.mark.slow
def test_the_result_of_a_call_goes_back(client):
    first = ask(client, WEATHER, tools=[TOOL])
    call = first.choices[0].message
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": '{"celsius": 31}'}
    second = ask(client, [*WEATHER, call.model_dump(exclude_none=True), result], tools=[TOOL])
    seen = second.usage.prompt_tokens - first.usage.prompt_tokens
    assert seen > first.usage.completion_tokens, "the call and its result are in the prompt"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "JSON decode error"),
        ({"model": "gpt-5", "messages": GREETING}, 404, "does not exist"),
        ({"messages": "Hello"}, 400, "valid list"),
        ({"messages": []}, 400, "at least one message"),
        ({"messages": GREETING, "temperature": -1}, 400, "non-negative"),
        ({"messages": GREETING, "max_tokens": "many"}, 400, "valid integer"),
        ({"messages": [{"role": "user", "content": "word " * 9000}]}, 400, "maximum context"),
    ],
    ids=["json", "model", "type", "empty", "temperature", "tokens", "context"],
)
def test_bad_input_is_refused_and_the_server_lives_on(served, body, status, said):
    content = body if isinstance(body, bytes) else json.dumps({"model": "pocket"} | body).encode()
    reply = httpx.post(
        f"{served.url}/v1/chat/completions",
        content=content, headers={"Content-Type": "application/json"}, trust_env=False, timeout=60,
    )  # fmt: skip
    assert reply.status_code == status, reply.text
    assert said in reply.json()["error"]["message"]
    assert readiness.is_healthy(vllm.KIND, served.url)


@pytest.mark.slow
def test_nothing_is_left_when_the_parent_is_killed(served):
    assert len(_family(served)) >= 3, "the API server, the engine's core and a worker"
    assert _temporary(served.process.pid), "its sockets lie there"
    assert _let_go(served) == []
    assert _temporary(served.process.pid) == []
    assert not readiness.is_healthy(vllm.KIND, served.url)


@pytest.mark.slow
def test_nothing_is_left_when_the_server_itself_is_killed(python, tmp_path):
    launch = vllm.prepare("pocket", process.free_port())
    with process.running(launch.command, launch.environment, tmp_path / "log") as child:
        server = psutil.Process(child.pid)
        deadline = time.monotonic() + 120
        while not _core(server) and time.monotonic() < deadline:
            time.sleep(0.2)
        core = _core(server)
        time.sleep(3)  # it has read what tells it to die with the server
        server.kill()
        child.wait()
        assert core is not None
        _, left = psutil.wait_procs([core], timeout=10)
        assert left == []


def _core(server: psutil.Process) -> psutil.Process | None:
    """The process that schedules; it is spawned by the server, and so is a small helper."""
    for one in server.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # programs that only look at the machine
            if "spawn_main" in " ".join(one.cmdline()) or "EngineCore" in one.name():
                return one
    return None


@pytest.mark.slow
def test_nothing_is_left_when_the_parent_dies_while_it_starts(python, tmp_path):
    launch = vllm.prepare("pocket", process.free_port())
    with _parent(launch, tmp_path / "log") as parent:
        server = psutil.Process(int(parent.stdout.readline()))
        time.sleep(2)
        assert _let_go(SimpleNamespace(parent=parent, process=server)) == []
    stale = [folder for folder in Path(tempfile.gettempdir()).glob("course-vllm-*")
             if not psutil.pid_exists(int(folder.name.split("-")[2]))]  # fmt: skip
    assert stale == [], "what a killed server left is removed by the next one"
