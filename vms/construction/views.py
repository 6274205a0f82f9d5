"""Rows and live states as the views that answer requests. Pure; no password ever enters a view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from vms.construction.states import CameraLive, ProfileState
from vms.owner.registration import CameraView, Level, ProfileView, RegionView, Transport
from vms.registry.models import Camera, Profile, Region

_UNSEEN = CameraLive(state="connecting", cause=None, message=None, since_us=None, recording=False, last_frame_us=None, profiles={})


def camera_view(camera: Camera, profiles: Sequence[Profile], live: CameraLive | None) -> CameraView:
    """A camera that is switched off is disabled whatever was last reported; one never reported is connecting."""
    live = live or _UNSEEN
    return CameraView(
        id=camera.id,
        code=camera.code,
        name=camera.name,
        region_id=camera.region_id,
        node_id=camera.node_id,
        record=camera.record,
        enabled=camera.enabled,
        username=camera.username,
        has_password=camera.sealed_password is not None,
        revision=camera.revision,
        created_us=camera.created_us,
        changed_us=camera.changed_us,
        state=live.state if camera.enabled else "disabled",
        cause=live.cause if camera.enabled else None,
        message=live.message if camera.enabled else None,
        since_us=live.since_us if camera.enabled else camera.changed_us,
        recording=live.recording and camera.enabled,
        last_frame_us=live.last_frame_us,
        profiles=tuple(_profile_view(p, live.profiles.get(p.name)) for p in profiles),
        edge_days=camera.edge_days,
    )


def region_view(region: Region) -> RegionView:
    return RegionView(id=region.id, name=region.name, level=cast(Level, region.level), parent_id=region.parent_id)


def _profile_view(profile: Profile, said: ProfileState | None) -> ProfileView:
    transport = cast(Transport, profile.transport)
    if said is None:
        return ProfileView(profile.name, profile.url, transport, edge_url=profile.edge_url)
    return ProfileView(
        name=profile.name,
        url=profile.url,
        transport=transport,
        codec=said.codec,
        mime=said.mime,
        width=said.width,
        height=said.height,
        fps=said.fps,
        bitrate_bps=said.bitrate_bps,
        gop_ms=said.gop_ms,
        has_b_frames=said.has_b_frames,
        audio=said.audio,
        edge_url=profile.edge_url,
    )
