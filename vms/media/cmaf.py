"""CMAF: Inits, and frames boxed into Chunks (ISO/IEC 23000-19, ISO/IEC 14496-12 clause 8.8).

In: the one place where a Chunk's bytes are made. Not here: reading chunks back (boxes), progressive files (mp4).
Bytes never change after this (invariant 1), so a change here changes the files of every node.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from struct import Struct
from typing import Final

from vms.media.isobox import box
from vms.media.moov import AUDIO_FLAGS, VIDEO_KEY_FLAGS, VIDEO_NONKEY_FLAGS, empty_stbl, mdia, mvhd, tkhd, trex
from vms.media.types import Chunk, Frame, Init, TrackInfo

_FTYP: Final = box(b"ftyp", b"iso6", b"\0\0\0\0", b"iso6", b"cmfc", b"mp41")

TFHD_FLAGS: Final = 0x020028  # default-base-is-moof, default duration, default flags
TRUN_BASE: Final = 0x000205  # data offset, first-sample flags, sample sizes
TRUN_DURATION: Final = 0x000100
TRUN_CTS: Final = 0x000800
_HEAD: Final = "I4s I4sII I4s I4sIIII I4sIQ I4sIIiI"
_VERSION_1: Final = 0x01000000


def make_init(info: TrackInfo) -> Init:
    """`ftyp+moov` for one track, as Media Source Extensions take it."""
    return Init(info, make_file_init((info,)))


def make_file_init(infos: Sequence[TrackInfo]) -> bytes:
    """`ftyp+moov` for all tracks of a segment file."""
    tracks = [box(b"trak", tkhd(info, 0), mdia(info, 0, empty_stbl(info))) for info in infos]
    mvex = box(b"mvex", *[trex(info) for info in infos])
    return _FTYP + box(b"moov", mvhd(0, max(info.track for info in infos) + 1), *tracks, mvex)


def split_gops(frames: Sequence[Frame]) -> list[Sequence[Frame]]:
    """Cuts before every key frame, because a Chunk never spans two GOPs."""
    cuts = [at for at, frame in enumerate(frames) if frame.key and at]
    if not cuts:
        return [frames] if frames else []
    return [frames[start:end] for start, end in zip([0, *cuts], [*cuts, len(frames)], strict=True)]


@lru_cache(maxsize=4096)
def _layout(count: int, fields: int) -> Struct:
    """One moof for `count` samples with `fields` numbers each, then the mdat header."""
    return Struct(f">{_HEAD} {count * fields}I I4s")


@lru_cache(maxsize=4096)
def _cts_layout(count: int, *, durations: bool) -> Struct:
    sample = "IIi" if durations else "Ii"
    return Struct(f">{_HEAD} {sample * count} I4s")


class Chunker:
    """Boxes the frames of one track of one run; counts its chunks."""

    __slots__ = ("_default_flags", "_is_video", "_key_flags", "_seq", "_track")

    def __init__(self, info: TrackInfo) -> None:
        self._track = info.track
        self._is_video = info.is_video
        self._default_flags = VIDEO_NONKEY_FLAGS if info.is_video else AUDIO_FLAGS
        self._key_flags = VIDEO_KEY_FLAGS if info.is_video else AUDIO_FLAGS
        self._seq = 0

    def chunk(self, frames: Sequence[Frame], wall_us: int) -> Chunk:
        """One moof+mdat of these frames; of a video only the first may be a key frame (see split_gops)."""
        count = len(frames)
        dts, pts, durations, keys, parts, sizes = zip(*frames, strict=True)
        if self._is_video and True in keys[1:]:
            raise ValueError("a chunk never spans two GOPs")
        duration = durations[0]
        uniform = durations.count(duration) == count
        trun = TRUN_BASE if uniform else TRUN_BASE | TRUN_DURATION
        if pts == dts:
            fields = 1 if uniform else 2
            layout = _layout(count, fields)
            samples: Sequence[int] = sizes if uniform else [value for pair in zip(durations, sizes, strict=True) for value in pair]
        else:
            fields = 2 if uniform else 3
            layout = _cts_layout(count, durations=not uniform)
            trun |= TRUN_CTS
            offsets = [late - early for late, early in zip(pts, dts, strict=True)]
            columns = (sizes, offsets) if uniform else (durations, sizes, offsets)
            samples = [value for row in zip(*columns, strict=True) for value in row]
        self._seq = seq = self._seq + 1
        trun_size = 24 + 4 * fields * count
        moof_size = 76 + trun_size
        key = keys[0]
        flags = self._key_flags if key else self._default_flags
        head = layout.pack(
            moof_size, b"moof",
            16, b"mfhd", 0, seq & 0xFFFFFFFF,
            52 + trun_size, b"traf",
            24, b"tfhd", TFHD_FLAGS, self._track, duration, self._default_flags,
            20, b"tfdt", _VERSION_1, dts[0],
            trun_size, b"trun", _VERSION_1 | trun, count, moof_size + 8, flags,
            *samples,
            8 + sum(sizes), b"mdat",
        )  # fmt: skip
        span = duration * count if uniform else sum(durations)
        fields = (self._track, seq, key and self._is_video, wall_us, dts[0], span, count, b"".join(chain((head,), *parts)))
        return tuple.__new__(Chunk, fields)  # a third of what its constructor costs
