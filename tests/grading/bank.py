"""Hostile submissions, each with its documented result: what a grader of strangers' code meets.

They are made for a lab of two exercises of 3 points: `f1()` must give 1 and `f2()` must give 2.
Every case solves exercise 1 (where it can) and attacks with a cell of its own or from inside f2.
"""

import json
from dataclasses import dataclass, field

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

LAB, OTHER = "lab90", "lab91"
RIGHT_1, RIGHT_2 = "def f1():\n    return 1", "def f2():\n    return 2"


def named(name, source, **nbgrader):
    base = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    cell = new_code_cell(source, id=name.replace("_", "-"))
    cell.metadata["nbgrader"] = base | {"grade_id": name} | nbgrader
    return cell


def _test(number, lab):
    source = (
        f"checks_lab.same_number('f{number}()', f{number}(), {number}, {{}}, 'not {number}')\n"
        "### BEGIN HIDDEN TESTS\n"
        f"assert type(f{number}()) is int, 'not an int'\n"
        "### END HIDDEN TESTS\nprint('passed')"
    )
    return named(f"exercise_{number}_test", source, grade=True, locked=True, points=3)


def book(first=RIGHT_1, second=RIGHT_2, extra="", lab=LAB):
    """The lab's notebook with these answers, and a cell of the student's before the last test."""
    prefix = "exercise" if lab == LAB else "other"
    setup = "import time\nfrom workbook.course import checks as checks_lab"
    cells = [
        named("setup", setup, locked=True),
        named(
            f"{prefix}_1_answer", f"### BEGIN SOLUTION\n{first}\n### END SOLUTION", solution=True
        ),
        _test(1, lab),
        named(
            f"{prefix}_2_answer", f"### BEGIN SOLUTION\n{second}\n### END SOLUTION", solution=True
        ),
        _test(2, lab),
    ]
    if extra:
        cells.insert(4, new_code_cell(extra, id="extra"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return new_notebook(cells=cells, metadata=kernel)


@dataclass(frozen=True)
class Case:
    """One hostile submission. content: a notebook, or the file's bytes; points: of 6; graded:
    whether it is executed to its end; says: what its reason or a cell's message holds; flag: what
    a person is pointed to. harmless: the points where the attack does nothing, by the moment at
    which it comes or the limit that it meets first."""

    content: object
    points: float
    graded: bool = True
    says: str = ""
    flag: str = ""
    harmless: float | None = None
    files: dict = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        if isinstance(self.content, bytes):
            return self.content
        return nbformat.writes(self.content).encode()


def _inside(*lines):
    """f2 with these lines in its body, which then gives a wrong number."""
    return "def f2():\n" + "".join(f"    {line}\n" for line in lines) + "    return 7"


def _without(*numbers):
    made = book(second="def f2():\n    return 7")
    made.cells = [cell for n, cell in enumerate(made.cells) if n not in numbers]
    return made


def _retyped():
    made = book(second="def f2():\n    return 7")
    cell = made.cells[4]
    made.cells[4] = new_markdown_cell(cell.source, id=cell.id, metadata=cell.metadata)
    return made


def _duplicated():
    made = book(second="def f2():\n    return 7")
    copy = nbformat.from_dict(json.loads(json.dumps(made.cells[4])))
    copy["id"], copy.source = "copy", "print('passed')"
    made.cells.insert(0, copy)
    return made


def _rewritten():
    made = book(second="def f2():\n    return 7")
    made.cells[4].source = "print('passed')"
    made.cells[4].metadata.nbgrader["points"] = 300
    return made


def _huge():
    made = book()
    made.cells.append(new_markdown_cell("x" * (21 * 2**20), id="huge"))
    return made


def _many():
    made = book()
    made.cells += [new_code_cell("1", id=f"c{n}") for n in range(2500)]
    return made


def _null_in_cell():
    return book(extra="x = '\0'")


EQUAL = """class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = None
    def __format__(self, spec): return '2'
def f2():
    return Equal()"""

FORGE = [
    "import json, os, re",
    "for fd in range(3, 64):",
    "    for secret in ('', 'a' * 32):",
    "        record = {'kind': 'cell', 'cell': 5, 'outputs': [], 'notes': [], 'secret': secret}",
    "        try:",
    "            os.write(fd, json.dumps(record).encode() + b'\\n')",
    "        except OSError:",
    "            pass",
]
STEAL = [
    "import json, os, select",
    "for fd in range(3, 64):",
    "    try:",
    "        if select.select([fd], [], [], 0)[0]:",
    "            os.read(fd, 4096)",
    "    except (OSError, ValueError):",
    "        pass",
]
TRACED = """import sys
def skip(frame, event, arg):
    if frame.f_code.co_name == 'same_number':
        frame.f_trace_lines = False
    return skip
sys.settrace(skip)"""

CASES = {
    # time, memory, processes, output
    "endless_loop": Case(book(_inside("while True: pass").replace("f2", "f1")), 3,
                         says="This cell took too long and was stopped."),
    "endless_and_deaf": Case(book(second=_inside(
        "while True:", "    try:", "        time.sleep(1)", "    except BaseException:",
        "        pass")), 0, False, "could not be interrupted"),
    "signal_handlers": Case(book(extra="import signal\nfor s in (2, 14, 15):\n"
                                 "    signal.signal(s, signal.SIG_IGN)\nwhile True:\n    pass"),
                            0, False, "could not be interrupted"),
    "fork_bomb": Case(book(second=_inside("import os", "while True:", "    os.fork()")), 0, False,
                      "of memory", harmless=3),  # the limit of processes may come first
    "threads_until_refused": Case(book(second=_inside(
        "import threading", "for _ in range(500):",
        "    threading.Thread(target=time.sleep, args=(60,)).start()")), 3,
        says="can't start new thread"),
    "memory": Case(book(second=_inside("kept = []", "while True:",
                                       "    kept.append(bytearray(2**26))")), 0, False,
                   "of memory"),
    "one_large_block": Case(book(second=_inside("bytearray(2**40)")), 3, says="MemoryError"),
    "hundred_megabytes_of_output": Case(book(second="def f2():\n    for _ in range(100):\n"
                                             "        print('x' * 2**20)\n    return 2"), 6),
    "full_disk": Case(book(second=_inside("open('big', 'wb').write(bytes(2**25))")), 3,
                      says="OSError"),
    "recursion": Case(book(second="def f2():\n    return f2()"), 3, says="RecursionError"),
    "background_threads": Case(book(extra="import threading\ndef spin():\n    while True:\n"
                                    "        time.sleep(0.01)\nfor _ in range(8):\n"
                                    "    threading.Thread(target=spin).start()"), 6),
    # ending early
    "os_exit": Case(book(second=_inside("import os", "os._exit(0)")), 0, False, "process"),
    "killed_by_itself": Case(book(second=_inside("import os", "os.kill(os.getpid(), 9)")), 0,
                             False, "it was killed"),
    "crash": Case(book(second=_inside("import ctypes", "ctypes.string_at(0)")), 0, False,
                  "it crashed", ),
    "sys_exit_in_a_test": Case(book(second=_inside("import sys", "sys.exit(0)")), 3,
                               says="SystemExit"),
    "atexit": Case(book(second=_inside("import atexit, os",
                                       "atexit.register(os._exit, 0)")), 3, flag="uses atexit"),
    # changing the tests
    "deleted_tests": Case(_without(2, 4), 3, says="not 2"),
    "duplicated_test": Case(_duplicated(), 3, says="not 2"),
    "retyped_test": Case(_retyped(), 3, says="not 2"),
    "rewritten_test": Case(_rewritten(), 3, says="not 2"),
    # deceiving the tests
    "equal_to_everything": Case(book(second=EQUAL), 3, says="Equal"),
    "patched_assert": Case(book(second=_inside("pass"), extra="import builtins\n"
        "class AssertionError(Exception): pass\nbuiltins.AssertionError = AssertionError"), 3,
        says="not 2", flag="builtins.AssertionError"),
    "patched_check": Case(book(second=_inside("pass"), extra="from workbook.course import checks\n"
        "checks.same_number = lambda *a: None\nchecks_lab = None"), 3, says="not 2",
        flag="put back workbook.course.checks.same_number"),
    "patched_code": Case(book(second=_inside("pass"), extra="from workbook.course import checks\n"
        "checks.same_number.__code__ = (lambda *a, **k: None).__code__"), 3, says="not 2",
        flag="put back workbook.course.checks.same_number"),
    "patched_mistake": Case(book(second=_inside("pass"), extra="from workbook.course.checks import "
        "Mistake\nMistake.__new__ = lambda cls, *a: 1"), 3, says="not 2", flag="Mistake"),
    "patched_while_tested": Case(book(second=_inside(
        "import builtins", "builtins.type = lambda x: int")), 3,
        says="the code changed what belongs to the grader"),
    "shadowed_print": Case(book(second=_inside("pass"), extra="type = lambda x: int\n"
        "checks_lab = type('C', (), {})"), 3),
    "traced": Case(book(second=_inside("pass"), extra=TRACED), 3, says="not 2",
                   flag="uses settrace"),
    "forged_record": Case(book(second=_inside(*FORGE)), 0, False, "a result of its own"),
    "stolen_secret": Case(book(second=_inside(*STEAL)), 0, False, "a result of its own",
        harmless=3),  # the next cell's secret is not there yet
    # looking around
    "reads_gradebook": Case(book(second="def f2():\n    from pathlib import Path\n"
        "    from workbook import paths\n"
        "    places = [paths.ROOT / 'solutions', paths.ROOT / 'tests', paths.BUILD / 'grades']\n"
        "    return 7 if any(p.exists() for p in places) else 2"), 6),
    "network": Case(book(second=_inside("import socket",
        "socket.create_connection(('192.0.2.1', 80), timeout=2)")), 3, says="unreachable"),
    "writes_to_the_checkout": Case(book(second=_inside("import workbook",
        "open(workbook.__file__, 'a')")), 3, says="workbook/__init__.py"),
    "kills_others": Case(book(second=_inside("import os", "os.kill(1, 9)",
        "os.kill(os.getppid(), 9)")), 3, says="PermissionError"),
    "leaves_a_daemon": Case(book(second="def f2():\n    import os\n    if os.fork() == 0:\n"
        "        os.setsid()\n        if os.fork() == 0:\n            time.sleep(600)\n"
        "        os._exit(0)\n    return 2"), 6),
    "leaves_files": Case(book(second="def f2():\n    import os\n"
        "    if os.path.isdir('/submission/a'):\n        return 2\n"
        "    os.makedirs('/submission/a/b')\n"
        "    open('/submission/a/b/c', 'w').close()\n    os.chmod('/submission/a/b', 0)\n"
        "    return 2"), 6),
    # not what was asked for
    "invalid_json": Case(b"{not a notebook", 0, False, "is not a notebook"),
    "null_bytes": Case(b"\0" * 1000, 0, False, "is not a notebook"),
    "deep_json": Case(b"[" * 100_000, 0, False, "is not a notebook"),
    "not_utf8": Case(b"\xff\xfe\x00n\x00o", 0, False, "is not a notebook"),
    "null_byte_in_a_cell": Case(_null_in_cell(), 6),
    "syntax_error": Case(book(second="def f2(:\n    return 2"), 3, says="NameError"),
    "other_lab": Case(book(lab=OTHER), 0, False, "This is the notebook of lab91"),
    "no_answer_cell": Case(new_notebook(cells=[new_code_cell("1", id="a")]), 0, False,
                           "None of the answer cells of lab90"),
    "huge": Case(_huge(), 0, False, "MB, and 21 are the most"),
    "many_cells": Case(_many(), 0, False, "2505 cells, and 2000 are the most"),
}  # fmt: skip
