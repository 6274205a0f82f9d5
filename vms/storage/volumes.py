"""A volume: a directory tree on one file system that carries its own identity.

In: identity (wrong, swapped, foreign and outdated volumes are refused), where a segment lies, free space.
Not here: which volumes a node has (known), whether they are still there (watch), the bytes (seals), retention.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import uuid
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from vms.base.errors import Kind, VmsError
from vms.storage.files import Files
from vms.storage.holding import LOCK, hold

IDENTITY = "volume.json"
_MAX_IDENTITY_BYTES = 4096


class Users:
    """Who works on an opened volume just now: its descriptors are closed behind the last of them, never under one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._close: Callable[[], None] | None = None

    @contextmanager
    def one_more(self) -> Generator[None]:
        """Raises OSError when the volume is closed, or is to be."""
        with self._lock:
            if self._close is not None:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                last = self._close if not self._count else None
            if last is not None:
                last()

    def close_behind(self, close: Callable[[], None]) -> None:
        with self._lock:
            self._close = close
            busy = self._count > 0
        if not busy:
            close()


@dataclass(frozen=True, slots=True)
class Volume:
    """An opened volume. `root_fd` keeps the file system: a path could be mounted over, a descriptor cannot."""

    id: str
    node: str
    path: str
    root_fd: int
    files: Files
    generation: int = 0
    hold_fd: int = -1
    users: Users = field(default_factory=Users, compare=False, repr=False)

    def free_bytes(self) -> int:
        return self.files.free_bytes(self.root_fd)

    def capacity_bytes(self) -> int:
        return self.files.capacity_bytes(self.root_fd)

    def absolute(self, path: str) -> str:
        return str(Path(self.path) / path)

    def in_use(self) -> AbstractContextManager[None]:
        """While files of a volume are read or unlinked that may be taken away meanwhile. Raises OSError when it is gone already."""
        return self.users.one_more()

    def close(self) -> None:
        self.users.close_behind(self._close)

    def _close(self) -> None:
        if self.hold_fd >= 0:
            os.close(self.hold_fd)
        self.files.close(self.root_fd)


def segment_path(camera: str, profile: str, start_us: int, run: str) -> str:
    """`<camera>/<profile>/<date>/<start>-<run>.mp4`, date in UTC. The run makes the name unique whatever the clock does."""
    day = datetime.fromtimestamp(start_us // 1_000_000, UTC).strftime("%Y-%m-%d")
    return f"{camera}/{profile}/{day}/{start_us}-{run}.mp4"


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def make_folder(volume: Volume, folder: str) -> None:
    """The folder and its parents; each new entry is on the disk before anything is put into it."""
    done = ""
    for part in folder.split("/"):
        parent, done = done, f"{done}/{part}" if done else part
        if volume.files.make_dir(volume.root_fd, done):
            volume.files.fsync_dir(volume.root_fd, parent)


def open_volume(
    path: str, node: str, files: Files, *, expect: str | None = None, generation: int = 0, holder: str = "", create: bool = False
) -> Volume:
    """Open and identify. `create` makes an identity in an empty directory, and only there.

    `expect` is the id the node knows under this path: another disk in its place is refused, and so are another node's and
    one of a lower `generation`, which is an older copy. With `holder` no other node may have the volume until it is closed.

    Raises CONFIG, CONFLICT (in use), IO_ERROR.
    """
    root = _open_root(path, files, create=create)
    hold_fd = -1
    try:
        found = _read_identity(root, path, files)
        if found is None:
            if not create or expect is not None:
                raise _refused("the volume has no identity file; is its disk mounted?", path, expect=expect)
            _refuse_used(root, path)
            found = _write_identity(root, _Identity(str(uuid.uuid4()), node), files)
        _refuse_other(found, path, node, expect, generation)
        if holder:
            hold_fd = _hold(root, holder, path)
    except OSError as error:
        _close(files, root, hold_fd)
        raise _unreadable(error, path) from error
    except BaseException:
        _close(files, root, hold_fd)
        raise
    return Volume(found.id, node, path, root, files, found.generation, hold_fd)


def renew(volume: Volume, known_generation: int) -> int:
    """Take the volume into use once more: its next generation, on the disk before the node remembers it. Raises OSError."""
    generation = max(volume.generation, known_generation) + 1
    _write_identity(volume.root_fd, _Identity(volume.id, volume.node, generation), volume.files)
    return generation


def identity_of(volume: Volume) -> str:
    """The id that the opened volume shows now. Raises VmsError, OSError."""
    found = _read_identity(volume.root_fd, volume.path, volume.files)
    return found.id if found else ""


@dataclass(frozen=True, slots=True)
class _Identity:
    id: str
    node: str
    generation: int = 0


def _refuse_used(root: int, path: str) -> None:
    """Whatever somebody keeps there is not ours to mix with; `lost+found` comes with an empty file system."""
    with os.scandir(root) as entries:
        strange = sorted(entry.name for entry in entries if entry.name not in ("lost+found", LOCK))
    if strange:
        message = "the directory is not empty and holds no identity file; restore volume.json or choose an empty one"
        raise _refused(message, path, holds=", ".join(strange[:3]))


def _refuse_other(found: _Identity, path: str, node: str, expect: str | None, generation: int) -> None:
    if expect is not None and found.id != expect:
        raise _refused("another volume is mounted here", path, expect=expect, found=found.id)
    if found.node != node:
        raise _refused("the volume belongs to another node", path, found=found.id, owner=found.node)
    if found.generation < generation:
        message = "this is an older copy of the volume; mount the newest one"
        raise _refused(message, path, found=found.id, generation=str(found.generation), known=str(generation))


def _hold(root: int, holder: str, path: str) -> int:
    if os.fstatvfs(root).f_flag & os.ST_RDONLY:
        raise _refused("the volume is mounted read-only", path)
    return hold(root, holder, path)


def _close(files: Files, root: int, hold_fd: int) -> None:
    if hold_fd >= 0:
        os.close(hold_fd)
    files.close(root)


def _open_root(path: str, files: Files, *, create: bool) -> int:
    try:
        if create:
            Path(path).mkdir(parents=True, exist_ok=True, mode=0o750)
        return files.open_root(path)
    except OSError as error:
        raise _unreadable(error, path) from error


def _read_identity(root: int, path: str, files: Files) -> _Identity | None:
    try:
        fd = files.open(root, IDENTITY)
    except FileNotFoundError:
        return None
    try:
        values = cast("object", json.loads(files.read_at(fd, _MAX_IDENTITY_BYTES, 0)))
    except ValueError as error:
        raise _refused("the identity file is damaged", path) from error
    finally:
        files.close(fd)
    if not isinstance(values, dict):
        raise _refused("the identity file is damaged", path)
    fields = cast("dict[str, object]", values)
    volume, node, generation = fields.get("id"), fields.get("node"), fields.get("generation", 0)
    if not (isinstance(volume, str) and isinstance(node, str) and isinstance(generation, int)):
        raise _refused("the identity file is damaged", path)
    return _Identity(volume, node, generation)


def _write_identity(root: int, identity: _Identity, files: Files) -> _Identity:
    temporary = f".{IDENTITY}.{uuid.uuid4()}"
    fd = files.create(root, temporary)
    try:
        files.write(fd, [json.dumps(asdict(identity), sort_keys=True).encode()])
        files.fsync(fd)
    finally:
        files.close(fd)
    files.rename(root, temporary, IDENTITY)
    files.fsync_dir(root, "")
    return identity


def _refused(message: str, path: str, **facts: str | None) -> VmsError:
    return VmsError(Kind.CONFIG, message, path=path, **facts)


def _unreadable(error: OSError, path: str) -> VmsError:
    return VmsError(Kind.IO_ERROR, f"the volume cannot be opened: {os.strerror(error.errno or 0)}", path=path)
