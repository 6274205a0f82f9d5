"""A volume knows itself; another disk in its place is refused and no byte lands on it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from vms.base.errors import Kind, VmsError
from vms.storage.files import RealFiles
from vms.storage.volumes import make_folder, open_volume, segment_path


def test_a_new_volume_gets_an_identity_and_keeps_it(tmp_path: Path) -> None:
    first = open_volume(str(tmp_path / "v"), "node-1", RealFiles(), create=True)
    again = open_volume(str(tmp_path / "v"), "node-1", RealFiles(), expect=first.id)
    assert again.id == first.id
    assert again.free_bytes() > 0


def test_a_swapped_volume_is_refused_by_name(tmp_path: Path) -> None:
    files = RealFiles()
    one, two = (open_volume(str(tmp_path / name), "node-1", files, create=True) for name in ("one", "two"))
    with pytest.raises(VmsError) as error:
        open_volume(str(tmp_path / "two"), "node-1", files, expect=one.id)
    assert error.value.kind is Kind.CONFIG
    assert error.value.facts["found"] == two.id


def test_the_volume_of_another_node_is_refused(tmp_path: Path) -> None:
    open_volume(str(tmp_path), "node-1", RealFiles(), create=True)
    with pytest.raises(VmsError, match="another node"):
        open_volume(str(tmp_path), "node-2", RealFiles())


def test_an_empty_mount_point_is_no_volume(tmp_path: Path) -> None:
    with pytest.raises(VmsError, match="mounted"):
        open_volume(str(tmp_path), "node-1", RealFiles())
    with pytest.raises(VmsError, match="mounted"):
        open_volume(str(tmp_path), "node-1", RealFiles(), expect="some-id", create=True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": 1, "node": "n"}', b"\xff\xfe"])
def test_a_damaged_identity_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "volume.json").write_bytes(content)
    with pytest.raises(VmsError, match="damaged"):
        open_volume(str(tmp_path), "node-1", RealFiles())


def test_recordings_without_identity_are_not_adopted_by_create(tmp_path: Path) -> None:
    volume = open_volume(str(tmp_path), "node-1", RealFiles(), create=True)
    make_folder(volume, "camera/main/2026-01-01")
    os.close(volume.files.create(volume.root_fd, "camera/main/2026-01-01/1-run.mp4"))
    (tmp_path / "volume.json").unlink()
    with pytest.raises(VmsError, match="no identity"):
        open_volume(str(tmp_path), "node-1", RealFiles(), create=True)


def test_a_file_is_never_created_twice(tmp_path: Path) -> None:
    volume = open_volume(str(tmp_path), "node-1", RealFiles(), create=True)
    volume.files.create(volume.root_fd, "x.mp4")
    with pytest.raises(FileExistsError):
        volume.files.create(volume.root_fd, "x.mp4")


def test_writes_follow_the_opened_volume_and_not_its_path(tmp_path: Path) -> None:
    volume = open_volume(str(tmp_path / "v"), "node-1", RealFiles(), create=True)
    shutil.move(tmp_path / "v", tmp_path / "moved")
    (tmp_path / "v").mkdir()
    volume.files.create(volume.root_fd, "x.mp4")
    assert (tmp_path / "moved" / "x.mp4").exists()
    assert not list((tmp_path / "v").iterdir())


def test_the_path_names_camera_profile_date_start_and_run() -> None:
    assert segment_path("cam", "main", 1_700_000_000_000_001, "run") == "cam/main/2023-11-14/1700000000000001-run.mp4"


def test_many_parts_are_written_in_order(tmp_path: Path) -> None:
    files = RealFiles()
    root = files.open_root(str(tmp_path))
    fd = files.create(root, "x.mp4")
    parts = [bytes([i % 256]) for i in range(1500)]
    files.write(fd, parts)
    assert files.read_at(fd, 2000, 0) == b"".join(parts)
    assert list(files.walk(root)) == [("x.mp4", 1500)]
    files.syncfs(root)
