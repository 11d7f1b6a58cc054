"""What every server of the course does: listen on a port, and end with its parent."""

import argparse
import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from workbook.errors import CourseError

GRACE = 3
"""Seconds that running requests get when a server is told to stop."""


def add_address(parser: argparse.ArgumentParser, port: int) -> None:
    """The options that every server has: --host, --port and --exit-with-parent."""
    parser.add_argument("--host", default="127.0.0.1", help="address (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=port, help=f"0 takes a free one (default: {port})"
    )
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="exit when standard input closes"
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises CourseError when the address cannot be
    had."""
    try:
        listener = socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (")[0].rstrip(".")
        raise CourseError(
            f"This server cannot listen on {host} port {port}: {reason}. Choose another port."
        ) from None
    # Otherwise the system holds a small piece of a stream back until the last is acknowledged
    # (40 ms); asyncio sees to that for sockets that it opened itself. Connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def run(
    app: Any,
    listener: socket.socket,
    args: argparse.Namespace,
    said: str,
    *,
    leaving: Callable[[], None] = lambda: None,
    grace: float = GRACE,
    **config: Any,
) -> None:
    """Serve an ASGI application on a socket that listens already, until told to stop.

    args: as `add_address` makes them; said: what is served, for the line that names the address;
    leaving: is called on the event loop when the server is told to stop, `grace` seconds before
    what still runs is cut off; config: further settings of uvicorn.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            leaving()
            await super().shutdown(sockets)

    server = Server(uvicorn.Config(app, timeout_graceful_shutdown=grace, **config))
    if args.exit_with_parent:
        threading.Thread(target=exit_with_parent, args=[server], daemon=True).start()
    print(f"{said} on http://{args.host}:{listener.getsockname()[1]}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is the way to end it
        server.run(sockets=[listener])


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
