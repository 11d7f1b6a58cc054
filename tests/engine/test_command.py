"""`python -m workbook.engine`, as a process."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from engine_doubles import ready, wait_for

from workbook.engine.__main__ import listen, main
from workbook.errors import CourseError

COMMAND = [sys.executable, "-m", "workbook.engine"]


@contextlib.contextmanager
def engine(*options: str) -> Iterator[tuple[subprocess.Popen, str, list[str]]]:
    """The process, its address and the lines it has written so far."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))
    reader.start()
    try:
        assert wait_for(lambda: any("http://" in line for line in lines), 30), lines
        url = re.search(r"http://\S+", "".join(lines)).group()
        assert wait_for(lambda: ready(url), 30), lines
        yield process, url, lines
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdin.close()
        process.stdout.close()


def test_it_converts_serves_and_ends_on_a_signal(artifact):
    with engine("--model", "pocket", "--artifact", "onnx-int4", "--threads", "1") as found:
        process, url, lines = found
        health = httpx.get(f"{url}/health").json()
        assert (health["model"], health["artifact"], health["threads"]) == (
            "pocket",
            "onnx-int4",
            1,
        )
        assert url.startswith("http://127.0.0.1:")
        secret = "My number is 5550199"
        body = {"prompt": secret, "max_length": 5}
        assert httpx.post(f"{url}/reasoning", json=body, timeout=60).status_code == 200
        assert httpx.post(f"{url}/reasoning", json={"prompt": [secret]}).status_code == 422
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert wait_for(lambda: any("Finished server process" in line for line in lines))
        assert "5550199" not in "".join(lines) and "Traceback" not in "".join(lines)


def test_serving_a_folder_needs_neither_torch_nor_the_converter(artifact):
    with engine("--folder", str(artifact.path)) as (process, url, _):
        assert httpx.get(f"{url}/health").status_code == 200
        loaded = {map_.path for map_ in psutil.Process(process.pid).memory_maps()}
        assert not [path for path in loaded if "/torch/" in path]
        assert [path for path in loaded if "onnxruntime_genai" in path]
    code = (
        "import sys, workbook.engine.app, workbook.engine.__main__\n"
        "print([m for m in ('torch', 'transformers', 'workbook.convert') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_ends_when_its_parents_pipe_closes(artifact):
    with engine("--folder", str(artifact.path), "--exit-with-parent") as (process, url, _):
        stuck = threading.Thread(target=_ask_for_much, args=[url])
        stuck.start()
        time.sleep(0.3)
        process.stdin.close()
        started = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - started < 8
        stuck.join()


def _ask_for_much(url: str) -> None:
    with contextlib.suppress(httpx.HTTPError):
        body = {"prompt": "Hi", "max_length": 4096, "temperature": 2}
        httpx.post(f"{url}/reasoning", json=body, timeout=60)


def test_without_the_option_a_closed_pipe_means_nothing(artifact):
    with engine("--folder", str(artifact.path)) as (process, url, _):
        process.stdin.close()
        time.sleep(0.5)
        assert process.poll() is None and ready(url)


def test_a_taken_port_is_one_sentence(artifact, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--folder", str(artifact.path), "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"port {port}" in said and said.count("\n") == 1


def test_a_port_that_cannot_be_is_one_sentence():
    with pytest.raises(CourseError, match="Choose another port"):
        listen("127.0.0.1", 70_000)


def test_an_unknown_model_is_one_sentence(capsys):
    assert main(["--model", "phi9"]) == 2
    assert "phi9" in capsys.readouterr().err
