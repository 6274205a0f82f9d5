"""How each camera is right now: a table in memory, fed by the workers' reports, read by lists and views.

Safe between threads: reports come from control's loop, readers are request threads. Not here: the rows (registry), facts
about a change of state and gap rows (control, record).
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vms.media.types import VIDEO_TRACK
from vms.owner.registration import CameraStatus

MAIN = "main"


@dataclass(frozen=True, slots=True)
class ProfileState:
    """What a worker last said of one profile; fields of the stream are None until it was first seen."""

    state: CameraStatus
    cause: str | None = None
    message: str | None = None
    since_us: int | None = None
    recording: bool = False
    last_frame_us: int | None = None
    codec: str | None = None
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    bitrate_bps: int | None = None
    gop_ms: int | None = None
    has_b_frames: bool | None = None
    audio: str | None = None


@dataclass(frozen=True, slots=True)
class CameraLive:
    """A camera's state is its main profile's; it records when any profile does."""

    state: CameraStatus
    cause: str | None
    message: str | None
    since_us: int | None
    recording: bool
    last_frame_us: int | None
    profiles: Mapping[str, ProfileState]


class CameraStates(Protocol):
    """What views and lists need of the table."""

    def get(self, camera: str) -> CameraLive | None: ...
    def in_state(self, state: CameraStatus) -> Collection[str]: ...


class StateTable:
    """The table of one node."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cameras: dict[str, CameraLive] = {}

    def get(self, camera: str) -> CameraLive | None:
        return self._cameras.get(camera)

    def in_state(self, state: CameraStatus) -> Collection[str]:
        """Ids of the cameras in this state, as a copy."""
        with self._lock:
            return [camera for camera, live in self._cameras.items() if live.state == state]

    def counts(self) -> tuple[int, int]:
        """How many cameras are online, and how many record."""
        with self._lock:
            lives = list(self._cameras.values())
        return sum(live.state == "online" for live in lives), sum(live.recording for live in lives)

    def report(self, camera: str, profile: str, said: ProfileState) -> tuple[CameraLive | None, CameraLive]:
        """Enter a report; the camera before and after it, so that the caller can tell a change."""
        with self._lock:
            before = self._cameras.get(camera)
            profiles = {**(before.profiles if before else {}), profile: said}
            after = self._cameras[camera] = _combined(profiles)
        return before, after

    def forget(self, camera: str) -> None:
        """It is off the register, or no worker answers for it: it counts as connecting until somebody reports."""
        with self._lock:
            self._cameras.pop(camera, None)


def profile_state(message: Mapping[str, Any]) -> ProfileState:
    """A worker's `state` message (skeleton §5) as a value."""
    tracks: list[Mapping[str, Any]] = message.get("tracks") or []
    video, audio = _first(tracks, is_video=True), _first(tracks, is_video=False)
    return ProfileState(
        state=message["state"],
        cause=message.get("cause"),
        message=message.get("message"),
        since_us=message.get("since_us"),
        recording=bool(message.get("recording")),
        last_frame_us=message.get("last_frame_us"),
        codec=video.get("codec"),
        mime=video.get("mime"),
        width=video.get("width"),
        height=video.get("height"),
        fps=message.get("fps") or video.get("fps") or None,
        bitrate_bps=message.get("bitrate_bps"),
        gop_ms=message.get("gop_ms"),
        has_b_frames=bool(video["reorder_frames"]) if "reorder_frames" in video else None,
        audio=audio.get("codec"),
    )


def _first(tracks: Sequence[Mapping[str, Any]], *, is_video: bool) -> Mapping[str, Any]:
    for track in tracks:
        if (track["track"] == VIDEO_TRACK) is is_video:
            return track
    return {}


def _combined(profiles: Mapping[str, ProfileState]) -> CameraLive:
    main = profiles.get(MAIN) or next(iter(profiles.values()))
    frames = [p.last_frame_us for p in profiles.values() if p.last_frame_us is not None]
    return CameraLive(
        state=main.state,
        cause=main.cause,
        message=main.message,
        since_us=main.since_us,
        recording=any(p.recording for p in profiles.values()),
        last_frame_us=max(frames, default=None),
        profiles=profiles,
    )
