"""A disk that is lost for good: what it held is told, once, and everything that looks at the index agrees."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.record.kept import DAY_US, OTHER, WANG, Store
from tests.record.reports import CAMERA, SECOND_US, T0_US
from vms.base.db import Database
from vms.base.timespan import Span
from vms.owner.holds import Hold
from vms.record import lost, queries, stored
from vms.record.check import check, rebuild
from vms.record.garbage import bury
from vms.record.lost import Lost, has_rows, tell_lost
from vms.record.recovery import recover_volume
from vms.record.retention import Lane, Step
from vms.storage.volumes import open_volume

pytestmark = pytest.mark.enable_socket
MINUTE = 60


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Store:
    return Store(database, tmp_path / "old")


def lose(store: Store) -> Lost:
    shutil.rmtree(store.volume.path)
    return tell_lost(store.database, store.volume.id, "cli", store.clock.wall_us())


def test_what_a_lost_volume_held_is_a_gap_that_says_so_and_the_index_is_clean(store: Store, tmp_path: Path) -> None:
    for n in range(4):
        store.record(n * MINUTE, (n + 1) * MINUTE)
    store.record(0, MINUTE, camera=OTHER)
    assert lose(store) == Lost(5, 3000, 2)
    new = open_volume(str(tmp_path / "new"), "node-1", store.files, create=True)
    assert store.gaps() == [(0, 240, "volume_lost", store.volume.id)]
    assert store.tombstones() == [("volume_lost", 0, 240, 4, 2400, None), ("volume_lost", 0, 60, 1, 600, None)]
    assert store.sums() == {}
    assert check(store.database, [new]).ok
    with store.database.transaction() as session:
        assert queries.spans(session, CAMERA, "main", Span(T0_US, T0_US + DAY_US)) == []
        assert session.scalar(text("SELECT count(*) FROM chain_records WHERE type = 'segment'")) == 5, "the chain keeps its records"
    lost_of = [data for _, data in store.facts("recording.lost")]
    assert {(told["segments"], told["volume"], told["by"]) for told in lost_of} == {(n, store.volume.id, "cli") for n in (4, 1)}


def test_telling_it_again_tells_nothing_and_one_that_was_stopped_is_finished(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(5):
        store.record(n * MINUTE, (n + 1) * MINUTE)
    monkeypatch.setattr(lost, "PAGE", 2)
    monkeypatch.setattr(store.database, "transaction", fail_at := Failing(store.database, 2))
    with pytest.raises(RuntimeError, match="power"):
        lose(store)
    monkeypatch.undo()
    assert fail_at.left == 0
    assert has_rows(store.database, store.volume.id)
    assert tell_lost(store.database, store.volume.id, "cli", store.clock.wall_us()).segments == 3
    assert tell_lost(store.database, store.volume.id, "cli", store.clock.wall_us()) == Lost(0, 0, 0)
    assert not has_rows(store.database, store.volume.id)
    assert store.gaps() == [(0, 300, "volume_lost", store.volume.id)]
    assert check(store.database, []).ok


class Failing:
    """The second transaction ends in a power cut."""

    def __init__(self, database: Database, left: int) -> None:
        self._begin = database.transaction
        self.left = left

    def __call__(self) -> object:
        self.left -= 1
        if not self.left:
            raise RuntimeError("power")
        return self._begin()


def test_a_hold_does_not_keep_what_is_lost_and_is_named_as_what_protected_it(store: Store) -> None:
    store.record(0, MINUTE)
    asked = Hold((CAMERA,), T0_US, T0_US + 10 * SECOND_US, "case 1", "doc 1", "theft", store.clock.wall_us() + 30 * DAY_US)
    with store.database.transaction() as session:
        hold = store.holds.request(session, WANG, asked).id
    assert lose(store).segments == 1
    assert store.tombstones()[0][5] == hold
    assert store.facts("recording.lost")[0][1]["hold"] == hold
    asked = Hold((CAMERA,), T0_US, T0_US + 10 * SECOND_US, "case 2", "doc 2", "theft", store.clock.wall_us() + 30 * DAY_US)
    with store.database.transaction() as session:
        gone = store.holds.request(session, WANG, asked).gone
    assert [(camera, gap.cause) for camera, gap in gone] == [(CAMERA, "volume_lost")], "a later hold says that it is gone"


def test_what_other_volumes_hold_stays_and_garbage_of_the_lost_one_is_forgotten(store: Store, tmp_path: Path) -> None:
    other = Store(store.database, tmp_path / "other")
    store.record(0, MINUTE)
    other.record(MINUTE, 2 * MINUTE)
    store.record(2 * MINUTE, 3 * MINUTE)
    with store.database.transaction() as session:
        step = Step("days", "", (Lane(CAMERA, "main", store.volume.id),))
        bury(session, stored.oldest(session, step, None, 1, store.clock.wall_us()), "days", "node:1", store.clock.wall_us())
    lose(store)
    assert store.gaps() == [(0, 60, "deleted", "days"), (120, 180, "volume_lost", store.volume.id)]
    assert other.starts() == [60]
    other.record(200, 260)
    assert other.gaps()[-1] == (180, 200, "unknown", ""), "a later gap begins behind what was lost"
    assert store.paths(garbage=True) == []


def test_an_index_that_is_made_anew_tells_the_loss_again(store: Store, tmp_path: Path) -> None:
    other = Store(store.database, tmp_path / "other")
    store.record(0, MINUTE)
    lose(store)
    rebuild(store.database, [other.volume])
    assert recover_volume(store.database, other.volume).committed == []
    assert store.gaps() == [(0, 60, "volume_lost", store.volume.id)]
    assert check(store.database, [other.volume]).ok
