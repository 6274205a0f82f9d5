"""Routes of cameras: register, list, show, change, remove, probe."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import Cursor, In, Limit, Out, TimeOut, time_out
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.owner.registration import (
    MAX_BATCH,
    UNSET,
    CameraPage,
    CameraStatus,
    CameraView,
    CreateCamera,
    CreateCameras,
    DeleteCamera,
    GetCamera,
    ListCameras,
    ProbeCamera,
    ProbedTrack,
    ProbeResult,
    ProfileSpec,
    ProfileView,
    RecordPlan,
    Transport,
    UpdateCamera,
)

router = APIRouter(tags=["cameras"])
_ETAG = re.compile(r'"r(\d{1,15})"')


class ProfileIn(In):
    """A stream of the camera; user and password in the URL are split off."""

    name: Literal["main", "sub"]
    url: str = Field(examples=["rtsp://192.0.2.10:554/stream1"])
    transport: Transport = "auto"
    edge_url: str | None = Field(
        default=None, description="where the camera plays what it recorded itself (ONVIF replay); without user and password"
    )


class CameraIn(In):
    name: str
    code: str | None = Field(default=None, description="20 digits (GB/T 28181)")
    region_id: str | None = None
    profiles: list[ProfileIn] = Field(min_length=1, max_length=2)
    username: str | None = None
    password: str | None = None
    record: RecordPlan = Field(default="always", max_length=36, description="always, never, event, or the id of a record plan")
    enabled: bool = True
    edge_days: int = Field(default=0, ge=0, le=365, description="fill gaps from the camera's own recordings, so many days back; 0: never")
    id: str | None = Field(default=None, description="a UUID, to restore a register beside its recordings")


class CamerasIn(In):
    items: list[CameraIn] = Field(min_length=1, max_length=MAX_BATCH)


class CameraPatch(In):
    """What is absent stays; null clears."""

    name: str = Field(default_factory=str)
    code: str | None = None
    region_id: str | None = None
    profiles: list[ProfileIn] = Field(default_factory=list[ProfileIn], min_length=1, max_length=2)
    username: str | None = None
    password: str | None = None
    record: RecordPlan = Field(default_factory=lambda: "always", max_length=36)
    enabled: bool = Field(default_factory=bool)
    edge_days: int = Field(default_factory=int, ge=0, le=365)


class Profile(Out):
    name: str
    url: str
    edge_url: str | None
    transport: Transport
    codec: str | None
    mime: str | None
    width: int | None
    height: int | None
    fps: float | None
    bitrate_bps: int | None
    gop_ms: int | None
    has_b_frames: bool | None
    audio: str | None


class Camera(Out):
    id: str
    code: str | None
    name: str
    region_id: str | None
    node_id: str
    record: RecordPlan
    enabled: bool
    username: str | None
    has_password: bool
    created_at: TimeOut
    changed_at: TimeOut
    state: CameraStatus
    cause: str | None
    message: str | None
    since: TimeOut | None
    recording: bool
    last_frame_at: TimeOut | None
    profiles: list[Profile]
    edge_days: int


class CameraList(Out):
    items: list[Camera]
    next: str | None


class CamerasEntered(Out):
    """In the order of the request."""

    items: list[Camera]


class ProbeIn(In):
    url: str
    username: str | None = None
    password: str | None = None
    transport: Transport = "auto"


class Track(Out):
    kind: Literal["video", "audio"]
    codec: str
    mime: str
    width: int | None
    height: int | None
    fps: float | None


class Probe(Out):
    """`cause` is null when the camera sends video."""

    ok: bool
    cause: str | None
    message: str | None
    tracks: list[Track]
    elapsed_ms: int


@router.post("/cameras", status_code=201)
def create_camera(
    *,
    body: CameraIn,
    response: Response,
    actor: CurrentActor,
    context: Context,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Camera:
    """Register a camera. Does not wait for it: its state follows."""
    view: CameraView = context.owner.ask(actor, _request(body, idempotency_key))
    response.headers["Location"] = f"/api/v1/cameras/{view.id}"
    return _shown(view, response)


@router.post("/cameras/batch", status_code=201)
def create_cameras(body: CamerasIn, actor: CurrentActor, context: Context) -> CamerasEntered:
    """Register up to 500 cameras: all, or none when one is refused (`params.item` counts from 0). The way for long lists."""
    views: tuple[CameraView, ...] = context.owner.ask(actor, CreateCameras(tuple(_request(item) for item in body.items)))
    return CamerasEntered(items=[camera_out(view) for view in views])


@router.get("/cameras")
def list_cameras(
    *,
    actor: CurrentActor,
    context: Context,
    state: CameraStatus | None = None,
    q: Annotated[str | None, Query(max_length=100, description="part of a name or of a code")] = None,
    region_id: Annotated[str | None, Query(description="with everything below it")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> CameraList:
    page: CameraPage = context.owner.ask(actor, ListCameras(state, q, region_id, cursor, limit))
    return CameraList(items=[camera_out(view) for view in page.items], next=page.next)


@router.get("/cameras/{camera}")
def get_camera(camera: str, response: Response, actor: CurrentActor, context: Context) -> Camera:
    """By id or code. The ETag counts changes of the register, not of the live state."""
    return _shown(context.owner.ask(actor, GetCamera(camera)), response)


@router.patch("/cameras/{camera}")
def update_camera(
    *,
    camera: str,
    body: CameraPatch,
    response: Response,
    actor: CurrentActor,
    context: Context,
    if_match: Annotated[str | None, Header()] = None,
) -> Camera:
    """With If-Match the change is refused (412) when somebody else changed the camera meanwhile."""
    fields: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set - {"profiles"}}
    profiles = _specs(body.profiles) if "profiles" in body.model_fields_set else UNSET
    request = UpdateCamera(camera, revision=_revision(if_match), profiles=profiles, **fields)
    return _shown(context.owner.ask(actor, request), response)


@router.delete("/cameras/{camera}", status_code=204)
def delete_camera(camera: str, actor: CurrentActor, context: Context) -> None:
    """Take a camera off the register; its recordings stay under its id."""
    context.owner.ask(actor, DeleteCamera(camera))


@router.post("/probe")
def probe_camera(body: ProbeIn, actor: CurrentActor, context: Context) -> Probe:
    """Open a camera once and tell what it sends; takes up to the connection's time-out."""
    result: ProbeResult = context.owner.ask(actor, ProbeCamera(**body.model_dump()))
    return Probe(
        ok=result.ok,
        cause=result.cause,
        message=result.message,
        tracks=[_track_out(track) for track in result.tracks],
        elapsed_ms=result.elapsed_ms,
    )


def camera_out(view: CameraView) -> Camera:
    return Camera(
        id=view.id,
        code=view.code,
        name=view.name,
        region_id=view.region_id,
        node_id=view.node_id,
        record=view.record,
        enabled=view.enabled,
        username=view.username,
        has_password=view.has_password,
        created_at=format_time(view.created_us),
        changed_at=format_time(view.changed_us),
        state=view.state,
        cause=view.cause,
        message=view.message,
        since=time_out(view.since_us),
        recording=view.recording,
        last_frame_at=time_out(view.last_frame_us),
        profiles=[_profile_out(profile) for profile in view.profiles],
        edge_days=view.edge_days,
    )


def _profile_out(view: ProfileView) -> Profile:
    return Profile(**view._asdict())


def _track_out(track: ProbedTrack) -> Track:
    return Track(kind=track.kind, codec=track.codec, mime=track.mime, width=track.width, height=track.height, fps=track.fps)


def _shown(view: CameraView, response: Response) -> Camera:
    response.headers["ETag"] = f'"r{view.revision}"'
    return camera_out(view)


def _request(body: CameraIn, idempotency_key: str | None = None) -> CreateCamera:
    fields: dict[str, Any] = body.model_dump(exclude={"profiles"})
    return CreateCamera(profiles=_specs(body.profiles), idempotency_key=idempotency_key, **fields)


def _specs(profiles: list[ProfileIn]) -> tuple[ProfileSpec, ...]:
    return tuple(ProfileSpec(profile.name, profile.url, profile.transport, profile.edge_url) for profile in profiles)


def _revision(if_match: str | None) -> int | None:
    """The revision an If-Match demands. One that this node never gave out matches nothing (RFC 9110 §13.1.1)."""
    if if_match is None or if_match.strip() == "*":
        return None
    known = _ETAG.fullmatch(if_match.strip())
    if known is None:
        raise VmsError(Kind.PRECONDITION, "If-Match must be the ETag of this camera as read before")
    return int(known[1])
