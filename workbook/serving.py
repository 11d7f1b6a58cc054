"""What every server of the course does: listen on a port, and end with its parent."""

import os
import socket
import sys
import time
from collections.abc import Callable

from workbook.errors import CourseError

GRACE = 3
"""Seconds that running requests get when a server is told to stop."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises CourseError when the address cannot be
    had."""
    try:
        listener = socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        raise CourseError(
            f"This server cannot listen on {host} port {port} ({error}): choose another --port, or "
            f"0 for a free one."
        ) from None
    # Otherwise the system holds a small piece of a stream back until the last is acknowledged
    # (40 ms); asyncio sees to that for sockets that it opened itself. Connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def exit_with_parent(server, last: Callable[[], None] = lambda: None) -> None:
    """Wait until standard input closes, then end a uvicorn server and this process.

    The parent holds the other end of the pipe and never writes: it closes when the parent dies.
    last: what is done before the process is ended by force, should the server not end.
    """
    while os.read(sys.stdin.fileno(), 1024):
        pass
    server.should_exit = True
    time.sleep(GRACE + 2)
    last()
    os._exit(0)
