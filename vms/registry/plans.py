"""Rows of record plans and holidays: found, listed with their use, written. Session first, no commits.

A plan is locked by whoever names or deletes it, so none goes while a camera begins to follow it. Not here: what rules mean (record).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vms.base.errors import Kind, VmsError
from vms.base.ids import is_id
from vms.registry.models import Camera, Holiday, RecordPlan
from vms.registry.queries import behind, checked_limit, cursor_of

MAX_HOLIDAYS = 2_000


def find_plan(session: Session, plan_id: str, *, lock: bool = False, share: bool = False) -> RecordPlan:
    """Raises NOT_FOUND. `lock` before a change, `share` before another row names it."""
    statement = select(RecordPlan).where(RecordPlan.id == plan_id)
    if lock or share:
        statement = statement.with_for_update(read=share)
    plan = session.scalar(statement) if is_id(plan_id) else None
    if plan is None:
        raise VmsError(Kind.NOT_FOUND, "no such record plan", plan=plan_id[:64])
    return plan


def plan_page(session: Session, cursor: str | None, limit: int) -> tuple[Sequence[RecordPlan], str | None]:
    """By name."""
    statement = select(RecordPlan)
    if cursor is not None:
        statement = statement.where(behind(RecordPlan.name, RecordPlan.id, cursor))
    limit = checked_limit(limit)
    rows = session.scalars(statement.order_by(RecordPlan.name, RecordPlan.id).limit(limit + 1)).all()
    return rows[:limit], cursor_of(rows, limit)


def use_of(session: Session, plans: Collection[str]) -> dict[str, int]:
    """How many cameras on the register follow each plan."""
    statement = select(Camera.record, func.count()).where(Camera.record.in_(plans), Camera.removed_us.is_(None)).group_by(Camera.record)
    return dict.fromkeys(plans, 0) | dict(session.execute(statement).all())


def rules_of(session: Session, plans: Collection[str]) -> dict[str, dict[str, Any]]:
    return {plan.id: plan.rules for plan in session.scalars(select(RecordPlan).where(RecordPlan.id.in_(plans)))}


def create_plan(session: Session, plan_id: str, name: str, rules: Mapping[str, Any], now_us: int) -> RecordPlan:
    if session.get(RecordPlan, plan_id) is not None:
        raise VmsError(Kind.CONFLICT, "a record plan with this id exists already", plan=plan_id)
    _check_name(session, name, plan_id)
    plan = RecordPlan(id=plan_id, name=name, rules=dict(rules), revision=1, changed_us=now_us)
    session.add(plan)
    session.flush()
    return plan


def change_plan(session: Session, plan: RecordPlan, name: str, rules: Mapping[str, Any], now_us: int) -> None:
    _check_name(session, name, plan.id)
    plan.name, plan.rules, plan.changed_us = name, dict(rules), now_us
    plan.revision += 1
    session.flush()


def delete_plan(session: Session, plan: RecordPlan) -> None:
    """Refused while cameras follow it."""
    used = use_of(session, [plan.id])[plan.id]
    if used:
        raise VmsError(Kind.CONFLICT, f"{used} cameras follow this plan: give them another one first", plan=plan.id, cameras=used)
    session.delete(plan)
    session.flush()


def holidays(session: Session, first: date, last: date) -> Sequence[Holiday]:
    """Those of [first, last], by date."""
    statement = select(Holiday).where(Holiday.date >= first, Holiday.date <= last)
    return session.scalars(statement.order_by(Holiday.date).limit(MAX_HOLIDAYS)).all()


def put_holiday(session: Session, day: date, name: str, follows: str) -> Holiday:
    """The day follows this row from now on, whatever it followed before."""
    row = session.get(Holiday, day, with_for_update=True)
    if row is None:
        row = Holiday(date=day, name=name, follows=follows)
        session.add(row)
    row.name, row.follows = name, follows
    session.flush()
    return row


def delete_holiday(session: Session, day: date) -> None:
    """Raises NOT_FOUND."""
    row = session.get(Holiday, day, with_for_update=True)
    if row is None:
        raise VmsError(Kind.NOT_FOUND, "no holiday on this date", date=day.isoformat())
    session.delete(row)
    session.flush()


def _check_name(session: Session, name: str, plan_id: str) -> None:
    holder = session.scalar(select(RecordPlan.id).where(RecordPlan.name == name, RecordPlan.id != plan_id))
    if holder is not None:
        raise VmsError(Kind.CONFLICT, "a record plan with this name exists already", plan=holder)
