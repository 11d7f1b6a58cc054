"""How the SLM Engine takes bad treatment, as figures: the program behind its promises.

    python -m workbook.bench.robustness           # short, for CI
    python -m workbook.bench.robustness --full    # 2,000 fuzzed requests, 10 minutes of overload

Every check starts an engine of its own, as a user would, treats it badly over HTTP, and gives
figures with what is wanted of them. The command ends with 1 when one of them is missed.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psutil

from workbook import paths
from workbook.convert import convert
from workbook.errors import CourseError
from workbook.tables import Table

MODEL = "pocket"
LATEST = paths.BUILD / "bench" / "robustness.json"
# One connection a request: what is left of an engine that was killed must not be used again.
ONCE = httpx.Limits(max_keepalive_connections=0)
HTTP = httpx.Client(timeout=120, verify=False, trust_env=False, limits=ONCE)
HELLO = [{"role": "user", "content": "A train travels 240 km in 3 hours."}]


@dataclass(frozen=True)
class Figure:
    """One figure: what was looked at, what was found, what is wanted, and whether it is so."""

    check: str
    what: str
    found: str
    wanted: str
    good: bool


# ---------------------------------------------------------------- an engine of one's own


class Engine:
    """`python -m workbook.engine` on pocket, with these options, until the `with` block ends."""

    def __init__(self, *options: str, port: int = 0):
        self._options, self._port = options, port
        self._folder = tempfile.TemporaryDirectory()
        self._log = Path(self._folder.name) / "engine.log"
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Engine":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Start it and wait until it is ready. Raises CourseError when it ends instead."""
        folder = convert(MODEL, "onnx-int4").path
        command = [sys.executable, "-m", "workbook.engine", "--folder", str(folder)]
        command += ["--port", str(self._port), "--exit-with-parent", *self._options]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )
        while not self._is_ready():
            if self.process.poll() is not None:
                raise CourseError(f"The engine ended at its start; its log:\n{self.log[-2000:]}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        found = re.search(r"http://\S+", self.log)
        self.url = found.group() if found else ""
        with contextlib.suppress(httpx.TransportError):
            return bool(found) and HTTP.get(f"{self.url}/readyz").status_code == 200
        return False

    def kill(self) -> None:
        """End it without a chance to say anything."""
        if self.process:
            self.process.kill()
            self.process.wait()
            if self.process.stdin:
                self.process.stdin.close()

    @property
    def log(self) -> str:
        """What it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def memory(self) -> int:
        """Resident bytes."""
        assert self.process
        return psutil.Process(self.process.pid).memory_info().rss

    def metrics(self) -> dict[str, float]:
        """What /metrics says: value by name and labels."""
        text = HTTP.get(f"{self.url}/metrics").text
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    @property
    def lives(self) -> bool:
        """Whether it answers, and the model too."""
        return HTTP.get(f"{self.url}/livez").status_code == 200 and (
            chat(self.url, max_tokens=1).status_code == 200
        )


def chat(url: str, **fields: Any) -> httpx.Response:
    """One chat completion."""
    body = {"model": MODEL, "messages": HELLO, "temperature": 0} | fields
    return HTTP.post(f"{url}/v1/chat/completions", json=body)


# ---------------------------------------------------------------- the checks


def fuzz(full: bool) -> Iterator[Figure]:
    """Schemathesis makes requests from the OpenAPI description, good ones and bad ones."""
    if find_spec("schemathesis") is None:
        raise CourseError(
            "The check `fuzz` needs schemathesis: pip install -r requirements-test.txt."
        )
    least, each = (2000, 900) if full else (40, 12)
    program = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,"
    checks += "response_schema_conformance,response_headers_conformance"
    with Engine("--max-tokens", "16") as engine, tempfile.TemporaryDirectory() as folder:
        description = _closed(HTTP.get(f"{engine.url}/openapi.json").json())
        (Path(folder) / "openapi.json").write_text(json.dumps(description), encoding="utf-8")
        command = [sys.executable, "-c", program, "run", "openapi.json", "--url", engine.url]
        command += ["--phases", "coverage,fuzzing" if full else "fuzzing", "--checks", checks]
        command += ["--max-examples", str(each), "--continue-on-failure", "--no-color"]
        command += ["--seed", "1", "--request-timeout", "60", "--generation-database", "none"]
        command += ["--no-shrink", "--suppress-health-check", "all", "--warnings", "off"]
        if full:
            command += ["--max-failures", "100"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        LATEST.parent.mkdir(parents=True, exist_ok=True)
        LATEST.with_name("schemathesis.txt").write_text(done.stdout, encoding="utf-8")
        asked = {k: v for k, v in engine.metrics().items() if k.startswith("slm_engine_requests_t")}
        count = int(sum(asked.values()))
        broken = int(sum(v for k, v in asked.items() if 'status="5' in k and "/readyz" not in k))
        told = re.search(r"[\d,]+ generated.*", done.stdout)
        said = told.group() if told else done.stdout[-300:]
        lives = engine.lives
    yield Figure("fuzz", "requests that reached it", f"{count}", f"{least} or more", count >= least)
    yield Figure("fuzz", "answers 5xx", f"{broken}", "0", broken == 0)
    yield Figure("fuzz", "schemathesis", said, "no failures", done.returncode == 0)
    yield Figure("fuzz", "alive afterwards", str(lives), "True", lives)


def _closed(description: dict) -> dict:
    """The description whose requests have no room for fields of any name: making those takes most
    of the time."""
    schemas, todo, seen = description["components"]["schemas"], [description["paths"]], set()
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo += node
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                todo.append(schemas[name])
            todo += [value for key, value in node.items() if key != "responses"]
    for name in seen:
        if "properties" in schemas[name]:
            schemas[name]["additionalProperties"] = False
    return description


def overload(full: bool) -> Iterator[Figure]:
    """Twice as many requests as it can answer, for a while."""
    length = 600.0 if full else 45.0
    # Two are computed together: the capacity is what two clients get.
    with Engine("--queue", "4", "--together", "2") as engine:
        capacity = _capacity(engine.url, 5.0)
        memory: list[int] = []
        statuses = asyncio.run(_flood(engine, 2 * capacity, length, memory))
        lives = engine.lives
    count = sum(statuses.values())
    rate = f"{count / length:.1f} a second for {length:.0f} s, capacity {capacity:.1f}"
    yield Figure("overload", "requests", f"{count} ({rate})", "twice the capacity", count > 0)
    others = {k: v for k, v in statuses.items() if k not in (200, 429)}
    found = ", ".join(f"{k}: {v}" for k, v in sorted(statuses.items(), key=str))
    both = {200, 429} <= set(statuses)
    yield Figure("overload", "statuses", found, "200 and 429 only", both and not others)
    # The first quarter fills caches and pools.
    quarter = len(memory) // 4
    early = statistics.median(memory[quarter : 2 * quarter])
    late = statistics.median(memory[-quarter:])
    growth = 100 * (late - early) / early
    megabytes = f"{early / 1e6:.1f} to {late / 1e6:.1f} MB"
    what = "memory, second to last quarter"
    yield Figure("overload", what, f"{growth:+.2f} % ({megabytes})", "below 2 %", growth < 2)
    yield Figure("overload", "alive afterwards", str(lives), "True", lives)


def _mixed(number: int) -> dict[str, Any]:
    """A request of a load, whole or streamed."""
    content = f"A train travels {100 + number % 300} km in {2 + number % 7} hours."
    messages = [{"role": "user", "content": content}]
    fields = {"model": MODEL, "messages": messages, "max_tokens": 16, "temperature": 0}
    return fields | {"stream": number % 2 == 0}


def _capacity(url: str, seconds: float) -> float:
    """Requests a second that two clients get answered when they ask without a pause."""

    def ask(offset: int) -> int:
        end, count = time.monotonic() + seconds, 0
        with httpx.Client(timeout=120, verify=False, trust_env=False) as client:
            while time.monotonic() < end:
                client.post(f"{url}/v1/chat/completions", json=_mixed(2 * count + offset))
                count += 1
        return count

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(ask, range(2))) / seconds


async def _flood(
    engine: Engine, rate: float, seconds: float, memory: list[int]
) -> Counter[int | str]:
    """Requests at that rate (a Poisson process); the statuses that came back."""
    statuses: Counter[int | str] = Counter()
    draw, tasks, start = random.Random(1), set(), time.monotonic()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=120, limits=limits, verify=False) as client:

        async def ask(number: int) -> None:
            try:
                address = f"{engine.url}/v1/chat/completions"
                answer = await client.post(address, json=_mixed(number))
                statuses[answer.status_code] += 1
                if answer.status_code == 429 and "Retry-After" not in answer.headers:
                    statuses["429 without Retry-After"] += 1
                if '"error"' in answer.text and answer.status_code == 200:
                    statuses["200 with an error"] += 1
            except httpx.HTTPError as error:
                statuses[type(error).__name__] += 1

        due, number, sample = start, 0, start
        while due < start + seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(ask(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if time.monotonic() >= sample:
                memory.append(engine.memory)
                sample += seconds / 120
            due, number = due + draw.expovariate(rate), number + 1
        await asyncio.gather(*tasks)
    return statuses


def killed(full: bool) -> Iterator[Figure]:
    """It is killed and started again while clients ask; every client asks again what was lost."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    clients, each = 4, 60 if full else 15
    lost: list[str] = []
    wrong: list[str] = []
    with Engine(port=port) as engine:
        right = [chat(engine.url, **_mixed(2 * n + 1)).json() for n in range(each)]
        url = engine.url
        texts = [answer["choices"][0]["message"]["content"] for answer in right]

        def ask(offset: int) -> int:
            for number in range(each):
                while True:
                    try:
                        answer = chat(url, **_mixed(2 * number + 1))
                    except httpx.ConnectError:  # nobody is there: this request was never taken
                        time.sleep(0.05)
                        continue
                    except httpx.TransportError as error:  # it was in flight
                        lost.append(repr(error))
                        time.sleep(0.2)  # the dying process may still listen, and take nothing
                        continue
                    if answer.status_code == 503:  # the model is still loading
                        time.sleep(0.05)
                        continue
                    break
                if answer.json()["choices"][0]["message"]["content"] != texts[number]:
                    wrong.append(texts[number])
            return each

        with ThreadPoolExecutor(clients) as pool:
            jobs = [pool.submit(ask, offset) for offset in range(clients)]
            time.sleep(1.5)
            assert engine.process
            engine.process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
            engine.kill()
            engine.start()
            answered = sum(job.result() for job in jobs)
    total = clients * each
    yield Figure("killed", "answered in the end", f"{answered} of {total}", f"{total}",
                 answered == total)  # fmt: skip
    yield Figure("killed", "lost", _counted(lost), f"at most the {clients} in flight",
                 len(lost) <= clients)  # fmt: skip
    yield Figure("killed", "other texts than before", f"{len(wrong)}", "0", not wrong)


def _counted(texts: list[str]) -> str:
    return ", ".join(f"{count} {text}" for text, count in Counter(texts).items()) or "0"


def bad_bodies(full: bool) -> Iterator[Figure]:
    """Bodies that are no text, much too large, or much too long for the model."""
    deep = b'{"model": "pocket", "messages": ' + b"[" * 100_000
    prompt = [{"role": "user", "content": "train " * 100_000}]
    long = json.dumps({"model": MODEL, "messages": prompt}).encode()
    half = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "\ud83d"}]})
    nested: dict = {"type": "object"}
    for _ in range(300):
        nested = {"type": "object", "properties": {"a": nested}}
    schema = {"type": "json_schema", "json_schema": {"schema": nested}}
    wide = json.dumps({"model": MODEL, "messages": HELLO, "response_format": schema,
                       "max_tokens": 4}).encode()  # fmt: skip
    bodies = {
        "malformed UTF-8": (b'{"model": "pocket", "messages": "\xff\xfe"}', {400}),
        "half a character": (half.encode(), {422}),
        "10 MB": (b'{"model": "' + b"x" * 10_000_000 + b'"}', {413}),
        "100,000 levels": (deep, {400, 422}),
        "a schema of 300 levels": (wide, {200, 400}),
        "a prompt of 100,000 tokens": (long, {400}),
    }
    with Engine() as engine:
        for what, (body, wanted) in bodies.items():
            slowest = _slowest_probe(
                engine.url, lambda body=body: _post(engine.url, body), found := []
            )
            status = found[0]
            good = status in wanted and engine.lives
            shown = f"{status}, /livez within {slowest * 1000:.0f} ms"
            yield Figure("bad_bodies", what, shown, " or ".join(map(str, sorted(wanted))), good)
        chunked = HTTP.post(
            f"{engine.url}/v1/chat/completions",
            content=iter([b"x" * 100_000] * 100),
            headers={"Content-Type": "application/json"},
        ).status_code
    yield Figure("bad_bodies", "10 MB in chunks", str(chunked), "413", chunked == 413)


def _post(url: str, body: bytes) -> int:
    headers = {"Content-Type": "application/json"}
    address = f"{url}/v1/chat/completions"
    return HTTP.post(address, content=body, headers=headers).status_code


def _slowest_probe(url: str, act: Callable[[], int], found: list[int]) -> float:
    """The longest time in seconds that /livez took while `act` ran; found gets act's result."""
    slowest = 0.0
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    with httpx.Client(timeout=60, verify=False, trust_env=False) as client:
        while thread.is_alive():
            started = time.perf_counter()
            client.get(f"{url}/livez")
            slowest = max(slowest, time.perf_counter() - started)
            time.sleep(0.01)
    return slowest


def silent_clients(full: bool) -> Iterator[Figure]:
    """Clients that stop to send, and clients that do not read what they asked for."""
    count, patience = (200, 5.0) if full else (50, 3.0)
    options = ("--patience", str(patience), "--keep-alive", "5", "--queue", str(count))
    with Engine(*options) as engine:
        assert engine.process
        process = psutil.Process(engine.process.pid)
        before = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
        host, _, port = engine.url.removeprefix("http://").partition(":")
        with contextlib.ExitStack() as stack:

            def connect() -> socket.socket:
                return stack.enter_context(socket.create_connection((host, int(port))))

            for _ in range(count):
                connect().sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-")
            for _ in range(count // 10):
                body = json.dumps(_mixed(0) | {"max_tokens": 300, "min_tokens": 300}).encode()
                head = (
                    f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
                )
                head += "\r\nContent-Type: application/json\r\n\r\n"
                reader = connect()
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                reader.sendall(head.encode() + body)  # and never reads
            status = chat(engine.url, max_tokens=4).status_code
            end = time.monotonic() + patience + 120
            # The readers' connections end, too, once their answers are made.
            while time.monotonic() < end:
                now = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
                if now <= before + 2 and not engine.metrics()["slm_engine_running"]:
                    break
                time.sleep(0.2)
            left = max(0, now - before - 2)
        lives = engine.lives
    yield Figure("silent_clients", f"an answer beside {count} half-open connections", str(status),
                 "200", status == 200)  # fmt: skip
    yield Figure("silent_clients", "connections left afterwards", str(left), "0", left == 0)
    yield Figure("silent_clients", "alive afterwards", str(lives), "True", lives)


def gone(full: bool) -> Iterator[Figure]:
    """Clients hang up; how long does the model go on computing for them?"""
    tries = 20 if full else 8
    long = [{"role": "user", "content": "A train travels 240 km in 3 hours. " * 200}]
    cases = {
        "while tokens come": (HELLO, {"max_tokens": 4000, "min_tokens": 4000}),
        "while the prompt is read": (long, {"max_tokens": 5}),
    }
    with Engine() as engine:
        for what, (messages, fields) in cases.items():
            before = engine.metrics()
            for _ in range(tries):
                _hang_up(engine, {"messages": messages} | fields)
            after = engine.metrics()
            name = "slm_engine_stop_seconds"
            keys = (f"{name}_count", f"{name}_sum", f'{name}_bucket{{le="0.1"}}')
            count, total, fast = (after[key] - before[key] for key in keys)
            shown = f"{fast:.0f} of {count:.0f}, mean {1000 * total / max(1, count):.0f} ms"
            yield Figure(
                "gone", f"{what}: free within 100 ms", shown, f"{tries}", count == fast == tries
            )


def _hang_up(engine: Engine, fields: dict[str, Any]) -> None:
    """Ask, hang up while it is computed, and wait until it is computed no more."""
    host, _, port = engine.url.removeprefix("http://").partition(":")
    body = json.dumps({"model": MODEL, "temperature": 0} | fields).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\n\r\n"
    with httpx.Client(timeout=60, verify=False, trust_env=False) as client:

        def running() -> bool:
            return "slm_engine_running 1.0" in client.get(f"{engine.url}/metrics").text

        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode() + body)
            while not running():
                time.sleep(0.002)
            time.sleep(0.05)
        while running():
            time.sleep(0.002)


def same(full: bool) -> Iterator[Figure]:
    """Many different requests at once give what each of them gives alone."""
    count, clients = 500, 32
    with Engine("--queue", "100") as engine:
        alone = [_ask(engine.url, number) for number in range(count)]
        before = engine.metrics()
        with ThreadPoolExecutor(clients) as pool:
            together = list(pool.map(lambda number: _ask(engine.url, number), range(count)))
        after = engine.metrics()
    differ = sum(one != other for one, other in zip(alone, together, strict=True))
    kinds = len(set(alone))
    what = f"of {count} answers to {clients} clients, other than alone"
    shown = f"{differ} ({kinds} different texts)"
    yield Figure("same", what, shown, "0", differ == 0 and kinds > 50)
    tokens, rounds = (
        after[name] - before[name]
        for name in ("slm_engine_batch_answers_sum", "slm_engine_batch_answers_count")
    )
    mean = tokens / rounds
    yield Figure("same", "answers computed together, mean", f"{mean:.1f}", "above 1.5", mean > 1.5)


AREA = {"name": "area", "parameters": {"type": "object", "required": ["radius"], "properties": {
    "radius": {"type": "integer", "minimum": 1, "maximum": 9}}}}  # fmt: skip
VERDICT = {"type": "object", "required": ["verdict"], "additionalProperties": False,
           "properties": {"verdict": {"enum": ["yes", "no"]}}}  # fmt: skip


def _ask(url: str, number: int) -> str:
    """The answer to the request of that number: of seven kinds, drawn and greedy."""
    draw = random.Random(number)
    content = f"A train travels {draw.randrange(100, 900)} km in {draw.randrange(2, 9)} hours."
    content = " ".join([content] * draw.choice([1, 1, 1, 4]))
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": content}],
        "max_tokens": draw.choice([4, 8, 16, 24]),
    }
    kind = number % 7
    if kind == 0:
        body |= {"temperature": 1.2, "top_p": 0.9, "seed": number}
    elif kind == 1:
        body |= {"stop": [" ", "="]}
    elif kind == 2:
        body |= {"tools": [{"type": "function", "function": AREA}], "tool_choice": "required",
                 "max_tokens": 64}  # fmt: skip
    elif kind == 3:
        body |= {"response_format": {"type": "json_schema", "json_schema": {"schema": VERDICT}}}
    elif kind == 4:
        body = {"prompt": content, "max_length": 12, "temperature": 0, "task_type": "math"}
        return HTTP.post(f"{url}/reasoning", json=body).json()["generated_text"]
    elif kind == 5:
        body = {"model": MODEL, "prompt": content, "max_tokens": 12, "temperature": 0}
        answer = HTTP.post(f"{url}/v1/completions", json=body).json()
        return answer["choices"][0]["text"]
    else:
        return _streamed(chat(url, **body, stream=True).text)
    message = chat(url, **body).json()["choices"][0]["message"]
    calls = [call["function"] for call in message.get("tool_calls", [])]
    return f"{message['content']} {json.dumps(calls)}"


def _streamed(events: str) -> str:
    lines = [line.removeprefix("data: ") for line in events.split("\n\n") if line]
    assert lines[-1] == "[DONE]", lines[-1]
    deltas = [json.loads(line)["choices"][0]["delta"] for line in lines[:-1]]
    return "".join(delta.get("content", "") for delta in deltas)


CHECKS: dict[str, Callable[[bool], Iterator[Figure]]] = {
    check.__name__: check
    for check in (bad_bodies, gone, silent_clients, killed, same, overload, fuzz)
}


# ---------------------------------------------------------------- the command


def run(names: list[str], full: bool) -> list[Figure]:
    """The figures of these checks, printed as they come."""
    figures: list[Figure] = []
    for name in names:
        print(f"{name}: {(CHECKS[name].__doc__ or '').strip()}", flush=True)
        started = time.monotonic()
        for figure in CHECKS[name](full):
            print(
                f"  {'ok  ' if figure.good else 'MISS'} {figure.what}: {figure.found}", flush=True
            )
            figures.append(figure)
        print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
    return figures


def main(argv: list[str] | None = None) -> int:
    """Run the checks, print and keep the table; 1 when a figure is missed, 2 without figures."""
    parser = argparse.ArgumentParser(
        prog="python -m workbook.bench.robustness", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--full", action="store_true", help="the long form")
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS),
                        metavar="CHECK", help=f"of {', '.join(CHECKS)}")  # fmt: skip
    args = parser.parse_args(argv)
    try:
        figures = run(args.only, args.full)
    except CourseError as error:
        print(f"robustness: {error}", file=sys.stderr)
        return 2
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps([asdict(f) for f in figures], indent=1), encoding="utf-8")
    rows = [{"check": f.check, "figure": f.what, "found": f.found, "wanted": f.wanted,
             "": "ok" if f.good else "missed"} for f in figures]  # fmt: skip
    print(Table(rows, "The SLM Engine under bad treatment"))
    return 0 if all(f.good for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
