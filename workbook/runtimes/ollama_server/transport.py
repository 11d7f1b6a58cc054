"""From a stream of events to an HTTP answer, and what happens when the client goes away."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from workbook.runtimes.ollama_server.values import ApiError

log = logging.getLogger("ollama_server")

T = TypeVar("T")
Events = AsyncIterator[dict[str, Any]]

GONE = Response(status_code=499)  # the client has left: nobody reads this
LOOK = 0.1
"""Seconds between two looks whether the client is still there."""


async def respond(
    request: Request,
    events: Events,
    *,
    stream: bool,
    whole: Callable[[list[dict[str, Any]]], dict[str, Any]],
) -> Response:
    """Events as NDJSON, or made into one object. The computation ends when the client leaves."""
    if not stream:
        found = await unless_gone(request, _all(events))
        return GONE if found is None else JSONResponse(whole(found))
    # What fails before the first event still gets an error status.
    first = await unless_gone(request, anext(events))
    if first is None:
        return GONE
    return StreamingResponse(ndjson(first, events), media_type="application/x-ndjson")


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives; None when the client left, and then the work is cancelled."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK)
            if not task.done() and await request.is_disconnected():
                return None
        return task.result()
    finally:
        task.cancel()


async def ndjson(first: dict[str, Any], rest: Events) -> AsyncIterator[str]:
    """One JSON object a line. A failure after the first line becomes the last line."""
    yield line(first)
    try:
        async for event in rest:
            yield line(event)
    except ApiError as error:
        yield line({"error": str(error)})
    except Exception:
        log.exception("a streamed answer failed")
        yield line({"error": "this server failed: see its log for the reason"})


def line(event: dict[str, Any]) -> str:
    """One line of NDJSON."""
    return json.dumps(event, ensure_ascii=False) + "\n"


async def _all(events: Events) -> list[dict[str, Any]]:
    return [event async for event in events]
