"""Several runtimes under the same loads: one at a time, in rounds, in changing order.

Every round starts each runtime anew, puts every load on it and stops it, so that a slow hour of the
machine hits all of them. A ratio is taken within a round and then shown with its spread over the
rounds.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from workbook import models, paths, runtimes
from workbook.bench import load, machine, prompts, roofline
from workbook.bench.load import Load, Target
from workbook.bench.metrics import Limits
from workbook.convert import artifact as artifacts
from workbook.errors import CourseError
from workbook.runtimes import Runtime, probe
from workbook.runtimes.base import NO_KEY

REQUESTS, CONDITIONS, COSTS = "requests.jsonl", "conditions.json", "levels.jsonl"

OPEN_SLOTS = 16
"""Requests that llama.cpp computes at once at least, where an open loop is to come."""


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    `concurrency`: the clients of each closed loop; `rates`: the requests a second of each open
    one. `requests`: how many a load has; with fewer than 4 a client, as many as that. `options`:
    what a runtime's `prepare` takes, by runtime. `endpoints`: addresses of other servers, by a name
    of your own. `same_prompts`: every round sends the same prompts (prefix caches then answer).
    """

    runtimes: Sequence[str]
    model: str = "pocket"
    place: str = "auto"
    concurrency: Sequence[int] = (1, 2, 4, 8, 16)
    rates: Sequence[float] = ()
    requests: int = 32
    rounds: int = 3
    warmup: int = 10
    prompt_tokens: int = 128
    output_tokens: int = 64
    seconds: float = 300.0
    seed: str = "0"
    limits: Limits = field(default_factory=Limits)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    same_prompts: bool = False

    def __post_init__(self) -> None:
        names = [*self.runtimes, *self.endpoints]
        if not names or len(set(names)) != len(names):
            raise CourseError("Name the runtimes to measure, each once.")
        for name in self.runtimes:
            runtimes.places.kind_of(name)
        if not (self.concurrency or self.rates):
            raise CourseError("There is no load: give a concurrency, a rate, or both.")
        if min(self.requests, self.rounds, self.prompt_tokens, self.output_tokens) < 1:
            raise CourseError("Requests, rounds and lengths start at 1.")

    @property
    def names(self) -> list[str]:
        """Runtimes and other endpoints, in the order of the table; the first is the measure."""
        return [*self.runtimes, *self.endpoints]

    @property
    def levels(self) -> list[tuple[str, float]]:
        """(loop, level) of every load."""
        closed = [("closed", float(clients)) for clients in self.concurrency]
        return closed + [("open", float(rate)) for rate in self.rates]

    def order(self, number: int) -> list[str]:
        """The order of a round: each begins with another one, every other round backwards."""
        shift = number // 2 % len(self.names)
        turned = self.names[shift:] + self.names[:shift]
        return turned if number % 2 == 0 else turned[::-1]

    def load(self, loop: str, level: float, number: int) -> Load:
        """One load of one round: the same for every runtime."""
        count = max(self.requests, 4 * int(level)) if loop == "closed" else self.requests
        seed = f"{self.seed}/{loop}/{level:g}/{0 if self.same_prompts else number}"
        known = self.model if self.model in models.MODELS | models.SHAPES else ""
        texts = prompts.make(self.warmup + count, self.prompt_tokens, model=known, seed=seed)
        if self.same_prompts:
            texts = [texts[0]] * len(texts)
        return Load(
            texts,
            self.output_tokens,
            loop,
            level,
            self.warmup,
            self.seconds,
            f"{self.seed}/{number}",
        )

    def server_options(self, name: str) -> dict[str, Any]:
        """What a runtime is started with: what was asked for, and room for the largest load.

        llama.cpp computes as many requests at once as it has slots, and shares its context out
        among them; the others take requests as they come.
        """
        given = dict(self.options.get(name, {}))
        if name == "llamacpp":
            slots = max([*self.concurrency, OPEN_SLOTS if self.rates else 1])
            room = -(-(self.prompt_tokens + self.output_tokens + 16) // 256) * 256
            given = {"parallel": slots, "context": min(room, 4096)} | given
        return given


def folder() -> Path:
    """A new folder under build/bench for the files of a run."""
    made = paths.BUILD / "bench" / f"{datetime.now():%Y%m%d-%H%M%S}"
    made.mkdir(parents=True)
    return made


def run(plan: Plan, out: Path, *, say=print) -> None:
    """Measure everything that a plan asks for; files in `out` grow as it goes.

    An interruption (KeyboardInterrupt) leaves what was measured. Raises CourseError when a
    runtime cannot be had.
    """
    conditions: dict[str, Any] = {
        "begun": datetime.now().astimezone().isoformat(timespec="seconds"),
        "plan": asdict(plan),
        "machine": machine.describe().fields(),
        "ceiling": asdict(roofline.measure()),
        "client": {"httpx": httpx.__version__},
        "servers": {},
    }
    _save(out, conditions)
    for number in range(plan.rounds):
        for name in plan.order(number):
            say(f"round {number + 1} of {plan.rounds}: {name}", flush=True)
            with _served(plan, name) as runtime:
                conditions["servers"].setdefault(name, about(plan, name, runtime))
                _save(out, conditions)
                for loop, level in plan.levels:
                    _one(plan, runtime, (loop, level), number, out, say)


def _one(plan: Plan, runtime: Runtime, at: tuple[str, float], number: int, out: Path, say) -> None:
    loop, level = at
    target = target_of(plan, runtime)
    cost = load.run(target, plan.load(loop, level, number), out / REQUESTS, round=number)
    row = {"runtime": runtime.name, "round": number, "loop": loop, "level": level}
    with (out / COSTS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row | asdict(cost)) + "\n")
    unit = "clients" if loop == "closed" else "requests/s"
    say(f"  {level:g} {unit}: {cost.seconds:.1f} s", flush=True)


def target_of(plan: Plan, runtime: Runtime) -> Target:
    """What the load is put on."""
    fields = load.fixed_length(runtime.name, plan.output_tokens)
    return Target(
        runtime.name, runtime.base_url, runtime.model, runtime.api_key, fields, runtime.pid
    )


def _served(plan: Plan, name: str) -> Runtime:
    if name in plan.endpoints:
        url = probe.clean(plan.endpoints[name])
        key = os.environ.get("WORKBOOK_BENCH_KEY", NO_KEY)
        return Runtime(name, url, plan.model, name, "", "attached", api_key=key)
    options = plan.server_options(name)
    kind = runtimes.places.kind_of(name)
    attached = plan.place == "attached" or (plan.place == "auto" and os.environ.get(kind.variable))
    if attached or plan.place == "compose":  # they are set up where they run
        options = {key: value for key, value in options.items() if key == "artifact"}
    return runtimes.start(name, model=plan.model, place=plan.place, share=False, **options)


def about(plan: Plan, name: str, runtime: Runtime) -> dict[str, Any]:
    """What is known about a server: engine, version, artifact with hash, threads, options."""
    said = _health(runtime)
    found = {
        "engine": runtime.engine,
        "version": runtime.version,
        "place": runtime.place,
        "artifact": runtime.artifact,
        "options": plan.server_options(name) if runtime.place == "embedded" else {},
        "threads": said.get("threads"),
        "parallel": said.get("parallel"),
        "fixed length": load.fixed_length(name, plan.output_tokens),
    }
    return found | (_weights(plan, runtime) if runtime.folder else {})


def _health(runtime: Runtime) -> dict[str, Any]:
    try:
        return probe.fields(probe.get(f"{runtime.root_url}/health", key=runtime.api_key))
    except httpx.HTTPError:
        return {}


def _weights(plan: Plan, runtime: Runtime) -> dict[str, Any]:
    made = artifacts.load(runtime.folder)
    geometry = models.geometry(plan.model)
    read = roofline.bytes_read(runtime.folder, geometry)
    context = plan.prompt_tokens + plan.output_tokens // 2
    precision = "fp32" if runtime.artifact.startswith("onnx") else "fp16"
    return {
        "sha256": made.sha256 if made else models.fingerprint(runtime.folder),
        "bytes": made.bytes if made else read,
        "work": asdict(roofline.work(geometry, read, context=context, kv_precision=precision)),
    }


def _save(out: Path, conditions: Mapping[str, Any]) -> None:
    text = json.dumps(conditions, indent=2, default=str)
    (out / CONDITIONS).write_text(text + "\n", encoding="utf-8")
