"""A volume: a directory tree on one file system that carries its own identity.

In: identity (wrong, swapped and foreign volumes are refused), where a segment lies, free space.
Not here: which camera records where (record), the bytes (seals), retention.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from vms.base.errors import Kind, VmsError
from vms.storage.files import Files

IDENTITY = "volume.json"
_MAX_IDENTITY_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Volume:
    """An opened volume. `root_fd` keeps the file system: a path could be mounted over, a descriptor cannot."""

    id: str
    node: str
    path: str
    root_fd: int
    files: Files

    def free_bytes(self) -> int:
        return self.files.free_bytes(self.root_fd)

    def capacity_bytes(self) -> int:
        return self.files.capacity_bytes(self.root_fd)

    def absolute(self, path: str) -> str:
        return str(Path(self.path) / path)

    def close(self) -> None:
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


def open_volume(path: str, node: str, files: Files, *, expect: str | None = None, create: bool = False) -> Volume:
    """Open and identify. `create` makes an identity in an empty directory, and only there.

    `expect` is the id the node knows under this path: another disk in its place is refused, and so is another node's.
    """
    root = _open_root(path, files, create=create)
    try:
        identity = _read_identity(root, path, files)
        if identity is None:
            if not create or expect is not None:
                raise _refused("the volume has no identity file; is its disk mounted?", path, expect=expect)
            if any(True for _ in files.walk(root)):
                raise _refused("the directory holds recordings but no identity file; restore volume.json before it is used", path)
            identity = _write_identity(root, node, files)
        if expect is not None and identity["id"] != expect:
            raise _refused("another volume is mounted here", path, expect=expect, found=identity["id"])
        if identity["node"] != node:
            raise _refused("the volume belongs to another node", path, found=identity["id"], owner=identity["node"])
    except BaseException:
        files.close(root)
        raise
    return Volume(identity["id"], node, path, root, files)


def _open_root(path: str, files: Files, *, create: bool) -> int:
    try:
        if create:
            Path(path).mkdir(parents=True, exist_ok=True, mode=0o750)
        return files.open_root(path)
    except OSError as error:
        raise VmsError(Kind.IO_ERROR, f"the volume cannot be opened: {os.strerror(error.errno or 0)}", path=path) from error


def _read_identity(root: int, path: str, files: Files) -> dict[str, str] | None:
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
    volume, node = fields.get("id"), fields.get("node")
    if not isinstance(volume, str) or not isinstance(node, str):
        raise _refused("the identity file is damaged", path)
    return {"id": volume, "node": node}


def _write_identity(root: int, node: str, files: Files) -> dict[str, str]:
    identity = {"id": str(uuid.uuid4()), "node": node}
    temporary = f".{IDENTITY}.{identity['id']}"
    fd = files.create(root, temporary)
    try:
        files.write(fd, [json.dumps(identity, sort_keys=True).encode()])
        files.fsync(fd)
    finally:
        files.close(fd)
    files.rename(root, temporary, IDENTITY)
    files.fsync_dir(root, "")
    return identity


def _refused(message: str, path: str, **facts: str | None) -> VmsError:
    return VmsError(Kind.CONFIG, message, path=path, **facts)
