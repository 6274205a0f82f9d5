"""Events on the real path: started, prolonged, stopped, told when they end by themselves, and what orders read of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from tests.construction.desk import TestDesk
from tests.stream.links import on_a_loop
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US
from vms.owner.ask import Owner, may
from vms.owner.plans import EventView, ListEvents, ListRunningEvents, StartEvent, StopEvents
from vms.owner.requests import Actor, Request
from vms.record.event_queries import ending_after
from vms.record.events import EventDesk, EventEnds
from vms.record.handlers import register_events
from vms.registry.models import Camera

DOOR = Actor("t1", "door system", "token", "", frozenset({"trigger"}))
OFFICER = Actor("a1", "officer", "person", "s1", frozenset({"list", "playback", "trigger"}))


class Events:
    """The desk of events beside a registration desk, on one database."""

    def __init__(self, database: Database) -> None:
        self.registration = TestDesk(database)
        self.database, self.clock = database, self.registration.clock
        self.camera = self.registration.camera().id
        self.changes = 0
        self._owner = Owner(database, may, lambda actor, request, refused: None)
        register_events(self._owner, EventDesk(self.registration.envelope, self.clock, self._changed))

    def _changed(self, camera: str) -> None:
        assert camera == self.camera
        self.changes += 1

    def ask(self, request: Request, actor: Actor = DOOR) -> Any:
        return self._owner.ask(actor, request)

    def start(self, **fields: Any) -> EventView:
        said: dict[str, Any] = {"reason": "open", "duration_s": 10} | fields
        return self.ask(StartEvent(self.camera, **said))

    def facts(self) -> list[str]:
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT type FROM journal_inbox WHERE type LIKE 'event.%' ORDER BY id"))
            return list(rows.scalars())


@pytest.fixture
def events(database: Database) -> Events:
    return Events(database)


def test_an_event_lasts_as_long_as_it_was_told_and_repeats_make_it_longer(events: Events) -> None:
    first = events.start()
    assert (first.end_us - first.start_us, first.source) == (10 * SECOND_US, "door system")
    events.clock.step_mono(4 * SECOND_US)
    again = events.start()
    assert (again.id, again.end_us - first.end_us) == (first.id, 4 * SECOND_US)
    assert events.start(reason="forced open").id != first.id
    assert [e.reason for e in events.ask(ListRunningEvents(), OFFICER)] == ["open", "forced open"]
    assert events.facts() == ["event.started", "event.started"]
    assert events.changes == 3


def test_stopping_ends_what_lasts_once(events: Events) -> None:
    first, second = events.start(), events.start(reason="other")
    events.clock.step_mono(1 * SECOND_US)
    stopped = events.ask(StopEvents(events.camera, first.id))
    assert [(e.id, e.end_us - e.start_us) for e in stopped] == [(first.id, SECOND_US)]
    assert [e.id for e in events.ask(StopEvents(events.camera))] == [second.id]
    assert events.ask(StopEvents(events.camera)) == ()
    with pytest.raises(VmsError) as gone:
        events.ask(StopEvents(events.camera, first.id))
    assert gone.value.kind is Kind.NOT_FOUND
    assert events.facts() == ["event.started", "event.started", "event.ended", "event.ended"]


def test_a_repeated_request_answers_its_event(events: Events) -> None:
    first = events.start(idempotency_key="k")
    events.ask(StopEvents(events.camera))
    assert events.start(idempotency_key="k").id == first.id
    assert events.start().id != first.id


def test_who_may_only_trigger_learns_nothing_else_and_who_may_not_finds_no_camera(events: Events) -> None:
    for request, actor in ((ListEvents(events.camera, 0, 1), DOOR), (StartEvent(events.camera), Actor("x", "x", "person"))):
        with pytest.raises(VmsError) as refused:
            events.ask(request, actor)
        assert refused.value.kind is Kind.NOT_FOUND


@pytest.mark.parametrize("fields", [{"duration_s": 0}, {"duration_s": 86_401}, {"reason": "a\nb"}, {"reason": "x" * 201}])
def test_a_wrong_event_is_refused(events: Events, fields: dict[str, Any]) -> None:
    with pytest.raises(VmsError) as refused:
        events.start(**fields)
    assert refused.value.kind is Kind.BAD_REQUEST


def test_the_past_is_listed_and_orders_read_what_still_matters(events: Events) -> None:
    first = events.start()
    events.clock.step_mono(100 * SECOND_US)
    second = events.start()
    now_us = events.clock.wall_us()
    listed = events.ask(ListEvents(events.camera, first.start_us, now_us + 1), OFFICER)
    assert [e.id for e in listed] == [first.id, second.id]
    assert events.ask(ListEvents(events.camera, first.end_us + 1, now_us), OFFICER) == ()
    with pytest.raises(VmsError):
        events.ask(ListEvents(events.camera, 5, 5), OFFICER)
    with events.database.transaction() as session:
        assert [e.id for e in ending_after(session, now_us - 50 * SECOND_US)] == [second.id]
        assert session.get_one(Camera, events.camera).record == "always"


def test_an_event_that_ends_by_itself_is_told_once_also_by_the_next_control(events: Events) -> None:
    events.start()
    events.clock.step_mono(20 * SECOND_US)

    @on_a_loop
    async def tell() -> None:
        task = asyncio.ensure_future(EventEnds(events.database, events.clock).run())
        for _ in range(200):
            if len(await asyncio.to_thread(events.facts)) == 2:
                break
            await asyncio.sleep(0.01)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    tell()
    tell()
    assert events.facts() == ["event.started", "event.ended"]
