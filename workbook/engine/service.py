"""The model behind the HTTP app: loaded in the background, asked from worker threads.

So many answers are computed at once as Limits says, first come first served. Who waits, and for how
long, is bounded there too.
"""

import asyncio
import contextlib
import logging
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio import to_thread

from workbook.engine.batch import TOGETHER
from workbook.engine.errors import ApiError
from workbook.engine.generation import LocalModel, Stop, Token
from workbook.engine.metrics import Metrics
from workbook.engine.stops import StopStrings
from workbook.engine.toolcalls import ToolCall

log = logging.getLogger("workbook.engine")

GONE, DEADLINE, SHUTDOWN = "client gone", "deadline", "shutdown"
"""Why an answer is stopped."""

LONGEST_WAIT = 60
"""Most seconds that Retry-After says."""


@dataclass(frozen=True)
class Limits:
    """What one server takes on.

    `queue`: requests that may wait while others are computed; `deadline`: seconds from a request's
    arrival to its last token, waiting included; `max_tokens`: most tokens that a request may ask
    for (None: what the context leaves); `body`: bytes of one request; `together`: answers that are
    computed at once.
    """

    queue: int = 64
    deadline: float = 600.0
    max_tokens: int | None = None
    body: int = 2 * 2**20
    together: int = TOGETHER


class Service:
    """Loads a model in a thread of its own, says how far it is, and answers.

    load: gives the loaded model; what it raises becomes the reason in /health.
    """

    def __init__(
        self,
        load: Callable[[], Any],
        limits: Limits | None = None,
        metrics: Metrics | None = None,
    ):
        self._load = load
        self._model: Any = None
        self.reason = ""
        self.limits = limits or Limits()
        self.metrics = metrics
        self.leaving = False
        self._together = _Lane(self.limits.together)
        self._alone = _Lane(1)
        self._open: set[Stop] = set()
        self._computed: set[Stop] = set()
        self._post: _Post | None = None
        self._pace = 1.0  # seconds that an answer takes, lately
        if metrics:
            metrics.watch(self)

    def start(self) -> None:
        """Begin to load. Returns at once."""
        threading.Thread(target=self._run, name="load-model", daemon=True).start()

    def _run(self) -> None:
        started = time.perf_counter()
        try:
            self._model = self._load()
        except Exception as error:
            log.exception("the model could not be loaded")
            self.reason = str(error) or type(error).__name__
            return
        seconds = time.perf_counter() - started
        if self.metrics:
            self.metrics.load_seconds.set(seconds)
        log.info("the model is loaded", extra={"seconds": round(seconds, 3)})

    @property
    def status(self) -> str:
        """loading, ok or failed."""
        return "ok" if self._model else "failed" if self.reason else "loading"

    @property
    def ready(self) -> bool:
        """Whether a request would be taken now, or soon."""
        return self.status == "ok" and not self.leaving

    @property
    def running(self) -> int:
        """Answers that are computed."""
        return len(self._computed)

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._open) - self.running

    @property
    def model(self) -> Any:
        """The loaded model. Raises ApiError 503 when there is none (yet)."""
        if self._model is None:
            message = (
                f"The model could not be loaded: {self.reason}"
                if self.reason
                else "The model is still loading: ask again when GET /health answers 200."
            )
            wait = None if self.reason else 2
            raise ApiError(503, message, code="model_not_ready", wait=wait)
        return self._model

    def admit(self) -> None:
        """Raises ApiError 429 when the queue is full, 503 when the server is about to end."""
        if self.leaving:
            raise ApiError(
                503,
                "This server is shutting down: send the request to another one, or again later.",
                code="shutting_down",
                wait=5,
            )
        # As many may wait as the queue holds, beside those that are computed.
        together = self.limits.together
        if len(self._open) >= self.limits.queue + together:
            wait = math.ceil(self._pace * (self.waiting + 1) / together)
            raise ApiError(
                429,
                f"{self.waiting} requests wait already, and the queue holds no more: "
                f"send the request again after the seconds in Retry-After.",
                code="queue_full",
                wait=max(1, min(LONGEST_WAIT, wait)),
            )

    def leave(self, grace: float) -> None:
        """Take no more requests; end those that are not answered after `grace` seconds."""
        self.leaving = True
        asyncio.get_running_loop().call_later(grace, self._end_all)

    def count_error(self, code: str) -> None:
        """Note an error that a client is told."""
        if self.metrics:
            self.metrics.errors.labels(code).inc()

    def _end_all(self) -> None:
        for stop in list(self._open):
            stop.set(SHUTDOWN)

    async def answer(
        self, job: Any, gone: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[str | ToolCall]:
        """Text pieces and tool calls of one answer, generated in a worker thread.

        job: has `run(model, stop)`, an iterator over these pieces, and `alone(model)`, whether such
        jobs are computed one at a time, beside the others; gone: returns when the client has
        gone. The generation stops when this iterator is closed, when the client has gone, at
        the deadline and when the server ends.

        Raises ApiError 429 (queue full), 503 (the server ends) and 504 (deadline).
        """
        self.admit()
        loop = asyncio.get_running_loop()
        stop, arrived = Stop(), time.perf_counter()
        pieces: asyncio.Queue[str | ToolCall | None] = asyncio.Queue()
        job.arrived = arrived

        post = self._post = self._post or _Post(loop)

        def work() -> None:
            for piece in job.run(self.model, stop):
                post.put(pieces, piece)

        self._open.add(stop)
        worker = asyncio.create_task(self._in_turn(work, stop, job))
        worker.add_done_callback(lambda _: self._end(stop, job, pieces))
        watcher = asyncio.create_task(_watch(gone, stop))
        timer = loop.call_later(self.limits.deadline, stop.set, DEADLINE)
        try:
            with stop.acting(lambda: loop.call_soon_threadsafe(self._let_go, stop, worker)):
                while (piece := await pieces.get()) is not None:
                    yield piece
            if not worker.cancelled():
                worker.result()  # raises what the generation raised
            if not job.finish_reason:
                _say_why(stop.reason, self.limits.deadline)
        finally:
            stop.set(GONE)
            timer.cancel()
            watcher.cancel()

    async def _in_turn(self, work: Callable[[], None], stop: Stop, job: Any) -> None:
        lane = self._alone if job.alone(self.model) else self._together
        async with lane.turn:
            if stop():
                return
            self._computed.add(stop)
            started = time.perf_counter()
            if self.metrics:
                self.metrics.queue_seconds.observe(started - job.arrived)
            try:
                await to_thread.run_sync(work, limiter=lane.threads)
            finally:
                self._computed.discard(stop)
                if stop() and self.metrics:
                    self.metrics.stop_seconds.observe(time.perf_counter() - stop.at)
                self._pace += 0.2 * (time.perf_counter() - started - self._pace)

    def _let_go(self, stop: Stop, worker: asyncio.Task) -> None:
        # Who waits leaves the queue at once; who computes is ended by its Stop.
        if stop not in self._computed:
            worker.cancel()

    def _end(self, stop: Stop, job: Any, pieces: asyncio.Queue) -> None:
        self._open.discard(stop)
        pieces.put_nowait(None)
        if self.metrics:
            self.metrics.ended(job, stop.reason if not job.finish_reason else "")


class _Lane:
    """Where jobs wait for their turn, first come, first served, and the threads that run them."""

    def __init__(self, width: int):
        self.turn = anyio.CapacityLimiter(width)
        self.threads = anyio.CapacityLimiter(width)


class _Post:
    """From worker threads to the event loop, which is woken once for all that is there."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop = loop
        self._letters: deque[tuple[asyncio.Queue, str | ToolCall]] = deque()
        self._called = False

    def put(self, queue: asyncio.Queue, piece: str | ToolCall) -> None:
        """Put a piece into a queue of the event loop; from any thread."""
        self._letters.append((queue, piece))
        if not self._called:
            self._called = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._called = False  # before the letters are taken: a later one calls again
        while self._letters:
            queue, piece = self._letters.popleft()
            queue.put_nowait(piece)


def _say_why(reason: str, deadline: float) -> None:
    if reason == DEADLINE:
        raise ApiError(
            504,
            f"The answer was not ready after {deadline:g} seconds, this server's limit: ask for "
            f"fewer tokens, or again when fewer requests wait.",
            code="deadline_exceeded",
        )
    if reason == SHUTDOWN:
        raise ApiError(
            503,
            "This server shut down before the answer was ready: send the request again.",
            code="shutting_down",
            wait=5,
        )


async def _watch(gone: Callable[[], Awaitable[None]], stop: Stop) -> None:
    await gone()
    stop.set(GONE)


@dataclass
class Job:
    """One request for an answer, and what is known about it afterwards.

    `seconds` is the time that generation took, without waiting for its turn; `arrived`, `first`
    and `last` are times (of time.perf_counter) of the request and of its first and last token;
    `scored` holds (where its text begins, token) of the tokens whose log-probabilities were asked
    for and that have not been sent; `bytes_of` gives the bytes of a token.
    """

    prompt: list[int]
    max_tokens: int
    min_tokens: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    tools: list[dict] | None = None
    guidance: tuple[str, str] | None = None
    stops: list[str] = field(default_factory=list)
    logprobs: int | None = None
    token_ids: list[int] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    scored: list[tuple[int, Token]] = field(default_factory=list)
    finish_reason: str = ""
    seconds: float = 0.0
    arrived: float = 0.0
    first: float = 0.0
    last: float = 0.0
    bytes_of: Callable[[int], bytes] = field(default=lambda token: b"", repr=False)

    def alone(self, model: LocalModel) -> bool:
        """Whether the model cannot compute it together with others."""
        return model.alone(len(self.prompt), self.max_tokens, self.guidance)

    def run(self, model: LocalModel, cancelled: Callable[[], bool]) -> Iterator[str | ToolCall]:
        """Generate: yields text pieces and tool calls, keeps token ids and finish reason."""
        started = time.perf_counter()
        self.bytes_of = model.token_bytes
        ends = StopStrings(self.stops)
        with contextlib.closing(self._tokens(model, cancelled)) as tokens:
            for part in model.parts(tokens, self.tools):
                if isinstance(part, ToolCall):
                    yield from filter(None, [ends.flush()])
                    self.calls.append(part)
                    yield part
                    continue
                yield from filter(None, [ends.feed(part)])
                if ends.found:
                    break
            yield from filter(None, [ends.flush()])
        self.seconds = time.perf_counter() - started
        if ends.found:
            self.finish_reason = "tool_calls" if self.calls else "stop"
        elif self.token_ids and not cancelled():
            self.finish_reason = model.finish_reason(self.token_ids[-1], self.calls)

    def _tokens(self, model: LocalModel, cancelled: Callable[[], bool]) -> Iterator[Token]:
        stream = model.stream(
            self.prompt,
            max_tokens=self.max_tokens,
            min_tokens=self.min_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            guidance=self.guidance,
            logprobs=self.logprobs,
            cancelled=cancelled,
        )
        place = 0
        for token in stream:
            self.last = time.perf_counter()
            self.first = self.first or self.last
            self.token_ids.append(token.id)
            if token.logprob is not None and token.id not in model.end_ids:
                self.scored.append((place, token))
            place += len(token.text)
            yield token

    def scores_before(self, place: int) -> list[Token]:
        """Take the tokens whose text begins before that character of the answer."""
        count = sum(begin < place for begin, _ in self.scored)
        taken, self.scored = self.scored[:count], self.scored[count:]
        return [token for _, token in taken]

    @property
    def usage(self) -> dict[str, int]:
        """Tokens that were read and generated, in OpenAI's words."""
        prompt, completion = len(self.prompt), len(self.token_ids)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
