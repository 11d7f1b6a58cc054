"""What the endpoints of both APIs stand on: models by name, prompts, answers."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from workbook.runtimes.ollama_server import generation, names, options, prompts
from workbook.runtimes.ollama_server.generation import Ask, Clock, Done, ToolCall
from workbook.runtimes.ollama_server.llama import EMBEDDING_BATCH, Llama, Setting
from workbook.runtimes.ollama_server.scheduler import Scheduler
from workbook.runtimes.ollama_server.store import Model, Store
from workbook.runtimes.ollama_server.values import ApiError
from workbook.runtimes.ollama_server.weights import Weights

ROLES = ("system", "user", "assistant", "tool")

Answer = AsyncIterator[str | ToolCall | Done]


class Service:
    """One GGUF file under the names of a store.

    base: the name of the model as it comes (it is created when it is not there); context and
    threads: what is used unless a model or a request says otherwise.
    """

    def __init__(
        self,
        gguf: Path,
        base: str,
        store: Path,
        *,
        context: int = options.DEFAULTS["num_ctx"],
        threads: int = 0,
        keep_alive: timedelta = timedelta(minutes=5),
    ):
        self.weights = Weights(gguf)
        self.store = Store(store)
        self.scheduler = Scheduler(gguf, keep_alive)
        self.base = self.name(base)
        self.defaults = options.DEFAULTS | {"num_ctx": context, "num_thread": threads}
        if self.store.get(self.base) is None:
            self.store.put(Model(str(self.base)))

    def name(self, text: str) -> names.Name:
        """A name. Raises ApiError(400) for what is none."""
        if not text:
            raise ApiError(400, "model is required")
        found = names.parse(text)
        if found is None:
            raise ApiError(400, "invalid model name")
        return found

    def model(self, text: str) -> Model:
        """The model of that name. Raises ApiError(404) when there is none."""
        found = self.store.get(self.name(text))
        if found is None:
            raise ApiError(404, f"model '{text}' not found")
        return found

    def options(self, model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
        """Defaults, then the model's parameters, then those of the request."""
        return self.defaults | model.parameters | options.known(given)

    def _setting(self, chosen: Mapping[str, Any], *, embedding: bool) -> Setting:
        trained = self.weights.of_shape("context_length", chosen["num_ctx"])
        context = max(4, min(chosen["num_ctx"], trained))
        batch = min(context, EMBEDDING_BATCH if embedding else max(1, chosen["num_batch"]))
        threads = min(max(0, chosen["num_thread"]), os.cpu_count() or 1)
        return Setting(context, threads, batch, embedding)

    @contextlib.asynccontextmanager
    async def hold(
        self,
        model: Model,
        chosen: Mapping[str, Any],
        keep_alive: timedelta | None,
        *,
        clock: Clock,
        embedding: bool = False,
    ) -> AsyncIterator[Llama]:
        """The model in memory while the block runs."""
        setting = await asyncio.to_thread(self._setting, chosen, embedding=embedding)
        async with self.scheduler.hold(model.name, setting, keep_alive) as (llama, seconds):
            clock.load = seconds
            yield llama

    def conversation(self, model: Model, messages: list[dict]) -> list[dict]:
        """The messages as the model gets them: its system message and first messages before."""
        first = [*model.messages, *messages]
        if model.system and messages and messages[0]["role"] != "system":
            first = [{"role": "system", "content": model.system}, *first]
        return _systems_in_front(first)

    async def prompt(
        self, llama: Llama, messages: list[dict], tools: list[dict], *, truncate: bool
    ) -> list[int]:
        """The token ids of a conversation. Raises ApiError(400) when it does not fit."""
        return await prompts.fitting(llama, messages, tools, truncate=truncate)

    async def answer(self, llama: Llama, ask: Ask, clock: Clock) -> Answer:
        """The parts of an answer; the last one is Done, with every time in it."""
        async with contextlib.aclosing(generation.answer(llama, ask)) as parts:
            async for part in parts:
                yield clock.stop(part) if isinstance(part, Done) else part


def _systems_in_front(messages: list[dict]) -> list[dict]:
    # The template reads one system message, and only at the beginning.
    systems = [m["content"] for m in messages if m["role"] == "system"]
    others = [m for m in messages if m["role"] != "system"]
    if not systems:
        return others
    return [{"role": "system", "content": "\n".join(systems)}, *others]
