"""A disk that really is full: recording goes on over the oldest unheld recordings, live is not touched, nothing held is lost, and
when only held recordings are left the node says so at once and goes on trying.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.scenario.test_killed import watching
from tests.support.disk import on_small_disk, seen_by
from tests.support.node import API, Node, Setup, now_us, serve, sim_cameras
from tests.support.wait import wait_until
from vms.app import run_dir
from vms.base.timespan import format_time, parse_time
from vms.processes.config import load
from vms.processes.control.database import database_url
from vms.setup import first_way_in

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(400)]

CAMERAS = 4
DISK_MIB = 4
SECOND = 1_000_000
Figure = Callable[[str, object], None]


class Desk:
    """Two persons, a node on a small disk, and what it told."""

    def __init__(self, node: Node, disk: Path, cameras: list[str]) -> None:
        self.node, self.disk, self.cameras = node, disk, cameras
        url = database_url(load(run_dir(node.data) / "node.json"))
        self.second = {"Authorization": f"Bearer {first_way_in(url, node.data / 'keys', admin_name='', api_name='second').token}"}

    def facts(self, kind: str) -> list[dict[str, Any]]:
        return self.node.items("/facts", type=kind)

    def hold(self, cameras: list[str], from_us: int, to_us: int) -> dict[str, Any]:
        body = {
            "cameras": cameras,
            "from": format_time(from_us),
            "to": format_time(to_us),
            "case_no": "A1",
            "doc_no": "D1",
            "reason": "theft",
        }
        asked = self.node.post("/holds", body | {"expires_at": format_time(now_us() + 10**12)})
        path = f"{API}/holds/{asked['id']}/approve"
        assert self.node.http.post(path).status_code == 403  # who asked cannot approve
        approved = self.node.http.post(path, headers=self.second)
        assert approved.status_code == 200, approved.text
        return approved.json()

    def held(self, camera: str, until_us: int) -> list[dict[str, Any]]:
        return [s for s in self.node.segments(camera) if parse_time(s["to"]) <= until_us]

    def assert_whole(self, segments: list[dict[str, Any]]) -> None:
        lost = [s["path"] for s in segments if (self.disk / s["path"]).stat().st_size != s["bytes"]]
        assert not lost

    def disk_gaps(self, camera: str, since_us: int) -> list[tuple[int, int]]:
        line = self.node.timeline(camera, since_us, now_us())
        assert line.is_exact(), line
        return [(a, b) for a, b, cause in line.gaps if cause == "disk_full"]


@pytest.fixture(scope="module")
def desk() -> Generator[Desk]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), CAMERAS) as base:
        disk = Path(top) / "disk"
        more = f'[retention]\nfree_bytes = 0\n[[volumes]]\nid = "disk"\npath = "{disk}"\n'
        with serve(Path(top) / "node", Setup(more=more, before=on_small_disk(disk, DISK_MIB))) as node:
            cameras = [node.add_camera(f"{base}/cam/{n}/main") for n in range(1, CAMERAS + 1)]
            node.wait_recording(cameras)
            yield Desk(node, seen_by(node.process.pid, disk), cameras)
            assert node.stop() == 0


def test_a_full_disk_costs_the_oldest_unheld_recordings_and_nothing_else(desk: Desk, record_property: Figure) -> None:
    node, first = desk.node, desk.cameras[0]
    since_us = now_us()
    held = wait_until("segments to hold", lambda: found[:3] if len(found := node.segments(first)) >= 3 else None, 30)
    until_us = parse_time(held[-1]["to"])
    desk.hold([first], since_us - 60 * SECOND, until_us)
    with watching(node, first) as viewer:
        wait_until("a live picture", lambda: viewer.arrivals_us or None, 20)
        watched_us = now_us()
        wait_until("the disk is full", lambda: desk.facts("volume.state") or None, 180)
        wait_until("something went", lambda: len(desk.facts("recording.deleted")) > 8, 60)
        time.sleep(10)
        longest_wait_us = viewer.longest_wait_us(watched_us)
    full_us = parse_time(desk.facts("volume.state")[0]["at"])
    deleted = desk.facts("recording.deleted")
    freed_us = parse_time(deleted[0]["at"]) - full_us
    gaps = [gap for camera in desk.cameras for gap in desk.disk_gaps(camera, full_us - 10 * SECOND)]
    record_property("first_freed_ms", freed_us // 1000)
    record_property("longest_disk_full_gap_ms", max((b - a for a, b in gaps), default=0) // 1000)
    record_property("live_longest_wait_ms", longest_wait_us // 1000)
    assert {fact["data"]["rule"] for fact in deleted} == {"floor"}
    assert freed_us <= SECOND
    assert gaps, "the disk never was full"
    assert max(b - a for a, b in gaps) <= 5 * SECOND
    assert longest_wait_us <= 2 * SECOND
    desk.assert_whole(held)
    states = {r["state"] for r in node.get(f"/cameras/{first}/timeline", **{"from": since_us, "to": until_us})["recorded"]}
    assert states == {"held"}


def test_with_only_held_recordings_left_the_node_says_so_at_once_and_loses_none(desk: Desk, record_property: Figure) -> None:
    node = desk.node
    desk.hold(desk.cameras, 1, now_us() + 3600 * SECOND)
    held = [segment for camera in desk.cameras for segment in node.segments(camera)]
    begun_us = now_us()
    fact = wait_until("the alarm", lambda: next((f for f in desk.facts("recording.at_risk") if f["data"]["at_risk"]), None), 60)
    told = parse_time(fact["at"])
    node_log = node.log.read_text(errors="replace")
    record_property("at_risk_after_hold_ms", (told - begun_us) // 1000)
    assert "recording is held up" in node_log
    time.sleep(8)
    assert len(desk.facts("recording.at_risk")) == 1  # told once
    desk.assert_whole(held)
    volume = node.get("/storage/volumes")["items"][0]
    assert (volume["at_risk"], volume["state"]) == (True, "full")
    for camera in desk.cameras:
        assert desk.node.camera(camera)["state"] == "online"
        line = node.timeline(camera, now_us() - 5 * SECOND, now_us())
        assert line.is_exact()
        desk.assert_whole(node.segments(camera))
    last_us = max(parse_time(segment["to"]) for segment in held)
    late = [t for camera in desk.cameras for t in desk.disk_gaps(camera, last_us)]
    full_us = min((a for a, _ in late), default=told)
    record_property("at_risk_after_full_ms", (told - full_us) // 1000)
    assert told - full_us <= 5 * SECOND


def test_the_answer_without_a_right_to_it_is_no(desk: Desk) -> None:
    answer = httpx2.get(f"{desk.node.url}{API}/holds", trust_env=False)
    assert answer.status_code == 401
