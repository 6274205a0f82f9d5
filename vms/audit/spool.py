"""The spool: a local file that takes audit entries while the database is away, synced before an act goes on.

One JSON line an entry, behind the first 16 digits of its SHA-256: a line cut by a crash does not pass, and the act it
stood for was never allowed. Not here: when to spool (log).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from vms.audit.chain import Entry
from vms.base.errors import Kind, VmsError

MAX_BYTES = 64 * 1024 * 1024


class Spool:
    """Appended to by any process of the node, emptied by the one that reaches the database; `flock` keeps them apart."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes

    def append(self, entry: Entry) -> None:
        """Return when the entry is on the disk. Raises DISK_FULL or IO_ERROR when it is not."""
        body = json.dumps(asdict(entry))
        line = f"{_check(body)} {body}\n".encode()
        try:
            with self._locked() as descriptor:
                if os.fstat(descriptor).st_size + len(line) > self._max_bytes:
                    raise VmsError(Kind.DISK_FULL, "the audit spool is full: bring the database back", path=str(self._path))
                os.write(descriptor, line)
                os.fsync(descriptor)
        except OSError as error:
            raise VmsError(Kind.IO_ERROR, "the audit spool cannot be written", path=str(self._path), reason=str(error)) from error

    def merge(self, write: Callable[[list[Entry]], None]) -> int:
        """Hand all entries to `write`, which must have them committed when it returns, then empty the spool.

        A crash in between hands them over again; their ids tell the database so.
        """
        if not self._path.exists():
            return 0
        with self._locked() as descriptor:
            entries = _parse(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
            write(entries)
            self._path.unlink()
        return len(entries)

    @contextmanager
    def _locked(self) -> Generator[int]:
        """The locked file that stands under the path; whoever waited while it was merged takes the new one."""
        while True:
            new = not self._path.exists()
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.fstat(descriptor).st_nlink:
                    if new:
                        _sync_directory(self._path.parent)
                    yield descriptor
                    return
            finally:
                os.close(descriptor)


def _parse(content: bytes) -> list[Entry]:
    entries: list[Entry] = []
    for line in content.decode("utf-8", "replace").splitlines():
        check, _, body = line.partition(" ")
        if check == _check(body):
            entries.append(Entry(**json.loads(body)))
    return entries


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
