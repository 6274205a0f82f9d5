"""The thread: one handover per tick, and a stop that closes everything in time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from vms.base.clock import SystemClock
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
