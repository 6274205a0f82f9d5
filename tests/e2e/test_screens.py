"""Each screen fits its window in both languages; with VMS_SHOTS=1 the guide's pictures are taken anew (docs/guide/img).

The figures of a loaded machine are none to show: take the pictures alone, test_integrity.py before them, so that there is damage to see.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, ViewportSize

from tests.e2e.console import Console
from tests.e2e.demo_node import ROOT, DemoNode
from tests.e2e.past import SECOND_US, now_us, open_past, readable
from vms.base.timespan import format_time

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

GUIDE = ROOT / "docs" / "guide" / "img"
PICTURE: ViewportSize = {"width": 1440, "height": 810}
MOST_BYTES = 300_000
WINDOWS: tuple[ViewportSize, ...] = ({"width": 1366, "height": 768}, {"width": 1920, "height": 1080}, {"width": 3840, "height": 2160})
_PALETTE = "split[a][b];[a]palettegen=max_colors=192[p];[b][p]paletteuse=dither=none"
_IN_TIME = """() => [...document.querySelectorAll('.latency')]
  .every((chip) => !['late', 'bad'].includes(chip.dataset.level) && !/\\b0[.]0/.test(chip.textContent))"""
_OVERFLOW = """() => [...document.querySelectorAll('.shell, .top, .toolbar, .rail, .rail-item, .play-side, .tile-top, .tree-row')]
  .filter((box) => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1)
  .map((box) => `${box.className}: ${box.scrollWidth}×${box.scrollHeight} in ${box.clientWidth}×${box.clientHeight}`)"""


def _live(console: Console, node: DemoNode) -> None:
    cameras = [camera for number, camera in node.cameras.items() if number not in (13, 14)]
    console.open("/live", layout="16", cams=",".join(cameras))
    console.page.wait_for_function("() => document.querySelectorAll('.tile[data-state=playing]').length === 15", timeout=90_000)


def _playback(console: Console, node: DemoNode) -> None:
    open_past(console, f"{node.cameras[1]},{node.cameras[3]}", now_us() - 100 * SECOND_US)
    readable(console)


def _points(console: Console, node: DemoNode) -> None:
    console.open("/points")
    console.page.get_by_role("row").nth(len(node.cameras)).wait_for()


def _integrity(console: Console, node: DemoNode) -> None:
    console.open("/integrity")
    console.page.locator(".integrity section").nth(2).wait_for()


def _plans(console: Console, node: DemoNode) -> None:
    del node
    console.open("/plans", plan="new")
    console.page.locator(".preview-day").nth(13).wait_for()


def _storage(console: Console, node: DemoNode) -> None:
    del node
    console.open("/storage")
    console.page.locator(".volume .fill-bar").first.wait_for()


def _holds(console: Console, node: DemoNode) -> None:
    camera = node.cameras[1]
    ends = format_time(now_us() + 30 * 86_400 * SECOND_US)
    span = {"from": format_time(now_us() - 120 * SECOND_US), "to": format_time(now_us() - 60 * SECOND_US)}
    paper = {"case_no": "A-2026-0042", "doc_no": "BQ-17", "reason": "Theft at the north gate", "expires_at": ends}
    if not any(hold["case_no"] == paper["case_no"] for hold in node.get("/holds")["items"]):
        answer = console.page.request.post(
            f"{node.url}/api/v1/holds", data={"cameras": [camera], **span, **paper}, headers={"Authorization": f"Bearer {node.token}"}
        )
        assert answer.ok, answer.text()
    console.open("/holds")
    console.page.get_by_text("A-2026-0042").first.wait_for()


def _completeness(console: Console, node: DemoNode) -> None:
    del node
    console.open("/completeness")
    console.page.get_by_test_id("heat-row").first.wait_for(timeout=60_000)


SCREENS: dict[str, Callable[[Console, DemoNode], None]] = {
    "live": _live,
    "playback": _playback,
    "points": _points,
    "plans": _plans,
    "storage": _storage,
    "holds": _holds,
    "integrity": _integrity,
    "completeness": _completeness,
}


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_fits_every_window_in_both_languages(console: Console, node: DemoNode, screen: str) -> None:
    SCREENS[screen](console, node)
    for window in WINDOWS:
        console.page.set_viewport_size(window)
        console.page.reload(wait_until="commit")  # a window does not turn into a wall screen while it is open
        for language, other in (("en", "English"), ("zh-CN", "中文")):
            console.page.get_by_role("button", name=other).click()
            console.page.locator(f'html[lang="{language}"]').wait_for()
            console.page.locator(".toolbar").first.wait_for()
            console.page.wait_for_timeout(300)  # the browser lays out anew
            assert not console.page.evaluate(_OVERFLOW), f"{screen}, {language}, {window}"


@pytest.mark.parametrize("screen", SCREENS)
def test_a_picture_of_a_screen_is_small_enough_for_the_guide(console: Console, node: DemoNode, screen: str, tmp_path: Path) -> None:
    wanted = os.environ.get("VMS_SHOTS") == "1"
    console.page.set_viewport_size(PICTURE)
    for tells_paths in ("system", "storage/volumes"):
        console.page.route(f"**/api/v1/{tells_paths}", lambda route: _elsewhere(route, node))
    SCREENS[screen](console, node)
    for language, other, name in (("en", "English", f"{screen}.png"), ("zh-CN", "中文", f"{screen}.zh-CN.png")):
        console.page.get_by_role("button", name=other).click()
        console.page.locator(f'html[lang="{language}"]').wait_for()
        console.page.mouse.move(PICTURE["width"] / 2, 20)
        console.page.wait_for_timeout(300)  # the browser lays out anew
        if wanted:
            console.page.wait_for_function(_IN_TIME, timeout=90_000)
        whole = tmp_path / "whole.png"
        console.page.screenshot(path=whole)
        target = (GUIDE if wanted else tmp_path) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _squeeze(whole, target)
        assert target.stat().st_size <= MOST_BYTES


def _elsewhere(route: Route, node: DemoNode) -> None:
    """The node's data folder is a temporary one; in the guide it is where a node has it."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace(str(node.data), "/srv/vms"))


def _squeeze(whole: Path, target: Path) -> None:
    """With a palette: a third of the size, and screens have few colours."""
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(whole), "-vf", _PALETTE, "-compression_level", "9", str(target)]
    subprocess.run(command, check=True)
