"""The volume's thread: what it reports is on the disk, a failing disk is never silent, a slow one costs whole GOPs only."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from vms.base.clock import ManualClock
from vms.record.open_table import OpenTable
from vms.record.recorder import Recorder
from vms.record.reports import Growth, OpenSegment, Report, SegmentReport, Trouble
from vms.record.segment_writer import Place, SegmentWriter
from vms.record.volume_work import Lane, VolumeWork
from vms.storage.files import RealFiles
from vms.storage.volumes import open_volume
from vms.stream.stream import End, Item


class FailingFiles(RealFiles):
    """Fails the named operation while `error` is set; counts and logs operations."""

    def __init__(self) -> None:
        super().__init__()
        self.error: dict[str, int] = {}
        self.log: list[str] = []

    def write(self, fd: int, parts: Sequence[bytes]) -> None:
        self._step("write")
        super().write(fd, parts)

    def create(self, root: int, path: str) -> int:
        self._step("create")
        return super().create(root, path)

    def syncfs(self, root: int) -> None:
        self._step("syncfs")
        super().syncfs(root)

    def fsync_dir(self, root: int, path: str) -> None:
        self._step("fsync_dir")
        super().fsync_dir(root, path)

    def _step(self, name: str) -> None:
        self.log.append(name)
        if name in self.error:
            raise OSError(self.error[name], os.strerror(self.error[name]))


class SteppedClock(ManualClock):
    """Wound without an event loop."""

    def wind(self, us: int) -> None:
        self._step_to(self.mono_us() + us)


class Rig:
    """One camera on one volume; `step` is a tick, and 0.4 s pass after it."""

    def __init__(self, path: Path, segment_us: int = 800_000) -> None:
        self.files = FailingFiles()
        self.clock = SteppedClock()
        self.reports: list[Report] = []
        self.path = path
        self.recorder = Recorder("camera-1", "main")
        volume = open_volume(str(path), "node-1", self.files, create=True)
        place = Place("node-1", "camera-1", "main", volume.id)
        self.lane = Lane(self.recorder, SegmentWriter(place, segment_us, file_init=fake_init))
        self.work = VolumeWork(volume, self.clock, self.reports.extend)

    def step(self, *items: Item) -> None:
        for item in items:
            self.recorder.put(item, 0)
        taken = self.recorder.take()
        self.work.tick([(self.lane, taken, self.recorder.ended)] if taken else [])
        self.clock.wind(400_000)

    def segments(self) -> list[SegmentReport]:
        return [r for r in self.reports if isinstance(r, SegmentReport)]

    def troubles(self) -> list[Trouble]:
        return [r for r in self.reports if isinstance(r, Trouble)]

    def read(self, report: SegmentReport) -> bytes:
        return (self.path / report.path).read_bytes()


def test_a_reported_segment_is_on_the_disk_as_reported(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.step(begin())
    for chunk in chunks(100):
        rig.step(chunk)
    rig.step(End("stop"))
    rig.work.finish()
    assert [r.end_reason for r in rig.segments()] == ["rollover"] * 4 + ["stop"]
    for report in rig.segments():
        data = rig.read(report)
        assert (len(data), hashlib.sha256(data).digest()) == (report.size, report.sha256)
        assert not report.suspect
    assert rig.recorder.pending_bytes == 0


def test_the_directory_is_synced_in_the_tick_that_made_the_file(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.files.log.clear()
    rig.step(begin(), *chunks(5))
    assert rig.files.log == ["fsync_dir", "fsync_dir", "fsync_dir", "create", "write", "fsync_dir"]


def test_a_segment_is_reported_only_after_a_sync_behind_its_last_byte(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.step(begin(), *chunks(25))
    assert rig.segments() == []
    while not rig.segments():
        assert len(rig.files.log) < 50
        rig.step()
    assert rig.files.log[-1] == "syncfs"


def test_the_growing_segment_is_told_with_new_gops_only_and_to_the_last_frame(tmp_path: Path) -> None:
    rig = Rig(tmp_path, segment_us=60_000_000)
    rig.step(begin())
    ends: list[int] = []
    for number, chunk in enumerate(chunks(100)):
        rig.step(chunk)
        told = [r for r in rig.reports if isinstance(r, OpenSegment | Growth)]
        ends.append(T0_US + (number + 1) * 5 * FRAME_US - told[-1].end_us)
    assert max(ends) <= 5 * FRAME_US
    whole, *told = [r for r in rig.reports if isinstance(r, OpenSegment | Growth)]
    assert isinstance(whole, OpenSegment)
    assert all(len(r.gops) <= 3 for r in told)
    known = len(whole.gops)
    for report in told:
        assert isinstance(report, Growth)
        assert report.gops_from <= known
        known = report.gops_from + len(report.gops)


def test_a_closed_segment_is_told_whole_before_its_sync(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.step(begin(), *chunks(30))
    table = OpenTable()
    table.grew("worker-1", [r for r in rig.reports if isinstance(r, OpenSegment)])
    table.grown([r for r in rig.reports if isinstance(r, Growth)])
    assert [s.end_us - s.start_us for s in table.of_worker("worker-1")] == [800_000, 400_000]
    assert rig.segments() == []


@pytest.mark.parametrize(("code", "cause", "suspect"), [(errno.ENOSPC, "disk_full", False), (errno.EIO, "io_error", True)])
def test_a_failed_write_saves_what_is_sealed_says_so_and_comes_back(tmp_path: Path, code: int, cause: str, suspect: bool) -> None:
    rig = Rig(tmp_path, segment_us=60_000_000)
    stream = chunks(200)
    rig.step(begin(), *(next(stream) for _ in range(5)))
    rig.files.error["write"] = code
    rig.step(next(stream))
    rig.files.error.clear()
    rig.files.log.clear()
    assert [(t.cause, t.from_us) for t in rig.troubles()] == [(cause, T0_US)]
    for chunk in stream:
        rig.step(chunk)
    rig.step(End("stop"))
    rig.work.finish()
    segments = rig.segments()
    assert segments[-1].end_us == T0_US + 200 * FRAME_US
    assert segments[-1].gap is not None
    assert segments[-1].gap.cause == cause
    assert segments[-1].gap.from_us == T0_US


@pytest.mark.parametrize("operation", ["create", "fsync_dir", "syncfs"])
def test_every_failing_operation_is_told_and_recording_comes_back(tmp_path: Path, operation: str) -> None:
    rig = Rig(tmp_path)
    stream = chunks(300)
    rig.step(begin(), *(next(stream) for _ in range(9)))
    rig.files.error[operation] = errno.EIO
    for _ in range(10):
        rig.step(next(stream))
    rig.files.error.clear()
    for chunk in stream:
        rig.step(chunk)
    rig.step(End("stop"))
    rig.work.finish()
    assert rig.troubles()
    assert rig.segments()[-1].end_us == T0_US + 300 * FRAME_US
    spans = [(r.gap.from_us if r.gap else r.start_us, r.end_us) for r in rig.segments()]
    assert all(a[1] == b[0] for a, b in pairwise(spans)), "every hole is told by the segment behind it"


def test_after_a_failed_sync_no_open_or_unreported_segment_is_ever_called_good(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.step(begin(), *chunks(35))
    rig.files.error["syncfs"] = errno.EIO
    while not rig.troubles():
        assert len(rig.files.log) < 50
        rig.step()
    rig.files.error.clear()
    before = {r.path for r in rig.segments()}
    assert before
    assert all(r.suspect for r in rig.segments())
    for chunk in chunks(60, start_us=T0_US + 60_000_000):
        rig.step(chunk)
    rig.step(End("stop"))
    rig.work.finish()
    assert [r.suspect for r in rig.segments() if r.path not in before] == [False] * 3


def test_what_is_not_proved_leaves_no_file(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.step(begin(), *chunks(5))
    rig.files.error["write"] = errno.EIO
    rig.step(*chunks(5, start_us=T0_US + 200_000))
    assert list(tmp_path.rglob("*.mp4")) == []


def test_a_slow_disk_costs_whole_gops_and_a_gap(tmp_path: Path) -> None:
    rig = Rig(tmp_path, segment_us=60_000_000)
    rig.recorder = Recorder("camera-1", "main", max_pending_bytes=1000)
    rig.lane.recorder = rig.recorder
    rig.recorder.put(begin(), 0)
    for chunk in chunks(200):
        rig.recorder.put(chunk, 0)
    assert rig.recorder.pending_bytes <= 1000
    assert rig.recorder.dropped_frames > 0
    rig.step()
    rig.step(*chunks(20, start_us=T0_US + 200 * FRAME_US, first=200), End("stop"))
    rig.work.finish()
    first, second = rig.segments()
    assert first.end_reason == "loss"
    assert second.gap is not None
    assert (second.gap.cause, second.gap.from_us) == ("overload_drop", first.end_us)
