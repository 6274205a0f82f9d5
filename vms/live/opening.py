"""Handlers of OpenLive, ContinueLive and Snapshot: which camera, profile and worker. Control only (it reads the register)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from vms.base.errors import Kind, VmsError
from vms.owner.ask import Owner
from vms.owner.requests import Actor, ContinueLive, LiveOpened, OpenLive, Snapshot
from vms.registry.queries import find_camera, profiles_of

Away = Callable[[str, str], tuple[str, str] | None]
"""Cause and message while this profile of a camera is offline."""


def register(owner: Owner, worker_of: Callable[[str], int], away: Away) -> None:
    """Let `owner` answer; `worker_of` names the worker that pulls a camera."""

    def open_live(session: Session, actor: Actor, request: OpenLive) -> LiveOpened:
        camera = find_camera(session, request.camera)
        if not camera.enabled:
            raise VmsError(Kind.NO_VIDEO, "this camera is switched off; enable it under Points", camera=camera.id)
        if request.profile not in {profile.name for profile in profiles_of(session, [camera.id])[camera.id]}:
            raise VmsError(Kind.NOT_FOUND, "this camera has no such profile", camera=camera.id, profile=request.profile)
        return LiveOpened(camera.id, request.profile, worker_of(camera.id))

    def snapshot(session: Session, actor: Actor, request: Snapshot) -> LiveOpened:
        """Nobody waits for a picture of a camera that is known to be away, and nobody is shown an old one."""
        opened = open_live(session, actor, request)
        if (offline := away(opened.camera, opened.profile)) is not None:
            cause, message = offline
            known = Kind(cause) if cause in Kind.__members__.values() else Kind.UNAVAILABLE
            raise VmsError(known, f"this camera is offline: {message}", camera=opened.camera, cause=cause)
        return opened

    owner.register(OpenLive, open_live)
    owner.register(ContinueLive, open_live)
    owner.register(Snapshot, snapshot)
