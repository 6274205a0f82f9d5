"""Routes of events: started by an integrator's system or by an officer, stopped, listed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import From, In, Limit, Out, TimeOut, To, span_in
from vms.base.timespan import format_time
from vms.owner.plans import EventView, ListEvents, ListRunningEvents, StartEvent, StopEvents

router = APIRouter(tags=["events"])


class EventIn(In):
    """`forced` records the main stream whatever the camera's plan says."""

    reason: str = Field(default="", max_length=200)
    duration_s: int = Field(default=60, ge=1, le=86_400, description="it ends by itself after this, unless stopped or started again")
    forced: bool = False


class StopIn(In):
    event: str | None = Field(default=None, description="one event; null: all that last at the camera")


class RecordedEvent(Out):
    """`to` may lie ahead: until then it lasts."""

    id: str
    camera_id: str
    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")
    source: str
    reason: str
    forced: bool


class EventList(Out):
    items: list[RecordedEvent]
    next: str | None


@router.post("/cameras/{camera}/events", status_code=201)
def start_event(
    *, camera: str, body: EventIn, actor: CurrentActor, context: Context, idempotency_key: Annotated[str | None, Header()] = None
) -> RecordedEvent:
    """Something happens there. The same source with the same reason prolongs what still lasts."""
    request = StartEvent(camera, body.reason, body.duration_s, body.forced, idempotency_key)
    return _event_out(context.owner.ask(actor, request))


@router.post("/cameras/{camera}/events/stop")
def stop_events(camera: str, body: StopIn, actor: CurrentActor, context: Context) -> EventList:
    """End now what lasts; recording goes on for the plan's `post_s`. Answers what was ended."""
    return _list(context.owner.ask(actor, StopEvents(camera, body.event)))


@router.get("/cameras/{camera}/events")
def list_events(*, camera: str, start: From, end: To, actor: CurrentActor, context: Context, limit: Limit = 500) -> EventList:
    """Events that touch [from, to), oldest first."""
    span = span_in(start, end)
    return _list(context.owner.ask(actor, ListEvents(camera, span.start_us, span.end_us, limit)))


@router.get("/events/running")
def list_running_events(actor: CurrentActor, context: Context) -> EventList:
    """What lasts now, at any camera; at most 500."""
    return _list(context.owner.ask(actor, ListRunningEvents()))


def _list(views: tuple[EventView, ...]) -> EventList:
    return EventList(items=[_event_out(view) for view in views], next=None)


def _event_out(view: EventView) -> RecordedEvent:
    times = {"from": format_time(view.start_us), "to": format_time(view.end_us)}
    said = {"id": view.id, "camera_id": view.camera, "source": view.source, "reason": view.reason, "forced": view.forced}
    return RecordedEvent.model_validate(said | times)
