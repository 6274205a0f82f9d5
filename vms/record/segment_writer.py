"""What one camera profile's items become on the disk: a pure machine, items in, actions out.

In: when a segment opens, rolls over and closes; GOP seals, hashes, closing table, gap before a segment.
Not here: files and threads (volume_writer), sync and failures of the disk (volume_writer), the index (committer).

A segment holds one run without a hole (invariant 4): Begin, Gap and End close it at the end of the last whole chunk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vms.media.cmaf import make_file_init
from vms.media.types import VIDEO_TIMESCALE, VIDEO_TRACK, Chunk, TrackInfo
from vms.record.causes import end_reason, gap_cause, is_willed
from vms.record.kinds import RecordAs, RecordItem, Until
from vms.record.reports import GapBefore, GopRow, Growth, OpenSegment, SegmentReport, gop_rows
from vms.storage.seals import SEAL_BYTES, Gop, Hash, Head, Origin, RecordKind, make_head, make_seal, make_table, merkle_root, record_kind
from vms.storage.volumes import segment_path
from vms.stream.stream import Begin, End, Gap

SMALL_STEP_US = 1_000_000  # arrival jitter between two runs; more is a clock that was set back
MAX_GOP_BYTES = 256 * 1024 * 1024
MAX_GOP_US = 1_800_000_000

FileInit = Callable[[Sequence[TrackInfo]], bytes]


@dataclass(frozen=True, slots=True)
class Place:
    """Who writes what, where."""

    node: str
    camera: str
    profile: str
    volume: str
    origin: Origin = "live"
    camera_offset_us: int = 0


class OpenFile(NamedTuple):
    """Create this file; the bytes that follow belong to it. Without it nothing is recorded from `from_us` on."""

    path: str
    from_us: int = 0


class CloseFile(NamedTuple):
    """Everything of the file was handed out before this; the report is true once the file is synced."""

    report: SegmentReport


Action = bytes | OpenFile | CloseFile


@dataclass(slots=True)
class _Segment:
    """A growing segment. `end_us` is the end of its last video chunk."""

    head: Head
    path: str
    init_size: int
    offset: int
    last_seal: bytes
    gap: GapBefore | None
    file_hash: Hash
    gop_hash: Hash
    gop_offset: int
    gop_start_us: int
    gop_media: int
    end_us: int
    gops: list[Gop] = field(default_factory=list[Gop])


class SegmentWriter:
    """Feed it items in order; write what it answers in order."""

    def __init__(self, place: Place, segment_us: int, resume: GapBefore | None = None, file_init: FileInit = make_file_init) -> None:
        self.place = place
        self._segment_us = segment_us
        self._file_init = file_init
        self._begin: Begin | None = None
        self._init = b""
        self._segment: _Segment | None = None
        self._seq = 0
        self._after = ""
        self._kind: RecordKind = "continuous"
        self._gap = resume  # the hole that lasts now: since when, why

    @property
    def gap(self) -> GapBefore | None:
        return self._gap

    def feed(self, items: Sequence[RecordItem]) -> list[Action]:
        out: list[Action] = []
        for item in items:
            if isinstance(item, Chunk):
                self._chunk(item, out)
            elif isinstance(item, Begin):
                self._close("init_change", "network", "new configuration", out)
                self._start_run(item)
            elif isinstance(item, Gap):
                self._close("stop" if is_willed(item.cause) else "loss", gap_cause(item.cause), "", out)
            elif isinstance(item, RecordAs):
                self._kind = record_kind(item.kind)
            elif isinstance(item, Until):
                if self._segment is not None:
                    self._segment.end_us = item.end_us
            else:
                self._end(item, out)
        return out

    def fail(self, cause: str, detail: str, end_us: int | None) -> None:
        """The disk failed under the open segment; `end_us` is what could be saved of it. The next key frame opens a new one."""
        segment, self._segment = self._segment, None
        self._after = ""
        if end_us is not None:
            self._gap = GapBefore(end_us, cause, detail)
        elif segment is not None:
            since = segment.gap.from_us if segment.gap else segment.head.start_us
            self._gap = GapBefore(since, cause, detail)
        elif self._gap is not None:
            self._gap = GapBefore(self._gap.from_us, cause, detail)

    def growing(self) -> OpenSegment | None:
        """The open segment whole, the growing GOP last."""
        segment, place = self._segment, self.place
        if segment is None:
            return None
        return OpenSegment(
            camera=place.camera,
            profile=place.profile,
            run=segment.head.run,
            seq=segment.head.seq,
            volume=place.volume,
            path=segment.path,
            start_us=segment.head.start_us,
            end_us=segment.end_us,
            size=segment.offset,
            init_size=segment.init_size,
            gops=_rows(segment, 0),
            origin=place.origin,
            kind=segment.head.kind,
            gap=segment.gap,
        )

    def growth(self, gops_from: int) -> Growth | None:
        """The same in short, from a GOP on, for who was told it whole."""
        segment = self._segment
        if segment is None:
            return None
        return Growth(segment.path, segment.end_us, segment.offset, gops_from, _rows(segment, gops_from))

    def _start_run(self, begin: Begin) -> None:
        if self._begin is None or self._begin.run != begin.run:
            self._seq, self._after = 0, ""
        self._begin = begin
        self._init = self._file_init([init.info for init in begin.inits])

    def _end(self, end: End, out: list[Action]) -> None:
        self._close(end_reason(end.cause), gap_cause(end.cause), "", out)
        self._begin = None

    def _chunk(self, chunk: Chunk, out: list[Action]) -> None:
        segment = self._segment
        if chunk.key:
            segment = self._key(chunk, segment, out)
        if segment is None:
            return
        data = chunk.data
        out.append(data)
        segment.file_hash.update(data)
        segment.gop_hash.update(data)
        segment.offset += len(data)
        if chunk.track == VIDEO_TRACK:
            segment.end_us = max(segment.end_us, chunk.wall_us + chunk.duration * 1_000_000 // VIDEO_TIMESCALE)
            if segment.offset - segment.gop_offset > MAX_GOP_BYTES or segment.end_us - segment.gop_start_us > MAX_GOP_US:
                self._close("loss", "overload_drop", "no key frame for too long", out)

    def _key(self, chunk: Chunk, segment: _Segment | None, out: list[Action]) -> _Segment | None:
        """A GOP ends here and another begins: in the same segment, the next one, or after a hole."""
        if segment is not None and not 0 < chunk.wall_us - segment.gop_start_us < MAX_GOP_US:
            self._close("loss", "clock_step", "", out)
            segment = None
        if segment is not None:
            self._seal(segment, chunk.wall_us, out)
            if chunk.wall_us - segment.head.start_us < self._segment_us and segment.head.kind == self._kind:
                segment.gop_offset, segment.gop_start_us, segment.gop_media = segment.offset, chunk.wall_us, chunk.media
                segment.gop_hash = hashlib.sha256()
                return segment
            self._finish(segment, "rollover", out)
        return self._open(chunk, out)

    def _open(self, chunk: Chunk, out: list[Action]) -> _Segment | None:
        begin, gap = self._begin, self._gap
        if begin is None:
            return None
        start_us, lead_us = chunk.wall_us, 0
        if gap is not None and self.place.origin == "edge":
            lead_us = max(0, gap.from_us - start_us)  # the GOP that was cut is here whole; the row tells what was missing of it
            start_us += lead_us
        elif gap is not None and 0 <= gap.from_us - start_us < SMALL_STEP_US:
            start_us = gap.from_us  # jitter, not a hole: spans of one camera must not overlap
        if gap is not None and gap.from_us >= start_us:
            gap = None
        place = self.place
        head = Head(
            node=place.node,
            camera=place.camera,
            profile=place.profile,
            run=begin.run,
            seq=self._seq,
            volume=place.volume,
            start_us=start_us,
            origin=place.origin,
            after=self._after,
            gap_from_us=gap.from_us if gap else 0,
            gap_cause=gap.cause if gap else "",
            gap_detail=gap.detail if gap else "",
            kind=self._kind,
            lead_us=lead_us,
            camera_offset_us=place.camera_offset_us,
        )
        head_box = make_head(head)
        path = segment_path(place.camera, place.profile, start_us, begin.run)
        offset = len(self._init) + len(head_box)
        segment = _Segment(
            head=head,
            path=path,
            init_size=len(self._init),
            offset=offset,
            last_seal=hashlib.sha256(head_box).digest(),
            gap=gap,
            file_hash=hashlib.sha256(self._init + head_box),
            gop_hash=hashlib.sha256(),
            gop_offset=offset,
            gop_start_us=start_us,
            gop_media=chunk.media,
            end_us=start_us,
        )
        out += (OpenFile(path, gap.from_us if gap else start_us), self._init + head_box)
        self._segment, self._gap = segment, None
        self._seq += 1
        return segment

    def _seal(self, segment: _Segment, end_us: int, out: list[Action]) -> None:
        gop = Gop(
            segment.gop_offset,
            segment.offset - segment.gop_offset,
            segment.gop_start_us,
            max(1, end_us - segment.gop_start_us),
            segment.gop_media,
            segment.gop_hash.digest(),
        )
        box = make_seal(len(segment.gops), gop, segment.last_seal)
        segment.gops.append(gop)
        segment.last_seal = hashlib.sha256(box).digest()
        segment.file_hash.update(box)
        segment.offset += SEAL_BYTES
        out.append(box)

    def _close(self, reason: str, cause: str, detail: str, out: list[Action]) -> None:
        """Close what is open, where its last chunk ends, and remember why nothing follows; the first reason of a hole stays."""
        segment = self._segment
        if segment is not None:
            self._seal(segment, segment.end_us, out)
            self._finish(segment, reason, out)
            self._gap = GapBefore(segment.gops[-1].end_us, cause, detail)

    def _finish(self, segment: _Segment, reason: str, out: list[Action]) -> None:
        table = make_table(segment.gops, reason, segment.last_seal)
        segment.file_hash.update(table)
        out += (table, CloseFile(self._report(segment, reason, segment.offset + len(table))))
        self._segment = None
        self._after = segment.last_seal.hex()

    def _report(self, segment: _Segment, reason: str, size: int) -> SegmentReport:
        place = self.place
        return SegmentReport(
            camera=place.camera,
            profile=place.profile,
            run=segment.head.run,
            seq=segment.head.seq,
            volume=place.volume,
            path=segment.path,
            start_us=segment.head.start_us,
            end_us=segment.gops[-1].end_us,
            size=size,
            sha256=segment.file_hash.digest(),
            init_size=segment.init_size,
            gops=gop_rows(segment.gops),
            gops_root=merkle_root([gop.sha256 for gop in segment.gops]),
            end_reason=reason,
            origin=place.origin,
            kind=segment.head.kind,
            gap=segment.gap,
            lead_us=segment.head.lead_us,
            camera_offset_us=segment.head.camera_offset_us,
        )


def _rows(segment: _Segment, gops_from: int) -> tuple[GopRow, ...]:
    tail = GopRow(
        segment.gop_offset,
        segment.offset - segment.gop_offset,
        segment.gop_start_us,
        max(1, segment.end_us - segment.gop_start_us),
        segment.gop_media,
    )
    return (*gop_rows(segment.gops[gops_from:]), tail)
