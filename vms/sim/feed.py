"""One camera's track in step with the wall clock: which unit is due when, its RTP packets with frame mark, its access units.

A feed has no state: everything follows from the unit's number `index`, counted in decoding order since the Unix epoch, so any
session can begin anywhere and the past can be written as it would have been. Not here: sockets and sessions (session.py).
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right

from vms.media.types import VIDEO_TRACK, AccessUnit, Codec
from vms.sim.clip import Loop, Unit
from vms.sim.marks import make_mark

_HEADER = struct.Struct(">BBHII")
_FRAMED = struct.Struct(">BBHBBHII")  # RFC 2326 §10.12 before RFC 3550 §5.1
_SENDER_REPORT = struct.Struct(">BBHIIIIII")
_NTP_EPOCH_S = 2_208_988_800
_MARKER = 0x80
_VERSION = 0x80

PAYLOAD_TYPES = {Codec.H264: 96, Codec.H265: 96, Codec.AAC: 97, Codec.PCMU: 0, Codec.PCMA: 8}


class Feed:
    """`stagger_us` is the camera's own place within a frame's time, `ahead` moves foreign clips through their loop (in time units)."""

    def __init__(self, loop: Loop, camera: int, *, stagger_us: int = 0, ahead: int = 0, stream: str = "main") -> None:
        self.loop, self.camera, self.stagger_us = loop, camera, stagger_us
        self.payload_type = PAYLOAD_TYPES[loop.codec]
        seed = zlib.crc32(f"{camera}/{stream}/{loop.track}".encode())
        self.ssrc, self.base = seed, zlib.crc32(b"time", seed)
        self._phase = loop.phase + ahead
        self._video = loop.track == VIDEO_TRACK
        self._count = len(loop.units)
        self._first_rank = loop.first_rank if self._video else 0

    # --- time ---

    def due_us(self, index: int) -> int:
        """When the unit leaves the camera."""
        turn, place = divmod(index, self._count)
        return self._us(turn * self.loop.duration + self.loop.dues[place])

    def wall_us(self, index: int) -> int:
        """When the picture was taken, the sound heard."""
        turn, place = divmod(index, self._count)
        return self._us(turn * self.loop.duration + self.loop.units[place].pts)

    def latest(self, now_us: int) -> int:
        """The last unit that is due."""
        ticks = (now_us - self.stagger_us) * self.loop.timescale // 1_000_000 - self._phase
        turn, place = divmod(ticks, self.loop.duration)
        index = turn * self._count + bisect_right(self.loop.dues, place) - 1
        return index + 1 if self.due_us(index + 1) <= now_us else index  # rounding to µs

    def key_before(self, index: int) -> int:
        """The last unit at or before `index` with which a decoder can begin."""
        while not self.is_key(index):
            index -= 1
        return index

    def is_key(self, index: int) -> bool:
        return self.loop.units[index % self._count].key

    def _us(self, ticks: int) -> int:
        return (ticks + self._phase) * 1_000_000 // self.loop.timescale + self.stagger_us

    # --- packets ---

    def rtp_time(self, index: int) -> int:
        turn, place = divmod(index, self._count)
        return self.base + turn * self.loop.duration + self._phase + self.loop.units[place].pts & 0xFFFFFFFF

    def sequence(self, index: int) -> int:
        turn, place = divmod(index, self._count)
        return turn * self.loop.packets + self.loop.units[place].first_packet & 0xFFFF

    def framed(self, index: int, channel: int) -> bytes:
        """All packets of the unit as interleaved frames: one allocation, one send. The hottest function of the simulation."""
        turn, place = divmod(index, self._count)
        loop, pack, kind, ssrc = self.loop, _FRAMED.pack, self.payload_type, self.ssrc
        unit = loop.units[place]
        time = self.base + turn * loop.duration + self._phase + unit.pts & 0xFFFFFFFF
        seq = turn * loop.packets + unit.first_packet & 0xFFFF
        parts: list[bytes] = []
        if self._video:
            for payload in unit.head:
                parts += (pack(0x24, channel, len(payload) + 12, _VERSION, kind, seq, time, ssrc), payload)
                seq = seq + 1 & 0xFFFF
            mark = self._mark(turn, unit)
            parts += (pack(0x24, channel, len(mark) + 12, _VERSION, kind, seq, time, ssrc), mark)
            seq = seq + 1 & 0xFFFF
        left = len(unit.body)
        for payload in unit.body:
            left -= 1
            parts += (pack(0x24, channel, len(payload) + 12, _VERSION, kind if left else kind | _MARKER, seq, time, ssrc), payload)
            seq = seq + 1 & 0xFFFF
        return b"".join(parts)

    def packets(self, index: int, time_shift: int = 0, seq_shift: int = 0) -> list[bytes]:
        """The same one by one, for UDP and for faults; the shifts are added to RTP time and sequence number."""
        payloads, time, seq = self._payloads(index), self.rtp_time(index) + time_shift & 0xFFFFFFFF, self.sequence(index) + seq_shift
        last = len(payloads) - 1
        return [
            _HEADER.pack(_VERSION, self.payload_type | (_MARKER if i == last else 0), seq + i & 0xFFFF, time, self.ssrc) + payload
            for i, payload in enumerate(payloads)
        ]

    def sender_report(self, now_us: int, packets: int, octets: int, shift: int = 0) -> bytes:
        """RTCP SR (RFC 3550 §6.4.1): which RTP time it is now."""
        seconds, us = divmod(now_us, 1_000_000)
        rtp = self.base + (now_us - self.stagger_us) * self.loop.timescale // 1_000_000 + shift
        fields = (seconds + _NTP_EPOCH_S & 0xFFFFFFFF, (us << 32) // 1_000_000, rtp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
        return _SENDER_REPORT.pack(_VERSION, 200, 6, self.ssrc, *fields)

    def _payloads(self, index: int) -> tuple[bytes, ...]:
        turn, place = divmod(index, self._count)
        unit = self.loop.units[place]
        return (*unit.head, self._mark(turn, unit), *unit.body) if self._video else unit.body

    def _mark(self, turn: int, unit: Unit) -> bytes:
        counter = turn * self._count + self._first_rank + unit.rank
        return make_mark(self.loop.codec, self.camera, counter, self._us(turn * self.loop.duration + unit.pts))

    # --- access units ---

    def access_unit(self, index: int) -> AccessUnit:
        """What a depacketiser would hand out; times are not cut to 32 bits and count from the epoch."""
        turn, place = divmod(index, self._count)
        unit = self.loop.units[place]
        data = unit.data
        if self._video:
            mark = self._mark(turn, unit)
            data = len(mark).to_bytes(4, "big") + mark + data
        return AccessUnit(turn * self.loop.duration + self._phase + unit.pts, unit.key, (data,), len(data))


def stagger_of(camera: int) -> int:
    """Where in a frame's 40 ms a camera sends: ten slots, neighbours far apart."""
    return camera * 7 % 10 * 4_000
