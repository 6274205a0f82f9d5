"""RTP payload formats of audio: AAC (RFC 3640), G.711 (RFC 3551 clause 4.5.14), Opus (RFC 7587).

Not here: sample entries (audio). Every audio unit is a key; behind a hole the next one has `after_loss`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Final

from vms.base.errors import Kind, VmsError
from vms.media.audio import aac_track
from vms.media.depacket_base import PacketSource
from vms.media.rtp import HEADER_BYTES, unwrap
from vms.media.types import AccessUnit, TrackInfo

AAC_FRAME: Final = 1024
MAX_AAC_BYTES: Final = 65_536
MAX_UNITS: Final = 256


class AudioSource(PacketSource):
    """What audio formats share: packets admitted one by one; a few a second, so no fast path."""

    def __init__(self, info: TrackInfo) -> None:
        super().__init__()
        self._renew(info)
        self._ts = -1
        self._time = 0
        self._after_loss = False

    def _packet(self, packet: bytes) -> None:
        plain = self._admit(packet)
        if plain is None or len(plain) == HEADER_BYTES:
            return
        timestamp = int.from_bytes(plain[4:8], "big")
        self._time = unwrap(timestamp, self._ts, self._time) if self._ts >= 0 else timestamp
        self._ts = timestamp
        self._payload(plain[HEADER_BYTES:], marker=plain[1] >= 0x80)

    @abstractmethod
    def _payload(self, payload: bytes, *, marker: bool) -> None: ...

    def _give(self, time: int, data: bytes) -> None:
        self._sink.append(AccessUnit(time, True, (data,), len(data), self._after_loss))
        self._after_loss = False

    def _hole(self) -> None:
        self._after_loss = True


class PacketPerFrame(AudioSource):
    """G.711 and Opus: the payload is the frame."""

    def _payload(self, payload: bytes, *, marker: bool) -> None:
        self._give(self._time, payload)


class AacSource(AudioSource):
    """MPEG-4 audio with AU headers (RFC 3640 clause 3.2): several frames a packet, or a frame in several packets."""

    def __init__(self, info: TrackInfo, size_bits: int, index_bits: int, delta_bits: int, frame: int) -> None:
        super().__init__(info)
        self._size_bits, self._index_bits, self._delta_bits = size_bits, index_bits, delta_bits
        self._frame = frame
        self._part = b""
        self._part_size = 0

    def _payload(self, payload: bytes, *, marker: bool) -> None:
        header_bits = int.from_bytes(payload[:2], "big")
        start = 2 + (header_bits + 7) // 8
        sizes = self._sizes(payload[2:start], header_bits) if start <= len(payload) else None
        if not sizes:
            self._bad()
        elif (len(sizes) == 1 and sizes[0] > len(payload) - start) or (self._part and len(sizes) == 1 and sizes[0] == self._part_size):
            self._fragment(payload[start:], sizes[0])
        elif sum(sizes) > len(payload) - start:
            self._bad()
        else:
            self._part = b""
            for index, size in enumerate(sizes):
                self._give(self._time + index * self._frame, payload[start : start + size])
                start += size

    def _sizes(self, headers: bytes, bits: int) -> list[int]:
        value, left = int.from_bytes(headers, "big"), len(headers) * 8
        unused = left - bits
        sizes: list[int] = []
        width = self._size_bits + self._index_bits
        while left - unused >= width and len(sizes) < MAX_UNITS:
            left -= width
            sizes.append(((value >> left) & ((1 << width) - 1)) >> (width - self._size_bits))
            width = self._size_bits + self._delta_bits
        return sizes

    def _fragment(self, data: bytes, size: int) -> None:
        if size > MAX_AAC_BYTES or (self._part and self._part_size != size):
            self._bad()
            return
        self._part += data
        self._part_size = size
        if len(self._part) >= size:
            self._give(self._time, self._part[:size])
            self._part = b""

    def _bad(self) -> None:
        self.bad_packets += 1
        self._part = b""
        self._after_loss = True

    def _hole(self) -> None:
        if self._part:
            self.dropped_units += 1
        self._part = b""
        self._after_loss = True


def make_aac(clock_rate: int, fmtp: Mapping[str, str]) -> AacSource:
    """AAC as RFC 3640 clause 4.1 describes it; the field widths default to those of AAC-hbr."""
    try:
        config = bytes.fromhex(fmtp.get("config", ""))
        widths = [int(fmtp.get(name, default)) for name, default in (("sizelength", "13"), ("indexlength", "3"), ("indexdeltalength", "3"))]
        frame = int(fmtp.get("constantduration", str(AAC_FRAME)))
    except ValueError as error:
        raise VmsError(Kind.PROTOCOL, "The SDP describes its AAC wrongly.") from error
    if not (0 < widths[0] <= 16 and 0 <= widths[1] <= 16 and 0 <= widths[2] <= 16 and 0 < frame <= 8192):
        raise VmsError(Kind.PROTOCOL, "The SDP describes its AAC wrongly.")
    return AacSource(aac_track(config, clock_rate), widths[0], widths[1], widths[2], frame)
