"""What a worker tells control about its segments: closed ones, growing ones, and holes that last (skeleton §5).

In: the frozen values, their link messages, reading them back from an untrusted process. Pure; workers import it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, cast

from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US
from vms.record.causes import GAP_CAUSES
from vms.storage.seals import END_REASONS, RECORD_KINDS, Gop
from vms.storage.volumes import segment_path

Message = dict[str, object]
ORIGINS = ("live", "seed", "edge")
MAX_LEAD_US = 1_800_000_000


class GopRow(NamedTuple):
    """A GOP as the index keeps it; hashes stay in the file."""

    offset: int
    size: int
    start_us: int
    duration_us: int
    media: int

    @property
    def end_us(self) -> int:
        return self.start_us + self.duration_us


class GapBefore(NamedTuple):
    """Nothing was recorded from `from_us` to the start of the segment that carries this."""

    from_us: int
    cause: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SegmentTold:
    """What a closed and a growing segment both tell."""

    camera: str
    profile: str
    run: str
    seq: int
    volume: str
    path: str
    start_us: int
    end_us: int
    size: int
    init_size: int
    gops: tuple[GopRow, ...]
    origin: str = "live"
    kind: str = "continuous"
    gap: GapBefore | None = None

    def message(self) -> Message:
        return {
            "camera": self.camera,
            "profile": self.profile,
            "run": self.run,
            "seq": self.seq,
            "volume": self.volume,
            "path": self.path,
            "start_us": self.start_us,
            "end_us": self.end_us,
            "bytes": self.size,
            "init_size": self.init_size,
            "gops": [list(g) for g in self.gops],
            "origin": self.origin,
            "kind": self.kind,
            "gap": self.gap and {"from_us": self.gap.from_us, "cause": self.gap.cause, "detail": self.gap.detail},
        }


_TOLD = attrgetter(*(field.name for field in fields(SegmentTold)))


@dataclass(frozen=True, slots=True)
class OpenSegment(SegmentTold):
    """A growing segment; its last GOP still grows and ends at `end_us`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReport(SegmentTold):
    """A closed segment. It is true once sent: the file is closed and synced, or `suspect` says that its disk failed meanwhile."""

    sha256: bytes
    gops_root: bytes
    end_reason: str
    suspect: bool = False
    lead_us: int = 0
    camera_offset_us: int = 0
    """As in the file's head box (seals.Head)."""

    def message(self) -> Message:
        return {
            "op": "segment",
            **SegmentTold.message(self),
            "sha256": self.sha256.hex(),
            "gops_root": self.gops_root.hex(),
            "end_reason": self.end_reason,
            "suspect": self.suspect,
            "lead_us": self.lead_us,
            "camera_offset_us": self.camera_offset_us,
        }


class Growth(NamedTuple):
    """What has become of an open segment that was told before: its GOPs from index `gops_from` on, as in OpenSegment.

    Two hundred cameras tell it two hundred and fifty times a second, so it says nothing twice and is a list on the link.
    """

    path: str
    end_us: int
    size: int
    gops_from: int
    gops: tuple[GopRow, ...]

    def message(self) -> list[object]:
        return [self.path, self.end_us, self.size, self.gops_from, *chain.from_iterable(self.gops)]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Recording of a camera that sends is held up since `from_us`; the next segment's gap ends it."""

    camera: str
    profile: str
    from_us: int
    cause: str
    detail: str

    def message(self) -> Message:
        return {
            "op": "trouble",
            "camera": self.camera,
            "profile": self.profile,
            "from_us": self.from_us,
            "cause": self.cause,
            "detail": self.detail,
        }


Report = SegmentReport | OpenSegment | Growth | Trouble


def tail_of(report: SegmentReport, gops_from: int) -> Growth:
    """A closed segment as the last news of an open one: what it has from `gops_from` on."""
    return Growth(report.path, report.end_us, report.size, gops_from, report.gops[gops_from:])


def whole_of(report: SegmentReport) -> OpenSegment:
    """A closed segment as an open one that nothing was told of."""
    return OpenSegment(*_TOLD(report))


def open_message(items: Iterable[OpenSegment], grown: Iterable[Growth] = ()) -> Message:
    return {"op": "open", "items": [item.message() for item in items], "grown": [item.message() for item in grown]}


def gop_rows(gops: Iterable[Gop]) -> tuple[GopRow, ...]:
    return tuple(GopRow(*gop[:5]) for gop in gops)


def parse_segment(message: Mapping[str, object]) -> SegmentReport:
    """A `segment` message → SegmentReport; BAD_REQUEST names the field that is wrong."""
    read = _Fields(message)
    reason = read.text("end_reason")
    if reason not in END_REASONS or not reason:
        raise _wrong("end_reason")
    report = SegmentReport(
        *_TOLD(_told(read)),
        sha256=read.hash("sha256"),
        gops_root=read.hash("gops_root"),
        end_reason=reason,
        suspect=message.get("suspect") is True,
        lead_us=read.number("lead_us"),
        camera_offset_us=read.offset("camera_offset_us"),
    )
    if report.lead_us > (MAX_LEAD_US if report.origin == "edge" else 0):
        raise _wrong("lead_us")
    if not report.gops or not report.start_us < report.end_us:
        raise _wrong("gops")
    return report


def parse_open(message: Mapping[str, object]) -> OpenSegment:
    """An item of an `open` message; BAD_REQUEST names the field that is wrong."""
    item = OpenSegment(*_TOLD(_told(_Fields(message))))
    if not item.gops:
        raise _wrong("gops")
    return item


def _told(read: _Fields) -> SegmentTold:
    """A worker meets hostile bytes; it must not be able to name a file of somebody else."""
    told = SegmentTold(
        camera=read.text("camera"),
        profile=read.text("profile"),
        run=read.text("run"),
        seq=read.number("seq"),
        volume=read.text("volume"),
        path=read.text("path"),
        start_us=read.number("start_us"),
        end_us=read.number("end_us"),
        size=read.number("bytes"),
        init_size=read.number("init_size"),
        gops=read.gops(),
        origin=read.text("origin"),
        kind=read.kind(),
        gap=read.gap(),
    )
    if told.origin not in ORIGINS:
        raise _wrong("origin")
    place = told.camera, told.profile, told.start_us, told.run
    if not 0 < told.start_us <= MAX_US or told.path != segment_path(*place):
        raise _wrong("path")
    if any("/" in part or part in ("", ".", "..") for part in (told.camera, told.profile, told.run)):
        raise _wrong("path")
    return told


def parse_growth(row: object) -> Growth:
    """A list of `grown` → Growth; its path is a name to look up, never one to open."""
    if not isinstance(row, list):
        raise _wrong("grown")
    path, *numbers = cast("list[object]", row) or [None]
    counts = [v for v in numbers if type(v) is int and 0 <= v < 2**62]
    if not isinstance(path, str) or len(counts) != len(numbers) or len(counts) < 8 or len(counts) % 5 != 3:
        raise _wrong("grown")
    gops = zip(*[iter(counts[3:])] * 5, strict=True)
    return Growth(path, counts[0], counts[1], counts[2], tuple(map(GopRow._make, gops)))


def parse_trouble(message: Mapping[str, object]) -> Trouble:
    read = _Fields(message)
    cause = read.text("cause")
    if cause not in GAP_CAUSES:
        raise _wrong("cause")
    return Trouble(read.text("camera"), read.text("profile"), read.number("from_us"), cause, read.text("detail"))


class _Fields:
    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str) or len(value) > 500:
            raise _wrong(name)
        return value

    def number(self, name: str) -> int:
        value = self._fields.get(name)
        if type(value) is not int or not 0 <= value < 2**62:
            raise _wrong(name)
        return value

    def offset(self, name: str) -> int:
        value = self._fields.get(name)
        if type(value) is not int or abs(value) > MAX_US:
            raise _wrong(name)
        return value

    def hash(self, name: str) -> bytes:
        try:
            value = bytes.fromhex(self.text(name))
        except ValueError as error:
            raise _wrong(name) from error
        if len(value) != 32:
            raise _wrong(name)
        return value

    def kind(self) -> str:
        value = self.text("kind")
        if value not in RECORD_KINDS:
            raise _wrong("kind")
        return value

    def gops(self) -> tuple[GopRow, ...]:
        rows = self._fields.get("gops")
        if not isinstance(rows, list):
            raise _wrong("gops")
        return tuple(map(_gop_row, cast("list[object]", rows)))

    def gap(self) -> GapBefore | None:
        value = self._fields.get("gap")
        if value is None:
            return None
        if not isinstance(value, dict):
            raise _wrong("gap")
        read = _Fields(cast("dict[str, object]", value))
        cause = read.text("cause")
        if cause not in GAP_CAUSES:
            raise _wrong("gap")
        return GapBefore(read.number("from_us"), cause, read.text("detail"))


def _gop_row(row: object) -> GopRow:
    if not isinstance(row, list | tuple):
        raise _wrong("gops")
    numbers = [v for v in cast("list[object]", row) if type(v) is int and 0 <= v < 2**62]
    if len(numbers) != 5:
        raise _wrong("gops")
    return GopRow(*numbers)


def _wrong(name: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, "a report from a worker has a wrong field", field=name)
