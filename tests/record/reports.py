"""Reports of segments as a recorder would send them, for one camera, without files."""

from __future__ import annotations

from vms.record.reports import GapBefore, GopRow, SegmentReport
from vms.storage.seals import SEAL_BYTES
from vms.storage.volumes import segment_path

CAMERA = "aaaaaaaa-0000-4000-8000-000000000001"
RUN = "bbbbbbbb-0000-4000-8000-000000000001"
VOLUME = "cccccccc-0000-4000-8000-000000000001"
T0_US = 1_700_000_000_000_000
SECOND_US = 1_000_000


def report(start_s: float, end_s: float, *, gap: GapBefore | None = None, reason: str = "rollover", camera: str = CAMERA) -> SegmentReport:
    """[start_s, end_s) after T0 in GOPs of two seconds."""
    start_us, end_us = (T0_US + int(s * SECOND_US) for s in (start_s, end_s))
    gops: list[GopRow] = []
    offset, at_us = 700, start_us
    while at_us < end_us:
        duration_us = min(2 * SECOND_US, end_us - at_us)
        gops.append(GopRow(offset, 1000, at_us, duration_us, (at_us - start_us) * 9 // 100))
        offset += 1000 + SEAL_BYTES
        at_us += duration_us
    path = segment_path(camera, "main", start_us, RUN)
    return SegmentReport(
        camera=camera,
        profile="main",
        run=RUN,
        seq=0,
        volume=VOLUME,
        path=path,
        start_us=start_us,
        end_us=end_us,
        size=offset + 500,
        sha256=b"\x01" * 32,
        init_size=600,
        gops=tuple(gops),
        gops_root=b"\x02" * 32,
        end_reason=reason,
        gap=gap,
    )
