"""A filter of system calls for the sandbox: what code from a model never needs is refused.

Some calls get memory that belongs to no process, so that no limit on processes counts it; the
others reach parts of the kernel where faults have let programs out of boxes. The filter is a
classic BPF program, as the kernel documents it (userspace-api/seccomp_filter); a refused call
fails with EPERM. Numbers are those of the kernel's tables of system calls.
"""

import errno
import platform
import struct

_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's marks of the machines that the filter is made for."""

_REFUSED = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
}
"""The calls that are refused, with their numbers on those machines, in that order."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _MACHINE = 0, 4
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_X32 = 0x40000000
"""From here on are the same calls for x86-64's 32-bit pointers."""


def numbers(machine: str) -> dict[str, int]:
    """The calls that are refused, with their numbers on a machine of _MACHINES."""
    place = list(_MACHINES).index(machine)
    return {call: found[place] for call, found in _REFUSED.items()}


def program(machine: str = "") -> bytes:
    """The filter for a machine (this one when left out), as `bwrap --seccomp` reads it; empty for
    a machine whose numbers are not known here."""
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        return b""
    lines = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, _MACHINES[machine]), (_RETURN, 0, 0, _KILL)]
    lines.append((_LOAD, 0, 0, _NUMBER))
    tests = [(_AT_LEAST, _X32), *((_EQUAL, number) for number in sorted(numbers(machine).values()))]
    for place, (test, number) in enumerate(tests):
        lines.append((test, len(tests) - place, 0, number))  # to the last line
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
