"""compose/ollama: its Modelfiles, its scripts, and that file and README belong together.

The checklist for all compose files is tests/test_compose.py.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from workbook import paths
from workbook.runtimes.ollama_server import modelfile

FOLDER = paths.COMPOSE / "ollama"
FILES = sorted((FOLDER / "modelfiles").glob("*.Modelfile"))
LIBRARY = ("phi4-mini", "phi4-mini-reasoning", "phi4", "phi4-reasoning")
"""Names of Ollama's own library: a variant must not look like one of them."""


def services() -> dict:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))["services"]


def default(name: str) -> str:
    text = (FOLDER / ".env.example").read_text(encoding="utf-8")
    return re.search(rf"^{name}=(.*)$", text, flags=re.MULTILINE)[1]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_variant_begins_with_the_model_that_is_pulled(file):
    made = modelfile.parse(file.read_text(encoding="utf-8"))
    assert made.base == default("OLLAMA_MODEL")
    assert made.parameters["num_ctx"] == int(default("OLLAMA_CONTEXT"))
    assert made.system and not made.template and not made.others
    assert f"course/phi4-mini-{file.stem}" in file.read_text(encoding="utf-8").splitlines()[0]
    assert file.stem not in LIBRARY and "course/" not in LIBRARY


def test_there_is_a_variant_for_reasoning_and_one_for_code():
    assert [file.stem for file in FILES] == ["code", "math"]


def test_the_readme_speaks_of_the_services_there_are():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in services():
        assert name in readme
    for line in re.findall(r"^docker compose .*$", readme, flags=re.MULTILINE):
        assert "--profile cpu" in line, "without a profile nothing runs"


def test_one_server_for_each_profile_and_only_the_gpus_wants_a_gpu():
    found = services()
    assert found["ollama"]["profiles"] == ["cpu"] and found["ollama-gpu"]["profiles"] == ["gpu"]
    for name, service in found.items():
        wants = "reservations" in service["deploy"]["resources"]
        assert wants == (name == "ollama-gpu")
    same = ("image", "ports", "volumes", "environment", "healthcheck")
    assert all(found["ollama"][key] == found["ollama-gpu"][key] for key in same)
    assert found["ollama"]["healthcheck"]["test"] == ["CMD", "ollama", "list"]


def test_what_runs_once_waits_for_what_it_needs():
    found = services()
    assert found["pull"]["restart"] == found["create"]["restart"] == "no"
    healthy = {"condition": "service_healthy", "required": False}
    for name in ("pull", "open-webui"):
        assert found[name]["depends_on"] == {"ollama": healthy, "ollama-gpu": healthy}
    done = {"condition": "service_completed_successfully"}
    assert found["create"]["depends_on"] == {"pull": done}


def test_no_secret_is_in_the_file_or_in_git():
    found = services()["open-webui"]
    assert not any("PASSWORD" in key or "SECRET" in key for key in found["environment"])
    assert set(found["secrets"]) == {"webui_secret_key", "webui_admin_password"}
    assert "secrets/" in (FOLDER / ".gitignore").read_text(encoding="utf-8").splitlines()


def run(script: str, folder: Path, **environment: str) -> list[str]:
    """What a script of the compose folder prints, with its absolute paths under `folder`. Programs
    in folder/bin stand where the image has the real ones."""
    text = (FOLDER / script).read_text(encoding="utf-8")
    for root in ("/setup", "/run/secrets", "/app/backend"):
        text = text.replace(root, f"{folder}{root}")
    copy = folder / script
    copy.write_text(text, encoding="utf-8")
    shell = "/bin/sh" if text.startswith("#!/bin/sh") else shutil.which("bash")
    path = f"{folder}/bin{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [shell, str(copy)], capture_output=True, text=True, timeout=30, check=False,
        env=os.environ | {"PATH": path} | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_modelfile_becomes_a_model(tmp_path):
    shutil.copytree(FOLDER / "modelfiles", tmp_path / "setup" / "modelfiles")
    program = tmp_path / "bin" / "ollama"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    folder = tmp_path / "setup" / "modelfiles"
    assert run("create.sh", tmp_path, OLLAMA_MODEL="phi4-mini:tag") == [
        "cp phi4-mini:tag phi4-mini",
        f"create course/phi4-mini-code -f {folder}/code.Modelfile",
        f"create course/phi4-mini-math -f {folder}/math.Modelfile",
    ]


def test_the_page_gets_its_secrets_from_files(tmp_path):
    for name, text in (("webui_secret_key", "key\n"), ("webui_admin_password", "word\n")):
        file = tmp_path / "run" / "secrets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    start = tmp_path / "app" / "backend" / "start.sh"
    start.parent.mkdir(parents=True)
    start.write_text('echo "$WEBUI_SECRET_KEY $WEBUI_ADMIN_PASSWORD"\n', encoding="utf-8")
    assert run("open-webui.sh", tmp_path) == ["key word"]


@pytest.mark.skipif(not shutil.which("docker"), reason="needs the docker program")
@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_docker_compose_reads_the_file(profile):
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("needs docker compose")
    done = subprocess.run(
        ["docker", "compose", "--profile", profile, "config", "--services"],
        cwd=FOLDER, capture_output=True, text=True, check=True)  # fmt: skip
    server = "ollama" if profile == "cpu" else "ollama-gpu"
    assert set(done.stdout.split()) == {server, "pull", "create", "open-webui"}
