"""`python -m workbook.engine --model pocket`: the SLM Engine on a port."""

import argparse
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from workbook.engine import keys, logs
from workbook.engine.connection import PATIENCE, PatientProtocol
from workbook.engine.service import Limits
from workbook.errors import CourseError
from workbook.serving import GRACE, add_address, listen, run

KEEP_ALIVE = 75.0
"""Seconds that an idle connection stays open. Longer than clients wait with the next request on it
(httpx: 5): who closes first must be the client, or now and then a request meets the closing."""

LAST_WORDS = 1.0
"""Seconds after the grace in which a stream that was ended can still say so."""


def options() -> argparse.ArgumentParser:
    """The command line."""
    limits = Limits()
    parser = argparse.ArgumentParser(prog="python -m workbook.engine", description=__doc__)
    parser.add_argument("--model", default="pocket", help="model name (default: pocket)")
    parser.add_argument("--artifact", default="onnx-int4", help="default: onnx-int4")
    parser.add_argument("--folder", type=Path, help="a converted model; nothing is converted then")
    parser.add_argument("--threads", type=int, help="threads that compute (default: all cores)")
    add_address(parser, port=8080)
    bounds = parser.add_argument_group("what it takes on")
    bounds.add_argument("--queue", type=at_least(0), default=limits.queue, metavar="N",
                        help="requests that may wait; the next gets 429 "
                             "(default: %(default)s)")  # fmt: skip
    bounds.add_argument("--together", type=at_least(1), default=limits.together, metavar="N",
                        help="answers that are computed at once; each takes a part of the KV cache "
                             "(default: %(default)s)")  # fmt: skip
    bounds.add_argument("--deadline", type=seconds, default=limits.deadline, metavar="S",
                        help="seconds for one request, waiting included; then it gets 504 "
                             "(default: %(default)g)")  # fmt: skip
    bounds.add_argument("--max-tokens", type=at_least(1), metavar="N",
                        help="most tokens a request may ask for (default: as many as the context "
                             "holds)")  # fmt: skip
    bounds.add_argument("--max-body", type=at_least(1), default=limits.body, metavar="BYTES",
                        help="largest request (default: %(default)s)")  # fmt: skip
    bounds.add_argument("--grace", type=seconds, default=GRACE, metavar="S",
                        help="seconds that running requests get when the server is told to stop "
                             "(default: %(default)g)")  # fmt: skip
    bounds.add_argument("--patience", type=seconds, default=PATIENCE, metavar="S",
                        help="seconds in which a client must send its request, and read on when "
                             "it stops to read its answer (default: %(default)g)")  # fmt: skip
    bounds.add_argument("--keep-alive", type=seconds, default=KEEP_ALIVE, metavar="S",
                        help="seconds that an idle connection stays open (default: "
                             "%(default)g)")  # fmt: skip
    who = parser.add_argument_group("who may ask")
    who.add_argument("--keys", type=Path, metavar="FILE", help="API keys, as workbook/engine/"
                     "keys.py describes; without it, everybody who reaches the port")  # fmt: skip
    who.add_argument("--make-key", metavar="NAME", help="print a new API key and its lines for "
                     "the file, and end")  # fmt: skip
    who.add_argument("--cors-origin", action="append", default=[], metavar="ORIGIN",
                     help="a website whose pages may ask, like https://example.org; may be given "
                          "again (default: none)")  # fmt: skip
    parser.add_argument("--log", choices=logs.FORMS, default="json",
                        help="form of the log (default: json)")  # fmt: skip
    return parser


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option: a whole number."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return int(text)

    return number


def seconds(text: str) -> float:
    """The type of an option: seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds")
    return value


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; 2 when it cannot start."""
    args = options().parse_args(argv)
    try:
        if args.make_key:
            print(keys.make(args.make_key), end="")
            return 0
        known = keys.read(args.keys) if args.keys else None
        # Imported here only: conversion is not in the engine's image, and not needed to serve.
        if args.folder is None:
            from workbook.convert import convert

            args.folder = convert(args.model, args.artifact).path
        with listen(args.host, args.port) as listener:
            serve(args, listener, known)
    except CourseError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 2
    return 0


def serve(args: argparse.Namespace, listener: socket.socket, known: keys.Keys | None) -> None:
    """Run the server on a socket that listens already."""
    from workbook.engine.app import create_app

    app = create_app(
        args.folder,
        args.model,
        artifact=args.artifact,
        threads=args.threads,
        limits=Limits(args.queue, args.deadline, args.max_tokens, args.max_body, args.together),
        keys=known,
        origins=args.cors_origin,
    )
    run(
        app,
        listener,
        args,
        f"engine: {args.model} ({args.artifact})",
        leaving=lambda: app.state.service.leave(args.grace),
        grace=args.grace + LAST_WORDS,
        http=type("Protocol", (PatientProtocol,), {"patience": args.patience}),
        timeout_keep_alive=args.keep_alive,
        access_log=False,
        log_config=logs.config(args.log),
    )


if __name__ == "__main__":
    sys.exit(main())
