"""The walls round the decode child: each one raised, then tried by an act that it must stop.

`network`: an own network namespace without an interface. `files`: Landlock without a single rule. `limits`: memory, processor
time, files. `calls`: the system-call filter (seccomp), which alone also stops Unix sockets, signals and new programs. A wall's
answer is "" when it stands, else why it does not. Not here: who refuses to work without which (client). Standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import socket
import sys
from collections.abc import Callable

from vms.decode import seccomp

WALLS = ("network", "files", "limits", "calls")
MEMORY_BYTES = 1024**3
CPU_S = 900
"""Of a whole life; the child ends by itself well before."""
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x1000_0000, 0x4000_0000, 0x0800_0000
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_FILE_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}  # by ABI: all that it can handle (linux/landlock.h)
_TCP_RIGHTS, _SCOPES = 0x3, 0x3
_LIMITS = (
    (resource.RLIMIT_AS, MEMORY_BYTES),
    (resource.RLIMIT_CPU, CPU_S),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_NPROC, 0),
    (resource.RLIMIT_NOFILE, 0),
)


class Standing(Exception):
    """A wall was raised but does not stop what it should."""


def raise_early() -> dict[str, str]:
    """The wall that must stand before libraries start threads."""
    return {"network": _why_not(_no_network)}


def raise_late() -> dict[str, str]:
    """The others, when everything is loaded and open that will ever be."""
    return {"files": _why_not(_no_files), "limits": _why_not(_limits), "calls": _why_not(_calls)}


def _why_not(wall: Callable[[], None]) -> str:
    try:
        wall()
    except (OSError, ValueError, Standing) as failure:
        return str(failure)[:100] or type(failure).__name__
    return ""


def _no_network() -> None:
    _called("unshare", _CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(("127.0.0.1", 9)) != errno.ENETUNREACH:
            raise Standing("a network can be reached")


def _no_files() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    abi = library.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    if abi < 1:
        raise OSError(ctypes.get_errno(), "this kernel has no Landlock")
    fields = [_FILE_RIGHTS[min(abi, max(_FILE_RIGHTS))], *([_TCP_RIGHTS] if abi >= 4 else []), *([_SCOPES] if abi >= 6 else [])]
    rules = (ctypes.c_uint64 * len(fields))(*fields)
    ruleset = library.syscall(_LANDLOCK_CREATE, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), ctypes.c_uint(0))
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    try:
        _called("prctl", seccomp.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if library.syscall(_LANDLOCK_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint(0)) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(ruleset)
    _must_fail(lambda: os.close(os.open(sys.executable, os.O_RDONLY)), errno.EACCES, "files can be opened")


def _limits() -> None:
    for number, most in _LIMITS:
        hard = resource.getrlimit(number)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (value, value))
    _must_fail(lambda: os.close(os.pipe()[0]), errno.EMFILE, "descriptors can be opened")
    _must_fail(lambda: mmap.mmap(-1, MEMORY_BYTES).close(), errno.ENOMEM, "memory has no bound")


def _calls() -> None:
    allowed = seccomp.machine()
    seccomp.forbid(allowed)
    if not seccomp.stands(allowed):
        raise Standing("the filter judges nothing")


def _must_fail(act: Callable[[], None], number: int, otherwise: str) -> None:
    try:
        act()
    except OSError as refused:
        if refused.errno == number:
            return
        raise
    raise Standing(otherwise)


def _called(name: str, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library[name](*(ctypes.c_ulong(a) for a in arguments)) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
