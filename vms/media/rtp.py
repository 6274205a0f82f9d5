"""RTP and RTCP (RFC 3550): headers, sequence order, timestamp unwrapping, sender and receiver reports.

Not here: payload formats (depacket). Nothing raises on foreign bytes: what is malformed is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final, NamedTuple

HEADER_BYTES: Final = 12
MAX_PACKET_BYTES: Final = 65_535
REORDER_WINDOW: Final = 64
SEQ_HALF: Final = 0x8000
_HEADER: Final = Struct(">BBHII")
_SR: Final = Struct(">BBHIQIII")
_RR: Final = Struct(">BBHI")
_REPORT: Final = Struct(">IIIIII")
_SDES_HEAD: Final = Struct(">BBHIBB")
SR: Final = 200
RR: Final = 201
SDES: Final = 202
BYE: Final = 203
MAX_LOST: Final = 0x7FFFFF


class RtpHeader(NamedTuple):
    """The fixed header and where the payload lies, behind CSRCs and extension and before padding."""

    marker: bool
    payload_type: int
    seq: int
    timestamp: int
    ssrc: int
    start: int
    end: int


def parse_rtp(packet: bytes) -> RtpHeader | None:
    """RFC 3550 clause 5.1; None when this is no RTP version 2 packet."""
    size = len(packet)
    if not HEADER_BYTES <= size <= MAX_PACKET_BYTES or packet[0] >> 6 != 2:
        return None
    first, second, seq, timestamp, ssrc = _HEADER.unpack_from(packet)
    start = HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > size:
            return None
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = size
    if first & 0x20:
        padding = packet[-1]
        if padding == 0:
            return None
        end -= padding
    if start > end:
        return None
    return RtpHeader(second >= 0x80, second & 0x7F, seq, timestamp, ssrc, start, end)


def plain_packet(packet: bytes, header: RtpHeader) -> bytes:
    """The same packet without CSRCs, extension and padding."""
    return b"".join((b"\x80", packet[1:HEADER_BYTES], packet[header.start : header.end]))


def seq_ahead(seq: int, expected: int) -> int:
    """How far `seq` lies ahead of `expected` (negative: behind), across the 16-bit wrap."""
    ahead = (seq - expected) & 0xFFFF
    return ahead - 0x10000 if ahead >= SEQ_HALF else ahead


def unwrap(timestamp: int, last: int, last_unwrapped: int) -> int:
    """The 64-bit time of a 32-bit timestamp that is nearer than half the range to the last one."""
    delta = (timestamp - last) & 0xFFFFFFFF
    return last_unwrapped + (delta - 0x100000000 if delta >= 0x80000000 else delta)


class SequenceReorder:
    """Puts UDP packets back in order: a hole is waited for until `window` later packets are there."""

    __slots__ = ("_expected", "_waiting", "_window", "duplicates")

    def __init__(self, window: int = REORDER_WINDOW) -> None:
        self._window = window
        self._expected = -1
        self._waiting: dict[int, bytes] = {}
        self.duplicates = 0

    def push(self, packets: Iterable[bytes]) -> list[bytes]:
        ready: list[bytes] = []
        for packet in packets:
            if len(packet) >= HEADER_BYTES:
                self._take(packet, ready)
        return ready

    def flush(self) -> list[bytes]:
        """What waits, in order; the holes are lost."""
        ready: list[bytes] = []
        while self._waiting:
            self._skip_hole(ready)
        return ready

    def _take(self, packet: bytes, ready: list[bytes]) -> None:
        seq = (packet[2] << 8) | packet[3]
        if seq == self._expected or self._expected < 0:
            ready.append(packet)
            self._expected = (seq + 1) & 0xFFFF
            if self._waiting:
                self._drain(ready)
            return
        ahead = seq_ahead(seq, self._expected)
        if abs(ahead) > 16 * self._window:
            # the sender restarted its count: hand out what waits and follow it
            ready.extend(self.flush())
            ready.append(packet)
            self._expected = (seq + 1) & 0xFFFF
        elif ahead < 0 or seq in self._waiting:
            self.duplicates += 1
        else:
            self._waiting[seq] = packet
            if len(self._waiting) >= self._window or ahead >= 2 * self._window:
                self._skip_hole(ready)

    def _drain(self, ready: list[bytes]) -> None:
        while (packet := self._waiting.pop(self._expected, None)) is not None:
            ready.append(packet)
            self._expected = (self._expected + 1) & 0xFFFF

    def _skip_hole(self, ready: list[bytes]) -> None:
        base = self._expected
        self._expected = min(self._waiting, key=lambda seq: (seq - base) & 0xFFFF)
        self._drain(ready)


class SenderReport(NamedTuple):
    """The sender's NTP time (32.32 fixed point since 1900) of one RTP timestamp (RFC 3550 clause 6.4.1)."""

    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int

    @property
    def wall_us(self) -> int:
        """Microseconds UTC since 1970 on the sender's clock, which is recorded, not believed."""
        return (self.ntp * 1_000_000 >> 32) - NTP_TO_UNIX_US


NTP_TO_UNIX_US: Final = 2_208_988_800 * 1_000_000


def parse_rtcp(packet: bytes) -> tuple[list[SenderReport], list[int]]:
    """Sender reports and the SSRCs that said BYE in one compound packet; a broken part ends the reading."""
    reports: list[SenderReport] = []
    gone: list[int] = []
    at = 0
    while at + 8 <= len(packet) and packet[at] >> 6 == 2:
        kind = packet[at + 1]
        end = at + 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
        if end > len(packet):
            break
        if kind == SR and end - at >= _SR.size:
            _, _, _, ssrc, ntp, rtp, packets, octets = _SR.unpack_from(packet, at)
            reports.append(SenderReport(ssrc, ntp, rtp, packets, octets))
        elif kind == BYE:
            count = min(packet[at] & 0x1F, (end - at - 4) // 4)
            gone.extend(int.from_bytes(packet[at + 4 + 4 * i : at + 8 + 4 * i], "big") for i in range(count))
        at = end
    return reports, gone


class ReportBlock(NamedTuple):
    """One source's reception (RFC 3550 clause 6.4.1); `last_sr` and `delay` are the middle 32 bits of NTP and 1/65,536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest_seq: int
    jitter: int = 0
    last_sr: int = 0
    delay: int = 0


def build_rr(ssrc: int, blocks: Sequence[ReportBlock], cname: bytes = b"") -> bytes:
    """A compound RR + SDES: every compound packet carries a CNAME (RFC 3550 clause 6.1)."""
    parts = [_RR.pack(0x80 | len(blocks), RR, 1 + 6 * len(blocks), ssrc)]
    for block in blocks:
        lost = min(max(block.lost, 0), MAX_LOST) | (block.fraction_lost & 0xFF) << 24
        parts.append(_REPORT.pack(block.ssrc, lost, block.highest_seq & 0xFFFFFFFF, block.jitter, block.last_sr, block.delay))
    name = cname[:255]
    item = _SDES_HEAD.pack(0x81, SDES, 0, ssrc, 1, len(name)) + name
    item += bytes(4 - len(item) % 4)
    parts.append(item[:2] + (len(item) // 4 - 1).to_bytes(2, "big") + item[4:])
    return b"".join(parts)
