"""A disk that fails on demand: the kernel's files, every operation numbered, logged, and refused where the test says.

It also keeps the books that the kernel does not show: which files' bytes may be gone, because a sync failed over them. Syncs
are entries in these books only: no test here pulls the plug.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vms.storage.files import RealFiles

Refusal = Callable[[int, str, str], int]
"""(number, operation, path) → errno, or 0 to let it happen."""


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    path: str


class FailingFiles(RealFiles):
    """`refuse` is asked before each operation. Reading is numbered like writing; looking round (walk, names) is not."""

    def __init__(self, refuse: Refusal = lambda number, name, path: 0) -> None:
        super().__init__()
        self.refuse = refuse
        self.log: list[Operation] = []
        self.refused: list[Operation] = []
        self.doubtful: set[str] = set()
        """Files with bytes that a failed write, sync or close may have lost."""
        self._paths: dict[int, str] = {}
        self._unsynced: set[str] = set()

    def make_dir(self, root: int, path: str) -> bool:
        self._step("make_dir", path)
        return super().make_dir(root, path)

    def create(self, root: int, path: str) -> int:
        self._step("create", path)
        fd = super().create(root, path)
        self._paths[fd] = path
        return fd

    def open(self, root: int, path: str, *, write: bool = False) -> int:
        self._step("open", path)
        fd = super().open(root, path, write=write)
        self._paths[fd] = path
        return fd

    def lock(self, fd: int, *, wait: bool = False) -> bool:
        self._step("lock", self._path(fd))
        return super().lock(fd, wait=wait)

    def write(self, fd: int, parts: Sequence[bytes]) -> None:
        path = self._path(fd)
        self._step("write", path, losing={path})
        super().write(fd, parts)
        self._unsynced.add(path)

    def read_at(self, fd: int, size: int, offset: int) -> bytes:
        self._step("read_at", self._path(fd))
        return super().read_at(fd, size, offset)

    def truncate(self, fd: int, size: int) -> None:
        self._step("truncate", self._path(fd))
        super().truncate(fd, size)
        self._unsynced.add(self._path(fd))

    def fsync(self, fd: int) -> None:
        path = self._path(fd)
        self._step("fsync", path, losing=self._unsynced & {path})
        self._unsynced.discard(path)

    def fsync_dir(self, root: int, path: str) -> None:
        self._step("fsync_dir", path)

    def syncfs(self, root: int) -> None:
        self._step("syncfs", "", losing=set(self._unsynced))
        self._unsynced.clear()

    def close(self, fd: int) -> None:
        """As in Linux the descriptor is gone even when closing fails."""
        path = self._paths.pop(fd, "")
        super().close(fd)
        self._step("close", path, losing=self._unsynced & {path})

    def unlink(self, root: int, path: str) -> None:
        self._step("unlink", path)
        super().unlink(root, path)

    def _path(self, fd: int) -> str:
        return self._paths.get(fd, "")

    def _step(self, name: str, path: str, losing: set[str] | None = None) -> None:
        code = self.refuse(len(self.log), name, path)
        operation = Operation(name, path)
        self.log.append(operation)
        if code:
            self.refused.append(operation)
            if losing and code == 5:
                self.doubtful |= losing
            raise OSError(code, os.strerror(code))
