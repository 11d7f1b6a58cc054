"""A lean HTTP/1.1 client for streams: it notes when bytes arrive, and does little else.

On a machine that client and server share, what the client computes for each chunk is taken from
the server, and a general client parses each chunk at length. Here a read costs little more than
the system's part of it. No redirects, no compression, no proxies. A server that is far away
is asked by httpx.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

IDLE = 2.0
"""Seconds after which an idle connection is not used again: servers close theirs after 5 or so,
perhaps while a request is on its way."""


@dataclass
class Exchange:
    """What came back: the HTTP status, and (time.perf_counter, bytes of the body) of each read.
    It fills while the answer arrives, so it holds a part of it when the rest never comes."""

    status: int | None = None
    pieces: list[tuple[float, bytes]] = field(default_factory=list)


class Wire:
    """Posts to one URL, over connections that are kept."""

    def __init__(self, url: str, headers: dict[str, str]):
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port or (443 if secure else 80)
        self._ssl = ssl.create_default_context() if secure else None
        fields = {"Host": parts.netloc, "Content-Type": "application/json"} | headers
        lines = [f"POST {parts.path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
        self._head = "\r\n".join(lines)
        self._idle: list[_Connection] = []

    async def post(self, body: bytes, exchange: Exchange) -> None:
        """Send a body, fill the exchange, return when the answer is whole.

        Raises OSError when there is no connection, or it ends before the answer does.
        """
        connection = await self._connection()
        head = f"{self._head}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        try:
            again = await connection.ask(head + body, exchange)
        except BaseException:
            connection.transport.abort()  # the server sees at once that nobody listens
            raise
        if again:
            self._idle.append(connection)
        else:
            connection.transport.close()

    async def _connection(self) -> "_Connection":
        if self._idle:
            await asyncio.sleep(0)  # a close that has arrived already is seen
        now = time.perf_counter()
        while self._idle:
            found = self._idle.pop()
            if not found.lost and now - found.used < IDLE:
                return found
            found.transport.close()
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(_Connection, self._host, self._port, ssl=self._ssl)
        return made

    async def close(self) -> None:
        """Close what is idle."""
        for connection in self._idle:
            connection.transport.close()
        self._idle.clear()


class Far:
    """The same for a server on another machine, by httpx: proxies and certificates are its."""

    def __init__(self, url: str, headers: dict[str, str]):
        limits = httpx.Limits(max_connections=None, keepalive_expiry=IDLE)
        self._url, self._headers = url, headers | {"Content-Type": "application/json"}
        self._client = httpx.AsyncClient(timeout=None, limits=limits)

    async def post(self, body: bytes, exchange: Exchange) -> None:
        """As Wire.post; raises httpx.HTTPError."""
        request = self._client.stream("POST", self._url, content=body, headers=self._headers)
        async with request as response:
            exchange.status = response.status_code
            async for piece in response.aiter_raw():
                exchange.pieces.append((time.perf_counter(), piece))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.lost, self.used = False, 0.0
        self._done: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport

    async def ask(self, request: bytes, exchange: Exchange) -> bool:
        """Send a request; gives whether the connection can be used again."""
        self._exchange, self._rest = exchange, b""
        self._chunked, self._left, self._keep = False, 0, True
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            return await self._done
        finally:
            self.used = time.perf_counter()

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if self._done is None or self._done.done():
            self.transport.abort()  # nothing was asked for
            return
        self._rest += data
        try:
            if self._exchange.status is None and not self._begun():
                return
            body, whole = self._unpacked()
        except (ValueError, IndexError):
            self._done.set_exception(ConnectionError("the server's answer is not HTTP"))
            return
        if body:
            self._exchange.pieces.append((now, body))
        if whole:
            self._done.set_result(self._keep)

    def _begun(self) -> bool:
        head, end, rest = self._rest.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *lines = head.split(b"\r\n")
        pairs = (line.partition(b":") for line in lines)
        fields = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
        self._exchange.status = int(first.split()[1])
        self._chunked = fields.get(b"transfer-encoding") == b"chunked"
        length = fields.get(b"content-length")
        # Neither: the body ends with the connection.
        self._left = -1 if self._chunked or length is None else int(length)
        framed = self._chunked or length is not None
        self._keep = framed and fields.get(b"connection") != b"close"
        self._rest = rest
        return True

    def _unpacked(self) -> tuple[bytes, bool]:
        """What of the body has arrived, and whether that is all of it."""
        if not self._chunked:
            body, self._rest = self._rest, b""
            if self._left >= 0:
                self._left -= len(body)
            return body, self._left == 0
        rest, at, parts = self._rest, 0, []
        while (end := rest.find(b"\r\n", at)) >= 0:
            size = int(rest[at:end].partition(b";")[0], 16)
            if size == 0:  # then come lines that nobody needs, and an empty one
                self._rest = rest[at:]
                return b"".join(parts), rest.find(b"\r\n\r\n", end) >= 0
            if len(rest) < end + 4 + size:
                break
            parts.append(rest[end + 2 : end + 2 + size])
            at = end + 4 + size
        self._rest = rest[at:]
        return b"".join(parts), False

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        if self._done is None or self._done.done():
            return
        if self._exchange.status is not None and not self._chunked and self._left < 0:
            self._done.set_result(False)
            return
        reason = f": {error}" if error else ""
        text = f"the server closed the connection before the end of its answer{reason}"
        self._done.set_exception(ConnectionResetError(text))
