"""`python -m workbook.runtimes.ollama_server --gguf FILE`: the stand-in on a port."""

import argparse
import contextlib
import logging
import socket
import sys
from datetime import timedelta
from pathlib import Path

from workbook import paths
from workbook.errors import CourseError
from workbook.runtimes.ollama_server import values
from workbook.runtimes.ollama_server.weights import Weights
from workbook.serving import add_address, listen, run


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m workbook.runtimes.ollama_server", description=__doc__
    )
    parser.add_argument("--gguf", type=Path, required=True, help="the weights")
    parser.add_argument("--model", default="pocket", help="the name of the model as it comes")
    parser.add_argument("--artifact", default="", help="what the file is, for /api/version")
    parser.add_argument("--store", type=Path, default=paths.BUILD / "ollama" / "stand-in",
                        help="folder for the models that are created")  # fmt: skip
    parser.add_argument("--context", type=int, default=4096, help="tokens (default: 4096)")
    parser.add_argument("--threads", type=int, default=0, help="threads that compute")
    parser.add_argument("--keep-alive", default="5m", help="as OLLAMA_KEEP_ALIVE (default: 5m)")
    add_address(parser, port=11434)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; 2 when it cannot start."""
    args = options().parse_args(argv)
    try:
        if not args.gguf.is_file():
            raise CourseError(f"There is no GGUF file {args.gguf}: convert the model first.")
        try:
            _ = Weights(args.gguf).fields
        except ValueError as error:
            raise CourseError(
                f"{args.gguf} cannot be served ({error}): convert it again."
            ) from None
        with listen(args.host, args.port) as listener:
            _serve(args, _keep_alive(args.keep_alive), listener)
    except CourseError as error:
        print(f"ollama stand-in: {error}", file=sys.stderr)
        return 2
    return 0


def _keep_alive(text: str) -> timedelta:
    with contextlib.suppress(ValueError):
        return values.duration(float(text))
    try:
        return values.duration(text)
    except values.ApiError as error:
        raise CourseError(f"--keep-alive is wrong ({error}): write 5m, 30s, 0 or -1.") from None


def _serve(args: argparse.Namespace, keep_alive: timedelta, listener: socket.socket) -> None:
    from workbook.runtimes.ollama_server.app import ENGINE, create_app
    from workbook.runtimes.ollama_server.service import Service

    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    service = Service(
        args.gguf, args.model, args.store,
        context=args.context, threads=args.threads, keep_alive=keep_alive,
    )  # fmt: skip
    app = create_app(service, artifact=args.artifact)
    run(app, listener, args, f"{ENGINE}: {args.model}", log_config=None, ws="none")


if __name__ == "__main__":
    sys.exit(main())
