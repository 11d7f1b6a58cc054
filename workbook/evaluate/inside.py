"""The first thing that runs in a sandbox's box: it sets the limits, then runs the code.

Standard library only, and no import of the course: `sandbox.py` hands this file's text to a
Python that sees nothing else. The order comes as JSON on standard input.
"""

import json
import os
import resource
import sys


def _confine(limits: dict, uid: int | None) -> None:
    if uid is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    cpu = limits["cpu"]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))  # a signal first, then the end
    for what, most in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["disk"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _run(source: str, file: str, module: dict) -> None:
    exec(compile(source, file, "exec"), module)


def _report(error: BaseException, sources: dict[str, str]) -> None:
    import linecache  # slow to import, and seldom needed
    import traceback

    for file, source in sources.items():
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in sources]
    sys.stderr.write("".join(traceback.format_list(frames)))
    sys.stderr.write("".join(traceback.format_exception_only(error)))


def _main() -> None:
    order = json.load(sys.stdin)
    token = order["token"]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _confine(order["limits"], order["uid"])
    module = {"__name__": order["name"], "__builtins__": __builtins__}
    try:
        _run(order["code"], "answer.py", module)
        _run(order["tests"], "tests.py", module)
    except SystemExit as error:
        print(f"it left with exit({error.code!r}) before its last line", file=sys.stderr)
        sys.exit(3)
    except BaseException as error:
        _report(error, {"answer.py": order["code"], "tests.py": order["tests"]})
        sys.exit(1)
    sys.stdout.write(token)
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
