"""Is our load generator right? The same load from an independent tool, `vllm bench serve`.

python -m workbook.bench.crosscheck [--runtime llamacpp] [--concurrency 4] [--rounds 5]
python -m workbook.bench.crosscheck --runtime metronome

One server; in every round both tools put the same closed loop on it (the same prompts, lengths
and clients), in changing order. Where the machine is so noisy that a tool's own rounds differ by
more than the margin, more rounds are taken, up to --most, and the noise is said. vLLM's tool comes
with the environment that the runtime vllm makes (.venv-vllm); no vLLM server is needed. The
runtime `metronome` (metronome.py) answers by the clock: there the true figures are known, and a
busy machine hardly moves them.

Two definitions differ, and are brought to the same for the comparison: vLLM counts TTFT to the
first chunk, be there text in it or not, and its TPOT from there.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbook import models, runtimes
from workbook.bench import load, metronome, records
from workbook.bench.load import Load, Target
from workbook.bench.metrics import summarise
from workbook.bench.records import Record
from workbook.bench.suite import Plan, target_of
from workbook.errors import CourseError
from workbook.runtimes import vllm, vllm_environment
from workbook.tables import Table

MARGIN = 0.10

FIGURES = {
    "output tokens/s": "output_throughput",
    "requests/s": "request_throughput",
    "TTFT median, ms": "median_ttft_ms",
    "TPOT median, ms": "median_tpot_ms",
    "E2E median, ms": "median_e2el_ms",
}
"""What is compared: our name, and that in vLLM's result file."""

PROGRAM = """
import argparse, json, pathlib
from vllm.benchmarks import serve
from vllm.benchmarks.datasets import SampleRequest

def samples(args, tokenizer):
    lines = pathlib.Path(args.dataset_path).read_text(encoding="utf-8").splitlines()
    return [SampleRequest(prompt=p, prompt_len=0, expected_output_len=args.custom_output_len)
            for p in map(json.loads, lines)]

serve.get_samples = samples
parser = argparse.ArgumentParser()
serve.add_cli_args(parser)
serve.main(parser.parse_args())
"""
"""`vllm bench serve`, with our prompts. The `vllm` command of the package for processors does not
start, and its reader of prompt files wants a package that is not there; sending, timing and
arithmetic are its own."""


@dataclass(frozen=True)
class Agreement:
    """One figure from both tools. `ours`, `theirs`: by round."""

    name: str
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """Ours over theirs, the median over the rounds."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def noise(self) -> float:
        """How far one tool's rounds lie apart: the larger tool's middle half over its median."""
        return max(map(_spread, (self.ours, self.theirs)))

    @property
    def agrees(self) -> bool:
        """Whether the two are the same within the margin."""
        return abs(self.ratio - 1) <= MARGIN


def _spread(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / statistics.median(values)


def ours(target: Target, given: Load, folder: Path, number: int) -> dict[str, float]:
    """The figures of one round by our load generator, in vLLM's definitions."""
    file = folder / f"ours-{number}.jsonl"
    load.run(target, given, file, round=number)
    taken = [_as_theirs(r) for r in records.read(file) if not r.warmup]
    found = summarise(taken)
    if found.counts["ok"] < len(taken) or found.tokens_per_second is None:
        raise CourseError(f"Not every request was answered and counted: see {file}.")
    return {
        "output tokens/s": found.tokens_per_second,
        "requests/s": found.requests_per_second,
        "TTFT median, ms": 1000 * statistics.median(r.ttft for r in taken),
        "TPOT median, ms": 1000 * statistics.median(r.tpot for r in taken),
        "E2E median, ms": 1000 * statistics.median(r.e2e for r in taken),
    }


def _as_theirs(record: Record) -> Record:
    return replace(record, first=record.event)


def theirs(
    target: Target, given: Load, folder: Path, number: int, python: Path, model: str
) -> dict[str, float]:
    """The figures of one round by `vllm bench serve`. Raises CourseError when it fails."""
    data, result = folder / f"prompts-{number}.jsonl", f"theirs-{number}.json"
    lines = [json.dumps(prompt) for prompt in given.prompts[given.warmup :]]
    data.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [
        str(python), "-P", "-c", PROGRAM,
        "--backend", "openai-chat", "--base-url", target.url.removesuffix("/v1"),
        "--endpoint", "/v1/chat/completions", "--model", target.model,
        "--tokenizer", str(models.folder(model)), "--dataset-name", "custom",
        "--dataset-path", str(data), "--custom-output-len", str(given.output_tokens),
        "--num-prompts", str(len(lines)), "--max-concurrency", str(int(given.level)),
        "--num-warmups", str(given.warmup), "--temperature", "0",
        "--extra-body", json.dumps(target.fields), "--percentile-metrics", "ttft,tpot,itl,e2el",
        "--save-result", "--result-dir", str(folder), "--result-filename", result,
        "--disable-tqdm",
    ]  # fmt: skip
    done = subprocess.run(
        command, env=os.environ | vllm.OFFLINE, capture_output=True, text=True, check=False
    )
    if done.returncode or not (folder / result).exists():
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CourseError(f"`vllm bench serve` could not be run ({last}).")
    found = json.loads((folder / result).read_text(encoding="utf-8"))
    if found["completed"] < len(lines):
        raise CourseError(f"`vllm bench serve` got {found['completed']} of {len(lines)} answers.")
    return {name: found[key] for name, key in FIGURES.items()}


def compare(
    target: Target, plan: Plan, *, python: Path, rounds: int = 5, most: int = 9
) -> list[Agreement]:
    """Both tools on one server, in alternating order: `rounds` times, and on while a tool's own
    rounds differ by more than the margin, up to `most`. (Not until they agree: that would prove
    nothing.)"""
    found: list[tuple[dict[str, float], dict[str, float]]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        while len(found) < rounds or (len(found) < most and not _settled(found)):
            found.append(_round(target, plan, len(found), folder, python))
            rates = [figures["output tokens/s"] for figures in found[-1]]
            print(f"round {len(found)}: {rates[0]:.0f} and {rates[1]:.0f} tokens/s", flush=True)
    return _agreements(found)


def _round(
    target: Target, plan: Plan, number: int, folder: Path, python: Path
) -> tuple[dict[str, float], dict[str, float]]:
    given = plan.load("closed", float(plan.concurrency[0]), number)
    if number % 2 == 0:
        mine = ours(target, given, folder, number)
        return mine, theirs(target, given, folder, number, python, plan.model)
    other = theirs(target, given, folder, number, python, plan.model)
    return ours(target, given, folder, number), other


def _settled(found: list) -> bool:
    return all(a.noise <= MARGIN for a in _agreements(found))


def _agreements(found: list[tuple[dict[str, float], dict[str, float]]]) -> list[Agreement]:
    return [
        Agreement(name, [mine[name] for mine, _ in found], [other[name] for _, other in found])
        for name in FIGURES
    ]


def text(found: list[Agreement]) -> str:
    """The comparison as a table, with a verdict on every figure."""
    rows = [
        {
            "figure": a.name,
            "ours": f"{statistics.median(a.ours):.2f}",
            "vllm bench serve": f"{statistics.median(a.theirs):.2f}",
            "ratio": f"{a.ratio:.3f}",
            "noise": f"{a.noise:.0%}",
            "within 10 %": "yes" if a.agrees else "no",
        }
        for a in found
    ]
    noisy = [a.name for a in found if a.noise > MARGIN]
    lines = [
        str(Table(rows, f"One server, one load, two tools; {len(found[0].ours)} rounds")),
        "ratio: median over the rounds of ours / theirs; noise: middle half of one tool's own "
        "rounds / their median, the larger of the two tools.",
    ]
    if noisy:
        lines.append(
            f"The rounds of one tool differ by more than 10 % for {', '.join(noisy)}: the machine "
            f"is noisy, and a single round would prove nothing."
        )
    return "\n".join(lines)


@contextlib.contextmanager
def _served(plan: Plan, clock: bool) -> Iterator[Target]:
    if clock:
        with metronome.serving() as url:
            print(f"metronome: TTFT {metronome.FIRST * 1e3:g} ms, TPOT {metronome.EVERY * 1e3:g}")
            yield Target("metronome", f"{url}/v1", plan.model)
        return
    name = plan.runtimes[0]
    options = plan.server_options(name)
    with runtimes.start(
        name, model=plan.model, place="embedded", share=False, **options
    ) as runtime:
        yield target_of(plan, runtime)


def main(argv: list[str] | None = None) -> int:
    """Compare on a server that is started for it; 0 when every figure agrees, else 1."""
    parser = argparse.ArgumentParser(prog="workbook.bench.crosscheck")
    parser.add_argument("--runtime", default="llamacpp")
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=int, default=9)
    parser.add_argument("--python", type=Path, help="of the environment that has vLLM")
    given = parser.parse_args(argv)
    try:
        python = given.python or vllm_environment.prepare()
        clock = given.runtime == "metronome"
        plan = Plan(
            ["engine" if clock else given.runtime], model=given.model, place="embedded",
            concurrency=[given.concurrency], requests=given.requests,
        )  # fmt: skip
        with _served(plan, clock) as target:
            found = compare(target, plan, python=python, rounds=given.rounds, most=given.most)
    except CourseError as error:
        print(f"crosscheck: {error}", file=sys.stderr)
        return 2
    print(text(found))
    return 0 if all(a.agrees for a in found) else 1


if __name__ == "__main__":
    sys.exit(main())
