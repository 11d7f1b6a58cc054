"""Connections that wait for nobody: uvicorn itself lets a silent client stay for ever."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, h11

PATIENCE = 30.0
"""Seconds in which a client must send its whole request, and in which one that stops to read its
answer must read on."""


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP protocol that ends a connection whose client has stopped to send or to read.

    A half-open connection, a header that comes byte by byte, an answer that nobody takes: each
    would hold memory and a file descriptor for as long as the client likes.
    """

    patience = PATIENCE

    def __init__(self, *args: Any, **named: Any):
        super().__init__(*args, **named)
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait("request")

    def data_received(self, data: bytes) -> None:
        """Wait on, unless the request is whole."""
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._wait("request")
        else:
            self._arrived("request")

    def pause_writing(self) -> None:
        """The client does not read: begin to wait for it."""
        super().pause_writing()
        self._wait("reader")

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._arrived("reader")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for."""
        super().connection_lost(exc)
        for what in list(self._timers):
            self._arrived(what)

    def _wait(self, what: str) -> None:
        if what not in self._timers and not self.transport.is_closing():
            self._timers[what] = self.loop.call_later(self.patience, self.transport.abort)

    def _arrived(self, what: str) -> None:
        if timer := self._timers.pop(what, None):
            timer.cancel()
