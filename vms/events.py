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
class RecordPlanAdded(Event):
    """A record plan was made."""

    type: ClassVar[str] = "record_plan.added"
    subject_kind: ClassVar[str] = "record_plan"
    name: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class RecordPlanChanged(Event):
    """A record plan has another name or other rules; the cameras that follow it have other orders."""

    type: ClassVar[str] = "record_plan.changed"
    subject_kind: ClassVar[str] = "record_plan"
    name: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class RecordPlanRemoved(Event):
    """A record plan that no camera followed is gone."""

    type: ClassVar[str] = "record_plan.removed"
    subject_kind: ClassVar[str] = "record_plan"
    name: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class HolidayChanged(Event):
    """A date follows another row of the week; with `follows` empty it is an ordinary day again. The subject is the date."""

    type: ClassVar[str] = "holiday.changed"
    subject_kind: ClassVar[str] = "date"
    name: str = ""
    follows: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class EventStarted(Event):
    """Something happens at a camera; its plan records it on an event. `end_us` is when it ends by itself."""

    type: ClassVar[str] = "event.started"
    subject_kind: ClassVar[str] = "camera"
    event: str
    source: str
    reason: str = ""
    start_us: int = 0
    end_us: int = 0
    forced: bool = False


@dataclass(frozen=True, slots=True)
class EventEnded(Event):
    """An event is over: somebody stopped it (`by`), or its time had come."""

    type: ClassVar[str] = "event.ended"
    subject_kind: ClassVar[str] = "camera"
    event: str
    reason: str = ""
    start_us: int = 0
    end_us: int = 0
    by: str = ""


@dataclass(frozen=True, slots=True)
class CameraState(Event):
    """A camera's profile came, went or failed otherwise than before, or its plan began or ended recording.

    `cause` is an error kind or empty.
    """

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
class StampingState(Event):
    """The time-stamping authority came (`ok`) or went (`away`); roots queue for it, `pending` of them now. The subject is this node."""

    type: ClassVar[str] = "stamping.state"
    subject_kind: ClassVar[str] = "node"
    state: str
    pending: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class KeyChanged(Event):
    """The node signs with another key. `signed_by` is `previous`, or `itself` when the one before was lost for `reason`."""

    type: ClassVar[str] = "key.changed"
    subject_kind: ClassVar[str] = "node"
    fingerprint: str
    signed_by: str
    reason: str = ""


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
class BackupMade(Event):
    """The day's backup of the node's database, keys and settings was written. `path` is on the node's machine."""

    type: ClassVar[str] = "backup.made"
    subject_kind: ClassVar[str] = "node"
    path: str
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class BackupFailed(Event):
    """The day's backup could not be made; it is tried again after an hour."""

    type: ClassVar[str] = "backup.failed"
    subject_kind: ClassVar[str] = "node"
    detail: str


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


@dataclass(frozen=True, slots=True)
class RecordingDeleted(Event):
    """Recordings were deleted; a tombstone keeps who and why. `rule` is the retention rule that asked for it."""

    type: ClassVar[str] = "recording.deleted"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    from_us: int
    to_us: int
    segments: int
    bytes: int
    rule: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class RecordingRescued(Event):
    """A hold came before the bytes of deleted recordings were gone: they are back."""

    type: ClassVar[str] = "recording.rescued"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    from_us: int
    to_us: int
    segments: int
    bytes: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class RecordingAtRisk(Event):
    """Begins when only held recordings are left to make room on a volume, ends when there is room again."""

    type: ClassVar[str] = "recording.at_risk"
    subject_kind: ClassVar[str] = "volume"
    at_risk: bool
    free_bytes: int = 0
    held_bytes: int = 0


@dataclass(frozen=True, slots=True)
class RecordingShort(Event):
    """Begins when a volume had to let go of recordings younger than the least days, ends a day after it last did."""

    type: ClassVar[str] = "recording.short"
    subject_kind: ClassVar[str] = "volume"
    short: bool
    least_days: int = 0


@dataclass(frozen=True, slots=True)
class VolumeLevel(Event):
    """The share of a volume that is used, or that holds protect, passed 70, 85 or 95 % or fell below it. `level` is 0 below 70 %."""

    type: ClassVar[str] = "volume.level"
    subject_kind: ClassVar[str] = "volume"
    measure: str
    level: int
    percent: int
    before: int = 0


@dataclass(frozen=True, slots=True)
class RetentionChanged(Event):
    """A retention rule was set or taken away. The subject is the camera, region or volume; null limits say nothing."""

    type: ClassVar[str] = "retention.changed"
    subject_kind: ClassVar[str] = "retention"
    scope: str
    days: int | None = None
    max_bytes: int | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class HoldState(Event):
    """A hold was requested, decided, extended, lapsed, or its release was asked for or decided. Empty `by`: the node itself."""

    type: ClassVar[str] = "hold.state"
    subject_kind: ClassVar[str] = "hold"
    state: str
    act: str
    by: str = ""
    case_no: str = ""
    from_us: int = 0
    to_us: int = 0
    expires_us: int = 0
    cameras: int = 0


@dataclass(frozen=True, slots=True)
class HoldExpiring(Event):
    """A hold expires within 14 days; then a release request is opened, and nothing is deleted."""

    type: ClassVar[str] = "hold.expiring"
    subject_kind: ClassVar[str] = "hold"
    expires_us: int
    case_no: str = ""


@dataclass(frozen=True, slots=True)
class WallViewChanged(Event):
    """A view of the wall was saved, changed or removed (`act`). `name` is empty for what an officer keeps for himself."""

    type: ClassVar[str] = "wall_view.changed"
    subject_kind: ClassVar[str] = "wall_view"
    act: str
    name: str = ""
    shared: bool = False
    by: str = ""


FACTS: dict[str, type[Event]] = {
    fact.type: fact
    for fact in (
        CameraRegistered,
        CameraChanged,
        CameraRemoved,
        RegionAdded,
        RegionChanged,
        RegionRemoved,
        RecordPlanAdded,
        RecordPlanChanged,
        RecordPlanRemoved,
        HolidayChanged,
        EventStarted,
        EventEnded,
        CameraState,
        RecordingGap,
        SegmentDamaged,
        StampingState,
        KeyChanged,
        VolumeState,
        RecordingDeleted,
        RecordingRescued,
        RecordingAtRisk,
        RecordingShort,
        VolumeLevel,
        RetentionChanged,
        HoldState,
        HoldExpiring,
        DiskState,
        WorkerLost,
        WorkerBack,
        NodeStarted,
        BackupMade,
        BackupFailed,
        SessionOpened,
        SessionClosed,
        SessionRefused,
        WallViewChanged,
    )
}
"""Every fact by its type."""
