"""A place becomes a volume once, and never where another disk belongs."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tests.support.mounts import tmpfs
from vms.base.errors import VmsError
from vms.storage.taking import mount_points, refuse_unmounted, take_place


def test_an_empty_folder_becomes_a_volume_and_stays_the_same_one(tmp_path: Path) -> None:
    first = take_place(str(tmp_path / "v"), "node-1")
    assert take_place(str(tmp_path / "v"), "node-1") == first


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(VmsError, match="not empty"):
        take_place(str(tmp_path), "node-1")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_new_file_system_has_its_own_folder_and_is_empty(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    assert take_place(str(tmp_path), "node-1").path == str(tmp_path)


def test_fstab_is_read_with_comments_swap_and_blanks() -> None:
    text = "# disks\nUUID=1 / ext4 defaults 0 1\n/dev/sdb1 /srv/disk\\0401 xfs noatime 0 2\n/dev/sdc none swap sw\nbroken\n"
    assert mount_points(text) == [PurePosixPath("/"), PurePosixPath("/srv/disk 1")]


@pytest.mark.mounts
def test_a_disk_of_fstab_that_is_not_mounted_makes_no_volume(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    fstab = tmp_path / "fstab"
    fstab.write_text(f"/dev/sdb1 {place} xfs defaults 0 2\n")
    for path in (place, place / "recordings"):
        with pytest.raises(VmsError, match="nothing is mounted"):
            take_place(str(path), "node-1", fstab=fstab)
    assert not place.exists()
    refuse_unmounted(str(tmp_path / "other"), fstab.read_text())
    with tmpfs(place, mb=4):
        assert take_place(str(place / "recordings"), "node-1", fstab=fstab).id
