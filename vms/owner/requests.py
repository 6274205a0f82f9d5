"""Every act on an object as a frozen request, and the values that answer media requests.

Edges build these; `owner.ask` runs them. Ids are UUID strings. Not here: handlers (the features), status codes (edges).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

Action = Literal["live", "playback", "download", "configure", "list", "system", "sign_in"]


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
