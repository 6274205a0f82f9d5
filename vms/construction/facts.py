"""Facts of cameras, regions, record plans and holidays (docs/ref/facts.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vms.events import Event


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


FACTS: tuple[type[Event], ...] = (
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
)
