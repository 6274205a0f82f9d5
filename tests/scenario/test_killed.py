"""Processes of the node are killed or stopped while cameras record and a viewer watches: what it costs, counted in the files."""

from __future__ import annotations

import json
import signal
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.node import Node, is_alive, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.sim.marks import Mark, find_marks, tally

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(200)]

CAMERAS = 4
Figure = Callable[[str, object], None]
SECOND = 1_000_000
GOP_FRAMES = 50  # of the clips used here
FPS = 25
VIEW_MOST_S = 1.0
"""A tile that shows the same frame longer than this has failed."""


class Viewer:
    """A live WebSocket in a thread of its own: which pictures came, and when."""

    def __init__(self, node: Node, camera: str) -> None:
        self.marks: list[Mark] = []
        self.arrivals_us: list[int] = []
        self.told: list[str] = []
        self._socket = node.websocket(f"/cameras/{camera}/live.mse")
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with self._socket as socket:
                for message in socket:
                    if isinstance(message, str):
                        self.told.append(str(json.loads(message)["type"]))
                    elif found := find_marks(message):
                        self.marks += found
                        self.arrivals_us.append(now_us())
        except ConnectionClosed:
            self.told.append("closed")

    def start(self) -> None:
        self._thread.start()
        wait_until("the first live picture", lambda: len(self.marks) > FPS, 10)

    def close(self) -> None:
        self._socket.close()
        self._thread.join(5)

    def longest_wait_us(self, since_us: int) -> int:
        times = [since_us, *(at for at in self.arrivals_us if at > since_us), now_us()]
        return max(later - earlier for earlier, later in pairwise(times))


@contextmanager
def watching(node: Node, camera: str) -> Generator[Viewer]:
    viewer = Viewer(node, camera)
    viewer.start()
    try:
        yield viewer
    finally:
        viewer.close()


class Running:
    def __init__(self, node: Node, cameras: list[str], base: str) -> None:
        self.node, self.cameras, self.base = node, cameras, base

    def newest_us(self, camera: str) -> int:
        """Of what lies in the newest file."""
        return max((mark.wall_us for path in self.node.files(camera)[-1:] for mark in find_marks(path.read_bytes())), default=0)

    def assert_nothing_lost(self, since_us: int) -> None:
        for camera in self.cameras:
            found = tally(mark for mark in self.node.marks(camera) if mark.wall_us > since_us)
            assert (found.missing, found.doubled) == (0, 0), (camera, found)

    def wait_committed(self, until_us: int) -> None:
        """The index has come after: the timeline has no gap up to that instant."""
        for camera in self.cameras:
            wait_until("the timeline", lambda camera=camera: self._reaches(camera, until_us), 20)

    def _reaches(self, camera: str, until_us: int) -> bool:
        try:
            line = self.node.timeline(camera, until_us - 5 * SECOND, until_us)
        except (AssertionError, httpx2.TransportError):
            return False
        return line.to_us == until_us and not line.gaps


@pytest.fixture(scope="module")
def running() -> Generator[Running]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), CAMERAS) as base, serve(Path(top) / "node") as node:
        cameras = [node.add_camera(f"{base}/cam/{number}/main") for number in range(1, CAMERAS + 1)]
        node.wait_recording(cameras)
        yield Running(node, cameras, base)
        pass_time(3)  # segments that are being closed
        for camera in cameras:
            line = node.timeline(camera, now_us() - 600 * SECOND, now_us())
            assert line.is_exact(), line
        found = node.check()
        assert found == dict.fromkeys(found, 0) | {"rows": found["rows"], "files": found["files"]}
        assert node.stop() == 0


def recording_again_us(running: Running, killed_us: int) -> int:
    """When frames taken after the kill lay in the files of every camera."""

    def all_newer() -> bool:
        return all(running.newest_us(camera) > killed_us for camera in running.cameras)

    wait_until("recording again", all_newer, 20)
    return now_us() - killed_us


def assert_loss_and_gap(running: Running, killed_us: int, away_us: int) -> int:
    """At most one GOP and the time away are lost, and a gap with its cause says so to the frame. How many frames at most."""
    most = 0
    for camera in running.cameras:
        marks = running.node.marks(camera)
        around = tally(mark for mark in marks if mark.wall_us > killed_us - 4 * SECOND)
        assert around.doubled == 0
        gaps = wait_until("the timeline", lambda camera=camera: gaps_of(running, camera, killed_us), 10)
        assert {cause for _, _, cause in gaps} == ({"worker_crash"} if around.missing else set()), (gaps, around)
        assert abs(sum(end - start for start, end, _ in gaps) - around.missing * SECOND // FPS) <= SECOND // 5, (gaps, around)
        assert around.missing <= GOP_FRAMES + away_us * FPS // SECOND
        most = max(most, around.missing)
        if camera == running.cameras[0]:
            assert around.missing, "this one was killed late in its GOP"
    return most


def gaps_of(running: Running, camera: str, since_us: int) -> list[tuple[int, int, str]] | None:
    """Once recording again is on the timeline."""
    line = running.node.timeline(camera, since_us - 4 * SECOND, now_us())
    holes = [(start, end, cause) for start, end, cause in line.gaps if end - start > SECOND // FPS]  # two runs never join to the µs
    return holes if line.to_us > since_us + SECOND and line.recorded and line.recorded[-1][1] == line.to_us else None


def wait_late_in_gop(running: Running) -> None:
    """A simulated camera begins with its latest key frame, and the next life is there within half a second: a death early in a
    GOP may cost nothing. A segment is one GOP here."""
    pass_time(7)
    started = int(running.node.files(running.cameras[0])[-1].name.partition("-")[0])
    wait_until("late in a GOP", lambda: (now_us() - started) % (2 * SECOND) > 1.7 * SECOND, 5, poll_s=0.01)


def test_a_killed_worker_records_again_within_three_seconds(running: Running, record_property: Figure) -> None:
    wait_late_in_gop(running)
    killed_us = now_us()
    pid = running.node.kill("worker")
    away_us = recording_again_us(running, killed_us)
    lost = assert_loss_and_gap(running, killed_us, away_us)
    record_property("recording_again_ms", away_us // 1000)
    record_property("lost_frames", lost)
    assert not is_alive(pid)
    assert away_us <= 3 * SECOND


def test_a_stopped_worker_is_replaced_within_ten_seconds(running: Running, record_property: Figure) -> None:
    wait_late_in_gop(running)
    stopped_us = now_us()
    pid = running.node.kill("worker", signal.SIGSTOP)
    wait_until("the hung worker's end", lambda: not is_alive(pid), 12)
    replaced_us = now_us() - stopped_us
    away_us = recording_again_us(running, stopped_us)
    assert_loss_and_gap(running, stopped_us, away_us)
    record_property("recording_again_ms", away_us // 1000)
    assert replaced_us <= 10 * SECOND
    assert away_us <= 10 * SECOND + 3 * SECOND


def test_a_killed_control_costs_no_frame_and_no_picture(running: Running, record_property: Figure) -> None:
    since_us = now_us()
    with watching(running.node, running.cameras[0]) as viewer:
        killed_us = now_us()
        running.node.kill("control")
        pass_time(6)
        record_property("longest_wait_ms", viewer.longest_wait_us(killed_us) // 1000)
        assert viewer.longest_wait_us(killed_us) <= VIEW_MOST_S * SECOND
        seen = tally(viewer.marks)
        assert (seen.missing, seen.doubled) == (0, 0), seen
    running.wait_committed(now_us() - 3 * SECOND)
    running.assert_nothing_lost(since_us)


@pytest.mark.parametrize("seconds", [pytest.param(15, id="15s"), pytest.param(30, id="30s", marks=pytest.mark.long)])
def test_a_stopped_control_costs_no_frame_and_no_picture(running: Running, seconds: int) -> None:
    since_us = now_us()
    with watching(running.node, running.cameras[1]) as viewer:
        stopped_us = now_us()
        pid = running.node.kill("control", signal.SIGSTOP)
        pass_time(seconds)
        if is_alive(pid):
            running.node.kill("control", signal.SIGCONT)
        assert viewer.longest_wait_us(stopped_us) <= VIEW_MOST_S * SECOND
        seen = tally(viewer.marks)
        assert (seen.missing, seen.doubled) == (0, 0), seen
    running.wait_committed(now_us() - 3 * SECOND)
    running.assert_nothing_lost(since_us)


def test_a_killed_database_costs_no_frame_and_no_picture(running: Running, record_property: Figure) -> None:
    since_us = now_us()
    with watching(running.node, running.cameras[2]) as viewer:
        killed_us = now_us()
        running.node.kill("postgres")
        pass_time(6)
        assert viewer.longest_wait_us(killed_us) <= VIEW_MOST_S * SECOND
        seen = tally(viewer.marks)
        assert (seen.missing, seen.doubled) == (0, 0), seen
    running.wait_committed(now_us() - 3 * SECOND)
    record_property("index_caught_up_ms", (now_us() - killed_us) // 1000)
    running.assert_nothing_lost(since_us)


def test_a_killed_edge_is_back_and_costs_no_frame(running: Running) -> None:
    since_us = now_us()
    killed_us = now_us()
    running.node.kill("edge")
    running.wait_committed(killed_us)
    assert now_us() - killed_us <= 5 * SECOND
    with watching(running.node, running.cameras[3]) as viewer:
        assert tally(viewer.marks).missing == 0
    running.assert_nothing_lost(since_us)
