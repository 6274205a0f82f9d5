"""The thread: one handover per tick, and a stop that closes everything in time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from vms.base.clock import SystemClock
from vms.record.recorder import MAX_PENDING_BYTES
from vms.record.reports import Report, SegmentReport
from vms.record.volume_writer import VolumeWriter
from vms.storage.files import RealFiles
from vms.storage.volumes import Volume, open_volume


def volume(path: Path) -> Volume:
    return open_volume(str(path), "node-1", RealFiles(), create=True)


def test_a_clean_stop_closes_and_reports_every_camera(tmp_path: Path) -> None:
    reports: list[Report] = []
    writer = VolumeWriter(volume(tmp_path), SystemClock(), reports.extend, file_init=fake_init)
    writer.start()
    recorders = [writer.recorder(f"camera-{n}", "main") for n in range(20)]
    for recorder in recorders:
        recorder.put(begin(), 0)
    for chunk in chunks(50):
        for recorder in recorders:
            recorder.put(chunk, 0)
        writer.tick()
    assert writer.stop()
    closed = [r for r in reports if isinstance(r, SegmentReport)]
    assert {r.camera for r in closed} == {r.camera for r in recorders}
    assert {(r.end_reason, r.end_us) for r in closed} == {("stop", T0_US + 50 * FRAME_US)}


def test_a_recorder_that_stops_alone_closes_its_segment(tmp_path: Path) -> None:
    closed = threading.Event()

    def on_reports(reports: Sequence[Report]) -> None:
        if any(isinstance(r, SegmentReport) for r in reports):
            closed.set()

    writer = VolumeWriter(volume(tmp_path), SystemClock(), on_reports, file_init=fake_init)
    writer.start()
    one, other = writer.recorder("camera-1", "main"), writer.recorder("camera-2", "main")
    for recorder in (one, other):
        for item in (begin(), *chunks(10)):
            recorder.put(item, 0)
    one.stop("schedule")
    writer.tick()
    assert writer.stop()
    assert closed.is_set()


def test_a_disk_that_hangs_does_not_hang_the_stop(tmp_path: Path) -> None:
    release = threading.Event()

    class Hanging(RealFiles):
        def syncfs(self, root: int) -> None:
            release.wait(10)

    writer = VolumeWriter(open_volume(str(tmp_path), "node-1", Hanging(), create=True), SystemClock(), lambda _: None, file_init=fake_init)
    writer.start()
    recorder = writer.recorder("camera-1", "main")
    recorder.put(begin(), 0)
    assert not writer.stop(timeout_s=0.05)
    release.set()


def test_a_volume_that_stalls_holds_up_no_other_and_drops_whole_gops_only(tmp_path: Path) -> None:
    release, told = threading.Event(), threading.Event()

    class Stalling(RealFiles):
        def write(self, fd: int, parts: Sequence[bytes]) -> None:
            release.wait(30)
            super().write(fd, parts)

    def on_good(reports: Sequence[Report]) -> None:
        if any(isinstance(r, SegmentReport) for r in reports):
            told.set()

    slow_reports: list[Report] = []
    volume(tmp_path / "slow").close()
    slow_volume = open_volume(str(tmp_path / "slow"), "node-1", Stalling())
    slow = VolumeWriter(slow_volume, SystemClock(), slow_reports.extend, file_init=fake_init)
    good = VolumeWriter(volume(tmp_path / "good"), SystemClock(), on_good, file_init=fake_init)
    recorders = [(writer, writer.recorder("camera-1", "main")) for writer in (slow, good)]
    for writer, recorder in recorders:
        writer.start()
        recorder.put(begin(), 0)
    for chunk in chunks(400, body_bytes=1_000_000):  # 80 MB for each
        for writer, recorder in recorders:
            recorder.put(chunk, 0)
            writer.tick()
            assert recorder.pending_bytes <= MAX_PENDING_BYTES
        while recorders[1][1].pending_bytes:
            threading.Event().wait(0.001)  # the good disk keeps up, whatever the other one does
    assert recorders[1][1].dropped_frames == 0
    assert good.stop()
    assert told.is_set()
    assert recorders[0][1].dropped_frames > 0
    release.set()
    while recorders[0][1].pending_bytes:
        threading.Event().wait(0.001)
    later = T0_US + 400 * FRAME_US
    for chunk in chunks(20, start_us=later, first=400):
        recorders[0][1].put(chunk, 0)
    assert slow.stop(timeout_s=30)
    first, second = [r for r in slow_reports if isinstance(r, SegmentReport)]
    assert (first.end_reason, second.start_us, second.end_us) == ("loss", later, later + 20 * FRAME_US)
    assert second.gap is not None
    assert (second.gap.cause, second.gap.from_us) == ("overload_drop", first.end_us)
