"""One look at a volume: opened when it is right, refused with a reason when it is not, on real mounts."""

from __future__ import annotations

import shutil
from itertools import permutations
from pathlib import Path

import pytest

from tests.support.mounts import bind, remount, tmpfs, umount
from vms.storage.files import RealFiles
from vms.storage.known import KnownVolume, change_known, read_known
from vms.storage.taking import take_place
from vms.storage.watch import Look, Looking

NODE = "node-1"


def looking(tmp_path: Path, *, owner: bool = False, holder: str = "boot /srv/a") -> Looking:
    return Looking(str(tmp_path), NODE, holder, RealFiles(), owner)


def known(tmp_path: Path, name: str = "v") -> KnownVolume:
    volume = take_place(str(tmp_path / name), NODE)
    change_known(str(tmp_path), lambda volumes: (*volumes, volume))
    return volume


def again(tmp_path: Path, volume: KnownVolume) -> KnownVolume:
    return next(v for v in read_known(str(tmp_path)) or () if v.id == volume.id)


def close(look: Look) -> None:
    assert look.volume is not None, look
    look.volume.close()


def test_a_volume_that_is_right_is_opened_with_its_room(tmp_path: Path) -> None:
    found = looking(tmp_path).look(known(tmp_path), None)
    assert (found.state, found.detail) == ("ok", "")
    assert 0 < found.free_bytes <= found.total_bytes
    assert looking(tmp_path).look(found.known, found.volume).volume is found.volume
    close(found)


def test_an_older_copy_is_refused_once_the_newer_was_in_use(tmp_path: Path) -> None:
    volume = known(tmp_path)
    shutil.copytree(tmp_path / "v", tmp_path / "copy")
    close(looking(tmp_path, owner=True).look(volume, None))
    (tmp_path / "v").rename(tmp_path / "newest")
    (tmp_path / "copy").rename(tmp_path / "v")
    found = looking(tmp_path).look(again(tmp_path, volume), None)
    assert (found.state, found.volume) == ("failed", None)
    assert "older copy" in found.detail
    (tmp_path / "v").rename(tmp_path / "copy")
    (tmp_path / "newest").rename(tmp_path / "v")
    close(looking(tmp_path).look(again(tmp_path, volume), None))


def test_every_taking_into_use_is_counted_on_the_disk_first(tmp_path: Path) -> None:
    volume = known(tmp_path)
    for turn in (1, 2, 3):
        close(looking(tmp_path, owner=True).look(again(tmp_path, volume), None))
        assert again(tmp_path, volume).generation == turn
    close(looking(tmp_path).look(KnownVolume(volume.id, volume.path, 2), None))  # the node's memory may be behind, not ahead
    ahead = looking(tmp_path).look(KnownVolume(volume.id, volume.path, 4), None)
    assert ahead.state == "failed"


def test_a_second_node_on_the_same_volume_is_refused(tmp_path: Path) -> None:
    volume = known(tmp_path)
    mine = looking(tmp_path).look(volume, None)
    theirs = looking(tmp_path, holder="boot /srv/b").look(volume, None)
    assert "in use by another node" in theirs.detail
    close(mine)
    close(looking(tmp_path, holder="boot /srv/b").look(volume, None))


@pytest.mark.mounts
def test_an_unmounted_a_foreign_and_a_returning_disk_are_told_apart(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "one", mb=8) as one, tmpfs(tmp_path / "two", mb=8) as two:
        other = take_place(str(two), NODE)
        place = tmp_path / "v"
        place.mkdir()
        bind(one, place)
        volume = known(tmp_path)
        opened = looking(tmp_path).look(volume, None)
        umount(place)
        gone = looking(tmp_path).look(volume, opened.volume)
        assert (gone.volume, gone.detail) == (None, "the volume is no longer mounted at its path")
        close(opened)
        assert "identity" in looking(tmp_path).look(volume, None).detail
        assert list(place.iterdir()) == []
        bind(two, place)
        assert other.id in looking(tmp_path).look(volume, None).detail
        umount(place)
        bind(one, place)
        close(looking(tmp_path).look(volume, None))
        umount(place)


@pytest.mark.mounts
def test_a_read_only_disk_is_refused_open_or_not_and_a_retired_one_is_read(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "v", mb=8) as place:
        volume = known(tmp_path)
        opened = looking(tmp_path).look(volume, None)
        remount(place, "ro")
        assert "read-only" in looking(tmp_path).look(volume, opened.volume).detail
        close(opened)
        assert "read-only" in looking(tmp_path).look(volume, None).detail
        retired = KnownVolume(volume.id, volume.path, retired=True)
        close(looking(tmp_path, owner=True).look(retired, None))
        remount(place, "rw")
        close(looking(tmp_path).look(volume, None))


@pytest.mark.mounts
def test_a_doubted_disk_must_keep_a_few_bytes(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "v", mb=4) as place:
        volume = known(tmp_path)
        close(looking(tmp_path).look(volume, None, doubted=True))
        (place / "filler").write_bytes(b"\1" * 4_170_000)
        full = looking(tmp_path).look(volume, None, doubted=True)
        assert (full.state, full.volume is not None) == ("full", True)
        close(full)
        assert not list(place.glob(".probe*"))


@pytest.mark.mounts
@pytest.mark.parametrize("order", list(permutations(("control", "worker-0", "worker-1"))), ids="-".join)
@pytest.mark.parametrize("late", ["nobody", "control", "worker-0"])
def test_of_two_unmounted_disks_the_one_that_is_back_is_taken_by_the_next_look(tmp_path: Path, order: tuple[str, ...], late: str) -> None:
    """Whoever looks first, and whoever still reads by its old descriptor: neither generation nor lock keeps anybody out."""
    everybody = {name: looking(tmp_path, owner=name == "control") for name in ("control", "worker-0", "worker-1")}
    with tmpfs(tmp_path / "one", mb=8) as one, tmpfs(tmp_path / "two", mb=8) as two:
        places = [tmp_path / "place-1", tmp_path / "place-2"]
        for disk, place in zip((one, two), places, strict=True):
            place.mkdir()
            bind(disk, place)
        volumes = [known(tmp_path, place.name) for place in places]
        opened = {(name, v.id): everybody[name].look(again(tmp_path, v), None) for name in everybody for v in volumes}
        for place in places:
            umount(place)
        for (name, volume), look in opened.items():
            assert everybody[name].look(again(tmp_path, look.known), look.volume).state == "failed"
            if name != late or volume != volumes[0].id:
                close(look)
        bind(one, places[0])
        back = {name: everybody[name].look(again(tmp_path, volumes[0]), None) for name in order}
        assert {name: (look.state, look.detail) for name, look in back.items()} == dict.fromkeys(order, ("ok", ""))
        assert "identity" in everybody["control"].look(again(tmp_path, volumes[1]), None).detail
        for look in back.values():
            close(look)
        if late != "nobody":
            close(opened[late, volumes[0].id])
        umount(places[0])
