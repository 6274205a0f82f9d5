"""Which gaps are filled, once each, and what becomes of attempts; on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from tests.record.reports import CAMERA, SECOND_US, T0_US, report
from vms.base.db import Database
from vms.base.journal import announce
from vms.base.journal_models import InboxRow
from vms.base.timespan import Span
from vms.record import chain_rows, fills, queries
from vms.record.chain import Stream
from vms.record.committer import commit_segments
from vms.record.fills import MAX_ATTEMPTS, Fill, Lane
from vms.record.models import EdgeFill
from vms.record.reports import GapBefore, SegmentReport

pytestmark = pytest.mark.enable_socket
RUN = "bbbbbbbb-0000-4000-8000-000000000002"
LANE = Lane(CAMERA, "main", T0_US - 86_400 * SECOND_US)
DAY = Span(T0_US - 86_400 * SECOND_US, T0_US + 86_400 * SECOND_US)


def at(second: float) -> int:
    return T0_US + int(second * SECOND_US)


def edge(start: float, end: float, gap_from: float, lead_us: int = 0) -> SegmentReport:
    made = report(start, end, gap=GapBefore(at(gap_from), "network"))
    path = made.path.replace(made.run, RUN)
    return replace(made, run=RUN, path=path, origin="edge", lead_us=lead_us, camera_offset_us=250_000)


def commit(database: Database, *reports: SegmentReport) -> None:
    with database.transaction() as session:
        assert commit_segments(session, reports) == [r.path for r in reports]


@pytest.fixture
def recorded(database: Database) -> Database:
    commit(database, report(0, 60), report(90, 120, gap=GapBefore(at(60), "network")))
    return database


def due(database: Database, lane: Lane = LANE, now: float = 200, settled: float = 190) -> list[Span]:
    with database.transaction() as session:
        return [span for _, _, span, _ in fills.due(session, [lane], at(now), at(settled))]


def begin(database: Database, now: float = 200) -> Fill:
    with database.transaction() as session:
        camera, profile, span, _ = fills.due(session, [LANE], at(now), at(190))[0]
        return fills.begin(session, camera, profile, span, at(now))


def test_a_gap_of_the_network_is_due_and_a_planned_pause_is_not(recorded: Database) -> None:
    commit(recorded, report(150, 160, gap=GapBefore(at(120), "schedule")))
    assert due(recorded) == [Span(at(60), at(90))]
    assert due(recorded, settled=80) == []
    assert due(recorded, replace(LANE, since_us=at(75))) == [Span(at(75), at(90))]
    assert due(recorded, replace(LANE, since_us=at(95))) == []


def test_an_attempt_knows_its_holes_and_whether_recording_ended_there(recorded: Database) -> None:
    fill = begin(recorded)
    assert (fill.attempts, fill.span) == (1, Span(at(60), at(90)))
    assert [tuple(hole) for hole in fill.holes] == [(at(60), at(90), "network", "", True)]
    assert due(recorded) == []  # under way


def test_what_is_filled_is_recorded_told_and_never_due_again(recorded: Database) -> None:
    fill = begin(recorded)
    commit(recorded, edge(60, 90, 60, lead_us=700_000))
    with recorded.transaction() as session:
        fills.finish(session, announce, fill.key, at(201))
    assert due(recorded) == []
    with recorded.transaction() as session:
        assert queries.gap_rows(session, CAMERA, "main", DAY) == []
        assert queries.edge_spans(session, CAMERA, "main", DAY) == [Span(at(60), at(90))]
        (row,) = [r for r in queries.segments(session, CAMERA, "main", DAY, 10) if r.origin == "edge"]
        assert (row.lead_us, row.camera_offset_us) == (700_000, 250_000)
        told = chain_rows.told_gaps(session, Stream(CAMERA, "main"), [at(60)])
        assert told[at(60)].end_us == at(60)  # the gap's record is told anew: there is none after all
        facts = session.scalars(select(InboxRow).where(InboxRow.type == "recording.filled")).all()
        assert [(f.data["filled_us"], f.data["missing_us"]) for f in facts] == [(30 * SECOND_US, 0)]


def test_what_the_camera_lacks_stays_a_gap_with_its_cause_and_is_not_asked_for_again(recorded: Database) -> None:
    fill = begin(recorded)
    commit(recorded, edge(60, 70, 60), edge(80, 90, 70))
    with recorded.transaction() as session:
        fills.finish(session, announce, fill.key, at(201))
        (left,) = queries.gap_rows(session, CAMERA, "main", DAY)
        assert (left.start_us, left.end_us, left.cause) == (at(70), at(80), "network")
        row = session.get(EdgeFill, fill.key)
        assert row is not None
        assert (row.state, row.filled_us) == ("partial", 20 * SECOND_US)
    assert due(recorded, now=100_000) == []


def test_after_a_failure_only_the_rest_is_tried_and_later(recorded: Database) -> None:
    fill = begin(recorded)
    commit(recorded, edge(60, 70, 60))
    with recorded.transaction() as session:
        fills.fail(session, announce, fill.key, "unreachable", "the camera closed the connection", now_us=at(200))
    assert due(recorded, now=205) == []
    again = begin(recorded, now=300)
    assert (again.attempts, [(h.start_us, h.end_us, h.joined) for h in again.holes]) == (2, [(at(70), at(90), True)])


def test_it_is_given_up_once_with_a_cause_and_figures(recorded: Database) -> None:
    now = 200.0
    for _ in range(MAX_ATTEMPTS):
        fill = begin(recorded, now)
        with recorded.transaction() as session:
            fills.fail(session, announce, fill.key, "auth", "user or password is wrong", now_us=at(now))
        now += 4000
    assert due(recorded, now=now) == []
    with recorded.transaction() as session:
        (fact,) = session.scalars(select(InboxRow).where(InboxRow.type == "recording.fill_given_up")).all()
    assert (fact.data["cause"], fact.data["attempts"], fact.data["filled_us"]) == ("auth", MAX_ATTEMPTS, 0)


def test_an_attempt_that_died_with_control_is_tried_again(recorded: Database) -> None:
    begin(recorded)
    with recorded.transaction() as session:
        assert fills.interrupted(session, at(210)) == 1
    assert due(recorded, now=205) == []
    assert begin(recorded, now=211).attempts == 2


def test_an_order_that_nobody_took_counts_as_no_attempt(recorded: Database) -> None:
    fill = begin(recorded)
    with recorded.transaction() as session:
        fills.postpone(session, fill.key, at(210))
    assert begin(recorded, now=211).attempts == 1


def test_a_long_gap_is_filled_piece_by_piece(database: Database) -> None:
    far = 20 * 3600.0
    commit(database, report(0, 60), report(far, far + 60, gap=GapBefore(at(60), "power")))
    lane = replace(LANE, since_us=T0_US)
    with database.transaction() as session:
        ((*key, span, _),) = fills.due(session, [lane], at(far + 100), at(far + 90))
        fill = fills.begin(session, key[0], key[1], span, at(far + 100))
        assert span.duration_us == fills.MAX_SPAN_US
        assert [(h.start_us, h.end_us) for h in fill.holes] == [tuple(span)]


def test_the_index_made_anew_from_files_tells_the_same(recorded: Database) -> None:
    """A fill's files know the gap before them, as any file does."""
    commit(recorded, edge(70, 80, 60))
    with recorded.transaction() as session:
        before = queries.gap_rows(session, CAMERA, "main", DAY)
        session.execute(text("DELETE FROM segments"))
        session.execute(text("DELETE FROM gaps"))
        live = report(90, 120, gap=GapBefore(at(60), "network"))
        commit_segments(session, [report(0, 60), edge(70, 80, 60), live], rebuilding=True)
        assert queries.gap_rows(session, CAMERA, "main", DAY) == before
        assert session.scalar(select(func.count()).select_from(EdgeFill)) == 0
