"""RTCP of a sender of pictures: its reports, and what receivers ask for (RFC 3550 §6, RFC 4585 §6, RFC 5104 §4.3.1). Pure.

Not here: the reports of receivers of cameras (media.rtp), answering (live.rtpsender).
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

SR: Final = 200
SDES: Final = 202
BYE: Final = 203
RTPFB: Final = 205
PSFB: Final = 206
NACK: Final = 1
PLI: Final = 1
FIR: Final = 4
MAX_LOST: Final = 1024  # of one compound packet
NTP_TO_UNIX_US: Final = 2_208_988_800 * 1_000_000
_SR: Final = Struct(">BBHIQIII")
_PAIR: Final = Struct(">HH")


class Asked(NamedTuple):
    """`lost`: sequence numbers to send again; `key`: a key frame is wanted."""

    lost: tuple[int, ...]
    key: bool


def parse_feedback(packet: bytes, ssrc: int) -> Asked:
    """What a compound packet asks of the stream `ssrc`. Nothing raises: what is malformed asks for nothing."""
    lost: list[int] = []
    key = False
    at = 0
    while at + 8 <= len(packet) and packet[at] >> 6 == 2:
        fmt, kind = packet[at] & 0x1F, packet[at + 1]
        end = at + 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
        if end > len(packet):
            break
        media = int.from_bytes(packet[at + 8 : at + 12], "big") if end - at >= 12 else -1
        if kind == RTPFB and fmt == NACK and media == ssrc:
            for first, mask in _PAIR.iter_unpack(packet[at + 12 : end]):
                lost.append(first)
                lost.extend((first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1)
        elif kind == PSFB and ((fmt == PLI and media == ssrc) or (fmt == FIR and _names(packet[at + 12 : end], ssrc))):
            key = True
        at = end
    return Asked(tuple(lost[:MAX_LOST]), key)


def _names(entries: bytes, ssrc: int) -> bool:
    """Whether a FIR has an entry for us; its media source is 0 (RFC 5104 §4.3.1.2)."""
    return any(int.from_bytes(entries[at : at + 4], "big") == ssrc for at in range(0, len(entries) - 7, 8))


def sender_report(ssrc: int, at: tuple[int, int], sent: tuple[int, int], cname: str) -> bytes:
    """A compound SR + SDES: the wall time of an RTP time, by which sound and pictures are matched.

    `at` is wall time (µs) and RTP time, `sent` packets and octets so far.
    """
    (wall_us, rtp_time), (packets, octets) = at, sent
    ntp = ((wall_us + NTP_TO_UNIX_US) << 32) // 1_000_000
    report = _SR.pack(0x80, SR, 6, ssrc, ntp & 0xFFFFFFFFFFFFFFFF, rtp_time & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    name = cname.encode()[:255]
    item = ssrc.to_bytes(4, "big") + bytes((1, len(name))) + name
    item += bytes(4 - len(item) % 4)
    return report + bytes((0x81, SDES)) + (len(item) // 4).to_bytes(2, "big") + item


def goodbye(ssrc: int) -> bytes:
    """BYE (RFC 3550 §6.6)."""
    return bytes((0x81, BYE, 0, 1)) + ssrc.to_bytes(4, "big")
