"""The RTP header extension of a replayed recording (ONVIF Streaming Specification clause 6.3): when each picture was taken.

Not here: asking for a recording (rtsp.client), whose clock this is (the camera's, which is recorded, not believed).
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from vms.media.rtp import HEADER_BYTES, NTP_TO_UNIX_US, parse_rtp

PROFILE: Final = 0xABAC
WORDS: Final = 3
_EXTENSION: Final = Struct(">HHQBBH")
_CLEAN, _END, _DISCONTINUITY = 0x80, 0x40, 0x20


class ReplayMark(NamedTuple):
    """`wall_us`: microseconds UTC on the camera's clock. `clean`: a decoder can begin here. `end`: the last of what is recorded
    without a hole. `discontinuity`: not the next one of what came before. `cseq`: low byte of the PLAY that asked for it.
    """

    wall_us: int
    clean: bool
    end: bool
    discontinuity: bool
    cseq: int


def parse_mark(packet: bytes) -> ReplayMark | None:
    """Of an RTP packet; None when it carries no such extension. Further words (a JPEG's) are passed over."""
    if len(packet) < HEADER_BYTES or not packet[0] & 0x10 or parse_rtp(packet) is None:
        return None
    at = HEADER_BYTES + 4 * (packet[0] & 0x0F)
    if at + _EXTENSION.size > len(packet):
        return None
    profile, words, ntp, flags, cseq, _ = _EXTENSION.unpack_from(packet, at)
    if profile != PROFILE or words < WORDS:
        return None
    wall_us = (ntp * 1_000_000 + (1 << 31) >> 32) - NTP_TO_UNIX_US
    return ReplayMark(wall_us, bool(flags & _CLEAN), bool(flags & _END), bool(flags & _DISCONTINUITY), cseq)


def make_mark(mark: ReplayMark) -> bytes:
    """The extension, to stand behind the fixed header (whose X bit is set)."""
    seconds, us = divmod(mark.wall_us + NTP_TO_UNIX_US, 1_000_000)
    ntp = (seconds & 0xFFFFFFFF) << 32 | (us << 32) // 1_000_000
    flags = mark.clean * _CLEAN | mark.end * _END | mark.discontinuity * _DISCONTINUITY
    return _EXTENSION.pack(PROFILE, WORDS, ntp, flags, mark.cseq & 0xFF, 0)
