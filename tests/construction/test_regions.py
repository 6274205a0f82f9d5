"""The tree of regions: levels descend, names are unique among siblings, nothing full is deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.construction.desk import TestDesk
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.owner.registration import (
    CreateRegion,
    DeleteCamera,
    DeleteRegion,
    GetRegion,
    ListRegions,
    RegionPage,
    UpdateRegion,
)
from vms.owner.requests import Request


def refusal(desk: TestDesk, request: Request) -> VmsError:
    with pytest.raises(VmsError) as refused:
        desk.ask(request)
    return refused.value


def test_a_region_is_made_renamed_moved_and_deleted(desk: TestDesk) -> None:
    city = desk.region(CreateRegion("City", "city"))
    east = desk.region(CreateRegion("East", "district", city.id))
    elm = desk.region(CreateRegion(" Elm Street ", "station", city.id))
    assert elm.name == "Elm Street"
    moved = desk.region(UpdateRegion(elm.id, name="Elm", parent_id=east.id))
    assert (moved.name, moved.parent_id) == ("Elm", east.id)
    assert desk.region(GetRegion(elm.id)) == moved
    assert desk.region(UpdateRegion(elm.id, parent_id=None)).parent_id is None
    desk.ask(DeleteRegion(elm.id))
    page: RegionPage = desk.ask(ListRegions())
    assert [region.name for region in page.items] == ["City", "East"]
    with desk.database.transaction() as session:
        types = list(session.execute(text("SELECT type FROM journal_inbox ORDER BY id")).scalars())
    assert types == ["region.added"] * 3 + ["region.changed"] * 2 + ["region.removed"]


def test_levels_descend_so_there_is_no_circle(desk: TestDesk) -> None:
    east = desk.region(CreateRegion("East", "district"))
    elm = desk.region(CreateRegion("Elm", "station", east.id))
    assert refusal(desk, UpdateRegion(east.id, parent_id=elm.id)).kind is Kind.BAD_REQUEST
    assert refusal(desk, UpdateRegion(east.id, parent_id=east.id)).kind is Kind.BAD_REQUEST
    assert refusal(desk, CreateRegion("Oak", "station", elm.id)).kind is Kind.BAD_REQUEST


def test_siblings_have_different_names(desk: TestDesk) -> None:
    city = desk.region(CreateRegion("City", "city"))
    desk.region(CreateRegion("East", "district", city.id))
    assert refusal(desk, CreateRegion("East", "district", city.id)).kind is Kind.CONFLICT
    assert refusal(desk, CreateRegion("City", "district")).kind is Kind.CONFLICT
    assert desk.region(CreateRegion("East", "district")).parent_id is None


def test_a_region_that_holds_something_stays(desk: TestDesk) -> None:
    city = desk.region(CreateRegion("City", "city"))
    elm = desk.region(CreateRegion("Elm", "station", city.id))
    camera = desk.camera(region_id=elm.id)
    assert refusal(desk, DeleteRegion(city.id)).kind is Kind.CONFLICT
    assert refusal(desk, DeleteRegion(elm.id)).kind is Kind.CONFLICT
    desk.ask(DeleteCamera(camera.id))
    desk.ask(DeleteRegion(elm.id))
    desk.ask(DeleteRegion(city.id))


def test_ids_may_be_given_once(desk: TestDesk) -> None:
    region_id = new_id()
    assert desk.region(CreateRegion("City", "city", None, region_id)).id == region_id
    assert refusal(desk, CreateRegion("Town", "city", None, region_id)).kind is Kind.CONFLICT
    assert refusal(desk, CreateRegion("Town", "city", None, "c1")).kind is Kind.BAD_REQUEST
    assert refusal(desk, CreateRegion("Elm", "station", new_id())).kind is Kind.NOT_FOUND
    assert refusal(desk, GetRegion("c1")).kind is Kind.NOT_FOUND


def test_regions_are_paged(desk: TestDesk) -> None:
    for name in "cab":
        desk.region(CreateRegion(name, "city"))
    first: RegionPage = desk.ask(ListRegions(limit=2))
    rest: RegionPage = desk.ask(ListRegions(first.next, 2))
    assert [region.name for region in (*first.items, *rest.items)] == ["a", "b", "c"]
    assert rest.next is None
