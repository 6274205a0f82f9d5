"""Chunks without a camera: boxes of the right frame around arbitrary bytes, on a straight clock."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from vms.media.types import VIDEO_TRACK, Chunk, Codec, Init, TrackInfo
from vms.storage.scan import ReadAt
from vms.stream.stream import Begin

T0_US = 1_700_000_000_000_000
FRAME_US = 40_000
RUN = "11111111-1111-4111-8111-111111111111"
INFO = TrackInfo(VIDEO_TRACK, Codec.H264, 90_000, 'video/mp4; codecs="avc1.64001f"', b"")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def fake_init(infos: Sequence[TrackInfo]) -> bytes:
    return box(b"ftyp", b"isom") + box(b"moov", b"\0" * 8 * len(infos))


def begin(run: str = RUN, wall_us: int = T0_US) -> Begin:
    return Begin(run, (Init(INFO, fake_init([INFO])),), wall_us)


def chunks(
    frames: int, *, gop: int = 10, per_chunk: int = 5, start_us: int = T0_US, first: int = 0, body_bytes: int = 50
) -> Iterator[Chunk]:
    """`frames` frames in chunks of `per_chunk`, a key frame every `gop`; frame `first` stands at `start_us`."""
    for index in range(0, frames, per_chunk):
        number = first + index
        data = box(b"moof", struct.pack(">Q", number)) + box(b"mdat", bytes([number % 251]) * body_bytes)
        yield Chunk(VIDEO_TRACK, number, index % gop == 0, start_us + index * FRAME_US, number * 3600, per_chunk * 3600, per_chunk, data)


def reader(data: bytes) -> ReadAt:
    def read_at(size: int, offset: int) -> bytes:
        return data[offset : offset + size]

    return read_at
