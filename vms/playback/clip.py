"""A span as one progressive MP4 (or MOV): tables from the recorded boxes, media bytes straight from the files.

In: planning (cached by what it covers), reading any byte range of the result. Not here: HTTP (api), MP4 tables
(media.mp4), which GOPs (record).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from vms.base.errors import Kind, VmsError
from vms.media.mp4 import Piece, Progressive, plan_progressive
from vms.owner.requests import GapSpan, SpanOpened
from vms.playback.source import file_init, read_at, read_chunk_heads

READ_BYTES = 256 * 1024
MAX_CLIP_US = 24 * 3_600_000_000
Container = Literal["mp4", "mov"]


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A planned download: its size, its parts in order, and what it really covers."""

    etag: str
    size: int
    from_us: int
    to_us: int
    gaps: tuple[GapSpan, ...]
    header: bytes
    paths: tuple[str, ...]
    ranges: tuple[tuple[int, int, int], ...]
    starts: tuple[int, ...]

    def read(self, first: int, end: int) -> Iterator[bytes]:
        """Bytes [first, end) of the file, in pieces; blocking, so from a thread. Raises DAMAGED."""
        at = first
        if at < len(self.header):
            piece = self.header[at : min(end, len(self.header))]
            at += len(piece)
            yield piece
        index = max(0, bisect_right(self.starts, at) - 1)
        while at < end:
            source, offset, size = self.ranges[index]
            skip = at - self.starts[index]
            take = min(size - skip, end - at, READ_BYTES)
            yield read_at(self.paths[source], offset + skip, take, READ_BYTES)
            at += take
            if skip + take == size:
                index += 1


def clip_etag(opened: SpanOpened, container: Container) -> str:
    """Changes whenever the bytes would."""
    digest = hashlib.sha256(container.encode())
    for extent in opened.extents:
        digest.update(repr((extent.path, extent.run, extent.gops[0][0], extent.gops[-1])).encode())
    return digest.hexdigest()[:32]


def plan_clip(opened: SpanOpened, container: Container) -> ClipFile:
    """Read the moof boxes of every GOP once, no media, and lay the file out. Raises NO_RECORDING, DAMAGED. Blocking."""
    if not opened.extents:
        cause = opened.gaps[0].cause if opened.gaps else "unknown"
        raise VmsError(Kind.NO_RECORDING, "nothing was recorded in this span", camera=opened.camera, cause=cause)
    paths = tuple(dict.fromkeys(extent.path for extent in opened.extents))
    plan = plan_progressive(_pieces(opened, paths), brand=container)
    return ClipFile(
        etag=clip_etag(opened, container),
        size=plan.size,
        from_us=opened.extents[0].gops[0][2],
        to_us=opened.extents[-1].gops[-1][2] + opened.extents[-1].gops[-1][3],
        gaps=opened.gaps,
        header=plan.header,
        paths=paths,
        ranges=plan.ranges,
        starts=_starts(plan),
    )


def _starts(plan: Progressive) -> tuple[int, ...]:
    """Where each range begins in the finished file."""
    return tuple(accumulate((size for _, _, size in plan.ranges[:-1]), initial=len(plan.header)))


def _pieces(opened: SpanOpened, paths: tuple[str, ...]) -> Iterator[Piece]:
    number = {path: index for index, path in enumerate(paths)}
    for extent in opened.extents:
        init = file_init(extent)
        for gop, chunks in read_chunk_heads(extent):
            yield Piece(number[extent.path], gop[0], chunks, init, gop[2])
