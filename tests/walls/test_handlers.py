"""Saved views: kept for oneself or for all, changed by who may, bounded, told to the journal without private names."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.owner.ask import Owner, may
from vms.owner.requests import Actor, Request
from vms.owner.walls import DeleteWallView, GetWallView, ListWallViews, SaveWallView, UpdateWallView, WallViewAnswer
from vms.walls import queries
from vms.walls.handlers import register

A, B, C = (new_id(second * 1_000_000) for second in (1, 2, 3))
LI = Actor("o1", "Li", "person", "s1", frozenset({"live"}))
WANG = Actor("o2", "Wang", "person", "s2", frozenset({"live"}))
ADMIN = Actor("o3", "Admin", "person", "s3", frozenset({"live", "configure"}))


class Desk:
    """The real path: authorise, audit, one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.audited: list[str] = []
        self.clock = ManualClock()
        self._owner = Owner(database, may, self._audit)
        register(self._owner, self.clock)

    def _audit(self, actor: Actor, request: Request, refused: VmsError | None) -> None:
        del actor
        self.audited.append(f"{type(request).__name__} {refused is None}")

    def ask(self, request: Request, actor: Actor = LI) -> Any:
        return self._owner.ask(actor, request)

    def save(self, name: str = "Gates", actor: Actor = LI, **more: Any) -> WallViewAnswer:
        return self.ask(SaveWallView(name, 4, (A, None, B), **more), actor)

    def refuses(self, request: Request, actor: Actor = LI) -> Kind:
        with pytest.raises(VmsError) as refused:
            self.ask(request, actor)
        return refused.value.kind

    def names(self, actor: Actor) -> list[str]:
        return [view.name for view in self.ask(ListWallViews(), actor)]

    def facts(self) -> list[dict[str, Any]]:
        with self.database.transaction() as session:
            return list(session.execute(text("SELECT data FROM journal_inbox WHERE type = 'wall_view.changed' ORDER BY id")).scalars())


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_a_view_is_saved_read_changed_and_removed(desk: Desk) -> None:
    made = desk.save()
    assert (made.cameras, made.layout, made.dwell_s, made.mine, made.may_change, made.revision) == ((A, None, B), 4, None, True, True, 1)
    changed: WallViewAnswer = desk.ask(UpdateWallView(made.id, revision=1, name="All gates", layout=1, dwell_s=20))
    assert (changed.name, changed.layout, changed.dwell_s, changed.cameras, changed.revision) == ("All gates", 1, 20, (A, None, B), 2)
    assert desk.refuses(UpdateWallView(made.id, revision=1, name="Late")) is Kind.PRECONDITION
    assert desk.ask(UpdateWallView(made.id, dwell_s=None)).dwell_s is None
    desk.ask(DeleteWallView(made.id))
    assert desk.refuses(GetWallView(made.id)) is Kind.NOT_FOUND


def test_another_sees_only_what_is_shared_and_changes_nothing_of_it(desk: Desk) -> None:
    own, shared = desk.save("Own"), desk.save("Shared", shared=True)
    assert desk.names(LI) == ["Own", "Shared"]
    assert desk.names(WANG) == ["Shared"]
    seen: WallViewAnswer = desk.ask(GetWallView(shared.id), WANG)
    assert (seen.mine, seen.may_change, seen.owner_name) == (False, False, "Li")
    assert desk.refuses(GetWallView(own.id), WANG) is Kind.NOT_FOUND
    assert desk.refuses(UpdateWallView(shared.id, name="x"), WANG) is Kind.FORBIDDEN
    assert desk.refuses(DeleteWallView(own.id), ADMIN) is Kind.NOT_FOUND
    desk.ask(DeleteWallView(shared.id), ADMIN)
    assert desk.names(WANG) == []


def test_without_the_right_to_watch_there_are_no_views(desk: Desk) -> None:
    assert desk.refuses(ListWallViews(), Actor("o9", "Guest", "person", "s9", frozenset({"list"}))) is Kind.FORBIDDEN


@pytest.mark.parametrize(
    "wrong",
    [
        SaveWallView("x", 7, (A,)),
        SaveWallView("x", 4, ()),
        SaveWallView("x", 4, (None, None)),
        SaveWallView("x", 4, ("not-an-id",)),
        SaveWallView("x", 4, (A,) * 201),
        SaveWallView("x", 1, (A, B), 4),
        SaveWallView("x", 4, (A, B), 10),
        SaveWallView(" ", 4, (A,)),
        SaveWallView("x", 4, (A,), id="7"),
    ],
)
def test_what_cannot_be_a_view_is_refused(desk: Desk, wrong: SaveWallView) -> None:
    assert desk.refuses(wrong) is Kind.BAD_REQUEST
    assert desk.names(LI) == []


def test_a_change_is_held_to_the_same_rules(desk: Desk) -> None:
    made = desk.save(dwell_s=None)
    assert desk.refuses(UpdateWallView(made.id, dwell_s=30)) is Kind.BAD_REQUEST
    assert desk.refuses(UpdateWallView(made.id, cameras=(None,))) is Kind.BAD_REQUEST
    assert desk.ask(GetWallView(made.id)).revision == 1


def test_one_officer_has_a_name_once_two_officers_may_share_it(desk: Desk) -> None:
    desk.save("Gates")
    other = desk.save("Square")
    assert desk.refuses(SaveWallView("Gates", 1, (C,))) is Kind.CONFLICT
    assert desk.refuses(UpdateWallView(other.id, name="Gates")) is Kind.CONFLICT
    desk.save("Gates", WANG)


def test_views_are_bounded_so_that_a_list_is_one_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAX_OWN", 2)
    monkeypatch.setattr(queries, "MAX_SHARED", 1)
    first = desk.save("1", shared=True)
    desk.save("2")
    assert desk.refuses(SaveWallView("3", 1, (A,))) is Kind.LIMIT
    assert desk.refuses(SaveWallView("1", 1, (A,), shared=True), WANG) is Kind.LIMIT
    desk.ask(UpdateWallView(first.id, name="1b"))  # what is there may be changed


def test_the_journal_names_what_is_shared_and_no_private_view(desk: Desk) -> None:
    own = desk.save("Own")
    desk.ask(UpdateWallView(own.id, shared=True))
    desk.ask(UpdateWallView(own.id, shared=False))
    desk.ask(DeleteWallView(own.id))
    told = [(fact["act"], fact["name"], fact["shared"]) for fact in desk.facts()]
    assert told == [("saved", "", False), ("changed", "Own", True), ("changed", "Own", True), ("removed", "", False)]


def test_changes_leave_an_act_in_the_audit_and_so_does_their_refusal(desk: Desk) -> None:
    made = desk.save()
    desk.ask(ListWallViews())
    desk.ask(DeleteWallView(made.id))
    desk.refuses(SaveWallView("x", 4, (A,)), Actor("o9", "Guest", "person", "s9", frozenset()))
    assert desk.audited == ["SaveWallView True", "DeleteWallView True", "SaveWallView False"]
