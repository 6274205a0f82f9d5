"""From rows to wishes: what a camera's `record` means, with holidays and events, shared by all that follow one plan."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import text

from tests.construction.desk import TestDesk
from vms.base.db import Database
from vms.base.ids import new_id
from vms.owner.plans import CreatePlan, PutHoliday
from vms.record.plan import ALWAYS, DAY_US, NEVER, ON_EVENT, SHORT_FORMS, Piece, Plan, Rule
from vms.record.planning import Planner, read_calendar, read_plans
from vms.record.week import Calendar
from vms.record.wish import EventSpan

NOW_US = 1_778_000_000_000_000
UTC = Calendar(ZoneInfo("UTC"))


def test_a_camera_s_record_is_a_short_form_or_a_plan_and_when_in_doubt_it_is_recorded(database: Database) -> None:
    desk = TestDesk(database)
    plan = desk.ask(CreatePlan("Event", {"main": {"mode": "event"}, "sub": {"mode": "always"}}))
    damaged = desk.ask(CreatePlan("Damaged", {"main": {"mode": "event"}}))
    desk.ask(PutHoliday("2023-11-20", "A day", "sunday"))
    missing = new_id()
    with database.transaction() as session:
        session.execute(text("UPDATE record_plans SET rules = '{}' WHERE id = :id"), {"id": damaged.id})
    with database.transaction() as session:
        plans = read_plans(session, ["never", plan.id, damaged.id, missing])
        calendar = read_calendar(session, "Asia/Shanghai", desk.clock.wall_us())
    assert (plans["never"], plans[plan.id]) == (SHORT_FORMS["never"], Plan(ON_EVENT, ALWAYS))
    assert plans[damaged.id] == plans[missing] == SHORT_FORMS["always"]
    assert {day.isoformat(): row for day, row in calendar.holidays.items()} == {"2023-11-20": "sunday"}


def test_what_is_never_recorded_in_the_coming_days_has_no_wish() -> None:
    nothing = Rule("week", ((),) * 7)
    planner = Planner({"p": Plan(nothing, ALWAYS)}, UTC, NOW_US)
    assert planner.wish("p", "main") is None
    forced = EventSpan(NOW_US, NOW_US + 1, True)
    wish = planner.wish("p", "main", [forced])
    assert wish is not None and wish.kind_at(NOW_US) == "event"
    sub = planner.wish("p", "sub", [forced])
    assert sub is not None and sub.plain


def test_a_forced_event_records_main_alone() -> None:
    planner = Planner({"p": Plan(NEVER, NEVER)}, UTC, NOW_US)
    assert planner.wish("p", "sub", [EventSpan(NOW_US, NOW_US + 1, True)]) is None


def test_steps_reach_over_the_coming_days() -> None:
    planner = Planner({"p": Plan(Rule("week", ((Piece(480, 1080),),) * 7), NEVER, 5, 6)}, UTC, NOW_US)
    wish = planner.wish("p", "main")
    assert wish is not None
    assert (wish.pre_us, wish.post_us, wish.until_us) == (5, 6, NOW_US + 15 * DAY_US)
    assert 30 <= len(wish.steps) <= 34
