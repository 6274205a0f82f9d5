"""Routes of saved views of the wall (视图) and tours (轮巡)."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import In, Out, TimeOut
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.owner.walls import DeleteWallView, GetWallView, ListWallViews, SaveWallView, UpdateWallView, WallViewAnswer

router = APIRouter(tags=["wall views"])
_ETAG = re.compile(r'"r(\d{1,15})"')
_CAMERAS = "ids in the order of the tiles, page by page; null where a tile is empty"


class WallViewIn(In):
    """With `dwell_s` it is a tour: its pages turn by themselves."""

    name: str
    layout: int = Field(description="tiles of a page: 1, 4, 6, 8, 9, 10, 13, 16, 25 or 36")
    cameras: list[str | None] = Field(max_length=200, description=_CAMERAS)
    dwell_s: int | None = Field(default=None, ge=5, le=300)
    shared: bool = Field(default=False, description="everybody who may watch may open it")
    id: str | None = Field(default=None, description="a UUID, to restore a saved view")


class WallViewPatch(In):
    """What is absent stays; a null `dwell_s` makes a tour a plain view."""

    name: str = Field(default_factory=str)
    layout: int = Field(default_factory=int)
    cameras: list[str | None] = Field(default_factory=list[str | None], max_length=200, description=_CAMERAS)
    dwell_s: int | None = Field(default=None, ge=5, le=300)
    shared: bool = Field(default_factory=bool)


class WallView(Out):
    id: str
    name: str
    layout: int
    cameras: list[str | None]
    dwell_s: int | None
    shared: bool
    mine: bool
    may_change: bool
    owner_name: str
    changed_at: TimeOut


class WallViewList(Out):
    items: list[WallView]
    next: str | None


@router.post("/wall-views", status_code=201)
def save_wall_view(body: WallViewIn, response: Response, actor: CurrentActor, context: Context) -> WallView:
    request = SaveWallView(body.name, body.layout, tuple(body.cameras), body.dwell_s, body.shared, body.id)
    view: WallViewAnswer = context.owner.ask(actor, request)
    response.headers["Location"] = f"/api/v1/wall-views/{view.id}"
    return _shown(view, response)


@router.get("/wall-views")
def list_wall_views(actor: CurrentActor, context: Context) -> WallViewList:
    """Your own and the shared ones, by name, all at once."""
    views: tuple[WallViewAnswer, ...] = context.owner.ask(actor, ListWallViews())
    return WallViewList(items=[_view_out(view) for view in views], next=None)


@router.get("/wall-views/{view}")
def get_wall_view(view: str, response: Response, actor: CurrentActor, context: Context) -> WallView:
    return _shown(context.owner.ask(actor, GetWallView(view)), response)


@router.patch("/wall-views/{view}")
def update_wall_view(
    *,
    view: str,
    body: WallViewPatch,
    response: Response,
    actor: CurrentActor,
    context: Context,
    if_match: Annotated[str | None, Header()] = None,
) -> WallView:
    """Its owner, or who may configure when it is shared. With If-Match it is refused (412) when somebody was first."""
    fields: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    if "cameras" in fields:
        fields["cameras"] = tuple(body.cameras)
    return _shown(context.owner.ask(actor, UpdateWallView(view, _revision(if_match), **fields)), response)


@router.delete("/wall-views/{view}", status_code=204)
def delete_wall_view(view: str, actor: CurrentActor, context: Context) -> None:
    context.owner.ask(actor, DeleteWallView(view))


def _view_out(view: WallViewAnswer) -> WallView:
    return WallView(
        id=view.id,
        name=view.name,
        layout=view.layout,
        cameras=list(view.cameras),
        dwell_s=view.dwell_s,
        shared=view.shared,
        mine=view.mine,
        may_change=view.may_change,
        owner_name=view.owner_name,
        changed_at=format_time(view.changed_us),
    )


def _shown(view: WallViewAnswer, response: Response) -> WallView:
    response.headers["ETag"] = f'"r{view.revision}"'
    return _view_out(view)


def _revision(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    known = _ETAG.fullmatch(if_match.strip())
    if known is None:
        raise VmsError(Kind.PRECONDITION, "If-Match must be the ETag of this view as read before")
    return int(known[1])
