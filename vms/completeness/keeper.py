"""Keeps the figures of camera-days up to date: closes days, reads what is stale in batches, tells how far it is.

One life: a step after the other, with a pause after each so that the database has time for others. Not here: SQL (days).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.tasks import Bell
from vms.base.timespan import MAX_US, Span
from vms.completeness import days
from vms.completeness.days import Lane
from vms.completeness.figures import DAY_US, DayFigures, figures
from vms.owner.requests import GapSpan, RecordedSpan
from vms.record.open_table import OpenTable
from vms.record.planning import read_calendar, read_plans
from vms.record.reader import States
from vms.record.timeline import standing_claims, timeline
from vms.record.unplanned import Planned, unplanned_spans
from vms.registry.models import Camera

BATCH = 100
POLL_S = 20.0
PAUSE_S = 0.02
REST = 2.0
"""After a batch the keeper rests this many times as long as the batch took, so that it never takes more than a third of a core."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `done + waiting` camera-days since the queue was empty last."""

    done: int
    waiting: int


class Keeper:
    """The task, and what it knows of the present: open segments and who is away."""

    def __init__(self, database: Database, open_table: OpenTable, states: States, clock: Clock, *, zone: str, offset_us: int) -> None:
        """`zone` is that of the plans; days begin by `offset_us`, its distance from UTC."""
        self._database = database
        self._open = open_table
        self._states = states
        self._clock = clock
        self._zone = zone
        self._offset_us = offset_us
        self._bell: Bell | None = None
        self._done = 0

    @property
    def done(self) -> int:
        return self._done

    def ring(self) -> None:
        """Something was queued; from any thread."""
        if self._bell is not None:
            self._bell.ring()

    async def run(self) -> None:
        self._bell = Bell(self._clock)
        while True:
            await asyncio.to_thread(self.advance)
            while True:
                began_us = self._clock.mono_us()
                if not await asyncio.to_thread(self.step):
                    break
                took_s = (self._clock.mono_us() - began_us) / 1_000_000
                await self._clock.sleep(PAUSE_S + REST * took_s)
            await self._bell.wait(POLL_S)

    def advance(self) -> None:
        with self._database.transaction() as session:
            days.advance(session, self._offset_us, self._clock.wall_us())

    def step(self) -> int:
        """One batch of one day; how many camera-days were made."""
        with self._database.transaction() as session:
            start_us, lanes = days.take_stale(session, BATCH)
            if lanes:
                self._make(session, start_us, lanes)
            left = bool(lanes) or days.waiting(session).count
        self._done = self._done + len(lanes) if left else 0
        return len(lanes)

    def _make(self, session: Session, start_us: int, lanes: Sequence[Lane]) -> None:
        within, now_us = Span(start_us, start_us + DAY_US), self._clock.wall_us()
        growing = {lane: self._open.segments(*lane, *within) for lane in lanes}  # before the rows, as in a timeline
        recorded = days.recorded_spans(session, lanes, within)
        told = days.gap_claims(session, lanes, within)
        cameras = days.cameras_of(session, lanes)
        plans = read_plans(session, {camera.record for camera in cameras.values()})
        calendar = read_calendar(session, self._zone, now_us)
        made: dict[Lane, DayFigures] = {}
        for lane in lanes:
            spans = [RecordedSpan(s.start_us, s.end_us) for s in growing[lane]]
            spans += [RecordedSpan(s.start_us, s.end_us, state="ok" if s.state == "ok" else "damaged") for s in recorded[lane]]
            claims = [GapSpan(s.gap.from_us, s.start_us, s.gap.cause, s.gap.detail) for s in growing[lane] if s.gap is not None]
            camera = cameras.get(lane[0])
            planned = None if camera is None else Planned(camera.id, plans[camera.record], calendar)
            nothing = [] if planned is None else unplanned_spans(session, planned, lane[1], within, now_us)
            claims += told[lane] + self._standing(camera, lane, nothing)
            made[lane] = figures(timeline(*within, now_us, spans, claims))
        days.keep(session, start_us, now_us, made)

    def _standing(self, camera: Camera | None, lane: Lane, unplanned: Sequence[Span]) -> list[GapSpan]:
        """What explains the holes that no row tells of, in the order of record.reader's timeline."""
        trouble = self._open.trouble(*lane)
        claims = [] if trouble is None else [GapSpan(trouble.from_us, MAX_US, trouble.cause, trouble.detail)]
        if camera is None:
            return [*claims, GapSpan(0, MAX_US, "not_registered")]
        if camera.removed_us is not None:
            claims.append(GapSpan(camera.removed_us, MAX_US, "not_registered"))
        if camera.removed_us is None and not camera.enabled:
            unplanned = [Span(0, MAX_US)]
        away = self._states(*lane)
        return claims + standing_claims(
            created_us=camera.created_us,
            unplanned=unplanned,
            offline_since_us=away.since_us if away else None,
            offline_cause=away.cause if away else None,
        )
