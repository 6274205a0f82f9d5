"""RTP payloads of access units: H.264 (RFC 6184), H.265 (RFC 7798), AAC (RFC 3640). G.711 is its own payload (RFC 3551).

Pure; `room` is the most bytes of a payload. Not here: RTP headers (of who sends), taking apart (depacket).
"""

from __future__ import annotations

from collections.abc import Sequence

from vms.media.nal import iter_length_prefixed
from vms.media.types import Codec

MTU = 1400
"""Bytes of a whole RTP packet; leaves room for IP and UDP on a tunnelled Ethernet."""
MAX_PAYLOAD = MTU - 12
G711_BYTES = 960
"""Of one G.711 packet at most: 120 ms."""

_H264_STAP_A, _H264_FU_A = 24, 28
_H265_AP, _H265_FU = 48, 49


def fragments(codec: Codec, nal: bytes, room: int = MAX_PAYLOAD) -> list[bytes]:
    """One NAL unit as it is, or as FU-A (RFC 6184 §5.8) or FU (RFC 7798 §4.4.3)."""
    if len(nal) <= room:
        return [nal]
    if codec is Codec.H264:
        indicator, kind, data = bytes([nal[0] & 0xE0 | _H264_FU_A]), nal[0] & 0x1F, nal[1:]
    else:
        indicator, kind, data = bytes([nal[0] & 0x81 | _H265_FU << 1, nal[1]]), nal[0] >> 1 & 0x3F, nal[2:]
    step = room - len(indicator) - 1
    starts = range(0, len(data), step)
    return [indicator + bytes([_fu(kind, at == 0, at + step >= len(data))]) + data[at : at + step] for at in starts]


def aggregate(codec: Codec, nals: Sequence[bytes], room: int = MAX_PAYLOAD) -> list[bytes]:
    """Small NAL units, such as parameter sets, as one STAP-A or AP; as single ones when they do not fit together."""
    if len(nals) < 2 or sum(len(nal) + 2 for nal in nals) + 2 > room:
        return [part for nal in nals for part in fragments(codec, nal, room)]
    if codec is Codec.H264:
        head = bytes([max(nal[0] & 0x60 for nal in nals) | _H264_STAP_A])
    else:
        head = bytes([_H265_AP << 1, min(nal[1] & 7 for nal in nals)])
    return [head + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)]


def picture(codec: Codec, unit: bytes, sets: Sequence[bytes], room: int = MAX_PAYLOAD) -> list[bytes]:
    """An access unit of length-prefixed NAL units, behind the parameter sets that go with it (none: those the decoder has)."""
    payloads = aggregate(codec, sets, room) if sets else []
    for nal in iter_length_prefixed(unit):
        payloads += fragments(codec, nal, room)
    return payloads


def aac_hbr(frame: bytes) -> bytes:
    """One AAC frame with its AU header of 13 + 3 bits (RFC 3640 §3.3.6)."""
    return b"\x00\x10" + (len(frame) << 3).to_bytes(2, "big") + frame


def g711(samples: bytes) -> list[bytes]:
    """One channel's samples as they are (RFC 3551 §4.5.14), cut where a packet would be longer than 120 ms."""
    return [samples[at : at + G711_BYTES] for at in range(0, len(samples), G711_BYTES)]


def _fu(kind: int, first: bool, last: bool) -> int:
    return kind | first << 7 | last << 6
