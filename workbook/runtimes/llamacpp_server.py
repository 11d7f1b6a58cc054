"""llama.cpp's own HTTP server on a GGUF file, with a doorkeeper in front.

python -m workbook.runtimes.llamacpp_server --gguf model.gguf --model pocket --port 8081

Two processes. The engine process runs llama.cpp's C++ server (from the package xllamacpp) on a
private port: chat template, tool calls, sampling and batching are llama.cpp's. This process
listens on the public port and passes requests and answers on, byte for byte. It adds what
llama.cpp's server leaves open: it tells that the model is loading, answers 404 to another model's
name (llama.cpp serves whatever name is asked for), refuses messages that hold control tokens
(llama.cpp would obey them), opens only the paths in PATHS, and ends with its parent.
"""

import argparse
import contextlib
import importlib.metadata
import json
import multiprocessing
import os
import secrets
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbook import serving
from workbook.errors import CourseError

PATHS = {
    "/v1/models": "GET",
    "/v1/chat/completions": "POST",
    "/v1/completions": "POST",
    "/v1/embeddings": "POST",
    "/completion": "POST",
    "/tokenize": "POST",
    "/detokenize": "POST",
    "/apply-template": "POST",
    "/props": "GET",
    "/metrics": "GET",
}
"""What is passed on to llama.cpp. Its other paths show or change the state of other requests."""

ROLES = ("system", "developer", "user", "assistant", "tool")

MARKS = ("<", "[")
"""Every control token of the usual models holds one of these."""

LARGEST = 10_000_000
"""Bytes that the body of a request may have."""

SMALL = 20_000_000
"""Bytes of weights under which a second thread costs more in waiting than it computes."""

KV_TYPES = ("f32", "f16", "bf16", "q8_0")


@dataclass(frozen=True)
class Settings:
    """How llama.cpp is started.

    `context` is the most tokens of prompt and answer together, of each of `parallel` requests that
    are computed at once: llama.cpp's own option counts all of them together. Above the model's
    original context (4096 for the Phi-3 family here) llama.cpp takes LongRoPE's long factors, for
    short prompts too. `kv_cache` is the type of the cached keys and values. `key` is what the
    engine process asks of whoever talks to its port.
    """

    gguf: Path
    model: str
    artifact: str
    context: int
    parallel: int
    threads: int
    kv_cache: str = "f16"
    embeddings: bool = False
    key: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)


class Refused(Exception):
    """A request that is not passed on: HTTP status, a sentence, the field that it is about."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str = ""):
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code or None

    def body(self) -> dict:
        """The error in OpenAI's shape."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {"message": str(self), "type": kind, "param": self.param, "code": self.code}
        return {"error": error}


def best_threads(gguf: Path) -> int:
    """How many threads to compute with: one for a very small model, else the physical cores that
    this process may use."""
    import psutil

    if gguf.stat().st_size < SMALL:
        return 1
    cores = psutil.cpu_count(logical=False) or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return max(1, min(cores, allowed))


def version() -> str:
    """llama.cpp's build and the package that brings it. The build is the last part of the
    package's version; the library itself says build 0."""
    package = importlib.metadata.version("xllamacpp")
    return f"b{package.rpartition('.')[2]} (xllamacpp {package})"


# ---------------------------------------------------------------- the engine's process


def run_engine(settings: Settings, pipe) -> None:
    """Serve until the other end of the pipe closes. Says ("ok", address) or ("failed", reason)."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the doorkeeper, which ends this
    import xllamacpp

    try:
        server = xllamacpp.Server(_parameters(xllamacpp, settings))
    except RuntimeError as error:
        pipe.send(("failed", f"{str(error).rstrip('.')}: llama.cpp's own message is above"))
        return
    pipe.send(("ok", server.listening_address))
    with contextlib.suppress(EOFError):
        pipe.recv()  # nothing is ever sent: this ends when the doorkeeper does
    os._exit(0)


def _parameters(xllamacpp, settings: Settings):
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(settings.gguf)
    parameters.model_alias = {settings.model}
    parameters.n_ctx = settings.context * settings.parallel
    parameters.n_parallel = settings.parallel
    parameters.cpuparams.n_threads = settings.threads
    parameters.cpuparams_batch.n_threads = settings.threads
    kv_cache = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{settings.kv_cache.upper()}")
    parameters.cache_type_k = parameters.cache_type_v = kv_cache
    parameters.api_keys = [settings.key]
    parameters.endpoint_metrics = True
    parameters.endpoint_slots = False
    parameters.embedding = settings.embeddings
    if settings.embeddings:  # a text's vector is the mean of its tokens'
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    parameters.ui = False
    # Its memory would grow with every prompt, up to 8 GiB by default.
    parameters.cache_ram_mib = 0
    # It tries smaller settings until the model fits a GPU: a second load, for nothing on a CPU.
    parameters.fit_params = False
    parameters.verbosity = 2  # warnings and errors
    return parameters


class Engine:
    """The engine's process, seen from the doorkeeper.

    `status` is loading, ok or failed; `address` is the private one, `reason` says what failed;
    `ended` is set when the process has ended by itself.
    """

    def __init__(self, settings: Settings):
        # A new interpreter, not a copy of this one: the same on every system.
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=run_engine, args=[settings, other], daemon=True)
        self._process.start()
        other.close()
        self.status, self.address, self.reason = "loading", "", ""
        self.ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        try:
            self.status, said = self._pipe.recv()
        except EOFError:
            self.status, said = "failed", "llama.cpp ended while it loaded the model"
        self.address, self.reason = (said, "") if self.status == "ok" else ("", said)
        self._process.join()
        if self.status == "ok":
            self.status, self.reason = "failed", "llama.cpp ended: its last message is in the log"
        self.ended.set()

    def stop(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(serving.GRACE)
        if self._process.is_alive():
            self._process.kill()


# ---------------------------------------------------------------- what is refused


def check(body: Any, model: str) -> dict[str, str]:
    """Raise Refused for a request that llama.cpp should not see.

    Gives what users and tools wrote, by field: the texts that must not hold control tokens.
    """
    if not isinstance(body, dict):
        raise Refused(400, "The body is not a JSON object: send one.")
    asked = body.get("model", model)
    if asked != model:
        message = f"There is no model {asked!r} here: this server serves {model!r}."
        raise Refused(404, message, param="model", code="model_not_found")
    if body.get("tools") is not None:
        _check_tools(body["tools"])
    return _typed(body["messages"]) if "messages" in body else {}


def _typed(messages: Any) -> dict[str, str]:
    if not isinstance(messages, list) or not messages:
        raise Refused(
            400, "The field messages is wrong: send a list with at least one.", param="messages"
        )
    texts = {}
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            text = f"The field {where} is wrong: it needs a role, one of {', '.join(ROLES)}."
            raise Refused(400, text, param=where)
        text = _text(message.get("content"), where)
        if message["role"] in ("user", "tool"):
            texts[f"{where}.content"] = text
    return texts


def _text(content: Any, where: str) -> str:
    # Content is text or a list of parts, which llama.cpp puts on lines of their own.
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    if not all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        text = f"The field {where}.content is wrong: this server reads parts of the type text only."
        raise Refused(400, text, param=f"{where}.content")
    return "\n".join(str(part.get("text")) for part in content)


def _check_tools(tools: Any) -> None:
    # llama.cpp refuses these too, but with status 500.
    if not isinstance(tools, list) or not all(map(_is_tool, tools)):
        text = (
            "The field tools is wrong: send a list of functions, each like "
            '{"type": "function", "function": {"name": "...", "parameters": {...}}}.'
        )
        raise Refused(400, text, param="tools")


def _is_tool(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    return (
        isinstance(function, dict)
        and tool.get("type") == "function"
        and isinstance(function.get("name"), str)
    )


# ---------------------------------------------------------------- the doorkeeper


def create_app(settings: Settings, engine: Engine):
    """The application that listens on the public port."""
    import httpx
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    headers = {"Authorization": f"Bearer {settings.key}"}
    # llama.cpp's server drops a kept connection now and then: a new one for each request.
    limits = httpx.Limits(max_keepalive_connections=0)
    client = httpx.AsyncClient(timeout=None, trust_env=False, headers=headers, limits=limits)

    async def health(_: Request) -> JSONResponse:
        if engine.status != "ok":
            failed = {"reason": engine.reason} if engine.status == "failed" else {}
            return JSONResponse({"status": engine.status, **failed}, 503)
        return JSONResponse(
            {
                "status": "ok",
                "model": settings.model,
                "artifact": settings.artifact,
                "engine": "llama.cpp",
                "version": version(),
                "context": settings.context,
                "parallel": settings.parallel,
                "threads": settings.threads,
            }
        )

    async def forward(request: Request) -> Response:
        if engine.status != "ok":
            reason = engine.reason or "the model is still loading"
            raise Refused(503, f"This server cannot answer: {reason}.", code="model_not_ready")
        content = await _content(request)
        if request.method == "POST":
            for where, text in check(_json(content), settings.model).items():
                await no_control_token(where, text)
        url = f"{engine.address}{request.url.path}"
        asked = client.build_request(
            request.method, url, params=request.query_params, content=content
        )
        answer = await client.send(asked, stream=True)
        return StreamingResponse(
            _pass_on(answer),
            answer.status_code,
            media_type=answer.headers.get("Content-Type"),
        )

    async def no_control_token(where: str, text: str) -> None:
        # llama.cpp reads a rendered prompt as a whole, so a control token that a user typed ends
        # his message and can open another one, a system message for example. Its text cannot be
        # passed on and kept harmless at the same time. llama.cpp itself knows its control tokens:
        # they are what it reads differently when it is told to look for them.
        if not any(mark in text for mark in MARKS):
            return
        obeyed, plain = [await tokens(text, special) for special in (True, False)]
        for one, other in zip(obeyed, plain, strict=False):
            if one != other:
                message = (
                    f"The field {where} holds {one['piece']}, a control token of the model, which "
                    f"llama.cpp would obey: write it differently."
                )
                raise Refused(400, message, param=where, code="control_token")

    async def tokens(text: str, special: bool) -> list[dict]:
        body = {"content": text, "parse_special": special, "with_pieces": True}
        answer = await client.post(f"{engine.address}/tokenize", json=body)
        return answer.raise_for_status().json()["tokens"]

    async def _pass_on(answer: httpx.Response):
        # Closing the connection, also when the client has gone, ends a streamed generation.
        # (One that is not streamed, llama.cpp computes to its end.)
        async with contextlib.aclosing(answer):
            async for piece in answer.aiter_raw():
                yield piece

    async def refused(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse(error.body(), error.status)

    async def no_path(request: Request, error: HTTPException) -> JSONResponse:
        known = ", ".join(["/health", *PATHS])
        message = f"There is no {request.method} {request.url.path} here: the paths are {known}."
        return JSONResponse(Refused(error.status_code, message).body(), error.status_code)

    async def lost(_: Request, error: httpx.HTTPError) -> JSONResponse:
        message = f"llama.cpp did not answer ({type(error).__name__}): see this server's log."
        return JSONResponse(Refused(502, message).body(), 502)

    @contextlib.asynccontextmanager
    async def lifespan(_):
        yield
        await client.aclose()

    routes = [Route(path, forward, methods=[method]) for path, method in PATHS.items()]
    return Starlette(
        routes=[Route("/health", health), *routes],
        exception_handlers={Refused: refused, HTTPException: no_path, httpx.HTTPError: lost},
        lifespan=lifespan,
    )


async def _content(request) -> bytes:
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST:
            raise Refused(413, f"The body is larger than {LARGEST} bytes: send less.")
    return content


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = str(error).split(":")[0]
        raise Refused(400, f"The body is not JSON ({reason}): send a JSON object.") from None


# ---------------------------------------------------------------- command line


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m workbook.runtimes.llamacpp_server")
    parser.add_argument("--gguf", type=Path, required=True, help="the model's file")
    parser.add_argument("--model", required=True, help="the name that clients ask for")
    parser.add_argument("--artifact", default="", help="what the file is, as /health says")
    parser.add_argument("--context", type=_natural, default=4096, help="tokens of each request")
    parser.add_argument("--parallel", type=_natural, default=1, help="requests computed at once")
    parser.add_argument("--threads", type=_natural, help="threads that compute (default: cores)")
    parser.add_argument("--kv-cache", choices=KV_TYPES, default="f16", help="default: f16")
    parser.add_argument("--embeddings", action="store_true", help="answer /v1/embeddings too")
    serving.add_address(parser, port=8081)
    return parser


def _natural(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; 2 when it cannot start."""
    args = options().parse_args(argv)
    if not args.gguf.is_file():
        print(f"llamacpp: there is no file {args.gguf}: convert the model.", file=sys.stderr)
        return 2
    try:
        listener = serving.listen(args.host, args.port)
    except CourseError as error:
        print(f"llamacpp: {error}", file=sys.stderr)
        return 2
    settings = Settings(
        gguf=args.gguf.resolve(),
        model=args.model,
        artifact=args.artifact,
        context=args.context,
        parallel=args.parallel,
        threads=args.threads or best_threads(args.gguf),
        kv_cache=args.kv_cache,
        embeddings=args.embeddings,
    )
    with listener:
        return serve(settings, listener, exit_with_parent=args.exit_with_parent)


def serve(settings: Settings, listener, *, exit_with_parent: bool) -> int:
    """Run the engine and the doorkeeper on a socket that listens already; 1 when the engine
    ended by itself."""
    engine = Engine(settings)  # first: it loads while the next lines import
    try:
        import uvicorn

        config = uvicorn.Config(
            create_app(settings, engine), log_level="info", timeout_graceful_shutdown=serving.GRACE
        )
        server = uvicorn.Server(config)
        threading.Thread(target=_exit_with_engine, args=[server, engine], daemon=True).start()
        if exit_with_parent:
            arguments = [server, engine.stop]
            threading.Thread(target=serving.exit_with_parent, args=arguments, daemon=True).start()
        host, port = listener.getsockname()[:2]
        print(f"llamacpp: {settings.model} ({settings.artifact}) on http://{host}:{port}")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is the way to end it
            server.run(sockets=[listener])
        return 1 if engine.ended.is_set() else 0
    finally:
        engine.stop()


def _exit_with_engine(server, engine: Engine) -> None:
    engine.ended.wait()
    print(f"llamacpp: {engine.reason}", file=sys.stderr, flush=True)
    server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
