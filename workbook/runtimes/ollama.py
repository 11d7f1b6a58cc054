"""Ollama as a runtime: the real server where the program is installed, else a stand-in."""

import contextlib
import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from workbook import paths
from workbook.errors import CourseError
from workbook.runtimes import probe, process
from workbook.runtimes.base import Kind, Launch, is_local

HOME = paths.BUILD / "ollama"
"""Models that the real server was given, and those that were created in the stand-in."""

SERVERS = ("auto", "ollama", "stand-in")

STARTS = 60.0
"""Seconds that `ollama serve` may take to answer (it loads no model yet)."""


def prepare(
    model: str,
    port: int,
    *,
    artifact: str = "gguf-q8_0",
    context: int = 4096,
    threads: int | None = None,
    keep_alive: str = "5m",
    server: str = "auto",
    store: Path | None = None,
    host: str = "127.0.0.1",
) -> Launch:
    """Convert the model (or take it from the cache) and say how to serve it.

    context: tokens of prompt and answer together; threads: how many compute, the server's own
    choice when left out; keep_alive: how long a model stays in memory after an answer; server:
    `ollama` for the program of that name, `stand-in` for llama.cpp behind Ollama's API, `auto` for
    the program where there is one; store: folder for models that clients create (under build/ when
    left out, where they stay until they are deleted).
    """
    from workbook.convert import convert

    if server not in SERVERS:
        raise CourseError(f"There is no server {server!r}: choose one of {', '.join(SERVERS)}.")
    program = shutil.which("ollama") if server != "stand-in" else None
    if server == "ollama" and program is None:
        raise CourseError(
            "There is no program `ollama` on the path: install Ollama, or take server='stand-in'."
        )
    made = convert(model, artifact)
    folder = store or HOME / f"{model}-{artifact}"
    if program:
        environment = _environment(store or HOME / "models", host, port, context, keep_alive)
        given = {"num_ctx": context} | ({"num_thread": threads} if threads else {})
        _give_model(program, environment, model, made.path / "model.gguf", made.sha256, given)
        command = [sys.executable, "-m", "workbook.runtimes.leash", "--", program, "serve"]
        return Launch(command, artifact=artifact, folder=made.path, environment=environment)
    command = [sys.executable, "-m", "workbook.runtimes.ollama_server", "--exit-with-parent"]
    command += ["--gguf", str(made.path / "model.gguf"), "--model", model, "--artifact", artifact]
    command += ["--store", str(folder), "--host", host, "--port", str(port)]
    command += ["--context", str(context), f"--keep-alive={keep_alive}"]
    if threads is not None:
        command += ["--threads", str(threads)]
    return Launch(command, artifact=artifact, folder=made.path)


# ---------------------------------------------------------------- the real server


def _environment(
    models: Path, host: str, port: int, context: int, keep_alive: str
) -> dict[str, str]:
    return {
        "OLLAMA_HOST": f"{host}:{port}",
        "OLLAMA_MODELS": str(models),
        "OLLAMA_CONTEXT_LENGTH": str(context),
        "OLLAMA_KEEP_ALIVE": keep_alive,
        "OLLAMA_NO_CLOUD": "1",
    }


def _give_model(
    program: str,
    environment: Mapping[str, str],
    model: str,
    gguf: Path,
    sha256: str,
    parameters: dict[str, Any],
) -> None:
    """Put our GGUF file into the real server's store under the model's name, once.

    A server is started for it and ended again: `ollama create` works through a running one only.
    """
    folder = Path(environment["OLLAMA_MODELS"])
    note = folder / f"course-{model}.json"
    want = json.dumps({"sha256": sha256, "parameters": parameters})
    manifest = folder / "manifests" / "registry.ollama.ai" / "library" / model / "latest"
    if note.exists() and note.read_text(encoding="utf-8") == want and manifest.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    print(f"ollama: giving it {model} ({gguf.stat().st_size / 1e6:.1f} MB)", flush=True)
    with _serving(program, environment) as client:
        digest = client.create_blob(gguf)
        client.create(model, files={gguf.name: digest}, parameters=parameters)
    note.write_text(want, encoding="utf-8")


@contextlib.contextmanager
def _serving(program: str, environment: Mapping[str, str]) -> Iterator[Any]:
    """The real server on a free port while the block runs; gives a client for it."""
    url = f"http://127.0.0.1:{process.free_port()}"
    here = dict(environment) | {"OLLAMA_HOST": url.removeprefix("http://")}
    command = [sys.executable, "-m", "workbook.runtimes.leash", "--", program, "serve"]
    log = process.new_log("ollama-create")
    with process.running(command, here, log) as child:
        deadline = time.monotonic() + STARTS
        while not _answers(url):
            if child.poll() is not None or time.monotonic() > deadline:
                raise CourseError(f"`ollama serve` does not answer: see its log {log}.")
            time.sleep(0.1)
        yield native(url)


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return probe.get(f"{url}/api/version").status_code == 200
    return False


# ---------------------------------------------------------------- what it says of itself


def describe(root_url: str) -> Mapping[str, str]:
    """Engine, version and artifact. The stand-in says what it is; the real server tells its
    version, and not which file a model was made from."""
    found = probe.fields(probe.get(f"{root_url}/api/version"))
    if "engine" in found:
        version = str(found.get("llama.cpp", ""))
        return {"engine": found["engine"], "version": version, "artifact": found["artifact"]}
    return {"engine": "Ollama", "version": str(found.get("version", ""))}


def native(root_url: str) -> Any:
    """The official client. No proxy is asked for a server on this machine."""
    import ollama

    return ollama.Client(host=root_url, trust_env=not is_local(root_url))


def missing() -> str:
    """One sentence when neither the program nor llama.cpp is here, empty otherwise."""
    if shutil.which("ollama") or importlib.util.find_spec("xllamacpp"):
        return ""
    return (
        "Ollama cannot run here because there is no program `ollama` on the path, and its stand-in "
        "cannot because the package xllamacpp is not installed: install one of them (`python3 "
        "course.py doctor`), or use the place attached."
    )


EXAMPLE = """curl {url}/api/chat -d '{{
  "model": "{model}", "stream": false, "options": {{"temperature": 0}},
  "messages": [{{"role": "user", "content": "What is a KV cache?"}}]}}'

curl {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{{
  "model": "{model}", "temperature": 0,
  "messages": [{{"role": "user", "content": "What is a KV cache?"}}]}}'"""

KIND = Kind(
    name="ollama",
    port=11434,
    prepare=prepare,
    describe=describe,
    health="/api/version",
    native=native,
    missing=missing,
    causes=(
        (r"failed to load model|invalid magic", "the GGUF file is not whole: convert it again"),
        (r"permission denied|read-only file system", "it cannot write to its models' folder"),
        (r"unknown model architecture", "this llama.cpp does not know the model's architecture"),
        (r"requires more system memory", "the machine has too little free memory"),
    ),
    example=EXAMPLE,
)
