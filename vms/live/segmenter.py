"""One live stream as HLS segments: the stream's own chunks, gathered to about two seconds, whatever the number of viewers.

In: where a segment is cut, the window that a playlist shows, what is kept behind it, the playlist's bytes. Chunks are not
boxed again: a segment is theirs, one after another (ISO/IEC 23000-19 §7.3.3). Not here: who may ask (api), how long it runs (api).
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from vms.base.clock import Clock
from vms.base.timespan import SECOND_US
from vms.media.cmaf import make_file_init
from vms.media.hls import MediaPart, breaks, live_playlist
from vms.media.types import VIDEO_TIMESCALE, VIDEO_TRACK, Chunk, Codec
from vms.stream.stream import Begin, End, Gap, Item

TARGET_S: Final = 2
MAX_90K: Final = VIDEO_TIMESCALE * 21 // 10  # a camera's two seconds tremble; RFC 8216 §4.3.3.1 rounds before it compares
MIN_90K: Final = VIDEO_TIMESCALE * 9 // 10  # shorter GOPs are joined, so that numbers never outrun the wall clock's seconds
LISTED: Final = 5
KEPT: Final = LISTED + 6  # RFC 8216 §6.2.2: behind the window for its own length and a segment's
MAX_KEPT_BYTES: Final = 64 * 1024 * 1024
CARRIED: Final = frozenset({Codec.H264, Codec.H265, Codec.AAC})
"""What foreign players take from fMP4; G.711 is left out, for with it most of them refuse the picture too."""


@dataclass(frozen=True, slots=True)
class LiveSegment:
    """One finished segment; `map_number` names its init."""

    number: int
    map_number: int
    start_us: int
    duration_us: int
    independent: bool
    data: bytes


@dataclass(slots=True)
class _Growing:
    first: Chunk
    end_90k: int
    parts: list[bytes] = field(default_factory=list[bytes])


class Segmenter:
    """A subscriber of one Stream. `profile` goes into the playlist's URIs, which are relative, so that it is one text for all."""

    def __init__(self, profile: str, clock: Clock) -> None:
        self.playlist = b""
        """What every viewer is told now; empty before the first segment."""
        self._profile = profile
        self._segments: deque[LiveSegment] = deque()
        self._listed: deque[tuple[LiveSegment, MediaPart]] = deque()
        self._kept_bytes = 0
        # Seconds of the wall clock: a player that stayed while this edge or this segmenter ended never sees numbers go back.
        self._next = self._breaks_before = clock.wall_us() // SECOND_US
        self._maps: dict[int, bytes] = {}
        self._map = self._next
        self._tracks: frozenset[int] = frozenset()
        self._growing: _Growing | None = None
        self._follows = False
        self._first = asyncio.Event()

    async def ready(self) -> None:
        """Returns once there is a playlist."""
        await self._first.wait()

    def init(self, number: int) -> bytes | None:
        """`ftyp+moov` of all carried tracks."""
        return self._maps.get(number)

    def segment(self, number: int) -> bytes | None:
        """None when it is gone or was never there."""
        return next((segment.data for segment in self._segments if segment.number == number), None)

    def put(self, item: Item, now_us: int) -> None:
        if isinstance(item, Chunk):
            if item.track == VIDEO_TRACK:
                self._video(item)
            elif self._growing is not None and item.track in self._tracks:
                self._growing.parts.append(item.data)
        elif isinstance(item, Begin):
            self._begin(item)
        else:
            self._break(item)

    def _begin(self, begin: Begin) -> None:
        self._close()
        self._follows = False
        carried = [init.info for init in begin.inits if init.info.codec in CARRIED]
        self._tracks = frozenset(info.track for info in carried)
        if VIDEO_TRACK in self._tracks:
            self._map = self._next
            self._maps[self._map] = make_file_init(carried)

    def _break(self, item: Gap | End) -> None:
        self._close()
        self._follows = False
        if isinstance(item, End):
            self._tracks = frozenset()

    def _video(self, chunk: Chunk) -> None:
        if VIDEO_TRACK not in self._tracks:
            return
        growing = self._growing
        if growing is not None:
            length_90k = chunk.media - growing.first.media
            at_key = chunk.key and (length_90k >= MIN_90K or not growing.first.key)
            if at_key or length_90k + chunk.duration > MAX_90K:
                growing.end_90k = chunk.media
                self._close()
        if self._growing is None:
            if not (chunk.key or self._follows):
                return
            self._growing = _Growing(chunk, chunk.media)
            self._follows = True
        self._growing.parts.append(chunk.data)
        self._growing.end_90k = chunk.media + chunk.duration

    def _close(self) -> None:
        growing, self._growing = self._growing, None
        if growing is None:
            return
        first, duration_us = growing.first, (growing.end_90k - growing.first.media) * SECOND_US // VIDEO_TIMESCALE
        segment = LiveSegment(self._next, self._map, first.wall_us, duration_us, first.key, b"".join(growing.parts))
        self._next += 1
        self._segments.append(segment)
        self._kept_bytes += len(segment.data)
        while len(self._segments) > KEPT or (self._kept_bytes > MAX_KEPT_BYTES and len(self._segments) > 1):
            self._kept_bytes -= len(self._segments.popleft().data)
        oldest = self._segments[0].map_number
        self._maps = {number: data for number, data in self._maps.items() if number >= oldest}
        self._tell()

    def _tell(self) -> None:
        """The playlist anew. A discontinuity in front of the window counts as gone by: the first entry shows none (RFC 8216 §6.2.2)."""
        listed = self._listed
        listed.append((self._segments[-1], self._part(self._segments[-1])))
        while len(listed) > LISTED or listed[0][0].number < self._segments[0].number:
            _, gone = listed.popleft()
            self._breaks_before += breaks(gone, listed[0][1])
        independent = all(segment.independent for segment, _ in listed)
        parts = [part for _, part in listed]
        self.playlist = live_playlist(parts, listed[0][0].number, self._breaks_before, TARGET_S, independent=independent).encode()
        self._first.set()

    def _part(self, segment: LiveSegment) -> MediaPart:
        return MediaPart(
            f"live/media.m4s?profile={self._profile}&segment={segment.number}",
            f"live/init.mp4?profile={self._profile}&map={segment.map_number}",
            segment.start_us,
            segment.duration_us,
            str(segment.map_number),
        )
