"""Handlers of the completeness requests: local days in, kept figures out, documents made from the same rows.

Not here: figures (figures), SQL (days, pages), the document's form (statement, tables).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US, Span
from vms.completeness import days, pages
from vms.completeness.about import About
from vms.completeness.figures import DAY_US, DayFigures, total
from vms.completeness.keeper import Keeper
from vms.completeness.models import RecordingDay
from vms.completeness.pages import CameraRow, Wanted
from vms.completeness.statement import package
from vms.completeness.tables import as_csv, as_html
from vms.owner.ask import Owner
from vms.owner.completeness import (
    CameraCompleteness,
    CameraDays,
    CompletenessPage,
    CompletenessStatement,
    DayView,
    Document,
    Figures,
    ListCompleteness,
    RefreshAnswer,
    RefreshCompleteness,
)
from vms.owner.requests import Actor
from vms.record.causes import GAP_CAUSES
from vms.registry.models import Camera
from vms.registry.queries import camera_id, checked_limit, find_region

MAX_DAYS = 62
PAGE = 500
MAX_STATEMENT_CAMERAS = 2_000
"""A statement is a paper for people: a region of a city, not the whole of a province."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the handlers need. `keys` is the folder of the node's keys."""

    node_id: str
    node_name: str
    level: str
    keys: Path
    keeper: Keeper
    clock: Clock
    offset_us: int

    def page(self, session: Session, _actor: Actor, request: ListCompleteness) -> CompletenessPage:
        wanted = self._wanted(session, request.from_day, request.to_day, request.region_id)
        if request.cause is not None and request.cause not in GAP_CAUSES:
            raise VmsError(Kind.BAD_REQUEST, "no such cause", cause=request.cause[:40])
        wanted = wanted._replace(cause=request.cause, order=request.order)
        rows, following = pages.camera_rows(session, wanted, request.cursor, checked_limit(request.limit))
        count, sums = pages.totals(session, wanted)
        return CompletenessPage(
            from_day=request.from_day,
            to_day=request.to_day,
            cameras=count,
            total=_view(sums),
            items=self._cameras(session, rows, wanted.within),
            next=following,
            done=self.keeper.done,
            waiting=days.waiting(session).count,
        )

    def camera(self, session: Session, _actor: Actor, request: CameraCompleteness) -> CameraDays:
        within = self._within(request.from_day, request.to_day)
        camera = session.get_one(Camera, camera_id(session, request.camera))
        row = CameraRow(0, camera.id, request.profile, camera.name, camera.code, camera.region_id)
        return self._cameras(session, [row], within)[0]

    def refresh(self, session: Session, _actor: Actor, request: RefreshCompleteness) -> RefreshAnswer:
        within = self._within(request.from_day, request.to_day)
        today = days.day_start(self.clock.wall_us(), self.offset_us)
        for start_us in range(within.start_us, min(within.end_us, today + DAY_US), DAY_US):
            days.queue_day(session, start_us)
        event.listen(session, "after_commit", self._ring, once=True)
        return RefreshAnswer(days.waiting_in(session, within))

    def statement(self, session: Session, actor: Actor, request: CompletenessStatement) -> Document:
        """Raises TOO_LARGE for more cameras than one statement takes."""
        wanted = self._wanted(session, request.from_day, request.to_day, request.region_id)._replace(order="name")
        cameras: list[CameraDays] = []
        cursor: str | None = None
        while True:
            rows, cursor = pages.camera_rows(session, wanted, cursor, PAGE)
            cameras += self._cameras(session, rows, wanted.within)
            if cursor is None:
                break
            if len(cameras) >= MAX_STATEMENT_CAMERAS:
                raise VmsError(Kind.TOO_LARGE, "too many cameras for one statement: choose a region", limit=MAX_STATEMENT_CAMERAS)
        sums = _view(total(_figures(camera.total) for camera in cameras))
        about = About(
            node_id=self.node_id,
            node_name=self.node_name,
            level=self.level,
            made_us=self.clock.wall_us(),
            made_by=actor.name,
            from_day=request.from_day,
            to_day=request.to_day,
            offset_us=self.offset_us,
            region_id=request.region_id,
            region_name=find_region(session, request.region_id).name if request.region_id else None,
            waiting=days.waiting_in(session, wanted.within),
        )
        name = f"completeness-{request.from_day}-{request.to_day}"
        if request.format == "csv":
            return Document(f"{name}.csv", "text/csv; charset=utf-8", as_csv(about, cameras, request.language))
        if request.format == "html":
            return Document(f"{name}.html", "text/html; charset=utf-8", as_html(about, sums, cameras, request.language))
        return Document(f"{name}.zip", "application/zip", package(self.keys, about, sums, cameras))

    def _ring(self, _session: Session) -> None:
        self.keeper.ring()

    def _wanted(self, session: Session, from_day: str, to_day: str, region_id: str | None) -> Wanted:
        if region_id is not None:
            find_region(session, region_id)
        return Wanted(self._within(from_day, to_day), region_id)

    def _within(self, from_day: str, to_day: str) -> Span:
        first, last = _date(from_day), _date(to_day)
        if not first <= last < first + timedelta(days=MAX_DAYS):
            raise VmsError(Kind.BAD_REQUEST, f"give days: from at or before to, at most {MAX_DAYS}", place="from")
        return Span(_us(first) - self.offset_us, _us(last) + DAY_US - self.offset_us)

    def _cameras(self, session: Session, rows: list[CameraRow], within: Span) -> tuple[CameraDays, ...]:
        kept = pages.days_of(session, [(row.camera, row.profile) for row in rows], within)
        return tuple(self._camera(row, kept[row.camera, row.profile]) for row in rows)

    def _camera(self, row: CameraRow, kept: list[RecordingDay]) -> CameraDays:
        told = [_of_row(day) for day in kept]
        views = tuple(DayView(self._day(d.start_us), d.start_us, d.read_us, _view(f)) for d, f in zip(kept, told, strict=True))
        return CameraDays(row.camera, row.profile, row.name, row.code, row.region_id, _view(total(told)), views)

    def _day(self, start_us: int) -> str:
        return datetime.fromtimestamp((start_us + self.offset_us) // SECOND_US, UTC).strftime("%Y-%m-%d")


def register(owner: Owner, desk: Desk) -> None:
    """Bind the handlers of this package's requests."""
    owner.register(ListCompleteness, desk.page)
    owner.register(CameraCompleteness, desk.camera)
    owner.register(RefreshCompleteness, desk.refresh)
    owner.register(CompletenessStatement, desk.statement)


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise VmsError(Kind.BAD_REQUEST, "give a day as YYYY-MM-DD", given=text[:40]) from error
    if not 1971 <= found.year <= 9998 or found.isoformat() != text:
        raise VmsError(Kind.BAD_REQUEST, "give a day as YYYY-MM-DD, from 1971 on", given=text[:40])
    return found


def _us(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND_US


def _of_row(row: RecordingDay) -> DayFigures:
    return DayFigures(row.told_us, row.planned_us, row.recorded_us, row.joined_us, row.damaged_us, row.gaps)


def _figures(view: Figures) -> DayFigures:
    return DayFigures(*view[:-1])


def _view(told: DayFigures) -> Figures:
    return Figures(*told, rate_ppm=told.rate_ppm)
