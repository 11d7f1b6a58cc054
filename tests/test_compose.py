"""The compose folders, held to the checklist as code. What runs in them is tested in compose/."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from workbook import paths
from workbook.engine import __main__ as command
from workbook.runtimes import compose, places

FOLDERS = sorted(path.parent for path in paths.COMPOSE.glob("*/compose.yaml"))
ENGINE = paths.COMPOSE / "engine"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+):-([^}]*)\}")

HEALTH_PROGRAMS = {
    # The first two are built here: see their Dockerfile.
    "slm-engine": {"python"},
    # docker/Dockerfile and docker/Dockerfile.cpu of vLLM install curl, and have Python.
    "vllm/vllm-openai": {"curl", "python3"},
    "vllm/vllm-openai-cpu": {"curl", "python3"},
    # Ollama's Dockerfile: ubuntu:24.04 with ca-certificates and two libraries, no curl, no wget.
    "ollama/ollama": {"ollama"},
    # Made from Open WebUI's image, which is python:3.11-slim with curl and jq installed.
    "slm-open-webui": {"python", "python3", "curl"},
}
"""Image: the programs that a health check in it may call (checked where the image is made)."""

SECRET = re.compile(r"(KEY|TOKEN|PASSWORD|SECRET)$")


def read(folder: Path) -> dict:
    return yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))


def filled(text: str, **variables: str) -> str:
    """The text with ${NAME:-default} replaced, as compose does it."""
    return VARIABLE.sub(lambda found: variables.get(found[1], found[2]), str(text))


def image(service: dict) -> str:
    """The image's name without tag and digest."""
    return re.sub(r"(:[^/]*)?(@.*)?$", "", filled(service["image"]))


def runs_once(service: dict) -> bool:
    return service["restart"] == "no"


def wants_gpu(service: dict) -> bool:
    reserved = service.get("deploy", {}).get("resources", {}).get("reservations", {})
    return "gpus" in service or "devices" in service or "devices" in reserved


SERVICES = [
    pytest.param(service, id=f"{folder.name}-{name}")
    for folder in FOLDERS
    for name, service in read(folder)["services"].items()
]
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
each_service = pytest.mark.parametrize("service", SERVICES)


def test_the_engine_has_a_compose_folder():
    assert ENGINE in FOLDERS


@each_folder
def test_a_folder_is_complete(folder):
    assert "version" not in read(folder), "`version:` is obsolete"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for title in ("## Start", "## Test", "## Stop", "## Look inside"):
        assert title in readme


@each_folder
def test_the_variables_are_explained_with_their_defaults(folder):
    lines = (folder / ".env.example").read_text(encoding="utf-8").splitlines()
    known = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    text = (folder / "compose.yaml").read_text(encoding="utf-8")
    used = set(VARIABLE.findall(text))
    assert len(used) == len(dict(used)), "a variable with two defaults"
    assert dict(used) == known, ".env.example must name every variable, with its default"
    bare = re.findall(r"(?<!\$)\$(?:\{\w+\}|\w+)", text)
    assert not bare, "a variable without a default"


@each_folder
def test_the_place_compose_can_use_it(folder):
    plan = compose.plan_of(folder.name)
    services = read(folder)["services"]
    assert not runs_once(services[plan.service])
    assert all(runs_once(services[name]) for name in (*plan.first, *plan.then))
    for name in (plan.service, *plan.first, *plan.then):
        profiles = services[name].get("profiles", [])
        assert not profiles or set(profiles) & set(plan.profiles), name
    used = dict(VARIABLE.findall((folder / "compose.yaml").read_text(encoding="utf-8")))
    for model in plan.models:
        given = compose.variables(folder.name, model, "", 1)
        assert set(given) <= set(used), "a variable that the compose file does not know"
    (port,) = services[plan.service]["ports"]
    kind = places.kind_of(folder.name)
    assert filled(port).startswith(f"127.0.0.1:{kind.port}:")


@each_folder
def test_volumes_have_a_name_that_every_project_shares(folder):
    """The place compose makes a project a run: what is expensive to make must outlive it."""
    for volume in (read(folder).get("volumes") or {}).values():
        assert volume and volume["name"]


@each_folder
def test_secrets_are_files_that_are_not_committed(folder):
    found = read(folder)
    for secret in found.get("secrets", {}).values():
        assert set(secret) == {"file"}
        file = folder / filled(secret["file"])
        assert folder in file.parents
        ignored = subprocess.run(["git", "check-ignore", "--quiet", file], cwd=paths.ROOT)
        assert ignored.returncode == 0, f"{file} could be committed: add it to a .gitignore"
    for service in found["services"].values():
        assert set(service.get("secrets", [])) <= set(found.get("secrets", {}))


@each_service
def test_no_secret_is_in_the_environment(service):
    environment = service.get("environment") or {}
    if isinstance(environment, list):
        environment = dict(entry.split("=", 1) for entry in environment)
    for name, value in environment.items():
        assert not SECRET.search(name) or not str(value), name


@each_service
def test_a_service_is_locked_down(service):
    assert service["read_only"] is True
    assert any(entry.startswith("/tmp") for entry in service["tmpfs"])
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].split(":")[0] not in ("0", "root", "")
    for key in ("privileged", "network_mode", "pid", "ipc", "userns_mode"):
        assert key not in service
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= set(limits)
    options = service["logging"]["options"]
    assert {"max-size", "max-file"} <= set(options)
    for port in service.get("ports", []):
        assert filled(port).startswith("127.0.0.1:")
    for volume in service.get("volumes", []):
        source, _, options = filled(volume).partition(":")
        assert "docker.sock" not in source and not source.startswith(("/", "~"))
        assert not source.startswith(".") or options.endswith(":ro"), volume


@each_service
def test_a_service_restarts_or_runs_once(service):
    if runs_once(service):
        assert "ports" not in service
        return
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(check)
    # An image that is still loading is not ill: what follows waits for it.
    assert int(check["start_period"].removesuffix("s")) >= 30


@each_service
def test_a_health_check_calls_what_its_image_has(service):
    if "healthcheck" not in service:
        return
    form, *words = service["healthcheck"]["test"]
    assert form in ("CMD", "CMD-SHELL")
    program = words[0] if form == "CMD" else shlex.split(words[0])[0]
    assert program in HEALTH_PROGRAMS[image(service)]


@each_service
def test_dependencies_wait_for_more_than_a_start(service):
    for needed in (service.get("depends_on") or {}).values():
        assert needed["condition"] in ("service_healthy", "service_completed_successfully")


@each_service
def test_a_gpu_is_asked_for_in_its_profile_only(service):
    assert wants_gpu(service) == (service.get("profiles") == ["gpu"])


@each_service
def test_an_image_has_a_version_or_is_built_here(service):
    if "build" not in service:
        tag = filled(service["image"]).removeprefix(image(service))
        assert re.search(r"\d", tag) and not tag.startswith((":latest", ":main"))


# ---------------------------------------------------------------- the engine's folder


def dockerfile() -> str:
    return (ENGINE / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def stages() -> dict[str, str]:
    """Name: text of each stage of the engine's Dockerfile."""
    parts = re.split(r"^FROM \S+ AS (\w+)$", dockerfile(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_build_paths_exist():
    for service in read(ENGINE)["services"].values():
        context = (ENGINE / service["build"]["context"]).resolve()
        assert context == paths.ROOT
        assert (context / service["build"]["dockerfile"]).exists()
        assert service["build"]["target"] in stages()
    for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile(), flags=re.MULTILINE):
        for source in line.split()[:-1]:
            assert (paths.ROOT / source).exists(), source


def test_the_base_image_is_pinned_and_nothing_runs_as_root():
    assert re.search(r"^ARG BASE=python:3\.11\.\d+-slim-\w+$", dockerfile(), flags=re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", dockerfile(), flags=re.MULTILINE)) <= {
        "${BASE}",
        *stages(),
    }
    for name in ("convert", "engine"):
        assert stages()[name].index("USER slm") < stages()[name].index("ENTRYPOINT")
        assert "USER root" not in stages()[name]


def test_the_engine_image_has_no_torch_and_a_health_check_without_curl():
    assert list(stages())[-1] == "engine", "the default target"
    engine = stages()["engine"]
    assert (
        "HEALTHCHECK" in engine
        and "urllib" in engine
        and "curl" not in dockerfile().replace("has no curl", "")
    )
    assert "torch" not in stages()["packages"] + engine
    assert "workbook/convert" not in engine and "COPY workbook workbook" not in engine


def names(file: Path) -> set[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return {line.lower() for line in lines if line and not line.startswith("#")}


def test_versions_are_pinned_in_one_place():
    pinned = {line.split("==")[0].lower() for line in names(paths.ROOT / "constraints.txt")}
    for file in ("requirements.txt", "requirements-convert.txt"):
        assert names(ENGINE / file) <= pinned
    for line in re.findall(r"pip install.*$", dockerfile(), flags=re.MULTILINE):
        assert "-c constraints.txt" in line


def test_the_images_hold_what_the_code_imports():
    """Each third-party import of the engine is in its image's list; so for the converter."""
    provides = {"onnxruntime_genai": "onnxruntime-genai", "pydantic": "fastapi",
                "starlette": "fastapi", "anyio": "fastapi", "huggingface_hub": "huggingface_hub",
                "onnxruntime": "onnxruntime", "ml_dtypes": "onnx", "onnx_ir": "onnx-ir",
                "builder": "onnxruntime-genai", "builders": "onnxruntime-genai"}  # fmt: skip
    elsewhere = {"httpx", "xllamacpp"}  # imported where a GGUF is checked: the engine serves none
    engine = names(ENGINE / "requirements.txt")
    convert = engine | names(ENGINE / "requirements-convert.txt") | {"torch"}
    for folder, listed in (("engine", engine), ("convert", convert)):
        text = "\n".join(
            file.read_text(encoding="utf-8")
            for file in (paths.ROOT / "workbook" / folder).glob("*.py")
        )
        found = set(re.findall(r"^\s*(?:import|from) (\w+)", text, flags=re.MULTILINE))
        third = found - set(sys.stdlib_module_names) - {"workbook"} - elsewhere
        assert {provides.get(name, name) for name in third} <= listed


def test_the_engines_image_holds_the_modules_that_the_engine_imports():
    copied = re.findall(r"^COPY (workbook\S.*) \S+$", stages()["engine"], flags=re.MULTILINE)
    sources = [paths.ROOT / source for line in copied for source in line.split()]
    files = [
        f for source in sources for f in ([source] if source.is_file() else source.glob("*.py"))
    ]
    parts = {source.stem for source in sources}
    for file in files:
        text = file.read_text(encoding="utf-8")  # what a function imports may be missing: convert
        for module, names in re.findall(r"^from workbook(\.\w+)?\S* import (.*)$", text, re.M):
            needed = {module[1:]} if module else set(names.replace(" ", "").split(","))
            assert needed <= parts, file


def test_the_command_lines_are_the_engines():
    service = read(ENGINE)["services"]["engine"]
    entry = re.search(r"ENTRYPOINT (\[.*\])", stages()["engine"])[1]
    inside = yaml.safe_load(entry)[3:] + [filled(part) for part in service["command"]]
    args = command.options().parse_args(inside)
    assert (args.host, args.port, args.model) == ("0.0.0.0", 8080, "pocket")
    assert args.folder == Path("/app/build/served/pocket/onnx-int4")
    assert args.threads == 2 and not args.exit_with_parent
    default = yaml.safe_load(re.search(r"CMD (\[\"--model.*\])", stages()["engine"])[1])
    assert command.options().parse_args(default).folder == args.folder
    limits = service["deploy"]["resources"]["limits"]
    assert filled(limits["cpus"], ENGINE_CPUS="7") == "7"
    assert "--threads=7" in [filled(part, ENGINE_CPUS="7") for part in service["command"]]
    assert filled(service["ports"][0]) == "127.0.0.1:8080:8080"
    assert service["volumes"] == ["artifacts:/app/build:ro"]


def test_the_place_compose_does_what_the_readme_says():
    plan = compose.plan_of("engine")
    readme = (ENGINE / "README.md").read_text(encoding="utf-8")
    assert (plan.first, plan.service) == (("convert",), "engine")
    assert "docker compose --profile convert run --build --rm convert" in readme
    for name, value in plan.limits["phi4-mini"].items():
        example = (ENGINE / ".env.example").read_text(encoding="utf-8")
        assert re.search(rf"# .*phi4-mini.* needs {value}\.\n{name}=", example)


def test_the_ignore_file_lets_everything_in_that_is_copied():
    allowed = [
        line.removeprefix("!")
        for line in (ENGINE / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    ]
    for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile(), flags=re.MULTILINE):
        for source in line.split()[:-1]:
            assert any(
                Path(source).match(pattern) or source.split("/")[0] == pattern
                for pattern in allowed
            ), source


def test_publishing_points_a_stable_name_at_the_newest_artifact(tmp_path):
    spec = importlib.util.spec_from_file_location("convert_script", ENGINE / "convert.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    link = tmp_path / "served" / "pocket" / "onnx-int4"
    for version in ("one", "two"):
        made = tmp_path / "artifacts" / "pocket" / version
        made.mkdir(parents=True)
        (made / "model.onnx").write_text(version)
        script.publish(made, link)
        assert (link / "model.onnx").read_text() == version
    assert not os.path.isabs(os.readlink(link))
    assert script.main("phi9", "onnx-int4") == 1
