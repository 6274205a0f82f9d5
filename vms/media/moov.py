"""The parts of `moov` that CMAF inits and progressive files share (ISO/IEC 14496-12 clause 8).

Not here: fragments (cmaf), sample tables (mp4).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from vms.media.isobox import box, full_box
from vms.media.types import TrackInfo

MOVIE_TIMESCALE: Final = 90_000
UNDETERMINED: Final = 0x55C4  # ISO 639-2/T "und" in three 5-bit letters
_MATRIX: Final = Struct(">9i").pack(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_MVHD: Final = Struct(">QQIQIH10x36s24xI")
_TKHD: Final = Struct(">QQI4xQ8xhhH2x36sII")
_MDHD: Final = Struct(">QQIQHH")
_TREX: Final = Struct(">IIIII")
NON_SYNC: Final = 0x00010000  # sample_is_non_sync_sample
VIDEO_NONKEY_FLAGS: Final = 0x01010000  # sample_depends_on 1, sample_is_non_sync_sample
VIDEO_KEY_FLAGS: Final = 0x02000000  # sample_depends_on 2: on no other
AUDIO_FLAGS: Final = 0x02000000


def mvhd(duration: int, next_track: int) -> bytes:
    return full_box(b"mvhd", 1, 0, _MVHD.pack(0, 0, MOVIE_TIMESCALE, duration, 0x10000, 0x0100, _MATRIX, next_track))


def tkhd(info: TrackInfo, movie_duration: int, *, number: int = 0) -> bytes:
    group, volume = (0, 0) if info.is_video else (1, 0x0100)
    sides = info.width << 16, info.height << 16
    fields = (0, 0, number or info.track, movie_duration, 0, group, volume, _MATRIX, *sides)
    return full_box(b"tkhd", 1, 3, _TKHD.pack(*fields))


def mdia(info: TrackInfo, duration: int, stbl: bytes) -> bytes:
    header = full_box(b"mdhd", 1, 0, _MDHD.pack(0, 0, info.timescale, duration, UNDETERMINED, 0))
    handler, name = (b"vide", b"Video\0") if info.is_video else (b"soun", b"Sound\0")
    hdlr = full_box(b"hdlr", 0, 0, b"\0\0\0\0", handler, bytes(12), name)
    media_header = full_box(b"vmhd", 0, 1, bytes(8)) if info.is_video else full_box(b"smhd", 0, 0, bytes(4))
    here = full_box(b"dref", 0, 0, b"\0\0\0\1", full_box(b"url ", 0, 1))
    return box(b"mdia", header, hdlr, box(b"minf", media_header, box(b"dinf", here), stbl))


def stsd(*entries: bytes) -> bytes:
    return full_box(b"stsd", 0, 0, len(entries).to_bytes(4, "big"), *entries)


def empty_stbl(info: TrackInfo) -> bytes:
    """Sample tables of a fragmented file: descriptions only."""
    none = bytes(4)
    tables = [full_box(kind, 0, 0, none) for kind in (b"stts", b"stsc", b"stco")]
    return box(b"stbl", stsd(info.sample_entry), *tables, full_box(b"stsz", 0, 0, none, none))


def trex(info: TrackInfo) -> bytes:
    flags = VIDEO_NONKEY_FLAGS if info.is_video else AUDIO_FLAGS
    return full_box(b"trex", 0, 0, _TREX.pack(info.track, 1, 0, 0, flags))
