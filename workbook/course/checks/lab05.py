"""Checks of lab 05: requests, readiness and a deadline, tested over HTTP without a port."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

from workbook.course.checks import Mistake, check, kind

Json = dict[str, Any]
PATIENCE = 3.0
"""Seconds until a check takes a thread for stuck; nothing right ever waits that long."""


class Source:
    """A plain source in place of a model: yields the pieces that it was given.

    calls: (prompt, max_tokens) of every call; given: how many pieces were taken; closed: whether
    the generator was ended. `each` is called before every piece.
    """

    def __init__(self, pieces: list[str], each: Callable[[], Any] = lambda: None):
        self.pieces, self.each = pieces, each
        self.calls: list[tuple[str, int]] = []
        self.given, self.closed = 0, False

    def __call__(self, prompt: str, max_tokens: int) -> Iterator[str]:
        """The pieces, max_tokens at most."""
        self.calls.append((prompt, max_tokens))
        return self._run(max_tokens)

    def _run(self, max_tokens: int) -> Iterator[str]:
        try:
            for piece in self.pieces[:max_tokens]:
                self.each()
                self.given += 1
                yield piece
        finally:
            self.closed = True


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now

    def tick(self) -> None:
        """A second passes."""
        self.now += 1


@contextlib.contextmanager
def _client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def _posted(app: FastAPI, path: str, body: Json) -> httpx.Response:
    with _client(app) as client:
        reply = client.post(path, json=body)
    if reply.status_code in (404, 405):
        raise Mistake(f"POST {path} gives {reply.status_code}: is the route there, and for POST?")
    return reply


def _json(call: str, reply: httpx.Response) -> Json:
    if reply.status_code != 200:
        raise Mistake(f"{call} gives {reply.status_code} ({reply.text[:120]}); 200 is right.")
    found = reply.json()
    if type(found) is not dict:
        raise Mistake(f"{call} gives {kind(found)}: give a JSON object (a dict).")
    return found


def _said(body: Json) -> str:
    shown = {
        key: f"{value[:10]} … ({len(value)} characters)" if len(str(value)) > 40 else value
        for key, value in body.items()
    }
    return str(shown)


# ---------------------------------------------------------------- exercise 1: requests


@check
def accepts(function: Callable, body: Json, max_tokens: int) -> None:
    """Check that POST /generate takes a body and hands it to the source. Raises Mistake."""
    app, source = FastAPI(), Source(["ok"])
    function(app, source)
    call = f"POST /generate {_said(body)}"
    _json(call, _posted(app, "/generate", body))
    if len(source.calls) != 1:
        raise Mistake(f"{call} called the source {len(source.calls)} times: once is right.")
    if source.calls[0] != (body["prompt"], max_tokens):
        raise Mistake(
            f"{call} called the source with {_said(dict(enumerate(source.calls[0])))}: its prompt "
            f"and max_tokens={max_tokens} are right."
        )


@check
def refuses_body(function: Callable, body: Json, why: str) -> None:
    """Check that POST /generate gives 422 and leaves the source alone. Raises Mistake."""
    app, source = FastAPI(), Source(["ok"])
    function(app, source)
    _refused(_posted(app, "/generate", body), f"POST /generate {_said(body)}", why)
    if source.calls:
        raise Mistake(f"{why}: the status is 422, but the source was called before that.")


def _refused(reply: httpx.Response, call: str, why: str) -> None:
    if reply.status_code != 422:
        raise Mistake(f"{call} gives {reply.status_code}, and 422 is right: {why}.")


@check
def generates(function: Callable, pieces: list[str], max_tokens: int, reason: str) -> None:
    """Check the answer of POST /generate. Raises Mistake."""
    app, source = FastAPI(), Source(pieces)
    function(app, source)
    call = f"POST /generate with the pieces {pieces} and max_tokens {max_tokens}"
    body = {"prompt": "Hello", "max_tokens": max_tokens}
    found = _json(call, _posted(app, "/generate", body))
    given = pieces[:max_tokens]
    right = {"text": "".join(given), "tokens": len(given), "finish_reason": reason}
    if found == right and [type(found[key]) for key in right] == [str, int, str]:
        return
    said = "Compare with the three fields."
    if set(found) != set(right):
        said = f"Its fields must be {', '.join(right)}."
    elif found["text"] != right["text"]:
        said = "Join the pieces as they are, with nothing between them."
    elif found["tokens"] != right["tokens"]:
        said = "tokens is the number of pieces, not of characters or words."
    elif found["finish_reason"] != reason:
        said = "It is length when there are as many pieces as max_tokens."
    raise Mistake(f"{call} gives {found} and {right} is right. {said}")


@check
def stays_awake(function: Callable) -> None:
    """Check that other requests are answered while the source computes. Raises Mistake."""
    began, done = threading.Event(), threading.Event()
    waited: list[bool] = []

    def compute() -> None:
        began.set()
        waited.append(done.wait(PATIENCE))

    app = FastAPI()

    @app.get("/other")
    async def other() -> str:
        return "here"

    function(app, Source(["ok"], each=compute))
    with _client(app) as client:
        asking = threading.Thread(
            target=client.post, args=("/generate",), kwargs={"json": {"prompt": "Hello"}}
        )
        asking.start()
        try:
            if not began.wait(PATIENCE):
                raise Mistake("POST /generate did not call the source.")
            client.get("/other")
        finally:
            done.set()
            asking.join()
    if waited != [True]:
        raise Mistake(
            "While the source computed, no other request was answered: the handler runs on the "
            "event loop. A plain `def` runs in a thread."
        )


# ---------------------------------------------------------------- exercise 2: readiness


def _state(app: FastAPI) -> tuple[Any, Any]:
    for name in ("status", "source"):
        if not hasattr(app.state, name):
            raise Mistake(f"app.state.{name} is not set when start_loading returns.")
    return app.state.status, app.state.source


def _wait(app: FastAPI, status: str) -> None:
    """Wait until the status is no longer `loading`, and compare it."""
    pause = threading.Event()
    for _ in range(int(PATIENCE * 100)):
        if app.state.status != "loading":
            break
        pause.wait(0.01)
    if app.state.status != status:
        raise Mistake(f"load() has ended, and app.state.status is {app.state.status!r}; "
                      f"{status!r} is right.")  # fmt: skip


@check
def loads(function: Callable) -> None:
    """Check start_loading() with a load() that takes its time. Raises Mistake."""
    app, go, began, source = FastAPI(), threading.Event(), threading.Event(), Source(["ok"])
    waited: list[bool] = []

    def load() -> Source:
        began.set()
        waited.append(go.wait(PATIENCE))
        return source

    try:
        function(app, load)
        if waited:
            raise Mistake(
                "start_loading returned only when load() had ended: call load inside the thread."
            )
        status, early = _state(app)
        if status != "loading" or early is not None:
            raise Mistake(
                f"While load() runs, status is {status!r} and source is {early!r}; 'loading' and "
                "None are right."
            )
        if not began.wait(PATIENCE):
            raise Mistake("load() was never called: was the thread started?")
    finally:
        go.set()
    _wait(app, "ready")
    if app.state.source is not source:
        raise Mistake("app.state.source is not what load() gave.")


@check
def load_fails(function: Callable, error: type[Exception] = OSError) -> None:
    """Check start_loading() with a load() that raises. Raises Mistake."""
    app = FastAPI()

    def load() -> Source:
        raise error("the file is not there")

    hook, threading.excepthook = threading.excepthook, lambda _: None
    try:
        function(app, load)
        _wait(app, "failed")
    except error:
        raise Mistake("load() raised an exception, and start_loading let it through.") from None
    finally:
        threading.excepthook = hook
    if app.state.source is not None:
        raise Mistake("Loading failed, and app.state.source is not None.")


@check
def source_first(function: Callable) -> None:
    """Check that the source is there when the status becomes ready. Raises Mistake."""
    app, early = FastAPI(), []

    class State(type(app.state)):  # type: ignore[misc]
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "status" and value == "ready":
                early.append(getattr(self, "source", None) is None)
            super().__setattr__(name, value)

    app.state = State()
    function(app, lambda: Source(["ok"]))
    _wait(app, "ready")
    if early != [False]:
        raise Mistake("The status became ready before the source was there: set the source first.")


@check
def probe(function: Callable, path: str, status: str, code: int, word: str) -> None:
    """Check a probe while app.state.status is `status`. Raises Mistake."""
    app = FastAPI()
    app.state.status, app.state.source = status, None
    function(app)
    _check_probe(app, path, code, word)


def _check_probe(app: FastAPI, path: str, code: int, word: str) -> None:
    with _client(app) as client:
        reply = client.get(path)
    call = f"GET {path} while the status is {app.state.status!r}"
    if reply.status_code != code:
        said = "Who sends requests reads the number only." if code == 503 else ""
        said = (
            "It says that the process lives, whatever the model does." if word == "alive" else said
        )
        raise Mistake(f"{call} gives {reply.status_code}, and {code} is right. {said}")
    try:
        found = reply.json()
    except ValueError:
        found = reply.text
    if found != {"status": word}:
        raise Mistake(f"{call} gives {found!r}, and {{'status': {word!r}}} is right.")


@check
def becomes_ready(function: Callable) -> None:
    """Check that /ready reads the status at each request. Raises Mistake."""
    app = FastAPI()
    app.state.status, app.state.source = "loading", None
    function(app)
    _check_probe(app, "/ready", 503, "loading")
    app.state.status = "ready"
    _check_probe(app, "/ready", 200, "ready")


# ---------------------------------------------------------------- exercise 3: a deadline


@check
def until(
    function: Callable, pieces: list[str], seconds: int, taken: list[str], reason: str
) -> None:
    """Check until() with a clock that goes on by a second with each piece. Raises Mistake."""
    clock = Clock()
    source = Source(pieces, each=clock.tick)
    generator = source("Hello", 512)
    next_call = f"until({pieces} with a second each, {seconds} seconds)"
    try:
        found = function(generator, clock() + seconds, clock)
        closed = generator.gi_frame is None
    finally:
        generator.close()
    if type(found) is not tuple or len(found) != 2:
        raise Mistake(
            f"{next_call} gave {kind(found)}: give two things, the pieces and the reason."
        )
    if type(found[0]) is not list:
        raise Mistake(f"{next_call} gave {kind(found[0])} for the pieces: give a list.")
    if found != (taken, reason):
        said = "Look at the clock before each piece."
        if len(found[0]) > len(taken):
            said = "That is more than there was time for: is it the clock that was given?"
        elif "" in taken and "" not in found[0]:
            said = "An empty piece is not the end."
        elif found[0] == taken:
            said = "The pieces are right; was it the deadline that ended them?"
        raise Mistake(f"{next_call} gave {found} and {(taken, reason)} is right. {said}")
    if source.given > len(taken):
        raise Mistake(
            f"{next_call} took {source.given} pieces from the generator and gave {len(taken)}: "
            "look at the clock before the next piece is computed."
        )
    if reason == "deadline" and not closed:
        raise Mistake(f"{next_call} left the generator open: pieces.close() stops the model.")


def _answer_app(function: Callable, pieces: list[str]) -> tuple[FastAPI, Source, Clock]:
    """An application with POST /answer, ready, and its source and clock."""
    app, clock = FastAPI(), Clock()
    source = Source(pieces, each=clock.tick)
    app.state.status, app.state.source = "loading", None
    function(app, clock)
    app.state.status, app.state.source = "ready", source
    return app, source, clock


@check
def answers(function: Callable, pieces: list[str], seconds: int, expected: Json) -> None:
    """Check the answer of POST /answer. Raises Mistake."""
    app, _, _ = _answer_app(function, pieces)
    call = f"POST /answer with the pieces {pieces}, a second each, and {seconds} seconds"
    found = _json(call, _posted(app, "/answer", {"prompt": "Hello", "seconds": seconds}))
    if found != expected:
        raise Mistake(f"{call} gives {found} and {expected} is right.")


@check
def not_ready(function: Callable, status: str) -> None:
    """Check that POST /answer gives 503 and Retry-After. Raises Mistake."""
    app, source, _ = _answer_app(function, ["ok"])
    app.state.status = status
    reply = _posted(app, "/answer", {"prompt": "Hello"})
    call = f"POST /answer while the status is {status!r}"
    if reply.status_code != 503:
        raise Mistake(f"{call} gives {reply.status_code}, and 503 is right.")
    if reply.headers.get("retry-after") != "1":
        raise Mistake(f"{call} has the header Retry-After {reply.headers.get('retry-after')}; 1 is "
                      "right, so that the client comes again.")  # fmt: skip
    if source.calls:
        raise Mistake(f"{call} called the source.")


@check
def too_late(function: Callable) -> None:
    """Check that POST /answer gives 504 when no piece came in time. Raises Mistake."""
    app, source, clock = _answer_app(function, ["late"])
    app.state.source = lambda *arguments: (clock.tick(), source(*arguments))[1]
    reply = _posted(app, "/answer", {"prompt": "Hello", "seconds": 1})
    if reply.status_code != 504:
        raise Mistake(
            f"POST /answer gives {reply.status_code} when the deadline comes before the first "
            "piece, and 504 is right. The deadline counts from the request."
        )


@check
def refuses_answer(function: Callable, body: Json, why: str) -> None:
    """Check that POST /answer gives 422 and leaves the source alone. Raises Mistake."""
    app, source, _ = _answer_app(function, ["ok"])
    _refused(_posted(app, "/answer", body), f"POST /answer {_said(body)}", why)
    if source.calls:
        raise Mistake(f"{why}: the status is 422, but the source was called before that.")
