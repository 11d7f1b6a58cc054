"""One server for several notebooks: started once, kept while somebody holds it, never left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from filelock import FileLock

from workbook import paths, runtimes
from workbook.errors import CourseError
from workbook.runtimes import leases, places, shared

OPTIONS = {"artifact": "onnx-int4", "threads": 1}


@pytest.fixture(autouse=True)
def _of_its_own(monkeypatch, tmp_path):
    """No runtime of another test, and no address."""
    monkeypatch.setattr(paths, "RUNTIMES", tmp_path / "runtimes")
    monkeypatch.delenv("WORKBOOK_ENGINE_URL", raising=False)
    monkeypatch.delenv(shared.SESSION, raising=False)


def runs(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not runs(pid)


def keeper_of(pid: int) -> psutil.Process:
    parent = psutil.Process(pid).parent()
    assert "workbook.runtimes.keeper" in parent.cmdline()
    return parent


@contextlib.contextmanager
def notebook(**environment: str) -> Iterator[subprocess.Popen]:
    """Another process that starts the engine and holds it; its first line of output is the pid of
    the server."""
    code = (
        "import sys, time; from workbook import paths, runtimes; from pathlib import Path\n"
        f"paths.RUNTIMES = Path({str(paths.RUNTIMES)!r})\n"
        f"rt = runtimes.start('engine', **{OPTIONS!r})\n"
        "print('pid', rt.pid, flush=True); sys.stdin.read(); rt.stop()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def served(process: subprocess.Popen) -> int:
    return int(next(line for line in process.stdout if line.startswith("pid")).split()[1])


def test_the_second_one_gets_the_server_of_the_first(artifact, capsys):
    first = runtimes.start("engine", **OPTIONS)
    capsys.readouterr()
    second = runtimes.start("engine", **OPTIONS)
    assert f"engine: runs already on {first.root_url}, shared" in capsys.readouterr().out
    assert (second.pid, second.root_url) == (first.pid, first.root_url)
    assert second.log_path == first.log_path
    first.stop()
    assert second.client.models.list().data[0].id == "pocket"
    second.stop()
    assert gone(second.pid, 0)


@pytest.mark.slow
def test_other_options_are_another_server(artifact):
    with runtimes.start("engine", **OPTIONS) as one, runtimes.start("engine", threads=2) as two:
        assert one.pid != two.pid
    with (
        runtimes.start("engine", **OPTIONS) as one,
        runtimes.start("engine", share=False, **OPTIONS) as alone,
        runtimes.start("engine", share=False, **OPTIONS) as third,
    ):
        assert len({one.pid, alone.pid, third.pid}) == 3


def test_two_at_once_start_one(artifact):
    with notebook() as one, notebook() as two:
        assert served(one) == served(two)


def test_it_stays_for_the_second_when_the_first_dies_and_ends_with_the_last(artifact):
    with notebook() as one, notebook() as two:
        pid = served(one)
        keeper = keeper_of(pid)
        assert served(two) == pid
        one.send_signal(signal.SIGKILL)
        one.wait()
        time.sleep(1)
        assert runs(pid)
        two.send_signal(signal.SIGKILL)
        two.wait()
        assert gone(pid) and gone(keeper.pid)


def test_a_killed_keeper_takes_its_server_along_and_is_replaced(artifact):
    first = runtimes.start("engine", **OPTIONS)
    keeper_of(first.pid).kill()
    assert gone(first.pid)
    with runtimes.start("engine", **OPTIONS) as second:
        assert second.pid != first.pid
        assert second.client.models.list()
    first.stop()
    assert gone(second.pid, 0)


def test_a_keeper_that_is_told_to_end_ends_its_server_first(artifact):
    runtime = runtimes.start("engine", **OPTIONS)
    keeper = keeper_of(runtime.pid)
    keeper.terminate()
    assert gone(keeper.pid) and gone(runtime.pid, 0)
    runtime.stop()


def test_a_server_that_is_still_brought_up_can_be_given_up(monkeypatch):
    """As when somebody interrupts the building of an image: it takes no 60 seconds to end."""
    order = {"place": "embedded", "log": str(paths.BUILD / "none"), "url": "http://127.0.0.1:1"}
    folder = paths.RUNTIMES / "stuck"
    folder.mkdir(parents=True)
    code = (
        "import sys, time; from pathlib import Path; from workbook.runtimes import keeper\n"
        "import contextlib\n"
        "@contextlib.contextmanager\n"
        "def building(order):\n    print('building', flush=True); time.sleep(600); yield {}, None\n"
        "keeper._serving = building\n"
        "sys.exit(keeper.main(Path(sys.argv[1])))"
    )
    leases.write(folder / leases.LAUNCH, order)
    keeper = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True
    )
    keeper.stdout.readline()
    begun = time.monotonic()
    shared._end(folder)
    assert keeper.wait(5) == 0 and time.monotonic() - begun < 5
    keeper.communicate()


def test_a_server_that_died_is_started_again(artifact):
    first = runtimes.start("engine", **OPTIONS)
    psutil.Process(first.pid).kill()
    assert gone(first.pid)
    with runtimes.start("engine", **OPTIONS) as second:
        assert second.pid != first.pid and second.client.models.list()
    first.stop()


def test_what_a_keeper_wrote_at_its_end_is_not_taken_for_the_next_one(tmp_path):
    folder = tmp_path / "engine"
    folder.mkdir()
    with FileLock(folder / leases.KEEPER, thread_local=False) as keeper:
        ending = threading.Thread(target=shared._end, args=[folder])
        ending.start()
        time.sleep(0.3)
        leases.write(folder / leases.STATE, {"ended": -9})  # it saw its server die just now
        keeper.release()
        ending.join()
    assert not (folder / leases.STATE).exists()


@pytest.mark.slow
def test_a_record_of_a_crash_is_cleared_away(artifact):
    with runtimes.start("engine", **OPTIONS) as runtime:
        folder = next(paths.RUNTIMES.glob("engine-pocket-*"))
        state = json.loads((folder / leases.STATE).read_text())
    assert not (folder / leases.STATE).exists()
    # as a power cut leaves it: a state, and a holder that is not there any more
    (folder / leases.STATE).write_text(json.dumps(state))
    leases.point(folder, folder / leases.HOLDERS / "dead.lock", "dead")
    with runtimes.start("engine", **OPTIONS) as second:
        assert second.pid != runtime.pid
    assert gone(second.pid, 0)
    assert list((folder / leases.HOLDERS).iterdir()) == []


def test_a_failed_start_leaves_nothing(artifact, monkeypatch):
    with pytest.raises(CourseError, match=r"not ready after 0\.01 s"):
        runtimes.start("engine", timeout=0.01, **OPTIONS)
    folder = next(paths.RUNTIMES.glob("engine-pocket-*"))
    assert not (folder / leases.STATE).exists() and not leases.is_locked(folder / leases.KEEPER)
    assert not leases.held(folder)


def test_another_thread_may_let_go(artifact):
    runtime = runtimes.start("engine", **OPTIONS)
    thread = threading.Thread(target=runtime.stop)
    thread.start()
    thread.join()
    assert gone(runtime.pid, 0)


# ---------------------------------------------------------------- sessions


def test_a_session_keeps_a_server_between_two_notebooks(artifact):
    with shared.session() as environment:
        with notebook(**environment) as one:
            pid = served(one)
            one.communicate()  # its input ends, so it stops the runtime and itself
        time.sleep(1)
        assert runs(pid)
        with notebook(**environment) as two:
            assert served(two) == pid
    # the second notebook was killed, and the session is over: its end waits for the server's
    assert gone(pid, 0)


def test_a_session_that_dies_keeps_nothing(artifact):
    code = (
        "import time; from pathlib import Path; from workbook import paths\n"
        f"paths.RUNTIMES = Path({str(paths.RUNTIMES)!r})\n"
        "from workbook.runtimes import shared\n"
        "with shared.session() as environment:\n"
        "    print(environment[shared.SESSION], flush=True); time.sleep(600)"
    )
    session = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    file = session.stdout.readline().strip()
    with notebook(**{shared.SESSION: file}) as one:
        pid = served(one)
        one.communicate()
    time.sleep(1)
    assert runs(pid)
    session.kill()
    session.communicate()
    assert gone(pid)


def test_a_session_does_not_keep_what_takes_much_memory(artifact, monkeypatch):
    monkeypatch.setattr(shared, "KEPT_BYTES", 1)
    with shared.session() as environment:
        monkeypatch.setenv(shared.SESSION, environment[shared.SESSION])
        with runtimes.start("engine", **OPTIONS) as runtime:
            pass
        assert gone(runtime.pid, 0)


def test_the_end_of_a_session_leaves_what_others_hold(artifact, monkeypatch):
    with shared.session() as environment:
        monkeypatch.setenv(shared.SESSION, environment[shared.SESSION])
        runtime = runtimes.start("engine", **OPTIONS)
    assert httpx.get(f"{runtime.root_url}/health", trust_env=False).status_code == 200
    runtime.stop()
    assert gone(runtime.pid, 0)


# ---------------------------------------------------------------- which place


@pytest.fixture
def containers(monkeypatch):
    """Say why there are no containers; an empty sentence says that there are."""
    reason = {"text": ""}
    monkeypatch.setattr(places, "_no_containers", lambda kind: reason["text"])
    return reason


def chosen(monkeypatch, place: str = "auto", url: str = "", missing: str = "") -> tuple[str, str]:
    from dataclasses import replace

    kind = replace(places.kind_of("engine"), missing=lambda: missing)
    return places._choose(kind, place, url)


def test_auto_takes_the_first_place_that_is_wanted_and_works(monkeypatch, containers):
    monkeypatch.setenv(places.COMPOSE, "1")
    assert chosen(monkeypatch, url="http://a")[0] == "attached"
    assert chosen(monkeypatch) == ("compose", "because WORKBOOK_COMPOSE is 1")
    containers["text"] = "There is no container engine."
    assert chosen(monkeypatch)[0] == "embedded"
    monkeypatch.delenv(places.COMPOSE)
    containers["text"] = ""
    assert chosen(monkeypatch) == ("embedded", "because WORKBOOK_ENGINE_URL is not set")
    assert chosen(monkeypatch, missing="No wheel.") == (
        "compose",
        "because it cannot be a process here (No wheel)",
    )
    containers["text"] = "There is no container engine."
    with pytest.raises(CourseError, match="No wheel"):
        chosen(monkeypatch, missing="No wheel.")


def test_what_cannot_be_embedded_says_so(monkeypatch):
    from dataclasses import replace

    kind = replace(places.kind_of("engine"), missing=lambda: "There is no wheel: attach.")
    monkeypatch.setattr(places, "kind_of", lambda name: kind)
    with pytest.raises(CourseError, match="no wheel"):
        runtimes.start("engine", place="embedded")
    with pytest.raises(CourseError, match="no wheel"):
        runtimes.serve("engine", port=0)


def test_a_runtime_without_compose_file_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "COMPOSE", tmp_path)
    with pytest.raises(CourseError, match="no compose file for engine"):
        runtimes.start("engine", place="compose")


def test_a_runtime_without_a_client_of_its_own_says_so(artifact):
    with (
        runtimes.start("engine", **OPTIONS) as runtime,
        pytest.raises(CourseError, match="no client of its own"),
    ):
        assert runtime.native
