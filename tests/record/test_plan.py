"""What a plan says, read from JSON and written back; causes; the outbox tells again until acknowledged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.record.reports import report
from vms.base.errors import Kind, VmsError
from vms.record.causes import end_reason, gap_cause
from vms.record.outbox import Outbox
from vms.record.plan import ALWAYS, NEVER, SHORT_FORMS, Piece, Plan, plan_from_json, plan_to_json
from vms.registry import rules

OFFICE: dict[str, Any] = {
    "main": {
        "mode": "week",
        "week": {
            "monday": [{"from_min": 480, "to_min": 720}, {"from_min": 720, "to_min": 1080, "kind": "continuous"}],
            "sunday": [{"from_min": 0, "to_min": 1440, "kind": "event"}],
            "holiday": [],
        },
    },
    "pre_s": 15,
}


def test_short_forms_mean_the_same_to_the_register_and_to_the_recorder() -> None:
    assert set(SHORT_FORMS) == set(rules.SHORT_FORMS)
    assert (SHORT_FORMS["always"].main, SHORT_FORMS["always"].sub) == (ALWAYS, NEVER)


def test_a_plan_has_one_spelling() -> None:
    plan = plan_from_json(OFFICE)
    assert plan.main.week[0] == (Piece(480, 1080),)
    assert plan.main.week[6] == (Piece(0, 1440, on_event=True),)
    assert (plan.main.holiday, plan.sub, plan.pre_us, plan.post_us) == ((), NEVER, 15_000_000, 10_000_000)
    assert plan_from_json(plan_to_json(plan)) == plan


@pytest.mark.parametrize("plan", SHORT_FORMS.values())
def test_every_short_form_is_read_back(plan: Plan) -> None:
    assert plan_from_json(plan_to_json(plan)) == plan


def week(**rows: Any) -> dict[str, Any]:
    return {"main": {"mode": "week", "week": rows}}


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({}, "main"),
        ({"main": {"mode": "sometimes"}}, "main.mode"),
        ({"main": {"mode": "always", "week": {}}}, "main.week"),
        ({"main": {"mode": "week"}}, "main.week"),
        (week(someday=[]), "main.week"),
        (week(monday=5), "main.week.monday"),
        (week(monday=[{"from_min": 10, "to_min": 10}]), "main.week.monday"),
        (week(monday=[{"from_min": -1, "to_min": 10}]), "main.week.monday"),
        (week(monday=[{"from_min": 0, "to_min": 1441}]), "main.week.monday"),
        (week(monday=[{"from_min": True, "to_min": 10}]), "main.week.monday"),
        (week(monday=[{"from_min": 0, "to_min": 10, "kind": "loud"}]), "main.week.monday"),
        (week(monday=[{"from_min": 0, "to_min": 60}, {"from_min": 59, "to_min": 61}]), "main.week.monday"),
        (week(holiday=[{"from_min": 2 * n, "to_min": 2 * n + 1} for n in range(49)]), "main.week.holiday"),
        ({"main": {"mode": "event"}, "pre_s": 61}, "pre_s"),
        ({"main": {"mode": "event"}, "post_s": "5"}, "post_s"),
    ],
)
def test_a_refusal_names_the_place(raw: dict[str, Any], place: str) -> None:
    with pytest.raises(VmsError) as refused:
        plan_from_json(raw)
    assert (refused.value.kind, refused.value.facts["place"]) == (Kind.BAD_REQUEST, place)


def test_causes_of_a_camera_become_causes_of_a_gap() -> None:
    assert [gap_cause(c) for c in ("auth", "timeout", "stalled", "stop", None, "nonsense")] == [
        "auth",
        "camera_offline",
        "network",
        "operator_stop",
        "unknown",
        "unknown",
    ]
    assert (end_reason("stop"), end_reason("schedule"), end_reason("timeout")) == ("stop", "stop", "offline")


def test_the_outbox_tells_again_until_acknowledged_and_is_bounded() -> None:
    outbox = Outbox(max_reports=2)
    for start in (0, 60, 120):
        outbox.add(report(start, start + 60))
    assert [r.path for r in outbox.waiting()] == [report(60, 120).path, report(120, 180).path]
    assert outbox.forgotten == 1
    outbox.acknowledge([report(60, 120).path, "unknown"])
    assert [r.path for r in outbox.waiting()] == [report(120, 180).path]
