"""What the media plane pulls: every enabled profile of a node's cameras, with its credentials opened.

The only place that opens them. Not here: which worker pulls what and from where it resumes (control's orders).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.base.secrets import Envelope
from vms.registry.changes import password_place, url_place
from vms.registry.models import Camera, Profile
from vms.registry.queries import any_of


@dataclass(frozen=True, slots=True)
class RosterItem:
    """One profile to pull; `url` is whole but for user and password."""

    camera: str
    code: str | None
    name: str
    profile: str
    url: str = field(repr=False)
    transport: str
    username: str | None
    password: str | None = field(repr=False)
    record: str
    revision: int
    created_us: int
    edge_url: str | None = None
    edge_days: int = 0


def roster(session: Session, envelope: Envelope, node_id: str, cameras: Collection[str] | None = None) -> list[RosterItem]:
    """Every profile of the node's enabled cameras (of these alone when `cameras` names some), by camera id, main first."""
    statement = (
        select(Camera, Profile)
        .join(Profile, Profile.camera_id == Camera.id)
        .where(Camera.removed_us.is_(None), Camera.enabled.is_(True), Camera.node_id == node_id)
        .order_by(Camera.id, Profile.name)
    )
    if cameras is not None:
        statement = statement.where(any_of(Camera.id, cameras))
    return [_item(envelope, camera, profile) for camera, profile in session.execute(statement)]


def open_password(envelope: Envelope, camera: Camera) -> str | None:
    if camera.sealed_password is None:
        return None
    return envelope.open(camera.sealed_password, password_place(camera.id)).decode()


def open_url(envelope: Envelope, profile: Profile) -> str:
    if profile.sealed_url is None:
        return profile.url
    return envelope.open(profile.sealed_url, url_place(profile.camera_id, profile.name)).decode()


def _item(envelope: Envelope, camera: Camera, profile: Profile) -> RosterItem:
    return RosterItem(
        camera=camera.id,
        code=camera.code,
        name=camera.name,
        profile=profile.name,
        url=open_url(envelope, profile),
        transport=profile.transport,
        username=camera.username,
        password=open_password(envelope, camera),
        record=camera.record,
        revision=camera.revision,
        created_us=camera.created_us,
        edge_url=profile.edge_url,
        edge_days=camera.edge_days,
    )
