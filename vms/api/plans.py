"""Routes of record plans and holidays."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import Cursor, In, Limit, Out, TimeOut
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.owner.plans import (
    CreatePlan,
    DayName,
    DeleteHoliday,
    DeletePlan,
    GetPlan,
    HolidayView,
    ListHolidays,
    ListPlans,
    PlanPage,
    PlanView,
    PutHoliday,
    UpdatePlan,
)
from vms.owner.registration import UNSET

router = APIRouter(tags=["record plans"])
_ETAG = re.compile(r'"r(\d{1,15})"')
RuleMode = Literal["never", "always", "event", "week"]


class Piece(In):
    """Minutes of the local day, [from_min, to_min); recorded all the time, or while an event lasts."""

    from_min: int = Field(ge=0, le=1439)
    to_min: int = Field(ge=1, le=1440)
    kind: Literal["continuous", "event"] = "continuous"


class Week(In):
    """A row a day in the node's time zone. `holiday` is for dates of the holiday calendar; null: they keep their weekday's row."""

    monday: list[Piece] = Field(default_factory=list[Piece])
    tuesday: list[Piece] = Field(default_factory=list[Piece])
    wednesday: list[Piece] = Field(default_factory=list[Piece])
    thursday: list[Piece] = Field(default_factory=list[Piece])
    friday: list[Piece] = Field(default_factory=list[Piece])
    saturday: list[Piece] = Field(default_factory=list[Piece])
    sunday: list[Piece] = Field(default_factory=list[Piece])
    holiday: list[Piece] | None = None


class Rule(In):
    """What is recorded of one stream; `week` belongs to the mode `week` alone."""

    mode: RuleMode
    week: Week | None = None


class RecordPlanIn(In):
    name: str
    main: Rule
    sub: Rule = Field(default_factory=lambda: Rule(mode="never"))
    pre_s: int = Field(default=10, ge=0, le=60, description="seconds recorded before an event")
    post_s: int = Field(default=10, ge=0, le=3600, description="seconds recorded after an event")
    id: str | None = Field(default=None, description="a UUID, to restore a register")


class RecordPlanPatch(In):
    """What is absent stays."""

    name: str = Field(default_factory=str)
    main: Rule | None = None
    sub: Rule | None = None
    pre_s: int | None = Field(default=None, ge=0, le=60)
    post_s: int | None = Field(default=None, ge=0, le=3600)


class RecordPlan(Out):
    """`cameras`: how many follow it."""

    id: str
    name: str
    main: Rule
    sub: Rule
    pre_s: int
    post_s: int
    changed_at: TimeOut
    cameras: int


class RecordPlanList(Out):
    items: list[RecordPlan]
    next: str | None


class HolidayIn(In):
    """`follows`: the row of the week that this date follows; `holiday` is the plans' own row for holidays."""

    name: str
    follows: DayName = "holiday"


class Holiday(Out):
    date: str
    name: str
    follows: DayName


class HolidayList(Out):
    items: list[Holiday]
    next: str | None


Day = Annotated[str | None, Query(max_length=10, description="YYYY-MM-DD")]


@router.post("/record-plans", status_code=201)
def create_record_plan(
    *,
    body: RecordPlanIn,
    response: Response,
    actor: CurrentActor,
    context: Context,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> RecordPlan:
    rules = body.model_dump(include={"main", "sub", "pre_s", "post_s"})
    view: PlanView = context.owner.ask(actor, CreatePlan(body.name, rules, body.id, idempotency_key))
    response.headers["Location"] = f"/api/v1/record-plans/{view.id}"
    return _shown(view, response)


@router.get("/record-plans")
def list_record_plans(actor: CurrentActor, context: Context, cursor: Cursor = None, limit: Limit = 100) -> RecordPlanList:
    page: PlanPage = context.owner.ask(actor, ListPlans(cursor, limit))
    return RecordPlanList(items=[_plan_out(view) for view in page.items], next=page.next)


@router.get("/record-plans/{plan}")
def get_record_plan(plan: str, response: Response, actor: CurrentActor, context: Context) -> RecordPlan:
    return _shown(context.owner.ask(actor, GetPlan(plan)), response)


@router.patch("/record-plans/{plan}")
def update_record_plan(
    *,
    plan: str,
    body: RecordPlanPatch,
    response: Response,
    actor: CurrentActor,
    context: Context,
    if_match: Annotated[str | None, Header()] = None,
) -> RecordPlan:
    """Changes the recording of every camera that follows the plan. With If-Match it is refused (412) when somebody was first."""
    given = body.model_fields_set
    said = given & {"main", "sub", "pre_s", "post_s"}
    rules = body.model_dump(include=said) if said else UNSET
    name = body.name if "name" in given else UNSET
    return _shown(context.owner.ask(actor, UpdatePlan(plan, _revision(if_match), name, rules)), response)


@router.delete("/record-plans/{plan}", status_code=204)
def delete_record_plan(plan: str, actor: CurrentActor, context: Context) -> None:
    """Refused (409) while cameras follow it."""
    context.owner.ask(actor, DeletePlan(plan))


@router.get("/holidays")
def list_holidays(
    actor: CurrentActor, context: Context, first: Annotated[Day, Query(alias="from")] = None, last: Annotated[Day, Query(alias="to")] = None
) -> HolidayList:
    """By date, both ends included; without them from a year ago on."""
    views: tuple[HolidayView, ...] = context.owner.ask(actor, ListHolidays(first, last))
    return HolidayList(items=[_holiday_out(view) for view in views], next=None)


@router.put("/holidays/{date}")
def put_holiday(date: str, body: HolidayIn, actor: CurrentActor, context: Context) -> Holiday:
    """Repeating it changes nothing."""
    return _holiday_out(context.owner.ask(actor, PutHoliday(date, body.name, body.follows)))


@router.delete("/holidays/{date}", status_code=204)
def delete_holiday(date: str, actor: CurrentActor, context: Context) -> None:
    context.owner.ask(actor, DeleteHoliday(date))


def _plan_out(view: PlanView) -> RecordPlan:
    rules: dict[str, Any] = dict(view.rules)
    return RecordPlan(id=view.id, name=view.name, changed_at=format_time(view.changed_us), cameras=view.cameras, **rules)


def _shown(view: PlanView, response: Response) -> RecordPlan:
    response.headers["ETag"] = f'"r{view.revision}"'
    return _plan_out(view)


def _holiday_out(view: HolidayView) -> Holiday:
    return Holiday(date=view.date, name=view.name, follows=view.follows)


def _revision(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    known = _ETAG.fullmatch(if_match.strip())
    if known is None:
        raise VmsError(Kind.PRECONDITION, "If-Match must be the ETag of this plan as read before")
    return int(known[1])
