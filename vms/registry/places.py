"""Where cameras stand in the tree of regions, all at once. Not here: one camera or one page (queries)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.registry.models import Camera, Region


def regions_of(session: Session) -> dict[str, tuple[str, ...]]:
    """Camera → its region and the regions above it, the nearest first; removed cameras too, while they have one."""
    parents = dict(session.execute(select(Region.id, Region.parent_id)).tuples().all())
    placed = session.execute(select(Camera.id, Camera.region_id).where(Camera.region_id.is_not(None)))
    return {camera: _up(region, parents) for camera, region in placed if region is not None}


def _up(region: str | None, parents: dict[str, str | None]) -> tuple[str, ...]:
    """Levels strictly descend, so there is no circle."""
    found: list[str] = []
    while region is not None:
        found.append(region)
        region = parents.get(region)
    return tuple(found)
