"""Every file operation of the recorder, numbered: recorded in a log, failed at the N-th, or the process ended in its midst.

In: `WatchedFiles`, a `Files` around another, and what may watch it (`Log`, `Fail`, `Exit`).
Not here: which disk states a log allows after a power cut (replay).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from vms.storage.files import Files, RealFiles

SECTOR_BYTES = 512
KILLED = 137  # what a shell says of a process that got SIGKILL
CHANGING = frozenset({"make_dir", "create", "write", "truncate", "fsync", "fsync_dir", "syncfs", "rename", "unlink"})
"""Operations that change a disk or promise that it changed."""
SYNCING = frozenset({"fsync", "fsync_dir", "syncfs"})


class Op(NamedTuple):
    """One operation. `path` is relative to the volume; `size` is that of a truncate, `to` the new name."""

    name: str
    path: str
    offset: int = 0
    data: bytes = b""
    size: int = 0
    to: str = ""


class Watcher(Protocol):
    """`before` may raise or end the process; what it raises is what the operation answers. `after` sees only what was done."""

    def before(self, op: Op, files: Files, fd: int) -> None: ...
    def after(self, op: Op) -> None: ...


class Log:
    """What was done, in order; `mark` adds entries that are no file operations, such as the commit of a row."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._lock = threading.Lock()

    def before(self, op: Op, files: Files, fd: int) -> None: ...

    def after(self, op: Op) -> None:
        with self._lock:
            self.ops.append(op)

    def mark(self, name: str, path: str) -> None:
        self.after(Op(name, path))

    def count(self, names: frozenset[str] = CHANGING) -> int:
        return sum(op.name in names for op in self.ops)


@dataclass
class Fail:
    """`error` at the N-th operation (from 1) among `names`, and at the `times` − 1 that follow; `torn` writes a part of the bytes first."""

    at: int
    error: int
    names: frozenset[str] = CHANGING
    times: int = 1
    torn: bool = False
    where: str = ""
    """Only operations whose path contains it."""
    seen: int = 0
    injected: list[Op] = field(default_factory=list[Op])

    def before(self, op: Op, files: Files, fd: int) -> None:
        if op.name not in self.names or self.where not in op.path:
            return
        self.seen += 1
        if self.at <= self.seen < self.at + self.times:
            self.injected.append(op)
            if self.torn and op.name == "write":
                files.write(fd, [op.data[: len(op.data) // 2 // SECTOR_BYTES * SECTOR_BYTES or len(op.data) // 2]])
            raise OSError(self.error, os.strerror(self.error))

    def after(self, op: Op) -> None: ...


@dataclass
class Exit:
    """The process is gone at the N-th operation among `names`, as by SIGKILL: before it, in the midst of a write, or right after it."""

    at: int
    names: frozenset[str] = CHANGING
    when: str = "before"
    seen: int = 0
    leave: Callable[[int], object] = os._exit

    def before(self, op: Op, files: Files, fd: int) -> None:
        if op.name not in self.names:
            return
        self.seen += 1
        if self.seen != self.at or self.when == "after":
            return
        if self.when == "midst" and op.name == "write":
            files.write(fd, [op.data[: len(op.data) // 2]])
        self.leave(KILLED)

    def after(self, op: Op) -> None:
        if self.when == "after" and self.seen == self.at and op.name in self.names:
            self.leave(KILLED)


class WatchedFiles:
    """`Files` that tells its watchers of every operation before and after it; a failed one has no `after`."""

    def __init__(self, *watchers: Watcher, inner: Files | None = None) -> None:
        self._inner: Files = inner or RealFiles()
        self._watchers = watchers
        self._paths: dict[int, str] = {}

    def open_root(self, path: str) -> int:
        return self._inner.open_root(path)

    def make_dir(self, root: int, path: str) -> bool:
        op = self._before(Op("make_dir", path), root)
        made = self._inner.make_dir(root, path)
        if made:
            self._after(op)
        return made

    def create(self, root: int, path: str) -> int:
        op = self._before(Op("create", path), root)
        fd = self._inner.create(root, path)
        self._paths[fd] = path
        self._after(op)
        return fd

    def open(self, root: int, path: str, *, write: bool = False) -> int:
        op = self._before(Op("open", path), root)
        fd = self._inner.open(root, path, write=write)
        self._paths[fd] = path
        self._after(op)
        return fd

    def lock(self, fd: int, *, wait: bool = False) -> bool:
        return self._inner.lock(fd, wait=wait)

    def write(self, fd: int, parts: Sequence[bytes]) -> None:
        op = self._before(Op("write", self._paths[fd], self._inner.size(fd), b"".join(parts)), fd)
        self._inner.write(fd, [op.data])
        self._after(op)

    def read_at(self, fd: int, size: int, offset: int) -> bytes:
        op = self._before(Op("read_at", self._paths[fd], offset, size=size), fd)
        data = self._inner.read_at(fd, size, offset)
        self._after(op)
        return data

    def size(self, fd: int) -> int:
        return self._inner.size(fd)

    def truncate(self, fd: int, size: int) -> None:
        op = self._before(Op("truncate", self._paths[fd], size=size), fd)
        self._inner.truncate(fd, size)
        self._after(op)

    def fsync(self, fd: int) -> None:
        op = self._before(Op("fsync", self._paths[fd]), fd)
        self._inner.fsync(fd)
        self._after(op)

    def fsync_dir(self, root: int, path: str) -> None:
        op = self._before(Op("fsync_dir", path), root)
        self._inner.fsync_dir(root, path)
        self._after(op)

    def syncfs(self, root: int) -> None:
        op = self._before(Op("syncfs", ""), root)
        self._inner.syncfs(root)
        self._after(op)

    def close(self, fd: int) -> None:
        self._paths.pop(fd, None)
        self._inner.close(fd)

    def rename(self, root: int, old: str, new: str) -> None:
        op = self._before(Op("rename", old, to=new), root)
        self._inner.rename(root, old, new)
        self._after(op)

    def unlink(self, root: int, path: str) -> None:
        op = self._before(Op("unlink", path), root)
        self._inner.unlink(root, path)
        self._after(op)

    def walk(self, root: int) -> Iterator[tuple[str, int]]:
        return self._inner.walk(root)

    def names(self, root: int, folder: str) -> list[str]:
        return self._inner.names(root, folder)

    def free_bytes(self, root: int) -> int:
        return self._inner.free_bytes(root)

    def capacity_bytes(self, root: int) -> int:
        return self._inner.capacity_bytes(root)

    def forget(self, fd: int) -> None:
        self._inner.forget(fd)

    def remove_dir(self, root: int, path: str) -> bool:
        """Only empty folders of days gone by: no file's fate hangs on it."""
        return self._inner.remove_dir(root, path)

    def die(self) -> None:
        """What the kernel does for a dead writer: its descriptors close, and its locks go with them."""
        for fd in tuple(self._paths):
            self.close(fd)

    def _before(self, op: Op, fd: int) -> Op:
        for watcher in self._watchers:
            watcher.before(op, self._inner, fd)
        return op

    def _after(self, op: Op) -> None:
        for watcher in self._watchers:
            watcher.after(op)
