"""One node per volume: a lock on the volume itself, shared by the node's processes and kept until the last of them dies.

flock(2) cannot turn an exclusive lock into a shared one at a stroke, so who got the exclusive lock writes the node's word
into the file, and everybody reads it again once the lock is shared: whoever came between has left its own word there.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from vms.base.errors import Kind, VmsError

LOCK = "volume.lock"
_MAX_WORD_BYTES = 4096


def holder_of(data_dir: str) -> str:
    """The word of the node that lives in this data directory on this machine, until the machine is started again."""
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text('ascii').strip()} {Path(data_dir).resolve()}"


def hold(root: int, holder: str, path: str) -> int:
    """The descriptor that keeps the volume. Raises CONFLICT when another node has it, OSError."""
    fd = os.open(LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640, dir_fd=root)  # to be held, not to be written
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # somebody has it: one of us, or another node
        else:
            _write_word(root, holder)
        fcntl.flock(fd, fcntl.LOCK_SH)  # the exclusive lock is held for the two calls above only
        word = os.pread(fd, _MAX_WORD_BYTES, 0).decode(errors="replace")
        if word != holder:
            raise VmsError(Kind.CONFLICT, "the volume is in use by another node", path=path, holder=word.partition(" ")[2][:200])
    except BaseException:
        os.close(fd)
        raise
    return fd


def _write_word(root: int, holder: str) -> None:
    fd = os.open(LOCK, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=root)
    try:
        os.pwrite(fd, holder.encode(), 0)
    finally:
        os.close(fd)
