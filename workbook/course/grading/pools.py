"""Where tasks are graded: in this process, in others on this machine, or on a Dask cluster."""

import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from workbook.course.grading import one
from workbook.course.grading.model import Ungradable
from workbook.course.grading.one import Outcome, Task
from workbook.errors import CourseError

TRIES = 3
"""How often a task is tried whose process has died."""


def here(tasks: list[Task]) -> Iterator[tuple[int, Outcome]]:
    """Grade in this process, one after the other."""
    try:
        for number, task in enumerate(tasks):
            yield number, one.grade(task)
    finally:
        one.close_boxes()


def processes(tasks: list[Task], workers: int) -> Iterator[tuple[int, Outcome]]:
    """Grade in processes of this machine, `workers` at a time, as they come."""
    left = dict.fromkeys(range(len(tasks)), 0)
    while left:
        finished, broken = [], set()
        with _pool(min(workers, len(left))) as pool:
            jobs = {pool.submit(one.grade, tasks[number]): number for number in left}
            for job in _completed(jobs):
                number = jobs[job]
                try:
                    outcome = job.result()
                except BrokenProcessPool:
                    broken.add(number)
                    continue
                finished.append(number)
                yield number, outcome
        for number in finished:
            del left[number]
        for number in broken & left.keys():
            left[number] += 1
            if left[number] == TRIES:
                del left[number]
                reason = "The grader's process died: grade it again."
                problem = Ungradable(reason, lasting=False)
                yield number, one.nothing(tasks[number].submission, tasks[number].lab, problem)


def _completed(jobs: dict[Future, int]) -> Iterator[Future]:
    waiting = set(jobs)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from done


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    ending = context.Event()
    pool = ProcessPoolExecutor(workers, context, _watch_parent, (os.getpid(), ending))
    try:
        yield pool
    except BaseException:
        ending.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _watch_parent(parent: int, ending: Any) -> None:
    """In a worker: end with the parent, or when it says so, whatever is being graded."""
    import multiprocessing.util
    import signal

    multiprocessing.util.Finalize(None, one.close_boxes, exitpriority=100)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides

    def look() -> None:
        while os.getppid() == parent and not ending.wait(0.5):
            pass
        one.close_boxes()
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def dask(
    tasks: list[Task], address: str, tell: Callable[[str], None]
) -> Iterator[tuple[int, Outcome]]:
    """Grade on the Dask cluster at an address, as they come.

    Raises CourseError when Dask is not installed or the scheduler cannot be reached.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise CourseError(
            "A Dask cluster needs the package distributed: install it here and on every worker "
            "with `pip install -r requirements-cluster.txt`."
        ) from None
    try:
        client = Client(address, timeout=15)
    except (OSError, TimeoutError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise CourseError(f"The Dask scheduler {address} cannot be reached ({said}).") from None
    with client:
        tell(f"Dask cluster {address}: {sum(client.nthreads().values())} tasks at a time.")
        jobs = client.map(one.grade, tasks, pure=False, retries=TRIES - 1)
        numbers = {job.key: number for number, job in enumerate(jobs)}
        try:
            for job, outcome in as_completed(jobs, with_results=True, raise_errors=False):
                number = numbers[job.key]
                if job.status == "finished":
                    yield number, outcome
                    continue
                error = outcome[1] if isinstance(outcome, tuple) else outcome
                if isinstance(error, CourseError):
                    raise error
                problem = Ungradable(f"The cluster failed ({error}).", lasting=False)
                yield number, one.nothing(tasks[number].submission, tasks[number].lab, problem)
        finally:
            with contextlib.suppress(Exception):  # a cluster that is gone
                client.cancel(jobs)
                client.run(one.close_boxes)
            time.sleep(0)
