"""A recording moves to another volume at a key frame: nothing lost, nothing twice, and no hole in the time."""

from __future__ import annotations

from pathlib import Path

from tests.record.chunks import FRAME_US, RUN, T0_US, begin, chunks, fake_init
from vms.base.clock import ManualClock
from vms.media.types import Chunk
from vms.processes.worker.moving import Move
from vms.record.prerecord import PlannedRecorder
from vms.record.recorder import Recorder
from vms.record.reports import GapBefore, Report, SegmentReport
from vms.record.segment_writer import Place, SegmentWriter
from vms.record.volume_work import Lane, VolumeWork
from vms.record.wish import Wish
from vms.storage.files import RealFiles
from vms.storage.volumes import open_volume
from vms.stream.stream import Stream


class Disk:
    """A volume with one lane at a time."""

    def __init__(self, path: Path) -> None:
        self.reports: list[Report] = []
        self.volume = open_volume(str(path), "node-1", RealFiles(), create=True)
        self._work = VolumeWork(self.volume, ManualClock(), self.reports.extend)
        self._lanes: dict[Recorder, Lane] = {}

    def recorder(self, gap: GapBefore | None) -> Recorder:
        recorder = Recorder("camera-1", "main")
        place = Place("node-1", "camera-1", "main", self.volume.id)
        self._lanes[recorder] = Lane(recorder, SegmentWriter(place, 60_000_000, gap, fake_init))
        return recorder

    def segments(self) -> list[SegmentReport]:
        self._work.tick([(lane, recorder.take(), recorder.ended) for recorder, lane in self._lanes.items()])
        self._work.finish()
        return [r for r in self.reports if isinstance(r, SegmentReport)]


class Rig:
    def __init__(self, tmp_path: Path) -> None:
        self.stream, self.one, self.two = Stream(), Disk(tmp_path / "one"), Disk(tmp_path / "two")
        self.now = PlannedRecorder(self.one.recorder(GapBefore(T0_US - 1, "power")), Wish())
        self.stream.start(begin(), 0)
        self.stream.attach(self.now, 0)

    def move(self, why: GapBefore | None = None) -> None:
        def moved(new: Recorder) -> None:
            self.now.recorder = new

        def reason(_start_us: int) -> GapBefore | None:
            return why

        self.now.recorder = Move(self.now.recorder, self.stream.begin, self.now.kind, make=self.two.recorder, why=reason, moved=moved)

    def publish(self, *items: Chunk) -> None:
        for chunk in items:
            self.stream.publish(chunk, 0)


def test_the_old_segment_ends_where_the_new_one_begins(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    source = list(chunks(40))  # a key frame every second chunk
    rig.publish(*source[:3])
    rig.move()
    rig.publish(*source[3:])
    rig.now.stop("stop")
    (old,), (new,) = rig.one.segments(), rig.two.segments()
    assert (old.start_us, old.end_us) == (T0_US, T0_US + 20 * FRAME_US)
    assert (new.start_us, new.end_us) == (old.end_us, T0_US + 40 * FRAME_US)
    assert (old.end_reason, new.gap, new.seq) == ("stop", None, 0)
    assert old.run == RUN != new.run, "each volume counts its run from nought"
    assert len(rig.stream.subscribers) == 1


def test_a_slip_of_the_clock_between_two_gops_is_no_hole(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    source = list(chunks(10))
    rig.publish(source[0])
    rig.move()
    rig.publish(source[1], *chunks(10, start_us=T0_US + 10 * FRAME_US + 300, first=10))
    rig.now.stop("stop")
    (old,), (new,) = rig.one.segments(), rig.two.segments()
    assert (new.start_us, new.gap) == (old.end_us, None)


def test_what_the_failing_disk_did_not_keep_is_the_new_segments_gap(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.publish(*chunks(10))
    rig.move(GapBefore(T0_US + 4 * FRAME_US, "io_error", "EIO"))
    rig.publish(*chunks(10, start_us=T0_US + 10 * FRAME_US, first=10))
    rig.now.stop("stop")
    (new,) = rig.two.segments()
    assert new.gap == GapBefore(T0_US + 4 * FRAME_US, "io_error", "EIO")


def test_a_camera_that_goes_during_the_move_is_recorded_there_when_it_comes_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.publish(*chunks(5))
    rig.move()
    rig.publish(*list(chunks(10))[1:])
    rig.stream.end("unreachable", 0)
    rig.stream.start(begin(wall_us=T0_US + 5_000_000), 0)
    rig.publish(*chunks(10, start_us=T0_US + 5_000_000))
    rig.now.stop("stop")
    (old,), (new,) = rig.one.segments(), rig.two.segments()
    assert old.end_us == T0_US + 10 * FRAME_US
    assert new.gap is not None
    assert (new.gap.from_us, new.gap.cause, new.start_us) == (old.end_us, "camera_offline", T0_US + 5_000_000)
