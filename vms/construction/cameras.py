"""Handlers of the camera requests: check, write the register, announce, and say which camera changed.

A handler does not wait for the camera: it answers `connecting`, and the state follows. Not here: SQL (registry).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from functools import partial

from sqlalchemy.orm import Session

from vms.base.db import after_commit
from vms.base.errors import Kind, VmsError
from vms.base.journal import announce
from vms.construction.desk import Desk
from vms.construction.facts import CameraChanged, CameraRegistered, CameraRemoved
from vms.construction.views import camera_view
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
    ProfileSpec,
    UpdateCamera,
)
from vms.owner.requests import Actor
from vms.registry import changes, queries, rules
from vms.registry.changes import CameraValues, ProfileValues, Repeat
from vms.registry.models import Camera, Profile
from vms.registry.queries import CameraFilter
from vms.registry.roster import open_password, open_url
from vms.registry.urls import check_allowed, mask, parse_camera_url


def create_camera(desk: Desk, session: Session, actor: Actor, request: CreateCamera) -> CameraView:
    """Enter a camera; a repeated request with the same Idempotency-Key answers the camera it made."""
    now_us = desk.clock.wall_us()
    repeat = None if request.idempotency_key is None else _repeat(actor, request, request.idempotency_key)
    made = None if repeat is None else changes.remembered(session, desk.envelope, repeat, now_us)
    if made is not None:
        return _view(desk, session, queries.find_camera(session, made))
    entry = rules.given_or_new_id(request.id, now_us), _created_values(desk, request)
    (view,) = _enter(desk, session, actor, [entry], now_us)
    if repeat is not None:
        changes.remember(session, desk.envelope, repeat, view.id, now_us)
    return view


def create_cameras(desk: Desk, session: Session, actor: Actor, request: CreateCameras) -> tuple[CameraView, ...]:
    """Enter all of them, or none."""
    if not 1 <= len(request.cameras) <= MAX_BATCH:
        raise VmsError(Kind.BAD_REQUEST, f"give 1 to {MAX_BATCH} cameras at once", place="items")
    now_us = desk.clock.wall_us()
    entries: list[tuple[str, CameraValues]] = []
    for item, camera in enumerate(request.cameras):
        try:
            entries.append((rules.given_or_new_id(camera.id, now_us), _created_values(desk, camera)))
        except VmsError as error:
            raise VmsError(error.kind, error.message, **{**error.facts, "item": item}) from error
    return _enter(desk, session, actor, entries, now_us)


def _enter(desk: Desk, session: Session, actor: Actor, entries: Sequence[tuple[str, CameraValues]], now_us: int) -> tuple[CameraView, ...]:
    """Rows, facts, and word to the media plane once they are committed."""
    cameras = changes.put_cameras(session, desk.envelope, entries, now_us)
    announce(session, *(CameraRegistered(c.id, c.name, c.code or "", actor.name) for c in cameras), now_us=now_us)
    for camera in cameras:
        after_commit(session, partial(desk.on_change, camera.id))
    profiles = queries.profiles_of(session, [camera.id for camera in cameras])
    return tuple(camera_view(camera, profiles[camera.id], desk.states.get(camera.id)) for camera in cameras)


def update_camera(desk: Desk, session: Session, actor: Actor, request: UpdateCamera) -> CameraView:
    """Change what the request sets. A revision that is not the camera's own is refused (PRECONDITION)."""
    camera = queries.find_camera(session, request.camera, lock=True)
    if request.revision is not None and request.revision != camera.revision:
        raise VmsError(Kind.PRECONDITION, "the camera was changed meanwhile: read it again", revision=camera.revision)
    profiles = queries.profiles_of(session, [camera.id])[camera.id]
    values = _changed_values(desk, camera, profiles, request)
    now_us = desk.clock.wall_us()
    changes.write_camera(session, desk.envelope, camera, values, now_us)
    announce(session, CameraChanged(camera.id, _named(request), actor.name), now_us=now_us)
    after_commit(session, partial(desk.on_change, camera.id))
    return _view(desk, session, camera)


def delete_camera(desk: Desk, session: Session, actor: Actor, request: DeleteCamera) -> None:
    camera = queries.find_camera(session, request.camera, lock=True)
    now_us = desk.clock.wall_us()
    changes.remove_camera(camera, now_us)
    announce(session, CameraRemoved(camera.id, camera.name, actor.name), now_us=now_us)
    after_commit(session, partial(desk.on_change, camera.id))


def get_camera(desk: Desk, session: Session, _actor: Actor, request: GetCamera) -> CameraView:
    return _view(desk, session, queries.find_camera(session, request.camera))


def list_cameras(desk: Desk, session: Session, _actor: Actor, request: ListCameras) -> CameraPage:
    wanted = _with_state(desk, CameraFilter(q=request.q, region_id=request.region_id), request.state)
    rows, following = queries.camera_page(session, wanted, request.cursor, request.limit)
    profiles = queries.profiles_of(session, [row.id for row in rows])
    return CameraPage(tuple(camera_view(row, profiles[row.id], desk.states.get(row.id)) for row in rows), following)


def _with_state(desk: Desk, wanted: CameraFilter, state: CameraStatus | None) -> CameraFilter:
    """The live state is no column: name the cameras that are in it. Who never reported is connecting."""
    if state is None:
        return wanted
    if state == "disabled":
        return dataclasses.replace(wanted, enabled=False)
    if state == "connecting":
        elsewhere = [*desk.states.in_state("online"), *desk.states.in_state("offline"), *desk.states.in_state("disabled")]
        return dataclasses.replace(wanted, enabled=True, not_among=elsewhere)
    return dataclasses.replace(wanted, enabled=True, among=desk.states.in_state(state))


def _named(request: UpdateCamera) -> tuple[str, ...]:
    """The fields that an update sets."""
    names = (field.name for field in dataclasses.fields(request) if field.name not in ("camera", "revision"))
    return tuple(name for name in names if getattr(request, name) is not UNSET)


def _view(desk: Desk, session: Session, camera: Camera) -> CameraView:
    profiles = queries.profiles_of(session, [camera.id])[camera.id]
    return camera_view(camera, profiles, desk.states.get(camera.id))


def _created_values(desk: Desk, request: CreateCamera) -> CameraValues:
    profiles, user, password = _checked_profiles(desk, request.profiles)
    return _checked(
        CameraValues(
            name=rules.clean_name(request.name),
            code=request.code,
            region_id=request.region_id,
            node_id=desk.node_id,
            record=request.record,
            enabled=request.enabled,
            username=request.username if request.username is not None else user,
            password=request.password if request.password is not None else password,
            profiles=profiles,
            edge_days=request.edge_days,
        )
    )


def _changed_values(desk: Desk, camera: Camera, rows: Sequence[Profile], request: UpdateCamera) -> CameraValues:
    whole = {row.name: open_url(desk.envelope, row) for row in rows}
    user, password = camera.username, open_password(desk.envelope, camera)
    profiles = tuple(ProfileValues(row.name, whole[row.name], row.transport, row.edge_url) for row in rows)
    if request.profiles is not UNSET:
        asked = [_unmasked(spec, whole.get(spec.name)) for spec in request.profiles]
        profiles, url_user, url_password = _checked_profiles(desk, asked)
        if url_user is not None:
            user, password = url_user, url_password
    return _checked(
        CameraValues(
            name=camera.name if request.name is UNSET else rules.clean_name(request.name),
            code=camera.code if request.code is UNSET else request.code,
            region_id=camera.region_id if request.region_id is UNSET else request.region_id,
            node_id=camera.node_id,
            record=camera.record if request.record is UNSET else request.record,
            enabled=camera.enabled if request.enabled is UNSET else request.enabled,
            username=user if request.username is UNSET else request.username,
            password=password if request.password is UNSET else request.password,
            profiles=profiles,
            edge_days=camera.edge_days if request.edge_days is UNSET else request.edge_days,
        )
    )


def _checked(values: CameraValues) -> CameraValues:
    rules.check_code(values.code)
    rules.check_record(values.record)
    rules.check_credential("username", values.username)
    rules.check_credential("password", values.password)
    rules.check_edge_days(values.edge_days)
    if values.edge_days and not any(profile.edge_url for profile in values.profiles):
        raise VmsError(Kind.BAD_REQUEST, "edge_days needs the address of the camera's recordings (edge_url)", place="edge_days")
    return values


def _checked_profiles(desk: Desk, specs: Sequence[ProfileSpec]) -> tuple[tuple[ProfileValues, ...], str | None, str | None]:
    """Profiles without credentials, and the one pair of user and password that their URLs carry."""
    rules.check_profiles([spec.name for spec in specs])
    carried: set[tuple[str | None, str | None]] = set()
    profiles: list[ProfileValues] = []
    for place, spec in enumerate(specs):
        url = parse_camera_url(spec.url)
        check_allowed(desk.allow, url.host, f"profiles[{place}].url")
        edge_url = None if not spec.edge_url else _checked_edge_url(desk, spec.edge_url, f"profiles[{place}].edge_url")
        profiles.append(ProfileValues(spec.name, url.url, spec.transport, edge_url))
        if url.username is not None:
            carried.add((url.username, url.password))
    if len(carried) > 1:
        raise VmsError(Kind.BAD_REQUEST, "the profiles' URLs carry different users: a camera has one", place="profiles")
    user, password = carried.pop() if carried else (None, None)
    return tuple(profiles), user, password


def _checked_edge_url(desk: Desk, text: str, place: str) -> str:
    """It is shown as it is, so it may carry no secret: user and password are the camera's own."""
    url = parse_camera_url(text)
    if url.username is not None or mask(url.url) != url.url:
        raise VmsError(Kind.BAD_REQUEST, "the address of the recordings must hold no user and no password", place=place)
    check_allowed(desk.allow, url.host, place)
    return url.url


def _unmasked(spec: ProfileSpec, whole: str | None) -> ProfileSpec:
    """A URL that comes back as it was shown, with its password masked, means the one on the register."""
    if whole is not None and whole != spec.url and mask(whole) == spec.url:
        return spec._replace(url=whole)
    return spec


def _repeat(actor: Actor, request: CreateCamera, key: str) -> Repeat:
    rules.check_repeat_key(key)
    said = json.dumps(dataclasses.asdict(request), sort_keys=True)
    return Repeat(actor.id, key, hashlib.sha256(said.encode()).digest())
