"""The harness is held to its own rules: what it records is what was done, what it fails fails, who it ends is gone."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.files import CHANGING, KILLED, Exit, Fail, Log, Op, WatchedFiles

CHILD = """
import sys
from tests.faults.files import Exit, WatchedFiles
files = WatchedFiles(Exit(int(sys.argv[2]), when=sys.argv[3]))
root = files.open_root(sys.argv[1])
files.make_dir(root, "a")
fd = files.create(root, "a/x.mp4")
files.write(fd, [b"0123456789" * 100])
files.fsync(fd)
print("to the end")
"""


def some_work(files: WatchedFiles, folder: Path) -> None:
    root = files.open_root(str(folder))
    files.make_dir(root, "a")
    fd = files.create(root, "a/x.mp4")
    files.write(fd, [b"one", b"two"])
    files.write(fd, [b"three"])
    files.truncate(fd, 4)
    files.fsync(fd)
    files.close(fd)
    files.rename(root, "a/x.mp4", "a/y.mp4")
    files.fsync_dir(root, "a")
    files.syncfs(root)
    files.unlink(root, "a/y.mp4")


def test_a_log_tells_what_was_done_in_order(tmp_path: Path) -> None:
    log = Log()
    some_work(WatchedFiles(log), tmp_path)
    assert log.ops == [
        Op("make_dir", "a"),
        Op("create", "a/x.mp4"),
        Op("write", "a/x.mp4", 0, b"onetwo"),
        Op("write", "a/x.mp4", 6, b"three"),
        Op("truncate", "a/x.mp4", size=4),
        Op("fsync", "a/x.mp4"),
        Op("rename", "a/x.mp4", to="a/y.mp4"),
        Op("fsync_dir", "a"),
        Op("syncfs", ""),
        Op("unlink", "a/y.mp4"),
    ]


@pytest.mark.parametrize("at", range(1, 11))
def test_each_operation_can_be_failed_and_leaves_no_trace(tmp_path: Path, at: int) -> None:
    log, fail = Log(), Fail(at, errno.EIO)
    with pytest.raises(OSError, match="Input/output") as error:
        some_work(WatchedFiles(fail, log), tmp_path)
    assert error.value.errno == errno.EIO
    assert len(fail.injected) == 1
    assert log.count() == at - 1


def test_a_torn_write_fails_after_a_part_of_its_bytes(tmp_path: Path) -> None:
    fail = Fail(1, errno.ENOSPC, frozenset({"write"}), torn=True)
    files = WatchedFiles(fail)
    fd = files.create(files.open_root(str(tmp_path)), "x.mp4")
    with pytest.raises(OSError, match="No space"):
        files.write(fd, [b"x" * 4096])
    assert files.size(fd) == 2048


@pytest.mark.parametrize(("at", "when", "size"), [(3, "before", 0), (3, "midst", 500), (3, "after", 1000), (4, "before", 1000)])
def test_a_child_is_gone_at_the_operation(tmp_path: Path, at: int, when: str, size: int) -> None:
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path), str(at), when], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (KILLED, "")
    assert (tmp_path / "a" / "x.mp4").stat().st_size == size


def test_an_exit_that_never_came_is_told(tmp_path: Path) -> None:
    left: list[int] = []
    some_work(WatchedFiles(Exit(99, leave=left.append)), tmp_path)
    assert left == []


def test_the_dead_hold_no_lock(tmp_path: Path) -> None:
    files = WatchedFiles()
    root = files.open_root(str(tmp_path))
    assert files.lock(files.create(root, "x.mp4"))
    other = WatchedFiles()
    fd = other.open(root, "x.mp4")
    assert not other.lock(fd)
    files.die()
    assert other.lock(fd)
    os.close(root)


def test_reads_are_no_changes() -> None:
    assert not {"read_at", "open"} & CHANGING
