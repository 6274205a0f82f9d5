"""Pictures under the pointer: the timeline's are of the moment under it, the tree's of now; a stretch without recording has none."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Locator

from tests.decode.children import code_of
from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.past import SECOND_US, now_us, open_past, recorded_at
from tests.e2e.pictures import seconds_apart

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

GROUP_S = 2.5
"""The longest group of pictures of the demo's cameras, and the code's own grain."""


def picture_of(thumb: Locator) -> tuple[int, int]:
    """When it says that it was taken, and the second that its block code shows."""
    thumb.locator("img").wait_for()
    data = thumb.locator("img").get_attribute("src") or ""
    code = code_of(base64.b64decode(data.partition(",")[2]))
    assert code is not None
    return int(thumb.get_attribute("data-taken-us") or 0), code.second


def test_the_timeline_shows_the_moment_under_the_pointer(console: Console, node: DemoNode) -> None:
    at_us = recorded_at(node, node.plain, 150)
    open_past(console, node.plain, at_us)
    timeline = console.page.get_by_test_id("timeline")
    wanted_us = recorded_at(node, node.plain, 100)
    box = timeline.bounding_box()
    assert box is not None
    first, last = (int(timeline.get_attribute(f"data-{end}-us") or 0) for end in ("from", "to"))
    timeline.hover(position={"x": (wanted_us - first) / (last - first) * box["width"], "y": box["height"] - 8})
    taken_us, second = picture_of(console.page.get_by_test_id("thumb"))
    pixel_us = (last - first) / box["width"]
    assert -pixel_us <= wanted_us - taken_us <= GROUP_S * SECOND_US + pixel_us
    assert abs(seconds_apart(second, taken_us / SECOND_US)) <= 1.0
    timeline.hover(position={"x": box["width"] - 2, "y": box["height"] - 8})  # the future
    console.page.get_by_test_id("thumb").wait_for(state="detached")


def test_the_tree_shows_the_camera_as_it_is_now(console: Console, node: DemoNode) -> None:
    console.open("/playback")
    row = console.page.get_by_test_id(f"tree-{node.plain}")
    row.wait_for()
    asked_us = now_us()
    row.hover()
    taken_us, second = picture_of(console.page.get_by_test_id("thumb"))
    assert asked_us - 8 * SECOND_US <= taken_us <= now_us()
    assert abs(seconds_apart(second, taken_us / SECOND_US)) <= 1.0
