"""Rows of saved views: found, listed, counted, written. Session first, no commits. Not here: who may (handlers)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from vms.base.errors import Kind, VmsError
from vms.base.ids import is_id
from vms.walls.models import WallView
from vms.walls.rules import MAX_OWN, MAX_SHARED


def find_view(session: Session, view_id: str, actor_id: str, *, lock: bool = False) -> WallView:
    """One that the actor may open. Raises NOT_FOUND: another's own view looks like none."""
    statement = select(WallView).where(WallView.id == view_id, _open_to(actor_id))
    view = session.scalar(statement.with_for_update() if lock else statement) if is_id(view_id) else None
    if view is None:
        raise VmsError(Kind.NOT_FOUND, "no such view", view=view_id[:64])
    return view


def views_of(session: Session, actor_id: str) -> Sequence[WallView]:
    """By name; bounded by what `check_room` lets in."""
    return session.scalars(select(WallView).where(_open_to(actor_id)).order_by(WallView.name, WallView.id)).all()


def check_room(session: Session, view: WallView) -> None:
    """Raises CONFLICT for a second name of one owner, LIMIT when there are too many."""
    others = select(func.count()).select_from(WallView).where(WallView.id != view.id)
    if session.scalar(others.where(WallView.owner_id == view.owner_id, WallView.name == view.name)):
        raise VmsError(Kind.CONFLICT, "you have a view of this name already", name=view.name)
    if (session.scalar(others.where(WallView.owner_id == view.owner_id)) or 0) >= MAX_OWN:
        raise VmsError(Kind.LIMIT, f"you have {MAX_OWN} views already: delete one first", most=MAX_OWN)
    if view.shared and (session.scalar(others.where(WallView.shared)) or 0) >= MAX_SHARED:
        raise VmsError(Kind.LIMIT, f"{MAX_SHARED} views are shared already: delete one first", most=MAX_SHARED)


def add_view(session: Session, view: WallView) -> None:
    if session.get(WallView, view.id) is not None:
        raise VmsError(Kind.CONFLICT, "a view with this id exists already", view=view.id)
    check_room(session, view)
    session.add(view)
    session.flush()


def _open_to(actor_id: str) -> ColumnElement[bool]:
    return or_(WallView.owner_id == actor_id, WallView.shared)
