"""A start with a large volume: 100,000 segments that the index knows cost seconds, and only what is new is opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.record.reports import T0_US, report
from tests.support.failing_files import FailingFiles
from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.partitions import ensure_partitions
from vms.processes.control.commits import Commits, Item
from vms.record.recovery import recover_volume
from vms.storage.volumes import Volume, open_volume, segment_path

DAY0_US = 1_699_920_000_000_000  # a midnight
MINUTE_US = 60_000_000
RUN = "bbbbbbbb-0000-4000-8000-000000000001"
INSERT = """
WITH given AS (
  SELECT CAST(:day AS bigint) AS day, CAST(:minute AS bigint) AS minute, CAST(CAST(:run AS text) AS uuid) AS run,
         CAST(:volume AS uuid) AS volume
), wanted AS (
  SELECT CAST(c AS uuid) AS camera, n, day + n * minute AS start_us, minute, run, volume
  FROM given, unnest(CAST(:cameras AS text[])) c, generate_series(0, CAST(:each AS int) - 1) n
)
INSERT INTO segments (camera_id, profile, start_us, run, end_us, id, seq, volume, path, bytes, sha256, init_size, gop_count, gops,
                      gops_root, end_reason, origin, state)
SELECT camera, 'main', start_us, run, start_us + minute, gen_random_uuid(), n, volume,
       camera || '/main/2023-11-14/' || start_us || '-' || run || '.mp4', 0, '', 0, 0, '', '', 'rollover', 'live', 'ok'
FROM wanted
"""
Figure = Callable[[str, object], None]


def fill(database: Database, volume: Volume, cameras: int, each: int) -> None:
    """Rows, and empty files under their names: a known file is never opened."""
    ids = [str(UUID(int=(0xAAAAAAAA << 96) | 0x4000_8000_0000_0000_0000 | n)) for n in range(cameras)]
    for camera in ids:
        folder = Path(volume.path) / Path(segment_path(camera, "main", DAY0_US, RUN)).parent
        folder.mkdir(parents=True)
        for n in range(each):
            (folder / f"{DAY0_US + n * MINUTE_US}-{RUN}.mp4").touch()
    values = {"day": DAY0_US, "minute": MINUTE_US, "run": RUN, "volume": volume.id, "cameras": ids, "each": each}
    with database.transaction() as session:
        ensure_partitions(session, "segments", "start_us", DAY0_US, months_ahead=0)
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(INSERT), values)


LONG = [pytest.mark.scenario, pytest.mark.long]


@pytest.mark.parametrize(("cameras", "most_s"), [(20, 5.0), pytest.param(200, 10.0, marks=LONG)])
def test_what_the_index_knows_is_compared_by_name_alone(
    tmp_path: Path, database: Database, cameras: int, most_s: float, record_property: Figure
) -> None:
    each = 500
    files = FailingFiles()
    volume = open_volume(str(tmp_path), "node-1", files, create=True)
    fill(database, volume, cameras, each)
    new = Path(volume.path) / segment_path(str(UUID(int=7)), "main", DAY0_US, RUN)
    new.parent.mkdir(parents=True)
    new.write_bytes(b"not whole")
    files.log.clear()
    started = time.monotonic()
    found = recover_volume(database, volume)
    took_s = time.monotonic() - started
    assert (found.files, found.committed, found.unproved) == (cameras * each + 1, [], [str(new.relative_to(tmp_path))])
    assert {operation.path for operation in files.log if operation.name == "open"} == {str(new.relative_to(tmp_path))}
    record_property("reconcile_s", round(took_s, 2))
    assert took_s < most_s


@pytest.mark.parametrize(("cameras", "most_s"), [(20, 15.0), pytest.param(200, 60.0, marks=LONG)])
def test_reports_that_waited_for_a_database_are_caught_up(database: Database, cameras: int, most_s: float, record_property: Figure) -> None:
    """What workers of so many cameras repeat after the database was away for ten minutes, through the committer's thread."""
    minutes = 10
    with database.transaction() as session:
        ensure_partitions(session, "segments", "start_us", T0_US, months_ahead=0)
    commits = Commits(database, SystemClock())
    acknowledged: list[str] = []
    for minute in range(minutes):
        for n in range(cameras):
            one = report(60 * minute, 60 * minute + 60, camera=str(UUID(int=(0xAAAAAAAA << 96) | 0x4000_8000_0000_0000_0000 | n)))
            commits.put(Item(report=one, done=lambda path=one.path: acknowledged.append(path)))
    started = time.monotonic()
    commits.start()
    assert commits.stop(timeout_s=most_s)
    took_s = time.monotonic() - started
    assert len(set(acknowledged)) == cameras * minutes
    record_property("caught_up_s", round(took_s, 2))
    assert took_s < most_s
