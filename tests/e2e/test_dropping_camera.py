"""A camera that drops out for ten seconds of every ninety: its tile says so and comes back, its past tells the gap and jumps it."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.past import SECOND_US, micros, now_us, open_past, readable
from tests.e2e.pictures import look, seconds_apart
from tests.e2e.report import report

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NEXT_DROP_OUT_MS = 120_000


def test_its_tile_says_so_and_comes_back_by_itself(console: Console, node: DemoNode) -> None:
    console.open("/live", layout="1", cams=node.dropping)
    tile = console.tile(0)
    console.wait_state(tile, "playing", 40_000)
    tile.and_(console.page.locator('[data-state="offline"]')).wait_for(timeout=NEXT_DROP_OUT_MS)
    expect(tile.get_by_role("status")).to_contain_text("离线")
    expect(tile.get_by_role("status")).to_contain_text(re.compile(r"自 \d\d:\d\d:\d\d 起"))
    began = time.monotonic()
    console.wait_state(tile, "playing", 40_000)
    report("dropping camera: offline was shown for", f"{time.monotonic() - began:.1f} s of 10 s")
    shown = next(s for _ in range(100) if (s := look(console.page)[0]).code is not None)
    assert shown.code is not None
    assert abs(seconds_apart(shown.code.second, shown.at_s)) < 6


def test_a_gap_is_told_and_jumped(console: Console, node: DemoNode) -> None:
    gap = _gap_of(node)
    open_past(console, node.dropping, gap[0] - 3 * SECOND_US)
    expect(console.page.get_by_text(re.compile("缺失（离线）"))).to_be_visible()
    console.page.wait_for_function(
        "(to) => Number(document.querySelector('[data-testid=\"past-0\"]').dataset.wallUs) >= to", arg=gap[1] - SECOND_US // 2
    )
    console.wait_state(console.past(), "playing")
    shown = readable(console)
    assert shown.code is not None
    assert abs(seconds_apart(shown.code.second, shown.wall_us / SECOND_US)) <= 1.0


def _gap_of(node: DemoNode) -> tuple[int, int]:
    """The first whole drop-out of the camera that drops out, with something behind it."""
    until = time.monotonic() + 150
    while time.monotonic() < until:
        now = now_us()
        answer = node.get(f"/cameras/{node.dropping}/timeline", **{"from": str(now - 200 * SECOND_US), "to": str(now)})
        for gap in answer["gaps"]:
            start, end = micros(gap["from"]), micros(gap["to"])
            if gap["cause"] == "camera_offline" and end - start > 4 * SECOND_US and now - end > 12 * SECOND_US:
                return start, end
        time.sleep(1)
    raise AssertionError("no drop-out was recorded")
