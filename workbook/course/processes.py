"""Ending everything that a notebook started, even what has left its process group.

A kernel runs in a session of its own, and a server that it starts may outlive it. So every
process of a run carries a mark in its environment, which its children inherit.
"""

import contextlib
import os

import psutil

MARK = "WORKBOOK_RUN_MARK"
"""The environment variable that says which run a process belongs to."""


def marked(mark: str) -> list[psutil.Process]:
    """The living processes that carry this mark, without this one."""
    found = []
    for process in psutil.process_iter(["environ"]):
        environ = process.info["environ"] or {}
        if environ.get(MARK) == mark and process.pid != os.getpid():
            found.append(process)
    return found


def end_marked(mark: str, grace: float = 3.0) -> list[str]:
    """End every process that carries this mark: ask first, insist after `grace` seconds.

    Returns the names of those that were running.
    """
    names = []
    processes = marked(mark)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            names.append(process.name())
            process.terminate()
    _, stubborn = psutil.wait_procs(processes, timeout=grace)
    # whatever was started meanwhile is found by looking again
    for _ in range(3):
        stubborn = {*stubborn, *marked(mark)}
        if not stubborn:
            break
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        _, stubborn = psutil.wait_procs(list(stubborn), timeout=grace)
    return names
