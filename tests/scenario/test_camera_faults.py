"""Cameras of a running node go wrong each in its own way, at the same moment (faults.md C1–C9): each says so in its state or on its
timeline, what is missing is told to the frame, and the good camera beside them loses nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.invariants import i4_time_is_accounted
from tests.support.node import Node, now_us, serve, sim_cameras
from tests.support.wait import wait_until
from vms.sim.marks import tally

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(150)]

SECOND = 1_000_000
AFTER_S, FOR_S, QUIET_S = 12, 6, 9
FOR_GOOD = 1_000


@dataclass(frozen=True)
class Wrong:
    """What one camera does, and which gap causes and state must come of it."""

    camera: int
    script: str
    causes: tuple[str, ...] = ()
    state: tuple[str, str | None] = ("online", None)
    for_s: int = FOR_S


FAULTS = {
    "drops out": Wrong(2, 'kind = "drop_out"', ("camera_offline",)),
    "goes silent": Wrong(3, 'kind = "stall"', ("network",)),
    "loses packets": Wrong(4, 'kind = "loss"\npercent = 5', ("network",)),
    "garbles": Wrong(6, 'kind = "garble"\npercent = 2'),
    "has no key frame": Wrong(7, 'kind = "no_key_frame"', for_s=FOR_GOOD),
    "floods": Wrong(9, 'kind = "flood"\nbytes = 12000'),
    "changes its size": Wrong(11, 'kind = "change"\nclip = "crossing-sub"', for_s=FOR_GOOD),
    "sets its clock": Wrong(12, 'kind = "time_jump"\nby_s = -8', ("clock_step",), for_s=FOR_GOOD),
    "changes its password": Wrong(13, 'kind = "wrong_password"', ("auth",), ("offline", "auth"), FOR_GOOD),
}
GOOD = 1


def script() -> str:
    tables = [f"{wrong.script}\ncameras = [{wrong.camera}]\nfor_s = {wrong.for_s}" for wrong in FAULTS.values()]
    tables.append('kind = "drop_out"\ncameras = [13]\nfor_s = 1')  # a changed password shows when it must be given
    return "".join(f"[[fault]]\nafter_s = {AFTER_S}\nevery_s = {FOR_GOOD}\n{table}\n" for table in tables)


@dataclass
class Sick:
    node: Node
    cameras: dict[int, str]
    from_us: int
    to_us: int
    said_us: dict[str, int]
    """When a state was first seen, by camera's fault and cause."""


@pytest.fixture(scope="module")
def sick() -> Generator[Sick]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, serve(Path(top) / "node") as node:
        with sim_cameras(Path(top), 13, faults=script()) as base:
            fault_us = now_us() + AFTER_S * SECOND
            numbers = (GOOD, *(wrong.camera for wrong in FAULTS.values()))
            cameras = {number: node.add_camera(f"{base}/cam/{number}/main", name=f"Camera {number}") for number in numbers}
            node.wait_recording(cameras.values(), 10)
            assert now_us() < fault_us, "nothing has happened yet"
            from_us = fault_us - 2 * SECOND
            said = watch(node, cameras, fault_us)
            yield Sick(node, cameras, from_us, now_us() - 4 * SECOND, said)
        assert node.stop() == 0
        assert node.bad_log_lines() == []


def watch(node: Node, cameras: dict[int, str], fault_us: int) -> dict[str, int]:
    """Let it all happen and pass; when which cause was first shown, in µs since the faults."""
    said: dict[str, int] = {}

    def look() -> bool:
        for kind, wrong in FAULTS.items():
            shown = node.camera(cameras[wrong.camera])
            if shown["cause"]:
                said.setdefault(f"{kind}: {shown['cause']}", now_us() - fault_us)
        return now_us() > fault_us + (FOR_S + QUIET_S) * SECOND

    wait_until("the faults are over", look, AFTER_S + FOR_S + QUIET_S + 30, poll_s=0.3)
    return said


@pytest.mark.parametrize("kind", FAULTS)
def test_a_camera_that_goes_wrong_says_so_and_is_accounted_for(sick: Sick, kind: str) -> None:
    wrong = FAULTS[kind]
    camera = sick.cameras[wrong.camera]
    shown = sick.node.wait_state(camera, *wrong.state, 5)
    assert bool(shown["message"]) == (wrong.state[0] == "offline")
    line = sick.node.timeline(camera, sick.from_us, sick.to_us)
    assert line.is_exact(), line
    causes = {cause for start, end, cause in line.gaps if end - start > SECOND // 10}
    assert causes <= set(wrong.causes), line
    assert bool(causes) == bool(wrong.causes), line
    if kind != "garbles":  # its marks are garbled as well
        assert i4_time_is_accounted(sick.node, camera, (sick.from_us, sick.to_us), sick.node.marks(camera)) == []


def test_silence_and_a_changed_password_are_shown_within_ten_and_five_seconds(sick: Sick) -> None:
    assert sick.said_us["goes silent: stalled"] <= 10 * SECOND, sick.said_us
    assert sick.said_us["changes its password: auth"] <= 5 * SECOND, sick.said_us


def test_a_camera_that_is_back_is_recorded_within_three_seconds(sick: Sick) -> None:
    gaps = sick.node.timeline(sick.cameras[2], sick.from_us, sick.to_us).gaps
    assert max(end - start for start, end, _ in gaps) <= (FOR_S + 3) * SECOND, gaps


def test_an_endless_gop_shows_its_length(sick: Sick) -> None:
    (profile, *_) = sick.node.camera(sick.cameras[7])["profiles"]
    assert profile["gop_ms"] > 6_000, profile


def test_a_new_size_is_a_new_run_and_the_clip_across_it_is_whole(sick: Sick) -> None:
    camera = sick.cameras[11]
    assert len({row["run"] for row in sick.node.segments(camera)}) == 2
    answer = sick.node.clip(camera, sick.from_us, sick.to_us)
    assert (answer.status_code, len(answer.content) > 100_000) == (200, True)


def test_the_good_camera_lost_no_frame_beside_them(sick: Sick) -> None:
    found = tally(sick.node.marks(sick.cameras[GOOD]))
    assert (found.missing, found.doubled) == (0, 0), found
    assert not sick.node.timeline(sick.cameras[GOOD], sick.from_us, sick.to_us).gaps
