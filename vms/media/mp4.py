"""Recorded pieces as one progressive MP4 or MOV, without copying media.

In: the plan: a header and the byte ranges of the recorded files that follow it. Not here: reading files (playback),
the tables themselves (sampletable).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from vms.base.errors import Kind, VmsError
from vms.media.boxes import ParsedChunk, split_init
from vms.media.isobox import box
from vms.media.moov import MOVIE_TIMESCALE, mvhd
from vms.media.sampletable import BYTE_SAMPLES, SampleTable
from vms.media.types import VIDEO_TRACK, Codec, TrackInfo

Brand = Literal["mp4", "mov"]
_FTYP: Final = {
    "mp4": box(b"ftyp", b"isom\0\0\2\0", b"isomiso2avc1mp41"),
    "mov": box(b"ftyp", b"qt  \0\0\2\0", b"qt  "),
}
WIDE_FROM: Final = 0xF000_0000
SAME_CLOCK_TICKS: Final = MOVIE_TIMESCALE // 4  # wall and media may differ so much between two GOPs of one run


@dataclass(frozen=True, slots=True)
class Piece:
    """A whole-GOP region at `offset` of file `source`: its chunks, and the `ftyp+moov` of the file as `init`.

    `start_us` is the wall time of its first picture; the chunks' offsets count from `offset`.
    """

    source: int
    offset: int
    chunks: tuple[ParsedChunk, ...]
    init: bytes
    start_us: int


@dataclass(frozen=True, slots=True)
class Progressive:
    """A file of `size` bytes: `header`, then (source, offset, size) one after another."""

    header: bytes
    ranges: tuple[tuple[int, int, int], ...]
    size: int


def plan_progressive(pieces: Iterable[Piece], *, brand: Brand) -> Progressive:
    """Lays the pieces out, in order, faststart; holes between them stay holes in time. MP4 leaves G.711 out.

    A changed configuration becomes a further sample description; ffmpeg decodes it rightly, though its parser, which
    reads the first one alone, warns.
    """
    plan = _Plan(brand)
    for piece in pieces:
        plan.add(piece)
    return plan.finish()


class _Plan:
    """One table per track, codec and timescale: players refuse a track whose codec changes."""

    def __init__(self, brand: Brand) -> None:
        self._brand: Brand = brand
        self._tables: dict[tuple[int, Codec, int], SampleTable] = {}
        self._ranges: list[tuple[int, int, int]] = []
        self._bytes = 0
        self._init = b""
        self._infos: dict[int, TrackInfo] = {}
        self._zero_us = -1
        self._shift = 0  # movie time − media time, in ticks of the movie
        self._delay = 0  # presentation − decoding time of the run's first picture: sound is placed by what is seen
        self._last_wall = 0
        self._last_media = 0

    def add(self, piece: Piece) -> None:
        if piece.init != self._init:
            self._init = piece.init
            self._infos = {init.info.track: init.info for init in split_init(piece.init)}
        chunks = [chunk for chunk in piece.chunks if chunk.track in self._infos]
        if not chunks:
            return
        self._place(piece.start_us, chunks)
        for chunk in chunks:
            info = self._infos[chunk.track]
            if self._brand == "mov" or info.codec not in BYTE_SAMPLES:
                self._take(piece, chunk, info)

    def _place(self, start_us: int, chunks: list[ParsedChunk]) -> None:
        """Keeps the run's own clock between its GOPs and goes by the wall where a run ends or begins."""
        first = next((chunk for chunk in chunks if chunk.track == VIDEO_TRACK), chunks[0])
        delay = first.samples[0].cts if first.track == VIDEO_TRACK else 0
        media = first.tfdt * MOVIE_TIMESCALE // self._infos[first.track].timescale
        if self._zero_us < 0:
            self._zero_us = start_us
            self._shift, self._delay = -media, delay
        wall = (start_us - self._zero_us) * MOVIE_TIMESCALE // 1_000_000
        if abs((wall - self._last_wall) - (media - self._last_media)) > SAME_CLOCK_TICKS:
            # later than all that is there already: spans of different runs never overlap
            end = max((table.movie_end for table in self._tables.values() if table.info.is_video), default=0)
            self._shift, self._delay = max(wall, end) - media, delay
        self._last_wall, self._last_media = wall, media

    def _take(self, piece: Piece, chunk: ParsedChunk, info: TrackInfo) -> None:
        key = (chunk.track, info.codec, info.timescale)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = SampleTable(len(self._tables) + 1, info)
        shift = self._shift if info.is_video else self._shift - self._delay
        dts = chunk.tfdt + shift * info.timescale // MOVIE_TIMESCALE
        samples = chunk.samples
        # sound that lies before the picture, or before the end of the sound of the run before, has no place
        skip = 0
        while skip < len(samples) and (dts < 0 or (dts < table.end - samples[skip].duration // 2 and not info.is_video)):
            dts += samples[skip].duration
            skip += 1
        samples = samples[skip:]
        if not samples:
            return
        table.chunk(self._bytes, info.sample_entry)
        for sample in samples:
            dts = max(dts, table.last + 1)
            table.sample(dts, sample.duration, sample.size, sample.cts, key=sample.key)
            dts += sample.duration
        size = sum(sample.size for sample in samples)
        self._ranges.append((piece.source, piece.offset + samples[0].offset, size))
        self._bytes += size

    def finish(self) -> Progressive:
        tables = [table for table in self._tables.values() if not table.empty]
        if not tables:
            raise VmsError(Kind.NO_RECORDING, "There is nothing in this span that such a file can hold.")
        ftyp = _FTYP[self._brand]
        wide = self._bytes >= WIDE_FROM
        mdat = (b"\0\0\0\1mdat" + (self._bytes + 16).to_bytes(8, "big")) if wide else (self._bytes + 8).to_bytes(4, "big") + b"mdat"
        before = len(ftyp) + len(_moov(tables, 0, wide=wide)) + len(mdat)
        header = ftyp + _moov(tables, before, wide=wide) + mdat
        return Progressive(header, tuple(self._ranges), before + self._bytes)


def _moov(tables: list[SampleTable], base: int, *, wide: bool) -> bytes:
    duration = max(table.movie_end for table in tables)
    return box(b"moov", mvhd(duration, len(tables) + 1), *[table.trak(base, wide=wide) for table in tables])
