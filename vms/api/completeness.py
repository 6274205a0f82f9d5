"""Routes of recording completeness (录像完整率): cameras with their days, one camera, the job, the documents."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import Cursor, In, Limit, Out, ProfileName, TimeOut
from vms.base.timespan import format_time
from vms.owner.completeness import (
    CameraCompleteness,
    CameraDays,
    CompletenessPage,
    CompletenessStatement,
    DayView,
    Document,
    Figures,
    Language,
    ListCompleteness,
    Order,
    RefreshAnswer,
    RefreshCompleteness,
    StatementFormat,
)

router = APIRouter(tags=["completeness"])
_DAY = r"^\d{4}-\d\d-\d\d$"
FromDay = Annotated[str, Query(alias="from", pattern=_DAY, examples=["2026-05-01"], description="first local day")]
ToDay = Annotated[str, Query(alias="to", pattern=_DAY, examples=["2026-05-31"], description="last local day, included")]
RegionId = Annotated[str | None, Query(max_length=64, description="with everything below it")]


class Completeness(Out):
    """Microseconds. `gaps` holds planned time by cause: recorded + gaps = planned ≤ told. `rate` is a share of 1, cut after six places:
    (recorded + joined) ÷ planned; null without planned time. `joined`: gaps of at most 2 s between recordings."""

    told_us: int
    planned_us: int
    recorded_us: int
    joined_us: int
    damaged_us: int
    gaps: dict[str, int]
    rate: float | None


class CompletenessDay(Completeness):
    """A local day; the open one is told of up to `start` + `told_us`. `read_at`: when the index was read for it."""

    day: str
    start: TimeOut
    read_at: TimeOut


class CameraCompletenessOut(Completeness):
    """Sums over `days`; a day whose figures are not made yet is absent."""

    camera_id: str
    profile: str
    name: str
    code: str | None
    region_id: str | None
    days: list[CompletenessDay]


class CompletenessJob(Out):
    """Camera-days whose figures were made since the queue was empty, and those that wait."""

    done: int
    waiting: int


class CompletenessList(Out):
    """`total` and `cameras` are over all that the filters take, not over the page."""

    cameras: int
    total: Completeness
    job: CompletenessJob
    items: list[CameraCompletenessOut]
    next: str | None


class RefreshIn(In):
    from_day: Annotated[str, Field(pattern=_DAY)]
    to_day: Annotated[str, Field(pattern=_DAY)]


class Refresh(Out):
    waiting: int


@router.get("/completeness")
def list_completeness(
    *,
    start: FromDay,
    end: ToDay,
    actor: CurrentActor,
    context: Context,
    region_id: RegionId = None,
    cause: Annotated[str | None, Query(max_length=40, description="only cameras that lost time by it, most first")] = None,
    order: Order = "worst",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> CompletenessList:
    """At most 62 days. Figures are kept, so a page costs the same whatever the index holds."""
    asked = ListCompleteness(start, end, region_id, cause, order, cursor, limit)
    page: CompletenessPage = context.owner.ask(actor, asked)
    return CompletenessList(
        cameras=page.cameras,
        total=Completeness(**_figures(page.total)),
        job=CompletenessJob(done=page.done, waiting=page.waiting),
        items=[_camera(item) for item in page.items],
        next=page.next,
    )


@router.get("/cameras/{camera}/completeness")
def get_completeness(
    *, camera: str, start: FromDay, end: ToDay, actor: CurrentActor, context: Context, profile: ProfileName = "main"
) -> CameraCompletenessOut:
    return _camera(context.owner.ask(actor, CameraCompleteness(camera, profile, start, end)))


@router.post("/completeness/refresh", status_code=202)
def refresh_completeness(body: RefreshIn, actor: CurrentActor, context: Context) -> Refresh:
    """Read the index again for these days, of all cameras. `job` of the list tells how far it is."""
    answer: RefreshAnswer = context.owner.ask(actor, RefreshCompleteness(body.from_day, body.to_day))
    return Refresh(waiting=answer.waiting)


@router.get("/completeness/statement", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
def get_statement(
    *,
    start: FromDay,
    end: ToDay,
    actor: CurrentActor,
    context: Context,
    region_id: RegionId = None,
    format: StatementFormat = "zip",  # noqa: A002  (the name in the URL)
    language: Language = "zh",
) -> Response:
    """`zip`: statement.json, its Ed25519 signature, the node's public key, tables, and how to verify. `csv` and `html`: a table alone."""
    document: Document = context.owner.ask(actor, CompletenessStatement(start, end, region_id, format, language))
    headers = {"Content-Disposition": f'attachment; filename="{quote(document.name)}"', "Cache-Control": "no-store"}
    if format == "html":
        headers |= {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(document.content, media_type=document.media_type, headers=headers)


def _figures(told: Figures) -> dict[str, Any]:
    fields = told._asdict()
    rate_ppm = fields.pop("rate_ppm")
    return {**fields, "gaps": dict(told.gaps), "rate": None if rate_ppm is None else rate_ppm / 1_000_000}


def _day(view: DayView) -> CompletenessDay:
    start, read_at = format_time(view.start_us), format_time(view.read_us)
    return CompletenessDay(**_figures(view.figures), day=view.day, start=start, read_at=read_at)


def _camera(item: CameraDays) -> CameraCompletenessOut:
    return CameraCompletenessOut(
        **_figures(item.total),
        camera_id=item.camera,
        profile=item.profile,
        name=item.name,
        code=item.code,
        region_id=item.region_id,
        days=[_day(day) for day in item.days],
    )
