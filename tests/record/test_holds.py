"""Holds: two persons, each state, what time does, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.record.kept import DAY_US, HOUR_US, LI, OTHER, WANG, Store
from tests.record.reports import CAMERA, T0_US
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.owner import holds as requests
from vms.owner.ask import Owner, may
from vms.owner.holds import HoldPage, HoldView
from vms.owner.requests import Actor, Request
from vms.owner.storage import SetRule
from vms.record.handlers import register_holds, register_kept
from vms.record.holds import AFTER_US, UNDECIDED_US, Holds, pass_time
from vms.record.kept import KeptDesk
from vms.record.models import Hold, RetentionRule

pytestmark = pytest.mark.enable_socket
ZHAO = Actor("zhao", "Zhao", "person", rights=WANG.rights)


class Desk:
    def __init__(self, database: Database, path: Path) -> None:
        self.store = Store(database, path)
        self.owner = Owner(database, may, lambda actor, request, refused: None)
        register_holds(self.owner, self.store.holds)

    def ask(self, actor: Actor, request: Request) -> HoldView:
        return self.owner.ask(actor, request)

    def refused(self, actor: Actor, request: Request) -> Kind:
        with pytest.raises(VmsError) as refusal:
            self.owner.ask(actor, request)
        return refusal.value.kind

    def request(self, actor: Actor = WANG, *, days: int = 100, cameras: tuple[str, ...] = (CAMERA,)) -> str:
        now_us = self.store.clock.wall_us()
        return self.ask(actor, requests.Hold(cameras, T0_US, T0_US + HOUR_US, "A1", "D1", "theft", now_us + days * DAY_US)).id

    def held(self, *, days: int = 100) -> str:
        hold = self.request(days=days)
        self.ask(LI, requests.ApproveHold(hold))
        return hold

    def wait(self, us: int) -> None:
        self.store.clock.step_wall(us)
        with self.store.database.transaction() as session:
            pass_time(session, self.store.clock.wall_us())

    def view(self, hold: str) -> HoldView:
        return self.ask(WANG, requests.GetHold(hold))

    def acts(self) -> list[object]:
        return [data["act"] for _, data in self.store.facts("hold.state")]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


def test_a_request_protects_at_once_and_another_person_approves_it(desk: Desk) -> None:
    hold = desk.request()
    view = desk.view(hold)
    assert (view.state, view.protects, view.decide_before_us) == ("requested", True, T0_US + UNDECIDED_US)
    assert desk.refused(WANG, requests.ApproveHold(hold)) == Kind.FORBIDDEN
    approved = desk.ask(LI, requests.ApproveHold(hold))
    assert (approved.state, approved.decided, approved.decide_before_us) == ("held", ("li", "Li", T0_US), None)
    assert desk.refused(ZHAO, requests.ApproveHold(hold)) == Kind.CONFLICT
    assert desk.acts() == ["request", "approve"]
    assert desk.store.rang == 2


def test_what_nobody_approves_lapses_and_protects_a_day_more(desk: Desk) -> None:
    hold = desk.request()
    desk.wait(UNDECIDED_US - 1)
    assert desk.view(hold).state == "requested"
    desk.wait(1)
    assert (desk.view(hold).state, desk.view(hold).protects) == ("lapsed", True)
    desk.wait(AFTER_US)
    assert not desk.view(hold).protects
    assert desk.acts() == ["request", "lapse"]


def test_a_rejected_one_protects_a_day_more_and_says_why(desk: Desk) -> None:
    hold = desk.request()
    assert desk.refused(WANG, requests.RejectHold(hold, "no ground")) == Kind.FORBIDDEN
    view = desk.ask(LI, requests.RejectHold(hold, "no ground"))
    assert (view.state, view.note, view.protects_until_us) == ("rejected", "no ground", T0_US + AFTER_US)


def test_an_extension_takes_two_persons_and_never_shortens(desk: Desk) -> None:
    hold = desk.held(days=10)
    assert desk.refused(WANG, requests.ExtendHold(hold, T0_US + 9 * DAY_US)) == Kind.BAD_REQUEST
    assert desk.ask(WANG, requests.ExtendHold(hold, T0_US + 20 * DAY_US)).expires_us == T0_US + 10 * DAY_US
    assert desk.refused(WANG, requests.ApproveExtension(hold)) == Kind.FORBIDDEN
    assert desk.ask(LI, requests.ApproveExtension(hold)).expires_us == T0_US + 20 * DAY_US
    assert desk.refused(LI, requests.ApproveExtension(hold)) == Kind.CONFLICT


def test_a_release_takes_two_persons_and_protects_a_day_more(desk: Desk) -> None:
    hold = desk.held()
    assert desk.refused(LI, requests.Release(hold)) == Kind.CONFLICT
    assert desk.ask(LI, requests.RequestRelease(hold, "D2", "closed")).protects_until_us is None
    assert desk.refused(LI, requests.Release(hold)) == Kind.FORBIDDEN
    assert desk.refused(ZHAO, requests.RequestRelease(hold, "D3", "closed")) == Kind.CONFLICT
    view = desk.ask(WANG, requests.Release(hold))
    assert (view.state, view.protects, view.protects_until_us) == ("released", True, T0_US + AFTER_US)


def test_a_release_that_is_refused_or_forgotten_leaves_the_hold(desk: Desk) -> None:
    hold = desk.held()
    desk.ask(WANG, requests.RequestRelease(hold, "D2", "closed"))
    assert desk.refused(WANG, requests.RefuseRelease(hold, "no")) == Kind.FORBIDDEN
    view = desk.ask(LI, requests.RefuseRelease(hold, "trial pending"))
    assert (view.state, view.note, view.release) == ("held", "trial pending", None)
    desk.ask(WANG, requests.RequestRelease(hold, "D2", "closed"))
    desk.wait(UNDECIDED_US)
    assert desk.view(hold).state == "held"
    assert desk.acts()[-1] == "release_lapse"


def test_expiry_warns_asks_for_a_release_and_ends_nothing(desk: Desk) -> None:
    hold = desk.held(days=20)
    desk.wait(7 * DAY_US)
    assert [kind for kind, _ in desk.store.facts("hold.expiring")] == ["hold.expiring"]
    desk.wait(13 * DAY_US)
    view = desk.view(hold)
    assert (view.state, view.protects, view.protects_until_us) == ("release_requested", True, None)
    assert view.release is not None and view.release.id == ""
    desk.wait(400 * DAY_US)
    assert desk.view(hold).state == "release_requested"  # nobody decided: it goes on protecting
    assert desk.refused(WANG, requests.Release(hold)) == Kind.FORBIDDEN  # who asked for the hold is the first of the two
    assert desk.ask(ZHAO, requests.Release(hold)).state == "released"
    assert len(desk.store.facts("hold.expiring")) == 1


def test_an_expired_hold_can_be_extended_or_its_release_refused(desk: Desk) -> None:
    hold = desk.held(days=1)
    desk.wait(DAY_US)
    assert desk.view(hold).state == "release_requested"
    desk.ask(LI, requests.RefuseRelease(hold, "still needed"))
    desk.wait(DAY_US)
    assert desk.view(hold).state == "held"
    desk.wait(14 * DAY_US)
    assert desk.view(hold).state == "release_requested"
    desk.ask(WANG, requests.ExtendHold(hold, desk.store.clock.wall_us() + 50 * DAY_US))
    assert desk.ask(LI, requests.ApproveExtension(hold)).state == "held"


def test_holds_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    made: list[str] = []
    for n in range(5):
        desk.store.clock.step_wall(1000)
        made.append(desk.request(cameras=(CAMERA, OTHER) if n % 2 else (CAMERA,)))
    first: HoldPage = desk.owner.ask(WANG, requests.ListHolds(limit=3))
    rest: HoldPage = desk.owner.ask(WANG, requests.ListHolds(limit=3, cursor=first.next))
    assert [view.id for view in (*first.items, *rest.items)] == made[::-1]
    assert rest.next is None
    of_other: HoldPage = desk.owner.ask(WANG, requests.ListHolds(camera=OTHER))
    assert [view.cameras for view in of_other.items] == [(CAMERA, OTHER)] * 2


BAD: list[tuple[str, Callable[[], requests.Hold]]] = [
    ("no camera", lambda: requests.Hold((), T0_US, T0_US + 1, "c", "d", "r", T0_US + DAY_US)),
    ("backwards", lambda: requests.Hold((CAMERA,), T0_US, T0_US, "c", "d", "r", T0_US + DAY_US)),
    ("expired", lambda: requests.Hold((CAMERA,), T0_US, T0_US + 1, "c", "d", "r", T0_US)),
    ("no document", lambda: requests.Hold((CAMERA,), T0_US, T0_US + 1, "c", " ", "r", T0_US + DAY_US)),
    ("control character", lambda: requests.Hold((CAMERA,), T0_US, T0_US + 1, "c", "d", "r\x00", T0_US + DAY_US)),
    ("too long", lambda: requests.Hold((CAMERA,), T0_US, T0_US + 1, "c" * 201, "d", "r", T0_US + DAY_US)),
]


@pytest.mark.parametrize("asked", [make for _, make in BAD], ids=[name for name, _ in BAD])
def test_what_cannot_be_held_is_refused(desk: Desk, asked: Callable[[], requests.Hold]) -> None:
    assert desk.refused(WANG, asked()) == Kind.BAD_REQUEST


def test_nobody_holds_or_decides_without_the_right(desk: Desk) -> None:
    nobody = Actor("x", "X", "person", rights=frozenset({"playback"}))
    assert desk.refused(nobody, requests.Hold((CAMERA,), 1, 2, "c", "d", "r", T0_US + DAY_US)) == Kind.FORBIDDEN
    hold = desk.request()
    assert desk.refused(nobody, requests.ApproveHold(hold)) == Kind.FORBIDDEN
    assert desk.refused(WANG, requests.GetHold("nothing")) == Kind.NOT_FOUND


def test_retention_is_told_behind_the_commit_of_a_change_and_never_of_one_that_was_rolled_back(database: Database, tmp_path: Path) -> None:
    desk, seen = Desk(database, tmp_path), list[list[str]]()

    def look() -> None:
        with database.transaction() as session:
            seen.append([*map(str, session.scalars(select(Hold.id))), *map(str, session.scalars(select(RetentionRule.subject_id)))])

    volumes = {desk.store.volume.id: desk.store.volume}
    owner = Owner(database, may, lambda actor, request, refused: None)
    holds = Holds(desk.store.camera, volumes, desk.store.clock, look)
    kept = KeptDesk(desk.store.place, desk.store.camera, desk.store.clock, lambda volume: False, look)
    register_holds(owner, holds)
    register_kept(owner, kept)
    asked = requests.Hold((CAMERA,), T0_US, T0_US + HOUR_US, "A1", "D1", "theft", T0_US + DAY_US)
    with pytest.raises(RuntimeError, match="rolled back"), database.transaction() as session:
        holds.request(session, WANG, asked)
        kept.set_rule(session, WANG, SetRule("camera", CAMERA, 30, None))
        raise RuntimeError("rolled back")
    assert seen == []
    hold = owner.ask(WANG, asked).id
    owner.ask(WANG, SetRule("camera", CAMERA, 30, None))
    assert seen == [[hold], [hold, CAMERA]]
