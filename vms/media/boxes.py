"""Reading back what cmaf wrote: Inits and Chunks out of the bytes of a file, a link or a GOP.

In: bounded parsing of `moov` and `moof`; `uuid` boxes (seals) are passed over. Not here: writing (cmaf). The box syntax of isobox is
offered here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from vms.base.errors import Kind, VmsError
from vms.media.cmaf import make_init
from vms.media.entryinfo import track_from_entry
from vms.media.isobox import SIZE_64_BIT, Box, Buffer, box, box_at, full_box, need, walk
from vms.media.moov import NON_SYNC
from vms.media.types import Init, TrackInfo

__all__ = [
    "Box",
    "ParsedChunk",
    "Sample",
    "box",
    "box_at",
    "box_head",
    "chunk_from_head",
    "full_box",
    "init_size",
    "samples_of",
    "split_chunks",
    "split_init",
    "walk",
]

MAX_SAMPLES: Final = 100_000
MAX_MEDIA: Final = 1 << 48  # 99 years at 90 kHz
_U32: Final = Struct(">I")
_U64: Final = Struct(">Q")

TFHD_BASE_OFFSET: Final = 0x01
TFHD_DESCRIPTION: Final = 0x02
TFHD_DURATION: Final = 0x08
TFHD_SIZE: Final = 0x10
TFHD_FLAGS: Final = 0x20
TRUN_DATA_OFFSET: Final = 0x001
TRUN_FIRST_FLAGS: Final = 0x004
TRUN_DURATION: Final = 0x100
TRUN_SIZE: Final = 0x200
TRUN_FLAGS: Final = 0x400
TRUN_CTS: Final = 0x800


class Sample(NamedTuple):
    """One frame of a chunk; `offset` counts from the start of the bytes that were split."""

    size: int
    duration: int
    cts: int
    key: bool
    offset: int


@dataclass(frozen=True, slots=True)
class ParsedChunk:
    """One moof+mdat at `offset` of the bytes that were split; times in the track's timescale."""

    track: int
    seq: int
    tfdt: int
    duration: int
    key: bool
    frames: int
    offset: int
    size: int
    samples: tuple[Sample, ...]


def split_chunks(data: Buffer) -> list[ParsedChunk]:
    """The chunks in `data`, in order. Boxes other than moof and mdat are passed over."""
    chunks: list[ParsedChunk] = []
    moof: Box | None = None
    for found in walk(data):
        if found.kind == b"moof":
            moof = found
        elif found.kind == b"mdat":
            if moof is None or moof.end != found.start:
                raise VmsError(Kind.PROTOCOL, "Media data stands without its fragment header.", offset=found.start)
            chunks.append(_chunk(data, moof, found))
            moof = None
    if moof is not None:
        raise VmsError(Kind.PROTOCOL, "A fragment header stands without its media data.", offset=moof.start)
    return chunks


def samples_of(data: Buffer) -> Iterator[tuple[int, Sample]]:
    """Decoding time and place of each frame of the chunks in `data`."""
    for parsed in split_chunks(data):
        at = parsed.tfdt
        for sample in parsed.samples:
            yield at, sample
            at += sample.duration


def box_head(data: Buffer) -> tuple[bytes, int, int]:
    """Kind, header's bytes and whole size of the box that `data` begins with; its payload need not be there."""
    if len(data) < 8:
        raise VmsError(Kind.PROTOCOL, "A box header is cut off.")
    size, header = int.from_bytes(data[:4], "big"), 8
    if size == SIZE_64_BIT:
        size, header = int.from_bytes(data[8:16], "big"), 16
    if size < header:
        raise VmsError(Kind.PROTOCOL, "A box is smaller than its header.", size=size)
    return bytes(data[4:8]), header, size


def chunk_from_head(data: Buffer, at: int) -> ParsedChunk:
    """The chunk at `at` of a region from its moof and its mdat's header alone; offsets count from the region's start."""
    moof = box_at(data, 0, len(data))
    kind, header, size = box_head(data[moof.end :])
    if kind != b"mdat":
        raise VmsError(Kind.PROTOCOL, "A fragment header stands without its media data.", offset=at)
    return _chunk(data, moof, Box(b"mdat", moof.end, moof.end + header, moof.end + size), at)


def split_init(data: Buffer) -> tuple[Init, ...]:
    """One Init for each track of the `moov` in `data`; what follows the moov may be cut off."""
    at = 0
    while True:
        found = box_at(data, at, len(data))
        if found.kind == b"moov":
            break
        at = found.end
    traks = [child for child in walk(data, found.body, found.end) if child.kind == b"trak"]
    if not traks:
        raise VmsError(Kind.PROTOCOL, "A moov box names no track.")
    return tuple(make_init(_track(data, trak)) for trak in traks)


def init_size(data: Buffer) -> int:
    """Bytes of `ftyp+moov` at the start of a file."""
    at = 0
    while True:
        found = box_at(data, at, len(data))
        at = found.end
        if found.kind == b"moov":
            return at


def _track(data: Buffer, trak: Box) -> TrackInfo:
    tkhd = need(data, b"tkhd", trak.body, trak.end)
    track = _u32(data, tkhd.body + (20 if data[tkhd.body : tkhd.body + 1] == b"\1" else 12), tkhd.end)
    mdia = need(data, b"mdia", trak.body, trak.end)
    mdhd = need(data, b"mdhd", mdia.body, mdia.end)
    timescale = _u32(data, mdhd.body + (20 if data[mdhd.body : mdhd.body + 1] == b"\1" else 12), mdhd.end)
    minf = need(data, b"minf", mdia.body, mdia.end)
    stbl = need(data, b"stbl", minf.body, minf.end)
    stsd = need(data, b"stsd", stbl.body, stbl.end)
    entry = box_at(data, stsd.body + 8, stsd.end)
    if timescale == 0:
        raise VmsError(Kind.PROTOCOL, "A track has no timescale.")
    return track_from_entry(track, timescale, bytes(data[entry.start : entry.end]))


def _u32(data: Buffer, at: int, end: int) -> int:
    if at + 4 > end:
        raise VmsError(Kind.PROTOCOL, "A box is too short for its fields.", offset=at)
    return int(_U32.unpack_from(data, at)[0])


def _chunk(data: Buffer, moof: Box, mdat: Box, at: int = 0) -> ParsedChunk:
    """`at` is where `data` begins in the bytes that offsets count from."""
    mfhd = need(data, b"mfhd", moof.body, moof.end)
    trafs = [child for child in walk(data, moof.body, moof.end) if child.kind == b"traf"]
    if len(trafs) != 1:
        raise VmsError(Kind.PROTOCOL, "A chunk holds one track.", tracks=len(trafs))
    parts = {child.kind: child for child in walk(data, trafs[0].body, trafs[0].end)}
    if not {b"tfhd", b"tfdt", b"trun"} <= parts.keys():
        raise VmsError(Kind.PROTOCOL, "A fragment lacks tfhd, tfdt or trun.", offset=moof.start)
    track, defaults = _tfhd(data, parts[b"tfhd"])
    samples = _trun(data, parts[b"trun"], moof.start, mdat, defaults, shift=at)
    return ParsedChunk(
        track=track,
        seq=_u32(data, mfhd.body + 4, mfhd.end),
        tfdt=_tfdt(data, parts[b"tfdt"]),
        duration=sum(sample.duration for sample in samples),
        key=samples[0].key,
        frames=len(samples),
        offset=at + moof.start,
        size=mdat.end - moof.start,
        samples=samples,
    )


class _Defaults(NamedTuple):
    duration: int
    size: int
    flags: int


def _tfhd(data: Buffer, tfhd: Box) -> tuple[int, _Defaults]:
    flags = _u32(data, tfhd.body, tfhd.end) & 0xFFFFFF
    track = _u32(data, tfhd.body + 4, tfhd.end)
    at = tfhd.body + 8 + (8 if flags & TFHD_BASE_OFFSET else 0) + (4 if flags & TFHD_DESCRIPTION else 0)
    values: list[int] = []
    for bit in (TFHD_DURATION, TFHD_SIZE, TFHD_FLAGS):
        values.append(_u32(data, at, tfhd.end) if flags & bit else 0)
        at += 4 if flags & bit else 0
    return track, _Defaults(*values)


def _tfdt(data: Buffer, tfdt: Box) -> int:
    if _u32(data, tfdt.body, tfdt.end) >> 24 == 0:
        return _u32(data, tfdt.body + 4, tfdt.end)
    if tfdt.body + 12 > tfdt.end:
        raise VmsError(Kind.PROTOCOL, "A tfdt box is too short.", offset=tfdt.start)
    media = int(_U64.unpack_from(data, tfdt.body + 4)[0])
    if media > MAX_MEDIA:
        raise VmsError(Kind.PROTOCOL, "A tfdt box tells an absurd time.", offset=tfdt.start)
    return media


def _trun(data: Buffer, trun: Box, moof_start: int, mdat: Box, defaults: _Defaults, *, shift: int) -> tuple[Sample, ...]:
    flags = _u32(data, trun.body, trun.end) & 0xFFFFFF
    count = _u32(data, trun.body + 4, trun.end)
    at = trun.body + 8
    data_at = mdat.body
    if flags & TRUN_DATA_OFFSET:
        data_at = moof_start + _signed(_u32(data, at, trun.end))
        at += 4
    first_flags = defaults.flags
    if flags & TRUN_FIRST_FLAGS:
        first_flags = _u32(data, at, trun.end)
        at += 4
    fields = (flags & 0xF00).bit_count()
    if not 0 < count <= MAX_SAMPLES or at + 4 * fields * count > trun.end:
        raise VmsError(Kind.PROTOCOL, "A trun box does not hold its samples.", offset=trun.start, samples=count)
    values = iter(Struct(f">{fields * count}I").unpack_from(data, at))
    samples: list[Sample] = []
    for index in range(count):
        duration = next(values) if flags & TRUN_DURATION else defaults.duration
        size = next(values) if flags & TRUN_SIZE else defaults.size
        own_flags = next(values) if flags & TRUN_FLAGS else (first_flags if index == 0 else defaults.flags)
        cts = _signed(next(values)) if flags & TRUN_CTS else 0
        samples.append(Sample(size, duration, cts, not own_flags & NON_SYNC, data_at + shift))
        data_at += size
    if samples[0].offset - shift < mdat.body or data_at > mdat.end:
        raise VmsError(Kind.PROTOCOL, "Samples leave their media data.", offset=mdat.start)
    return tuple(samples)


def _signed(value: int) -> int:
    return value - 0x1_0000_0000 if value >= 0x8000_0000 else value
