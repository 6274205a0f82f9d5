"""Handlers of saved views: check, write, announce. Not here: SQL (queries), what a view may look like (rules)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.journal import announce
from vms.owner.ask import Owner
from vms.owner.registration import UNSET
from vms.owner.requests import Actor
from vms.owner.walls import DeleteWallView, GetWallView, ListWallViews, SaveWallView, UpdateWallView, WallViewAnswer
from vms.registry.rules import clean_name, given_or_new_id
from vms.walls import queries, rules
from vms.walls.facts import WallViewChanged
from vms.walls.models import WallView


def register(owner: Owner, clock: Clock) -> None:
    """Let `owner` answer every request about saved views."""

    def save(session: Session, actor: Actor, request: SaveWallView) -> WallViewAnswer:
        now_us = clock.wall_us()
        view = WallView(
            id=given_or_new_id(request.id, now_us),
            owner_id=actor.id,
            owner_name=actor.name,
            name=clean_name(request.name),
            layout=request.layout,
            cameras=list(request.cameras),
            dwell_s=request.dwell_s,
            shared=request.shared,
            revision=1,
            changed_us=now_us,
        )
        _check(view)
        queries.add_view(session, view)
        _tell(session, view, "saved", actor, now_us)
        return _answer(view, actor)

    def update(session: Session, actor: Actor, request: UpdateWallView) -> WallViewAnswer:
        view = _changeable(session, actor, request.view)
        if request.revision is not None and request.revision != view.revision:
            raise VmsError(Kind.PRECONDITION, "the view was changed meanwhile: read it again", revision=view.revision)
        was_shared, now_us = view.shared, clock.wall_us()
        _change(view, request)
        view.revision, view.changed_us = view.revision + 1, now_us
        _check(view)
        with session.no_autoflush:
            queries.check_room(session, view)
        session.flush()
        _tell(session, view, "changed", actor, now_us, shared=view.shared or was_shared)
        return _answer(view, actor)

    def remove(session: Session, actor: Actor, request: DeleteWallView) -> None:
        view = _changeable(session, actor, request.view)
        _tell(session, view, "removed", actor, clock.wall_us())
        session.delete(view)

    def get(session: Session, actor: Actor, request: GetWallView) -> WallViewAnswer:
        return _answer(queries.find_view(session, request.view, actor.id), actor)

    def listed(session: Session, actor: Actor, _request: ListWallViews) -> tuple[WallViewAnswer, ...]:
        return tuple(_answer(view, actor) for view in queries.views_of(session, actor.id))

    owner.register(SaveWallView, save)
    owner.register(UpdateWallView, update)
    owner.register(DeleteWallView, remove)
    owner.register(GetWallView, get)
    owner.register(ListWallViews, listed)


def _may_change(view: WallView, actor: Actor) -> bool:
    return view.owner_id == actor.id or (view.shared and "configure" in actor.rights)


def _changeable(session: Session, actor: Actor, view_id: str) -> WallView:
    view = queries.find_view(session, view_id, actor.id, lock=True)
    if not _may_change(view, actor):
        raise VmsError(Kind.FORBIDDEN, "this view is another officer's: save it under a name of your own", view=view.id)
    return view


def _change(view: WallView, request: UpdateWallView) -> None:
    if request.name is not UNSET:
        view.name = clean_name(request.name)
    if request.layout is not UNSET:
        view.layout = request.layout
    if request.cameras is not UNSET:
        view.cameras = list(request.cameras)
    if request.dwell_s is not UNSET:
        view.dwell_s = request.dwell_s
    if request.shared is not UNSET:
        view.shared = request.shared


def _check(view: WallView) -> None:
    rules.check_layout(view.layout)
    rules.check_cameras(view.cameras)
    rules.check_dwell(view.dwell_s, view.layout, view.cameras)


def _tell(session: Session, view: WallView, act: str, actor: Actor, now_us: int, *, shared: bool | None = None) -> None:
    """What an officer keeps for himself is nobody's news: only a shared view has its name in the journal."""
    open_to_all = view.shared if shared is None else shared
    announce(session, WallViewChanged(view.id, act, view.name if open_to_all else "", open_to_all, actor.name), now_us=now_us)


def _answer(view: WallView, actor: Actor) -> WallViewAnswer:
    return WallViewAnswer(
        id=view.id,
        name=view.name,
        layout=view.layout,
        cameras=tuple(view.cameras),
        dwell_s=view.dwell_s,
        shared=view.shared,
        mine=view.owner_id == actor.id,
        may_change=_may_change(view, actor),
        owner_name=view.owner_name,
        revision=view.revision,
        changed_us=view.changed_us,
    )
