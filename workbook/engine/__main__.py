"""`python -m workbook.engine --model pocket`: the SLM Engine on a port."""

import argparse
import socket
import sys
from pathlib import Path

from workbook.errors import CourseError
from workbook.serving import add_address, listen, run


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m workbook.engine", description=__doc__)
    parser.add_argument("--model", default="pocket", help="model name (default: pocket)")
    parser.add_argument("--artifact", default="onnx-int4", help="default: onnx-int4")
    parser.add_argument("--folder", type=Path, help="a converted model; nothing is converted then")
    parser.add_argument("--threads", type=int, help="threads that compute (default: all cores)")
    add_address(parser, port=8080)
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
    from workbook.engine.app import create_app

    app = create_app(args.folder, args.model, artifact=args.artifact, threads=args.threads)
    run(app, listener, args, f"engine: {args.model} ({args.artifact})")


if __name__ == "__main__":
    sys.exit(main())
