"""Foundry Local (Microsoft's on-device SDK) as a runtime, behind a thin server of this course.

The SDK runs in process. It has a web service of its own, which serves the models of Microsoft's
public catalogue only, not a model that you bring (its catalogue LOCAL); so the course puts the
SDK's ChatSession behind a port: see foundry_server.
"""

import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from workbook import paths
from workbook.runtimes import probe
from workbook.runtimes.base import Kind, Launch

FOLDER = paths.BUILD / "foundry"
"""Everything that the SDK writes: its list of local models, its log, its database."""

ENVIRONMENT = {
    # The SDK's telemetry, and its database on Linux, otherwise lie in the home folder.
    "XDG_CACHE_HOME": str(FOLDER / "cache"),
    # ONNX Runtime's own telemetry, and the SDK's: what can be switched off.
    "ORT_DISABLE_TELEMETRY": "1",
    "ORT_TELEMETRY_DISABLED": "1",
    # With both switches off the SDK still reports each start (machine, system, a device id). It
    # reports nothing where it takes the machine for a build server.
    "CI": "true",
}
"""What the process that loads the SDK needs in its environment, before it starts the SDK."""

WHEELS = {
    ("Linux", "x86_64"),
    ("Linux", "aarch64"),
    ("Windows", "AMD64"),
    ("Darwin", "arm64"),
}
"""The machines that the SDK's wheels are made for (the package's page, version 2.2.1)."""


def folders() -> dict[str, str]:
    """The folders for the SDK's Configuration, all under build/."""
    return {
        "app_data_dir": str(FOLDER),
        "model_cache_dir": str(FOLDER / "models"),
        "logs_dir": str(FOLDER / "logs"),
    }


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """ENVIRONMENT in this process's environment while the block runs: start the SDK in it."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def model_id(model: str, folder: Path) -> str:
    """The name and version under which a folder is registered in the SDK's catalogue LOCAL.

    The SDK remembers registrations on disk, so another folder gets another name.
    """
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
    return f"{model}-{place[:8]}:1"


def echo(folder: Path) -> Path:
    """A copy of a GenAI folder (large files linked) whose chat template raises the prompt that it
    makes as an error: what the SDK really gives to a model can be read there."""
    source = folder.resolve()
    copy = FOLDER / "echo" / source.name
    copy.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        to = copy / file.name
        to.unlink(missing_ok=True)
        try:
            os.link(file, to)
        except OSError:  # another disk
            shutil.copy2(file, to)
    template = copy / "chat_template.jinja"
    text = template.read_text(encoding="utf-8")
    template.unlink()  # a link: the artifact's own template stays as it is
    text = f"{{%- set prompt -%}}{text}{{%- endset -%}}{{{{ raise_exception(prompt) }}}}"
    template.write_text(text, encoding="utf-8")
    return copy


def prepare(
    model: str, port: int, *, artifact: str = "onnx-int4", host: str = "127.0.0.1"
) -> Launch:
    """Convert the model (or take it from the cache) and say how to serve it."""
    from workbook.convert import convert

    made = convert(model, artifact)
    command = [sys.executable, "-m", "workbook.runtimes.foundry_server", "--model", model]
    command += ["--artifact", artifact, "--folder", str(made.path)]
    command += ["--host", host, "--port", str(port), "--exit-with-parent"]
    return Launch(command, artifact=artifact, folder=made.path, environment=ENVIRONMENT)


def describe(root_url: str) -> Mapping[str, str]:
    """What /health says: engine, version, artifact."""
    return probe.fields(probe.get(f"{root_url}/health"))


def missing() -> str:
    """Why Foundry Local cannot run on this machine, in one sentence; empty when it can."""
    machine = (platform.system(), platform.machine())
    if machine not in WHEELS:
        return (
            f"Foundry Local has no package for {' '.join(machine)}: use the runtime engine, which "
            f"serves the same artifact, or attach to a machine with Windows or Linux, or a Mac "
            f"with an Apple chip."
        )
    if importlib.util.find_spec("foundry_local_sdk") is None:
        return (
            "The package foundry-local-sdk is not installed: run `python3 course.py doctor`, "
            "which says how to get it."
        )
    return ""


EXAMPLE = """curl {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{{
  "model": "{model}", "temperature": 0,
  "messages": [{{"role": "user", "content": "What is a KV cache?"}}]}}'"""

KIND = Kind(
    name="foundry",
    port=5273,  # beside 5272, which Foundry Local's own examples used
    prepare=prepare,
    describe=describe,
    missing=missing,
    causes=(
        (r"model_path must|genai_config|no converted model", "the artifact is not whole"),
        (r"GLIBC_|libfoundry_local", "the system is too old for the SDK, or a file of it is gone"),
    ),
    example=EXAMPLE,
)
