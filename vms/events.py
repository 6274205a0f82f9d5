"""Facts: what happened, as frozen values that `announce` writes into the journal (docs/ref/facts.md).

A fact's type and the names of its data are public: followers, consoles and upper nodes rely on them. Add fields with
a default; never rename one. Pure. Not here: order and delivery (base/journal.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all facts. `subject_id` names the object of kind `subject_kind`; the other fields are the data."""

    type: ClassVar[str] = ""
    subject_kind: ClassVar[str] = ""

    subject_id: str

    def data(self) -> Mapping[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "subject_id"}


@dataclass(frozen=True, slots=True)
class CameraRegistered(Event):
    """A camera was added to the register."""

    type: ClassVar[str] = "camera.registered"
    subject_kind: ClassVar[str] = "camera"
    name: str
    code: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class CameraChanged(Event):
    """Fields of a registered camera were changed; `changed` names them, values are read from the register."""

    type: ClassVar[str] = "camera.changed"
    subject_kind: ClassVar[str] = "camera"
    changed: tuple[str, ...]
    by: str = ""


@dataclass(frozen=True, slots=True)
class CameraRemoved(Event):
    """A camera left the register; its recordings stay."""

    type: ClassVar[str] = "camera.removed"
    subject_kind: ClassVar[str] = "camera"
    name: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class RegionAdded(Event):
    """A region was added to the tree."""

    type: ClassVar[str] = "region.added"
    subject_kind: ClassVar[str] = "region"
    name: str
    level: str
    parent_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class RegionChanged(Event):
    """A region has another name or place; the data is what it is now."""

    type: ClassVar[str] = "region.changed"
    subject_kind: ClassVar[str] = "region"
    name: str
    parent_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class RegionRemoved(Event):
    """A region left the tree."""

    type: ClassVar[str] = "region.removed"
    subject_kind: ClassVar[str] = "region"
    name: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class CameraState(Event):
    """A camera's profile came, went or failed otherwise than before. `cause` is an error kind or empty."""

    type: ClassVar[str] = "camera.state"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    state: str
    cause: str = ""
    message: str = ""
    since_us: int = 0
    recording: bool = False


@dataclass(frozen=True, slots=True)
class RecordingGap(Event):
    """A hole in the recording was closed; its cause is known."""

    type: ClassVar[str] = "recording.gap"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    from_us: int
    to_us: int
    cause: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SegmentDamaged(Event):
    """A segment's bytes are not what its seals say, or its volume reported an error while they were written."""

    type: ClassVar[str] = "segment.damaged"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    path: str
    from_us: int
    to_us: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class VolumeState(Event):
    """A volume filled up, failed or is well again. `state` is `ok`, `full` or `failed`."""

    type: ClassVar[str] = "volume.state"
    subject_kind: ClassVar[str] = "volume"
    state: str
    free_bytes: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DiskState(Event):
    """The disk or array below a volume feels otherwise than before. `state` is `ok`, `worn`, `failing` or `unknown`."""

    type: ClassVar[str] = "disk.state"
    subject_kind: ClassVar[str] = "volume"
    device: str
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WorkerLost(Event):
    """A process of the node stopped or hung; its cameras are not recorded until it is back."""

    type: ClassVar[str] = "worker.lost"
    subject_kind: ClassVar[str] = "process"
    incarnation: str
    cause: str
    cameras: int = 0


@dataclass(frozen=True, slots=True)
class WorkerBack(Event):
    """A lost process runs again, as a new incarnation."""

    type: ClassVar[str] = "worker.back"
    subject_kind: ClassVar[str] = "process"
    incarnation: str
    away_us: int = 0


@dataclass(frozen=True, slots=True)
class NodeStarted(Event):
    """The node's control process began its work."""

    type: ClassVar[str] = "node.started"
    subject_kind: ClassVar[str] = "node"
    version: str
    level: str = ""


@dataclass(frozen=True, slots=True)
class SessionOpened(Event):
    """An officer signed in. The subject is the officer; `session` is the first 12 digits of the session's hash."""

    type: ClassVar[str] = "session.opened"
    subject_kind: ClassVar[str] = "officer"
    session: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class SessionClosed(Event):
    """A session ended. `reason` is `sign_out` or `revoked`."""

    type: ClassVar[str] = "session.closed"
    subject_kind: ClassVar[str] = "officer"
    session: str
    reason: str = "sign_out"


@dataclass(frozen=True, slots=True)
class SessionRefused(Event):
    """Somebody tried to sign in and was refused. The subject is the officer, or empty when nobody is known by that."""

    type: ClassVar[str] = "session.refused"
    subject_kind: ClassVar[str] = "officer"
    reason: str
    address: str = ""


FACTS: dict[str, type[Event]] = {
    fact.type: fact
    for fact in (
        CameraRegistered,
        CameraChanged,
        CameraRemoved,
        RegionAdded,
        RegionChanged,
        RegionRemoved,
        CameraState,
        RecordingGap,
        SegmentDamaged,
        VolumeState,
        DiskState,
        WorkerLost,
        WorkerBack,
        NodeStarted,
        SessionOpened,
        SessionClosed,
        SessionRefused,
    )
}
"""Every fact by its type."""
