"""Reading recorded GOPs: extents in, Inits and Chunks out; the only file access of playback.

Blocking reads: call from threads. Not here: which extents (record), pacing (player), MP4 tables (media.mp4).
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US
from vms.media.boxes import ParsedChunk, box_head, chunk_from_head, split_chunks, split_init
from vms.media.types import VIDEO_TRACK, Chunk, Init
from vms.owner.requests import Extent

MAX_GOP_BYTES = 64 * 1024 * 1024
MAX_INIT_BYTES = 1024 * 1024
MAX_MOOF_BYTES = 4 * 1024 * 1024
HEAD_BYTES = 1024  # holds the moof of most chunks and the header behind it
MDAT_HEADER_BYTES = 16
Gop = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class PlayedGop:
    """One GOP as a viewer gets it: its chunks in file order, each with the wall time of its first frame."""

    start_us: int
    end_us: int
    chunks: tuple[Chunk, ...]


def read_at(path: str, offset: int, size: int, limit: int) -> bytes:
    """Exactly `size` bytes. Raises DAMAGED when the file is gone or short, so that a viewer is told, not cut off."""
    if not 0 <= size <= limit:
        raise VmsError(Kind.DAMAGED, "the index names an absurd size in this segment", offset=offset, size=size)
    with _opened(path) as descriptor:
        data = os.pread(descriptor, size, offset)
    if len(data) != size:
        raise _short(offset, size)
    return data


@contextmanager
def _opened(path: str) -> Generator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise VmsError(Kind.DAMAGED, "a segment file cannot be opened; run `vms check`", errno=error.errno) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _short(offset: int, size: int) -> VmsError:
    return VmsError(Kind.DAMAGED, "a segment file is shorter than its index; run `vms check`", offset=offset, size=size)


@lru_cache(maxsize=256)
def _inits(path: str, init_size: int) -> tuple[bytes, tuple[Init, ...]]:
    data = read_at(path, 0, init_size, MAX_INIT_BYTES)
    return data, split_init(data)


def file_init(extent: Extent) -> bytes:
    """`ftyp+moov` of the segment file, all tracks."""
    return _inits(extent.path, extent.init_size)[0]


def read_inits(extent: Extent) -> tuple[Init, ...]:
    return _inits(extent.path, extent.init_size)[1]


def read_gop_bytes(extent: Extent, gop: Gop) -> bytes:
    return read_at(extent.path, gop[0], gop[1], MAX_GOP_BYTES)


def read_chunk_heads(extent: Extent) -> Iterator[tuple[Gop, tuple[ParsedChunk, ...]]]:
    """Each GOP's chunks by their moof boxes alone: of a day of video some megabytes are read instead of all of it.

    Offsets count from the GOP's start. Raises DAMAGED, PROTOCOL.
    """
    with _opened(extent.path) as descriptor:
        size_bytes = os.fstat(descriptor).st_size
        for gop in extent.gops:
            if gop[0] + gop[1] > size_bytes:
                raise _short(gop[0], gop[1])
            yield gop, tuple(_chunk_heads(descriptor, gop[0], gop[1]))


def _chunk_heads(descriptor: int, offset: int, size: int) -> Iterator[ParsedChunk]:
    at = 0
    while at < size:
        head = os.pread(descriptor, min(HEAD_BYTES, size - at), offset + at)
        kind, _, box_bytes = box_head(head)
        if kind == b"moof":
            if not box_bytes <= MAX_MOOF_BYTES:
                raise VmsError(Kind.PROTOCOL, "A fragment header is absurdly long.", size=box_bytes)
            if len(head) < box_bytes + MDAT_HEADER_BYTES:
                head = os.pread(descriptor, min(box_bytes + MDAT_HEADER_BYTES, size - at), offset + at)
            chunk = chunk_from_head(head, at)
            yield chunk
            box_bytes = chunk.size
        at += box_bytes
    if at != size:
        raise VmsError(Kind.PROTOCOL, "A box leaves the group of pictures that the index names.", offset=offset)


def read_key_chunk(extent: Extent, gop: Gop) -> Chunk:
    """The chunk that opens the GOP, without the rest of it. Raises DAMAGED, PROTOCOL."""
    with _opened(extent.path) as descriptor:
        for part in _chunk_heads(descriptor, gop[0], gop[1]):
            if part.track == VIDEO_TRACK and part.key:
                data = read_at(extent.path, gop[0] + part.offset, part.size, MAX_GOP_BYTES)
                return Chunk(part.track, 0, part.key, gop[2], part.tfdt, part.duration, part.frames, data)
    raise VmsError(Kind.DAMAGED, "a group of pictures has no key frame; run `vms check`", offset=gop[0])


def read_gop(extent: Extent, gop: Gop) -> PlayedGop:
    """Chunks of one GOP with wall times counted from the GOP's own start."""
    data = read_gop_bytes(extent, gop)
    timescales = {init.info.track: init.info.timescale for init in read_inits(extent)}
    start_us, end_us = gop[2], gop[2] + gop[3]
    chunks: list[Chunk] = []
    zero_us: int | None = None
    for seq, part in enumerate(split_chunks(data)):
        media_us = part.tfdt * SECOND_US // timescales.get(part.track, 90_000)
        if zero_us is None and part.track == VIDEO_TRACK:
            zero_us = media_us
        wall_us = start_us + (media_us - zero_us if zero_us is not None else 0)
        body = bytes(data[part.offset : part.offset + part.size])
        chunks.append(Chunk(part.track, seq, part.key, wall_us, part.tfdt, part.duration, part.frames, body))
    return PlayedGop(start_us, end_us, tuple(chunks))
