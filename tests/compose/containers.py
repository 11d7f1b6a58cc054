"""Podman with a storage of its own for the tests, and base images made without a registry.

Images lie in build/containers (they stay, so that a second run is quick); everything else (what
runs, networks, volumes) lies in a folder of the system's temporary one that is removed at the end.
What a user keeps in Podman is never touched.
"""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from workbook import paths

STORAGE = paths.BUILD / "containers"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_OPTIONS = ("index-url", "extra-index-url", "find-links", "trusted-host", "cert", "proxy")
PROGRAMS = ("podman", "runc", "conmon", "debootstrap", "tar")


def why_not() -> str:
    """Why containers cannot be run here, in a few words; empty when they can."""
    if sys.platform != "linux":
        return "needs Linux"
    if os.geteuid() != 0:
        return "needs root (debootstrap makes the base image)"
    lacking = [name for name in PROGRAMS if not shutil.which(name)]
    return f"not installed: {', '.join(lacking)} (requirements-system.txt)" if lacking else ""


def podman(*arguments: str, check: bool = True, **options) -> str:
    """What podman prints. Raises AssertionError with its complaint when it fails."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, **options)
    assert done.returncode == 0 or not check, f"podman {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


@contextmanager
def separate() -> Iterator[dict[str, str]]:
    """A storage of our own while the block runs; gives the environment that chooses it.

    At the end, and first for what a killed run left, all that is not an image is removed.
    """
    # A fixed place: Podman's records of a killed run are found again.
    key = hashlib.sha256(str(STORAGE).encode()).hexdigest()[:8]
    state = Path(tempfile.gettempdir()) / f"workbook-containers-{key}"
    STORAGE.mkdir(parents=True, exist_ok=True)
    with FileLock(STORAGE / "lock"):
        environment = _configure(state)
        try:
            _empty(environment)
            yield environment
        finally:
            _empty(environment)
            shutil.rmtree(state)
            shutil.rmtree(STORAGE / "storage" / "libpod")  # knows where `state` was


def _configure(state: Path) -> dict[str, str]:
    for name in ("networks", "run"):
        (state / name).mkdir(parents=True, exist_ok=True)
    mounted = ", ".join(f'"{folder}:{folder}:ro"' for folder in _package_folders())
    (state / "containers.conf").write_text(
        f"""[containers]
# Root may not raise limits everywhere: take low ones.
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
# Where this machine's pip finds packages on disk.
volumes = [{mounted}]
[engine]
# crun refuses machines with both kinds of control groups.
runtime = "runc"
lock_type = "file"
volume_path = "{state}/volumes"
tmp_dir = "{state}/tmp"
[network]
network_config_dir = "{state}/networks"
"""
    )
    (state / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{STORAGE}/storage"\nrunroot = "{state}/run"\n'
    )
    environment = {
        "CONTAINERS_CONF": f"{state}/containers.conf",
        "CONTAINERS_STORAGE_CONF": f"{state}/storage.conf",
        "BUILDAH_ISOLATION": "chroot",
        # With Docker's engine out of sight, compose.tool() takes Podman.
        "DOCKER_HOST": f"unix://{state}/no-docker.sock",
    }
    if not Path("/run/systemd/system").exists():
        environment["DISABLE_HC_SYSTEMD"] = "true"
    return environment


def mount(source: Path, target: str) -> None:
    """Let every container that is started from now on see a folder of this machine, read-only."""
    conf = Path(os.environ["CONTAINERS_CONF"])
    text = conf.read_text(encoding="utf-8")
    conf.write_text(text.replace("volumes = [", f'volumes = ["{source}:{target}:ro", ', 1))


def _empty(environment: dict[str, str]) -> None:
    options = {"env": os.environ | environment, "check": False}
    for what in (
        ("pod", "rm", "--all", "--force", "--time", "0"),
        ("rm", "--all", "--force", "--time", "0"),
        ("network", "prune", "--force"),
        ("volume", "rm", "--all", "--force"),
        ("image", "prune", "--force"),
    ):
        podman(*what, **options)


def left() -> dict[str, list[str]]:
    """Containers, pods, networks and volumes that are there now, without Podman's own network."""
    found = {
        "containers": podman("ps", "--all", "--format", "{{.Names}}"),
        "pods": podman("pod", "ps", "--format", "{{.Name}}"),
        "networks": podman("network", "ls", "--format", "{{.Name}}"),
        "volumes": podman("volume", "ls", "--format", "{{.Name}}"),
    }
    return {what: [n for n in names.split() if n != "podman"] for what, names in found.items()}


# ---------------------------------------------------------------- base images


def base_image(name: str) -> str:
    """An image that stands in for Docker's `python:3.11.x-slim-SUITE`: Debian's own Python of that
    suite, with this machine's certificates and pip configuration. Made once, then kept."""
    full = f"docker.io/library/{name}"
    if subprocess.run(["podman", "image", "exists", full]).returncode == 0:
        return full
    suite = name.rpartition("-")[2]
    with tempfile.TemporaryDirectory(prefix="workbook-base-") as folder:
        root = Path(folder) / "root"
        _debootstrap(suite, root)
        _adapt(root)
        tar = subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE)
        with tar.stdout as stream:
            podman("import", "-", full, stdin=stream)
        assert tar.wait() == 0
    return full


def build(name: str, folder: Path, files: dict[str, str]) -> None:
    """An image from the text of its Dockerfile and of the files that it copies, in a new folder."""
    folder.mkdir()
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
        (folder / file).chmod(0o755)
    podman("build", "--tag", name, str(folder))


def _debootstrap(suite: str, root: Path) -> None:
    packages = "--include=python3,python3-venv,ca-certificates"
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", packages, suite, root],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def _adapt(root: Path) -> None:
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / folder)
        (root / folder).mkdir()
    (root / "usr/bin/python").symlink_to("python3")
    options = pip_options()
    if CERTIFICATES.exists():
        shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        options.setdefault("cert", str(CERTIFICATES))
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    (root / "etc/pip.conf").write_text(f"[global]\n{lines}")


def pip_options() -> dict[str, str]:
    """How this machine's pip finds packages: its configuration and its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found = {}
    lines = re.findall(r"^(\S+?)\.([\w-]+)=(.*)$", done.stdout, flags=re.MULTILINE)
    for _, name, value in sorted(lines, key=lambda line: line[0] == ":env:"):  # it wins
        if name in PIP_OPTIONS:
            found[name] = " ".join(ast.literal_eval(value).split())
    return found


def _package_folders() -> list[str]:
    """Folders of this machine that pip is configured to look into."""
    options = pip_options()
    places = [
        urlsplit(place).path
        for name in ("index-url", "extra-index-url", "find-links")
        for place in options.get(name, "").split()
        if urlsplit(place).scheme in ("", "file")
    ]
    # An index in a folder `simple` has its files beside that folder.
    roots = {path.removesuffix("/").removesuffix("/simple") for path in places}
    return sorted(path for path in roots if Path(path).is_dir())
