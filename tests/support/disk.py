"""A small disk that really fills up: a tmpfs in a mount namespace of the process's own, so that it goes with the process.

As an ordinary user through a user namespace. Its files are read through /proc/PID/root.
"""

from __future__ import annotations

import os
from pathlib import Path


def on_small_disk(folder: Path, mebibytes: int) -> tuple[str, ...]:
    """What to put before a command, which then sees `folder` as a disk of this size."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = f'mount -t tmpfs -o size={mebibytes}m tmpfs "$0"'
    user, group = os.getuid(), os.getgid()
    if user == 0:
        return ("unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', str(folder))
    again = f"unshare --user --map-user={user} --map-group={group} --"
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'{mount} && exec {again} "$@"', str(folder))


def seen_by(pid: int, folder: Path) -> Path:
    """The folder as that process sees it."""
    return Path(f"/proc/{pid}/root{folder}")
