"""The port to the disk: every file operation of the recorder goes through `Files`, so that a test can record, fail or replay each.

In: the operations the write order needs (docs/design/recording.md) and the real ones.
Not here: what is written and in which order (record), where it lies (volumes).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
from collections.abc import Iterator, Sequence
from typing import Protocol

MAX_VECTORS = 512  # Linux takes 1,024 (IOV_MAX)


class Files(Protocol):
    """Paths are relative to `root`, the descriptor of an opened volume: an unmounted volume is never mistaken for its mount point."""

    def open_root(self, path: str) -> int: ...
    def make_dir(self, root: int, path: str) -> bool: ...
    def create(self, root: int, path: str) -> int: ...
    def open(self, root: int, path: str, *, write: bool = False) -> int: ...
    def lock(self, fd: int, *, wait: bool = False) -> bool: ...
    def write(self, fd: int, parts: Sequence[bytes]) -> None: ...
    def read_at(self, fd: int, size: int, offset: int) -> bytes: ...
    def forget(self, fd: int) -> None: ...
    def size(self, fd: int) -> int: ...
    def truncate(self, fd: int, size: int) -> None: ...
    def fsync(self, fd: int) -> None: ...
    def fsync_dir(self, root: int, path: str) -> None: ...
    def syncfs(self, root: int) -> None: ...
    def close(self, fd: int) -> None: ...
    def rename(self, root: int, old: str, new: str) -> None: ...
    def unlink(self, root: int, path: str) -> None: ...
    def remove_dir(self, root: int, path: str) -> bool: ...
    def walk(self, root: int) -> Iterator[tuple[str, int]]: ...
    def names(self, root: int, folder: str) -> list[str]: ...
    def free_bytes(self, root: int) -> int: ...
    def capacity_bytes(self, root: int) -> int: ...


class RealFiles:
    """The kernel's files."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def open_root(self, path: str) -> int:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def make_dir(self, root: int, path: str) -> bool:
        """True when it was made, False when it was there."""
        try:
            os.mkdir(path, 0o750, dir_fd=root)
        except FileExistsError:
            return False
        return True

    def create(self, root: int, path: str) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640, dir_fd=root)

    def open(self, root: int, path: str, *, write: bool = False) -> int:
        mode = os.O_RDWR | os.O_APPEND if write else os.O_RDONLY
        return os.open(path, mode | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=root)

    def lock(self, fd: int, *, wait: bool = False) -> bool:
        """True when nobody else holds the file. It is let go when the descriptor is closed, also by death."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write(self, fd: int, parts: Sequence[bytes]) -> None:
        """All of it, or OSError: a short write goes on where it stopped."""
        for first in range(0, len(parts), MAX_VECTORS):
            some = parts[first : first + MAX_VECTORS] if len(parts) > MAX_VECTORS else parts
            written, wanted = os.writev(fd, some), sum(map(len, some))
            if written != wanted:
                self._write_rest(fd, memoryview(b"".join(some))[written:])

    def read_at(self, fd: int, size: int, offset: int) -> bytes:
        return os.pread(fd, size, offset)

    def forget(self, fd: int) -> None:
        """Drop the file's clean pages from memory, so that the next read comes from the disk and this one pushes nothing out."""
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def fsync_dir(self, root: int, path: str) -> None:
        fd = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def syncfs(self, root: int) -> None:
        """Everything written to the volume's file system is on the disk; the standard library lacks this call."""
        if self._libc.syncfs(root) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    def close(self, fd: int) -> None:
        os.close(fd)

    def rename(self, root: int, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=root, dst_dir_fd=root)

    def unlink(self, root: int, path: str) -> None:
        os.unlink(path, dir_fd=root)

    def remove_dir(self, root: int, path: str) -> bool:
        """True when it was removed; one that holds something, or is gone, is left alone."""
        try:
            os.rmdir(path, dir_fd=root)
        except OSError:
            return False
        return True

    def walk(self, root: int) -> Iterator[tuple[str, int]]:
        """Relative path and size of every segment file."""
        for folder, _, names, fd in os.fwalk(".", dir_fd=root):
            for name in names:
                if name.endswith(".mp4"):
                    yield f"{folder[2:]}/{name}" if len(folder) > 1 else name, os.stat(name, dir_fd=fd, follow_symlinks=False).st_size

    def names(self, root: int, folder: str) -> list[str]:
        """Segment files of one folder; none when there is no such folder."""
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
        except FileNotFoundError:
            return []
        try:
            with os.scandir(fd) as entries:
                return sorted(entry.name for entry in entries if entry.name.endswith(".mp4"))
        finally:
            os.close(fd)

    def free_bytes(self, root: int) -> int:
        state = os.statvfs(root)
        return state.f_bavail * state.f_frsize

    def capacity_bytes(self, root: int) -> int:
        """Without what the file system keeps for root alone, so that free and used add up to it."""
        state = os.statvfs(root)
        return (state.f_blocks - state.f_bfree + state.f_bavail) * state.f_frsize

    def _write_rest(self, fd: int, rest: memoryview) -> None:
        while rest:
            written = os.write(fd, rest)
            if written <= 0:  # a disk that takes nothing and says so politely must not spin us
                raise OSError(5, "the disk took no byte")
            rest = rest[written:]
