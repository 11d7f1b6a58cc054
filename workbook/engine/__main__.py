"""`python -m workbook.engine --model pocket`: the SLM Engine on a port."""

import argparse
import contextlib
import socket
import sys
import threading
from pathlib import Path

from workbook.errors import CourseError
from workbook.serving import GRACE, exit_with_parent, listen


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m workbook.engine", description=__doc__)
    parser.add_argument("--model", default="pocket", help="model name (default: pocket)")
    parser.add_argument("--artifact", default="onnx-int4", help="default: onnx-int4")
    parser.add_argument("--folder", type=Path, help="a converted model; nothing is converted then")
    parser.add_argument("--host", default="127.0.0.1", help="address (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: 8080)")
    parser.add_argument("--threads", type=int, help="threads that compute (default: all cores)")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="exit when standard input closes"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; 2 when it cannot start."""
    args = options().parse_args(argv)
    try:
        # Imported here only: conversion is not in the engine's image, and not needed to serve.
        if args.folder is None:
            from workbook.convert import convert

            args.folder = convert(args.model, args.artifact).path
        with listen(args.host, args.port) as listener:
            serve(args, listener)
    except CourseError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 2
    return 0


def serve(args: argparse.Namespace, listener: socket.socket) -> None:
    """Run the server on a socket that listens already."""
    import uvicorn

    from workbook.engine.app import create_app

    app = create_app(args.folder, args.model, artifact=args.artifact, threads=args.threads)
    config = uvicorn.Config(app, log_level="info", timeout_graceful_shutdown=GRACE)
    server = uvicorn.Server(config)
    if args.exit_with_parent:
        threading.Thread(target=exit_with_parent, args=[server], daemon=True).start()
    port = listener.getsockname()[1]
    print(f"engine: {args.model} ({args.artifact}) on http://{args.host}:{port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is the way to end it
        server.run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
