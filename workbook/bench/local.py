"""How fast an artifact decodes on this machine, and what memory it takes, without a server."""

import json
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from workbook.convert import Artifact
from workbook.errors import CourseError

PROMPT = [{"role": "user", "content": "What is a KV cache?"}]


@dataclass(frozen=True)
class Speed:
    """One artifact's speed, batch 1.

    `tokens_per_second`: median decode rate over the rounds, the first token left out; `rounds`:
    each round's rate; `load_seconds`: time until the model could be asked; `peak_bytes`: largest
    resident memory of the process, Python and runtime included (0 where the system does not say).
    """

    tokens_per_second: float
    rounds: list[float]
    load_seconds: float
    peak_bytes: int


def measure(artifacts: list[Artifact], *, tokens: int = 200, rounds: int = 3) -> dict[str, Speed]:
    """The speed of several ONNX artifacts, by name.

    Each artifact runs in a process of its own. They take turns, one round each, so that a busy
    moment of the machine does not hit one artifact only. Raises CourseError when one cannot run,
    and ValueError for artifacts of the same name, less than one round or less than two tokens.
    """
    if len({a.name for a in artifacts}) != len(artifacts) or rounds < 1 or tokens < 2:
        raise ValueError("measure artifacts of one model, each once, rounds >= 1, tokens >= 2")
    runs: dict[str, list[Speed]] = {a.name: [] for a in artifacts}
    for _ in range(rounds):
        for artifact in artifacts:
            runs[artifact.name].append(_in_process(artifact.path, tokens))
    return {name: _merge(speeds) for name, speeds in runs.items()}


def run_once(folder: Path, tokens: int) -> Speed:
    """Load an artifact's folder in this process and decode `tokens` tokens greedily."""
    import time

    from workbook.engine.generation import LocalModel

    started = time.perf_counter()
    model = LocalModel(folder)
    loaded = time.perf_counter()
    times = []
    prompt = model.encode(PROMPT)
    for _ in model.stream(prompt, max_tokens=tokens, min_tokens=tokens):
        times.append(time.perf_counter())
    rate = (len(times) - 1) / (times[-1] - times[0])
    return Speed(rate, [rate], loaded - started, _peak_bytes())


def _peak_bytes() -> int:
    status = Path("/proc/self/status")  # ru_maxrss would count the process that started this one
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _in_process(folder: Path, tokens: int) -> Speed:
    command = [sys.executable, "-m", "workbook.bench.local", str(folder), str(tokens)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CourseError(f"The artifact in {folder} could not be measured ({last}).")
    return Speed(**json.loads(done.stdout.strip().splitlines()[-1]))


def _merge(speeds: list[Speed]) -> Speed:
    rates = [s.tokens_per_second for s in speeds]
    return Speed(
        tokens_per_second=statistics.median(rates),
        rounds=rates,
        load_seconds=statistics.median(s.load_seconds for s in speeds),
        peak_bytes=max(s.peak_bytes for s in speeds),
    )


if __name__ == "__main__":
    print(json.dumps(asdict(run_once(Path(sys.argv[1]), int(sys.argv[2])))))
