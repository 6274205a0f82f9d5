"""Facts of events, gaps, damage, deletions, retention and holds (docs/ref/facts.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vms.events import Event


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
class EdgeFilled(Event):
    """A gap was filled from the camera's own recordings; of `missing_us` the camera has nothing either."""

    type: ClassVar[str] = "recording.filled"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    from_us: int
    to_us: int
    filled_us: int
    missing_us: int


@dataclass(frozen=True, slots=True)
class EdgeGivenUp(Event):
    """A gap is not filled from the camera's own recordings, though they may have it: `cause` and `message` say why."""

    type: ClassVar[str] = "recording.fill_given_up"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    from_us: int
    to_us: int
    cause: str
    message: str
    attempts: int
    filled_us: int


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
class RecordingLost(Event):
    """Recordings went with their volume. `hold` is one that protected them; `by` is who said that the volume is lost."""

    type: ClassVar[str] = "recording.lost"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    from_us: int
    to_us: int
    segments: int
    bytes: int
    volume: str
    hold: str = ""
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


FACTS: tuple[type[Event], ...] = (
    EventStarted,
    EventEnded,
    RecordingGap,
    EdgeFilled,
    EdgeGivenUp,
    SegmentDamaged,
    RecordingDeleted,
    RecordingLost,
    RecordingRescued,
    RecordingAtRisk,
    RecordingShort,
    VolumeLevel,
    RetentionChanged,
    HoldState,
    HoldExpiring,
)
