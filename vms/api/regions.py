"""Routes of regions: the organisation tree, city > district > station."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import Cursor, In, Limit, Out
from vms.owner.registration import (
    CreateRegion,
    DeleteRegion,
    GetRegion,
    Level,
    ListRegions,
    RegionPage,
    RegionView,
    UpdateRegion,
)

router = APIRouter(tags=["regions"])


class RegionIn(In):
    name: str
    level: Level
    parent_id: str | None = None
    id: str | None = Field(default=None, description="a UUID, to restore a register")


class RegionPatch(In):
    """What is absent stays; a null parent makes a root."""

    name: str = Field(default_factory=str)
    parent_id: str | None = None


class Region(Out):
    id: str
    name: str
    level: Level
    parent_id: str | None


class RegionList(Out):
    items: list[Region]
    next: str | None


@router.post("/regions", status_code=201)
def create_region(body: RegionIn, response: Response, actor: CurrentActor, context: Context) -> Region:
    view: RegionView = context.owner.ask(actor, CreateRegion(body.name, body.level, body.parent_id, body.id))
    response.headers["Location"] = f"/api/v1/regions/{view.id}"
    return _region_out(view)


@router.get("/regions")
def list_regions(actor: CurrentActor, context: Context, cursor: Cursor = None, limit: Limit = 500) -> RegionList:
    page: RegionPage = context.owner.ask(actor, ListRegions(cursor, limit))
    return RegionList(items=[_region_out(view) for view in page.items], next=page.next)


@router.get("/regions/{region}")
def get_region(region: str, actor: CurrentActor, context: Context) -> Region:
    return _region_out(context.owner.ask(actor, GetRegion(region)))


@router.patch("/regions/{region}")
def update_region(region: str, body: RegionPatch, actor: CurrentActor, context: Context) -> Region:
    fields: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    return _region_out(context.owner.ask(actor, UpdateRegion(region, **fields)))


@router.delete("/regions/{region}", status_code=204)
def delete_region(region: str, actor: CurrentActor, context: Context) -> None:
    """Refused (409) while the region holds regions or cameras."""
    context.owner.ask(actor, DeleteRegion(region))


def _region_out(view: RegionView) -> Region:
    return Region(id=view.id, name=view.name, level=view.level, parent_id=view.parent_id)
