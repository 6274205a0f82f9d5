"""Changing the register: rows written from values that were checked, secrets sealed on the way. Session first, no commits.

Not here: what a value may look like (rules), facts and orders that follow a change (construction).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vms.base.errors import Kind, VmsError
from vms.base.secrets import Envelope
from vms.registry import rules
from vms.registry.models import Camera, Profile, Region, RepeatKey
from vms.registry.plans import find_plan
from vms.registry.queries import any_of, find_region
from vms.registry.urls import mask

REPEAT_KEY_LIFE_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class ProfileValues:
    """`url` is without user and password; it may hold a password in path or query."""

    name: str
    url: str = field(repr=False)
    transport: str
    edge_url: str | None = None


@dataclass(frozen=True, slots=True)
class CameraValues:
    """All that a registration says of a camera."""

    name: str
    code: str | None
    region_id: str | None
    node_id: str
    record: str
    enabled: bool
    username: str | None
    password: str | None = field(repr=False)
    profiles: tuple[ProfileValues, ...]
    edge_days: int = 0


def password_place(camera: str) -> str:
    return f"camera|{camera}|password"


def url_place(camera: str, profile: str) -> str:
    return f"camera|{camera}|{profile}|url"


def put_cameras(session: Session, envelope: Envelope, entries: Sequence[tuple[str, CameraValues]], now_us: int) -> list[Camera]:
    """Enter cameras under their ids, with a few statements however many they are.

    The id of a removed one brings it back; one on the register is a CONFLICT, so is a code in use.
    """
    ids = [camera_id for camera_id, _ in entries]
    known = {camera.id: camera for camera in session.scalars(select(Camera).where(any_of(Camera.id, ids)).with_for_update())}
    for camera in known.values():
        if camera.removed_us is None:
            raise VmsError(Kind.CONFLICT, "a camera with this id is registered already", camera=camera.id)
    if len(set(ids)) != len(ids):
        raise VmsError(Kind.CONFLICT, "an id stands twice among these cameras")
    _check(session, entries)
    cameras = [known.get(camera_id) or Camera(id=camera_id, revision=0, created_us=now_us) for camera_id in ids]
    for camera, (_, values) in zip(cameras, entries, strict=True):
        camera.removed_us = None
        _fill(envelope, camera, values, now_us)
    session.add_all(cameras)
    session.flush()
    _write_profiles(session, envelope, {camera_id: values.profiles for camera_id, values in entries})
    return cameras


def write_camera(session: Session, envelope: Envelope, camera: Camera, values: CameraValues, now_us: int) -> None:
    """Make the rows say what `values` says, and count the revision."""
    _check(session, [(camera.id, values)])
    _fill(envelope, camera, values, now_us)
    session.flush()
    _write_profiles(session, envelope, {camera.id: values.profiles})


def remove_camera(camera: Camera, now_us: int) -> None:
    """Take it off the register and forget its credentials; the row stays, to name its recordings."""
    camera.removed_us = camera.changed_us = now_us
    camera.username = camera.sealed_password = None
    camera.revision += 1


def create_region(session: Session, region_id: str, name: str, level: str, parent_id: str | None) -> Region:
    parent = None if parent_id is None else find_region(session, parent_id, lock=True)
    rules.check_level(level, None if parent is None else parent.level)
    if session.get(Region, region_id) is not None:
        raise VmsError(Kind.CONFLICT, "a region with this id exists already", region=region_id)
    _check_sibling(session, name, parent_id, region_id)
    region = Region(id=region_id, name=name, level=level, parent_id=parent_id)
    session.add(region)
    session.flush()
    return region


def change_region(session: Session, region: Region, name: str, parent_id: str | None) -> None:
    """Levels strictly descend, so a move can make no circle."""
    parent = None if parent_id is None else find_region(session, parent_id, lock=True)
    rules.check_level(region.level, None if parent is None else parent.level)
    _check_sibling(session, name, parent_id, region.id)
    region.name, region.parent_id = name, parent_id
    session.flush()


def delete_region(session: Session, region: Region) -> None:
    """Refused while it holds a region or a camera on the register."""
    below = session.scalar(select(Region.id).where(Region.parent_id == region.id).limit(1))
    camera = session.scalar(select(Camera.id).where(Camera.region_id == region.id, Camera.removed_us.is_(None)).limit(1))
    if below is not None or camera is not None:
        what = "regions" if below is not None else "cameras"
        raise VmsError(Kind.CONFLICT, f"the region holds {what}: move or delete them first", region=region.id)
    for removed in session.scalars(select(Camera).where(Camera.region_id == region.id)):
        removed.region_id = None
    session.flush()
    session.delete(region)


@dataclass(frozen=True, slots=True)
class Repeat:
    """One request under an Idempotency-Key; `digest` tells it from another one."""

    actor_id: str
    key: str
    digest: bytes

    @property
    def place(self) -> str:
        return f"repeat|{self.actor_id}|{self.key}"


def remembered(session: Session, envelope: Envelope, repeat: Repeat, now_us: int) -> str | None:
    """The id of what this very request made before. The same key with another request is a CONFLICT."""
    session.execute(delete(RepeatKey).where(RepeatKey.created_us < now_us - REPEAT_KEY_LIFE_US))
    row = session.get(RepeatKey, (repeat.actor_id, repeat.key))
    if row is None:
        return None
    if envelope.open(row.sealed_digest, repeat.place) != repeat.digest:
        raise VmsError(Kind.CONFLICT, "this Idempotency-Key came with another request before: take a new key")
    return row.camera_id


def remember(session: Session, envelope: Envelope, repeat: Repeat, camera_id: str, now_us: int) -> None:
    sealed = envelope.seal(repeat.digest, repeat.place)
    row = RepeatKey(actor_id=repeat.actor_id, key=repeat.key, sealed_digest=sealed, camera_id=camera_id, created_us=now_us)
    session.add(row)
    session.flush()


def _fill(envelope: Envelope, camera: Camera, values: CameraValues, now_us: int) -> None:
    camera.name, camera.code, camera.region_id, camera.node_id = values.name, values.code, values.region_id, values.node_id
    camera.record, camera.enabled, camera.username = values.record, values.enabled, values.username
    camera.edge_days = values.edge_days
    camera.sealed_password = None if values.password is None else envelope.seal(values.password.encode(), password_place(camera.id))
    camera.revision += 1
    camera.changed_us = now_us


def _write_profiles(session: Session, envelope: Envelope, profiles: Mapping[str, Sequence[ProfileValues]]) -> None:
    """By camera id; what was there before goes."""
    session.execute(delete(Profile).where(any_of(Profile.camera_id, profiles)))
    session.add_all(_profile(envelope, camera_id, values) for camera_id, all_values in profiles.items() for values in all_values)
    session.flush()


def _profile(envelope: Envelope, camera_id: str, values: ProfileValues) -> Profile:
    shown = mask(values.url)
    sealed = None if shown == values.url else envelope.seal(values.url.encode(), url_place(camera_id, values.name))
    return Profile(
        camera_id=camera_id, name=values.name, url=shown, sealed_url=sealed, transport=values.transport, edge_url=values.edge_url
    )


def _check(session: Session, entries: Sequence[tuple[str, CameraValues]]) -> None:
    """Regions and plans are there, and each code is free. Say which camera holds a code; the unique index holds against a race."""
    for region_id in {values.region_id for _, values in entries if values.region_id is not None}:
        find_region(session, region_id)
    for plan_id in sorted({values.record for _, values in entries} - set(rules.SHORT_FORMS)):
        find_plan(session, plan_id, share=True)
    wanted: dict[str, str] = {}
    for camera_id, values in entries:
        if values.code is not None and wanted.setdefault(values.code, camera_id) != camera_id:
            raise VmsError(Kind.CONFLICT, "a code stands twice among these cameras", code=values.code)
    holders = select(Camera.code, Camera.id).where(any_of(Camera.code, wanted), Camera.removed_us.is_(None)) if wanted else None
    for code, holder in session.execute(holders) if holders is not None else ():
        if holder != wanted.get(code or ""):
            raise VmsError(Kind.CONFLICT, "this code belongs to another camera", code=code, camera=holder)


def _check_sibling(session: Session, name: str, parent_id: str | None, region_id: str) -> None:
    beside = Region.parent_id.is_(None) if parent_id is None else Region.parent_id == parent_id
    holder = session.scalar(select(Region.id).where(beside, Region.name == name, Region.id != region_id))
    if holder is not None:
        raise VmsError(Kind.CONFLICT, "a region with this name exists there already", region=holder)
