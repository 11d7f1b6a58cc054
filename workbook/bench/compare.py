"""Runtimes side by side: each started, asked the same questions one after the other, and stopped.

Formulas, for each streamed answer: first token = time of the first chunk with text minus the time
of sending; tokens/s = completion tokens, as the server counts them, / (end of the stream - time of
sending). The wait for the first token is part of both: a server that computes thousands of tokens a
second sends several at once, so that the time between two chunks says little. Requests do not
overlap.
"""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil

from workbook import evaluate, runtimes
from workbook.errors import CourseError
from workbook.evaluate import Question, Result
from workbook.runtimes import Runtime, places, probe
from workbook.runtimes.base import is_local

SHAPES: dict[str, dict | None] = {
    "GET /v1/models": None,
    "POST /v1/chat/completions": {"messages": [{"role": "user", "content": "Hi"}]},
    "POST /v1/completions": {"prompt": "Hi"},
    "POST /v1/embeddings": {"input": "Hi"},
    "POST /api/chat": {"messages": [{"role": "user", "content": "Hi"}], "stream": False},
    "GET /metrics": None,
}
"""Endpoints that a client may look for: OpenAI's, Ollama's, Prometheus'; with what is sent there
beside the model's name and a short limit."""

TIMEOUT = 600.0
"""Seconds that one answer may take."""


@dataclass(frozen=True)
class Measured:
    """One runtime, asked.

    `start_seconds`: from the call to a server that is ready, model and disk cache warm;
    `resident_bytes`: resident memory of the server and its children after the answers (pages that
    they share count twice); both are None for a server that was not started as a process here.
    `disk_bytes`: the artifact's folder, None where it is not on this machine. `first_tokens`
    (seconds) and `rates` (tokens/s): one a timed question. `statuses`: HTTP status by endpoint.
    """

    name: str
    engine: str
    version: str
    artifact: str
    start_seconds: float | None
    resident_bytes: int | None
    disk_bytes: int | None
    first_tokens: list[float]
    rates: list[float]
    results: list[Result]
    statuses: dict[str, int]

    @property
    def first_token_seconds(self) -> float:
        """The median over the timed questions."""
        return statistics.median(self.first_tokens)

    @property
    def tokens_per_second(self) -> float:
        """The median over the timed questions."""
        return statistics.median(self.rates)

    @property
    def right(self) -> int:
        """How many answers were right."""
        return sum(result.right for result in self.results)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share of right answers."""
        return evaluate.wilson(self.right, len(self.results))

    @property
    def shapes(self) -> list[str]:
        """The endpoints that answered with a success."""
        return [shape for shape, status in self.statuses.items() if status < 300]


def measure(
    name: str,
    questions: Sequence[Question],
    *,
    model: str = "pocket",
    place: str = "auto",
    artifact: str = "",
    timed: int = 7,
) -> Measured:
    """Start a runtime of its own, ask the questions, stop it.

    artifact: what to serve, the runtime's usual one when left out; a server that runs already is
    taken as it is. timed: how many of the questions without tools are also timed as streams, one
    of each family first, after one answer to warm up.

    Raises CourseError when the runtime cannot be had, and ValueError for no questions to time.
    """
    chosen = _spread([q for q in questions if not q.tools])[:timed]
    if not chosen:
        raise ValueError("there is no question without tools to time")
    with _started(name, model, place, artifact) as (runtime, seconds):
        stream(runtime, chosen[0])
        pairs = [stream(runtime, question) for question in chosen]
        results = evaluate.ask_all(questions, lambda q: ask(runtime, q), name)
        return Measured(
            name=name,
            engine=runtime.engine,
            version=runtime.version,
            artifact=runtime.artifact or "not named",
            start_seconds=seconds if runtime.pid else None,
            resident_bytes=resident(runtime.pid),
            disk_bytes=_disk(runtime),
            first_tokens=[first for first, _ in pairs],
            rates=[rate for _, rate in pairs],
            results=results,
            statuses={shape: status(runtime, shape) for shape in SHAPES},
        )


@contextmanager
def _started(name: str, model: str, place: str, artifact: str) -> Iterator[tuple[Runtime, float]]:
    given = place == "attached" or (
        place == "auto" and bool(os.environ.get(places.kind_of(name).variable))
    )
    options = {"artifact": artifact} if artifact and not given else {}

    def start() -> Runtime:
        return runtimes.start(name, model=model, place=place, share=False, **options)

    if not given:
        start().stop()  # the artifact is made and its files are read: the next start is a plain one
    before = time.perf_counter()
    with start() as runtime:
        yield runtime, time.perf_counter() - before


def stream(runtime: Runtime, question: Question) -> tuple[float, float]:
    """(seconds to the first token, tokens/s) of one greedy streamed answer.

    Raises CourseError when there is no text, or the server does not count its tokens.
    """
    first, tokens, started = 0.0, 0, time.perf_counter()
    chunks = runtime.client.chat.completions.create(
        model=runtime.model,
        messages=question.messages(),
        temperature=0,
        max_tokens=512,
        stream=True,
        stream_options={"include_usage": True},
        timeout=TIMEOUT,
    )
    for chunk in chunks:
        if chunk.choices and chunk.choices[0].delta.content and not first:
            first = time.perf_counter()
        if chunk.usage:
            tokens = chunk.usage.completion_tokens
    if not first or not tokens:
        raise CourseError(
            f"{runtime.name} streamed no text or no token count for question {question.id}: take "
            f"another question, or look at its log."
        )
    return first - started, tokens / (time.perf_counter() - started)


@dataclass(frozen=True)
class _Reply:
    text: str
    tool_calls: list


def ask(runtime: Runtime, question: Question) -> _Reply:
    """The greedy answer to a question, tools offered where it has some."""
    tools = [{"type": "function", "function": tool} for tool in question.tools]
    message = (
        runtime.client.chat.completions.create(
            model=runtime.model,
            messages=question.messages(),
            temperature=0,
            max_tokens=512,
            timeout=TIMEOUT,
            **({"tools": tools} if tools else {}),
        )
        .choices[0]
        .message
    )
    return _Reply(message.content or "", message.tool_calls or [])


def resident(pid: int | None) -> int | None:
    """Resident memory in bytes of a process and everything it started; None without a process."""
    if pid is None:
        return None
    process = psutil.Process(pid)
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:  # a child that ended meanwhile
            continue
    return total


def status(runtime: Runtime, shape: str) -> int:
    """The HTTP status with which an endpoint of SHAPES answers."""
    method, path = shape.split()
    body = SHAPES[shape]
    if body is None:
        return probe.get(f"{runtime.root_url}{path}", timeout=TIMEOUT).status_code
    limit = {"options": {"num_predict": 1}} if path.startswith("/api/") else {"max_tokens": 1}
    sent = {"model": runtime.model} | body | ({} if "embeddings" in path else limit)
    with httpx.Client(trust_env=not is_local(runtime.root_url), timeout=TIMEOUT) as client:
        return client.request(method, f"{runtime.root_url}{path}", json=sent).status_code


def _disk(runtime: Runtime) -> int | None:
    if runtime.folder is None:
        return None
    return sum(file.stat().st_size for file in runtime.folder.rglob("*") if file.is_file())


def _spread(questions: Sequence[Question]) -> list[Question]:
    """One of each family, then the next of each."""
    seen: dict[str, int] = {}
    ranks = []
    for question in questions:
        seen[question.family] = seen.get(question.family, 0) + 1
        ranks.append(seen[question.family])
    order = sorted(range(len(questions)), key=lambda index: (ranks[index], index))
    return [questions[index] for index in order]
