"""Handler of OpenLive and ContinueLive: which camera, which profile, which worker has it. Control only (it reads the register)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from vms.base.errors import Kind, VmsError
from vms.owner.ask import Owner
from vms.owner.requests import Actor, ContinueLive, LiveOpened, OpenLive
from vms.registry.queries import find_camera, profiles_of


def register(owner: Owner, worker_of: Callable[[str], int]) -> None:
    """Let `owner` answer them; `worker_of` names the worker that pulls a camera."""

    def open_live(session: Session, actor: Actor, request: OpenLive) -> LiveOpened:
        camera = find_camera(session, request.camera)
        if not camera.enabled:
            raise VmsError(Kind.NO_VIDEO, "this camera is switched off; enable it under Points", camera=camera.id)
        if request.profile not in {profile.name for profile in profiles_of(session, [camera.id])[camera.id]}:
            raise VmsError(Kind.NOT_FOUND, "this camera has no such profile", camera=camera.id, profile=request.profile)
        return LiveOpened(camera.id, request.profile, worker_of(camera.id))

    owner.register(OpenLive, open_live)
    owner.register(ContinueLive, open_live)
