"""A filter of system calls for the sandbox: what code from a model never needs is refused.

Some calls get memory that belongs to no process, so that no limit on processes counts it; the
others reach parts of the kernel where faults have let programs out of boxes. The filter is a
classic BPF program, as the kernel documents it (userspace-api/seccomp_filter); a refused call
fails with EPERM. Numbers are those of the kernel's tables of system calls.
"""

import errno
import platform
import struct

_TABLES = {
    "x86_64": (0xC000003E, {
        "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "msgget": 68,
        "io_uring_setup": 425, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
        "add_key": 248, "request_key": 249, "keyctl": 250, "ptrace": 101,
        "process_vm_readv": 310, "process_vm_writev": 311, "unshare": 272, "setns": 308,
        "mount": 165, "umount2": 166, "pivot_root": 155, "open_tree": 428, "move_mount": 429,
        "fsopen": 430, "fsmount": 432, "kexec_load": 246, "init_module": 175,
        "finit_module": 313,
    }),
    "aarch64": (0xC00000B7, {
        "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "msgget": 186,
        "io_uring_setup": 425, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
        "add_key": 217, "request_key": 218, "keyctl": 219, "ptrace": 117,
        "process_vm_readv": 270, "process_vm_writev": 271, "unshare": 97, "setns": 268,
        "mount": 40, "umount2": 39, "pivot_root": 41, "open_tree": 428, "move_mount": 429,
        "fsopen": 430, "fsmount": 432, "kexec_load": 104, "init_module": 105,
        "finit_module": 273,
    }),
}  # fmt: skip
"""A machine's mark in the kernel, and the numbers of the calls that are refused on it."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _MACHINE = 0, 4
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_X32 = 0x40000000
"""From here on are the same calls for x86-64's 32-bit pointers."""


def program(machine: str = "") -> bytes:
    """The filter for a machine (this one when left out), as `bwrap --seccomp` reads it; empty for
    a machine whose numbers are not known here."""
    machine = machine or platform.machine()
    if machine not in _TABLES:
        return b""
    mark, numbers = _TABLES[machine]
    lines = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, mark), (_RETURN, 0, 0, _KILL)]
    lines.append((_LOAD, 0, 0, _NUMBER))
    tests = [(_AT_LEAST, _X32), *((_EQUAL, number) for number in sorted(numbers.values()))]
    for place, (test, number) in enumerate(tests):
        lines.append((test, len(tests) - place, 0, number))  # to the last line
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
