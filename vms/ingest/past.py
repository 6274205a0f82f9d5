"""Packets of a replayed recording → whole GOPs with the time they were taken, on the camera's clock. Pure.

Not here: the connection (replay), where a GOP belongs in the index (record.edge).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US
from vms.ingest.media_path import depacketiser_for
from vms.media.depacket import Depacketiser
from vms.media.replay import parse_mark
from vms.media.rtp import parse_rtcp, parse_rtp
from vms.media.types import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, TrackInfo
from vms.rtsp.client import Track

MAX_GOP_BYTES = 24 * 1024 * 1024
MAX_GOP_US = 600 * SECOND_US
FIRST_FRAME_US = 40_000
"""How long a picture lasts that nothing is known of but that it is there."""
STEP_US = SECOND_US
"""Times that differ by more from what RTP says are another stretch of the recording, said or not."""


class PastUnit(NamedTuple):
    """`wall_us` is when it was taken or heard, on the camera's clock."""

    track: int
    unit: AccessUnit
    wall_us: int


@dataclass(frozen=True, slots=True)
class PastGop:
    """`start_us` is the key picture's; `fresh`: it does not continue the GOP before, so a new run begins."""

    infos: tuple[TrackInfo, ...]
    fresh: bool
    start_us: int
    end_us: int
    units: tuple[PastUnit, ...]


class _Times:
    """When the units of one track were taken: by the mark on their first packet, else by RTP from the one before."""

    def __init__(self, timescale: int) -> None:
        self._timescale = timescale
        self._told: dict[int, tuple[int, bool]] = {}
        self._last: tuple[int, int] | None = None

    def told(self, packet: bytes) -> None:
        mark, header = parse_mark(packet), parse_rtp(packet)
        if mark is None or header is None or len(self._told) > 4096:
            return
        self._told.setdefault(header.timestamp, (mark.wall_us, mark.discontinuity))

    def of(self, unit: AccessUnit) -> tuple[int, bool] | None:
        """Wall time, and whether a hole lies before it; None before anything was told."""
        told, last = self._told.pop(unit.rtp_time & 0xFFFFFFFF, None), self._last
        if told is None and last is None:
            return None
        by_rtp = None if last is None else last[1] + (unit.rtp_time - last[0]) * SECOND_US // self._timescale
        wall_us, torn = told if told is not None else (by_rtp or 0, False)
        if by_rtp is not None and abs(wall_us - by_rtp) > STEP_US:
            torn = True
        self._last = unit.rtp_time, wall_us
        return wall_us, torn


class PastPath:
    """`packets` in, `gops` out. `over` once the camera said BYE."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self.over = False
        self.bytes = 0
        self._sources: dict[int, Depacketiser] = {}
        self._times: dict[int, _Times] = {}
        self._channels: dict[int, int] = {}
        for track in tracks:
            number = VIDEO_TRACK if track.media.kind == "video" else AUDIO_TRACK
            try:
                self._sources[number] = depacketiser_for(track.media)
            except VmsError:
                if number == VIDEO_TRACK:
                    raise
                continue  # sound in a form that cannot be carried: the pictures count
            self._times[number] = _Times(track.media.clock_rate)
            media, control = track.transport.channels or (0, 1)
            self._channels |= {media: number, control: -number}
        self._generation = -1
        self._units: list[PastUnit] = []
        self._size = 0
        self._fresh = True
        self._walls: list[int] = []
        self._ready: list[PastGop] = []

    def packets(self, channel: int, packets: Sequence[bytes]) -> None:
        """Raises PROTOCOL for a recording that says no times, or whose GOPs have no end."""
        number = self._channels.get(channel, 0)
        if number < 0:
            self.over = self.over or any(parse_rtcp(packet)[1] for packet in packets)
            return
        if not number:
            return
        source, times = self._sources[number], self._times[number]
        for packet in packets:
            times.told(packet)
        self.bytes += sum(map(len, packets))
        units = source.push(packets)
        while True:
            for unit in units:
                self._take(number, unit, times.of(unit))
            if not source.more:
                return
            units = source.drain()

    def gops(self) -> list[PastGop]:
        """What is whole since the last call."""
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> list[PastGop]:
        """The last one too: nothing more will come of it."""
        for number, source in self._sources.items():
            for unit in source.flush():
                self._take(number, unit, self._times[number].of(unit))
        self._close(None)
        return self.gops()

    def _take(self, number: int, unit: AccessUnit, time: tuple[int, bool] | None) -> None:
        if number != VIDEO_TRACK:
            if time is not None and self._units:
                self._units.append(PastUnit(number, unit, time[0]))
                self._size += unit.size
            return
        if time is None:
            raise VmsError(Kind.PROTOCOL, "the camera's recording does not say when it was taken")
        wall_us, torn = time
        torn = torn or unit.after_loss or self._sources[VIDEO_TRACK].generation != self._generation
        if torn:
            self._close(None)
            self._fresh = True
            self._generation = self._sources[VIDEO_TRACK].generation
        if unit.key:
            self._close(wall_us)
        elif not self._units:
            return
        self._units.append(PastUnit(number, unit, wall_us))
        self._walls.append(wall_us)
        self._size += unit.size
        if self._size > MAX_GOP_BYTES or wall_us - self._units[0].wall_us > MAX_GOP_US:
            raise VmsError(Kind.PROTOCOL, "the camera's recording has no key frame for too long")

    def _close(self, next_us: int | None) -> None:
        """The GOP is whole: up to the next key picture, or to the end of its last one."""
        units, self._units, walls, self._walls, self._size = self._units, [], self._walls, [], 0
        if not units:
            return
        start_us = units[0].wall_us
        steps = sorted(late - early for early, late in zip(sorted(walls), sorted(walls)[1:], strict=False))
        last_us = max(walls) + max(1, steps[len(steps) // 2] if steps else FIRST_FRAME_US)
        end_us = next_us if next_us is not None and 0 < next_us - start_us <= last_us - start_us + STEP_US else last_us
        infos = tuple(info for source in self._sources.values() if (info := source.info) is not None)
        self._ready.append(PastGop(infos, self._fresh, start_us, end_us, tuple(units)))
        self._fresh = next_us is not None and end_us != next_us
