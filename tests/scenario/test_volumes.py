"""Volumes of a running node are unmounted, swapped, made read-only and given back: nothing is written where it does not belong,
the others record meanwhile, and a volume that is right again is used again without a restart.
"""

from __future__ import annotations

import errno
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.mounts import bind, tmpfs, umount
from tests.support.node import Node, Setup, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.sim.marks import tally

pytestmark = [pytest.mark.scenario, pytest.mark.mounts, pytest.mark.timeout(240)]

REORDERED = 4
CAMERAS = 12  # all on one of two disks once in two thousand runs
SECOND = 1_000_000
Figure = Callable[[str, object], None]


class Disks:
    """Two disks, in memory, and the places where the node expects them. The disks stay reachable whatever is mounted where."""

    def __init__(self, top: Path, stack: ExitStack) -> None:
        self.disks = [stack.enter_context(tmpfs(top / f"disk-{n}", mb=256)) for n in (1, 2)]
        self.places = [top / f"place-{n}" for n in (1, 2)]
        for place in self.places:
            place.mkdir()
        self.plugged = [-1, -1]
        self.plug(0, 1)

    def plug(self, first: int, second: int) -> None:
        """Disk `first` at the first place, disk `second` at the second; -1 leaves the place empty."""
        for at, (place, number) in enumerate(zip(self.places, (first, second), strict=True)):
            if self.plugged[at] == number:
                continue  # the other disk is not touched
            self.plugged[at] = number
            if place.is_mount():
                umount(place)
            if number >= 0:
                bind(self.disks[number], place)


class Rig:
    def __init__(self, node: Node, cameras: list[str], disks: Disks, ids: list[str]) -> None:
        self.node, self.cameras, self.disks, self.ids = node, cameras, disks, ids

    def states(self) -> list[str]:
        volumes = {volume["id"]: volume["state"] for volume in self.node.get("/system")["volumes"]}
        return [volumes[volume] for volume in self.ids]

    def wait_states(self, *states: str) -> None:
        last: list[str] = []

        def look() -> bool:
            last[:] = self.states()
            return last == list(states)

        try:
            wait_until(f"volumes are {states}", look, 15)
        except AssertionError as error:
            raise AssertionError(f"{error}; last seen {last}") from error

    def newest_us(self, disk: int) -> int:
        files = self.disks.disks[disk].glob("*/*/*/*.mp4")
        return max((path.stat().st_mtime_ns // 1000 for path in files), default=0)

    def wait_written(self, disk: int, since_us: int) -> None:
        wait_until(f"disk {disk} is written to", lambda: self.newest_us(disk) > since_us, 20)

    def assert_nothing_lost(self, since_us: int) -> None:
        for camera in self.cameras:
            marks = list(self.node.marks(camera))
            first = min(mark.counter for mark in marks if mark.wall_us > since_us)
            last = max(mark.counter for mark in marks) - REORDERED  # B-frames come behind the picture that is shown after them
            found = tally(mark for mark in marks if first <= mark.counter <= last)
            assert (found.missing, found.doubled) == (0, 0), (camera, found)

    def told(self, volume: int) -> list[str]:
        """States of the volume as facts told them."""
        facts = self.node.items("/facts", type="volume.state")
        return [fact["data"]["state"] for fact in facts if fact["subject"]["id"] == self.ids[volume]]


@pytest.fixture
def rig() -> Generator[Rig]:
    with ExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vms-")))
        disks = Disks(top, stack)
        stack.callback(disks.plug, -1, -1)
        base = stack.enter_context(sim_cameras(top, CAMERAS))
        setup = Setup(volumes=tuple(disks.places), workers=2)
        node = stack.enter_context(serve(top / "node", setup))
        node.volumes = tuple(disks.disks)
        cameras = [node.add_camera(f"{base}/cam/{number}/main") for number in range(1, CAMERAS + 1)]
        node.wait_recording(cameras)
        ids = [volume["id"] for volume in node.get("/system")["volumes"]]
        found = Rig(node, cameras, disks, ids)
        for disk in (0, 1):
            found.wait_written(disk, 0)
        yield found


def test_an_unmounted_volume_is_refused_and_costs_no_frame_and_comes_back(rig: Rig, record_property: Figure) -> None:
    since_us = now_us()
    pass_time(2)
    rig.disks.plug(-1, 1)
    rig.wait_states("failed", "ok")
    pass_time(5)
    assert list(rig.disks.places[0].iterdir()) == [], "the mount point lies on the system disk"
    left_us = rig.newest_us(0)
    pass_time(3)
    assert rig.newest_us(0) == left_us, "nobody writes to a disk that is not where it belongs"
    rig.disks.plug(0, 1)
    back_us = now_us()
    rig.wait_states("ok", "ok")
    rig.wait_written(0, back_us)
    record_property("in_use_again_ms", (now_us() - back_us) // 1000)
    pass_time(3)
    rig.assert_nothing_lost(since_us)
    assert rig.told(0) == ["failed", "ok"]
    lines = [line for line in rig.node.log.read_text().splitlines() if rig.ids[0] in line and "failed" in line]
    assert len(lines) == 1, lines
    for camera in rig.cameras:
        line = rig.node.timeline(camera, since_us, now_us() - 2 * SECOND)
        assert line.is_exact(), line
        assert not line.gaps, line
    rig.disks.plug(0, 1)
    assert rig.node.stop() == 0


@pytest.mark.long
def test_swapped_disks_are_both_refused_and_a_new_one_takes_its_share(rig: Rig, tmp_path: Path) -> None:
    """Also: what the command line adds and retires is followed without a restart."""
    rig.disks.plug(1, 0)
    rig.wait_states("failed", "failed")
    pass_time(3)  # the worker looks for itself, and closes what it has open: on the disks it opened, not on those at their places
    written_us = [rig.newest_us(disk) for disk in (0, 1)]
    pass_time(5)
    assert [rig.newest_us(disk) for disk in (0, 1)] == written_us, "no disk gets what belongs on another"
    volumes = {volume["id"]: volume for volume in rig.node.get("/system")["volumes"]}
    assert rig.ids[1] in volumes[rig.ids[0]]["detail"]
    swapped_us = now_us()
    with tmpfs(tmp_path / "third", mb=256) as third:
        command(rig.node, "add", str(third))
        rig.node.volumes = (*rig.node.volumes, third)
        wait_until("all cameras are on the new disk", lambda: len(list(third.glob("*/main"))) == CAMERAS, 20)
        rig.disks.plug(0, 1)
        rig.wait_states("ok", "ok")
        for disk in (0, 1):
            rig.wait_written(disk, now_us())
        pass_time(3)
        since_us = now_us() - 2 * SECOND
        new = next(v["id"] for v in rig.node.get("/system")["volumes"] if v["path"] == str(third))
        command(rig.node, "retire", new)
        pass_time(8)
        files = {path: path.stat().st_size for path in third.glob("*/*/*/*.mp4")}
        pass_time(4)
        assert {path: path.stat().st_size for path in third.glob("*/*/*/*.mp4")} == files, "a retired volume is left alone"
        rig.assert_nothing_lost(since_us)
        for camera in rig.cameras:
            line = rig.node.timeline(camera, swapped_us - 60 * SECOND, now_us() - 2 * SECOND)
            assert line.is_exact(), line
            assert {cause for _, _, cause in line.gaps} <= {"io_error", "not_registered", "camera_offline"}, line
        found = rig.node.check()
        assert found == dict.fromkeys(found, 0) | {"rows": found["rows"], "files": found["files"]}
        assert rig.node.stop() == 0


@pytest.mark.long
def test_a_full_disk_gives_its_cameras_to_the_others(rig: Rig) -> None:
    filler = rig.disks.disks[0] / "lost+found"
    with filler.open("wb") as file:
        try:
            while file.write(b"\1" * 65536):
                file.flush()
        except OSError as error:
            assert error.errno == errno.ENOSPC
    rig.wait_states("full", "ok")
    pass_time(6)
    since_us = now_us() - SECOND
    pass_time(4)
    rig.assert_nothing_lost(since_us)
    filler.unlink()
    rig.wait_states("ok", "ok")
    rig.wait_written(0, now_us())
    pass_time(3)
    for camera in rig.cameras:
        line = rig.node.timeline(camera, since_us - 60 * SECOND, now_us() - 2 * SECOND)
        assert line.is_exact(), line
        assert {cause for _, _, cause in line.gaps} <= {"disk_full", "not_registered", "camera_offline", "deleted"}, line
    found = rig.node.check()
    assert found == dict.fromkeys(found, 0) | {"rows": found["rows"], "files": found["files"]}


def command(node: Node, *words: str) -> None:
    """`vms volume …` beside the running node."""
    config = node.data.parent / "vms.toml"
    done = subprocess.run(
        [sys.executable, "-m", "vms", "volume", *words, "--config", str(config)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
