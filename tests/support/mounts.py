"""Real file systems for tests: small disks, few inodes, mounted over, taken away, read-only.

Mounting needs root or a name space of one's own: where tests run as an ordinary user, a test marked `mounts` is run again
inside `unshare -rm` (tests/conftest.py), and fails when that is impossible.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tmpfs(path: Path, *, mb: int = 64, inodes: int = 0) -> Generator[Path]:
    """An empty file system in memory at `path`; away afterwards, whoever still has it open."""
    path.mkdir(parents=True, exist_ok=True)
    options = f"size={mb}m,mode=0750" + (f",nr_inodes={inodes}" if inodes else "")
    mount("-t", "tmpfs", "-o", options, "tmpfs", str(path))
    try:
        yield path
    finally:
        while path.is_mount():
            umount(path)


def bind(source: Path, path: Path) -> None:
    """`source` seen at `path`, over whatever is there, until `umount`."""
    mount("--bind", str(source), str(path))


def remount(path: Path, mode: str) -> None:
    """`ro` or `rw`, for everybody who has files open there."""
    mount("-o", f"remount,{mode}", str(path))


def mount(*arguments: str) -> None:
    _run("mount", *arguments)


def umount(path: Path) -> None:
    """Lazily: it is out of sight at once, and gone when the last descriptor is."""
    _run("umount", "-l", str(path))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()} (mounting needs root or user name spaces)"


def run_in_name_space(test: str) -> None:
    """The same test where this user is root and mounts are its own. Fails as the test fails."""
    command = ["unshare", "-rm", sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=os.environ)
    assert done.returncode == 0, f"in a name space of its own: {done.stdout[-3000:]}{done.stderr[-500:]}"
