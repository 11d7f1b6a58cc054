"""What the tests of this folder share."""

import os

import pytest

from workbook.evaluate import sandbox


@pytest.fixture
def box():
    """Skips where bubblewrap builds no sandbox; under CI that is a failure."""
    if reason := sandbox.missing("bwrap"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"bubblewrap: {reason}")
