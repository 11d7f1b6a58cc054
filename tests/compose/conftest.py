"""Containers for the tests of this folder."""

import os
from collections.abc import Iterator

import containers
import pytest


@pytest.fixture(scope="module")
def podman() -> Iterator[None]:
    """Podman with a storage of its own, chosen by the environment while a module's tests run.

    Without it the tests are skipped; in continuous integration they fail.
    """
    reason = containers.why_not()
    if reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"containers: {reason}")
    with containers.separate() as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.delenv("CONTAINER_HOST", raising=False)
        yield
