"""A list of the system calls that the decode child may still make, as a seccomp filter; any other one ends it.

Classic BPF written out here (seccomp(2), linux/filter.h): load a word, compare, return. Standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from typing import Final, NamedTuple

PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_KILL_PROCESS: Final = 0x8000_0000
_ERRNO: Final = 0x0005_0000
_ALLOW: Final = 0x7FFF_0000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_AT_NUMBER, _AT_MACHINE, _AT_THIRD_ARGUMENT = 0, 4, 32
_PROT_EXEC: Final = 4
PROBE_ERRNO: Final = errno.ENOANO
"""What the call `sysinfo`, which nobody here needs, answers once the filter stands: so it is proved without dying."""


class Machine(NamedTuple):
    """Numbers of one processor's system calls: `AUDIT_ARCH_…`, the free ones, those that may not ask for PROT_EXEC, the probe."""

    audit: int
    calls: tuple[int, ...]
    memory: tuple[int, int]
    probe: int


# read write close munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sched_yield mremap madvise nanosleep getpid sendto recvfrom exit
# gettimeofday getrusage sigaltstack gettid futex sched_getaffinity restart_syscall clock_gettime clock_getres clock_nanosleep
# exit_group getrandom; then mmap and mprotect; then sysinfo. (asm/unistd_64.h, asm-generic/unistd.h)
MACHINES: Final = {
    "x86_64": Machine(
        0xC000_003E,
        (0, 1, 3, 11, 12, 13, 14, 15, 24, 25, 28, 35, 39, 44, 45, 60, 96, 98, 131, 186, 202, 204, 219, 228, 229, 230, 231, 318),
        (9, 10),
        99,
    ),
    "aarch64": Machine(
        0xC000_00B7,
        (
            63,
            64,
            57,
            215,
            214,
            134,
            135,
            139,
            124,
            216,
            233,
            101,
            172,
            206,
            207,
            93,
            169,
            165,
            132,
            178,
            98,
            123,
            128,
            113,
            114,
            115,
            94,
            278,
        ),
        (222, 226),
        179,
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def program(machine: Machine) -> bytes:
    """The filter's instructions, 8 bytes each: u16 code, u8 jump when true, u8 jump when false, u32 operand."""
    lines = [(_LOAD, 0, 0, _AT_MACHINE), (_EQUAL, 1, 0, machine.audit), (_RETURN, 0, 0, _KILL_PROCESS), (_LOAD, 0, 0, _AT_NUMBER)]
    for number in machine.calls:
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    lines += [(_EQUAL, 0, 1, machine.probe), (_RETURN, 0, 0, _ERRNO | PROBE_ERRNO)]
    first, second = machine.memory
    lines += [(_EQUAL, 1, 0, first), (_EQUAL, 0, 3, second), (_LOAD, 0, 0, _AT_THIRD_ARGUMENT)]
    lines += [(_ANY_BIT, 1, 0, _PROT_EXEC), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _KILL_PROCESS)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def machine() -> Machine:
    """Raises OSError on a processor whose calls are not known here."""
    known = MACHINES.get(platform.machine())
    if known is None:
        raise OSError(errno.ENOSYS, f"no list of calls for {platform.machine()}")
    return known


def forbid(allowed: Machine) -> None:
    """From here on the calling process can do no more than compute and talk on the sockets it holds. Raises OSError."""
    code = program(allowed)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    library = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if library.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    if library.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), ctypes.byref(filter_), zero, zero) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def stands(allowed: Machine) -> bool:
    """Whether the filter judges this process: the probe's answer is its own."""
    library = ctypes.CDLL(None, use_errno=True)
    scratch = ctypes.create_string_buffer(256)
    return library.syscall(ctypes.c_long(allowed.probe), scratch) == -1 and ctypes.get_errno() == PROBE_ERRNO
