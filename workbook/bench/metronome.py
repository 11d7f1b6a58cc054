"""A server with known figures, to see whether a load generator measures what is there.

It computes nothing: it streams as many chunks as it is asked for, one token each, the first
after FIRST seconds and the others EVERY seconds apart, by the clock. So TTFT, TPOT and throughput
are known beforehand, on a busy machine too; whatever a client reports beyond them is its own.
"""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator

FIRST = 0.2
EVERY = 0.02
"""Seconds."""


@contextlib.contextmanager
def serving(*, first: float = FIRST, every: float = EVERY) -> Iterator[str]:
    """The server, in a thread of its own, while the block runs; gives its root address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await _one(reader, writer, first, every):
                pass
        writer.close()

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(answer, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: float, every: float
) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    begun = time.perf_counter()
    fields = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    length = next((int(value) for name, _, value in fields if name == b"content-length"), 0)
    body = json.loads(await reader.readexactly(length) or b"{}")
    if not head.startswith(b"POST"):
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        return True
    count = body.get("max_completion_tokens") or body.get("max_tokens") or 1
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for number in range(count):
        # To a moment, not for a while: what is late does not make everything after it late.
        await asyncio.sleep(begun + first + number * every - time.perf_counter())
        writer.write(_event({"choices": [_choice({"content": " tick"})]}))
        await writer.drain()
    writer.write(_event({"choices": [_choice({}, "length")]}))
    usage = {"prompt_tokens": 1, "completion_tokens": count, "total_tokens": count + 1}
    writer.write(_event({"choices": [], "usage": usage}) + _event("[DONE]") + b"0\r\n\r\n")
    await writer.drain()
    return True


def _choice(delta: dict, finish: str | None = None) -> dict:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _event(data: dict | str) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    event = f"data: {text}\n\n".encode()
    return f"{len(event):x}\r\n".encode() + event + b"\r\n"
