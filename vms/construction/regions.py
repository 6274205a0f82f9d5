"""Handlers of the region requests. Not here: SQL (registry)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from vms.base.journal import announce
from vms.construction.desk import Desk
from vms.construction.facts import RegionAdded, RegionChanged, RegionRemoved
from vms.construction.views import region_view
from vms.owner.registration import (
    UNSET,
    CreateRegion,
    DeleteRegion,
    GetRegion,
    ListRegions,
    RegionPage,
    RegionView,
    UpdateRegion,
)
from vms.owner.requests import Actor
from vms.registry import changes, queries, rules


def create_region(desk: Desk, session: Session, actor: Actor, request: CreateRegion) -> RegionView:
    region_id = rules.given_or_new_id(request.id, desk.clock.wall_us())
    name = rules.clean_name(request.name)
    region = changes.create_region(session, region_id, name, request.level, request.parent_id)
    announce(session, RegionAdded(region.id, region.name, region.level, region.parent_id or "", actor.name), now_us=desk.clock.wall_us())
    return region_view(region)


def update_region(desk: Desk, session: Session, actor: Actor, request: UpdateRegion) -> RegionView:
    region = queries.find_region(session, request.region, lock=True)
    name = region.name if request.name is UNSET else rules.clean_name(request.name)
    parent_id = region.parent_id if request.parent_id is UNSET else request.parent_id
    changes.change_region(session, region, name, parent_id)
    announce(session, RegionChanged(region.id, region.name, region.parent_id or "", actor.name), now_us=desk.clock.wall_us())
    return region_view(region)


def delete_region(desk: Desk, session: Session, actor: Actor, request: DeleteRegion) -> None:
    region = queries.find_region(session, request.region, lock=True)
    changes.delete_region(session, region)
    announce(session, RegionRemoved(region.id, region.name, actor.name), now_us=desk.clock.wall_us())


def get_region(_desk: Desk, session: Session, _actor: Actor, request: GetRegion) -> RegionView:
    return region_view(queries.find_region(session, request.region))


def list_regions(_desk: Desk, session: Session, _actor: Actor, request: ListRegions) -> RegionPage:
    rows, following = queries.region_page(session, request.cursor, request.limit)
    return RegionPage(tuple(region_view(row) for row in rows), following)
