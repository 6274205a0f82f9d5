"""RTP payload format of H.264 (RFC 6184): single NAL units, STAP-A, FU-A.

Not here: interleaved mode (packetization-mode 2), which cameras do not use. Streams without IDR pictures
(recovery points only) give no unit.
"""

from __future__ import annotations

from typing import Final

from vms.base.errors import VmsError
from vms.media.depacket_video import CLOSED, VideoSource
from vms.media.h264 import parse_sps, pps_id, track_info
from vms.media.nal import H264_AUD, H264_IDR, H264_PPS, H264_SEI, H264_SLICE, H264_SPS, START_CODE
from vms.media.types import TrackInfo

STAP_A: Final = 24
FU_A: Final = 28
_OPENS_UNIT: Final = frozenset({6, 7, 8, 9, 14, 15, 16, 17, 18})  # H.264 clause 7.4.1.2.3
# What a first fragment opens, by how its payload begins: header, later and last fragments' begin, slice, key.
_START: Final = {
    bytes((bits << 5 | FU_A, 0x80 | kind)): (
        bytes((bits << 5 | kind,)),
        bytes((bits << 5 | FU_A, kind)),
        bytes((bits << 5 | FU_A, 0x40 | kind)),
        1 <= kind <= H264_IDR,
        kind == H264_IDR,
    )
    for bits in range(8)
    for kind in range(32)
}


class H264Source(VideoSource):
    """Depacketiser of H.264."""

    def __init__(self, sprop: list[bytes], fps: float = 0.0) -> None:
        super().__init__(2, (H264_SPS, H264_PPS))
        self._fps = fps
        for nal in sprop:
            if nal:
                self._parameter_set(nal[0] & 0x1F, nal)
        if sprop:
            self._configure(key=True)
            self._waiting = True

    def _payload(self, packet: bytes, head: bytes, timestamp: int, marker: int) -> None:
        kind = head[0] & 0x1F
        if timestamp != self._ts:
            if kind == H264_SLICE and marker and self._steady and head[1] >= 0x80 and not self._parts:
                self._lone(packet, timestamp)
                return
            self._new_time(timestamp)
        if kind == FU_A:
            start = _START.get(head)
            if start is None:
                self._fragment(packet, head)
            else:
                self._fu_start(packet, start)
        elif 1 <= kind <= H264_IDR:
            if self._mid is not CLOSED:
                self._fu_end()
            if not self._has_vcl:  # the usual: one slice, one picture
                self._has_vcl = True
                self._first_slice = head[1] >= 0x80
                self._key = kind == H264_IDR
            else:
                self._slice(head[1] >= 0x80, kind == H264_IDR)
            self._add(packet[12:])
        elif kind == H264_SEI and not self._has_vcl and START_CODE not in packet:
            self._add(packet[12:])
        else:
            self._rare(kind, packet)
        if marker:
            self._end_payload()

    def _fragment(self, packet: bytes, head: bytes) -> None:
        """A fragment that begins no NAL unit, or one that is begin and end at once."""
        if head[1] & 0x80:
            self._fu_start(packet, _START[bytes((head[0], head[1] & 0x9F))])
        elif self._mid is CLOSED:
            return  # its start was lost, and counted so
        else:
            self._parts.append(packet[14:])
        if head[1] & 0x40:
            self._fu_end()

    def _fu_start(self, packet: bytes, start: tuple[bytes, bytes, bytes, bool, bool]) -> None:
        header, later, last, vcl, key = start
        if self._mid is not CLOSED:
            self._fu_end()  # a camera that forgets the end bit; nothing is missing between the two
        if vcl:
            first = packet[14:15] >= b"\x80"
            if self._has_vcl:
                self._slice(first, key)
            else:
                self._has_vcl, self._first_slice, self._key = True, first, key
        self._open(header, vcl, packet, later, last)

    def _fu_end(self) -> None:
        if self._mid is CLOSED:
            return
        if self._open_vcl:
            self._close()
        else:
            self._nal(self._close_apart())

    def _rare(self, kind: int, packet: bytes) -> None:
        if kind == STAP_A:
            self._aggregate(packet)
        elif kind == 0 and packet[12:16] in {b"\0\0\0\1", b"\0\0\1" + packet[15:16]}:
            self._split(packet[12:].lstrip(b"\0")[1:])
        elif kind == 0 or kind > STAP_A:
            self.bad_packets += 1
        else:
            self._nal(packet[12:])

    def _aggregate(self, packet: bytes) -> None:
        at, end = 13, len(packet)
        while at + 2 < end:
            start = at + 2
            at = start + int.from_bytes(packet[at:start], "big")
            if at > end or at == start:
                self.bad_packets += 1
                return
            self._nal(packet[start:at])

    def _nal(self, nal: bytes) -> None:
        kind = nal[0] & 0x1F
        if 1 <= kind <= H264_IDR:
            self._slice(len(nal) > 1 and nal[1] >= 0x80, kind == H264_IDR)
        elif START_CODE in nal:
            self._split(nal)
            return
        elif self._has_vcl and kind in _OPENS_UNIT:
            self._finish()
        if 1 <= kind <= H264_SEI:
            self._add(nal)
        elif kind != H264_AUD:
            self._steady = False
            self._parameter_set(kind, nal)

    def _parameter_set(self, kind: int, nal: bytes) -> None:
        if self.sets.again(kind, nal):
            return
        try:
            if kind == H264_SPS:
                sps = parse_sps(nal)
                self._two_fields = not sps.frames_only
                self.sets.take(kind, sps.sps_id, nal)
            elif kind == H264_PPS:
                self.sets.take(kind, pps_id(nal), nal)
        except VmsError:
            self.bad_packets += 1

    def _build_info(self) -> TrackInfo | None:
        sps, pps = self.sets.of(H264_SPS), self.sets.of(H264_PPS)
        return track_info(sps, pps, fps=self._fps) if sps and pps else None
