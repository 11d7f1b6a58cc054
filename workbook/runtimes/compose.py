"""The place `compose`: a runtime's containers, brought up for as long as a block runs.

What runs in them is said by compose/<name>/compose.yaml; this module finds the program that reads
it, gives each run a project name and a port of its own, waits until the server is ready, and takes
everything down again. Named volumes stay: they hold what is expensive to make (converted models,
downloads), under names that every run shares.
"""

import contextlib
import dataclasses
import importlib.util
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from workbook import paths
from workbook.errors import CourseError
from workbook.runtimes import process, readiness
from workbook.runtimes.base import NO_KEY, Kind

TIMEOUT = 3600.0
"""Seconds that a first start may take: images are pulled or built, a model is converted."""

PAUSE = 0.5
"""Seconds between two looks at a server that is not ready."""

QUESTION = 30.0
"""Seconds that a question to the container engine may take."""

RESTARTS = 3
"""After so many restarts a container that was never ready is given up."""

CAUSES = (
    (
        r"no such host|pinging container registry|failed to resolve reference|failed to do request",
        "an image cannot be downloaded: look at the network, or pull it by hand",
    ),
    (r"toomanyrequests|denied: requested access", "the registry refuses the download"),
    (r"port is already allocated", "another program has the port"),
    (
        r"could not select device driver|unresolvable CDI devices",
        "the containers cannot reach a GPU: install NVIDIA's container toolkit",
    ),
    (
        r"setting rlimit|crun: .*cgroup",
        "the container engine is not set up for this machine: try `podman run` by hand first",
    ),
)


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program that reads compose files (`command`), and the one that asks about containers."""

    name: str
    command: tuple[str, ...]
    client: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Stack:
    """A runtime's containers: its address, the container that serves, and who brought it up."""

    url: str
    container: str
    tool: Tool
    project: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which services of a compose file are a runtime, and how it is told what to serve.

    `service` serves; `first` are services that run once before it comes up, `then` those that run
    once when it is ready. `profiles` are those that the file must be read with. `models` are the
    course's models that it can serve, each with the variables that choose it; `limits` are
    variables that a model needs unless the folder's .env says otherwise; `artifact` is the
    variable for the artifact, `artifacts` the ones that there are without a variable. `key` is the
    secret with the key that clients must send. `gpu` is the service that serves in place of
    `service` where there is a GPU, with the profile gpu.
    """

    service: str
    models: Mapping[str, Mapping[str, str]]
    limits: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    artifact: str = ""
    artifacts: tuple[str, ...] = ()
    key: str = ""
    gpu: str = ""
    first: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


PLANS = {
    "engine": Plan(
        service="engine",
        models={"pocket": {"MODEL": "pocket"}, "phi4-mini": {"MODEL": "phi4-mini"}},
        limits={"phi4-mini": {"ENGINE_MEMORY": "6g", "CONVERT_MEMORY": "24g"}},
        artifact="ARTIFACT",
        first=("convert",),
        profiles=("convert",),
    ),
    "vllm": Plan(
        service="vllm",
        models={"pocket": {"MODEL": "pocket"}, "phi4-mini": {"MODEL": "phi4-mini"}},
        limits={
            "phi4-mini": {
                "MODELS_FOLDER": "../../build/models",
                "VLLM_MEMORY": "16g",
                "KV_CACHE_GIB": "2",
            }
        },
        artifacts=("hf-bf16",),
        key="api_key",
        gpu="vllm-gpu",
        profiles=("cpu",),
    ),
    # What Ollama's library has; pocket is not in it.
    "ollama": Plan(
        service="ollama",
        models={"phi4-mini": {}},
        gpu="ollama-gpu",
        then=("pull", "create"),
        profiles=("cpu",),
    ),
}


def plan_of(name: str) -> Plan:
    """How the compose file of a runtime is used. Raises CourseError when it has none."""
    if name not in PLANS:
        raise CourseError(
            f"The runtime {name} has no compose file: use the place embedded or attached."
        )
    plan = PLANS[name]
    if plan.gpu and _has_gpu():
        return dataclasses.replace(plan, service=plan.gpu, profiles=("gpu",))
    return plan


def _has_gpu() -> bool:
    return not _why_not("nvidia-smi", "-L")


# ---------------------------------------------------------------- the program


def tool() -> Tool | None:
    """The first of Docker Compose and Podman Compose that works here; None when none does."""
    found = _search()
    return found if isinstance(found, Tool) else None


def missing() -> str:
    """Why no compose program works on this machine, in one sentence; empty when one does."""
    found = _search()
    if isinstance(found, Tool):
        return ""
    return (
        f"Containers cannot be started here ({'; '.join(found)}): install Docker with its compose "
        f"plugin, or Podman with podman-compose, or use the place embedded or attached."
    )


def _search() -> Tool | list[str]:
    """A tool that works, or why each of them does not."""
    reasons = []
    for engine, works, commands in (
        ("docker", ("version", "--format", "{{.Server.Version}}"), (("docker", "compose"),)),
        ("podman", ("info", "--format", "json"), (*_podman_compose(), ("podman", "compose"))),
    ):
        if reason := _why_not(engine, *works):
            reasons.append(f"{engine}: {reason}")
            continue
        for command in commands:
            if not _why_not(*command, "version"):
                name = " ".join(command) if command[0] == engine else "podman-compose"
                return Tool(name, command, (engine,))
        reasons.append(f"{engine}: it has no compose")
    return reasons


def _podman_compose() -> tuple[tuple[str, ...], ...]:
    """podman-compose as this Python's package, or as a program on the path."""
    if importlib.util.find_spec("podman_compose"):
        return ((sys.executable, "-m", "podman_compose"), ("podman-compose",))
    return (("podman-compose",),)


def _why_not(*command: str) -> str:
    """Why a question to a program failed, in a few words; empty when it was answered."""
    try:
        done = _ask(*command)
    except OSError:
        return "not installed"
    except subprocess.TimeoutExpired:
        return f"no answer in {QUESTION:g} s"
    said = done.stderr.strip().splitlines()
    return (said[0].rstrip(".") if said else "it failed") if done.returncode else ""


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=QUESTION
    )


# ---------------------------------------------------------------- a stack


@contextlib.contextmanager
def running(kind: Kind, model: str, artifact: str, port: int, log: Path) -> Iterator[Stack]:
    """The containers of compose/<kind> while the block runs, ready to be asked on `port`.

    artifact: empty for the compose file's default. What the compose program and the serving
    container print goes to the end of `log`. At the end, and after a failure at any point,
    containers and networks are removed; named volumes and images stay.

    Raises CourseError when there is no compose program, or the server does not get ready, with
    the likely cause and the last lines of the log.
    """
    plan = plan_of(kind.name)
    told = variables(kind.name, model, artifact, port)
    found = _search()
    if not isinstance(found, Tool):
        raise CourseError(missing())
    _remove_leftovers(found, kind.name)
    project = f"workbook-{kind.name}-{os.getpid()}-{secrets.token_hex(3)}"
    compose = _Compose(found, kind.name, project, log, told)
    kind = dataclasses.replace(kind, causes=(*kind.causes, *CAUSES))
    try:
        for service in plan.first:
            compose.do(kind, "run", "--rm", "-T", "--build", service)
        compose.do(kind, "up", "--build", "--detach", plan.service)
        container = compose.container(plan.service)
        with _following(found, container, log):
            url = f"http://127.0.0.1:{port}"
            _wait(kind, url, found, container, log)
            for service in plan.then:
                compose.do(kind, "run", "--rm", "-T", "--no-deps", service)
            yield Stack(url, container, found, project)
    finally:
        compose.down()


def remove_leftovers(name: str) -> list[str]:
    """Take down what is left of a runtime's stacks whose process was killed; gives the projects."""
    found = _search()
    return _remove_leftovers(found, name) if isinstance(found, Tool) else []


def _remove_leftovers(tool: Tool, name: str) -> list[str]:
    ours = f"label=com.docker.compose.project.working_dir={paths.COMPOSE / name}"
    listed = _ask(*tool.client, "ps", "--all", "--format", "{{.Names}}", "--filter", ours).stdout
    stale = stale_projects(listed)
    for project in stale:
        _Compose(tool, name, project, Path(os.devnull), {}).down()
    return stale


def stale_projects(names: str) -> list[str]:
    """The projects of this module among containers' names whose process is no longer there."""
    found = re.findall(r"^(workbook-[a-z]+-(\d+)-[0-9a-f]+)", names, flags=re.MULTILINE)
    return sorted({project for project, owner in found if not psutil.pid_exists(int(owner))})


def variables(name: str, model: str, artifact: str, port: int) -> dict[str, str]:
    """What a runtime's compose file is told; it goes before what the folder's .env says.

    Raises CourseError for a model or an artifact that it cannot serve.
    """
    plan = plan_of(name)
    if model not in plan.models:
        raise CourseError(
            f"The containers of compose/{name} serve {' or '.join(plan.models)}, not {model}: use "
            f"the place embedded or attached for it."
        )
    if artifact and not plan.artifact and artifact not in plan.artifacts:
        raise CourseError(
            f"The containers of compose/{name} leave no choice of the artifact: leave out "
            f"{artifact!r}, or use the place embedded."
        )
    file = paths.COMPOSE / name / ".env"
    said = file.read_text(encoding="utf-8") if file.exists() else ""
    own = {*os.environ, *re.findall(r"^\s*(\w+)\s*=", said, flags=re.MULTILINE)}
    chosen = {key: value for key, value in plan.limits.get(model, {}).items() if key not in own}
    chosen |= plan.models[model]
    if artifact and plan.artifact:
        chosen[plan.artifact] = artifact
    return chosen | {f"{name.upper()}_PORT": str(port)}


def _files(name: str) -> list[str]:
    """The compose files of a runtime: its own, and one with a key that the course's clients know.

    That key keeps nobody out, but it need not: the port is this machine's alone.
    """
    files = ["compose.yaml"]
    if secret := plan_of(name).key:
        folder = paths.BUILD / "compose"
        folder.mkdir(parents=True, exist_ok=True)
        key, override = folder / f"{name}.key", folder / f"{name}.yaml"
        key.write_text(NO_KEY, encoding="utf-8")
        key.chmod(0o644)  # another user reads it, inside the container
        # JSON is YAML too.
        text = json.dumps({"secrets": {secret: {"file": str(key)}}})
        override.write_text(text, encoding="utf-8")
        files.append(str(override))
    return files


@dataclasses.dataclass(frozen=True)
class _Compose:
    """Calls of the compose program for one project."""

    tool: Tool
    name: str
    project: str
    log: Path
    variables: Mapping[str, str]

    def do(self, kind: Kind, *arguments: str) -> None:
        """Raises CourseError when it fails."""
        status = self._call(*arguments)
        if status:
            what = f"did not come up: `{self.tool.name} {arguments[0]}` ended with status {status}"
            raise readiness.failure(kind, what, self.log)

    def down(self) -> None:
        """Remove the project's containers and networks; also when some or all are not there."""
        self._call("down", "--timeout", "10")
        left = self._containers()
        if left:
            _ask(*self.tool.client, "rm", "--force", *left)

    def container(self, service: str) -> str:
        """The name of the service's container. Raises CourseError when there is none."""
        found = self._containers(f"label=com.docker.compose.service={service}")
        if not found:
            raise CourseError(
                f"{self.tool.name} made no container for the service {service} of compose/"
                f"{self.name}: the log {self.log} says why."
            )
        return _inspect(self.tool, found[0])["Name"].removeprefix("/")

    def _containers(self, *filters: str) -> list[str]:
        wanted = (f"label=com.docker.compose.project={self.project}", *filters)
        options = [option for each in wanted for option in ("--filter", each)]
        return _ask(*self.tool.client, "ps", "--all", "--quiet", *options).stdout.split()

    def _call(self, *arguments: str) -> int:
        options = ["--project-name", self.project]
        options += [f"--file={file}" for file in _files(self.name)]
        options += [f"--profile={profile}" for profile in plan_of(self.name).profiles]
        # What a user has set up for compose files of their own must not change what is read here.
        clean = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
        with self.log.open("ab") as output:
            child = subprocess.Popen(
                [*self.tool.command, *options, *arguments],
                cwd=paths.COMPOSE / self.name,
                env=clean | dict(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **process.own_group(),
            )
            try:
                return child.wait()
            except BaseException:
                process.stop(child)
                raise


def _wait(kind: Kind, url: str, tool: Tool, container: str, log: Path) -> None:
    deadline = time.monotonic() + kind.timeout
    while not readiness.is_ready(kind, url, None, log):
        about = _inspect(tool, container)
        problem = ""
        if about["State"].get("OOMKilled"):
            problem = "was killed because it needed more memory than its container may take"
        elif about["RestartCount"] >= RESTARTS:
            problem = f"was restarted {about['RestartCount']} times before it was ready"
        elif time.monotonic() > deadline:
            problem = f"was not ready after {kind.timeout:g} s"
        if problem:
            time.sleep(2 * PAUSE)  # the log's last lines are on their way
            raise readiness.failure(kind, problem, log)
        time.sleep(PAUSE)


def _inspect(tool: Tool, container: str) -> dict:
    done = _ask(*tool.client, "container", "inspect", container)
    if done.returncode:
        raise CourseError(
            f"The container {container} is gone ({done.stderr.strip()}): start again."
        )
    return json.loads(done.stdout)[0]


@contextlib.contextmanager
def _following(tool: Tool, container: str, log: Path) -> Iterator[None]:
    """What the container prints goes to the end of `log` while the block runs."""
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=[tool, container, log, ended], daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(tool: Tool, container: str, log: Path, ended: threading.Event) -> None:
    since: list[str] = []
    while not ended.is_set() and not _why_not(*tool.client, "container", "inspect", container):
        with log.open("ab") as output:
            child = subprocess.Popen(
                [*tool.client, "logs", "--follow", *since, container],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **process.own_group(),
            )
            while child.poll() is None and not ended.wait(PAUSE):
                pass
            process.stop(child)
        # It ended with the container; once that is restarted, its next lines are wanted.
        last_line = datetime.fromtimestamp(log.stat().st_mtime, UTC)
        since = ["--since", last_line.isoformat()]
        ended.wait(PAUSE)
