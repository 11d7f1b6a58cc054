"""Starting runtimes, attaching to them, and never leaving one behind."""

import contextlib
import gc
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import psutil
import pytest

from workbook import paths, runtimes
from workbook.errors import CourseError
from workbook.runtimes import base, engine, places, probe, process

HELLO = [{"role": "user", "content": "A train travels 240 km in 3 hours."}]


@pytest.fixture(autouse=True)
def _no_address(monkeypatch):
    monkeypatch.delenv("WORKBOOK_ENGINE_URL", raising=False)


@pytest.fixture(scope="module")
def running(artifact) -> Iterator[runtimes.Runtime]:
    with runtimes.start("engine") as runtime:
        yield runtime


@contextlib.contextmanager
def stub(answers: dict[str, tuple[int, object]], key: str = "") -> Iterator[str]:
    """A server with fixed answers: path -> (status, JSON); it may want a key for /v1."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answers.get(self.path, (404, {"detail": "Not Found"}))
            if key and self.path.startswith("/v1"):
                given = self.headers.get("Authorization")
                status = status if given == f"Bearer {key}" else 401
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while _runs(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# ---------------------------------------------------------------- embedded


def test_an_embedded_runtime_answers_and_says_what_it_is(running, artifact):
    assert running.base_url == f"{running.root_url}/v1"
    assert running.root_url.startswith("http://127.0.0.1:")
    assert (running.name, running.model, running.place) == ("engine", "pocket", "embedded")
    assert running.engine == "ONNX Runtime GenAI" and re.match(r"\d+\.\d+", running.version)
    assert (running.artifact, running.folder) == ("onnx-int4", artifact.path)
    assert psutil.pid_exists(running.pid)
    assert running.log_path.parent == paths.LOGS and running.log_path.stat().st_size > 0
    answer = running.client.chat.completions.create(
        model=running.model, messages=HELLO, max_tokens=5, temperature=0
    )
    assert answer.usage.completion_tokens <= 5


def test_it_says_where_and_why_and_ends_with_the_block(artifact, capsys, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # must not be asked for local ports
    with runtimes.start("engine", threads=1) as runtime:
        said = capsys.readouterr().out.splitlines()
        assert said[0] == "engine: place embedded, because WORKBOOK_ENGINE_URL is not set"
        assert re.fullmatch(r"engine: starting \.+ ready after [\d.]+ s", said[1])
        assert len(said) == 2
        assert [card.id for card in runtime.client.models.list()] == ["pocket"]
        assert httpx.get(f"{runtime.root_url}/health", trust_env=False).json()["threads"] == 1
    assert gone(runtime.pid, 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(runtime.root_url, trust_env=False)
    with pytest.raises(Exception, match="closed"):
        runtime.client.models.list()


def test_an_exception_in_the_block_ends_it_too(artifact):
    with pytest.raises(KeyboardInterrupt), runtimes.start("engine", share=False) as runtime:
        raise KeyboardInterrupt
    assert gone(runtime.pid, 0)


def test_stop_ends_it_and_may_be_called_twice(artifact):
    runtime = runtimes.start("engine", share=False)
    assert runtime.client.models.list()
    runtime.stop()
    assert gone(runtime.pid, 0)
    runtime.stop()


def test_a_runtime_that_nobody_holds_any_more_ends(artifact):
    runtime = runtimes.start("engine", share=False)
    assert runtime.client.models.list()
    pid = runtime.pid
    del runtime  # as when a cell that starts one is run again
    gc.collect()  # the client and its runtime may hold each other
    assert gone(pid, 0)


def test_interrupting_a_cell_does_not_reach_the_server(running):
    assert os.getpgid(running.pid) != os.getpgid(0)


def test_a_killed_parent_leaves_no_server(artifact):
    code = (
        "import time\nfrom workbook import runtimes\n"
        "with runtimes.start('engine', share=False) as rt:\n    print('pid', rt.pid, flush=True)\n"
        "    time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    line = next(line for line in parent.stdout if line.startswith("pid"))
    server = int(line.split()[1])
    assert psutil.pid_exists(server)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(server)


def test_the_embedded_engine_takes_no_address_from_the_environment(artifact, monkeypatch):
    monkeypatch.setenv("WORKBOOK_ENGINE_URL", "http://127.0.0.1:9")
    with runtimes.start("engine", place="embedded") as runtime:
        assert runtime.place == "embedded"


@pytest.mark.parametrize(
    "options, words",
    [
        ({"artifact": "onnx-int3"}, "onnx-int3"),
        ({"colour": "red"}, r"no option 'colour'.*artifact, threads"),
        ({"model": "phi9"}, "phi9"),
        ({"place": "moon"}, "moon"),
    ],
)
def test_wrong_options_are_one_sentence(options, words):
    with pytest.raises(CourseError, match=words), runtimes.start("engine", **options):
        pass


def test_an_unknown_runtime_names_the_known_ones():
    with pytest.raises(CourseError, match=r"'vlm'.*engine"), runtimes.start("vlm"):
        pass
    with pytest.raises(CourseError, match=r"'vlm'.*engine"):
        runtimes.serve("vlm")


def test_every_name_has_a_module_with_its_kind():
    for name in runtimes.NAMES:
        assert places.kind_of(name).name == name


def _with_command(monkeypatch, artifact, *command: str, **changes) -> None:
    """Make the engine start another program."""
    launch = base.Launch([sys.executable, *command], "onnx-int4", artifact.path)
    kind = replace(engine.KIND, prepare=lambda model, port: launch, **changes)
    monkeypatch.setattr(places, "kind_of", lambda name: kind)


def test_a_server_that_dies_gives_its_last_words_and_a_cause(monkeypatch, artifact, capsys):
    code = "import sys; print('\\n'.join(map(str, range(99)))); sys.exit('MemoryError: no')"
    _with_command(monkeypatch, artifact, "-c", code)
    with pytest.raises(CourseError) as caught, runtimes.start("engine", share=False):
        pass
    said = str(caught.value)
    assert "ended with status 1 before it was ready" in said
    assert "Likely cause: the machine has too little free memory." in said
    assert "MemoryError: no" in said and "\n98\n" in said and "\n50\n" not in said
    assert str(paths.LOGS) in said
    assert capsys.readouterr().out.endswith("failed\n")


def test_a_server_that_says_nothing_is_reported_too(monkeypatch, artifact):
    _with_command(monkeypatch, artifact, "-c", "import sys; sys.exit(3)")
    with pytest.raises(CourseError, match=r"status 3(.|\n)*not known(.|\n)*log is empty"):
        places.start("engine", share=False)


def test_a_server_that_never_gets_ready_is_ended(monkeypatch, artifact, tmp_path):
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    _with_command(monkeypatch, artifact, "-c", code, str(tmp_path / "pid"))
    with pytest.raises(CourseError, match=r"not ready after 1.5 s"):
        places.start("engine", timeout=1.5, share=False)
    assert gone(int((tmp_path / "pid").read_text()), 0)


def test_a_model_that_cannot_be_loaded_is_reported(monkeypatch, artifact, tmp_path):
    kind = engine.KIND

    def prepare(model, port):
        launch = kind.prepare(model, port)
        command = [str(tmp_path) if c == str(artifact.path) else c for c in launch.command]
        return replace(launch, command=command)

    monkeypatch.setattr(places, "kind_of", lambda name: replace(kind, prepare=prepare))
    with pytest.raises(CourseError, match=r"could not load its model: There is no converted") as e:
        places.start("engine", share=False)
    assert "Likely cause: the artifact is not whole" in str(e.value)


def test_a_server_that_ignores_signals_is_killed(tmp_path):
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(600)"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child.stdout.readline()
    process.stop(child, patience=0.2)
    assert child.returncode == -signal.SIGKILL
    child.stdout.close()


def test_only_the_newest_logs_stay(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    (tmp_path / "engine-pocket-special.log").touch()
    for _ in range(process.KEPT_LOGS + 5):
        process.new_log("engine-pocket").touch()
    newest = process.new_log("engine-pocket")
    newest.touch()
    logs = sorted(tmp_path.glob("engine-pocket-2*"))
    assert len(logs) == process.KEPT_LOGS and logs[-1] == newest
    assert (tmp_path / "engine-pocket-special.log").exists()


# ---------------------------------------------------------------- attached


def test_auto_attaches_where_there_is_an_address(running, monkeypatch, capsys):
    monkeypatch.setenv("WORKBOOK_ENGINE_URL", running.base_url + "/")
    with runtimes.start("engine") as runtime:
        assert "place attached, because there is an address" in capsys.readouterr().out
        assert runtime.root_url == running.root_url
        assert (runtime.place, runtime.artifact) == ("attached", "onnx-int4")
        assert runtime.version == running.version
        assert runtime.pid is runtime.log_path is runtime.folder is None
        assert runtime.client.models.list().data[0].id == "pocket"
    assert psutil.pid_exists(running.pid)
    assert httpx.get(f"{running.root_url}/health").status_code == 200


def attach(url: str, **options) -> None:
    with runtimes.start("engine", place="attached", url=url, **options):
        pass


def test_attached_takes_an_address_as_an_option(running):
    attach(running.root_url)


def test_attached_without_an_address_says_how_to_give_one():
    with pytest.raises(CourseError, match="set WORKBOOK_ENGINE_URL"):
        attach("")


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://a", "http://", "nonsense"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(CourseError, match="not the address of a server"):
        attach(url)


def test_a_dead_server_is_reported():
    with pytest.raises(CourseError, match=r"Nothing answers at http://127\.0\.0\.1:"):
        attach(f"http://127.0.0.1:{process.free_port()}")
    with pytest.raises(CourseError, match="Nothing answers at"):
        attach("http://127.0.0.1:70000")


def test_a_server_with_another_model_is_reported(running):
    with pytest.raises(CourseError, match="serves pocket, not phi4-mini"):
        attach(running.root_url, model="phi4-mini")


def test_a_server_with_another_artifact_is_reported(running):
    attach(running.root_url, artifact="onnx-int4")
    with pytest.raises(CourseError, match="artifact onnx-int4, not onnx-fp32"):
        attach(running.root_url, artifact="onnx-fp32")


OK = (200, {"status": "ok"})


@pytest.mark.parametrize(
    "answers, words",
    [
        ({}, "not as a runtime engine"),
        ({"/health": (503, "busy")}, "not as a runtime engine"),
        ({"/health": (500, {"status": "loading"})}, "not as a runtime engine"),
        ({"/health": OK}, "/v1/models"),
        ({"/health": OK, "/v1/models": (200, [])}, "/v1/models"),
        ({"/health": OK, "/v1/models": (500, {"data": [{"id": "pocket"}]})}, "/v1/models"),
        ({"/health": OK, "/v1/models": (200, {"data": []})}, "serves no model, not pocket"),
        ({"/health": (503, {"status": "failed", "reason": "no disk"})}, "could not load.*no disk"),
        ({"/health": (503, {"status": "loading"})}, "still loading its model after 0.5 s"),
        ({"/health": (503, {"error": {"message": "Loading model"}})}, "still loading its model"),
    ],
)
def test_servers_that_are_something_else_are_reported(answers, words):
    with stub(answers) as url, pytest.raises(CourseError, match=words):
        attach(url, timeout=0.5)


def test_a_server_with_a_key_is_sent_the_one_from_the_environment(monkeypatch):
    answers = {"/health": OK, "/v1/models": (200, {"object": "list", "data": [{"id": "pocket"}]})}
    with stub(answers, key="secret") as url:
        with pytest.raises(CourseError, match="asks for an API key"):
            attach(url)
        monkeypatch.setenv("WORKBOOK_ENGINE_KEY", "wrong")
        with pytest.raises(CourseError, match="refuses the API key"):
            attach(url)
        monkeypatch.setenv("WORKBOOK_ENGINE_KEY", "secret")
        with runtimes.start("engine", place="attached", url=url) as runtime:
            assert [card.id for card in runtime.client.models.list()] == ["pocket"]
            assert "secret" not in repr(runtime)


def test_a_server_that_dies_between_two_questions_is_reported(monkeypatch):
    def die(url, key):
        raise httpx.ReadError("gone")

    monkeypatch.setattr(probe, "served_models", die)
    with stub({"/health": OK}) as url, pytest.raises(CourseError, match="Nothing answers"):
        attach(url)


def test_proxies_are_for_other_machines_only():
    assert base.is_local("http://localhost:1/v1") and base.is_local("http://127.0.0.1:1")
    assert not base.is_local("http://example.org")


# ---------------------------------------------------------------- compose, serve


SERVE = "import sys; from workbook import runtimes; runtimes.serve('engine', port=int(sys.argv[1]))"


def test_serve_prints_a_command_that_works_and_ends_on_ctrl_c(artifact):
    port = process.free_port()
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    said = ""
    while "temperature" not in said:
        line = server.stdout.readline()
        assert line, said
        said += line
    assert f"engine serves pocket on http://127.0.0.1:{port}" in said
    command = said[said.index("curl ") :].strip()
    assert f"http://127.0.0.1:{port}/reasoning" in command
    body = json.loads(re.search(r"-d '(.*)'", command, re.DOTALL).group(1))
    answer = httpx.post(f"http://127.0.0.1:{port}/reasoning", json=body, timeout=60)
    assert answer.status_code == 200
    os.killpg(server.pid, signal.SIGINT)  # as a terminal sends it: to parent and child
    rest = server.communicate(timeout=20)[0]
    assert server.returncode == 0
    assert rest.strip().endswith("engine: ended.") and "Traceback" not in rest
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health")


def test_serve_takes_a_free_port_for_0(monkeypatch, artifact):
    ports = []
    _with_command(monkeypatch, artifact, "-c", "import sys; sys.exit(4)")
    monkeypatch.setattr(process, "check_port", lambda host, port: ports.append(port))
    for port in (0, None):
        with pytest.raises(CourseError):
            runtimes.serve("engine", port=port)
    assert ports[0] not in (0, 8080) and ports[1] == 8080


def test_serve_on_a_taken_port_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CourseError, match=f"port {port}.*choose another"):
            runtimes.serve("engine", port=port)
    with pytest.raises(CourseError, match="choose another"):
        runtimes.serve("engine", port=70_000)


def test_serve_reports_a_server_that_ends(monkeypatch, artifact):
    _with_command(monkeypatch, artifact, "-c", "import sys; sys.exit(4)")
    with pytest.raises(CourseError, match="ended with status 4"):
        runtimes.serve("engine", port=process.free_port())
