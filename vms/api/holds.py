"""Routes of legal holds. What each state allows is decided by the owner; here are bodies and names alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import TIME_IN, Cursor, In, Limit, Out, TimeOut, span_in, time_in, time_out
from vms.base.timespan import format_time
from vms.owner import holds as requests
from vms.owner.holds import HoldPage, HoldStateName, HoldView, Person

router = APIRouter(tags=["holds"])

TimeIn = Annotated[str, Field(max_length=64, description=TIME_IN)]


class HoldIn(In):
    """`from` to `to` may lie ahead. Protection starts at once and lapses after 72 h unless another person approves."""

    cameras: list[str] = Field(min_length=1, max_length=500, description="ids or codes")
    start: TimeIn = Field(alias="from")
    end: TimeIn = Field(alias="to")
    case_no: str
    doc_no: str
    reason: str
    expires_at: TimeIn = Field(description="asks for a release; deletes nothing")


class NoteIn(In):
    note: str


class ExtensionIn(In):
    expires_at: TimeIn


class ReleaseIn(In):
    doc_no: str
    reason: str


class Who(Out):
    """`id` is empty when the node did it by itself."""

    id: str
    name: str
    at: TimeOut


class GonePart(Out):
    """What was deleted before the hold came."""

    camera: str
    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")


class Hold(Out):
    """`extension_to` waits for another person's approval. `decide_before`: when what waits lapses."""

    id: str
    state: HoldStateName
    cameras: list[str]
    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")
    case_no: str
    doc_no: str
    reason: str
    expires_at: TimeOut
    requested: Who
    decided: Who | None
    extension: Who | None
    extension_to: TimeOut | None
    release: Who | None
    release_doc_no: str | None
    release_reason: str | None
    released: Who | None
    note: str
    protects: bool
    protects_until: TimeOut | None
    decide_before: TimeOut | None
    segments: int
    bytes: int
    rescued: int
    gone: list[GonePart]


class HoldList(Out):
    items: list[Hold]
    next: str | None


@router.post("/holds", status_code=201)
def create_hold(body: HoldIn, response: Response, actor: CurrentActor, context: Context) -> Hold:
    """Ask for a hold. `gone` names what was deleted before it came, `rescued` counts files that were just being deleted."""
    span = span_in(body.start, body.end)
    asked = requests.Hold(
        cameras=tuple(body.cameras),
        from_us=span.start_us,
        to_us=span.end_us,
        case_no=body.case_no,
        doc_no=body.doc_no,
        reason=body.reason,
        expires_us=time_in(body.expires_at),
    )
    view: HoldView = context.owner.ask(actor, asked)
    response.headers["Location"] = f"/api/v1/holds/{view.id}"
    return _hold_out(view)


@router.get("/holds")
def list_holds(
    *,
    actor: CurrentActor,
    context: Context,
    state: HoldStateName | None = None,
    camera: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> HoldList:
    page: HoldPage = context.owner.ask(actor, requests.ListHolds(state, camera, cursor, limit))
    return HoldList(items=[_hold_out(view) for view in page.items], next=page.next)


@router.get("/holds/{hold}")
def get_hold(hold: str, actor: CurrentActor, context: Context) -> Hold:
    return _hold_out(context.owner.ask(actor, requests.GetHold(hold)))


@router.post("/holds/{hold}/approve")
def approve_hold(hold: str, actor: CurrentActor, context: Context) -> Hold:
    """By another person than who asked (403)."""
    return _hold_out(context.owner.ask(actor, requests.ApproveHold(hold)))


@router.post("/holds/{hold}/reject")
def reject_hold(hold: str, body: NoteIn, actor: CurrentActor, context: Context) -> Hold:
    """Protection ends 24 h later."""
    return _hold_out(context.owner.ask(actor, requests.RejectHold(hold, body.note)))


@router.post("/holds/{hold}/extension")
def extend_hold(hold: str, body: ExtensionIn, actor: CurrentActor, context: Context) -> Hold:
    """Ask for a later expiry."""
    return _hold_out(context.owner.ask(actor, requests.ExtendHold(hold, time_in(body.expires_at))))


@router.post("/holds/{hold}/extension/approve")
def approve_hold_extension(hold: str, actor: CurrentActor, context: Context) -> Hold:
    return _hold_out(context.owner.ask(actor, requests.ApproveExtension(hold)))


@router.post("/holds/{hold}/release")
def request_hold_release(hold: str, body: ReleaseIn, actor: CurrentActor, context: Context) -> Hold:
    """Ask for the release; the hold protects until another person approves it, and 24 h more."""
    return _hold_out(context.owner.ask(actor, requests.RequestRelease(hold, body.doc_no, body.reason)))


@router.post("/holds/{hold}/release/approve")
def approve_hold_release(hold: str, actor: CurrentActor, context: Context) -> Hold:
    return _hold_out(context.owner.ask(actor, requests.Release(hold)))


@router.post("/holds/{hold}/release/refuse")
def refuse_hold_release(hold: str, body: NoteIn, actor: CurrentActor, context: Context) -> Hold:
    return _hold_out(context.owner.ask(actor, requests.RefuseRelease(hold, body.note)))


def _hold_out(view: HoldView) -> Hold:
    same = (
        "id",
        "state",
        "case_no",
        "doc_no",
        "reason",
        "release_doc_no",
        "release_reason",
        "note",
        "protects",
        "segments",
        "bytes",
        "rescued",
    )
    people = {name: _who(getattr(view, name)) for name in ("requested", "decided", "extension", "release", "released")}
    gone = [{"camera": camera, "from": format_time(gap.start_us), "to": format_time(gap.end_us)} for camera, gap in view.gone]
    return Hold.model_validate(
        {
            **{name: getattr(view, name) for name in same},
            **people,
            "cameras": list(view.cameras),
            "from": format_time(view.from_us),
            "to": format_time(view.to_us),
            "expires_at": format_time(view.expires_us),
            "extension_to": time_out(view.extension_us),
            "protects_until": time_out(view.protects_until_us),
            "decide_before": time_out(view.decide_before_us),
            "gone": gone,
        }
    )


def _who(person: Person | None) -> Who | None:
    return None if person is None else Who(id=person.id, name=person.name, at=format_time(person.at_us))
