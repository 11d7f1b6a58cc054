"""What several tests of the bench need."""

import threading
from collections.abc import Iterator

import pytest
from bench_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A small real HTTP server, which behaves as the path says."""
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=[0.05])
    thread.start()
    try:
        yield made
    finally:
        made.release.set()
        made.shutdown()
        thread.join()
        made.server_close()
