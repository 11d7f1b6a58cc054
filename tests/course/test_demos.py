"""The live demonstrations of the lessons."""

import asyncio
import time
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from workbook import paths
from workbook.course import demos


@pytest.fixture
def app():
    app = FastAPI()

    @app.get("/health")
    async def health():
        return {"status": "ready"}

    @app.post("/blocking")
    async def blocking():
        time.sleep(0.6)

    @app.post("/waiting")
    async def waiting():
        await asyncio.sleep(0.6)

    return app


def test_an_app_is_served_for_a_moment(app):
    with demos.serving(app) as url:
        assert httpx.get(f"{url}/health").json() == {"status": "ready"}
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health")


def test_a_probe_waits_for_a_blocked_event_loop(app):
    with demos.serving(app) as url:
        assert demos.slowest_probe(url, "/blocking") > 0.3
        assert demos.slowest_probe(url, "/waiting") < demos.slowest_probe(url, "/blocking")


def test_the_tutorials_server_is_the_tutorials():
    module = demos.load_module(paths.NOTEBOOKS / "files" / "tutorial_server.py")
    assert {route.path for route in module.app.routes} >= {"/reasoning", "/health", "/"}
    assert module.engine.model is None


def test_a_refused_request_is_an_error(app):
    with demos.serving(app) as url, pytest.raises(httpx.HTTPStatusError):
        demos.slowest_probe(url, "/nowhere")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_app_that_does_not_start_is_an_error():
    @asynccontextmanager
    async def broken(_):
        raise RuntimeError("no model")
        yield

    with (
        pytest.raises(RuntimeError, match="did not start"),
        demos.serving(FastAPI(lifespan=broken)),
    ):
        pass
