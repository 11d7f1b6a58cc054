"""The model behind the HTTP app: loaded in the background, asked from worker threads."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from anyio import to_thread

from workbook.engine.errors import ApiError
from workbook.engine.generation import LocalModel
from workbook.engine.toolcalls import ToolCall

log = logging.getLogger("workbook.engine")

POLL = 0.1
"""Seconds between two looks at whether the client is still there."""


class Service:
    """Loads a model in a thread of its own and says how far it is.

    load: gives the loaded model; what it raises becomes the reason in /health.
    """

    def __init__(self, load: Callable[[], LocalModel]):
        self._load = load
        self._model: LocalModel | None = None
        self.reason = ""
        self._turn = anyio.CapacityLimiter(1)

    def start(self) -> None:
        """Begin to load. Returns at once."""
        threading.Thread(target=self._run, name="load-model", daemon=True).start()

    def _run(self) -> None:
        try:
            self._model = self._load()
        except Exception as error:
            log.exception("the model could not be loaded")
            self.reason = str(error) or type(error).__name__

    @property
    def status(self) -> str:
        """loading, ok or failed."""
        return "ok" if self._model else "failed" if self.reason else "loading"

    @property
    def model(self) -> LocalModel:
        """The loaded model. Raises ApiError 503 when there is none (yet)."""
        if self._model is None:
            message = (
                f"The model could not be loaded: {self.reason}"
                if self.reason
                else "The model is still loading: ask again when GET /health answers 200."
            )
            raise ApiError(503, message, code="model_not_ready")
        return self._model

    async def answer(
        self, job: "Job", disconnected: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str | ToolCall]:
        """Text pieces and tool calls of one answer, generated in a worker thread.

        Jobs take turns, first come first served. The generation stops when this iterator is
        closed or the client has gone.
        """
        stop = threading.Event()
        pieces: asyncio.Queue[str | ToolCall | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def work() -> None:
            for piece in job.run(self.model, stop.is_set):
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        worker = asyncio.create_task(to_thread.run_sync(work, limiter=self._turn))
        worker.add_done_callback(lambda _: pieces.put_nowait(None))
        watcher = asyncio.create_task(_watch(disconnected, stop))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await worker  # raises what the generation raised
        finally:
            stop.set()
            watcher.cancel()


async def _watch(disconnected: Callable[[], Awaitable[bool]], stop: threading.Event) -> None:
    while not await disconnected():
        await asyncio.sleep(POLL)
    stop.set()


@dataclass
class Job:
    """One request for an answer, and what is known about it afterwards.

    `seconds` is the time that generation took, without waiting for its turn.
    """

    prompt: list[int]
    max_tokens: int
    min_tokens: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    tools: list[dict] | None = None
    guidance: tuple[str, str] | None = None
    token_ids: list[int] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str = ""
    seconds: float = 0.0

    def run(self, model: LocalModel, cancelled: Callable[[], bool]):
        """Generate: yields text pieces and tool calls, keeps token ids and finish reason."""
        started = time.perf_counter()
        for part in model.parts(self._tokens(model, cancelled), self.tools):
            if isinstance(part, ToolCall):
                self.calls.append(part)
            yield part
        self.seconds = time.perf_counter() - started
        if self.token_ids:
            self.finish_reason = model.finish_reason(self.token_ids[-1], self.calls)

    def _tokens(self, model: LocalModel, cancelled: Callable[[], bool]):
        stream = model.stream(
            self.prompt,
            max_tokens=self.max_tokens,
            min_tokens=self.min_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            guidance=self.guidance,
            cancelled=cancelled,
        )
        for token in stream:
            self.token_ids.append(token.id)
            yield token

    @property
    def usage(self) -> dict[str, int]:
        """Tokens that were read and generated, in OpenAI's words."""
        prompt, completion = len(self.prompt), len(self.token_ids)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
