"""The node's clock is set by an hour or a day, at any frame: no file is written over, nothing recorded lies on something else of
its run, a leap forward is a gap with its cause, and no frame is lost (faults.md T1).
"""

from __future__ import annotations

from itertools import count, pairwise

import pytest

from tests.ingest.test_media_path import SLICES, VIDEO
from tests.media.packetise import Sender
from vms.base.timespan import SECOND_US
from vms.ingest.media_path import HOLD_US, Arrival, MediaPath
from vms.media.types import Chunk
from vms.record.reports import GapBefore, SegmentReport
from vms.record.segment_writer import CloseFile, OpenFile, Place, SegmentWriter
from vms.storage.scan import scan
from vms.stream.stream import Begin, End, Gap, Item, Stream

T0_US = 1_700_000_000_000_000
FRAME_US = 40_000
FRAMES = 220
HOUR_US, DAY_US = 3600 * SECOND_US, 86_400 * SECOND_US
STEPS = {"+1h": HOUR_US, "-1h": -HOUR_US, "+1d": DAY_US, "-1d": -DAY_US}


class Camera:
    """A camera of 25 fps and GOPs of a second, recorded in segments of 2 s while the clock is wound as the test says."""

    def __init__(self) -> None:
        self.stream, self.items = Stream(), list[Item]()
        self.stream.attach(self, 0)
        runs = count(1)
        self.path = MediaPath((VIDEO,), self.stream, lambda _us: f"00000000-0000-4000-8000-{next(runs):012}", ordered=True)
        self.path.live = True
        self._sender = Sender(limit=1400)

    def put(self, item: Item, now_us: int) -> None:
        self.items.append(item)

    def film(self, steps: dict[int, int]) -> None:
        """`steps`: frame → by how much the clock is set just before it comes."""
        ahead_us = 0
        for frame in range(FRAMES):
            ahead_us += steps.get(frame, 0)
            mono_us = 1 + frame * FRAME_US
            packets = self._sender.unit(SLICES[frame % len(SLICES)], frame * 3600)
            self.path.video(packets, Arrival(T0_US + mono_us + ahead_us, mono_us))
            self.path.release(Arrival(T0_US + mono_us + ahead_us, mono_us))
        end_us = 1 + FRAMES * FRAME_US + HOLD_US
        self.path.release(Arrival(T0_US + end_us + ahead_us, end_us))

    def record(self) -> tuple[list[str], list[SegmentReport], list[bytes]]:
        writer = SegmentWriter(Place("node-1", "camera-1", "main", "volume-1"), 2 * SECOND_US, GapBefore(T0_US - 1, "power"))
        paths: list[str] = []
        reports: list[SegmentReport] = []
        files: list[bytes] = []
        for action in writer.feed([*self.items, End("stop")]):
            if isinstance(action, OpenFile):
                paths.append(action.path)
                files.append(b"")
            elif isinstance(action, CloseFile):
                reports.append(action.report)
            else:
                files[-1] += action
        return paths, reports, files


@pytest.mark.parametrize("step_us", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("at", [60, 75, 76, 99, 100])
def test_a_step_at_any_frame(step_us: int, at: int) -> None:
    camera = Camera()
    camera.film({at: step_us})
    paths, reports, files = camera.record()
    assert sum(item.frames for item in camera.items if isinstance(item, Chunk)) == FRAMES, "no frame is lost"
    assert [item.cause for item in camera.items if isinstance(item, Gap)] == ["clock_step"]
    assert len({item.run for item in camera.items if isinstance(item, Begin)}) == 2
    assert len(set(paths)) == len(paths) == len(reports)
    assert_runs_do_not_overlap(reports)
    steps = [r.gap for r in reports if r.gap is not None and r.gap.cause == "clock_step"]
    assert bool(steps) == (step_us > 0), "a clock that was set back leaves no hole"
    recorded_us = sum(r.end_us - r.start_us for r in reports)
    assert abs(recorded_us - FRAMES * FRAME_US) < SECOND_US // 4, "what is told recorded is what was filmed"
    for data in files:
        found = scan(lambda size, offset, data=data: data[offset : offset + size], len(data))
        assert found.closed
        assert all(gop.duration_us < 2 * SECOND_US for gop in found.gops)
    last_us = T0_US + FRAMES * FRAME_US + step_us
    assert abs(reports[-1].end_us - last_us) < SECOND_US // 4, "the time after the step is the clock's own"


def test_a_clock_that_is_set_to_and_fro_keeps_all_apart() -> None:
    camera = Camera()
    camera.film({40: HOUR_US, 90: -HOUR_US, 130: -DAY_US, 170: DAY_US + HOUR_US})
    paths, reports, _ = camera.record()
    assert len(set(paths)) == len(paths)
    assert_runs_do_not_overlap(reports)
    assert sum(item.frames for item in camera.items if isinstance(item, Chunk)) == FRAMES


def test_a_slow_clock_is_no_step() -> None:
    camera = Camera()
    camera.film(dict.fromkeys(range(10, 200, 10), 900))
    assert len({item.run for item in camera.items if isinstance(item, Begin)}) == 1


def assert_runs_do_not_overlap(reports: list[SegmentReport]) -> None:
    for run in {report.run for report in reports}:
        mine = [report for report in reports if report.run == run]
        assert [report.seq for report in mine] == list(range(len(mine)))
        assert all(one.end_us == two.start_us for one, two in pairwise(mine)), run
