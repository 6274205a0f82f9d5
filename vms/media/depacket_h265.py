"""RTP payload format of H.265 (RFC 7798): single NAL units, AP, FU.

Not here: DONL fields (sprop-max-don-diff above 0, refused at SDP) and PACI packets, which cameras do not send.
"""

from __future__ import annotations

from typing import Final

from vms.base.errors import VmsError
from vms.media.depacket_video import CLOSED, VideoSource
from vms.media.h265 import parse_sps, pps_id, track_info, vps_id
from vms.media.nal import (
    H265_BLA_LAST,
    H265_IRAP_FIRST,
    H265_IRAP_LAST,
    H265_LAST_VCL,
    H265_PPS,
    H265_RASL,
    H265_SEI,
    H265_SPS,
    H265_TRAIL_N,
    H265_TRAIL_R,
    H265_VPS,
    START_CODE,
)
from vms.media.types import TrackInfo

AP: Final = 48
FU: Final = 49
_TRAIL: Final = frozenset({H265_TRAIL_N << 1, H265_TRAIL_R << 1})  # first header byte of usual pictures
_OPENS_UNIT: Final = frozenset({32, 33, 34, 35, 39, *range(41, 45), *range(48, 56)})  # H.265 clause 7.4.2.4.4


class H265Source(VideoSource):
    """Depacketiser of H.265."""

    def __init__(self, sprop: list[bytes], fps: float = 0.0) -> None:
        super().__init__(3, (H265_VPS, H265_SPS, H265_PPS))
        self._fps = fps
        self._skip_leading = False
        for nal in sprop:
            if len(nal) > 2:
                self._parameter_set((nal[0] >> 1) & 0x3F, nal)
        if sprop:
            self._configure(key=True)
            self._waiting = True

    def _payload(self, packet: bytes, head: bytes, timestamp: int, marker: int) -> None:
        kind = (head[0] >> 1) & 0x3F
        if timestamp != self._ts:
            if head[0] in _TRAIL and marker and self._steady and head[2] >= 0x80 and head[1] < 8 and not self._parts:
                self._lone(packet, timestamp)
                return
            self._new_time(timestamp)
        if head[0] & 1 or head[1] >= 8:
            return  # nuh_layer_id above 0: another layer
        if kind == FU:
            self._fragment(packet, head)
        elif kind <= H265_LAST_VCL:
            if self._mid is not CLOSED:
                self._fu_end()
            if self._vcl(kind, head[2] >= 0x80):
                self._add(packet[12:])
        elif kind == AP:
            self._aggregate(packet)
        elif kind > FU:
            self.bad_packets += 1
        else:
            self._nal(packet[12:])
        if marker:
            self._end_payload()

    def _fragment(self, packet: bytes, head: bytes) -> None:
        fu = head[2]
        if fu & 0x80:
            self._fu_start(packet, head, fu)
        elif self._mid is CLOSED:
            return  # its start was lost, and counted so
        else:
            self._parts.append(packet[15:])
        if fu & 0x40:
            self._fu_end()

    def _vcl(self, kind: int, first: bool) -> bool:
        """A slice begins; False when it must not be kept: leading pictures of a random access point that was joined."""
        if kind in H265_RASL and self._skip_leading:
            if self._has_vcl:
                self._finish()
            return False
        key = H265_IRAP_FIRST <= kind <= H265_IRAP_LAST
        self._slice(first, key)
        if key and first:
            # RASL pictures refer to pictures before the random access point (H.265 clause 8.1.3)
            self._skip_leading = kind <= H265_BLA_LAST or self._waiting
        return True

    def _fu_start(self, packet: bytes, head: bytes, fu: int) -> None:
        if self._mid is not CLOSED:
            self._fu_end()  # a camera that forgets the end bit; nothing is missing between the two
        kind = fu & 0x3F
        vcl = kind <= H265_LAST_VCL
        if vcl and not self._vcl(kind, packet[15:16] >= b"\x80"):
            return
        header = bytes((head[0] & 0x81 | kind << 1, head[1]))
        self._open(header, vcl, packet, bytes((head[0], head[1], kind)), bytes((head[0], head[1], 0x40 | kind)))

    def _fu_end(self) -> None:
        if self._mid is CLOSED:
            return
        if self._open_vcl:
            self._close()
        else:
            self._nal(self._close_apart())

    def _aggregate(self, packet: bytes) -> None:
        at, end = 14, len(packet)
        while at + 2 < end:
            start = at + 2
            at = start + int.from_bytes(packet[at:start], "big")
            if at > end or at < start + 2:
                self.bad_packets += 1
                return
            self._nal(packet[start:at])

    def _nal(self, nal: bytes) -> None:
        if len(nal) < 3:
            return
        kind = (nal[0] >> 1) & 0x3F
        if nal[:4] == b"\0\0\0\1":
            self._split(nal[4:])
            return
        if kind <= H265_LAST_VCL:
            if not self._vcl(kind, nal[2] >= 0x80):
                return
        elif START_CODE in nal:
            self._split(nal)
            return
        elif self._has_vcl and kind in _OPENS_UNIT:
            self._finish()
        if kind <= H265_LAST_VCL or kind in H265_SEI:
            self._add(nal)
        else:
            self._steady = False
            self._parameter_set(kind, nal)

    def _parameter_set(self, kind: int, nal: bytes) -> None:
        if self.sets.again(kind, nal):
            return
        try:
            if kind == H265_SPS:
                self.sets.take(kind, parse_sps(nal).sps_id, nal)
            elif kind == H265_PPS:
                self.sets.take(kind, pps_id(nal), nal)
            elif kind == H265_VPS:
                self.sets.take(kind, vps_id(nal), nal)
        except VmsError:
            self.bad_packets += 1

    def _build_info(self) -> TrackInfo | None:
        vps, sps, pps = (self.sets.of(kind) for kind in (H265_VPS, H265_SPS, H265_PPS))
        return track_info(vps, sps, pps, fps=self._fps) if vps and sps and pps else None
