"""What many tests need and is slow to make."""

import pytest

from workbook.convert import Artifact, convert


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    """pocket as onnx-int4, converted once (and kept in build/artifacts)."""
    return convert("pocket", "onnx-int4")
