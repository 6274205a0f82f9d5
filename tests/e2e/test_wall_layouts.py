"""The wall is rearranged by pointer and keys: what moves is read from the pictures, not from their names."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.pictures import look

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

CODE = "11010101001320990417"
LAYOUTS = (1, 4, 6, 8, 9, 10, 13, 16, 25, 36)
_BOXES = """() => {
  const wall = document.querySelector('[data-testid=wall]').getBoundingClientRect();
  const tiles = [...document.querySelectorAll('.tile')].map((tile) => tile.getBoundingClientRect());
  return { wall: wall.width * wall.height, covered: tiles.reduce((sum, t) => sum + t.width * t.height, 0),
    ratios: tiles.map((t) => t.width / t.height), count: tiles.length };
}"""
_CAMERAS = """(expected) => {
  const shown = [...document.querySelectorAll('.tile')].map((tile) => tile.dataset.camera ?? '');
  return expected.every((camera, i) => (shown[i] ?? '') === camera);
}"""


def _clips(console: Console, tiles: int, patience_ms: int = 30_000) -> list[int]:
    """The clip that each of the first tiles shows; the simulated cameras used here show different ones."""
    for _ in range(patience_ms // 200):
        shown = {s.tile: s.code.clip for s in look(console.page) if s.code}
        found = [shown[f"tile-{index}"] for index in range(tiles) if f"tile-{index}" in shown]
        if len(found) == tiles:
            assert len(set(found)) == tiles
            return found
        console.page.wait_for_timeout(200)
    raise AssertionError(f"no readable picture in some of {tiles} tiles")


def _wait_pictures(console: Console, wanted: dict[int, int], patience_ms: int = 20_000) -> None:
    """Until each of these tiles shows its clip."""
    wrong = dict(wanted)
    for _ in range(patience_ms // 200):
        shown = {int(s.tile.removeprefix("tile-")): s.code.clip for s in look(console.page) if s.code}
        wrong = {tile: clip for tile, clip in wanted.items() if shown.get(tile) != clip}
        if not wrong:
            return
        console.page.wait_for_timeout(200)
    raise AssertionError(f"tiles never showed these clips: {wrong}")


def test_each_layout_covers_the_wall_with_windows_of_one_proportion(console: Console, node: DemoNode) -> None:
    console.open("/live", layout="4", cams=node.plain)
    console.wait_state(console.tile(0), "playing")
    for index, layout in enumerate(LAYOUTS):
        console.page.keyboard.press(f"Alt+{(index + 1) % 10}")
        console.page.wait_for_function("(n) => document.querySelectorAll('.tile').length === n", arg=layout)
        seen = console.page.evaluate(_BOXES)
        assert seen["covered"] / seen["wall"] > 0.96, layout
        assert max(seen["ratios"]) / min(seen["ratios"]) < 1.03, layout
    console.wait_state(console.tile(0), "playing")


def test_tiles_are_dragged_swapped_filled_and_taken_back(console: Console, node: DemoNode) -> None:
    one, three, four = (node.cameras[number] for number in (1, 3, 4))
    console.open("/live", layout="9", cams=f"{one},{three},{four}")
    crossing, gate, river = _clips(console, 3)
    console.tile(0).drag_to(console.tile(1))
    _wait_pictures(console, {0: gate, 1: crossing, 2: river})
    console.page.get_by_test_id(f"tree-{four}").drag_to(console.tile(0))
    _wait_pictures(console, {0: river, 1: crossing, 2: river})
    console.page.keyboard.press("Control+z")
    _wait_pictures(console, {0: gate, 1: crossing, 2: river})
    console.page.get_by_role("button", name="撤销窗口调整").click()
    _wait_pictures(console, {0: river})


def test_the_keys_of_the_sheet_do_what_it_says(console: Console, node: DemoNode) -> None:
    page = console.page
    one, three, four = (node.cameras[number] for number in (1, 3, 4))
    _register_code(console, node, four, CODE)
    console.open("/live", layout="4", cams=f"{one},{three},{four}")
    crossing, gate, river = _clips(console, 3)
    page.keyboard.press("Shift+Slash")
    sheet = page.get_by_role("dialog")
    for key, text in (("F", "全屏"), ("Alt + ← → ↑ ↓", "移动窗口"), ("PageDown", "翻页"), ("0–9", "按编号把摄像机放入所选窗口")):
        row = sheet.locator(".keys-row").filter(has=page.get_by_text(text, exact=True))
        expect(row.locator("kbd", has_text=re.compile(rf"^{re.escape(key)}$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()

    console.tile(1).click(position={"x": 300, "y": 200})
    page.keyboard.press("Alt+ArrowLeft")
    _wait_pictures(console, {0: gate, 1: crossing, 2: river})
    page.keyboard.press("Enter")
    expect(console.tile(1)).to_be_hidden()
    page.keyboard.press("Escape")
    expect(console.tile(1)).to_be_visible()
    page.keyboard.type(CODE[-6:].lstrip("0"))
    expect(page.locator(".number-box")).to_contain_text(str(node.get(f"/cameras/{four}")["name"]))
    page.keyboard.press("Enter")
    _wait_pictures(console, {0: river, 1: crossing, 2: river})
    page.keyboard.press("Delete")
    page.wait_for_function(_CAMERAS, arg=["", one, four, ""])
    _register_code(console, node, four, None)


def _register_code(console: Console, node: DemoNode, camera: str, code: str | None) -> None:
    headers = {"Authorization": f"Bearer {node.token}"}
    answer = console.page.request.patch(f"{node.url}/api/v1/cameras/{camera}", data={"code": code}, headers=headers)
    assert answer.ok, answer.text()


def test_full_screen_shows_the_wall_alone_with_its_watermark(console: Console, node: DemoNode) -> None:
    page = console.page
    console.open("/live", layout="4", cams=node.plain)
    console.wait_state(console.tile(0), "playing")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement !== null")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator(".tree")).to_be_hidden()
    page.wait_for_function("() => document.querySelector('.wall').getBoundingClientRect().width === innerWidth")
    page.wait_for_function(
        "() => [...document.fullscreenElement.querySelectorAll('*')].some((e) => e.style.backgroundImage.startsWith('url'))"
    )
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null")
    expect(page.locator(".rail")).to_be_visible()


def test_pages_are_turned_by_keys(console: Console, node: DemoNode) -> None:
    cameras = [node.cameras[number] for number in (1, 3, 4, 2)]
    console.open("/live", layout="1", cams=",".join(cameras))
    (first,) = _clips(console, 1)
    expect(console.page.get_by_test_id("page")).to_have_text("1/4 页")
    console.page.keyboard.press("PageUp")
    expect(console.page.get_by_test_id("page")).to_have_text("4/4 页")
    console.page.wait_for_function(_CAMERAS, arg=[cameras[3]])
    console.page.keyboard.press("PageDown")
    _wait_pictures(console, {0: first})
