"""Make a whole segment of a file whose writer died: keep what its seals prove, cut the rest, close it. No database.

Used by the writer's thread after a failed write, and by recovery for the files that a dead worker left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vms.base.errors import VmsError
from vms.record.causes import gap_cause
from vms.record.reports import GapBefore, SegmentReport, gop_rows
from vms.storage.scan import ScannedSegment, hash_file, read_closed, scan
from vms.storage.seals import make_table, merkle_root
from vms.storage.volumes import Volume


@dataclass(frozen=True, slots=True)
class Salvaged:
    """`report` is None when nothing in the file is proved; `cut_bytes` were behind the last seal; `removed`: it never held a GOP."""

    report: SegmentReport | None
    cut_bytes: int
    removed: bool = False


def salvage(volume: Volume, path: str, end_reason: str, *, suspect: bool = False) -> Salvaged:
    """Cut an unclosed file behind its last proved GOP and close it with `end_reason`; a closed one is only read.

    A closed file that its seals do not prove (its table reached the disk before its GOPs did, or it rotted) is suspect, and stays whole.
    A file whose writer died in its first GOP is removed: that GOP is lost, as the last one of any dead writer is. Damaged files stay.

    Raises OSError; BlockingIOError when a writer has the file open.
    """
    files = volume.files
    fd = files.open(volume.root_fd, path, write=True)
    try:
        if not files.lock(fd):
            raise BlockingIOError(f"{path} is being written")
        size = files.size(fd)

        def read_at(count: int, offset: int) -> bytes:
            return files.read_at(fd, count, offset)

        try:
            proved = scan(read_at, size)
        except VmsError:
            return Salvaged(None, size)
        found = read_closed(read_at, size) or proved
        if found.stillborn:
            files.unlink(volume.root_fd, path)
            return Salvaged(None, size, removed=True)
        if not found.gops:
            return Salvaged(None, size)
        if found.closed:
            suspect = suspect or found.gops != proved.gops
            return Salvaged(report_of(found, volume.id, path, size, hash_file(read_at, size), suspect=suspect), 0)
        files.truncate(fd, found.proved_size)
        table = make_table(found.gops, end_reason, found.last_seal)
        files.write(fd, [table])
        files.fsync(fd)
        closed, closed_size = replace(found, end_reason=end_reason), found.proved_size + len(table)
        report = report_of(closed, volume.id, path, closed_size, hash_file(read_at, closed_size), suspect=suspect)
        return Salvaged(report, size - found.proved_size)
    finally:
        files.close(fd)


def report_of(found: ScannedSegment, volume: str, path: str, size: int, sha256: bytes, *, suspect: bool = False) -> SegmentReport:
    """The row of a closed file, from the file alone."""
    head = found.head
    return SegmentReport(
        camera=head.camera,
        profile=head.profile,
        run=head.run,
        seq=head.seq,
        volume=volume,
        path=path,
        start_us=head.start_us,
        end_us=found.end_us,
        size=size,
        sha256=sha256,
        init_size=found.init_size,
        gops=gop_rows(found.gops),
        gops_root=merkle_root([gop.sha256 for gop in found.gops]),
        end_reason=found.end_reason,
        origin=head.origin,
        kind=head.kind,
        gap=GapBefore(head.gap_from_us, gap_cause(head.gap_cause), head.gap_detail) if head.gap_cause else None,
        suspect=suspect,
        lead_us=head.lead_us,
        camera_offset_us=head.camera_offset_us,
    )
