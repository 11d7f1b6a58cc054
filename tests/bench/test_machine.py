"""What the machine is, and what processes take of it."""

import subprocess
import sys

from workbook.bench import machine

CODE = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
CHILD = "b = b'1' * 200_000_000; del b; sum(range(3_000_000)); print('x', flush=True); input()"


def test_a_server_is_counted_with_its_children():
    parent = subprocess.Popen(
        [sys.executable, "-c", CODE, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        parent.stdout.readline()
        assert len(machine.family(parent.pid)) == 2
        assert machine.peak_resident(parent.pid) > 200_000_000  # also after it was given back
        assert machine.resident(parent.pid) < 200_000_000
        assert machine.cpu_seconds(parent.pid) > 0
        assert machine.threads(parent.pid) >= 2
    finally:
        parent.communicate(b"\n")
    assert machine.family(parent.pid) == []


def test_a_server_without_a_process_has_no_figures():
    for ask in (machine.resident, machine.peak_resident, machine.cpu_seconds, machine.threads):
        assert ask(None) is None


def test_the_machine_is_described():
    found = machine.describe()
    assert 1 <= found.physical_cores <= found.logical_cores
    assert found.memory_bytes > 10**8 and found.fields()["processor"] == found.processor
    assert f"{found.logical_cores} logical" in str(found)


def test_everybodys_processor_time_grows():
    before = machine.busy_seconds()
    sum(range(3_000_000))
    assert machine.busy_seconds() > before > 0
