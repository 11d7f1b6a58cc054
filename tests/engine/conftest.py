"""The real model, and the real server on a real port.

No test depends on what pocket answers: only on determinism and form.
"""

import contextlib
from collections.abc import Iterator

import pytest
from engine_doubles import ready, wait_for

from workbook.course.demos import serving
from workbook.engine import LocalModel
from workbook.engine.app import create_app


@pytest.fixture(scope="session")
def model(artifact) -> LocalModel:
    return LocalModel(artifact.path)


@pytest.fixture(scope="session")
def server(model, artifact) -> Iterator[str]:
    """The address of an engine that serves pocket."""
    app = create_app(artifact.path, "pocket", artifact="onnx-int4", load=lambda: model)
    with serving(app) as url:
        assert wait_for(lambda: ready(url))
        yield url


@pytest.fixture
def serve(artifact):
    """serve(model, **options of create_app) gives the address of an engine around that model."""
    with contextlib.ExitStack() as stack:

        def begin(model: LocalModel, **options) -> str:
            app = create_app(artifact.path, "pocket", load=lambda: model, **options)
            url = stack.enter_context(serving(app))
            assert wait_for(lambda: ready(url))
            return url

        yield begin
