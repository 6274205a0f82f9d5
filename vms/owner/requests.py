"""Every act on an object as a frozen request, and the values that answer media requests.

Edges build these; `owner.ask` runs them. Ids are UUID strings. Not here: handlers (the features), status codes (edges).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

Action = Literal["live", "playback", "download", "configure", "trigger", "list", "system", "sign_in", "hold", "approve_hold"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a signed-in person, an API token, or the node itself. `session` is the hash that revocation names."""

    id: str
    name: str
    kind: Literal["person", "token", "node"]
    session: str = ""
    rights: frozenset[str] = field(default_factory=frozenset[str])


@dataclass(frozen=True, slots=True)
class Request:
    """Base of all requests. `audited` acts leave an intent row before they happen."""

    action: ClassVar[Action] = "list"
    audited: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class CameraRequest(Request):
    """A request about one camera, named by id or code."""

    camera: str


@dataclass(frozen=True, slots=True)
class OpenLive(CameraRequest):
    action: ClassVar[Action] = "live"
    audited: ClassVar[bool] = True
    profile: str = "main"


@dataclass(frozen=True, slots=True)
class ContinueLive(OpenLive):
    """Whether a live view whose begin was asked for by OpenLive, and is in the audit, may go on."""

    audited: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Snapshot(OpenLive):
    """One picture of now: who may watch may have it."""


@dataclass(frozen=True, slots=True)
class Timeline(CameraRequest):
    action: ClassVar[Action] = "playback"
    profile: str = "main"
    from_us: int = 0
    to_us: int = 0


@dataclass(frozen=True, slots=True)
class OpenSpan(CameraRequest):
    """Extents and gaps of a span; `limit` bounds the extents, the caller asks again from the last end."""

    action: ClassVar[Action] = "playback"
    audited: ClassVar[bool] = True
    profile: str = "main"
    from_us: int = 0
    to_us: int = 0
    limit: int = 200


@dataclass(frozen=True, slots=True)
class ContinueSpan(OpenSpan):
    """The next stretch of a playback whose begin, or whose seek, was asked for by OpenSpan and is in the audit."""

    audited: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class SnapshotAt(OpenSpan):
    """One picture of the past: the span is the moment."""


@dataclass(frozen=True, slots=True)
class Clip(OpenSpan):
    action: ClassVar[Action] = "download"


@dataclass(frozen=True, slots=True)
class Calendar(CameraRequest):
    """Which days of a month (by local offset) hold recordings."""

    action: ClassVar[Action] = "playback"
    profile: str = "main"
    from_us: int = 0
    to_us: int = 0
    offset_minutes: int = 480


@dataclass(frozen=True, slots=True)
class LiveOpened:
    """Where the edge finds a live stream: camera id, profile, and the worker that pulls it."""

    camera: str
    profile: str
    worker: int


class Extent(NamedTuple):
    """A run of whole GOPs inside one segment file. `gops` rows: offset, size, start_us, duration_us."""

    path: str
    init_size: int
    run: str
    start_us: int
    end_us: int
    gops: tuple[tuple[int, int, int, int], ...]
    growing: bool
    state: str = "ok"


class GapSpan(NamedTuple):
    start_us: int
    end_us: int
    cause: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SpanOpened:
    """What of the asked span is recorded (extents, sorted) and what is not (gaps); `complete` is False when `limit` cut it."""

    camera: str
    profile: str
    extents: tuple[Extent, ...]
    gaps: tuple[GapSpan, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Segments(CameraRequest):
    """Rows of segment files that touch the span, oldest first, a page at a time."""

    action: ClassVar[Action] = "system"
    profile: str = "main"
    from_us: int = 0
    to_us: int = 0
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class RescanVolume(Request):
    """Read a volume's segment files again and make the index tell what they tell."""

    action: ClassVar[Action] = "system"
    audited: ClassVar[bool] = True
    volume: str


class RecordedSpan(NamedTuple):
    """What can be played: `at` is here, below or device; `state` is ok, damaged or held; `origin` is live, or edge for what the
    camera kept itself and gave later."""

    start_us: int
    end_us: int
    kind: str = "continuous"
    at: str = "here"
    state: str = "ok"
    origin: str = "live"


@dataclass(frozen=True, slots=True)
class TimelineAnswer:
    """Recorded spans and gaps together are [from_us, min(to_us, now − 2 s)), sorted, without overlap."""

    from_us: int
    to_us: int
    recorded: tuple[RecordedSpan, ...]
    gaps: tuple[GapSpan, ...]


@dataclass(frozen=True, slots=True)
class CalendarAnswer:
    """Local days, as `YYYY-MM-DD`, that hold at least one recorded frame."""

    days: tuple[str, ...]


class SegmentView(NamedTuple):
    """A row of the index as shown to who keeps the system; `path` is relative to the volume."""

    id: str
    start_us: int
    end_us: int
    bytes: int
    sha256: str
    run: str
    seq: int
    end_reason: str
    path: str
    volume: str = ""


@dataclass(frozen=True, slots=True)
class SegmentPage:
    items: tuple[SegmentView, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class RescanAnswer:
    """How many files were seen, how many became rows, and how many hold nothing that their seals prove."""

    volume: str
    files: int
    added: int
    unproved: int
