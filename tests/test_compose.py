"""The compose folders, held to the checklist as code. What runs in them is tested elsewhere."""

import importlib.util
import os
import re
from pathlib import Path

import pytest
import yaml

from workbook import paths
from workbook.engine import __main__ as command
from workbook.runtimes import places

FOLDERS = sorted(path.parent for path in paths.COMPOSE.glob("*/compose.yaml"))
ENGINE = paths.COMPOSE / "engine"


def read(folder: Path) -> dict:
    return yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))


def filled(text: str, **variables: str) -> str:
    """The text with ${NAME:-default} replaced, as compose does it."""
    return re.sub(
        r"\$\{(\w+):-([^}]*)\}", lambda found: variables.get(found[1], found[2]), str(text)
    )


SERVICES = [
    pytest.param(service, id=f"{folder.name}-{name}")
    for folder in FOLDERS
    for name, service in read(folder)["services"].items()
]


def test_the_engine_has_a_compose_folder():
    assert ENGINE in FOLDERS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_is_complete(folder):
    assert "version" not in read(folder), "`version:` is obsolete"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for title in ("## Start", "## Test", "## Stop", "## Look inside"):
        assert title in readme
    known = dict(
        line.split("=", 1)
        for line in (folder / ".env.example").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    used = re.findall(r"\$\{(\w+):-([^}]*)\}", (folder / "compose.yaml").read_text("utf-8"))
    assert dict(used) == known, ".env.example must name every variable, with its default"
    bare = re.findall(r"\$\{\w+\}|\$\w+", (folder / "compose.yaml").read_text("utf-8"))
    assert not bare, "a variable without a default"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_locked_down(service):
    assert service["read_only"] is True
    assert any(entry.startswith("/tmp") for entry in service["tmpfs"])
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].split(":")[0] not in ("0", "root", "")
    assert service.get("privileged") is None and service.get("network_mode") is None
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= set(limits)
    options = service["logging"]["options"]
    assert {"max-size", "max-file"} <= set(options)
    for port in service.get("ports", []):
        assert str(port).startswith("127.0.0.1:")
    for volume in service.get("volumes", []):
        assert "docker.sock" not in volume and not volume.startswith(("/", "~"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_restarts_or_runs_once(service):
    if "convert" in service.get("profiles", []):
        assert service["restart"] == "no" and "ports" not in service
        return
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(check)
    assert not re.search(r"curl|wget", " ".join(check["test"]))


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_has_a_tag_or_is_built_here(service):
    if "build" not in service:
        assert re.search(r":[^:/]*\d", service["image"]) and ":latest" not in service["image"]


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
                "onnxruntime": "onnxruntime"}  # fmt: skip
    engine = names(ENGINE / "requirements.txt")
    convert = engine | names(ENGINE / "requirements-convert.txt") | {"torch"}
    for folder, listed in (("engine", engine), ("convert", convert)):
        text = "\n".join(
            file.read_text(encoding="utf-8")
            for file in (paths.ROOT / "workbook" / folder).glob("*.py")
        )
        found = set(re.findall(r"^\s*(?:import|from) (\w+)", text, flags=re.MULTILINE))
        import sys

        third = found - set(sys.stdlib_module_names) - {"workbook"}
        assert {provides.get(name, name) for name in third} <= listed


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


def test_the_place_compose_says_what_the_readme_says():
    said = places._compose(places.kind_of("engine"))
    readme = (ENGINE / "README.md").read_text(encoding="utf-8")
    assert "docker compose --profile convert run --build --rm convert" in said
    assert "docker compose --profile convert run --build --rm convert" in readme


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
