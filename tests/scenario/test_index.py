"""The index against the files: checked beside the running node and after it, lost and made anew, with the same timeline."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.node import Node, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(150)]

SECOND = 1_000_000
CLEAN = {"missing": 0, "orphan": 0, "short": 0, "changed": 0, "chain_broken": 0}


def faults(found: dict[str, int]) -> dict[str, int]:
    return {name: found[name] for name in CLEAN}


def pause_recording(node: Node, camera: str) -> None:
    """A hole that the operator wants: it must come back from the files, too."""
    node.patch(f"/cameras/{camera}", {"record": "never"})
    pass_time(3)
    node.patch(f"/cameras/{camera}", {"record": "always"})
    node.wait_recording([camera])


def test_an_index_made_anew_from_the_files_tells_the_same_timeline() -> None:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), 2) as base:
        folder = Path(top) / "node"
        with serve(folder) as node:
            cameras = [node.add_camera(f"{base}/cam/{number}/main") for number in (1, 2)]
            node.wait_recording(cameras)
            from_us = now_us() + SECOND
            pass_time(5)
            pause_recording(node, cameras[0])
            pass_time(6)
            assert faults(node.check()) == CLEAN
            to_us = now_us() - 3 * SECOND
            assert node.stop() == 0
        stopped = node.check()
        assert faults(stopped) == CLEAN
        assert stopped["rows"] == stopped["files"]
        with serve(folder) as node:
            before = {camera: node.timeline(camera, from_us, to_us) for camera in cameras}
            assert [cause for _, _, cause in before[cameras[0]].gaps] == ["operator_stop"]
            assert not before[cameras[1]].gaps
            assert node.stop() == 0
        rebuilt = node.check("--rebuild-index")
        assert faults(rebuilt) == CLEAN
        with serve(folder) as node:
            after = {camera: node.timeline(camera, from_us, to_us) for camera in cameras}
            assert after == before
            assert node.stop() == 0
        assert node.bad_log_lines() == []


def test_recordings_outlive_a_lost_database() -> None:
    """The register is gone with it; every segment is found again in its files."""
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), 1) as base:
        folder = Path(top) / "node"
        with serve(folder) as node:
            camera = node.add_camera(f"{base}/cam/1/main")
            node.wait_recording([camera])
            wait_until("three segments", lambda: len(node.segments(camera)) >= 3, 15)
            assert node.stop() == 0
        rows = node.check()["rows"]
        shutil.rmtree(node.data / "postgres")
        rebuilt = node.check("--rebuild-index")
        assert faults(rebuilt) == CLEAN
        assert rebuilt["rows"] == rebuilt["files"] == rows
