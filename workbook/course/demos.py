"""Small live demonstrations for lessons: an app that is served for a moment, a probe under load."""

import importlib.util
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import httpx
import uvicorn


def load_module(path: Path) -> ModuleType:
    """Import a Python file that is not part of a package, as it is."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def serving(app) -> Iterator[str]:
    """Serve an ASGI app on a free port of 127.0.0.1 while the block runs; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        if not server.started:
            raise RuntimeError("the app did not start: its start-up failed")
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def slowest_probe(url: str, busy_path: str, probe_path: str = "/health") -> float:
    """The longest time, in seconds, that a probe took while one POST to busy_path was answered.

    Probes follow each other until the POST is done. Raises httpx.HTTPError when a request fails.
    """
    slowest = 0.0
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(httpx.post, url + busy_path, timeout=300)
        while not busy.done():
            started = time.perf_counter()
            httpx.get(url + probe_path, timeout=300).raise_for_status()
            slowest = max(slowest, time.perf_counter() - started)
            time.sleep(0.02)
    busy.result().raise_for_status()
    return slowest
