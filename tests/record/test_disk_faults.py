"""Every operation of the recorder fails once, and for a while, with every error a disk has: nothing is reported good that is
not, the trouble is told, recording goes on, and the segments with their gaps tell the whole time (recording.md §3).
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from tests.support.failing_files import FailingFiles, Refusal
from vms.base.clock import ManualClock
from vms.media.types import Chunk
from vms.record.recorder import Recorder
from vms.record.reports import GapBefore, Report, SegmentReport, Trouble
from vms.record.segment_writer import Place, SegmentWriter
from vms.record.volume_work import Lane, VolumeWork
from vms.storage.files import RealFiles
from vms.storage.volumes import open_volume
from vms.stream.stream import End

TICKS, TICK_US = 60, 400_000
FRAMES_A_TICK = TICK_US // FRAME_US
CAMERAS = ("camera-1", "camera-2")
END_US = T0_US + TICKS * TICK_US
HARMLESS = {"lock"}  # a lock that is refused costs recovery a look, not a frame; what it costs is asked below


class Run:
    """Two cameras on one volume for 24 s of their time, segments of 4 s, GOPs of 0.4 s."""

    def __init__(self, path: Path, refuse: Refusal) -> None:
        self.path, self.files, self.clock = path, FailingFiles(), ManualClock()
        self.reports: list[Report] = []
        volume = open_volume(str(path), "node-1", self.files, create=True)
        self.files.log.clear()
        self.files.refuse = refuse
        self.work = VolumeWork(volume, self.clock, self.reports.extend)
        self.lanes = [self._lane(camera, volume.id) for camera in CAMERAS]

    def _lane(self, camera: str, volume: str) -> Lane:
        writer = SegmentWriter(Place("node-1", camera, "main", volume), 4_000_000, GapBefore(T0_US - 1, "power"), fake_init)
        return Lane(Recorder(camera, "main"), writer)

    def record(self) -> None:
        sources = [self._items() for _ in CAMERAS]
        for tick in range(TICKS):
            for lane, source in zip(self.lanes, sources, strict=True):
                if tick == 0:
                    lane.recorder.put(begin(), 0)
                for _ in range(2):
                    lane.recorder.put(next(source), 0)
            self._tick()
        for lane in self.lanes:
            lane.recorder.put(End("stop"), 0)
            lane.recorder.ended = True
        self._tick()
        self.work.finish()

    def _items(self) -> Iterator[Chunk]:
        return chunks(TICKS * FRAMES_A_TICK, gop=FRAMES_A_TICK, per_chunk=FRAMES_A_TICK // 2)

    def _tick(self) -> None:
        batch = [(lane, items, lane.recorder.ended) for lane in self.lanes if (items := lane.recorder.take())]
        self.work.tick(batch)
        self.clock.step_mono(TICK_US)

    def segments(self, camera: str) -> list[SegmentReport]:
        return [r for r in self.reports if isinstance(r, SegmentReport) and r.camera == camera]

    def troubles(self) -> list[Trouble]:
        return [r for r in self.reports if isinstance(r, Trouble)]

    # --- the oracle ---

    def assert_only_good_is_called_good(self) -> None:
        for report in (r for camera in CAMERAS for r in self.segments(camera)):
            if report.suspect:
                continue
            data = (self.path / report.path).read_bytes()
            assert (len(data), hashlib.sha256(data).digest()) == (report.size, report.sha256), report.path
            assert report.path not in self.files.doubtful, f"{report.path} may have lost bytes"

    def assert_whole_time_is_told(self) -> None:
        """Segments and the gaps before them touch, up to the last frame or to a trouble that lasts."""
        for camera in CAMERAS:
            found = self.segments(camera)
            spans = [(r.gap.from_us if r.gap else r.start_us, r.end_us) for r in found]
            assert spans[0][0] == T0_US - 1, (camera, spans)
            lasting = [t.from_us for t in self.troubles() if t.camera == camera][-1:]
            assert spans[-1][1] in (END_US, *lasting), (camera, spans, lasting)
            for (_, end_us), (from_us, _) in pairwise(spans):
                assert from_us == end_us, (camera, spans)
            assert all(r.gap is None or r.gap.cause in ("power", "io_error", "disk_full") for r in found)

    def assert_every_file_is_known(self) -> None:
        """On the disk lies what was reported, and at most what the failing disk did not let go: recovery's work."""
        reported = {r.path for camera in CAMERAS for r in self.segments(camera)}
        left = {str(p.relative_to(self.path)) for p in self.path.rglob("*.mp4")} - reported
        assert left <= {operation.path for operation in self.files.refused} | self.files.doubtful, left


def once(at: int, code: int) -> Refusal:
    return lambda number, name, path: code if number == at else 0


def operations(tmp_path: Path) -> list[str]:
    """What a run does when nothing fails."""
    run = Run(tmp_path / "plain", lambda number, name, path: 0)
    run.record()
    run.assert_whole_time_is_told()
    return [operation.name for operation in run.files.log]


ERRORS = {
    errno.EIO: {"make_dir", "create", "write", "fsync", "fsync_dir", "syncfs", "close", "lock"},
    errno.ENOSPC: {"make_dir", "create", "write", "fsync", "syncfs"},
    errno.EROFS: {"make_dir", "create", "write"},
    errno.EMFILE: {"create", "fsync_dir"},
    errno.EFBIG: {"write"},
}


@pytest.mark.parametrize("code", ERRORS, ids=errno.errorcode.get)
def test_one_failure_at_every_operation(tmp_path: Path, code: int) -> None:
    names = operations(tmp_path)
    failed = 0
    for at, name in enumerate(names):
        if name not in ERRORS[code]:
            continue
        run = Run(tmp_path / f"{at}", once(at, code))
        run.record()
        assert [operation.name for operation in run.files.refused] == [name], at
        failed += 1
        run.assert_only_good_is_called_good()
        run.assert_whole_time_is_told()
        run.assert_every_file_is_known()
        suspect = [r.path for camera in CAMERAS for r in run.segments(camera) if r.suspect]
        after_all = at == len(names) - 1  # the sync of the orderly end, with nothing left to keep
        assert run.troubles() or suspect or name in HARMLESS or after_all, (at, name)
        last = {camera: run.segments(camera)[-1] for camera in CAMERAS}
        assert not any(r.suspect for r in last.values()) or at > len(names) - 12, (at, name)
    assert failed >= 2


@pytest.mark.parametrize("code", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("from_at", range(0, 140, 9))
def test_a_disk_that_fails_for_a_while_and_heals(tmp_path: Path, code: int, from_at: int) -> None:
    """From that operation on everything that may fail so fails for six seconds."""
    run = Run(tmp_path, lambda number, name, path: 0)
    healed_us = 0

    def refuse(number: int, name: str, path: str) -> int:
        nonlocal healed_us
        if number == from_at:
            healed_us = run.clock.mono_us() + 6_000_000
        return code if number >= from_at and run.clock.mono_us() < healed_us and name in ERRORS[code] else 0

    run.files.refuse = refuse
    run.record()
    assert run.files.refused
    run.assert_only_good_is_called_good()
    run.assert_whole_time_is_told()
    run.assert_every_file_is_known()
    assert run.troubles()


def test_while_saving_what_is_left_the_disk_fails_again(tmp_path: Path) -> None:
    """A write fails in the middle of the run; then every operation that saves the file fails in turn."""
    names = operations(tmp_path)
    writes = [at for at, name in enumerate(names) if name == "write"]
    middle = writes[len(writes) // 2]
    for second in range(1, 25):
        run = Run(tmp_path / f"{second}", lambda number, name, path, second=second: errno.EIO if number in (middle, middle + second) else 0)
        run.record()
        assert len(run.files.refused) == 2
        run.assert_only_good_is_called_good()
        run.assert_whole_time_is_told()
        run.assert_every_file_is_known()


def as_it_is(report: SegmentReport) -> SegmentReport:
    return report


def test_the_rig_sees_a_recorder_that_calls_doubtful_files_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle's own test: without the marks of a failed sync it fails."""
    monkeypatch.setattr("vms.record.volume_work._suspect", as_it_is)
    names = operations(tmp_path)
    run = Run(tmp_path / "bad", once([at for at, name in enumerate(names) if name == "syncfs"][-2], errno.EIO))
    run.record()
    with pytest.raises(AssertionError, match="may have lost bytes"):
        run.assert_only_good_is_called_good()


def test_the_books_are_the_kernels(tmp_path: Path) -> None:
    """The failing disk writes what the real one writes."""
    for name, files in (("real", RealFiles()), ("failing", FailingFiles())):
        root = files.open_root(str(tmp_path))
        fd = files.create(root, name)
        files.write(fd, [b"ab", b"c"])
        files.close(fd)
        files.close(root)
    assert (tmp_path / "real").read_bytes() == (tmp_path / "failing").read_bytes() == b"abc"
