"""Days are closed once, made from the index in batches, and made anew when somebody changes what they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.record.reports import SECOND_US, T0_US, report
from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.partitions import ensure_partitions
from vms.base.timespan import Span
from vms.completeness import days
from vms.completeness.desk import Desk, register
from vms.completeness.figures import DAY_US
from vms.completeness.keeper import Keeper
from vms.owner.ask import Owner, may
from vms.owner.completeness import CameraCompleteness, CameraDays, CompletenessPage, ListCompleteness, RefreshCompleteness
from vms.owner.requests import Actor
from vms.record import queries
from vms.record.committer import commit_segments
from vms.record.open_table import OpenTable
from vms.record.reader import Away
from vms.record.reports import GapBefore, SegmentReport
from vms.record.timeline import LATE_US
from vms.registry.models import Camera, Region

OFFSET_US = 8 * 3600 * SECOND_US
DAY_0 = days.day_start(T0_US, OFFSET_US)
"""Midnight before T0, which is 2023-11-15 06:13:20 local time."""
ONE, TWO = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
REGION = "dddddddd-0000-4000-8000-000000000001"
ACTOR = Actor("a", "officer", "person", rights=frozenset({"playback", "system", "download"}))


class Node:
    """Two cameras, registered at the midnight before T0; the clock stands in the middle of the day after."""

    def __init__(self, database: Database, keys: Path) -> None:
        self.database = database
        self.clock = ManualClock(DAY_0 + 36 * 3600 * SECOND_US)
        self.table = OpenTable()
        self.away: Away | None = None
        self.keeper = Keeper(database, self.table, lambda camera, profile: self.away, self.clock, zone="UTC", offset_us=OFFSET_US)
        self.owner = Owner(database, may, lambda actor, request, refused: None)
        register(self.owner, Desk("n1", "Elm Street", "station", keys, self.keeper, self.clock, OFFSET_US))
        with database.transaction() as session:
            ensure_partitions(session, "segments", "start_us", T0_US)
            session.add(Region(id=REGION, name="Elm", level="station", parent_id=None))
            session.flush()
            for n, camera in enumerate((ONE, TWO)):
                session.add(
                    Camera(
                        id=camera,
                        code=None,
                        name=f"Gate {n + 1}",
                        region_id=REGION if camera == TWO else None,
                        node_id="n1",
                        record="always",
                        enabled=True,
                        username=None,
                        sealed_password=None,
                        revision=1,
                        created_us=DAY_0,
                        changed_us=DAY_0,
                        removed_us=None,
                    )
                )

    def commit(self, *reports: SegmentReport) -> None:
        with self.database.transaction() as session:
            assert len(commit_segments(session, reports)) == len(reports)

    def run(self) -> int:
        """As a life of the task does: close and queue, then batches until nothing waits."""
        self.keeper.advance()
        made = 0
        while done := self.keeper.step():
            made += done
        return made

    def page(self, *, first: str = "2023-11-15", last: str = "2023-11-16", **filters: Any) -> CompletenessPage:
        return self.owner.ask(ACTOR, ListCompleteness(first, last, **filters))

    def day(self, camera: str = ONE, day: str = "2023-11-15") -> CameraDays:
        return self.owner.ask(ACTOR, CameraCompleteness(camera, "main", day, day))

    def execute(self, statement: str, **values: object) -> None:
        with self.database.transaction() as session:
            session.execute(text(statement), values)

    def marked(self) -> list[tuple[str, int]]:
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT camera_id, start_us FROM recording_days_stale ORDER BY 2, 1"))
            return [(str(camera), (start_us - DAY_0) // DAY_US) for camera, start_us in rows]


@pytest.fixture
def node(database: Database, tmp_path: Path) -> Node:
    return Node(database, tmp_path)


def hour(at: float, length: float = 1.0, *, camera: str = ONE, gap: GapBefore | None = None) -> SegmentReport:
    """A segment that begins `at` hours after local midnight."""
    begin_s = (DAY_0 - T0_US) / SECOND_US + at * 3600
    return report(begin_s, begin_s + length * 3600, camera=camera, gap=gap)


def test_a_closed_day_tells_all_its_time_and_the_open_one_up_to_now(node: Node) -> None:
    node.commit(hour(0), hour(1, gap=None), hour(3, gap=GapBefore(DAY_0 + 2 * 3600 * SECOND_US, "network")))
    assert node.run() == 4
    closed, today = node.day().days[0].figures, node.day(day="2023-11-16").days[0].figures
    assert (closed.told_us, closed.planned_us, closed.recorded_us) == (DAY_US, DAY_US, 3 * 3600 * SECOND_US)
    assert closed.gaps == {"network": 3600 * SECOND_US, "unknown": 20 * 3600 * SECOND_US}
    assert today.told_us == 12 * 3600 * SECOND_US - 2 * SECOND_US


def test_a_step_makes_many_cameras_of_one_day_and_then_nothing_waits(node: Node) -> None:
    assert node.run() == 4
    assert node.run() == 0
    assert node.marked() == []
    assert (node.page().done, node.page().waiting) == (0, 0)


def test_the_open_day_is_read_again_after_a_quarter_of_an_hour(node: Node) -> None:
    node.run()
    node.clock.step_mono((days.OPEN_DAY_US // SECOND_US - 1) * SECOND_US)
    assert node.run() == 0
    node.clock.step_mono((1) * SECOND_US)
    assert node.run() == 2


def test_a_new_camera_is_counted_at_the_next_look(node: Node) -> None:
    node.execute("UPDATE cameras SET created_us = :later WHERE id = :id", id=TWO, later=DAY_0 + 3 * DAY_US)
    assert node.run() == 2
    node.execute("UPDATE cameras SET created_us = :now WHERE id = :id", id=TWO, now=node.clock.wall_us())
    assert node.run() == 1
    assert node.run() == 0


def test_midnight_closes_the_day_ten_minutes_later(node: Node) -> None:
    node.run()
    node.clock.step_mono((12 * 3600) * SECOND_US)
    node.run()
    node.commit(hour(24 + 5))
    assert node.marked() == []
    node.clock.step_mono((600) * SECOND_US)
    assert node.run() == 4
    assert node.day(day="2023-11-16").days[0].figures.recorded_us == 3600 * SECOND_US


def test_a_late_segment_marks_the_days_it_touches_and_only_those(node: Node) -> None:
    node.run()
    node.commit(hour(23.5))
    assert node.marked() == [(ONE, 0)]
    node.run()
    assert node.day().days[0].figures.recorded_us == 1800 * SECOND_US


def test_deleting_and_damaging_mark_a_day_too(node: Node) -> None:
    node.commit(hour(0), hour(5))
    node.run()
    node.execute("UPDATE segments SET state = 'suspect' WHERE start_us = :us", us=DAY_0)
    assert node.marked() == [(ONE, 0)]
    node.run()
    assert node.day().days[0].figures.damaged_us == 3600 * SECOND_US
    node.execute("DELETE FROM segments WHERE start_us = :us", us=DAY_0)
    node.run()
    assert node.day().days[0].figures.recorded_us == 3600 * SECOND_US


def test_a_gap_of_days_marks_each_of_them(node: Node) -> None:
    node.clock.step_mono((5 * 24 * 3600) * SECOND_US)
    node.run()
    node.execute(
        "INSERT INTO gaps VALUES (:camera, 'main', :first, :last, 'power', '')", camera=ONE, first=DAY_0 + 5, last=DAY_0 + 3 * DAY_US + 5
    )
    assert node.marked() == [(ONE, 0), (ONE, 1), (ONE, 2), (ONE, 3)]
    node.run()
    assert node.day(day="2023-11-16").days[0].figures.gaps == {"power": DAY_US}


def test_who_marks_a_day_while_it_is_read_has_it_read_again(node: Node) -> None:
    node.run()
    node.commit(hour(1))
    with node.database.transaction() as marking:
        marking.execute(text("UPDATE recording_days_stale SET marks = marks + 1"))
        assert node.keeper.step() == 0
    assert node.keeper.step() == 1


def test_a_camera_that_is_away_explains_the_hole_that_no_row_tells_of_yet(node: Node) -> None:
    node.away = Away(DAY_0 + DAY_US // 2, "timeout")
    node.run()
    assert node.day().days[0].figures.gaps == {"unknown": DAY_US // 2 - LATE_US, "camera_offline": DAY_US // 2 + LATE_US}


def test_a_camera_is_due_from_its_registration_to_its_removal(node: Node) -> None:
    node.execute("UPDATE cameras SET created_us = :made, removed_us = :gone WHERE id = :id", id=ONE, made=DAY_0 + 10, gone=DAY_0 + 110)
    node.run()
    assert node.day().days[0].figures.planned_us == 100
    assert node.day(day="2023-11-16").days == ()


def test_a_camera_that_shall_not_be_recorded_has_no_rate_and_stands_last(node: Node) -> None:
    node.execute("UPDATE cameras SET record = 'never' WHERE id = :id", id=ONE)
    node.run()
    page = node.page()
    assert [(item.name, item.total.rate_ppm) for item in page.items] == [("Gate 2", 0), ("Gate 1", None)]


def test_the_worst_camera_comes_first_and_pages_go_on_behind_the_last_one(node: Node) -> None:
    node.commit(hour(0, 12), hour(0, 6, camera=TWO))
    node.run()
    first = node.page(last="2023-11-15", limit=1)
    assert [item.name for item in first.items] == ["Gate 2"]
    second = node.page(last="2023-11-15", limit=1, cursor=first.next)
    assert [(item.name, item.total.rate_ppm) for item in second.items] == [("Gate 1", 500_000)]
    assert second.next is None
    assert (second.cameras, second.total.rate_ppm) == (2, 375_000)
    named = node.page(last="2023-11-15", order="name", limit=1)
    assert [item.name for item in node.page(last="2023-11-15", order="name", limit=1, cursor=named.next).items] == ["Gate 2"]


def test_a_region_and_a_cause_narrow_the_list_and_its_total(node: Node) -> None:
    node.commit(hour(5, camera=ONE, gap=GapBefore(DAY_0, "disk_full")))
    node.run()
    assert [item.name for item in node.page(region_id=REGION).items] == ["Gate 2"]
    lost = node.page(last="2023-11-15", cause="disk_full")
    assert [item.name for item in lost.items] == ["Gate 1"]
    assert lost.total.gaps["disk_full"] == 5 * 3600 * SECOND_US
    assert node.page(cause="io_error").items == ()


def test_a_refresh_queues_days_up_to_today(node: Node) -> None:
    node.run()
    node.owner.ask(ACTOR, RefreshCompleteness("2023-11-15", "2023-11-30"))
    assert node.marked() == [(ONE, 0), (TWO, 0), (ONE, 1), (TWO, 1)]


@pytest.mark.parametrize(
    ("first", "last"), [("2023-11-16", "2023-11-15"), ("2023-01-01", "2023-03-04"), ("yesterday", "2023-11-15"), ("20231115", "20231116")]
)
def test_days_that_are_none_or_too_many_are_refused(node: Node, first: str, last: str) -> None:
    with pytest.raises(VmsError) as refused:
        node.page(first=first, last=last)
    assert refused.value.kind is Kind.BAD_REQUEST


@pytest.mark.parametrize("cursor", ["", "!", "W10", "WyJhIiwiYiJd", "WzFlOTksImEiXQ"])
def test_a_foreign_cursor_is_refused(node: Node, cursor: str) -> None:
    with pytest.raises(VmsError) as refused:
        node.page(cursor=cursor)
    assert refused.value.kind is Kind.BAD_REQUEST


def test_another_offset_makes_the_days_anew(node: Node) -> None:
    node.run()
    node.keeper = Keeper(node.database, node.table, lambda camera, profile: None, node.clock, zone="UTC", offset_us=0)
    assert node.run() >= 2
    with node.database.transaction() as session:
        starts: Sequence[int] = session.scalars(text("SELECT DISTINCT start_us FROM recording_days")).all()
    assert all(start % DAY_US == 0 for start in starts)


def test_bulk_reading_agrees_with_the_timelines_queries(node: Node) -> None:
    node.commit(hour(23.5), hour(1), hour(5, gap=GapBefore(DAY_0 + 2 * 3600 * SECOND_US, "network")), hour(9, camera=TWO))
    within = Span(DAY_0, DAY_0 + DAY_US)
    lanes = [(ONE, "main"), (TWO, "main")]
    with node.database.transaction() as session:
        assert days.recorded_spans(session, lanes, within) == {lane: queries.spans(session, *lane, within) for lane in lanes}
        assert days.gap_claims(session, lanes, within) == {lane: queries.gap_rows(session, *lane, within) for lane in lanes}
