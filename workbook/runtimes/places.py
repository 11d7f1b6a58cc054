"""`start` and `serve`: from a name and a place to a server that answers."""

import contextlib
import importlib
import inspect
import os
import subprocess
import time
from collections.abc import Iterator

import httpx

from workbook import settings
from workbook.errors import CourseError
from workbook.runtimes import probe, process
from workbook.runtimes.base import Kind, Launch, Runtime

NAMES = ("engine",)
"""The runtimes; each is a module of this package with a KIND."""

TIMEOUT = 300.0
"""Seconds that a runtime may take to load its model."""


def kind_of(name: str) -> Kind:
    """The kind of runtime with that name. Raises CourseError when there is none."""
    if name not in NAMES:
        raise CourseError(f"There is no runtime {name!r}: choose one of {', '.join(NAMES)}.")
    return importlib.import_module(f"workbook.runtimes.{name}").KIND


def start(
    name: str,
    model: str = "pocket",
    place: str = "auto",
    *,
    url: str = "",
    timeout: float = TIMEOUT,
    **options,
) -> Runtime:
    """A runtime that serves `model`, ready to be asked.

    Use it in a `with` block, or call its `stop()`. A server started here also ends when this
    process does, however it ends.

    name: one of NAMES; place: `embedded` starts a process here, `attached` takes the server at
    `url` (or at WORKBOOK_<NAME>_URL), `auto` attaches when there is such an address and starts a
    process otherwise. timeout: seconds until the model must be loaded; options: what the
    runtime's `prepare` takes, for example artifact="onnx-int8".

    Raises CourseError when the runtime cannot be had, with the reason and the end of its log.
    """
    kind = kind_of(name)
    settings.check(settings.Choice(model, place))
    url = url or os.environ.get(kind.variable, "")
    if place == "compose":
        raise CourseError(_compose(kind))
    chosen, why = _choose(kind, place, url)
    print(f"{name}: place {chosen}, {why}", flush=True)
    if chosen == "attached":
        place_of = _attached(kind, model, probe.clean(url), timeout, options)
    else:
        place_of = _embedded(kind, model, timeout, options)
    with contextlib.ExitStack() as stack:
        runtime = stack.enter_context(place_of)
        runtime._ends.push(stack.pop_all())
    return runtime


def _choose(kind: Kind, place: str, url: str) -> tuple[str, str]:
    if place == "attached" and not url:
        raise CourseError(
            f"The place attached needs the address of a running {kind.name}: set {kind.variable}, "
            f"for example to http://127.0.0.1:{kind.port}, or use the place embedded."
        )
    if place != "auto":
        return place, "as asked for"
    if url:
        return "attached", f"because there is an address for it ({url})"
    return "embedded", f"because {kind.variable} is not set"


def _compose(kind: Kind) -> str:
    return (
        f"The course does not start containers itself: start this one with `docker compose "
        f"--profile convert run --build --rm convert && docker compose up --build -d --wait` in "
        f"the folder compose/{kind.name}, then use the place attached with "
        f"{kind.variable}=http://127.0.0.1:{kind.port}."
    )


# ---------------------------------------------------------------- embedded


@contextlib.contextmanager
def _embedded(kind: Kind, model: str, timeout: float, options: dict) -> Iterator[Runtime]:
    port = process.free_port()
    launch = _prepare(kind, model, port, options)
    url = f"http://127.0.0.1:{port}"
    log = process.new_log(f"{kind.name}-{model}")
    with process.running(launch, log) as child:
        process.wait_until_ready(kind, url, child, log, timeout)
        about = kind.describe(url)
        yield Runtime(
            name=kind.name,
            root_url=url,
            model=model,
            engine=about.get("engine", kind.name),
            version=about.get("version", ""),
            place="embedded",
            artifact=launch.artifact,
            folder=launch.folder,
            log_path=log,
            pid=child.pid,
        )


def _prepare(kind: Kind, model: str, port: int, options: dict) -> Launch:
    known = [
        parameter.name
        for parameter in inspect.signature(kind.prepare).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for option in options:
        if option not in known:
            raise CourseError(
                f"The runtime {kind.name} has no option {option!r}: it takes {', '.join(known)}."
            )
    return kind.prepare(model, port, **options)


# ---------------------------------------------------------------- attached


@contextlib.contextmanager
def _attached(kind: Kind, model: str, url: str, timeout: float, options: dict) -> Iterator[Runtime]:
    _wait_for_attached(kind, url, timeout)
    try:
        found, about = probe.served_models(url), kind.describe(url)
    except httpx.HTTPError as error:
        raise CourseError(_dead(kind, url, error)) from None
    if found is None:
        raise CourseError(_stranger(kind, url, "/v1/models"))
    if model not in found:
        raise CourseError(
            f"The server at {url} serves {', '.join(found) or 'no model'}, not {model}: start it "
            f"with {model}, or ask for what it serves."
        )
    artifact = about.get("artifact", "")
    asked = options.get("artifact", artifact)
    if asked != artifact:
        raise CourseError(
            f"The server at {url} serves the artifact {artifact or 'that it does not name'}, not "
            f"{asked}: start it with {asked}, or use the place embedded."
        )
    yield Runtime(
        name=kind.name,
        root_url=url,
        model=model,
        engine=about.get("engine", kind.name),
        version=about.get("version", ""),
        place="attached",
        artifact=artifact,
    )


def _wait_for_attached(kind: Kind, url: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            response = probe.get(f"{url}{kind.health}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CourseError(_dead(kind, url, error)) from None
        if response.status_code == 200:
            return
        health = probe.fields(response)
        if response.status_code != 503 or "status" not in health:
            raise CourseError(_stranger(kind, url, kind.health))
        if health["status"] != "loading":
            raise CourseError(
                f"The server at {url} could not load its model ({health.get('reason')}): look at "
                f"its log."
            )
        if time.monotonic() > deadline:
            raise CourseError(
                f"The server at {url} was still loading its model after {timeout:g} s: wait for "
                f"it, or look at its log."
            )
        time.sleep(0.2)


def _dead(kind: Kind, url: str, error: Exception) -> str:
    return (
        f"Nothing answers at {url} ({type(error).__name__}): start the server there, or put the "
        f"right address into {kind.variable}."
    )


def _stranger(kind: Kind, url: str, path: str) -> str:
    return (
        f"Something answers at {url}, but not as a runtime {kind.name} does (see {path}): check "
        f"the address in {kind.variable}."
    )


# ---------------------------------------------------------------- serve


def serve(
    name: str,
    model: str = "pocket",
    *,
    port: int | None = None,
    timeout: float = TIMEOUT,
    **options,
) -> None:
    """Serve in the foreground until Ctrl-C, with the server's output in this terminal.

    port: the runtime's usual one when left out, a free one for 0. Raises CourseError when
    it cannot start or ends by itself.
    """
    kind = kind_of(name)
    port = kind.port if port is None else port or process.free_port()
    host = options.get("host", "127.0.0.1")
    process.check_port(host, port)
    launch = _prepare(kind, model, port, options)
    url = f"http://{host}:{port}"
    child = subprocess.Popen(
        launch.command, stdin=subprocess.PIPE, env=os.environ | dict(launch.environment)
    )
    try:
        if _wait_in_foreground(kind, url, child, timeout):
            print(f"\n{name} serves {model} on {url} (Ctrl-C ends it). Try:\n", flush=True)
            print(kind.example.format(url=url, model=model), flush=True)
        status = child.wait()
    except KeyboardInterrupt:
        process.stop(child)
        print(f"\n{name}: ended.", flush=True)
        return
    finally:
        process.stop(child)
    if status:
        raise CourseError(f"The runtime {name} ended with status {status}: see its output above.")


def _wait_in_foreground(kind: Kind, url: str, child: subprocess.Popen, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while child.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if probe.get(f"{url}{kind.health}").status_code == 200:
                return True
        time.sleep(0.1)
    return False
