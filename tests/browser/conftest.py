"""What the tests in a browser share: JupyterLab as `course.py lab` serves it, and Chromium."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser_path() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = "no Chromium on the path: install it, for example with apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


@pytest.fixture(scope="module")
def browser(browser_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served():
    """A context manager: runs a command that serves JupyterLab, gives the address that it prints,
    and ends it."""
    return _served


@contextlib.contextmanager
def _served(command: list[str], **options) -> Iterator[str]:
    lab = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        **options,
    )
    try:
        lines = iter(lab.stdout.readline, "")
        found = next((re.search(r"http://127\.0\.0\.1:\S+", line) for line in lines
                      if "http://127.0.0.1" in line), None)  # fmt: skip
        assert found, f"{command} printed no address and ended with {lab.poll()}"
        yield found.group()
        lab.send_signal(signal.SIGINT)
        assert lab.wait(timeout=30) in (0, 130)
    finally:
        if lab.poll() is None:
            os.killpg(lab.pid, signal.SIGKILL)
            lab.wait()
