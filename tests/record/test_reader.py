"""What a viewer may ask of the past: rows and growing segments together, on real files and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from tests.record.chunks import FRAME_US, RUN, T0_US, begin, chunks, fake_init
from tests.record.reports import CAMERA, VOLUME
from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.owner.ask import Owner, may
from vms.owner.requests import Actor, Calendar, Clip, OpenSpan, RecordedSpan, Request, Segments, SpanOpened, Timeline, TimelineAnswer
from vms.record import week
from vms.record.committer import commit_segments
from vms.record.open_table import OpenTable
from vms.record.plan import ALWAYS, NEVER, ON_EVENT, SHORT_FORMS, Piece, Plan, Rule
from vms.record.reader import Away, CameraFacts, register
from vms.record.reports import GapBefore, SegmentReport, Trouble
from vms.record.segment_writer import CloseFile, Place, SegmentWriter
from vms.stream.stream import Gap

ACTOR = Actor("a", "officer", "person", rights=frozenset({"playback", "download", "system"}))
GOP_US = 10 * FRAME_US


class Node:
    """40 frames in two closed segments, a hole of 20 frames, then 25 frames in a growing one; now is 3 s behind that."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.table = OpenTable()
        self.away: Away | None = None
        self.plan = SHORT_FORMS["always"]
        self.clock = ManualClock(T0_US + 85 * FRAME_US + 3_000_000)
        self.writer = SegmentWriter(Place("node-1", CAMERA, "main", VOLUME), 2 * GOP_US, GapBefore(T0_US - 50, "power"), fake_init)
        later = chunks(15, start_us=T0_US + 60 * FRAME_US, first=60)
        actions = self.writer.feed([begin(), *chunks(40), Gap("network"), *later])
        self.closed = [a.report for a in actions if isinstance(a, CloseFile)]
        self.tell()
        self.owner = Owner(database, may, lambda actor, request, refused: None)
        roots: Mapping[str, str] = {VOLUME: "/volume"}
        register(self.owner, open_table=self.table, cameras=self.camera, states=self.state, clock=self.clock, roots=roots)

    def camera(self, session: Session, key: str) -> CameraFacts:
        if key != CAMERA:
            raise VmsError(Kind.NOT_FOUND, "no such camera", camera=key)
        return CameraFacts(CAMERA, T0_US - 1_000_000, self.plan, week.Calendar(ZoneInfo("UTC")))

    def state(self, camera: str, profile: str) -> Away | None:
        return self.away

    def tell(self) -> None:
        growing = self.writer.growing()
        if growing is not None:
            self.table.grew("worker-1", [growing])

    def commit(self, *reports: SegmentReport) -> None:
        with self.database.transaction() as session:
            self.table.committed(commit_segments(session, reports))

    def timeline(self, from_frame: float, to_frame: float) -> TimelineAnswer:
        answer = self.owner.ask(ACTOR, Timeline(CAMERA, from_us=at(from_frame), to_us=at(to_frame)))
        assert isinstance(answer, TimelineAnswer)
        return answer

    def span(self, request: Request) -> SpanOpened:
        answer = self.owner.ask(ACTOR, request)
        assert isinstance(answer, SpanOpened)
        return answer


def at(frame: float) -> int:
    return T0_US + int(frame * FRAME_US)


@pytest.fixture
def node(database: Database) -> Node:
    node = Node(database)
    node.commit(*node.closed)
    return node


def test_rows_and_the_growing_segment_are_one_timeline(node: Node) -> None:
    answer = node.timeline(-25, 1000)
    assert answer.recorded == (RecordedSpan(at(0), at(40)), RecordedSpan(at(60), at(75)))
    frames = [((g.start_us - T0_US) / FRAME_US, (g.end_us - T0_US) / FRAME_US, g.cause) for g in answer.gaps]
    assert frames[:3] == [(-25, -50 / FRAME_US, "unknown"), (-50 / FRAME_US, 0, "power"), (40, 60, "network")]
    assert frames[3] == (75, 110, "unknown")
    assert answer.to_us == node.clock.wall_us() - 2_000_000


def test_the_hole_that_lasts_has_the_cause_of_the_camera_or_of_the_disk(node: Node) -> None:
    node.away = Away(at(75), "auth")
    assert node.timeline(70, 1000).gaps[-1].cause == "auth"
    node.table.troubled(Trouble(CAMERA, "main", at(75), "disk_full", "ENOSPC"))
    assert node.timeline(70, 1000).gaps[-1][2:] == ("disk_full", "ENOSPC")


def test_a_span_begins_at_the_key_frame_before_it(node: Node) -> None:
    opened = node.span(OpenSpan(CAMERA, from_us=at(13), to_us=at(62)))
    assert [(e.start_us, e.end_us, e.growing) for e in opened.extents] == [
        (at(10), at(20), False),
        (at(20), at(40), False),
        (at(60), at(70), True),
    ]
    first = opened.extents[0]
    assert first.path == f"/volume/{node.closed[0].path}"
    assert (first.run, first.init_size) == (RUN, node.closed[0].init_size)
    assert first.gops == (node.closed[0].gops[1][:4],)
    assert [(g.start_us, g.end_us, g.cause) for g in opened.gaps] == [(at(40), at(60), "network")]
    assert opened.complete


def test_the_growing_gop_is_played_to_its_last_chunk(node: Node) -> None:
    opened = node.span(Clip(CAMERA, from_us=at(70), to_us=at(1000)))
    assert [(e.start_us, e.end_us) for e in opened.extents] == [(at(70), at(75))]


def test_a_long_span_is_answered_in_pieces(node: Node) -> None:
    opened = node.span(OpenSpan(CAMERA, from_us=at(0), to_us=at(75), limit=1))
    assert (len(opened.extents), opened.complete) == (1, False)
    assert opened.gaps == ()
    rest = node.span(OpenSpan(CAMERA, from_us=opened.extents[-1].end_us, to_us=at(75)))
    assert (len(rest.extents), rest.complete) == (2, True)


def test_nothing_doubles_when_a_row_arrives_before_its_open_segment_leaves(node: Node) -> None:
    growing = node.table.segments(CAMERA, "main", 0, 2**60)[-1]
    later = [a.report for a in node.writer.feed([Gap("network")]) if isinstance(a, CloseFile)]
    with node.database.transaction() as session:
        commit_segments(session, later)
    assert growing.path in {s.path for s in node.table.segments(CAMERA, "main", 0, 2**60)}
    assert [e.start_us for e in node.span(OpenSpan(CAMERA, from_us=at(60), to_us=at(75))).extents] == [at(60)]
    assert node.timeline(50, 75).recorded == (RecordedSpan(at(60), at(75)),)


def test_the_calendar_names_local_days(node: Node) -> None:
    request = Calendar(CAMERA, from_us=T0_US - 3 * 86_400_000_000, to_us=T0_US + 3 * 86_400_000_000)
    assert node.owner.ask(ACTOR, request).days == ("2023-11-15",)  # 22:13 UTC is the next morning at +08:00
    node.commit()


def test_segments_are_listed_page_by_page(node: Node) -> None:
    first = node.owner.ask(ACTOR, Segments(CAMERA, from_us=at(0), to_us=at(75), limit=1))
    second = node.owner.ask(ACTOR, Segments(CAMERA, from_us=at(0), to_us=at(75), limit=1, cursor=first.next))
    assert [v.path for v in (*first.items, *second.items)] == [r.path for r in node.closed]
    assert first.items[0].sha256 == node.closed[0].sha256.hex()
    assert second.next is None


@pytest.mark.parametrize(
    "request_",
    [
        Timeline(CAMERA, from_us=5, to_us=5),
        Timeline(CAMERA, from_us=0, to_us=2**50),
        OpenSpan(CAMERA, from_us=0, to_us=5, limit=0),
        Segments(CAMERA, from_us=0, to_us=5, limit=100_000),
        Segments(CAMERA, from_us=0, to_us=5, cursor="x"),
        Segments(CAMERA, from_us=0, to_us=5, cursor="1." + "x" * 36),
        Calendar(CAMERA, from_us=0, to_us=100 * 86_400_000_000),
        Calendar(CAMERA, from_us=0, to_us=5, offset_minutes=10**9),
    ],
)
def test_an_impossible_question_is_a_bad_request(node: Node, request_: Request) -> None:
    with pytest.raises(VmsError) as error:
        node.owner.ask(ACTOR, request_)
    assert error.value.kind is Kind.BAD_REQUEST


def test_an_unknown_camera_is_not_found(node: Node) -> None:
    with pytest.raises(VmsError) as error:
        node.owner.ask(ACTOR, Timeline("nobody", from_us=0, to_us=5))
    assert error.value.kind is Kind.NOT_FOUND


def test_the_path_of_an_extent_is_absolute(node: Node) -> None:
    assert all(Path(e.path).is_absolute() for e in node.span(OpenSpan(CAMERA, from_us=at(0), to_us=at(75))).extents)


def test_holes_that_a_plan_wants_are_of_the_schedule(node: Node) -> None:
    """The growing segment ends at frame 75; since then the plan wants nothing, or an event that is not there."""
    midnight = Rule("week", ((Piece(0, 1),),) * 7)
    for rule in (midnight, ON_EVENT):
        node.plan = Plan(rule, ALWAYS)
        assert [g.cause for g in node.timeline(74, 1000).gaps] == ["schedule"]
    node.plan = Plan(ALWAYS, NEVER)
    assert [g.cause for g in node.timeline(74, 1000).gaps] == ["unknown"]


def test_the_timeline_tells_why_a_span_is_recorded(database: Database) -> None:
    node = Node(database)
    node.commit(*(replace(r, kind=kind) for r, kind in zip(node.closed, ("schedule", "event"), strict=True)))
    assert [(r.kind, r.start_us, r.end_us) for r in node.timeline(0, 75).recorded] == [
        ("schedule", at(0), at(20)),
        ("event", at(20), at(40)),
        ("continuous", at(60), at(75)),
    ]


def test_calendars_asked_together_are_those_asked_alone_and_an_unknown_camera_has_none(node: Node) -> None:
    node.commit(*node.closed)
    one = Calendar(CAMERA, from_us=T0_US - 3 * 86_400_000_000, to_us=T0_US + 3 * 86_400_000_000)
    utc = Calendar(CAMERA, from_us=one.from_us, to_us=one.to_us, offset_minutes=0)
    unknown = Calendar("nobody", from_us=one.from_us, to_us=one.to_us)
    local, utc_days = node.owner.ask(ACTOR, one), node.owner.ask(ACTOR, utc)
    assert local.days
    assert node.owner.ask_each(ACTOR, Calendar, [one, unknown, utc]) == [local, None, utc_days]
