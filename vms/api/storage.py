"""Routes of what is kept: volumes and their room, cameras and regions, rules, and what was deleted."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import Cursor, In, Limit, Out, TimeOut, time_out
from vms.base.timespan import format_time
from vms.owner import storage as requests
from vms.owner.storage import DeletionPage, Kept, KeptPage, KeptRegion, Rule, Scope, VolumeSpace

router = APIRouter(tags=["storage"])

MAX_BYTES = 2**53 - 1


class StorageVolume(Out):
    """`percent` and `held_percent` are of what it may hold (its quota, or all of it); levels are 0, 70, 85 or 95."""

    id: str
    path: str
    state: Literal["ok", "full", "failed"]
    capacity_bytes: int
    free_bytes: int
    floor_bytes: int
    quota_bytes: int | None
    stored_bytes: int
    held_bytes: int
    percent: float
    level: int
    held_percent: float
    held_level: int
    at_risk: bool = Field(description="only held recordings are left to make room")
    short: bool = Field(description="recordings younger than the least days went to make room")
    days: int | None = Field(description="how long recordings stay; null: as long as there is room")
    oldest_at: TimeOut | None
    write_bytes_per_day: int
    days_left: float | None = Field(description="until it is full at the measured rate")


class StorageVolumes(Out):
    items: list[StorageVolume]
    next: str | None


class StorageCamera(Out):
    """`days` is the limit in force and `rule` where it is said: camera, region, volume, node or nowhere."""

    camera: str
    profile: str
    volume: str
    bytes: int
    segments: int
    oldest_at: TimeOut | None
    days_kept: float
    days: int | None
    rule: Literal["camera", "region", "volume", "node", ""]
    max_bytes: int | None


class StorageCameras(Out):
    items: list[StorageCamera]
    next: str | None


class StorageRegion(Out):
    region: str
    bytes: int
    cameras: int
    days: int | None
    max_bytes: int | None


class StorageRegions(Out):
    items: list[StorageRegion]
    next: str | None


class StorageRule(Out):
    """`changed_by` is empty for what the settings say."""

    scope: Literal["node", "camera", "region", "volume"]
    subject: str
    days: int | None
    max_bytes: int | None
    changed_by: str
    changed_at: TimeOut | None


class StorageRules(Out):
    items: list[StorageRule]
    next: str | None


class StorageRuleIn(In):
    """Null says nothing here; 0 is no limit, whatever stands further out. Both null take the rule away."""

    days: int | None = Field(default=None, ge=0, le=36500)
    max_bytes: int | None = Field(default=None, ge=0, le=MAX_BYTES)


class StorageDeletion(Out):
    """A tombstone: what went, by which rule, for whom. `hold`: the hold that had protected it until it ended."""

    id: str
    camera: str
    profile: str
    volume: str
    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")
    segments: int
    bytes: int
    rule: str
    hold: str | None
    actor: str
    at: TimeOut


class StorageDeletions(Out):
    items: list[StorageDeletion]
    next: str | None


@router.get("/storage/volumes")
def list_storage_volumes(actor: CurrentActor, context: Context) -> StorageVolumes:
    volumes: tuple[VolumeSpace, ...] = context.owner.ask(actor, requests.ListVolumes())
    return StorageVolumes(items=[_volume_out(volume) for volume in volumes], next=None)


@router.get("/storage/cameras")
def list_storage_cameras(actor: CurrentActor, context: Context, cursor: Cursor = None, limit: Limit = 100) -> StorageCameras:
    page: KeptPage = context.owner.ask(actor, requests.ListKept(cursor, limit))
    return StorageCameras(items=[_camera_out(kept) for kept in page.items], next=page.next)


@router.get("/storage/regions")
def list_storage_regions(actor: CurrentActor, context: Context) -> StorageRegions:
    regions: tuple[KeptRegion, ...] = context.owner.ask(actor, requests.ListKeptRegions())
    return StorageRegions(items=[StorageRegion.model_validate(region._asdict()) for region in regions], next=None)


@router.get("/storage/rules")
def list_storage_rules(actor: CurrentActor, context: Context) -> StorageRules:
    rules: tuple[Rule, ...] = context.owner.ask(actor, requests.ListRules())
    return StorageRules(items=[_rule_out(rule) for rule in rules], next=None)


@router.put("/storage/rules/{scope}/{subject}")
def set_storage_rule(scope: Scope, subject: str, body: StorageRuleIn, actor: CurrentActor, context: Context) -> StorageRule:
    """How long and how much of a camera, of a region with all below it, or of a volume is kept."""
    return _rule_out(context.owner.ask(actor, requests.SetRule(scope, subject, body.days, body.max_bytes)))


@router.get("/storage/deletions")
def list_storage_deletions(
    *,
    actor: CurrentActor,
    context: Context,
    camera: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> StorageDeletions:
    """What went lately and why, newest first."""
    page: DeletionPage = context.owner.ask(actor, requests.ListDeletions(camera, cursor, limit))
    items = [
        StorageDeletion.model_validate(
            {**d._asdict(), "from": format_time(d.from_us), "to": format_time(d.to_us), "at": format_time(d.at_us)}
        )
        for d in page.items
    ]
    return StorageDeletions(items=items, next=page.next)


def _volume_out(volume: VolumeSpace) -> StorageVolume:
    same = {name: getattr(volume, name) for name in StorageVolume.model_fields if name != "oldest_at"}
    return StorageVolume.model_validate({**same, "oldest_at": time_out(volume.oldest_us)})


def _camera_out(kept: Kept) -> StorageCamera:
    return StorageCamera.model_validate({**kept._asdict(), "oldest_at": time_out(kept.oldest_us)})


def _rule_out(rule: Rule) -> StorageRule:
    return StorageRule.model_validate({**rule._asdict(), "changed_at": time_out(rule.changed_us)})
