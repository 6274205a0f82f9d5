"""Deleting on real files and a real PostgreSQL: rows, bytes, gaps, tombstones and sums agree whatever is interrupted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.record.kept import DAY_US, LI, OTHER, WANG, Store
from tests.record.reports import CAMERA, SECOND_US, T0_US, report
from vms.base.db import Database
from vms.base.timespan import Span
from vms.owner.holds import ApproveHold, Hold
from vms.record import queries, stored
from vms.record.check import check, rebuild
from vms.record.clearing import Policy
from vms.record.committer import commit_segments
from vms.record.garbage import bury, sweep
from vms.record.recovery import recover_volume
from vms.record.reports import GapBefore
from vms.record.retention import Lane, Limit, Row, Step

pytestmark = pytest.mark.enable_socket
MINUTE = 60


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Store:
    return Store(database, tmp_path)


def rows(store: Store, camera: str = CAMERA) -> list[Row]:
    step = Step("days", "", (Lane(camera, "main", store.volume.id),))
    with store.database.transaction() as session:
        return stored.oldest(session, step, None, 100, store.clock.wall_us())


def bury_all(store: Store, some: list[Row], rule: str = "days") -> list[Row]:
    with store.database.transaction() as session:
        return bury(session, some, rule, "node:1", store.clock.wall_us())


def hold(store: Store, from_s: float, to_s: float, camera: str = CAMERA) -> str:
    span = (T0_US + int(from_s * SECOND_US), T0_US + int(to_s * SECOND_US))
    asked = Hold((camera,), *span, "case 1", "doc 1", "theft", store.clock.wall_us() + 30 * DAY_US)
    with store.database.transaction() as session:
        return store.holds.request(session, WANG, asked).id


def test_what_is_deleted_is_a_gap_that_says_so_and_a_tombstone(store: Store) -> None:
    for n in range(4):
        store.record(n * MINUTE, (n + 1) * MINUTE)
    bury_all(store, rows(store)[:2])
    assert sweep(store.database, store.volume, T0_US).bytes == 1200
    assert store.starts() == [120, 180]
    assert store.gaps() == [(0, 120, "deleted", "days")]
    assert store.tombstones() == [("days", 0, 120, 2, 1200, None)]
    assert store.sums() == {Lane(CAMERA, "main", store.volume.id): 1200}
    assert store.files_left() == set(store.paths())
    assert [kind for kind, _ in store.facts("recording.deleted")] == ["recording.deleted"]
    result = check(store.database, [store.volume], pause=lambda _: None)
    assert (result.rows, result.files, result.missing, result.orphan) == (2, 2, 0, 0)


def test_a_later_delete_makes_the_gap_longer_and_leaves_other_gaps_alone(store: Store) -> None:
    store.record(0, MINUTE)
    store.record(MINUTE, 2 * MINUTE)
    told = report(150, 180, gap=GapBefore(T0_US + 120 * SECOND_US, "network"))
    store.commit(told)
    store.record(180, 240)
    bury_all(store, rows(store)[:1])
    bury_all(store, rows(store)[:1])
    assert store.gaps() == [(0, 120, "deleted", "days"), (120, 150, "network", "")]


def test_the_bytes_go_after_the_rows_and_the_folder_is_synced_before_the_garbage_row_goes(store: Store) -> None:
    path = store.record(0, MINUTE).path
    bury_all(store, rows(store))
    assert (store.files_left(), store.paths(garbage=True)) == ({path}, [path])
    store.files.done.clear()
    sweep(store.database, store.volume, T0_US)
    assert store.files.done == [f"unlink {path}", f"sync {path.rpartition('/')[0]}"]
    assert store.paths(garbage=True) == []


def test_a_crash_after_the_unlink_is_finished_by_the_next_sweep(store: Store) -> None:
    path = store.record(0, MINUTE).path
    bury_all(store, rows(store))
    Path(store.volume.path, path).unlink()
    assert sweep(store.database, store.volume, T0_US).files == 1
    assert store.paths(garbage=True) == []


def test_a_file_that_cannot_be_unlinked_stays_garbage_and_is_told(store: Store) -> None:
    path = store.record(0, MINUTE).path
    bury_all(store, rows(store))
    store.files.refuse = True
    told: list[str] = []
    assert sweep(store.database, store.volume, T0_US, lambda p, _: told.append(p)).stuck == (path,)
    assert told == [path]
    store.files.refuse = False
    assert sweep(store.database, store.volume, T0_US).files == 1


def test_rows_do_not_go_on_when_their_bytes_cannot(store: Store) -> None:
    for n in range(4):
        store.record(n * MINUTE, (n + 1) * MINUTE, camera=(CAMERA, OTHER)[n % 2])
    store.policy = Policy(free_bytes=0, volumes={store.volume.id: Limit(None, 600)})
    store.files.refuse = True
    store.clear()
    assert len(store.paths()) == 1  # the batch that found out
    store.record(300, 360)
    store.record(360, 420)
    before = store.paths()
    store.clear()
    assert len(before) - len(store.paths()) <= 2


def test_garbage_is_not_found_again_as_an_unknown_file(store: Store) -> None:
    told = store.record(0, MINUTE)
    bury_all(store, rows(store))
    recover_volume(store.database, store.volume)
    store.commit(told)  # its acknowledgement was lost, the worker tells it again
    assert store.paths() == []
    assert store.gaps() == [(0, 60, "deleted", "days")]
    assert check(store.database, [store.volume], pause=lambda _: None).orphan == 0


def test_what_is_held_by_now_does_not_go(store: Store) -> None:
    for n in range(3):
        store.record(n * MINUTE, (n + 1) * MINUTE)
    chosen = rows(store)
    hold(store, 70, 71)
    assert [row.start_us for row in bury_all(store, chosen)] == [T0_US, T0_US + 120 * SECOND_US]
    assert store.starts() == [60]
    assert store.gaps() == [(0, 60, "deleted", "days"), (120, 180, "deleted", "days")]
    assert [stone[:4] for stone in store.tombstones()] == [("days", 0, 60, 1), ("days", 120, 180, 1)]


def test_a_hold_rescues_garbage_whose_bytes_are_still_there(store: Store) -> None:
    kept, lost = store.record(0, MINUTE), store.record(MINUTE, 2 * MINUTE)
    store.record(10 * MINUTE, 11 * MINUTE, camera=OTHER)
    bury_all(store, rows(store))
    Path(store.volume.path, lost.path).unlink()
    span = (T0_US, T0_US + 120 * SECOND_US)
    with store.database.transaction() as session:
        asked = Hold((CAMERA,), *span, "case", "doc", "theft", store.clock.wall_us() + DAY_US)
        view = store.holds.request(session, WANG, asked)
    assert view.rescued == 1
    assert [(camera, gap.start_us, gap.end_us) for camera, gap in view.gone] == [(CAMERA, T0_US + 60 * SECOND_US, T0_US + 120 * SECOND_US)]
    assert store.paths() == [kept.path, store.paths()[-1]]
    assert store.gaps() == [(60, 120, "deleted", "days")]
    assert store.tombstones()[-1][:4] == ("rescued", 0, 60, 1)
    sweep(store.database, store.volume, T0_US)
    assert kept.path in store.files_left()


def test_a_gap_behind_deleted_recordings_begins_where_they_ended(store: Store) -> None:
    for n in range(3):
        store.record(n * MINUTE, (n + 1) * MINUTE)
    hold(store, 0, 10)
    bury_all(store, rows(store))
    with store.database.transaction() as session:
        assert queries.last_ends(session, [(CAMERA, "main")]) == {(CAMERA, "main"): T0_US + 180 * SECOND_US}
    store.commit(report(200, 260))
    assert store.gaps() == [(60, 180, "deleted", "days"), (180, 200, "unknown", "")]


def test_an_open_reader_finishes_what_was_deleted_meanwhile(store: Store) -> None:
    path = store.record(0, MINUTE).path
    fd = os.open(Path(store.volume.path, path), os.O_RDONLY)
    bury_all(store, rows(store))
    sweep(store.database, store.volume, T0_US)
    assert os.read(fd, 10_000) == b"v" * 600
    os.close(fd)


def test_the_folder_of_a_day_that_is_over_goes_with_its_last_file(store: Store) -> None:
    path = store.record(0, MINUTE).path
    bury_all(store, rows(store))
    sweep(store.database, store.volume, T0_US + 3 * DAY_US)
    assert not Path(store.volume.path, path).parent.exists()


def test_a_tombstone_names_the_hold_that_ended(store: Store) -> None:
    store.record(0, MINUTE)
    held = hold(store, 0, 10)
    store.clock.step_wall(100 * 3_600_000_000)
    from vms.record.holds import pass_time

    with store.database.transaction() as session:
        pass_time(session, store.clock.wall_us())
    assert bury_all(store, rows(store)) == []
    store.clock.step_wall(25 * 3_600_000_000)
    assert len(bury_all(store, rows(store))) == 1
    assert store.tombstones()[-1][5] == held


def test_an_index_made_anew_still_tells_what_was_deleted(store: Store) -> None:
    store.record(0, MINUTE)
    bury_all(store, rows(store))
    sweep(store.database, store.volume, T0_US)
    rebuild(store.database, [store.volume])
    assert store.gaps() == [(0, 60, "deleted", "days")]
    assert store.sums() == {}


def test_rules_of_age_bytes_and_floor_go_in_order(store: Store) -> None:
    for n in range(6):
        store.record(n * MINUTE, (n + 1) * MINUTE)
        store.record(n * MINUTE, (n + 1) * MINUTE, profile="sub")
    store.clock.step_wall(DAY_US + 60 * SECOND_US)
    store.policy = Policy(days=1, free_bytes=0)
    assert store.clear(ages=False) == 0
    assert store.clear() == 2
    store.policy = Policy(free_bytes=0, volumes={store.volume.id: Limit(None, 4800)})
    assert store.clear() == 2
    store.files.capacity = 4800 + 100
    store.policy = Policy(free_bytes=900, free_percent=50)
    assert store.clear() == 2  # 1125 − 100 bytes: two of sub
    assert (store.starts(), store.starts(profile="sub")) == ([120, 180, 240, 300], [240, 300])
    assert [stone[0] for stone in store.tombstones()] == ["days", "days", "volume_bytes", "volume_bytes", "floor_sub"]


def test_a_full_disk_is_relieved_also_above_the_floor(store: Store) -> None:
    for n in range(4):
        store.record(n * MINUTE, (n + 1) * MINUTE)
    assert store.clear(relief=700) == 2


def test_a_hold_and_an_approval_protect_over_the_whole_segments(store: Store) -> None:
    for n in range(3):
        store.record(n * MINUTE, (n + 1) * MINUTE)
    held = hold(store, 59.9, 60.1)
    with store.database.transaction() as session:
        store.holds.approve(session, LI, ApproveHold(held))
        ranges = stored.held_ranges(session, [CAMERA], store.clock.wall_us())
        spans = queries.spans(session, CAMERA, "main", Span(T0_US, T0_US + 180 * SECOND_US), ranges[CAMERA])
        assert stored.held_bytes(session, store.clock.wall_us()) == {store.volume.id: 1200}
    assert [((s.start_us - T0_US) // SECOND_US, (s.end_us - T0_US) // SECOND_US, s.state) for s in spans] == [
        (0, 120, "held"),
        (120, 180, "ok"),
    ]
    store.clock.step_wall(300 * DAY_US)
    store.policy = Policy(days=1, free_bytes=0)
    store.clear()
    assert store.starts() == [0, 60]


def test_a_report_that_is_told_again_behind_the_deletion_makes_no_row(store: Store) -> None:
    told = [store.record(n * MINUTE, (n + 1) * MINUTE) for n in range(3)]
    bury_all(store, rows(store)[:2])
    sweep(store.database, store.volume, T0_US)
    with store.database.transaction() as session:
        assert commit_segments(session, told) == [report.path for report in told], "all are acknowledged"
    assert store.starts() == [120]
    assert store.gaps() == [(0, 120, "deleted", "days")]
    assert check(store.database, [store.volume], pause=lambda _: None).missing == 0


def test_what_is_found_late_between_deleted_ones_becomes_a_row_and_so_does_what_was_rescued(store: Store) -> None:
    told = [store.record(at, at + MINUTE) for at in (0, 120)]
    bury_all(store, rows(store))
    hold(store, 0, 10)
    sweep(store.database, store.volume, T0_US)
    late = store.record(MINUTE, 2 * MINUTE)
    assert store.starts() == [0, 60]
    with store.database.transaction() as session:
        session.execute(text("TRUNCATE segments"))
    store.commit(*told, late)
    assert store.starts() == [0, 60], "the rescued one was deleted once, and is there"
