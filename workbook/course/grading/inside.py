"""What runs in a grading box: a supervisor, which forks a runner for every submission.

    python -m workbook.course.grading.inside       (started by `boxes`, which see)

The supervisor is warm: it has imported what the lab's cells import. It reads orders, a JSON line
each, from standard input, and answers with JSON lines. It never runs a student's code. For every
order it forks a runner, which gives up its rights, sets its limits and executes the cells. The
supervisor watches the clock, checks every record that the runner sends, and cleans up.

A student's code shares the runner's process with the tests, so it can disturb them. What is done
about it: `guard` puts the checks back before every test cell and looks again after it; two cells
that must fail (`CANARIES`) are run first; every record carries a secret of its cell, which lies
in a pipe until the cell has ended, and can be read once.
"""

import ast
import base64
import contextlib
import importlib
import io
import json
import os
import resource
import secrets
import select
import shutil
import signal
import stat
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

SECRET = 16
"""Bytes of a cell's secret."""

LINE = 8 * 2**20
"""Bytes of the longest record that a runner may send."""

GRACE = 3.0
"""Seconds that a cell has to end after it was interrupted."""

CANARIES = (
    "assert [], 'canary'",
    "from workbook.course.checks import Mistake\nraise Mistake('canary')",
)
"""Cells that fail in a process that nobody has tampered with."""

ASYNC = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


# ---------------------------------------------------------------- the supervisor


def main() -> None:
    """Answer orders until standard input ends."""
    orders, answers = _take_over_streams()
    hello = json.loads(orders.readline())
    _hide()
    shell = _warm(hello["preload"], hello["work"])
    _empty(Path(hello["work"]))  # what making the shell has left
    _say(answers, {"ready": True})
    for line in orders:
        order = json.loads(line)
        _supervise(order, shell, answers, (orders.fileno(), answers.fileno()))
        used = time.process_time() + _children()
        clean = _clean(order["uid"], order["host"], Path(order["work"]))
        _say(answers, {"end": True, "clean": clean, "cpu": used})
        if not clean:
            return


def _take_over_streams() -> tuple[Any, Any]:
    """The orders and the answers, under numbers that no library writes to by habit."""
    orders, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return os.fdopen(orders, "rb"), os.fdopen(answers, "wb")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _say(answers: Any, what: dict) -> None:
    answers.write(json.dumps(what).encode() + b"\n")
    answers.flush()


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # Linux only
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _hide() -> None:
    """Keep others of the same user from this process's memory and files (PR_SET_DUMPABLE)."""
    _prctl(4, 0)


def _warm(statements: list[str], work: str) -> Any:
    """Import what the lab's cells import, and make the shell that will run them."""
    os.environ["IPYTHONDIR"] = os.path.join(work, ".ipython")
    os.chdir(work)
    warnings.simplefilter("default")
    import IPython.core.completer  # noqa: F401
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.cache_size = 0
    shell = _shell_class().instance(config=config)
    for statement in statements:
        with contextlib.suppress(Exception):  # the cell itself will say it
            exec(statement, {})
    for name in ("workbook.course.checks", "asyncio", "linecache", "uuid", "numpy"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return shell


def _supervise(order: dict, shell: Any, answers: Any, private: tuple[int, ...]) -> None:
    """Fork a runner for an order and pass on what it sends; says how it ended."""
    records, records_in = os.pipe()
    taken, secret_in = os.pipe()
    runner = os.fork()
    if not runner:
        for file in (records, secret_in, *private):
            os.close(file)
        _runner(order, shell, records_in, taken)
    os.close(records_in)
    os.close(taken)
    try:
        watch = _Watch(order, answers, records, secret_in, runner)
        said = watch.until_it_ends()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(runner, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(runner, 0)
        os.close(records)
        os.close(secret_in)
    found = {"ended": said, "cell": watch.cell, "problems": sorted(watch.problems)}
    _say(answers, found | {"fault": watch.fault})


class _Watch:
    """What the supervisor knows of a runner: the cell it is in, since when, and its secret."""

    def __init__(self, order: dict, answers: Any, records: int, secrets_: int, runner: int) -> None:
        self.order, self.answers, self.runner = order, answers, runner
        self.records, self.secrets = records, secrets_
        self.cell, self.running, self.secret = -1, False, ""
        self.since = self.started = time.monotonic()
        self.interrupted = 0.0
        self.problems: set[str] = set()
        self.status: int | None = None
        self.fault = ""

    def until_it_ends(self) -> str:
        """How it ended: finished, died, stuck (a cell that ignores interruption) or total."""
        data = b""
        while True:
            ready = select.select([self.records], [], [], 0.05)[0]
            new = os.read(self.records, 2**18) if ready else b""
            data += new
            while b"\n" in data:
                line, _, data = data.partition(b"\n")
                if self._record(line):
                    return "finished"
            if len(data) > LINE:
                return "flood"
            if ready and not new:
                return self._death()
            if not ready and (said := self._ended() or self._late()):
                return said

    def _ended(self) -> str:
        # The pipe may stay open in what the runner has started.
        pid, status = os.waitpid(self.runner, os.WNOHANG)
        if not pid:
            return ""
        self.status = status
        return self._death()

    def _death(self) -> str:
        if self.status is None:
            with contextlib.suppress(ChildProcessError):
                self.status = os.waitpid(self.runner, 0)[1]
        code = os.waitstatus_to_exitcode(self.status) if self.status is not None else 0
        return f"died {code}"

    def _late(self) -> str:
        now, limits = time.monotonic(), self.order["limits"]
        if now - self.started > limits["total"]:
            return "total"
        if not self.running:
            # between two cells nothing of the student's should take time, but a thread may
            return "stuck" if now - self.since > limits["cell"] + GRACE else ""
        if self.interrupted:
            return "stuck" if now - self.interrupted > GRACE else ""
        if now - self.since > limits["cell"]:
            self.interrupted = now
            os.kill(self.runner, signal.SIGINT)
        return ""

    def _record(self, line: bytes) -> bool:
        """Check one record and pass it on; whether it is the last."""
        try:
            record = json.loads(line)
            kind, number = record["kind"], record["cell"]
        except (ValueError, KeyError, TypeError):
            self.problems.add("forged")
            return False
        if kind == "fault":
            self.fault = str(record.get("text"))[:4000]
            return False
        right = record.pop("secret", "") == self.secret and bool(self.secret)
        if kind == "begin" and not self.running and number == self.cell + 1:
            self._begin()
            return False
        if kind == "cell" and self.running and number == self.cell and right:
            self.running, self.secret, self.since = False, "", time.monotonic()
            _say(self.answers, record)
        elif kind == "finished" and not self.running and number == len(self.order["cells"]):
            return True
        else:
            self.problems.add("forged")
        return False

    def _begin(self) -> None:
        self.cell, self.running, self.interrupted = self.cell + 1, True, 0.0
        self.since, self.secret = time.monotonic(), secrets.token_hex(SECRET)
        with contextlib.suppress(BrokenPipeError):
            os.write(self.secrets, self.secret.encode())


# ---------------------------------------------------------------- cleaning up


def _clean(uid: int | None, host: str, work: Path) -> bool:
    """End what the runner has left and empty the work folder; whether the box is as new."""
    if not host or host == _namespace():
        return False  # not in a box: whoever started this cleans up
    cleaner = os.fork()
    if not cleaner:
        with contextlib.suppress(BaseException):
            if uid is not None and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)  # all of this user, at once
            _empty(work)
        os._exit(0)
    if uid is None:
        os.waitpid(cleaner, 0)
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # all in this box but its first process and this one
        _empty(work)
    else:
        os.waitpid(cleaner, 0)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return not os.listdir(work) and _alone()


def _namespace() -> str:
    """The name of the namespace of processes that this is in; empty where there is none."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _alone() -> bool:
    """Whether the box has no process besides its first, and this one."""
    for _ in range(40):
        found = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        others = {pid for pid in found - {1, os.getpid()} if not _dead(pid)}
        if not others:
            return True
        time.sleep(0.01)
    return False


def _dead(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def _empty(folder: Path) -> None:
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, onerror=_allow_and_retry)
        else:
            os.unlink(entry.path)


def _allow_and_retry(function: Any, path: str, _: Any) -> None:
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), stat.S_IRWXU)
        os.chmod(path, stat.S_IRWXU)
        if function is os.scandir or function is os.open:
            shutil.rmtree(path, ignore_errors=True)
        else:
            function(path)


# ---------------------------------------------------------------- the runner


def _runner(order: dict, shell: Any, records: int, secret: int) -> None:
    """Execute the cells of an order; never returns."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for file in (0, 1, 2):
            os.dup2(nothing, file)
        _confine(order["limits"], order["uid"])
        _prctl(4, 1)  # /proc/self is its own again
        folder = _furnish(order)
        os.chdir(folder)
        os.environ.update(order["environment"])
        _Execution(order, shell, records, secret).all()
    except BaseException:
        fault = {"kind": "fault", "cell": -1, "text": traceback.format_exc()[-4000:]}
        os.write(records, json.dumps(fault).encode() + b"\n")
    finally:
        os._exit(0)


def _confine(limits: dict, uid: int | None) -> None:
    if uid is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    cpu = int(limits["cpu"])
    for what, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, limits["space"]),
        (resource.RLIMIT_FSIZE, limits["disk"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_CORE, 0),
    ):
        if not most or (what == resource.RLIMIT_NPROC and uid is None and not limits["boxed"]):
            continue  # outside a box, all processes of this user would be counted
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _furnish(order: dict) -> Path:
    """Put the submission's files into the work folder; returns their folder."""
    work = Path(order["work"])
    for place, target in order["links"]:
        link = work / place
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    (work / "build").mkdir(exist_ok=True)
    folder = work / order["lab"]
    folder.mkdir()
    for name, data in order["files"].items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(data))
    return folder


class _Execution:
    """Runs cells one after the other and sends a record of each."""

    def __init__(self, order: dict, shell: Any, records: int, secret: int) -> None:
        self._cells, self._limits = order["cells"], order["limits"]
        self._shell, self._records, self._secret = shell, records, secret
        self._guard = _Guard()
        self._locked: dict[str, Any] = {}
        self._outputs = _Outputs(self._limits["output"])
        self._ready = select.select

    def all(self) -> None:
        """Run every cell."""
        self._outputs.attach(self._shell)
        sys.modules.pop("workbook.course.grading.inside", None)
        sys.modules["__main__"] = self._shell.user_module
        for number, cell in enumerate(self._cells):
            self._send({"kind": "begin", "cell": number})
            notes = self._run(cell)
            outputs = self._outputs.taken()
            record = {"kind": "cell", "cell": number, "outputs": outputs, "notes": notes}
            if self._ready([self._secret], [], [], GRACE)[0]:  # else somebody has taken it
                record["secret"] = os.read(self._secret, 2 * SECRET).decode()
            self._send(record)
        self._send({"kind": "finished", "cell": len(self._cells)})

    def _send(self, record: dict) -> None:
        data = json.dumps(record).encode() + b"\n"
        while data:
            data = data[os.write(self._records, data) :]

    def _run(self, cell: dict) -> list[str]:
        self._outputs.start()
        self._guard.quiet()
        try:
            if cell["kind"] == "test":
                return self._test(cell["source"], cell["name"])
            before = dict(self._shell.user_ns)
            self._shell.run_cell(cell["source"], store_history=False)
            if cell["kind"] == "locked":
                self._keep(before)
        except BaseException as error:  # an interruption between two lines of this file
            self._outputs.error(error)
        finally:
            with contextlib.suppress(KeyboardInterrupt):
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        return []

    def _keep(self, before: dict) -> None:
        """Remember what an instructor's cell has bound."""
        for name, value in self._shell.user_ns.items():
            if not name.startswith("_") and before.get(name, before) is not value:
                self._locked[name] = value

    def _test(self, source: str, name: str) -> list[str]:
        """Run a test cell apart from the student's names; what was wrong with the checks."""
        notes = [f"put back {one}" for one in self._guard.restore()]
        for canary in CANARIES:
            if not self._fails(canary):
                notes.append("canary")
                self._guard.restore()
        names = self._names()
        before = dict(names)
        try:
            self._execute(source, name, names)
        except BaseException as error:
            self._outputs.error(error, name)
        self._guard.quiet()
        notes += [f"changed {one}" for one in self._guard.restore()]
        for key, value in names.items():
            if key != "__builtins__" and before.get(key, before) is not value:
                self._locked[key] = self._shell.user_ns[key] = value
        return notes

    def _names(self) -> dict:
        """The student's names, with the instructor's put back and Python's own unshadowed."""
        names = {
            key: value
            for key, value in self._shell.user_ns.items()
            if key not in self._guard.builtins
        }
        return names | self._locked | {"__builtins__": dict(self._guard.builtins)}

    def _execute(self, source: str, name: str, names: dict) -> None:
        file = f"<{name}>"
        text = self._shell.transform_cell(source)
        import linecache

        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        code = compile(text, file, "exec", flags=ASYNC, dont_inherit=True)
        made = eval(code, names)
        if made is not None:  # the cell awaits something
            import asyncio

            asyncio.run(made)

    def _fails(self, canary: str) -> bool:
        try:
            self._execute(canary, "canary", {"__builtins__": dict(self._guard.builtins)})
        except AssertionError as error:
            return str(error) == "canary" and type(error).__name__ in ("AssertionError", "Mistake")
        except BaseException:
            return False
        return False


# ---------------------------------------------------------------- keeping the checks as they are


class _Guard:
    """Remembers what the test cells rely on, and puts it back."""

    STANDARD = ("builtins math json re random statistics inspect functools contextlib operator "
                "copy tempfile io types collections itertools string decimal fractions pathlib "
                "ast numpy numpy.linalg").split()  # fmt: skip

    def __init__(self) -> None:
        import builtins

        self._recursion = sys.getrecursionlimit()
        self.builtins = {k: v for k, v in vars(builtins).items() if k != "_"}
        names = [n for n in sys.modules if n.partition(".")[0] == "workbook"] + self.STANDARD
        self._modules = {n: sys.modules[n] for n in names if n in sys.modules}
        self._values = {n: dict(vars(m)) for n, m in self._modules.items()}
        self._functions: dict[int, tuple] = {}
        self._classes: dict[int, tuple[type, dict]] = {}
        self._containers: list[tuple[Any, Any]] = []
        for name, values in self._values.items():
            if name.startswith("workbook."):
                for key, value in values.items():
                    if not key.startswith("__"):  # __builtins__ is not the module's own
                        self._remember(value, name)
        self._hooks = (list(sys.meta_path), list(sys.path_hooks), list(sys.path))

    @staticmethod
    def _is_check(name: str) -> bool:
        return name.startswith("workbook.course.checks")

    def _remember(self, value: Any, module: str) -> None:
        if type(value) is type(_namespace):
            if id(value) not in self._functions:
                cells = value.__closure__ or ()
                held = [cell.cell_contents for cell in cells if _full(cell)]
                kept = (value.__code__, value.__defaults__, dict(value.__kwdefaults__ or {}))
                self._functions[id(value)] = (value, kept, dict(vars(value)), held)
                for inner in (*held, *vars(value).values()):
                    self._remember(inner, module)
        elif isinstance(value, type) and value.__module__ == module:
            if id(value) not in self._classes and value.__flags__ & (1 << 9):
                self._classes[id(value)] = (value, dict(vars(value)))
                for inner in vars(value).values():
                    self._remember(getattr(inner, "__func__", inner), module)
        elif self._is_check(module) and type(value) in (dict, list, set):
            import copy

            with contextlib.suppress(Exception):
                self._containers.append((value, copy.deepcopy(value)))

    def quiet(self) -> None:
        """Give signals, traces and hooks back to Python."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for name in ("SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            signal.setitimer(timer, 0)
        sys.settrace(None)
        sys.setprofile(None)
        threading.settrace(None)
        threading.setprofile(None)
        sys.setrecursionlimit(self._recursion)
        import gc

        gc.callbacks.clear()

    def restore(self) -> list[str]:
        """Put everything back; the names of what was different."""
        found = []
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
                found.append(name)
            found += [f"{name}.{one}" for one in self._module(name, vars(module))]
        for function, kept, attributes, held in self._functions.values():
            if self._function(function, kept, attributes, held):
                found.append(f"{function.__module__}.{function.__qualname__}")
        for cls, attributes in self._classes.values():
            found += [f"{cls.__module__}.{cls.__qualname__}.{n}" for n in _class(cls, attributes)]
        for value, was in self._containers:
            found += _container(value, was)
        for now, was in zip((sys.meta_path, sys.path_hooks), self._hooks, strict=False):
            now[:] = [one for one in now if one in was] or was
        return sorted(set(found))

    def _module(self, name: str, now: dict) -> list[str]:
        was = self._values[name]
        module, own = type(sys), self._is_check(name)
        found = [
            key
            for key, value in was.items()
            if now.get(key, was) is not value
            and not key.startswith("__")
            and (own or callable(value) or isinstance(value, module))
            and key != "_"
        ]
        for key in found:
            now[key] = was[key]
        if own or name == "builtins":
            for key in [key for key in now if key not in was and key != "_"]:
                if sys.modules.get(f"{name}.{key}") is not now[key]:
                    del now[key]
                    found.append(key)
        return found

    @staticmethod
    def _function(function: Any, kept: tuple, attributes: dict, held: list) -> bool:
        changed = False
        now = (function.__code__, function.__defaults__, function.__kwdefaults__ or {})
        if now[0] is not kept[0] or now[1] is not kept[1] or now[2] != kept[2]:
            function.__code__, function.__defaults__ = kept[:2]
            function.__kwdefaults__ = dict(kept[2]) or None
            changed = True
        if dict(vars(function)) != attributes:
            vars(function).clear()
            vars(function).update(attributes)
            changed = True
        for cell, value in zip(
            [c for c in function.__closure__ or () if _full(c)], held, strict=False
        ):
            if cell.cell_contents is not value:
                cell.cell_contents = value
                changed = True
        return changed


def _full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _class(cls: type, was: dict) -> list[str]:
    skipped = ("__dict__", "__weakref__", "__doc__", "__module__", "__abstractmethods__",
               "_abc_impl", "__annotations__")  # fmt: skip
    now, found = dict(vars(cls)), []
    for key in [key for key in {**now, **was} if key not in skipped]:
        if now.get(key, cls) is not was.get(key, cls):
            found.append(key)
            with contextlib.suppress(AttributeError, TypeError):
                setattr(cls, key, was[key]) if key in was else delattr(cls, key)
    return found


def _container(value: Any, was: Any) -> list[str]:
    import copy

    try:
        same = type(value) is type(was) and value == was
    except Exception:
        same = True  # of arrays, for example
    if same:
        return []
    value.clear()
    fresh = copy.deepcopy(was)
    value.extend(fresh) if isinstance(value, list) else value.update(fresh)
    return ["data of the checks"]


# ---------------------------------------------------------------- what a cell puts out


class _Outputs:
    """Collects what a cell puts out, up to a number of characters."""

    def __init__(self, room: int) -> None:
        self._room, self._total, self._list = room, room * 20, []
        self._left, self._cut = room, False

    def attach(self, shell: Any) -> None:
        """Make a shell put its outputs here."""
        shell.put = self
        shell.displayhook.put = shell.display_pub.put = self
        self._streams = {name: _Stream(self, name) for name in ("stdout", "stderr")}

    def start(self) -> None:
        """Begin a cell."""
        self._list, self._cut = [], False
        self._left = min(self._room, self._total)
        for name, stream in self._streams.items():
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)

    def taken(self) -> list[dict]:
        """The cell's outputs."""
        outputs, self._list = self._list, []
        for output in outputs:
            if output["output_type"] == "stream":
                output["text"] = "".join(output["text"])
        if self._cut:
            text = "\n[the grader cut this cell's output here]\n"
            outputs.append({"output_type": "stream", "name": "stdout", "text": text})
        return outputs

    def _fits(self, size: int) -> bool:
        if size > self._left:
            self._cut = True
            return False
        self._left -= size
        self._total -= size
        return True

    def write(self, name: str, text: str) -> None:
        """What the code printed."""
        if self._left <= 0:
            self._cut = True
            return
        text = text[: self._left] if len(text) > self._left else text
        if not self._fits(len(text) + 1):
            self._left = 0
            return
        last = self._list[-1] if self._list else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"].append(text)
        else:
            self._list.append({"output_type": "stream", "name": name, "text": [text]})

    def show(self, kind: str, data: dict, metadata: dict | None) -> None:
        """What the code displayed."""
        made = {}
        for mime, value in data.items():
            if isinstance(value, bytes):
                value = base64.b64encode(value).decode()
            made[str(mime)] = value if isinstance(value, str) or "json" in mime else str(value)
        try:
            size = len(json.dumps([made, metadata]))
        except (TypeError, ValueError):
            made, metadata, size = {"text/plain": "[not JSON]"}, {}, 20
        if self._fits(size):
            output = {"output_type": kind, "data": made, "metadata": metadata or {}}
            if kind == "execute_result":
                output["execution_count"] = None
            self._list.append(output)

    def error(self, error: BaseException, name: str = "") -> None:
        """What the code raised. The last error of a cell is always kept."""
        kind = type(error).__name__
        try:
            text = str(error)[:4000]
        except BaseException:
            text = "(its text could not be made)"
        try:
            made = traceback.TracebackException(
                type(error), error, _own_frames(error.__traceback__), limit=-12
            )
            lines = [line.rstrip("\n")[:2000] for line in made.format(chain=False)][-60:]
        except BaseException:
            lines = [f"{kind}: {text}"]
        self._list.append(
            {"output_type": "error", "ename": str(kind)[:200], "evalue": text, "traceback": lines}
        )


def _own_frames(tb: Any) -> Any:
    """A traceback without the frames of the grader and of IPython at its beginning."""
    while tb is not None and tb.tb_next is not None:
        file = tb.tb_frame.f_code.co_filename
        if not (file == __file__ or "IPython" in file or file.endswith("asyncio/runners.py")):
            break
        tb = tb.tb_next
    return tb


class _Stream(io.TextIOBase):
    encoding, errors, closed = "utf-8", "strict", False

    def __init__(self, outputs: _Outputs, name: str) -> None:
        self._put, self.name = outputs, name

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._put.write(self.name, str(text))
        return len(text)

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def fileno(self) -> int:
        return {"stdout": 1, "stderr": 2}[self.name]


def _shell_class() -> type:
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type

    class Hook(DisplayHook):
        def __call__(self, result: Any = None) -> None:
            if result is not None and not self.quiet():
                data, metadata = self.shell.display_formatter.format(result)
                if data:
                    self.put.show("execute_result", data, metadata)
                self.update_user_ns(result)

    class Publisher(DisplayPublisher):
        def publish(self, data: dict, metadata: dict | None = None, **_: Any) -> None:
            self.put.show("display_data", data, metadata)

        def clear_output(self, wait: bool = False) -> None:
            pass

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
            error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
            self.put.error(error)

        def showsyntaxerror(self, *_: Any, **__: Any) -> None:
            self.put.error(sys.exc_info()[1])

        def showindentationerror(self) -> None:
            self.put.error(sys.exc_info()[1])

        def init_history(self) -> None:
            super().init_history()

        def enable_gui(self, gui: Any = None) -> None:
            pass

    return Shell


if __name__ == "__main__":
    main()
