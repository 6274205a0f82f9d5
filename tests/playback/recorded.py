"""A few seconds of recorded past: real segment files by the recorder's own writer, as extents."""

from __future__ import annotations

from pathlib import Path

from vms.base.clock import ManualClock
from vms.demo.past import PastCamera, past_of
from vms.owner.requests import Extent, GapSpan, SpanOpened
from vms.record.reports import SegmentReport
from vms.record.seed import Seeder
from vms.storage.files import RealFiles
from vms.storage.volumes import open_volume

CAMERA = "aaaaaaaa-0000-4000-8000-000000000001"
NODE = "aaaaaaaa-0000-4000-8000-00000000000f"
T0_US = 1_700_000_000_000_000
SECOND_US = 1_000_000


def record(folder: Path, clip: str, seconds: int, *, from_us: int = T0_US, segment_s: int = 6) -> tuple[Extent, ...]:
    """One run in segments of `segment_s`."""
    volume = open_volume(str(folder), NODE, RealFiles(), create=True)
    seeder = Seeder(volume, ManualClock(), segment_us=segment_s * SECOND_US)
    begin, chunks = past_of(PastCamera(CAMERA, 1, clip), from_us, from_us + seconds * SECOND_US)
    seeder.add(CAMERA, "main", begin, chunks)
    reports = seeder.finish()
    volume.close()
    return tuple(_extent(folder, report) for report in reports)


def _extent(folder: Path, report: SegmentReport) -> Extent:
    gops = tuple((gop.offset, gop.size, gop.start_us, gop.duration_us) for gop in report.gops)
    return Extent(str(folder / report.path), report.init_size, report.run, report.start_us, report.end_us, gops, growing=False)


def opened(extents: tuple[Extent, ...], *gaps: GapSpan, complete: bool = True) -> SpanOpened:
    return SpanOpened(CAMERA, "main", extents, gaps, complete)
