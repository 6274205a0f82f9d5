"""The network to cameras that record on their own cards is cut for seconds: what is missing comes from there, without anybody asking."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import Node, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.base.timespan import parse_time
from vms.sim.marks import find_marks, tally

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(150)]

SECOND = 1_000_000
FAULTS = """
[[fault]]
kind = "drop_out"
after_s = 9
every_s = 1000
for_s = 4
[[fault]]
kind = "edge_hole"
cameras = [2]
after_s = 10
every_s = 1000
for_s = 1
"""


@pytest.fixture(scope="module")
def cut() -> Generator[tuple[Node, list[str], int]]:
    """The node, its cameras, and since when both are recorded."""
    with (
        tempfile.TemporaryDirectory(prefix="vms-") as top,
        serve(Path(top) / "node") as node,
        sim_cameras(Path(top), 2, faults=FAULTS) as base,
    ):
        cameras = [_add(node, f"{base}/cam/{number}/main") for number in (1, 2)]
        node.wait_recording(cameras)
        yield node, cameras, now_us()
        assert node.stop() == 0
        assert node.check()["chain_broken"] == 0


def _add(node: Node, url: str) -> str:
    profiles = [{"name": "main", "url": url, "transport": "auto", "edge_url": f"{url}/edge"}]
    return str(node.post("/cameras", {"name": url[-12:], "profiles": profiles, "record": "always", "edge_days": 1})["id"])


def _filled(node: Node, camera: str) -> dict[str, Any] | None:
    facts = [fact for fact in node.items("/facts", limit=500, type="recording.filled") if fact["subject"]["id"] == camera]
    return max(facts, key=lambda fact: fact["data"]["to_us"])["data"] if facts else None


def test_what_the_network_cost_comes_back_from_the_camera(cut: tuple[Node, list[str], int]) -> None:
    node, (whole, torn), since_us = cut
    told = wait_until("the hole is filled", lambda: _filled(node, whole), 60)
    until_us = told["to_us"] + 2 * SECOND
    assert told["missing_us"] == 0
    assert told["filled_us"] >= 3 * SECOND
    answer = node.get(f"/cameras/{whole}/timeline", **{"from": since_us, "to": until_us})
    assert answer["gaps"] == []
    edge = [(parse_time(r["from"]), parse_time(r["to"])) for r in answer["recorded"] if r["origin"] == "edge"]
    assert edge == [(told["from_us"], told["to_us"])]
    clip = node.clip(whole, since_us, until_us)
    assert clip.status_code == 200, clip.text[:300]
    found = tally(find_marks(clip.content))
    assert (found.missing, found.doubled) == (0, 0)

    lacking = wait_until("what its card has", lambda: _filled(node, torn), 60)
    assert 0 < lacking["missing_us"] <= 4 * SECOND
    assert lacking["filled_us"] > 0
    line = node.timeline(torn, since_us, lacking["to_us"] + 2 * SECOND)
    assert line.is_exact
    assert sum(end - start for start, end, _ in line.gaps) == lacking["missing_us"]
    assert tally(find_marks(node.clip(torn, since_us, lacking["to_us"] + 2 * SECOND).content)).doubled == 0


@pytest.mark.long
def test_what_a_killed_worker_cost_comes_back_too(cut: tuple[Node, list[str], int]) -> None:
    node, (whole, _), _ = cut
    wait_until("the hole of the network is filled", lambda: _filled(node, whole), 60)
    killed_us = now_us()
    node.kill("worker", signal.SIGSTOP)
    pass_time(2.5)  # over a GOP: what the camera sends again when it is dialled must not fill the hole by itself
    node.kill("worker")

    def filled() -> dict[str, Any] | None:
        told = _filled(node, whole)
        return told if told and told["to_us"] > killed_us else None

    told = wait_until("the hole of the crash is filled", filled, 90)
    since_us, until_us = told["from_us"] - 3 * SECOND, told["to_us"] + 2 * SECOND
    assert told["missing_us"] == 0
    assert node.timeline(whole, since_us, until_us).gaps == []
    found = tally(find_marks(node.clip(whole, since_us, until_us).content))
    assert (found.missing, found.doubled) == (0, 0)
