"""A place becomes a volume, once: a new identity in an empty folder, or the node's own volume from before.

In: the look at /etc/fstab, so that no volume is made on the system disk where another disk belongs. Not here: the node's
list (known).
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from vms.base.errors import Kind, VmsError
from vms.storage.files import RealFiles
from vms.storage.known import KnownVolume
from vms.storage.volumes import open_volume

FSTAB = Path("/etc/fstab")


def take_place(path: str, node: str, *, fstab: Path = FSTAB) -> KnownVolume:
    """The place as a known volume. Raises CONFIG when it is somebody's, used otherwise, or its disk is not mounted."""
    refuse_unmounted(path, _read(fstab))
    volume = open_volume(path, node, RealFiles(), create=True)
    try:
        return KnownVolume(volume.id, path, volume.generation)
    finally:
        volume.close()


def refuse_unmounted(path: str, fstab: str) -> None:
    """Raises CONFIG when fstab(5) mounts a disk at this place, or above it, and nothing is mounted there now."""
    place = PurePosixPath(path)
    for mount_point in mount_points(fstab):
        if mount_point in (place, *place.parents) and not os.path.ismount(mount_point):
            message = f"{mount_point} stands in /etc/fstab, but nothing is mounted there: mount the disk first"
            raise VmsError(Kind.CONFIG, message, path=path)


def mount_points(fstab: str) -> list[PurePosixPath]:
    """Of all entries but swap; blanks in names are octal escapes."""
    found: list[PurePosixPath] = []
    for line in fstab.splitlines():
        fields = line.split()
        if len(fields) >= 3 and not fields[0].startswith("#") and fields[1].startswith("/"):
            found.append(PurePosixPath(fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")))
    return found


def _read(fstab: Path) -> str:
    try:
        return fstab.read_text("utf-8", errors="replace")
    except OSError:
        return ""
