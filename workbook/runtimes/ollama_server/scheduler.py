"""What is in memory, and for how long: Ollama's keep_alive.

One GGUF file is loaded once, whatever the number of models made from it (a second time for
embeddings, for which llama.cpp needs another setting). A request with another context length or
number of threads waits until nobody uses the loaded one, and has it loaded again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workbook.runtimes.ollama_server.llama import Llama, Setting
from workbook.runtimes.ollama_server.values import ApiError

log = logging.getLogger("ollama_server")

QUEUE = 512
"""Most requests at once; the next one is turned away with a 503, as by Ollama."""

BUSY = "server busy, please try again.  maximum pending requests exceeded"


@dataclass
class Loaded:
    """A model in memory. `name` is the one that was asked for last."""

    llama: Llama
    name: str
    keep_alive: timedelta
    expires_at: datetime
    users: int = 0


class Scheduler:
    """Loads what is asked for, and unloads it when its time is over."""

    def __init__(self, gguf: Path, keep_alive: timedelta):
        self.gguf, self.keep_alive = gguf, keep_alive
        self._loaded: dict[bool, Loaded] = {}  # by "for embeddings"
        self._changed = asyncio.Condition()
        self._pending = 0
        self._clock: asyncio.Task | None = None

    @contextlib.asynccontextmanager
    async def hold(
        self, name: str, setting: Setting, keep_alive: timedelta | None
    ) -> AsyncIterator[tuple[Llama, float]]:
        """The model in memory while the block runs, and the seconds that it took to get it.

        keep_alive: how long it stays afterwards; None leaves it as it is. Raises ApiError(503)
        when too many wait.
        """
        if self._pending >= QUEUE:
            raise ApiError(503, BUSY)
        self._pending += 1
        try:
            started = time.perf_counter()
            loaded = await self._take(name, setting, keep_alive)
            try:
                yield loaded.llama, time.perf_counter() - started
            finally:
                await asyncio.shield(self._release(loaded))
        finally:
            self._pending -= 1

    async def _take(self, name: str, setting: Setting, keep_alive: timedelta | None) -> Loaded:
        async with self._changed:
            while (found := self._loaded.get(setting.embedding)) and found.users:
                if found.llama.setting == setting:
                    break
                await self._changed.wait()
            if found and found.llama.setting != setting:
                await self._unload(setting.embedding)
                found = None
            if not found:
                llama = await asyncio.to_thread(Llama, self.gguf, setting)
                found = Loaded(llama, name, self.keep_alive, datetime.now(UTC))
                self._loaded[setting.embedding] = found
                log.info("loaded model=%s context=%d embedding=%s", name, setting.context,
                         setting.embedding)  # fmt: skip
            found.name = name
            found.users += 1
            if keep_alive is not None:
                found.keep_alive = keep_alive
            found.expires_at = _later(found.keep_alive)
            return found

    async def _release(self, loaded: Loaded) -> None:
        async with self._changed:
            loaded.users -= 1
            loaded.expires_at = _later(loaded.keep_alive)
            await self._expire()
            self._changed.notify_all()

    async def unload(self, name: str) -> None:
        """Unload a model once nobody uses it any more. Does nothing when it is not loaded."""
        async with self._changed:
            for loaded in self._loaded.values():
                if loaded.name == name:
                    loaded.keep_alive = timedelta(0)
                    loaded.expires_at = datetime.now(UTC)
            await self._expire()
            self._changed.notify_all()

    async def _expire(self) -> None:
        now = datetime.now(UTC)
        for embedding, loaded in list(self._loaded.items()):
            if not loaded.users and loaded.expires_at <= now:
                await self._unload(embedding)
        self._wind()

    async def _unload(self, embedding: bool) -> None:
        loaded = self._loaded.pop(embedding)
        await loaded.llama.close()
        log.info("unloaded model=%s", loaded.name)

    def _wind(self) -> None:
        """Wake up when the next model's time is over."""
        if self._clock:
            self._clock.cancel()
            self._clock = None
        idle = [loaded.expires_at for loaded in self._loaded.values() if not loaded.users]
        if idle:
            self._clock = asyncio.create_task(self._wake(min(idle)))

    async def _wake(self, moment: datetime) -> None:
        while (left := (moment - datetime.now(UTC)).total_seconds()) > 0:
            await asyncio.sleep(min(left, 3600))
        self._clock = None  # it must not cancel itself
        async with self._changed:
            await self._expire()

    def loaded(self) -> list[Loaded]:
        """What is in memory now, the one that stays longest first."""
        return sorted(self._loaded.values(), key=lambda m: m.expires_at, reverse=True)

    async def close(self) -> None:
        """Unload everything."""
        if self._clock:
            self._clock.cancel()
        for embedding in list(self._loaded):
            await self._unload(embedding)


def _later(keep_alive: timedelta) -> datetime:
    return datetime.now(UTC) + keep_alive
