"""The place `compose` without a container: which program, which variables, which refusals.

What needs containers is in tests/compose.
"""

import json
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from workbook import paths
from workbook.errors import CourseError
from workbook.runtimes import compose, places, process
from workbook.runtimes.base import NO_KEY


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A path with nothing on it but what a test puts there."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A compose folder of the engine for one test."""
    folder = tmp_path / "compose" / "engine"
    folder.mkdir(parents=True)
    monkeypatch.setattr(paths, "COMPOSE", folder.parent)
    return folder


def program(file, text):
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


# ---------------------------------------------------------------- the program


def test_without_a_container_engine_one_sentence_says_so(programs):
    assert compose.tool() is None
    said = compose.missing()
    assert "docker: not installed; podman: not installed" in said
    assert "install Docker" in said and "\n" not in said and said.endswith(".")


def test_a_docker_client_without_a_daemon_is_not_enough(programs, monkeypatch):
    docker = shutil.which("docker", path=os.defpath + ":/usr/local/bin")
    if not docker:
        pytest.skip("no docker client here")
    (programs / "docker").symlink_to(docker)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{programs}/no.sock")
    assert compose.tool() is None
    assert f"unix://{programs}/no.sock" in compose.missing()


@pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
def test_an_engine_without_compose_is_not_enough(programs):
    program(programs / "docker", '[ "$1" = version ]')
    assert compose.tool() is None and "docker: it has no compose" in compose.missing()


@pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
def test_docker_comes_before_podman(programs):
    program(programs / "docker", "exit 0")
    program(programs / "podman", "exit 0")
    found = compose.tool()
    assert (found.name, found.command) == ("docker compose", ("docker", "compose"))
    assert found.client == ("docker",)


@pytest.mark.skipif(not shutil.which("podman"), reason="needs podman")
def test_podman_is_driven_by_the_environments_podman_compose(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    found = compose.tool()
    assert found.name == "podman-compose" and found.client == ("podman",)
    assert found.command == (sys.executable, "-m", "podman_compose")


def test_a_start_without_any_says_what_to_install(programs, tmp_path):
    log = tmp_path / "log"
    with (
        pytest.raises(CourseError, match="install Docker"),
        compose.running(places.kind_of("engine"), "pocket", "", 1, log),
    ):
        pass
    assert not log.exists()


# ---------------------------------------------------------------- what the file is told


def test_the_file_is_told_model_artifact_and_port(folder):
    assert compose.variables("engine", "pocket", "", 4711) == {
        "MODEL": "pocket",
        "ENGINE_PORT": "4711",
    }
    assert compose.variables("engine", "pocket", "onnx-int8", 4711)["ARTIFACT"] == "onnx-int8"


def test_a_large_model_gets_its_limits_unless_somebody_set_them(folder, monkeypatch):
    told = compose.variables("engine", "phi4-mini", "", 1)
    assert (told["ENGINE_MEMORY"], told["CONVERT_MEMORY"]) == ("6g", "24g")
    (folder / ".env").write_text("# mine\nENGINE_MEMORY=8g\n", encoding="utf-8")
    monkeypatch.setenv("CONVERT_MEMORY", "30g")
    assert set(compose.variables("engine", "phi4-mini", "", 1)) == {"MODEL", "ENGINE_PORT"}


@pytest.mark.parametrize(
    ("name", "model", "artifact", "said"),
    [
        ("ollama", "pocket", "", "serve phi4-mini, not pocket"),
        ("engine", "phi9", "", "serve pocket or phi4-mini, not phi9"),
        ("vllm", "pocket", "gguf-q8_0", "no choice of the artifact: leave out 'gguf-q8_0'"),
        ("llamacpp", "pocket", "", "llamacpp has no compose file"),
    ],
)
def test_what_a_file_cannot_serve_is_refused(name, model, artifact, said):
    with pytest.raises(CourseError, match=said):
        compose.variables(name, model, artifact, 1)


def test_the_artifact_that_there_is_may_be_named():
    assert "ARTIFACT" not in compose.variables("vllm", "pocket", "hf-bf16", 1)


def test_a_server_with_a_key_gets_one_that_our_clients_send(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    first, override = compose._files("vllm")
    assert first == "compose.yaml"
    with open(override, encoding="utf-8") as file:
        key = Path(json.load(file)["secrets"]["api_key"]["file"])
    assert key.read_text(encoding="utf-8") == NO_KEY
    if os.name != "nt":
        assert key.stat().st_mode & stat.S_IROTH, "the container's user reads it"
    assert compose._files("engine") == ["compose.yaml"]


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_gpu_decides_which_service_serves(programs):
    plan = compose.plan_of("vllm")
    assert (plan.service, plan.profiles) == ("vllm", ("cpu",))
    program(programs / "nvidia-smi", "exit 0")
    plan = compose.plan_of("vllm")
    assert (plan.service, plan.profiles) == ("vllm-gpu", ("gpu",))
    program(programs / "nvidia-smi", "exit 9")
    assert compose.plan_of("vllm").service == "vllm"


# ---------------------------------------------------------------- ends


def test_only_a_project_of_a_dead_process_is_a_leftover():
    names = (
        f"workbook-engine-{os.getpid()}-abc123_engine_1\n"
        "workbook-engine-999999999-abc123_engine_1\n"  # podman-compose writes names so,
        "workbook-engine-999999998-abc123-engine-1\n"  # and Docker Compose so
        "slm-engine-engine-1\n"  # a user's own
    )
    assert compose.stale_projects(names) == [
        "workbook-engine-999999998-abc123",
        "workbook-engine-999999999-abc123",
    ]


def test_a_file_that_cannot_be_read_says_so_with_the_end_of_the_log(folder, tmp_path, monkeypatch):
    if compose.tool() is None:
        pytest.skip(compose.missing())
    (folder / "compose.yaml").write_text("services: {engine: [}", encoding="utf-8")
    log = tmp_path / "log"
    with (
        pytest.raises(CourseError, match=r"did not come up: `.*compose run` ended with") as failed,
        compose.running(places.kind_of("engine"), "pocket", "", process.free_port(), log),
    ):
        pass
    assert str(log) in str(failed.value) and "compose.yaml" in str(failed.value)
