"""Answers about the past: Timeline, OpenSpan, Clip, Calendar, Segments. Rows and open segments together, read in control.

The edge gets extents, whole GOPs inside named files, and reads the bytes itself (invariant 9: after `ask` said yes).
Not here: interval arithmetic (timeline), SQL (queries), bytes (playback).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US, Span, gaps, merge
from vms.owner.ask import Owner
from vms.owner.requests import (
    Actor,
    Calendar,
    CalendarAnswer,
    CameraRequest,
    Clip,
    ContinueSpan,
    Extent,
    GapSpan,
    OpenSpan,
    RecordedSpan,
    SegmentPage,
    Segments,
    SegmentView,
    SnapshotAt,
    SpanOpened,
    Timeline,
    TimelineAnswer,
)
from vms.record import damages, gop_table, queries, week
from vms.record.joins import joined, with_origin
from vms.record.models import Segment
from vms.record.open_table import OpenTable
from vms.record.plan import Plan
from vms.record.reports import GopRow, OpenSegment
from vms.record.stored import held_ranges
from vms.record.timeline import standing_claims, timeline
from vms.record.unplanned import Planned, unplanned_spans

DAY_US = 86_400_000_000
MAX_DAYS = 62
MAX_SPAN_US = 400 * DAY_US
MAX_EXTENTS = 500


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What the register knows of a camera, with its plan as it is now."""

    id: str
    created_us: int
    plan: Plan
    calendar: week.Calendar


@dataclass(frozen=True, slots=True)
class Away:
    """A camera profile that does not send now: since when, and the camera's cause."""

    since_us: int
    cause: str | None


class Cameras(Protocol):
    """The register: a camera by id or code, also a removed one. Raises NOT_FOUND."""

    def __call__(self, session: Session, key: str) -> CameraFacts: ...


class States(Protocol):
    """The live state: None while the profile sends."""

    def __call__(self, camera: str, profile: str) -> Away | None: ...


class Reader:
    """The handlers, with what they ask bound to them. `roots` maps a volume's id to its path on this machine."""

    def __init__(self, open_table: OpenTable, cameras: Cameras, states: States, clock: Clock, roots: Mapping[str, str]) -> None:
        self._open = open_table
        self._cameras = cameras
        self._states = states
        self._clock = clock
        self._roots = roots

    def timeline(self, session: Session, actor: Actor, request: Timeline) -> TimelineAnswer:
        camera, asked = self._asked(session, request, request.from_us, request.to_us)
        now_us = self._clock.wall_us()
        return self._timeline(session, camera, request.profile, asked, now_us)

    def open_span(self, session: Session, actor: Actor, request: OpenSpan) -> SpanOpened:
        """Extents from the key frame at or before `from` on; when `limit` cuts, ask again from the last extent's end."""
        camera, asked = self._asked(session, request, request.from_us, request.to_us)
        limit = min(request.limit, MAX_EXTENTS)
        if limit < 1:
            raise VmsError(Kind.BAD_REQUEST, "limit must be at least 1", limit=request.limit)
        growing = self._open.segments(camera.id, request.profile, *asked)  # before the rows, as in the timeline
        rows = queries.segments(session, camera.id, request.profile, asked, limit + 1)
        known = {row.path for row in rows}
        bad = damages.damaged_spans(session, camera.id, request.profile, asked)
        found = [e for row in rows if row.state != "missing" for e in self._extents_of_row(row, asked, bad)]
        found += [e for item in growing if item.path not in known and (e := self._extent_of_open(item, asked))]
        found.sort(key=lambda extent: extent.start_us)
        leads = {self._path(row.volume, row.path): row.lead_us for row in rows if row.lead_us and row.end_us > asked.start_us}
        found = joined(found, leads) if leads else found
        complete = len(found) <= limit
        extents = tuple(found[:limit])
        covered = Span(asked.start_us, asked.end_us if complete else max(asked.start_us, extents[-1].end_us))
        answer = self._timeline(session, camera, request.profile, covered, self._clock.wall_us())
        return SpanOpened(camera.id, request.profile, extents, answer.gaps, complete)

    def calendar(self, session: Session, actor: Actor, request: Calendar) -> CalendarAnswer:
        camera = self._asked(session, request, request.from_us, request.to_us)[0]
        return self._calendars(session, [camera.id], request)[0]

    def calendars(self, session: Session, actor: Actor, requests: Sequence[Calendar]) -> list[CalendarAnswer | None]:
        """Of several cameras: those that ask for the same profile and days are read together."""
        groups: dict[Calendar, list[tuple[int, str]]] = {}
        for place, request in enumerate(requests):
            try:
                camera = self._asked(session, request, request.from_us, request.to_us)[0]
            except VmsError as error:
                if error.kind is not Kind.NOT_FOUND:
                    raise
                continue
            groups.setdefault(replace(request, camera=""), []).append((place, camera.id))
        answers: list[CalendarAnswer | None] = [None] * len(requests)
        for request, members in groups.items():
            found = self._calendars(session, [camera for _, camera in members], request)
            for (place, _), answer in zip(members, found, strict=True):
                answers[place] = answer
        return answers

    def _calendars(self, session: Session, cameras: Sequence[str], request: Calendar) -> list[CalendarAnswer]:
        days = _days(Span(request.from_us, request.to_us), request.offset_minutes)
        offset_us = request.offset_minutes * 60_000_000
        answers: list[CalendarAnswer] = []
        for camera, recorded in zip(cameras, queries.days_recorded(session, cameras, request.profile, days), strict=True):
            full = (day for day, known in zip(days, recorded, strict=True) if known or self._open.segments(camera, request.profile, *day))
            answers.append(CalendarAnswer(tuple(_date(day.start_us + offset_us) for day in full)))
        return answers

    def segments(self, session: Session, actor: Actor, request: Segments) -> SegmentPage:
        """Closed segments only: an open one has no hash yet."""
        camera, asked = self._asked(session, request, request.from_us, request.to_us)
        if not 1 <= request.limit <= MAX_EXTENTS:
            raise VmsError(Kind.BAD_REQUEST, f"limit must be 1 to {MAX_EXTENTS}", limit=request.limit)
        after = _read_cursor(request.cursor)
        rows = queries.segment_page(session, camera.id, request.profile, asked, after=after, limit=request.limit + 1)
        page = rows[: request.limit]
        more = f"{page[-1].start_us}.{page[-1].run}" if len(rows) > request.limit else None
        return SegmentPage(tuple(map(_view, page)), more)

    def _timeline(self, session: Session, camera: CameraFacts, profile: str, asked: Span, now_us: int) -> TimelineAnswer:
        # Open segments first: one that is committed between the two reads is then seen twice, not missed.
        growing = self._open.segments(camera.id, profile, *asked)
        held = held_ranges(session, [camera.id], now_us).get(camera.id, [])
        recorded = [RecordedSpan(s.start_us, s.end_us, s.kind, state="held" if _touches(s, held) else "ok") for s in growing]
        rows = queries.spans(session, camera.id, profile, asked, held)
        told = with_damage(rows, damages.damaged_spans(session, camera.id, profile, asked))
        edge = queries.edge_spans(session, camera.id, profile, asked)
        recorded += with_origin(told, edge) if edge else told
        claims = [GapSpan(s.gap.from_us, s.start_us, s.gap.cause, s.gap.detail) for s in growing if s.gap is not None]
        claims += queries.gap_rows(session, camera.id, profile, asked)
        trouble = self._open.trouble(camera.id, profile)
        if trouble is not None:
            claims.append(GapSpan(trouble.from_us, MAX_US, trouble.cause, trouble.detail))
        away = self._states(camera.id, profile)
        claims += standing_claims(
            created_us=camera.created_us,
            unplanned=unplanned_spans(session, Planned(camera.id, camera.plan, camera.calendar), profile, asked, now_us),
            offline_since_us=away.since_us if away else None,
            offline_cause=away.cause if away else None,
        )
        return timeline(*asked, now_us, recorded, claims)

    def _asked(self, session: Session, request: CameraRequest, from_us: int, to_us: int) -> tuple[CameraFacts, Span]:
        if not 0 <= from_us < to_us <= MAX_US or to_us - from_us > MAX_SPAN_US:
            raise VmsError(Kind.BAD_REQUEST, "give a span: from before to, at most 400 days", from_us=from_us, to_us=to_us)
        return self._cameras(session, request.camera), Span(from_us, to_us)

    def _extents_of_row(self, row: Segment, asked: Span, bad: Sequence[Span]) -> list[Extent]:
        """One, or of a damaged segment its whole and its damaged stretches."""
        path = self._path(row.volume, row.path)
        whole = Extent(path, row.init_size, row.run, row.start_us, row.end_us, (), growing=False, state=_state(row.state))
        gops = gop_table.unpack(row.gops, row.start_us)
        if row.state != "damaged":
            extent = _cut(whole, gops, asked)
            return [extent] if extent else []
        stretches = groupby(gops, lambda gop: any(gop.start_us < span.end_us and gop.end_us > span.start_us for span in bad))
        states = {True: whole._replace(state="damaged"), False: whole}
        return [e for is_bad, stretch in stretches if (e := _cut(states[is_bad], list(stretch), asked))]

    def _extent_of_open(self, item: OpenSegment, asked: Span) -> Extent | None:
        path = self._path(item.volume, item.path)
        whole = Extent(path, item.init_size, item.run, item.start_us, item.end_us, (), growing=True)
        return _cut(whole, item.gops, asked)

    def _path(self, volume: str, path: str) -> str:
        root = self._roots.get(volume)
        return "" if root is None else f"{root}/{path}"


def register(owner: Owner, *, open_table: OpenTable, cameras: Cameras, states: States, clock: Clock, roots: Mapping[str, str]) -> Reader:
    """Bind the handlers of this package's requests."""
    reader = Reader(open_table, cameras, states, clock, roots)
    owner.register(Timeline, reader.timeline)
    owner.register(OpenSpan, reader.open_span)
    owner.register(ContinueSpan, reader.open_span)
    owner.register(Clip, reader.open_span)
    owner.register(SnapshotAt, reader.open_span)
    owner.register(Calendar, reader.calendar)
    owner.register_many(Calendar, reader.calendars)
    owner.register(Segments, reader.segments)
    return reader


def _cut(extent: Extent, gops: Sequence[GopRow], asked: Span) -> Extent | None:
    """The GOPs that touch the span; none when nothing does, or when the extent's volume is not there."""
    wanted = [gop for gop in gops if gop.start_us < asked.end_us and gop.end_us > asked.start_us]
    if not wanted or not extent.path:
        return None
    rows = tuple((gop.offset, gop.size, gop.start_us, gop.duration_us) for gop in wanted)
    return extent._replace(start_us=wanted[0].start_us, end_us=wanted[-1].end_us, gops=rows)


def _days(asked: Span, offset_minutes: int) -> list[Span]:
    """The local days that the span touches, as wall time."""
    if abs(timedelta(minutes=offset_minutes)) > timedelta(hours=18):
        raise VmsError(Kind.BAD_REQUEST, "offset_minutes must be at most 18 hours", offset_minutes=offset_minutes)
    offset_us = offset_minutes * 60_000_000
    first = (asked.start_us + offset_us) // DAY_US
    last = (asked.end_us - 1 + offset_us) // DAY_US
    if last - first >= MAX_DAYS:
        raise VmsError(Kind.BAD_REQUEST, f"ask for at most {MAX_DAYS} days", days=last - first + 1)
    return [Span(n * DAY_US - offset_us, (n + 1) * DAY_US - offset_us) for n in range(first, last + 1)]


def _state(row_state: str) -> str:
    """Of a whole row; of a damaged segment only the parts that were found are damaged."""
    return {"suspect": "damaged", "held": "held"}.get(row_state, "ok")


def _touches(segment: OpenSegment, ranges: Sequence[Span]) -> bool:
    return any(segment.start_us < r.end_us and segment.end_us > r.start_us for r in ranges)


def with_damage(rows: Sequence[queries.SpanRow], bad: Sequence[Span]) -> list[RecordedSpan]:
    """Recorded spans, with the damaged parts cut out of those that count as whole and told beside them."""
    told: list[RecordedSpan] = []
    for row in rows:
        span, state = Span(row.start_us, row.end_us), _state(row.state)
        parts = merge(c for b in bad if (c := b.overlap(span))) if row.state == "damaged" else []
        told += [RecordedSpan(*part, row.kind, state=state) for part in gaps(span, parts)]
        told += [RecordedSpan(*part, row.kind, state="damaged") for part in parts]
    return told


def _view(row: Segment) -> SegmentView:
    return SegmentView(
        id=row.id,
        start_us=row.start_us,
        end_us=row.end_us,
        bytes=row.bytes,
        sha256=row.sha256.hex(),
        run=row.run,
        seq=row.seq,
        end_reason=row.end_reason,
        path=row.path,
        volume=row.volume,
    )


def _date(us: int) -> str:
    return datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%d")


def _read_cursor(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    start, _, run = cursor.partition(".")
    try:
        if start.isascii() and start.isdigit() and len(start) <= 18:
            return int(start), str(UUID(run))
    except ValueError:
        pass
    raise VmsError(Kind.BAD_REQUEST, "the cursor is not one this node gave out: begin without it")
