"""Routes of what is recorded: timeline, calendar, index rows, a volume read again. The bytes are the edge's (media_routes)."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import Cursor, From, Limit, Out, ProfileName, TimeOut, To, span_in
from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US, SECOND_US, Span, format_time
from vms.owner.requests import (
    Calendar,
    CalendarAnswer,
    RescanAnswer,
    RescanVolume,
    SegmentPage,
    Segments,
    Timeline,
    TimelineAnswer,
)

router = APIRouter(tags=["recordings"])
MAX_CALENDARS = 64
Month = Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-05"])]
OffsetMinutes = Annotated[int, Query(ge=-840, le=840, description="local time − UTC")]


class Recorded(Out):
    """`at`: where the bytes are."""

    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")
    kind: str
    origin: Literal["live", "edge"]
    at: Literal["here", "below", "device"]
    state: Literal["ok", "damaged", "held"]


class TimelineGap(Out):
    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")
    cause: str
    detail: str


class CameraTimeline(Out):
    """Recorded spans and gaps together are [from, min(to, now − 2 s)), sorted, without overlap."""

    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")
    recorded: list[Recorded]
    gaps: list[TimelineGap]


class CameraCalendar(Out):
    """Local days (`YYYY-MM-DD`) that hold a recording."""

    month: str
    days: list[str]


class CalendarOf(Out):
    camera_id: str = Field(description="as it was asked for: id or code")
    days: list[str]


class CalendarList(Out):
    """One month of several cameras."""

    month: str
    items: list[CalendarOf]


class Segment(Out):
    """A segment file's row; `path` is relative to its volume."""

    id: str
    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")
    bytes: int
    sha256: str
    run: str
    seq: int
    end_reason: str
    volume: str
    path: str


class SegmentList(Out):
    items: list[Segment]
    next: str | None


class Rescan(Out):
    volume: str
    files: int
    added: int
    unproved: int


@router.get("/cameras/{camera}/timeline")
def get_timeline(
    *, camera: str, start: From, end: To, actor: CurrentActor, context: Context, profile: ProfileName = "main"
) -> CameraTimeline:
    span = span_in(start, end)
    answer: TimelineAnswer = context.owner.ask(actor, Timeline(camera, profile, span.start_us, span.end_us))
    recorded = [
        {"from": format_time(r.start_us), "to": format_time(r.end_us), "kind": r.kind, "at": r.at, "state": r.state, "origin": r.origin}
        for r in answer.recorded
    ]
    gaps = [{"from": format_time(g.start_us), "to": format_time(g.end_us), "cause": g.cause, "detail": g.detail} for g in answer.gaps]
    return CameraTimeline.model_validate(
        {"from": format_time(answer.from_us), "to": format_time(answer.to_us), "recorded": recorded, "gaps": gaps}
    )


@router.get("/cameras/{camera}/calendar")
def get_calendar(
    *,
    camera: str,
    month: Month,
    actor: CurrentActor,
    context: Context,
    profile: ProfileName = "main",
    offset_minutes: OffsetMinutes = 480,
) -> CameraCalendar:
    span = month_span(month, offset_minutes)
    asked = Calendar(camera, profile, span.start_us, span.end_us, offset_minutes)
    answer: CalendarAnswer = context.owner.ask(actor, asked)
    return CameraCalendar(month=month, days=list(answer.days))


@router.get("/calendars")
def list_calendars(
    *,
    camera: Annotated[list[str], Query(min_length=1, max_length=MAX_CALENDARS, description="id or code; give it several times")],
    month: Month,
    actor: CurrentActor,
    context: Context,
    profile: ProfileName = "main",
    offset_minutes: OffsetMinutes = 480,
) -> CalendarList:
    """The calendars of several cameras in one call. Each is asked for by itself, so a camera without right or row is left out."""
    span = month_span(month, offset_minutes)
    wanted = list(dict.fromkeys(camera))
    asked = [Calendar(one, profile, span.start_us, span.end_us, offset_minutes) for one in wanted]
    answers: list[CalendarAnswer | None] = context.owner.ask_each(actor, Calendar, asked)
    items = [CalendarOf(camera_id=one, days=list(a.days)) for one, a in zip(wanted, answers, strict=True) if a is not None]
    return CalendarList(month=month, items=items)


@router.get("/cameras/{camera}/segments")
def list_segments(
    *,
    camera: str,
    start: From,
    end: To,
    actor: CurrentActor,
    context: Context,
    profile: ProfileName = "main",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> SegmentList:
    span = span_in(start, end)
    asked = Segments(camera, profile, span.start_us, span.end_us, cursor, limit)
    page: SegmentPage = context.owner.ask(actor, asked)
    items = [Segment.model_validate({**s._asdict(), "from": format_time(s.start_us), "to": format_time(s.end_us)}) for s in page.items]
    return SegmentList(items=items, next=page.next)


@router.post("/volumes/{volume}/rescan")
def rescan_volume(volume: Annotated[str, Path(max_length=64)], actor: CurrentActor, context: Context) -> Rescan:
    """Read a volume's segment files again and make the index tell what they tell."""
    answer: RescanAnswer = context.owner.ask(actor, RescanVolume(volume))
    return Rescan(volume=answer.volume, files=answer.files, added=answer.added, unproved=answer.unproved)


def month_span(month: str, offset_minutes: int) -> Span:
    """A local month as wall time. Raises BAD_REQUEST outside 1970 to 9999."""
    year, number = int(month[:4]), int(month[5:])
    if year < 1970:
        raise VmsError(Kind.BAD_REQUEST, "month must lie in 1970 or later", place="month")
    begin_us = int(datetime(year, number, 1, tzinfo=UTC).timestamp()) * SECOND_US - offset_minutes * 60 * SECOND_US
    length_us = monthrange(year, number)[1] * 86_400 * SECOND_US
    return Span(max(0, begin_us), min(MAX_US, begin_us + length_us))
