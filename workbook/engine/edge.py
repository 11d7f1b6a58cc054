"""What every request passes on its way in and out: an id, a size limit, a key, a log line."""

import contextlib
import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbook.engine.errors import INTERNAL, ApiError, ReadError
from workbook.engine.keys import Keys
from workbook.engine.logs import REQUEST
from workbook.engine.metrics import Metrics

log = logging.getLogger("workbook.engine.requests")

SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
PROBES = ("/livez", "/readyz", "/health", "/metrics")
"""Asked every few seconds: they stand in the figures, and not in the log."""

KEYED = ("/v1/", "/reasoning")
"""Where a key is asked for, if the server has keys."""

DRAINED = 8
"""So many times the largest body is read and thrown away, so that a client that is still sending
gets to read the answer 413."""


class Edge:
    """ASGI middleware. `body`: most bytes of a request; `routes`: the paths that there are."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        keys: Keys | None,
        body: int,
        routes: Callable[[], set[str]],
    ):
        self._app = app
        self._metrics = metrics
        self._keys = keys
        self._body = body
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, started = Headers(scope=scope), time.perf_counter()
        asked = headers.get("x-request-id", "")
        name = asked if SANE_ID.fullmatch(asked) else uuid.uuid4().hex
        token = REQUEST.set(name)
        state = scope.setdefault("state", {})
        state["log"] = {}
        status = 499  # unless an answer begins

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = name
            await send(message)

        try:
            await self._within(scope, receive, answered, headers)
        except Exception:
            log.exception("a request failed")
            if status != 499:  # the answer has begun: uvicorn must cut it off
                raise
            error = ApiError(500, INTERNAL, code="internal_error")
            self._metrics.errors.labels(error.code).inc()
            await _send(answered, error)
        finally:
            path = scope["path"] if scope["path"] in self._routes() else "other"
            self._metrics.requests.labels(_method(scope), path, str(status)).inc()
            if path not in PROBES:
                seconds = round(time.perf_counter() - started, 4)
                line = {"method": _method(scope), "path": path, "status": status}
                log.info("request", extra=line | {"seconds": seconds} | state["log"])
            REQUEST.reset(token)

    async def _within(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        try:
            if self._keys and scope["path"].startswith(KEYED) and scope["method"] != "OPTIONS":
                client = self._keys.client(headers.get("authorization", ""))
                scope["state"]["log"]["client"] = client.name
                client.begin()
                scope["state"]["client"] = client
            length = headers.get("content-length", "")
            if length.isdecimal() and int(length) > self._body:
                await _drain(receive, min(int(length), DRAINED * self._body))
                raise ApiError(413, self._too_large(), code="body_too_large")
        except ApiError as error:
            self._metrics.errors.labels(error.code).inc()
            await _send(send, error)
            return
        await self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        """`receive` that counts: a body sent in chunks does not say its length."""
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._body:
                if message.get("more_body"):
                    await _drain(receive, DRAINED * self._body - read)
                raise ReadError(413, self._too_large(), "body_too_large")
            return message

        return limited

    def _too_large(self) -> str:
        return f"The body is larger than {self._body} bytes, this server's limit: send less."


def _method(scope: Scope) -> str:
    known = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
    return scope["method"] if scope["method"] in known else "other"


async def _drain(receive: Receive, most: int) -> None:
    while most > 0:
        message = await receive()
        most -= len(message.get("body", b""))
        if not message.get("more_body"):  # the end of the body, or of the connection
            return


async def _send(send: Send, error: ApiError) -> None:
    content = json.dumps(error.body).encode()
    headers = error.headers | {
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
    }
    raw: list[Any] = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    with contextlib.suppress(OSError):  # nobody is there any more
        await send({"type": "http.response.start", "status": error.status, "headers": raw})
        await send({"type": "http.response.body", "body": content})
