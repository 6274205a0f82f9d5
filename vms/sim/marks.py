"""Frame marks: the SEI message that tells camera, frame and wall time of one coded picture; written, and found again in files.

Layout (docs/ref/sim.md): SEI `user_data_unregistered` (ITU-T H.264 D.1.7, H.265 D.2.7) with the UUID below, then u32 camera,
u64 counter, i64 wall µs, u32 CRC-32 of these three, big-endian. The counter counts the camera's pictures since the Unix epoch in order
of presentation, so it never repeats; a stream with B-frames carries it out of order.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from vms.media.types import Codec

UUID = bytes.fromhex("04f72a8cfce645c0a33704c079f7e7dd")

_BODY = struct.Struct(">IQq")
_CRC = struct.Struct(">I")
_BODY_AND_CRC = _BODY.size + _CRC.size
_SEI = b"\x05" + bytes([len(UUID) + _BODY_AND_CRC]) + UUID
_HEAD = {
    Codec.H264: b"\x06" + _SEI,  # nal_unit_type 6
    Codec.H265: b"\x4e\x01" + _SEI,  # nal_unit_type 39 (PREFIX_SEI_NUT), temporal id 0
}
_STOP_BIT = b"\x80"
# 7.4.1: no 00 00 0x may stand in a NAL unit when x <= 3. The look-ahead makes one pass right for runs of zeros, too.
_FORBIDDEN = re.compile(b"\0\0(?=[\0-\3])")
_ESCAPED = re.compile(b"\0\0\3")
_STABLE = 8  # camera and the counter's upper half
_LONGEST_ESCAPED = _BODY_AND_CRC * 3 // 2 + 1


class Mark(NamedTuple):
    """One frame mark; `offset` is that of its UUID in the scanned bytes."""

    camera: int
    counter: int
    wall_us: int
    offset: int


def make_mark(codec: Codec, camera: int, counter: int, wall_us: int) -> bytes:
    """The whole SEI NAL unit, without length or start code."""
    body = _BODY.pack(camera, counter, wall_us)
    rest = body[_STABLE:] + _CRC.pack(zlib.crc32(body))
    if b"\0\0" in rest or not body[_STABLE - 1]:
        return _HEAD[codec] + _FORBIDDEN.sub(b"\0\0\3", body[:_STABLE] + rest) + _STOP_BIT
    return _escaped_head(codec, body[:_STABLE]) + rest + _STOP_BIT


@lru_cache(maxsize=4096)
def _escaped_head(codec: Codec, stable: bytes) -> bytes:
    """The part that stays for years: it holds most of the zeros, and escaping is most of a mark's cost."""
    return _HEAD[codec] + _FORBIDDEN.sub(b"\0\0\3", stable)


def find_marks(data: bytes | bytearray | memoryview) -> list[Mark]:
    """Every whole mark in file, fragment or Annex B bytes, in the order of the bytes; damaged ones are left out."""
    view = bytes(data) if isinstance(data, memoryview) else data
    marks: list[Mark] = []
    at = view.find(UUID)
    while at >= 0:
        start = at + len(UUID)
        body = _ESCAPED.sub(b"\0\0", view[start : start + _LONGEST_ESCAPED])[:_BODY_AND_CRC]
        if len(body) == _BODY_AND_CRC and _CRC.unpack_from(body, _BODY.size)[0] == zlib.crc32(body[: _BODY.size]):
            marks.append(Mark(*_BODY.unpack_from(body), offset=at))
        at = view.find(UUID, start)
    return marks


class Tally(NamedTuple):
    """What a set of marks of one stream says about loss."""

    frames: int
    missing: int
    doubled: int


def tally(marks: Iterable[Mark]) -> Tally:
    """Count the holes and doubles between the first and the last picture, whatever their order (B-frames)."""
    counters = sorted(mark.counter for mark in marks)
    distinct = len(set(counters))
    span = counters[-1] - counters[0] + 1 if counters else 0
    return Tally(frames=len(counters), missing=span - distinct, doubled=len(counters) - distinct)
