"""A launcher, run by path before another program: `as_child.py PARENT UID PROGRAM ARGUMENT…`.

It ties the program's life to its parent (PARENT is the pid to die with) and, when UID is not `-`, moves it into a user
namespace where this user is UID: that is how PostgreSQL, which refuses to run as root, runs under root without another
account, while its files stay ours. A program of its own, because code between fork and exec is not safe in a process
with threads. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def enter_namespace(uid: int) -> None:
    """Become `uid` in a namespace of one user and one group, both mapped to our own (user_namespaces(7))."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{uid} {outer_gid} 1")


def die_with(parent: int, number: signal.Signals = signal.SIGINT) -> None:
    """Have the kernel send `number` when the parent dies. After the namespace: a change of credentials forgets it."""
    _call("prctl", _PR_SET_PDEATHSIG, number.value)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def _call(name: str, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library[name](*(ctypes.c_ulong(a) for a in arguments)) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def main(arguments: list[str]) -> None:
    parent, uid, *command = arguments
    if uid != "-":
        enter_namespace(int(uid))
    die_with(int(parent))
    os.execv(command[0], command)  # noqa: S606 no shell is wanted


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as failure:
        sys.exit(f"as_child: {failure}")
