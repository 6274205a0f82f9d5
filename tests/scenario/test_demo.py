"""`vms demo` as a user starts, interrupts, kills and starts it again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.node import Node, alive, descendants, is_alive, now_us, process
from tests.support.wait import pass_time, wait_until
from vms.demo.options import load_kept
from vms.sim.marks import tally

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

CAMERAS = 2
Figure = Callable[[str, object], None]
SECOND = 1_000_000
SEED_MINUTES = 0.5


@contextmanager
def demo(folder: Path, seed_minutes: float = 0) -> Generator[tuple[subprocess.Popen[bytes], Node]]:
    """Ready: the first frame is recorded."""
    ready, log = folder / "ready.json", folder / "demo.log"
    ready.unlink(missing_ok=True)
    command = ["demo", "--data", str(folder / "data"), "--port", "0", "--cameras", str(CAMERAS), "--no-browser"]
    with process([*command, "--seed-minutes", str(seed_minutes), "--ready-file", str(ready)], log) as started:
        wait_until("the demo", alive(started, log, ready.exists), 60)
        assert ready.stat().st_mode & 0o777 == 0o600
        told: dict[str, Any] = json.loads(ready.read_text())
        headers = {"Authorization": f"Bearer {told['token']}"}
        with httpx2.Client(base_url=told["url"], headers=headers, timeout=15.0, trust_env=False) as http:
            yield started, Node(started, folder / "data", folder / "data" / "node.log", told["url"], told["token"], http)


@pytest.mark.long
def test_interrupted_it_closes_all_and_a_second_start_goes_on(record_property: Figure) -> None:
    with tempfile.TemporaryDirectory(prefix="vms-") as top:
        with demo(Path(top)) as (started, node):
            cameras = sorted(camera["id"] for camera in node.items("/cameras"))
            assert len(cameras) == CAMERAS
            node.wait_recording(cameras)
            from_us = now_us()
            pass_time(6)
            below = descendants(started.pid)
            started.send_signal(signal.SIGINT)
            stopped_us = now_us()
            assert started.wait(40) == 0
            record_property("stop_ms", (now_us() - stopped_us) // 1000)
            assert [pid for pid in below if is_alive(pid)] == []
            assert node.bad_log_lines() == []
            found = node.check()
            assert found["rows"] == found["files"] > 0
            assert sum(found.values()) == found["rows"] + found["files"]
        with demo(Path(top)) as (started, node):
            assert sorted(camera["id"] for camera in node.items("/cameras")) == cameras
            node.wait_recording(cameras)
            pass_time(5)
            for camera in cameras:
                line = node.timeline(camera, from_us, now_us())
                assert line.is_exact(), line
                assert len(line.recorded) == 2, line
                assert [cause for _, _, cause in line.gaps] in (["power"], ["operator_stop"]), line
                assert line.gaps[0][0] >= stopped_us - SECOND
                assert "stop" in {segment["end_reason"] for segment in node.segments(camera)}
                seen = [mark for mark in node.marks(camera) if mark.wall_us < stopped_us - SECOND]
                assert (tally(seen).missing, tally(seen).doubled) == (0, 0)


def past_left(node: Node) -> tuple[int, int] | None:
    """The past that is not on the timeline yet."""
    kept = load_kept(node.data / "demo.json")
    assert kept is not None
    return kept.past_us


def test_killed_it_leaves_no_process_and_a_second_start_completes_its_past(record_property: Figure) -> None:
    with tempfile.TemporaryDirectory(prefix="vms-") as top:
        with demo(Path(top), SEED_MINUTES) as (started, node):
            span = past_left(node)
            assert span is not None, "the first picture waited for the past"
            below = descendants(started.pid)
            assert len(below) >= 5
            os.kill(started.pid, signal.SIGKILL)
            killed_us = now_us()
            started.wait(5)
            wait_until("the end of all its processes", lambda: not any(is_alive(pid) for pid in below), 15)
            took_us = now_us() - killed_us
            record_property("all_gone_ms", took_us // 1000)
            assert took_us <= 10 * SECOND
        with demo(Path(top), SEED_MINUTES) as (_, node):
            cameras = [camera["id"] for camera in node.items("/cameras")]
            node.wait_recording(cameras)
            wait_until("the past", lambda: past_left(node) is None, 30)
            for camera in cameras:
                line = node.timeline(camera, span[0] + 2 * SECOND, span[1] - 5 * SECOND)
                assert [(from_us, to_us) for from_us, to_us, *_ in line.recorded] == [(line.from_us, line.to_us)], line
            assert node.check()["orphan"] == 0
