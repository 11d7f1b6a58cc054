"""A load on an OpenAI-shaped chat endpoint: many streamed requests, each of which leaves a record.

Closed loop: so many clients, each with one request at a time. Open loop: requests at random times
of a given rate (a Poisson process), whether earlier ones are answered or not.

The load comes from a process of its own (this module is its program), so that neither a notebook
nor a plot shares its processor time and its garbage collector with it, and its own share can be
told. While an answer arrives it only notes times and bytes; they are read after its end.
"""

import asyncio
import contextlib
import gc
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

import httpx

from workbook.bench import machine, records
from workbook.bench.records import REFUSALS, Record
from workbook.bench.wire import Exchange, Far, Wire
from workbook.errors import CourseError
from workbook.runtimes.base import NO_KEY, is_local

LOOPS = ("closed", "open")

LENGTHS: dict[str, dict[str, Any]] = {
    "engine": {"min_tokens": "{n}"},
    "vllm": {"ignore_eos": True, "min_tokens": "{n}"},
    "llamacpp": {"ignore_eos": True},
}
"""What makes a runtime answer with exactly n tokens, beside max_tokens. Ollama's OpenAI endpoint
and Foundry Local's ChatSession have nothing of the kind: answers end where the model ends them."""


@dataclass(frozen=True)
class Target:
    """A server to ask. `url` ends in /v1; `fields` are added to every request; `pid` is the
    server's process where it is known."""

    name: str
    url: str
    model: str
    key: str = NO_KEY
    fields: dict[str, Any] = field(default_factory=dict)
    pid: int | None = None


@dataclass(frozen=True)
class Load:
    """What is asked, and how often.

    `level`: clients of a closed loop, requests a second of an open one. `prompts`: one a request,
    the first `warmup` of them for the warm-up (in a closed loop). `seconds`: most that one answer
    may take. `seed`: of the arrival times. `temperature` is always 0.
    """

    prompts: list[str]
    output_tokens: int
    loop: str = "closed"
    level: float = 1
    warmup: int = 0
    seconds: float = 300.0
    seed: str = "0"

    def __post_init__(self) -> None:
        clients = self.loop == "open" or self.level == int(self.level)
        if self.loop not in LOOPS or self.level <= 0 or not clients or self.output_tokens < 1:
            raise ValueError("a load is closed or open, with a level and a length above 0")
        if not 0 <= self.warmup < len(self.prompts):
            raise ValueError("a load needs more prompts than its warm-up takes")


@dataclass(frozen=True)
class Cost:
    """What the measured phase of a load took. All in seconds of processor time, over all cores,
    but `seconds` (of the clock) and `peak_bytes`. `server_cpu` and `peak_bytes` are None for a
    server whose process is not known; `others_cpu` is what other programs used."""

    seconds: float
    cores: int
    client_cpu: float
    server_cpu: float | None
    others_cpu: float | None
    peak_bytes: int | None
    server_threads: int | None

    @property
    def client_share(self) -> float:
        """The client's share of one core: near 1 it, not the server, is what limits."""
        return self.client_cpu / self.seconds

    @property
    def others_share(self) -> float | None:
        """The share of all cores that neither server nor client had."""
        return None if self.others_cpu is None else self.others_cpu / self.seconds / self.cores


def arrivals(count: int, rate: float, seed: str) -> list[float]:
    """Seconds at which `count` requests are due: gaps are exponential with the mean 1 / rate."""
    chance, due, found = random.Random(f"arrivals/{seed}"), 0.0, []
    for _ in range(count):
        due += chance.expovariate(rate)
        found.append(due)
    return found


def fixed_length(runtime: str, tokens: int) -> dict[str, Any]:
    """The fields that make a runtime's answers exactly `tokens` long; empty where it has none."""
    fields = LENGTHS.get(runtime, {})
    return {key: tokens if value == "{n}" else value for key, value in fields.items()}


# ---------------------------------------------------------------- one request


class Sender:
    """Sends requests to one server, while its block runs."""

    def __init__(self, target: Target, load: Load):
        self.target, self.load = target, load
        self.origin = time.perf_counter()
        self.interrupted = False
        headers = {"Authorization": f"Bearer {target.key}", "Accept-Encoding": "identity"}
        url = f"{target.url}/chat/completions"
        self._wire = Wire(url, headers) if is_local(url) else Far(url, headers)

    async def __aenter__(self) -> "Sender":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wire.close()

    def now(self) -> float:
        """Seconds since the phase began."""
        return time.perf_counter() - self.origin

    async def send(
        self, messages: str | list[dict], due: float | None = None, index: int = 0
    ) -> Record:
        """One request, whatever becomes of it. due: see Record; now when left out."""
        body = _body(self.target, self.load.output_tokens, messages)
        exchange, failed = Exchange(), {}
        sent = self.now()
        try:
            async with asyncio.timeout(self.load.seconds):
                await self._wire.post(body, exchange)
        except TimeoutError:
            failed = {"status": "timeout", "message": f"no end after {self.load.seconds:g} s"}
        except (httpx.HTTPError, OSError) as error:
            status = "error" if exchange.status is None else "broken"
            failed = {"status": status, "message": f"{type(error).__name__}: {error}"}
        except asyncio.CancelledError:  # whoever asked looks at `interrupted`
            self.interrupted = True
            failed = {"status": "interrupted", "message": "the run was interrupted"}
        end = self.now()
        found = _read(exchange.status, [(t - self.origin, piece) for t, piece in exchange.pieces])
        return Record(
            due=sent if due is None else due, sent=sent, end=end, http=exchange.status, index=index,
            **found | (failed if failed and found["status"] != "ok" else {}),
        )  # fmt: skip


def _body(target: Target, tokens: int, messages: str | list[dict]) -> bytes:
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    body = {
        "model": target.model,
        "messages": messages,
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return json.dumps(body | target.fields).encode()


def _read(http: int | None, pieces: list[tuple[float, bytes]]) -> dict[str, Any]:
    if http == 200:
        return records.answer(pieces)
    text = b"".join(piece for _, piece in pieces).decode("utf-8", "replace")
    status = "refused" if http in REFUSALS else "error"
    return {"status": status, "message": f"HTTP {http}: {text[:300]}"}


def ask(target: Target, messages: str | list[dict], *, tokens: int, seconds: float) -> Record:
    """One streamed answer, asked for from this process; also inside a notebook's event loop."""
    import concurrent.futures

    async def one() -> Record:
        async with Sender(target, Load([""], tokens, seconds=seconds)) as sender:
            return await sender.send(messages)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, one()).result()


# ---------------------------------------------------------------- a load


async def drive(target: Target, load: Load, keep: Callable[[Record], None]) -> Cost:
    """Run a load in this process. Every record is handed to `keep`, in the order of their ends.

    Raises asyncio.CancelledError after the requests in flight have left their records.
    """
    async with Sender(target, load) as sender:
        warm, measured = load.prompts[: load.warmup], load.prompts[load.warmup :]
        clients = int(load.level) if load.loop == "closed" else min(4, max(1, len(warm)))
        await _closed(sender, warm, clients, lambda r: keep(replace(r, warmup=True)))
        gc.collect()
        gc.freeze()  # what is there now is not looked at again: shorter pauses
        meter = Meter(target.pid)
        sender.origin = time.perf_counter()
        if load.loop == "closed":
            await _closed(sender, measured, clients, keep)
        else:
            due = arrivals(len(measured), load.level, load.seed)
            await _open(sender, measured, due, keep)
        return meter.read()


async def _closed(
    sender: Sender, prompts: list[str], clients: int, keep: Callable[[Record], None]
) -> None:
    queue: Iterator[tuple[int, str]] = iter(enumerate(prompts))

    async def client() -> None:
        for index, prompt in queue:
            keep(await sender.send(prompt, index=index))
            _go_on(sender)

    await _together([client() for _ in range(min(clients, len(prompts)))])


async def _open(
    sender: Sender, prompts: list[str], due: list[float], keep: Callable[[Record], None]
) -> None:
    async def one(index: int, prompt: str, moment: float) -> None:
        await asyncio.sleep(moment - sender.now())
        keep(await sender.send(prompt, due=moment, index=index))
        _go_on(sender)

    pairs = enumerate(zip(prompts, due, strict=True))
    await _together([one(index, prompt, moment) for index, (prompt, moment) in pairs])


def _go_on(sender: Sender) -> None:
    # `send` takes a cancellation to make its record; here it goes on its way.
    if sender.interrupted:
        raise asyncio.CancelledError


async def _together(tasks: list) -> None:
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)


class Meter:
    """Processor time from its making to `read`."""

    def __init__(self, pid: int | None):
        self._pid = pid
        self._begin = self._now()

    def _now(self) -> tuple[float, float, float | None, float]:
        server = machine.cpu_seconds(self._pid)
        return time.perf_counter(), time.process_time(), server, machine.busy_seconds()

    def read(self) -> Cost:
        """What was used since."""
        import psutil

        pairs = zip(self._now(), self._begin, strict=True)
        seconds, client, server, busy = (
            None if now is None or then is None else now - then for now, then in pairs
        )
        others = None if server is None else max(0.0, busy - client - server)
        return Cost(
            seconds=seconds,
            cores=psutil.cpu_count() or 1,
            client_cpu=client,
            server_cpu=server,
            others_cpu=others,
            peak_bytes=machine.peak_resident(self._pid),
            server_threads=machine.threads(self._pid),
        )


class Keeper:
    """Writes records as they come, with what they have in common."""

    def __init__(self, out: TextIO, **common: Any):
        self.out, self.common = out, common

    def __call__(self, record: Record) -> None:
        self.out.write(replace(record, **self.common).line() + "\n")
        self.out.flush()


# ---------------------------------------------------------------- the process


def run(target: Target, load: Load, file: Path, **common: Any) -> Cost:
    """Run a load from a process of its own; its records are added to `file` as they end.

    common: fields that every record gets (runtime, round). Raises CourseError when that process
    fails, and KeyboardInterrupt when it was interrupted; what was measured is in the file.
    """
    common = {"loop": load.loop, "level": load.level, "runtime": target.name} | common
    order = {"target": asdict(target), "load": asdict(load), "file": str(file), "common": common}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as problems:
        child = subprocess.Popen(
            [sys.executable, "-m", "workbook.bench.load"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=problems, text=True,
            encoding="utf-8",
        )  # fmt: skip
        try:
            # The pipe stays open: when this process dies, however, it closes and the load ends.
            with contextlib.suppress(BrokenPipeError):  # its message says why
                child.stdin.write(json.dumps(order) + "\n")
                child.stdin.flush()
            out = child.stdout.read()
            child.wait()
        except BaseException:
            child.terminate()  # it writes the records of what is in flight
            child.wait(10)
            raise
        finally:
            child.kill()
            child.wait()
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
            child.stdout.close()
        problems.seek(0)
        last = (problems.read().strip().splitlines() or ["no message"])[-1]
    if child.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if child.returncode:
        raise CourseError(f"The load on {target.name} could not be run ({last}).")
    return Cost(**json.loads(out))


INTERRUPTED = 130


async def _until_told(work: Coroutine[Any, Any, Cost]) -> Cost:
    """The work's result. Ctrl-C, SIGTERM and the end of standard input cancel it, once."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def stop(*_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: so has the work
            loop.call_soon_threadsafe(task.cancel)

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):  # without sys.stdin's lock, which the end wants
            pass
        stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=watch, daemon=True).start()
    return await task


def main() -> int:
    """Read an order from standard input, run it, print its cost as JSON."""
    order = json.loads(sys.stdin.readline())
    target, load = Target(**order["target"]), Load(**order["load"])
    with Path(order["file"]).open("a", encoding="utf-8") as out:
        keep = Keeper(out, **order["common"])
        try:
            cost = asyncio.run(_until_told(drive(target, load, keep)))
        except asyncio.CancelledError:
            return INTERRUPTED
    print(json.dumps(asdict(cost)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
