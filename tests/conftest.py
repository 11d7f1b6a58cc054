"""What many tests need and is slow to make."""

import signal

import pytest

from workbook.convert import Artifact, convert


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    """pocket as onnx-int4, converted once (and kept in build/artifacts)."""
    return convert("pocket", "onnx-int4")


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start, also where they were started with it ignored (a job in
    the background of a shell)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
