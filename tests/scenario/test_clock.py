"""The clock of a recording node is set by an hour and by a day, and the node sleeps (faults.md T1, T4): no file is written over,
nothing lies on something else, no picture is lost by a step, and what is missing has the cause `clock_step`.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Generator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from tests.faults.clocked import Wound
from tests.faults.invariants import i1_rows_have_their_files, i2_files_are_known, i6_facts_are_told_once_in_order, sql
from tests.support.node import Node, descendants, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.sim.marks import tally

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(240)]

SECOND = 1_000_000
HOUR_US, DAY_US = 3600 * SECOND, 86_400 * SECOND
CAMERAS = 3
STAY_S, ASLEEP_S = 5, 8


class Clocked:
    def __init__(self, node: Node, cameras: list[str], clock: Wound) -> None:
        self.node, self.cameras, self.clock = node, cameras, clock

    def set_by(self, step_us: int) -> tuple[int, int]:
        """Set the clock, wait until recording goes on in the new time; what the clock showed just before and after."""
        before_us = self.clock.wall_us()
        self.clock.set_ahead(self.clock.ahead_us + step_us)
        after_us = self.clock.wall_us()
        for camera in self.cameras:
            wait_until("recording in the new time", lambda camera=camera: self.is_recorded(camera, after_us + 4 * SECOND), 25)
        return before_us, after_us

    def is_recorded(self, camera: str, at_us: int) -> bool:
        line = self.node.timeline(camera, at_us - SECOND // 2, at_us)
        return line.to_us == at_us and not line.gaps

    def assert_nothing_lies_on_anything(self) -> None:
        rows = sql(self.node, "SELECT camera_id::text, run::text, seq, start_us, end_us, path FROM segments ORDER BY 1, 2, 3")
        assert len({row[-1] for row in rows}) == len(rows)
        for a, b in pairwise(rows):
            if a[:2] == b[:2]:
                assert (b[2], b[3]) == (int(str(a[2])) + 1, a[4]), (a, b)
        for camera in self.cameras:
            spans = sorted((int(str(row[3])), int(str(row[4]))) for row in rows if row[0] == camera)
            assert [(a, b) for a, b in pairwise(spans) if b[0] < a[1]] == [], "here every stay lies in a time of its own"


@pytest.fixture(scope="module")
def clocked() -> Generator[Clocked]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), CAMERAS) as base:
        folder = Path(top) / "node"
        folder.mkdir()
        clock = Wound(folder)
        with serve(folder, module="tests.faults.clocked") as node:
            cameras = [node.add_camera(f"{base}/cam/{number}/main") for number in range(1, CAMERAS + 1)]
            node.wait_recording(cameras)
            pass_time(STAY_S)
            yield Clocked(node, cameras, clock)
            pass_time(3)
            found = Clocked(node, cameras, clock)
            found.assert_nothing_lies_on_anything()
            wrong = [*i1_rows_have_their_files(node), *i2_files_are_known(node), *i6_facts_are_told_once_in_order(node)]
            assert wrong == []
            checked = node.check()
            assert checked == dict.fromkeys(checked, 0) | {"rows": checked["rows"], "files": checked["files"]}
            assert node.stop() == 0
            assert node.bad_log_lines() == []


def holes(gaps: Sequence[tuple[int, int, str]]) -> list[tuple[int, str]]:
    return [(end - start, cause) for start, end, cause in gaps if end - start > SECOND // 5]


@pytest.mark.parametrize("step_us", [HOUR_US, -DAY_US], ids=["+1h -1h", "-1d +1d"])
def test_a_step_and_the_step_back_lose_no_picture_and_write_over_none(clocked: Clocked, step_us: int) -> None:
    before_us, after_us = clocked.set_by(step_us)
    if step_us > 0:
        for camera in clocked.cameras:
            line = clocked.node.timeline(camera, before_us - 2 * SECOND, after_us + 3 * SECOND)
            assert line.is_exact()
            ((length_us, cause),) = holes(line.gaps)
            assert cause == "clock_step"
            assert abs(length_us - step_us) < 3 * SECOND, "up to the key frame the run keeps the old time"
    pass_time(STAY_S)
    clocked.set_by(-step_us)
    pass_time(STAY_S)  # no two stays share a time
    for camera in clocked.cameras:
        found = tally(clocked.node.marks(camera))
        assert (found.missing, found.doubled) == (0, 0), found


def test_a_node_that_slept_ten_minutes_says_so_and_goes_on(clocked: Clocked) -> None:
    """All its processes stand still for a while, and when they go on the clock is ten minutes further."""
    node, asleep_us = clocked.node, 600 * SECOND
    slept_from_us = clocked.clock.wall_us()
    everybody = [node.process.pid, *descendants(node.process.pid)]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    pass_time(ASLEEP_S)
    clocked.clock.set_ahead(clocked.clock.ahead_us + asleep_us)
    for pid in reversed(everybody):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    awake_us = clocked.clock.wall_us()
    for camera in clocked.cameras:
        wait_until("recording again", lambda camera=camera: clocked.is_recorded(camera, awake_us + 6 * SECOND), 40)
        line = node.timeline(camera, slept_from_us - 2 * SECOND, awake_us + 6 * SECOND)
        assert line.is_exact()
        told = holes(line.gaps)
        assert {cause for _, cause in told} <= {"clock_step", "network", "worker_crash", "overload_drop"}, told
        assert "clock_step" in {cause for _, cause in told}, told
        assert abs(sum(length for length, _ in told) - asleep_us) < (ASLEEP_S + 8) * SECOND, told
        assert tally(node.marks(camera)).doubled == 0
