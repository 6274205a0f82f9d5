"""The table of registration: request type → handler. Adding a request is adding a line."""

from __future__ import annotations

from functools import partial
from typing import Any

from vms.construction.cameras import create_camera, create_cameras, delete_camera, get_camera, list_cameras, update_camera
from vms.construction.desk import Desk
from vms.construction.plans import (
    create_plan,
    delete_holiday,
    delete_plan,
    get_plan,
    list_holidays,
    list_plans,
    put_holiday,
    update_plan,
)
from vms.construction.probe import probe_camera
from vms.construction.regions import create_region, delete_region, get_region, list_regions, update_region
from vms.owner import plans as plan
from vms.owner import registration as ask
from vms.owner.ask import Owner
from vms.owner.requests import Request

HANDLERS: dict[type[Request], Any] = {
    ask.CreateCamera: create_camera,
    ask.CreateCameras: create_cameras,
    ask.UpdateCamera: update_camera,
    ask.DeleteCamera: delete_camera,
    ask.GetCamera: get_camera,
    ask.ListCameras: list_cameras,
    ask.ProbeCamera: probe_camera,
    ask.CreateRegion: create_region,
    ask.UpdateRegion: update_region,
    ask.DeleteRegion: delete_region,
    ask.GetRegion: get_region,
    ask.ListRegions: list_regions,
    plan.CreatePlan: create_plan,
    plan.UpdatePlan: update_plan,
    plan.DeletePlan: delete_plan,
    plan.GetPlan: get_plan,
    plan.ListPlans: list_plans,
    plan.PutHoliday: put_holiday,
    plan.DeleteHoliday: delete_holiday,
    plan.ListHolidays: list_holidays,
}


def register(owner: Owner, desk: Desk) -> None:
    """Let `owner` answer every registration request."""
    for request_type, handler in HANDLERS.items():
        owner.register(request_type, partial(handler, desk))
