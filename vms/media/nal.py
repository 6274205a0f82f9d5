"""NAL units: splitting, joining, type helpers (H.264 clause 7.3.1 and annex B, H.265 clause 7.3.1).

Not here: the contents of parameter sets (h264, h265), RTP payload formats (depacket).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from vms.base.errors import Kind, VmsError

START_CODE: Final = b"\x00\x00\x01"
MAX_NAL_BYTES: Final = 8 * 1024 * 1024

H264_SLICE: Final = 1
H264_IDR: Final = 5
H264_SEI: Final = 6
H264_SPS: Final = 7
H264_PPS: Final = 8
H264_AUD: Final = 9

H265_TRAIL_N: Final = 0
H265_TRAIL_R: Final = 1
H265_RASL: Final = frozenset({8, 9})
H265_IRAP_FIRST: Final = 16
H265_BLA_LAST: Final = 18
H265_IRAP_LAST: Final = 23
H265_LAST_VCL: Final = 31
H265_VPS: Final = 32
H265_SPS: Final = 33
H265_PPS: Final = 34
H265_AUD: Final = 35
H265_SEI: Final = frozenset({39, 40})


def h264_type(nal: bytes) -> int:
    return nal[0] & 0x1F


def h265_type(nal: bytes) -> int:
    return (nal[0] >> 1) & 0x3F


def h264_is_vcl(kind: int) -> bool:
    return 1 <= kind <= 5


def h265_is_vcl(kind: int) -> bool:
    return kind <= H265_LAST_VCL


def h264_is_key(kind: int) -> bool:
    return kind == H264_IDR


def h265_is_key(kind: int) -> bool:
    return H265_IRAP_FIRST <= kind <= H265_IRAP_LAST


def h264_first_slice(nal: bytes) -> bool:
    """first_mb_in_slice == 0: its Exp-Golomb code is the single bit 1 (H.264 clause 7.3.3)."""
    return len(nal) > 1 and nal[1] >= 0x80


def h265_first_slice(nal: bytes) -> bool:
    """first_slice_segment_in_pic_flag is the first bit of the slice header (H.265 clause 7.3.6.1)."""
    return len(nal) > 2 and nal[2] >= 0x80


def split_annexb(data: bytes) -> list[bytes]:
    """NAL units of a byte stream; bytes before the first start code are not a NAL unit."""
    pieces = data.split(START_CODE)[1:]
    # a 4-byte start code leaves its first zero, and trailing_zero_8bits leave theirs, on the unit before
    return [nal for nal in (piece.rstrip(b"\x00") for piece in pieces) if nal]


def iter_length_prefixed(data: bytes) -> Iterator[bytes]:
    """NAL units behind 4-byte lengths; a length that leaves `data` is a PROTOCOL error."""
    at, end = 0, len(data)
    while at < end:
        start = at + 4
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise VmsError(Kind.PROTOCOL, "A NAL unit's length leaves its sample.", size=end)
        yield data[start:at]


def split_length_prefixed(data: bytes) -> list[bytes]:
    return list(iter_length_prefixed(data))


def join_length_prefixed(nals: Iterable[bytes]) -> bytes:
    return b"".join([part for nal in nals for part in (len(nal).to_bytes(4, "big"), nal)])


def join_annexb(nals: Iterable[bytes]) -> bytes:
    return b"".join([b"\x00\x00\x00\x01" + nal for nal in nals])


def unescape(nal: bytes) -> bytes:
    """The NAL unit without emulation_prevention_three_byte (H.264 clause 7.4.1)."""
    return b"\x00\x00".join(nal.split(b"\x00\x00\x03"))
