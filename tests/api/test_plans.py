"""Routes of record plans, holidays and events: bodies become requests, views become bodies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.fakes import BEARER, CAMERA_ID, NOON_US, FakeNode
from vms.base.errors import Kind, VmsError
from vms.owner.plans import (
    CreatePlan,
    DeleteHoliday,
    DeletePlan,
    EventView,
    HolidayView,
    ListEvents,
    ListHolidays,
    ListPlans,
    ListRunningEvents,
    PlanPage,
    PlanView,
    PutHoliday,
    StartEvent,
    StopEvents,
    UpdatePlan,
)
from vms.owner.registration import UNSET

RULES: dict[str, Any] = {"main": {"mode": "event", "week": None}, "sub": {"mode": "never", "week": None}, "pre_s": 10, "post_s": 10}
PLAN = PlanView("p1", "Office", RULES, 3, NOON_US, 2)
EVENT = EventView("e1", CAMERA_ID, NOON_US, NOON_US + 5_000_000, "door", "open", False)


def test_a_body_becomes_a_plan_and_the_view_its_answer() -> None:
    node = FakeNode()
    node.owner.answers[CreatePlan] = PLAN
    body = {"name": "Office", "main": {"mode": "event"}}
    answer = node.client.post("/api/v1/record-plans", json=body, headers={**BEARER, "Idempotency-Key": "k"})
    assert (answer.status_code, answer.headers["location"], answer.headers["etag"]) == (201, "/api/v1/record-plans/p1", '"r3"')
    assert node.owner.last == CreatePlan("Office", RULES, None, "k")
    said = answer.json()
    assert (said["cameras"], said["main"]["mode"], said["changed_at"]) == (2, "event", "2026-05-01T12:00:00.000000Z")


def test_a_patch_says_only_what_is_given() -> None:
    node = FakeNode()
    node.owner.answers[UpdatePlan] = PLAN
    headers = {**BEARER, "If-Match": '"r3"'}
    node.client.patch("/api/v1/record-plans/p1", json={"sub": {"mode": "always"}}, headers=headers)
    assert node.owner.last == UpdatePlan("p1", 3, UNSET, {"sub": {"mode": "always", "week": None}})
    node.client.patch("/api/v1/record-plans/p1", json={"name": "Night"}, headers=BEARER)
    assert node.owner.last == UpdatePlan("p1", None, "Night", UNSET)
    refused = node.client.patch("/api/v1/record-plans/p1", json={"name": "x"}, headers={**BEARER, "If-Match": "r3"})
    assert refused.status_code == 412


def test_plans_are_listed_and_a_used_one_stays() -> None:
    node = FakeNode()
    node.owner.answers[ListPlans] = PlanPage((PLAN,), None)
    node.owner.answers[DeletePlan] = VmsError(Kind.CONFLICT, "2 cameras follow this plan", cameras=2)
    assert [p["name"] for p in node.client.get("/api/v1/record-plans", headers=BEARER).json()["items"]] == ["Office"]
    answer = node.client.delete("/api/v1/record-plans/p1", headers=BEARER)
    assert (answer.status_code, answer.json()["params"]["cameras"]) == (409, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"name": "x", "main": {"mode": "sometimes"}},
        {"name": "x", "main": {"mode": "event"}, "pre_s": 61},
        {"name": "x", "main": {"mode": "week", "week": {"monday": [{"from_min": 0, "to_min": 1441}]}}},
        {"name": "x", "main": {"mode": "week", "week": {"someday": []}}},
    ],
)
def test_a_plan_of_the_wrong_shape_is_refused(body: dict[str, Any]) -> None:
    assert FakeNode().client.post("/api/v1/record-plans", json=body, headers=BEARER).status_code == 422


def test_holidays_are_put_listed_and_deleted_by_date() -> None:
    node = FakeNode()
    view = HolidayView("2026-10-01", "National Day", "holiday")
    node.owner.answers |= {PutHoliday: view, ListHolidays: (view,), DeleteHoliday: None}
    answer = node.client.put("/api/v1/holidays/2026-10-01", json={"name": "National Day"}, headers=BEARER)
    assert answer.json() == {"date": "2026-10-01", "name": "National Day", "follows": "holiday"}
    assert node.owner.last == PutHoliday("2026-10-01", "National Day", "holiday")
    node.client.get("/api/v1/holidays?from=2026-01-01&to=2026-12-31", headers=BEARER)
    assert node.owner.last == ListHolidays("2026-01-01", "2026-12-31")
    assert node.client.delete("/api/v1/holidays/2026-10-01", headers=BEARER).status_code == 204


def test_an_event_is_started_stopped_and_listed() -> None:
    node = FakeNode()
    node.owner.answers |= {StartEvent: EVENT, StopEvents: (EVENT,), ListEvents: (EVENT,), ListRunningEvents: (EVENT,)}
    path = f"/api/v1/cameras/{CAMERA_ID}/events"
    answer = node.client.post(path, json={"reason": "open", "duration_s": 5}, headers={**BEARER, "Idempotency-Key": "k"})
    assert answer.status_code == 201
    assert node.owner.last == StartEvent(CAMERA_ID, "open", 5, False, "k")
    assert (answer.json()["from"], answer.json()["to"]) == ("2026-05-01T12:00:00.000000Z", "2026-05-01T12:00:05.000000Z")
    assert node.client.post(f"{path}/stop", json={"event": "e1"}, headers=BEARER).json()["items"][0]["id"] == "e1"
    assert node.owner.last == StopEvents(CAMERA_ID, "e1")
    assert len(node.client.get(f"{path}?from=0&to=9", headers=BEARER).json()["items"]) == 1
    assert node.owner.last == ListEvents(CAMERA_ID, 0, 9, 500)
    assert len(node.client.get("/api/v1/events/running", headers=BEARER).json()["items"]) == 1
    assert node.client.post(path, json={"duration_s": 0}, headers=BEARER).status_code == 422
