"""The sample tables of one track of a progressive file (ISO/IEC 14496-12 clauses 8.6 to 8.7).

In: collecting samples, `stbl`, the edit list, `trak`. Not here: where samples come from (mp4).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import groupby, pairwise
from struct import Struct
from typing import Final

from vms.base.errors import Kind, VmsError
from vms.media.isobox import box, full_box
from vms.media.moov import MOVIE_TIMESCALE, mdia, stsd, tkhd
from vms.media.types import Codec, TrackInfo

MAX_DELTA: Final = 0x7FFFFFFF  # players read stts deltas as signed
BYTE_SAMPLES: Final = frozenset({Codec.PCMA, Codec.PCMU})


class SampleTable:
    """Samples of one track in decoding order; times in the track's timescale, counted from the movie's start."""

    def __init__(self, number: int, info: TrackInfo) -> None:
        self.info = info
        self.number = number
        self.end = 0
        self._entries: list[bytes] = []
        self._dts = array("q")
        self._sizes = array("I")
        self._cts = array("i")
        self._keys = array("I")
        self._chunk_at = array("Q")
        self._chunk_samples = array("I")
        self._chunk_entry = array("I")

    @property
    def empty(self) -> bool:
        return not self._dts

    def chunk(self, at: int, entry: bytes) -> None:
        """A run of samples begins at `at` of the media data; they are described by `entry`."""
        if entry not in self._entries:
            self._entries.append(entry)
        self._chunk_at.append(at)
        self._chunk_samples.append(0)
        self._chunk_entry.append(self._entries.index(entry) + 1)

    def sample(self, dts: int, duration: int, size: int, cts: int, *, key: bool) -> None:
        self._dts.append(dts)
        self._sizes.append(size)
        self._cts.append(cts)
        if key:
            self._keys.append(len(self._dts))
        self._chunk_samples[-1] += 1
        self.end = dts + duration

    @property
    def last(self) -> int:
        return self._dts[-1] if self._dts else -1

    @property
    def movie_end(self) -> int:
        return self.end * MOVIE_TIMESCALE // self.info.timescale

    def trak(self, base: int, *, wide: bool) -> bytes:
        """The track box; `base` is where the media data starts in the file."""
        info = self.info
        start = self._dts[0] * MOVIE_TIMESCALE // info.timescale
        span = self.movie_end - start
        duration = self.end - self._dts[0]
        head = tkhd(info, self.movie_end, number=self.number)
        return box(b"trak", head, self._edts(start, span), mdia(info, duration, self._stbl(base, wide=wide)))

    def _edts(self, start: int, span: int) -> bytes:
        """The track begins `start` into the movie, with its first picture on time however deep the reordering is."""
        edits = [(start, -1)] if start else []
        edits.append((span, self._cts[0]))
        body = b"".join([_EDIT.pack(length, media, 0x10000) for length, media in edits])
        return box(b"edts", full_box(b"elst", 1, 0, _U32.pack(len(edits)), body))

    def _stbl(self, base: int, *, wide: bool) -> bytes:
        parts = [stsd(*self._entries), self._stts()]
        if any(self._cts):
            parts.append(_pairs(b"ctts", ((count, value & 0xFFFFFFFF) for value, count in _runs(self._cts)), version=1))
        if self.info.is_video:
            parts.append(full_box(b"stss", 0, 0, _U32.pack(len(self._keys)), _packed("I", self._keys)))
        parts += [self._stsc(), self._stsz()]
        kind, code = (b"co64", "Q") if wide else (b"stco", "I")
        offsets = _packed(code, [at + base for at in self._chunk_at])
        parts.append(full_box(kind, 0, 0, _U32.pack(len(self._chunk_at)), offsets))
        return box(b"stbl", *parts)

    @property
    def _sample_bytes(self) -> int:
        """G.711 in QuickTime counts every byte as a sample; 0: samples are frames."""
        return max(self.info.channels, 1) if self.info.codec in BYTE_SAMPLES and self._whole else 0

    @property
    def _whole(self) -> bool:
        """No hole: every frame lasts as long as it has bytes."""
        channels = max(self.info.channels, 1)
        return all(late - early == size // channels for (early, late), size in zip(pairwise(self._dts), self._sizes, strict=False))

    def _stts(self) -> bytes:
        unit = self._sample_bytes
        if unit:
            return _pairs(b"stts", [(sum(self._sizes) // unit, 1)])
        deltas = [late - early for early, late in pairwise(self._dts)]
        deltas.append(max(self.end - self._dts[-1], 1))
        if max(deltas) > MAX_DELTA:
            raise VmsError(Kind.TOO_LARGE, "A hole in this span is too long for one file: ask for the parts before and after it.")
        return _pairs(b"stts", ((count, value) for value, count in _runs(deltas)))

    def _stsc(self) -> bytes:
        unit = self._sample_bytes
        counts = self._byte_counts(unit) if unit else self._chunk_samples
        rows: list[tuple[int, int, int]] = []
        for number, (count, entry) in enumerate(zip(counts, self._chunk_entry, strict=True), 1):
            if not rows or rows[-1][1:] != (count, entry):
                rows.append((number, count, entry))
        return full_box(b"stsc", 0, 0, _U32.pack(len(rows)), b"".join([_ROW.pack(*row) for row in rows]))

    def _byte_counts(self, unit: int) -> list[int]:
        counts: list[int] = []
        at = 0
        for samples in self._chunk_samples:
            counts.append(sum(self._sizes[at : at + samples]) // unit)
            at += samples
        return counts

    def _stsz(self) -> bytes:
        unit = self._sample_bytes
        if unit:
            return full_box(b"stsz", 0, 0, _U32.pack(unit), _U32.pack(sum(self._sizes) // unit))
        return full_box(b"stsz", 0, 0, bytes(4), _U32.pack(len(self._sizes)), _packed("I", self._sizes))


_U32: Final = Struct(">I")
_EDIT: Final = Struct(">QqI")
_ROW: Final = Struct(">III")
_PAIR: Final = Struct(">II")


def _runs(values: Iterable[int]) -> Iterable[tuple[int, int]]:
    return ((value, sum(1 for _ in group)) for value, group in groupby(values))


def _pairs(kind: bytes, rows: Iterable[tuple[int, int]], version: int = 0) -> bytes:
    body = [_PAIR.pack(*row) for row in rows]
    return full_box(kind, version, 0, _U32.pack(len(body)), b"".join(body))


def _packed(code: str, values: Iterable[int]) -> bytes:
    numbers = list(values)
    return Struct(f">{len(numbers)}{code}").pack(*numbers)
