"""The volumes that a node knows: `volumes.json` in its data directory, outside of the volumes themselves.

A volume gets into the list once, by `vms volume add` or at the node's first start. From then on an empty folder in its
place is a disk that is not mounted, and is refused. Not here: what is found on the disk (volumes, watch).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from vms.base.errors import Kind, VmsError

LIST = "volumes.json"


@dataclass(frozen=True, slots=True)
class KnownVolume:
    """`generation` counts how often the node took the volume into use: a copy made earlier has a lower one."""

    id: str
    path: str
    generation: int = 0
    retired: bool = False


Known = tuple[KnownVolume, ...]


def read_known(data_dir: str) -> Known | None:
    """In the order in which they were added; None when this node never had a list. Raises CONFIG when it is damaged."""
    path = Path(data_dir) / LIST
    try:
        entries = cast("list[dict[str, object]]", json.loads(path.read_text("utf-8"))["volumes"])
        return tuple(_volume(entry) for entry in entries)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is damaged; restore it from a backup, or remove it to take every configured place as it is"
        raise VmsError(Kind.CONFIG, message, path=str(path)) from error


def change_known(data_dir: str, change: Callable[[Known], Known]) -> Known:
    """What `change` makes of the list, on the disk before this returns; one change at a time over all processes."""
    folder = Path(data_dir)
    lock = os.open(folder / f".{LIST}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = read_known(data_dir)
        after = change(before or ())
        if after != before:
            _write(folder, after)
        return after
    finally:
        os.close(lock)


def _write(folder: Path, known: Known) -> None:
    part = folder / f".{LIST}.part"
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump({"volumes": [asdict(volume) for volume in known]}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / LIST)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _volume(entry: dict[str, object]) -> KnownVolume:
    volume, path, generation, retired = entry["id"], entry["path"], entry["generation"], entry["retired"]
    if not (isinstance(volume, str) and isinstance(path, str) and isinstance(generation, int) and isinstance(retired, bool)):
        raise TypeError("a volume has id, path, generation and retired")
    return KnownVolume(volume, path, generation, retired)
