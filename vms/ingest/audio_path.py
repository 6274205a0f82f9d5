"""The audio track of a camera connection, laid beside its video so that both share media zero.

In: where the first audio unit lies on the video's time line: by sender reports, else by RTP-Info, else by arrival.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vms.media.cmaf import Chunker
from vms.media.depacket import Depacketiser
from vms.media.rtp import SenderReport
from vms.media.timestamps import Timestamper
from vms.media.types import VIDEO_TIMESCALE, AccessUnit, Chunk, Frame, TrackInfo
from vms.media.wallmap import WallMap
from vms.rtsp.wire import Taker

# Reports and RTP-Info of some cameras are nonsense; beyond this distance from arrival they are not believed.
BELIEVED_WITHIN_US = 2_000_000
MAX_EARLY_S = 10


@dataclass(frozen=True, slots=True)
class Instant:
    """The first video frame of a run: RTP time, place on the run's time line (90 kHz), arrival, and what relates it to audio."""

    rtp_time: int
    media_90k: int
    arrival_us: int
    report: SenderReport | None
    rtptime: int | None


class AudioPath:
    """Units before the run's zero are dropped; the rest is chunked with the video's map of wall time."""

    def __init__(self, source: Depacketiser, clock_rate: int, *, ordered: bool, rtptime: int | None) -> None:
        self.report: SenderReport | None = None
        self.rtptime = rtptime
        self._source = source
        self._rate = clock_rate
        self._ordered = ordered
        self._start: Instant | None = None
        self._info: TrackInfo | None = None
        self._timestamper: Timestamper | None = None
        self._chunker: Chunker | None = None
        self._offset = 0
        self._end = 0

    def open_run(self, start: Instant) -> tuple[TrackInfo, ...]:
        """What the run's Begin names of audio: nothing when its configuration is unknown."""
        self._info = self._source.info
        self._start = start
        self._timestamper = None
        self._chunker = None if self._info is None else Chunker(self._info)
        self._end = 0
        return () if self._info is None else (self._info,)

    def listen(self, channel: int) -> Taker:
        self._source.listen(channel)
        return self._source.take

    def drain(self) -> list[AccessUnit]:
        return self._source.drain()

    def push(self, packets: Sequence[bytes]) -> list[AccessUnit]:
        return self._source.push(packets, ordered=self._ordered)

    def place(self, units: list[AccessUnit], now_us: int, wall: WallMap, *, live: bool) -> list[Chunk]:
        """The chunks of units that arrived now; none before a run is open."""
        chunker, start = self._chunker, self._start
        if chunker is None or start is None or self._info is None:
            return []
        frames = self._frames(units, start, self._info, now_us)
        if not frames:
            return []
        groups = [[frame] for frame in frames] if live else [frames]
        rate = self._info.timescale
        return [chunker.chunk(group, wall.wall_us(group[0].pts * VIDEO_TIMESCALE // rate)) for group in groups]

    def _frames(self, units: list[AccessUnit], start: Instant, info: TrackInfo, now_us: int) -> list[Frame]:
        placed: list[Frame] = []
        while units:
            if self._timestamper is None:
                self._timestamper = Timestamper(info)
                # After a jump of its clock the sound goes on behind all before, never back.
                self._offset = max(self._place(units[0], start, info, now_us), self._end or -MAX_EARLY_S * info.timescale)
            found = self._timestamper.push(units)
            units = self._timestamper.rest if self._timestamper.jumped else []
            offset = self._offset
            placed += [f._replace(dts=f.dts + offset, pts=f.pts + offset) for f in found if f.dts + offset >= 0]
            if placed:
                self._end = placed[-1].dts + placed[-1].duration
            if units:
                self._timestamper = None
        return placed

    def _place(self, unit: AccessUnit, start: Instant, info: TrackInfo, now_us: int) -> int:
        """Media time of the unit on the run's time line, in the audio timescale; negative when it is older than the run."""
        by_arrival_us = now_us - start.arrival_us
        candidates = (self._by_reports(unit, start), self._by_rtp_info(unit, start))
        delta_us = next((c for c in candidates if c is not None and abs(c - by_arrival_us) <= BELIEVED_WITHIN_US), by_arrival_us)
        media_us = start.media_90k * 1_000_000 // VIDEO_TIMESCALE + delta_us
        return media_us * info.timescale // 1_000_000

    def _by_reports(self, unit: AccessUnit, start: Instant) -> int | None:
        if self.report is None or start.report is None:
            return None
        audio_us = self.report.wall_us + _ticks(unit.rtp_time, self.report.rtp) * 1_000_000 // self._rate
        video_us = start.report.wall_us + _ticks(start.rtp_time, start.report.rtp) * 1_000_000 // VIDEO_TIMESCALE
        return audio_us - video_us

    def _by_rtp_info(self, unit: AccessUnit, start: Instant) -> int | None:
        if self.rtptime is None or start.rtptime is None:
            return None
        audio_us = _ticks(unit.rtp_time, self.rtptime) * 1_000_000 // self._rate
        return audio_us - _ticks(start.rtp_time, start.rtptime) * 1_000_000 // VIDEO_TIMESCALE


def _ticks(later: int, earlier: int) -> int:
    """Signed distance of two RTP times that may have wrapped."""
    return ((later - earlier + 0x80000000) & 0xFFFFFFFF) - 0x80000000
