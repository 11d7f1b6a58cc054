"""What many tests need and is slow to make."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbook.convert import Artifact, convert


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    """pocket as onnx-int4, converted once (and kept in build/artifacts)."""
    return convert("pocket", "onnx-int4")


@pytest.fixture(scope="module")
def python_image(tmp_path_factory) -> Iterator[str]:
    """A container image with nothing but Debian's Python and the system's libraries that the
    course's environment needs."""
    python, library = "/usr/bin/python3.11", Path("/usr/lib/python3.11")
    if not shutil.which("podman") or os.geteuid() != 0 or not Path(python).exists():
        pytest.skip("needs podman, root and Debian's Python 3.11 to make an image")
    programs = [python, *library.rglob("*.so"), *Path(sys.base_prefix).rglob("lib-dynload/*.so")]
    programs += Path(sys.prefix).rglob("*.so*")
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True).stdout
    libraries = {word for word in said.split() if word.startswith(("/lib", "/usr/lib"))}
    made = tmp_path_factory.mktemp("image") / "image.tar"
    with tarfile.open(made, "w", dereference=True) as tar:
        tar.add(python, "usr/bin/python3")
        tar.add(library, str(library).lstrip("/"), filter=_no_tests)
        for name in sorted(name for name in libraries if not name.endswith(":")):
            tar.add(name, name.lstrip("/"))
    name = "localhost/workbook-sandbox-test:1"
    done = subprocess.run(["podman", "import", "--quiet", made, name], capture_output=True)
    if done.returncode:
        pytest.skip(f"podman does not work here: {done.stderr.decode()[-200:]}")
    yield name
    subprocess.run(["podman", "rmi", "--force", name], capture_output=True, check=True)


def _no_tests(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    skipped = ("test/", "__pycache__", "config-", "idlelib", "lib2to3")
    return None if any(part in entry.name for part in skipped) else entry


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start, also where they were started with it ignored (a job in
    the background of a shell)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
