"""Runs vLLM's own OpenAI server inside vLLM's environment; ends when standard input closes.

python -P vllm_server.py [--exit-with-parent] VLLM-ARGUMENT...
python -P vllm_server.py --try JSON     lists of arguments; prints how each start is refused

That environment has no course in it: only the standard library is imported before vLLM is. `-P`
keeps this folder out of the search path: its vllm.py would hide the real vLLM.
"""

import atexit
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

PREFIX = "course-vllm-"
"""How the folders for temporary files begin; the server's process id follows."""

GRACE = 8.0
"""Seconds that vLLM's processes get to end by themselves."""


def main(arguments: list[str]) -> None:
    """Serve until told to stop; with --try, say how each of several starts is refused."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # vLLM brings its own later
    _use_own_folder()
    if "--exit-with-parent" in arguments:
        arguments.remove("--exit-with-parent")
        threading.Thread(target=_exit_with_parent, daemon=True).start()
    from vllm.entrypoints.launchers.api_server import entry

    if arguments[:1] == ["--try"]:
        for trial in json.loads(arguments[1]):
            print("refused", json.dumps(_refusal(entry.main, trial)), flush=True)
        return
    sys.argv[1:] = arguments
    entry.main()


def _refusal(start: Callable[[], None], arguments: list[str]) -> dict:
    sys.argv[1:] = arguments
    started = time.monotonic()
    try:
        start()
        error = "it was not refused"
    except (Exception, SystemExit) as refusal:
        error = f"{type(refusal).__name__}: {refusal}"
    return {"seconds": time.monotonic() - started, "error": error}


def _use_own_folder() -> None:
    """Let vLLM put its sockets where they can be removed with everything else, and remove what
    servers that were killed have left."""
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        if not Path("/proc", old.name.removeprefix(PREFIX).partition("-")[0]).exists():
            shutil.rmtree(old, ignore_errors=True)  # it may be another user's
    folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    os.environ["TMPDIR"] = os.environ["VLLM_RPC_BASE_PATH"] = tempfile.tempdir = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _exit_with_parent() -> None:
    # The parent holds the other end of the pipe and never writes: it closes when the parent dies.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    import psutil  # vLLM brings it

    for process in psutil.Process().children(recursive=True):
        process.kill()
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os._exit(1)


def _die_with_server() -> None:
    """Even when it is killed and cannot tell (Linux)."""
    import ctypes

    die_with_parent = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(die_with_parent, signal.SIGKILL)


if __name__ == "__mp_main__":  # so each process that vLLM spawns sees this file
    _die_with_server()
if __name__ == "__main__":
    main(sys.argv[1:])
