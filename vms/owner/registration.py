"""Requests about what exists (regions, cameras, their registration) and the values that answer them.

Times are microseconds UTC, ids UUID strings. Passwords enter in requests and never leave in an answer. Not here: media
requests (requests), what a URL may look like (registry.urls), the handlers (construction).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final, Literal, NamedTuple

from vms.owner.requests import Action, CameraRequest, Request

CameraStatus = Literal["online", "connecting", "offline", "disabled"]
RecordPlan = str
"""A short form (`always`, `never`, `event`) or the id of a record plan."""
Level = Literal["city", "district", "station"]
Transport = Literal["auto", "tcp", "udp"]


class Unset(Enum):
    """The mark of a field that a change leaves alone; None clears the field."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


class ProfileSpec(NamedTuple):
    """One stream of a camera as it is registered; the URL may carry user and password, which are split off."""

    name: str
    url: str
    transport: Transport = "auto"
    edge_url: str | None = None
    """Where the camera plays what it recorded itself."""


@dataclass(frozen=True, slots=True)
class CreateCamera(Request):
    """`id` restores a camera beside its recordings; `idempotency_key` makes a repeated request answer the same camera."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    name: str
    profiles: tuple[ProfileSpec, ...]
    code: str | None = None
    region_id: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    record: RecordPlan = "always"
    enabled: bool = True
    edge_days: int = 0
    id: str | None = None
    idempotency_key: str | None = None


MAX_BATCH = 500


@dataclass(frozen=True, slots=True)
class CreateCameras(Request):
    """Up to MAX_BATCH cameras in one act: all are entered or none. What is refused carries its place in `item`, from 0."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    cameras: tuple[CreateCamera, ...]


@dataclass(frozen=True, slots=True)
class UpdateCamera(CameraRequest):
    """Changes what is set; `revision`, when given, must be the camera's own or the change is refused."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    revision: int | None = None
    name: str | Unset = UNSET
    code: str | Unset | None = UNSET
    region_id: str | Unset | None = UNSET
    profiles: tuple[ProfileSpec, ...] | Unset = UNSET
    username: str | Unset | None = UNSET
    password: str | Unset | None = field(default=UNSET, repr=False)
    record: RecordPlan | Unset = UNSET
    enabled: bool | Unset = UNSET
    edge_days: int | Unset = UNSET


@dataclass(frozen=True, slots=True)
class DeleteCamera(CameraRequest):
    """Takes a camera off the register; its recordings stay, under its id."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class GetCamera(CameraRequest):
    action: ClassVar[Action] = "list"


@dataclass(frozen=True, slots=True)
class ListCameras(Request):
    """Cameras by name, a page at a time; `region_id` takes its whole subtree, `q` is part of a name or of a code."""

    action: ClassVar[Action] = "list"
    state: CameraStatus | None = None
    q: str | None = None
    region_id: str | None = None
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ProbeCamera(Request):
    """Open a camera once and say what it sends, without registering it."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    url: str = field(repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    transport: Transport = "auto"


@dataclass(frozen=True, slots=True)
class CreateRegion(Request):
    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    name: str
    level: Level
    parent_id: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateRegion(Request):
    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    region: str
    name: str | Unset = UNSET
    parent_id: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class DeleteRegion(Request):
    """Refused while the region holds regions or cameras."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    region: str


@dataclass(frozen=True, slots=True)
class GetRegion(Request):
    action: ClassVar[Action] = "list"
    region: str


@dataclass(frozen=True, slots=True)
class ListRegions(Request):
    action: ClassVar[Action] = "list"
    cursor: str | None = None
    limit: int = 500


class ProfileView(NamedTuple):
    """A profile as shown: no user, no password; what the stream itself told stands in after it was first seen."""

    name: str
    url: str
    transport: Transport
    codec: str | None = None
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    bitrate_bps: int | None = None
    gop_ms: int | None = None
    has_b_frames: bool | None = None
    audio: str | None = None
    edge_url: str | None = None


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera as shown: what is registered and how it is right now. `revision` counts changes of the register."""

    id: str
    code: str | None
    name: str
    region_id: str | None
    node_id: str
    record: RecordPlan
    enabled: bool
    username: str | None
    has_password: bool
    revision: int
    created_us: int
    changed_us: int
    state: CameraStatus
    cause: str | None
    message: str | None
    since_us: int | None
    recording: bool
    last_frame_us: int | None
    profiles: tuple[ProfileView, ...]
    edge_days: int = 0


@dataclass(frozen=True, slots=True)
class CameraPage:
    items: tuple[CameraView, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class RegionView:
    id: str
    name: str
    level: Level
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class RegionPage:
    items: tuple[RegionView, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class ProbedTrack:
    kind: Literal["video", "audio"]
    codec: str
    mime: str
    width: int | None = None
    height: int | None = None
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a camera answered: its tracks, or the cause in the words of a camera's state."""

    ok: bool
    cause: str | None
    message: str | None
    tracks: tuple[ProbedTrack, ...] = ()
    elapsed_ms: int = 0
