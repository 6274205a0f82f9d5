"""Requests about record plans, holidays and events, and the values that answer them.

`rules` is the JSON form of a plan (record.plan). Not here: what a rule means, handlers (construction, record).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from vms.owner.registration import UNSET, Unset
from vms.owner.requests import Action, CameraRequest, Request

DayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "holiday"]
Rules = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CreatePlan(Request):
    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    name: str
    rules: Rules
    id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class UpdatePlan(Request):
    """Changes what is set (of the rules those that are given), and with it the recording of every camera that follows the plan."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    plan: str
    revision: int | None = None
    name: str | Unset = UNSET
    rules: Rules | Unset = UNSET


@dataclass(frozen=True, slots=True)
class DeletePlan(Request):
    """Refused while cameras follow the plan."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    plan: str


@dataclass(frozen=True, slots=True)
class GetPlan(Request):
    action: ClassVar[Action] = "list"
    plan: str


@dataclass(frozen=True, slots=True)
class ListPlans(Request):
    action: ClassVar[Action] = "list"
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class PutHoliday(Request):
    """`date` is `YYYY-MM-DD`; it follows the row of `follows`."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    date: str
    name: str
    follows: DayName = "holiday"


@dataclass(frozen=True, slots=True)
class DeleteHoliday(Request):
    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    date: str


@dataclass(frozen=True, slots=True)
class ListHolidays(Request):
    """Those of [first, last], both `YYYY-MM-DD`; without them the year before now and all after."""

    action: ClassVar[Action] = "list"
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class StartEvent(CameraRequest):
    """Something happens there: record what the plan wants on an event; `forced`, main whatever the plan says.

    The same source with the same reason prolongs what still lasts.
    """

    action: ClassVar[Action] = "trigger"
    audited: ClassVar[bool] = True
    reason: str = ""
    duration_s: int = 60
    forced: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class StopEvents(CameraRequest):
    """End now what lasts: one event, or all of the camera."""

    action: ClassVar[Action] = "trigger"
    audited: ClassVar[bool] = True
    event: str | None = None


@dataclass(frozen=True, slots=True)
class ListEvents(CameraRequest):
    """Events that touch [from_us, to_us), oldest first."""

    action: ClassVar[Action] = "playback"
    from_us: int = 0
    to_us: int = 0
    limit: int = 500


@dataclass(frozen=True, slots=True)
class ListRunningEvents(Request):
    """What lasts now, at any camera."""

    action: ClassVar[Action] = "list"


@dataclass(frozen=True, slots=True)
class PlanView:
    """`cameras`: how many follow it."""

    id: str
    name: str
    rules: Rules
    revision: int
    changed_us: int
    cameras: int


@dataclass(frozen=True, slots=True)
class PlanPage:
    items: tuple[PlanView, ...]
    next: str | None


class HolidayView(NamedTuple):
    date: str
    name: str
    follows: DayName


class EventView(NamedTuple):
    """`end_us` may lie ahead: until then it lasts."""

    id: str
    camera: str
    start_us: int
    end_us: int
    source: str
    reason: str
    forced: bool
