"""Reports become rows once, in any order, with every hole told and nothing told twice; on a real PostgreSQL."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from tests.record.reports import CAMERA, SECOND_US, T0_US, VOLUME, report
from vms.base.db import Database
from vms.base.journal_models import InboxRow
from vms.base.timespan import Span
from vms.record import gop_table, queries
from vms.record.committer import commit_segments, in_batches
from vms.record.models import Segment
from vms.record.reports import GapBefore, SegmentReport

DAY = Span(T0_US - 86_400 * SECOND_US, T0_US + 86_400 * SECOND_US)
pytestmark = pytest.mark.enable_socket


def commit(database: Database, *reports: SegmentReport) -> list[str]:
    with database.transaction() as session:
        return commit_segments(session, reports)


def gaps_of(database: Database) -> list[tuple[float, float, str]]:
    with database.transaction() as session:
        found = queries.gap_rows(session, CAMERA, "main", DAY)
    return [((g.start_us - T0_US) / SECOND_US, (g.end_us - T0_US) / SECOND_US, g.cause) for g in found]


def spans_of(database: Database) -> list[tuple[float, float]]:
    with database.transaction() as session:
        found = queries.spans(session, CAMERA, "main", DAY)
    return [((s.start_us - T0_US) / SECOND_US, (s.end_us - T0_US) / SECOND_US) for s in found]


def at(second: float) -> int:
    return T0_US + int(second * SECOND_US)


def test_a_report_is_applied_once_however_often_it_comes(database: Database) -> None:
    first = report(0, 60)
    assert commit(database, first) == [first.path]
    assert commit(database, first, report(60, 120)) == [first.path, report(60, 120).path]
    assert spans_of(database) == [(0, 120)]
    assert gaps_of(database) == []
    with database.transaction() as session:
        (row, _) = queries.segments(session, CAMERA, "main", DAY, 10)
        assert tuple(gop_table.unpack(row.gops, row.start_us)) == first.gops
        assert (row.path, row.bytes, row.sha256, row.state) == (first.path, first.size, first.sha256, "ok")


def test_a_hole_is_a_gap_row_with_the_cause_the_worker_told(database: Database) -> None:
    commit(database, report(0, 60), report(90, 120, gap=GapBefore(at(60), "camera_offline", "no route")))
    assert gaps_of(database) == [(60, 90, "camera_offline")]


def test_a_hole_nobody_told_of_is_unknown_until_its_worker_tells(database: Database) -> None:
    found = report(90, 120)
    commit(database, report(0, 60), found)
    assert gaps_of(database) == [(60, 90, "unknown")]
    commit(database, report(90, 120, gap=GapBefore(at(60), "network")))
    assert gaps_of(database) == [(60, 90, "network")]
    commit(database, found)
    assert gaps_of(database) == [(60, 90, "network")]


def test_a_segment_found_late_is_cut_out_of_its_gap(database: Database) -> None:
    commit(database, report(0, 60), report(100, 120, gap=GapBefore(at(60), "worker_crash")))
    commit(database, report(60, 95, reason="crash"))
    assert gaps_of(database) == [(95, 100, "worker_crash")]
    assert spans_of(database) == [(0, 95), (100, 120)]


def test_the_first_segment_of_a_camera_tells_since_when_it_was_waited_for(database: Database) -> None:
    commit(database, report(30, 60, gap=GapBefore(at(10), "auth")))
    assert gaps_of(database) == [(10, 30, "auth")]


def test_any_order_gives_the_same_index(database: Database) -> None:
    chance = random.Random(7)
    reports = [report(n * 60, n * 60 + (50 if n % 3 == 0 else 60)) for n in range(30)]
    told = [
        report(n * 60, n * 60 + 60, gap=GapBefore(reports[n - 1].end_us, "network")) if n % 3 == 1 else r for n, r in enumerate(reports)
    ]
    chance.shuffle(told)
    for one in told:
        commit(database, one)
    assert gaps_of(database) == [(n * 60 + 50, n * 60 + 60, "network") for n in range(0, 30, 3)]
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Segment)) == 30


def test_what_no_index_can_hold_is_refused_alone(database: Database) -> None:
    good, bad = report(0, 60), report(60, 120, camera="no-id")
    assert commit(database, good, bad) == [good.path]


def facts_of(database: Database) -> list[tuple[str, str, object]]:
    with database.transaction() as session:
        rows = session.scalars(select(InboxRow).order_by(InboxRow.id)).all()
        return [(row.type, row.subject_id, row.data.get("cause")) for row in rows]


def test_each_new_gap_and_each_suspect_segment_is_announced_once(database: Database) -> None:
    for _ in range(2):
        commit(database, report(0, 60), replace(report(90, 120), suspect=True))
    assert facts_of(database) == [("recording.gap", CAMERA, "unknown"), ("segment.damaged", CAMERA, None)]


def test_any_clock_finds_a_partition(database: Database) -> None:
    commit(database, report(-800_000_000, -799_999_940), report(900_000_000, 900_000_060))
    assert gaps_of(database) == [(-799_999_940, 900_000_000, "unknown")]


def test_the_days_and_last_ends_of_a_camera_are_found(database: Database) -> None:
    commit(database, report(0, 60), report(3 * 86_400, 3 * 86_400 + 60))
    days = [Span(at(n * 86_400 - 100), at((n + 1) * 86_400 - 100)) for n in range(5)]
    with database.transaction() as session:
        other = CAMERA.replace("aaaa", "abab", 1)
        assert queries.days_recorded(session, [other, CAMERA], "main", days) == [[False] * 5, [True, False, False, True, False]]
        assert queries.last_ends(session, [(CAMERA, "main"), (CAMERA, "sub")]) == {(CAMERA, "main"): at(3 * 86_400 + 60)}


def test_a_full_batch_stays_far_below_the_longest_transaction(database: Database) -> None:
    batches = list(in_batches(report(n * 60, n * 60 + 60) for n in range(250)))
    assert [len(b) for b in batches] == [100, 100, 50]
    for batch in batches:
        commit(database, *batch)
    assert spans_of(database) == [(0, 15_000)]


def test_a_volume_is_paged_through_camera_by_camera(database: Database) -> None:
    other = "aaaaaaaa-0000-4000-8000-000000000002"
    all_of_it = [report(n * 60, n * 60 + 60, camera=camera) for camera in (CAMERA, other) for n in range(5)]
    commit(database, *all_of_it)
    found: list[str] = []
    after: Segment | None = None
    while True:
        with database.transaction() as session:
            page = queries.rows_of_volume(session, VOLUME, after, 3)
        if not page:
            break
        found += [row.path for row in page]
        after = page[-1]
    assert found == [r.path for r in all_of_it]
