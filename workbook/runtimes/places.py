"""`start` and `serve`: from a name and a place to a server that answers."""

import contextlib
import importlib
import inspect
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from workbook import models, paths, settings
from workbook.errors import CourseError
from workbook.runtimes import probe, process, readiness, shared
from workbook.runtimes.base import NO_KEY, Kind, Runtime

NAMES = ("engine", "llamacpp", "vllm", "ollama", "foundry")
"""The runtimes; each is a module of this package with a KIND."""

COMPOSE = "WORKBOOK_COMPOSE"
"""The environment variable that makes `auto` take containers where they work."""


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
    timeout: float | None = None,
    share: bool = True,
    **options,
) -> Runtime:
    """A runtime that serves `model`, ready to be asked.

    Use it in a `with` block, or call its `stop()`. A server that this course started ends when
    nobody holds it any more: after `stop()`, and when the processes that hold it die, however.

    name: one of NAMES; place: `attached` takes the server at `url` (or at WORKBOOK_<NAME>_URL; it
    is sent WORKBOOK_<NAME>_KEY where that is set),
    `compose` brings up the containers of compose/<name>, `embedded` starts a process here; `auto`
    takes the first of them that is wanted and works (containers are wanted when WORKBOOK_COMPOSE
    is 1). timeout: seconds until the model must be loaded, the runtime's own number when left out;
    share: use the server that another notebook has started with the same options; options: what
    the runtime's `prepare` takes, for example artifact="onnx-int8".

    Raises CourseError when the runtime cannot be had, with the reason and the end of its log.
    """
    kind = kind_of(name)
    settings.check(settings.Choice(model, place))
    url = url or os.environ.get(kind.variable, "")
    timeout = kind.timeout if timeout is None else timeout
    _check_options(kind, options)
    chosen, why = _choose(kind, place, url)
    print(f"{name}: place {chosen}, {why}", flush=True)
    if chosen == "attached":
        place_of = _attached(kind, model, probe.clean(url), timeout, options)
    elif chosen == "compose":
        place_of = _compose(kind, model, timeout, share, options)
    else:
        place_of = _embedded(kind, model, timeout, share, options)
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
    if os.environ.get(COMPOSE) == "1" and not _no_containers(kind):
        return "compose", f"because {COMPOSE} is 1"
    reason = kind.missing()
    if not reason:
        return "embedded", f"because {kind.variable} is not set"
    if not _no_containers(kind):
        return "compose", f"because it cannot be a process here ({reason.rstrip('.')})"
    raise CourseError(reason)


def _no_containers(kind: Kind) -> str:
    """Why the place compose cannot be had, in one sentence; empty when it can."""
    if not (paths.COMPOSE / kind.name / "compose.yaml").exists():
        return (
            f"There is no compose file for {kind.name}: use the place embedded or attached, or "
            f"another runtime."
        )
    from workbook.runtimes import compose

    return compose.missing()


# ---------------------------------------------------------------- started here


@contextlib.contextmanager
def _embedded(
    kind: Kind, model: str, timeout: float, share: bool, options: dict
) -> Iterator[Runtime]:
    if reason := kind.missing():
        raise CourseError(reason)
    port = process.free_port()
    launch = kind.prepare(model, port, **options)
    order = {
        "name": kind.name,
        "place": "embedded",
        "url": f"http://127.0.0.1:{port}",
        "command": launch.command,
        "environment": dict(launch.environment),
        "log": str(process.new_log(f"{kind.name}-{model}")),
        "bytes": shared.size(launch.folder),
    }
    name = _shared_name(kind, model, share, "embedded", launch.folder, sorted(options.items()))
    with shared.hold(kind, name, order, timeout) as state:
        yield _runtime(kind, model, "embedded", state, launch.artifact, launch.folder)


@contextlib.contextmanager
def _compose(
    kind: Kind, model: str, timeout: float, share: bool, options: dict
) -> Iterator[Runtime]:
    if reason := _no_containers(kind):
        raise CourseError(reason)
    for option in options:
        if option != "artifact":
            raise CourseError(
                f"The place compose takes the option {option!r} from compose/{kind.name}/.env, not "
                f"from here: set it there, or use the place embedded."
            )
    from workbook.runtimes import compose

    artifact = options.get("artifact", "")
    order = {
        "name": kind.name,
        "place": "compose",
        "model": model,
        "artifact": artifact,
        "port": process.free_port(),
        "log": str(process.new_log(f"{kind.name}-{model}")),
        "bytes": models.geometry(model).weight_bytes("bf16"),
    }
    name = _shared_name(kind, model, share, "compose", artifact)
    with shared.hold(kind, name, order, max(timeout, compose.TIMEOUT)) as state:
        yield _runtime(kind, model, "compose", state, artifact)


def _shared_name(kind: Kind, model: str, share: bool, *what: object) -> str:
    alone = () if share else (os.getpid(), process.free_port())
    return f"{kind.name}-{model}-{shared.key(*what, *alone)}"


def _runtime(
    kind: Kind, model: str, place: str, state: dict, artifact: str, folder: Path | None = None
) -> Runtime:
    about = kind.describe(state["url"])
    return Runtime(
        name=kind.name,
        root_url=state["url"],
        model=model,
        engine=about.get("engine", kind.name),
        version=about.get("version", ""),
        place=place,
        artifact=about.get("artifact", "") or artifact,
        folder=folder,
        log_path=Path(state["log"]),
        pid=state.get("pid"),
        container=state.get("container", ""),
        make_native=kind.native,
    )


def _check_options(kind: Kind, options: dict) -> None:
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


# ---------------------------------------------------------------- attached


@contextlib.contextmanager
def _attached(kind: Kind, model: str, url: str, timeout: float, options: dict) -> Iterator[Runtime]:
    _wait_for_attached(kind, url, timeout)
    key = os.environ.get(kind.key_variable, "")
    try:
        found, about = probe.served_models(url, key), kind.describe(url)
    except httpx.HTTPError as error:
        raise CourseError(_dead(kind, url, error)) from None
    if found is None:
        raise CourseError(_stranger(kind, url, "/v1/models"))
    if model not in {name.removesuffix(":latest") for name in found}:
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
        api_key=key or NO_KEY,
        make_native=kind.native,
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
        # llama.cpp's own server says that it is loading in an error.
        status = health.get("status", "loading" if "error" in health else None)
        if response.status_code != 503 or status is None:
            raise CourseError(_stranger(kind, url, kind.health))
        if status != "loading":
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
    timeout: float | None = None,
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
    _check_options(kind, options)
    if reason := kind.missing():
        raise CourseError(reason)
    launch = kind.prepare(model, port, **options)
    url = f"http://{host}:{port}"
    child = subprocess.Popen(
        launch.command, stdin=subprocess.PIPE, env=os.environ | dict(launch.environment)
    )
    try:
        if _wait_in_foreground(kind, url, child, timeout or kind.timeout):
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
        if readiness.is_healthy(kind, url):
            return True
        time.sleep(0.1)
    return False
