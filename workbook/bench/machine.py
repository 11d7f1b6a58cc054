"""The machine under a measurement, and what the server's processes take of it."""

import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Machine:
    """What figures were measured on. `cache_bytes` is the last-level cache of the first core, None
    where the system does not say; `load_average` is that of the last minute."""

    processor: str
    instructions: list[str]
    physical_cores: int
    logical_cores: int
    memory_bytes: int
    cache_bytes: int | None
    system: str
    python: str
    load_average: float | None

    def __str__(self) -> str:
        cache = f", last-level cache {self.cache_bytes / 1e6:.0f} MB" if self.cache_bytes else ""
        busy = "" if self.load_average is None else f"; load average {self.load_average:.1f}"
        return (
            f"{self.processor} ({', '.join(self.instructions) or 'no vector flags'}), "
            f"{self.physical_cores} cores used of {self.logical_cores} logical, "
            f"{self.memory_bytes / 1e9:.1f} GB{cache}; {self.system}; Python {self.python}{busy}"
        )

    def fields(self) -> dict:
        """The same as plain data."""
        return asdict(self)


FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_tile", "asimd", "i8mm")


def describe() -> Machine:
    """This machine, now."""
    from workbook.engine.generation import physical_cores

    name, flags = _processor()
    return Machine(
        processor=name,
        instructions=[flag for flag in FLAGS if flag in flags],
        physical_cores=physical_cores(),
        logical_cores=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        cache_bytes=_cache(),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load_average=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    )


def _processor() -> tuple[str, set[str]]:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine(), set()
    pairs = (line.partition(":") for line in info.read_text(encoding="utf-8").splitlines())
    found = {key.strip(): value.strip() for key, _, value in pairs}
    flags = found.get("flags", found.get("Features", ""))
    return found.get("model name", platform.machine()), set(flags.split())


def _cache() -> int | None:
    caches = sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"))
    if not caches:
        return None
    text = caches[-1].read_text(encoding="ascii").strip()
    units = {"K": 2**10, "M": 2**20}
    return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)


# ---------------------------------------------------------------- the server's processes


def family(pid: int | None) -> list[psutil.Process]:
    """A process and everything that it started; empty without a process."""
    if pid is None:
        return []
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def resident(pid: int | None) -> int | None:
    """Resident memory in bytes of a process and everything it started; None without a process."""
    if pid is None:
        return None
    return sum(_of(process, lambda p: p.memory_info().rss) for process in family(pid))


def peak_resident(pid: int | None) -> int | None:
    """The most bytes that a process and its children had resident, each since its own start.

    On Linux and Windows the system keeps that mark; elsewhere it is what is resident now. Pages
    that processes share count once for each. None without a process.
    """
    if pid is None:
        return None
    return sum(_of(process, _peak) for process in family(pid))


def cpu_seconds(pid: int | None) -> float | None:
    """Processor time that a process and its children have used; None without a process."""
    if pid is None:
        return None
    return sum(_of(process, lambda p: sum(p.cpu_times()[:2])) for process in family(pid))


def threads(pid: int | None) -> int | None:
    """Threads of a process and its children, idle ones included; None without a process."""
    if pid is None:
        return None
    return sum(_of(process, lambda p: p.num_threads()) for process in family(pid))


def busy_seconds() -> float:
    """Processor time that all programs of the machine have used, over all cores."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # in user already
    return sum(times) - idle - guests


def _of(process: psutil.Process, ask):
    try:
        return ask(process)
    except (psutil.NoSuchProcess, FileNotFoundError):  # a child that ended meanwhile
        return 0


def _peak(process: psutil.Process) -> int:
    if sys.platform == "linux":
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
        marks = [line.split()[1] for line in lines if line.startswith("VmHWM")]
        return int(marks[0]) * 1024 if marks else 0  # a zombie has none
    memory = process.memory_info()
    return getattr(memory, "peak_wset", memory.rss)
