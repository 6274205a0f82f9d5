"""What control asks of a worker about one camera profile, and what the worker tells back (docs/design/skeleton.md §5).

Not here: the link that carries them, the rows they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast

from vms.base.errors import Kind, VmsError
from vms.media.types import Codec, TrackInfo

MAX_TEXT = 2048
MAX_ALLOW = 256

Key = tuple[str, str]
Json = Mapping[str, Any]
Transport = Literal["auto", "tcp", "udp"]
StateName = Literal["online", "connecting", "offline", "disabled"]


@dataclass(frozen=True, slots=True)
class Resume:
    """The last recorded instant and why recording stopped there, so that a new run's first segment carries the gap."""

    end_us: int
    cause: str


@dataclass(frozen=True, slots=True)
class PullOrder:
    """Pull this profile. `allow` are the CIDRs it may be dialled at; `on_demand` pulls only while somebody watches."""

    camera: str
    profile: str
    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    transport: Transport = "auto"
    record: bool = True
    on_demand: bool = False
    allow: tuple[str, ...] = ()
    resume: Resume | None = None
    wish: Json | None = None
    """What is wanted of the recording and when, in the recorder's words (record.wish); None: always."""

    @property
    def key(self) -> Key:
        return self.camera, self.profile

    def dials_like(self, other: PullOrder) -> bool:
        """Whether a running pull may go on under the other order."""
        return (self.url, self.username, self.password, self.transport, self.allow) == (
            other.url,
            other.username,
            other.password,
            other.transport,
            other.allow,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"allow": list(self.allow)}

    @staticmethod
    def from_json(data: Json) -> PullOrder:
        """Raises BAD_REQUEST naming the field."""
        allow = cast("list[object]", data.get("allow") or [])
        if not isinstance(data.get("allow", []), list | tuple) or len(allow) > MAX_ALLOW:
            raise _bad("allow")
        resume = data.get("resume")
        transport = _text(data, "transport", "auto")
        if transport not in ("auto", "tcp", "udp"):
            raise _bad("transport")
        return PullOrder(
            camera=_text(data, "camera"),
            profile=_text(data, "profile"),
            url=_text(data, "url"),
            username=_text(data, "username", ""),
            password=_text(data, "password", ""),
            transport=transport,
            record=_flag(data, "record", default=True),
            on_demand=_flag(data, "on_demand", default=False),
            allow=tuple(_cidr_text(item) for item in allow),
            resume=None if resume is None else _resume(resume),
            wish=None if data.get("wish") is None else _object(data.get("wish"), "wish"),
        )


@dataclass(frozen=True, slots=True)
class CameraState:
    """What is known of one pulled profile; `cause` and `message` say why it is offline."""

    camera: str
    profile: str
    state: StateName
    cause: str | None = None
    message: str = ""
    since_us: int = 0
    recording: bool = False
    last_frame_us: int | None = None
    tracks: tuple[TrackInfo, ...] = ()
    gop_ms: int = 0
    fps: float = 0.0
    bitrate_bps: int = 0
    clock_offset_us: int | None = None
    """How far the camera's clock is ahead of the node's; None before its first sender report."""

    def to_json(self) -> dict[str, Any]:
        tracks = [{name: value for name, value in asdict(track).items() if name != "sample_entry"} for track in self.tracks]
        return {name: getattr(self, name) for name in self.__slots__} | {"tracks": tracks}

    @staticmethod
    def from_json(data: Json) -> CameraState:
        state = _text(data, "state")
        if state not in ("online", "connecting", "offline", "disabled"):
            raise _bad("state")
        cause, last = data.get("cause"), data.get("last_frame_us")
        return CameraState(
            camera=_text(data, "camera"),
            profile=_text(data, "profile"),
            state=state,
            cause=None if cause is None else _text(data, "cause"),
            message=_text(data, "message", ""),
            since_us=_integer(data, "since_us"),
            recording=_flag(data, "recording", default=False),
            last_frame_us=None if last is None else _integer(data, "last_frame_us"),
            tracks=tuple(_track(track) for track in cast("list[object]", data.get("tracks") or [])),
            gop_ms=_integer(data, "gop_ms"),
            fps=_number(data, "fps"),
            bitrate_bps=_integer(data, "bitrate_bps"),
            clock_offset_us=None if data.get("clock_offset_us") is None else _integer(data, "clock_offset_us"),
        )


def _track(data: object) -> TrackInfo:
    fields = _object(data, "tracks")
    try:
        codec = Codec(_text(fields, "codec"))
    except ValueError as error:
        raise _bad("tracks") from error
    return TrackInfo(
        track=_integer(fields, "track"),
        codec=codec,
        timescale=_integer(fields, "timescale"),
        mime=_text(fields, "mime"),
        sample_entry=b"",
        width=_integer(fields, "width"),
        height=_integer(fields, "height"),
        fps=_number(fields, "fps"),
        reorder_frames=_integer(fields, "reorder_frames"),
        channels=_integer(fields, "channels"),
    )


def _resume(data: object) -> Resume:
    fields = _object(data, "resume")
    return Resume(_integer(fields, "end_us"), _text(fields, "cause"))


def _object(data: object, name: str) -> Json:
    if not isinstance(data, dict):
        raise _bad(name)
    return cast("Json", data)


def _text(data: Json, name: str, default: str | None = None) -> str:
    value = data.get(name, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT or (default is None and not value):
        raise _bad(name)
    return value


def _cidr_text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 64:
        raise _bad("allow")
    return value


def _flag(data: Json, name: str, *, default: bool) -> bool:
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise _bad(name)
    return value


def _integer(data: Json, name: str) -> int:
    value = data.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _bad(name)
    return value


def _number(data: Json, name: str) -> float:
    value = data.get(name, 0.0)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _bad(name)
    return float(value)


def _bad(name: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, f"the field {name} is missing or not of its kind", field=name)
