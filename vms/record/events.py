"""Events: started and stopped by whoever may trigger, ended by themselves, kept as rows and told as facts.

A camera's plan says what an event records; a forced one records main whatever it says. Later triggers (alarms) ask the same request.
Not here: recording (prerecord), orders (control).
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import Database, after_commit
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.base.journal import announce
from vms.base.log import get_log
from vms.base.secrets import Envelope
from vms.base.tasks import Bell
from vms.base.timespan import MAX_US, SECOND_US, Span
from vms.owner.plans import EventView, ListEvents, ListRunningEvents, StartEvent, StopEvents
from vms.owner.requests import Actor
from vms.record import event_queries as queries
from vms.record.facts import EventEnded, EventStarted
from vms.record.models import RecordEvent
from vms.registry import changes, rules
from vms.registry.changes import Repeat
from vms.registry.queries import camera_id, find_camera

MAX_DURATION_S = 86_400
MAX_REASON_CHARS = 200
MAX_SPAN_US = 400 * 86_400 * SECOND_US
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class EventDesk:
    """`on_change` runs with the camera's id after the commit of each start and stop, in its thread."""

    envelope: Envelope
    clock: Clock
    on_change: Callable[[str], None]

    def start(self, session: Session, actor: Actor, request: StartEvent) -> EventView:
        """The event, new or prolonged; a repeated request with the same Idempotency-Key answers the one it made."""
        camera, now_us = find_camera(session, request.camera, lock=True), self.clock.wall_us()
        reason = _clean(request.reason)
        if not 1 <= request.duration_s <= MAX_DURATION_S:
            raise VmsError(Kind.BAD_REQUEST, f"duration_s must be 1 to {MAX_DURATION_S}", place="duration_s")
        repeat = None if request.idempotency_key is None else _repeat(actor, request, request.idempotency_key)
        made = None if repeat is None else changes.remembered(session, self.envelope, repeat, now_us)
        if made is not None:
            return _view(session.get_one(RecordEvent, made))
        wanted = RecordEvent(
            id=new_id(now_us),
            camera_id=camera.id,
            start_us=now_us,
            end_us=now_us + request.duration_s * SECOND_US,
            source=actor.name,
            reason=reason,
            forced=request.forced,
            told=False,
        )
        event = _prolonged(session, wanted) or _started(session, wanted)
        if repeat is not None:
            changes.remember(session, self.envelope, repeat, event.id, now_us)
        after_commit(session, partial(self.on_change, camera.id))
        return _view(event)

    def stop(self, session: Session, actor: Actor, request: StopEvents) -> tuple[EventView, ...]:
        """What was ended. Naming an event that does not last is NOT_FOUND; with nothing named there may be nothing to end."""
        camera, now_us = find_camera(session, request.camera), self.clock.wall_us()
        lasting = queries.running_at(session, camera.id, now_us, lock=True)
        if request.event is not None:
            lasting = [event for event in lasting if event.id == request.event]
            if not lasting:
                raise VmsError(Kind.NOT_FOUND, "no such event lasts at this camera", event=request.event[:64])
        for event in lasting:
            event.end_us, event.told = max(event.start_us, now_us), True
            announce(session, _ended(event, actor.name), now_us=now_us)
        after_commit(session, partial(self.on_change, camera.id))
        return tuple(map(_view, lasting))

    def list(self, session: Session, _actor: Actor, request: ListEvents) -> tuple[EventView, ...]:
        """Of a removed camera too."""
        if not 0 <= request.from_us < request.to_us <= MAX_US or request.to_us - request.from_us > MAX_SPAN_US:
            raise VmsError(Kind.BAD_REQUEST, "give a span: from before to, at most 400 days", from_us=request.from_us)
        if not 1 <= request.limit <= 500:
            raise VmsError(Kind.BAD_REQUEST, "limit must be 1 to 500", limit=request.limit)
        camera = camera_id(session, request.camera)
        return tuple(map(_view, queries.touching(session, camera, Span(request.from_us, request.to_us), request.limit)))

    def list_running(self, session: Session, _actor: Actor, _request: ListRunningEvents) -> tuple[EventView, ...]:
        return tuple(map(_view, queries.running(session, self.clock.wall_us())))


class EventEnds:
    """A supervised task: tells of events that end by themselves. One that ended while nobody ran is told at the start."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._bell: Bell | None = None
        self._log = get_log("record.events")

    def ring(self) -> None:
        """An event began or was changed; from any thread."""
        if self._bell is not None:
            self._bell.ring()

    async def run(self) -> None:
        self._bell = Bell(self._clock)
        while True:
            try:
                next_us = await asyncio.to_thread(self._tell)
            except VmsError as error:
                self._log.warning("ends of events wait for the database", error=error.message)
                next_us = None
            wait_s = LONGEST_WAIT_S if next_us is None else max(0.0, (next_us - self._clock.wall_us()) / SECOND_US)
            await self._bell.wait(min(LONGEST_WAIT_S, wait_s + 0.05))

    def _tell(self) -> int | None:
        now_us = self._clock.wall_us()
        with self._database.transaction() as session:
            for event in queries.tell_ended(session, now_us):
                announce(session, _ended(event, ""), now_us=now_us)
            return queries.next_end_us(session)


def _prolonged(session: Session, wanted: RecordEvent) -> RecordEvent | None:
    """A trigger that repeats itself makes one event longer, up to a day."""
    for event in queries.running_at(session, wanted.camera_id, wanted.start_us, lock=True):
        if (event.source, event.reason, event.forced) == (wanted.source, wanted.reason, wanted.forced):
            event.end_us = max(event.end_us, min(wanted.end_us, event.start_us + queries.MOST_US))
            session.flush()
            return event
    return None


def _started(session: Session, event: RecordEvent) -> RecordEvent:
    session.add(event)
    session.flush()
    fact = EventStarted(event.camera_id, event.id, event.source, event.reason, event.start_us, event.end_us, event.forced)
    announce(session, fact, now_us=event.start_us)
    return event


def _view(event: RecordEvent) -> EventView:
    return EventView(event.id, event.camera_id, event.start_us, event.end_us, event.source, event.reason, event.forced)


def _ended(event: RecordEvent, by: str) -> EventEnded:
    return EventEnded(event.camera_id, event.id, event.reason, event.start_us, event.end_us, by)


def _clean(reason: str) -> str:
    cleaned = unicodedata.normalize("NFC", reason).strip()
    if len(cleaned) > MAX_REASON_CHARS or any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned):
        raise VmsError(Kind.BAD_REQUEST, f"reason must be at most {MAX_REASON_CHARS} characters without control characters", place="reason")
    return cleaned


def _repeat(actor: Actor, request: StartEvent, key: str) -> Repeat:
    rules.check_repeat_key(key)
    said = json.dumps(dataclasses.asdict(request), sort_keys=True)
    return Repeat(actor.id, key, hashlib.sha256(said.encode()).digest())
