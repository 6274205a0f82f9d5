"""Rows of events. Session first, no commits. Not here: who may start one, facts (events)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from vms.base.timespan import Span
from vms.record.models import RecordEvent

MOST_US = 86_400_000_000
"""No event is longer."""


def running(session: Session, now_us: int, limit: int = 500) -> Sequence[RecordEvent]:
    """What lasts now or was not told to have ended, oldest first."""
    statement = select(RecordEvent).where(RecordEvent.told.is_(False), RecordEvent.end_us > now_us)
    return session.scalars(statement.order_by(RecordEvent.start_us).limit(limit)).all()


def ending_after(session: Session, since_us: int) -> Sequence[RecordEvent]:
    """For orders: a worker that begins in the middle of an event's post-record goes on with it."""
    return session.scalars(select(RecordEvent).where(RecordEvent.end_us > since_us, RecordEvent.start_us > since_us - MOST_US)).all()


def running_at(session: Session, camera: str, now_us: int, *, lock: bool = False) -> Sequence[RecordEvent]:
    statement = select(RecordEvent).where(
        RecordEvent.camera_id == camera, RecordEvent.start_us > now_us - MOST_US - 1, RecordEvent.end_us > now_us
    )
    statement = statement.order_by(RecordEvent.start_us)
    return session.scalars(statement.with_for_update() if lock else statement).all()


def touching(session: Session, camera: str, within: Span, limit: int) -> Sequence[RecordEvent]:
    statement = select(RecordEvent).where(
        RecordEvent.camera_id == camera,
        RecordEvent.start_us > within.start_us - MOST_US - 1,
        RecordEvent.start_us < within.end_us,
        RecordEvent.end_us >= within.start_us,
    )
    return session.scalars(statement.order_by(RecordEvent.start_us, RecordEvent.id).limit(limit)).all()


def tell_ended(session: Session, now_us: int, limit: int = 200) -> Sequence[RecordEvent]:
    """Events whose time has come, marked as told."""
    due = select(RecordEvent.id).where(RecordEvent.told.is_(False), RecordEvent.end_us <= now_us).limit(limit)
    statement = update(RecordEvent).where(RecordEvent.id.in_(due)).values(told=True).returning(RecordEvent)
    return session.scalars(statement).all()


def next_end_us(session: Session) -> int | None:
    return session.scalar(select(func.min(RecordEvent.end_us)).where(RecordEvent.told.is_(False)))
