"""A node that records: its chain, its roots, a flipped bit found, told on the timeline and in a clip; clean but for that."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.support.node import Node, serve, sim_cameras
from tests.support.wait import wait_until
from vms.base.timespan import parse_time

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]


def damaged(node: Node) -> int:
    return int(node.get("/integrity")["damaged_segments"])


def test_a_flipped_bit_is_found_told_and_shown() -> None:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), 1) as base, serve(Path(top) / "node") as node:
        camera = node.add_camera(f"{base}/cam/1/main")
        node.wait_recording([camera])
        wait_until("three segments", lambda: len(node.segments(camera)) >= 3, 20)
        clean = node.check()
        assert (clean["changed"], clean["chain_broken"]) == (0, 0)
        hit = node.segments(camera)[1]
        file = next((node.data / "recordings").glob(f"**/{Path(hit['path']).name}"))
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(bytes(data))
        node.post("/integrity/scrub", {})
        wait_until("the scrub finds it", lambda: damaged(node) == 1, 20)
        (part,) = node.get("/integrity")["damages"]
        assert hit["from"] <= part["from"] < part["to"] <= hit["to"]
        span = {"from": hit["from"], "to": hit["to"]}
        states = node.get(f"/cameras/{camera}/timeline", **span)["recorded"]
        assert [(s["from"], s["to"]) for s in states if s["state"] == "damaged"] == [(part["from"], part["to"])]
        clip = node.http.get(f"/api/v1/cameras/{camera}/clip.mp4", params=span)
        assert clip.headers["clip-damaged"] == f"{part['from']}/{part['to']}"
        facts = [fact for fact in node.items("/facts") if fact["type"] == "segment.damaged"]
        assert [fact["data"]["from_us"] for fact in facts] == [parse_time(part["from"])]
        chain = node.get(f"/cameras/{camera}/chain", **span)["items"]
        assert any(hit["sha256"] in item["record"] for item in chain)
        found = node.check()
        assert (found["changed"], found["missing"], found["orphan"]) == (1, 0, 0)
        assert node.stop() == 0
