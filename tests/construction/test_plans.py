"""Record plans and holidays on the register: made once, followed, changed for all that follow, kept while they are."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.construction.desk import TestDesk
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.owner.plans import (
    CreatePlan,
    DeleteHoliday,
    DeletePlan,
    GetPlan,
    HolidayView,
    ListHolidays,
    ListPlans,
    PlanPage,
    PlanView,
    PutHoliday,
    UpdatePlan,
)
from vms.owner.registration import DeleteCamera, UpdateCamera
from vms.owner.requests import Actor, Request

RULES: dict[str, Any] = {"main": {"mode": "event"}, "sub": {"mode": "always"}}
READER = Actor("a2", "reader", "person", "s2", frozenset({"list"}))


def plan(desk: TestDesk, name: str = "Office", **more: Any) -> PlanView:
    return desk.ask(CreatePlan(name, RULES, **more))


def refusal(desk: TestDesk, request: Request, actor: Actor | None = None) -> Kind:
    with pytest.raises(VmsError) as refused:
        desk.ask(request, *([actor] if actor else []))
    return refused.value.kind


def test_a_plan_is_made_followed_changed_and_deleted(desk: TestDesk) -> None:
    made = plan(desk)
    assert (made.rules["pre_s"], made.revision, made.cameras) == (10, 1, 0)
    camera = desk.camera(record=made.id)
    assert camera.record == made.id
    assert desk.ask(GetPlan(made.id)).cameras == 1
    before = desk.plan_changes
    changed: PlanView = desk.ask(UpdatePlan(made.id, revision=1, rules={"pre_s": 30}))
    assert (changed.rules["main"]["mode"], changed.rules["sub"]["mode"]) == ("event", "always")
    assert (changed.rules["pre_s"], changed.revision, changed.name) == (30, 2, "Office")
    assert desk.plan_changes == before + 1
    assert refusal(desk, UpdatePlan(made.id, revision=1, name="Other")) is Kind.PRECONDITION
    assert refusal(desk, DeletePlan(made.id)) is Kind.CONFLICT
    desk.ask(UpdateCamera(camera.id, record="event"))
    desk.ask(DeletePlan(made.id))
    assert refusal(desk, GetPlan(made.id)) is Kind.NOT_FOUND
    with desk.database.transaction() as session:
        types = list(session.execute(text("SELECT type FROM journal_inbox ORDER BY id")).scalars())
    assert [t for t in types if t.startswith("record_plan")] == ["record_plan.added", "record_plan.changed", "record_plan.removed"]


def test_a_removed_camera_does_not_keep_its_plan(desk: TestDesk) -> None:
    made = plan(desk)
    camera = desk.camera(record=made.id)
    desk.ask(DeleteCamera(camera.id))
    desk.ask(DeletePlan(made.id))


def test_a_camera_follows_what_there_is(desk: TestDesk) -> None:
    with pytest.raises(VmsError) as missing:
        desk.camera(record=new_id())
    assert missing.value.kind is Kind.NOT_FOUND
    with pytest.raises(VmsError) as wrong:
        desk.camera(record="sometimes")
    assert (wrong.value.kind, wrong.value.facts["place"]) == (Kind.BAD_REQUEST, "record")


def test_a_repeated_request_answers_the_plan_it_made(desk: TestDesk) -> None:
    first = plan(desk, idempotency_key="k1")
    assert plan(desk, idempotency_key="k1") == first
    assert refusal(desk, CreatePlan("Other", RULES, idempotency_key="k1")) is Kind.CONFLICT


def test_names_and_ids_are_given_once_and_rules_are_checked(desk: TestDesk) -> None:
    made = plan(desk, id=new_id())
    assert refusal(desk, CreatePlan("Office", RULES)) is Kind.CONFLICT
    assert refusal(desk, CreatePlan("Other", RULES, id=made.id)) is Kind.CONFLICT
    assert refusal(desk, CreatePlan("Other", {"main": {"mode": "sometimes"}})) is Kind.BAD_REQUEST
    assert refusal(desk, GetPlan("office")) is Kind.NOT_FOUND
    assert refusal(desk, CreatePlan("Other", RULES), READER) is Kind.FORBIDDEN


def test_plans_are_paged_by_name(desk: TestDesk) -> None:
    for name in "cab":
        plan(desk, name)
    first: PlanPage = desk.ask(ListPlans(limit=2), READER)
    rest: PlanPage = desk.ask(ListPlans(first.next, 2))
    assert [p.name for p in (*first.items, *rest.items)] == ["a", "b", "c"]


def test_a_date_follows_one_row_and_is_ordinary_again(desk: TestDesk) -> None:
    before = desk.plan_changes
    desk.ask(PutHoliday("2026-10-01", "National Day"))
    desk.ask(PutHoliday("2026-10-10", "Working Saturday", "friday"))
    changed: HolidayView = desk.ask(PutHoliday("2026-10-01", "National Day", "sunday"))
    assert changed.follows == "sunday"
    shown: tuple[HolidayView, ...] = desk.ask(ListHolidays("2026-10-01", "2026-10-31"))
    assert [(h.date, h.follows) for h in shown] == [("2026-10-01", "sunday"), ("2026-10-10", "friday")]
    desk.ask(DeleteHoliday("2026-10-01"))
    assert desk.plan_changes == before + 4
    assert [h.date for h in desk.ask(ListHolidays())] == ["2026-10-10"]
    assert refusal(desk, DeleteHoliday("2026-10-01")) is Kind.NOT_FOUND
    for wrong in ("2026-02-30", "20261001", "soon"):
        assert refusal(desk, PutHoliday(wrong, "x")) is Kind.BAD_REQUEST
