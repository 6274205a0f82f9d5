"""Handlers of record plans and holidays: check, write, announce, and say that the roster changed. Not here: SQL (registry)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy.orm import Session

from vms.base.db import after_commit
from vms.base.errors import Kind, VmsError
from vms.base.journal import announce
from vms.construction.desk import Desk
from vms.construction.facts import HolidayChanged, RecordPlanAdded, RecordPlanChanged, RecordPlanRemoved
from vms.owner.plans import (
    CreatePlan,
    DayName,
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
from vms.owner.registration import UNSET
from vms.owner.requests import Actor
from vms.record.plan import ROWS, plan_from_json, plan_to_json
from vms.registry import changes, plans, rules
from vms.registry.changes import Repeat
from vms.registry.models import Holiday, RecordPlan

YEAR_US = 366 * 86_400_000_000


def create_plan(desk: Desk, session: Session, actor: Actor, request: CreatePlan) -> PlanView:
    now_us = desk.clock.wall_us()
    repeat = None if request.idempotency_key is None else _repeat(actor, request, request.idempotency_key)
    made = None if repeat is None else changes.remembered(session, desk.envelope, repeat, now_us)
    if made is not None:
        return _view(session, plans.find_plan(session, made))
    plan_id = rules.given_or_new_id(request.id, now_us)
    plan = plans.create_plan(session, plan_id, rules.clean_name(request.name), _clean(request.rules), now_us)
    if repeat is not None:
        changes.remember(session, desk.envelope, repeat, plan.id, now_us)
    announce(session, RecordPlanAdded(plan.id, plan.name, actor.name), now_us=now_us)
    return _view(session, plan)


def update_plan(desk: Desk, session: Session, actor: Actor, request: UpdatePlan) -> PlanView:
    """Every camera that follows the plan has other orders with the commit."""
    plan = plans.find_plan(session, request.plan, lock=True)
    if request.revision is not None and request.revision != plan.revision:
        raise VmsError(Kind.PRECONDITION, "the plan was changed meanwhile: read it again", revision=plan.revision)
    name = plan.name if request.name is UNSET else rules.clean_name(request.name)
    said = plan.rules if request.rules is UNSET else _clean({**plan.rules, **request.rules})
    now_us = desk.clock.wall_us()
    plans.change_plan(session, plan, name, said, now_us)
    announce(session, RecordPlanChanged(plan.id, plan.name, actor.name), now_us=now_us)
    after_commit(session, desk.on_plans)
    return _view(session, plan)


def delete_plan(desk: Desk, session: Session, actor: Actor, request: DeletePlan) -> None:
    plan = plans.find_plan(session, request.plan, lock=True)
    plans.delete_plan(session, plan)
    announce(session, RecordPlanRemoved(plan.id, plan.name, actor.name), now_us=desk.clock.wall_us())


def get_plan(_desk: Desk, session: Session, _actor: Actor, request: GetPlan) -> PlanView:
    return _view(session, plans.find_plan(session, request.plan))


def list_plans(_desk: Desk, session: Session, _actor: Actor, request: ListPlans) -> PlanPage:
    rows, following = plans.plan_page(session, request.cursor, request.limit)
    used = plans.use_of(session, [row.id for row in rows])
    return PlanPage(tuple(_shown(row, used[row.id]) for row in rows), following)


def put_holiday(desk: Desk, session: Session, actor: Actor, request: PutHoliday) -> HolidayView:
    if request.follows not in ROWS:
        raise VmsError(Kind.BAD_REQUEST, f"follows must be one of {', '.join(ROWS)}", place="follows")
    row = plans.put_holiday(session, _date(request.date), rules.clean_name(request.name), request.follows)
    announce(session, HolidayChanged(row.date.isoformat(), row.name, row.follows, actor.name), now_us=desk.clock.wall_us())
    after_commit(session, desk.on_plans)
    return _holiday(row)


def delete_holiday(desk: Desk, session: Session, actor: Actor, request: DeleteHoliday) -> None:
    day = _date(request.date)
    plans.delete_holiday(session, day)
    announce(session, HolidayChanged(day.isoformat(), by=actor.name), now_us=desk.clock.wall_us())
    after_commit(session, desk.on_plans)


def list_holidays(desk: Desk, session: Session, _actor: Actor, request: ListHolidays) -> tuple[HolidayView, ...]:
    year_ago = datetime.fromtimestamp((desk.clock.wall_us() - YEAR_US) // 1_000_000, UTC).date()
    first = year_ago if request.first is None else _date(request.first)
    last = date.max if request.last is None else _date(request.last)
    return tuple(map(_holiday, plans.holidays(session, first, last)))


def _clean(raw: Any) -> dict[str, object]:
    """Checked, and in the one spelling."""
    return plan_to_json(plan_from_json(raw))


def _view(session: Session, plan: RecordPlan) -> PlanView:
    return _shown(plan, plans.use_of(session, [plan.id])[plan.id])


def _shown(plan: RecordPlan, cameras: int) -> PlanView:
    return PlanView(plan.id, plan.name, plan.rules, plan.revision, plan.changed_us, cameras)


def _holiday(row: Holiday) -> HolidayView:
    return HolidayView(row.date.isoformat(), row.name, cast(DayName, row.follows))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text) if len(text) == 10 else _no_date(text)
    except ValueError:
        return _no_date(text)


def _no_date(text: str) -> date:
    raise VmsError(Kind.BAD_REQUEST, "a date is YYYY-MM-DD", place="date", given=text[:40]) from None


def _repeat(actor: Actor, request: CreatePlan, key: str) -> Repeat:
    rules.check_repeat_key(key)
    said = json.dumps(dataclasses.asdict(request), sort_keys=True)
    return Repeat(actor.id, key, hashlib.sha256(said.encode()).digest())
