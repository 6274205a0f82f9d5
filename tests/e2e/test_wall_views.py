"""Views are saved, shared and opened again; tours turn their pages onto pictures that run already; a wall has its own window."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.pictures import look
from tests.e2e.report import report

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(120)]

# From the moment in which the second page is shown: whether its tile has a picture already, and how long until it plays.
_WATCH_TURN = """([camera]) => {
  window.turned = null;
  const watch = () => {
    const tile = document.querySelector('[data-testid=tile-0]');
    if (tile?.dataset.camera !== camera) return requestAnimationFrame(watch);
    const begin = performance.now();
    window.ran = tile.querySelector('video').videoWidth > 0;
    const shows = () => {
      const video = tile.querySelector('video');
      if (tile.dataset.state === 'playing' && video.videoWidth > 0) window.turned = performance.now() - begin;
      else requestAnimationFrame(shows);
    };
    shows();
  };
  watch();
}"""


def test_a_view_is_saved_opened_changed_and_removed(console: Console, node: DemoNode) -> None:
    page = console.page
    one, three, four = (node.cameras[number] for number in (1, 3, 4))
    console.open("/live", layout="4", cams=f"{one},,{three}")
    console.wait_state(console.tile(0), "playing")
    views = page.get_by_role("region", name="视图与轮巡")
    dialog = page.get_by_role("dialog")
    views.get_by_role("button", name="保存当前画面为视图").click()
    dialog.get_by_label("名称").fill("东门一线")
    dialog.get_by_label("共享").check()
    dialog.get_by_role("button", name="保存", exact=True).click()
    row = views.get_by_role("listitem").filter(has_text="东门一线")
    expect(row).to_be_visible()
    kept = node.get("/wall-views")["items"]
    assert [(view["name"], view["shared"], view["cameras"]) for view in kept] == [("东门一线", True, [one, None, three])]

    console.open("/live", layout="1", cams=four)
    console.wait_state(console.tile(0), "playing")
    row.get_by_role("button", name="东门一线").click()
    page.wait_for_function("(id) => document.querySelector('[data-testid=tile-2]')?.dataset.camera === id", arg=three)
    console.wait_state(console.tile(2), "playing")
    assert page.locator(".tile").count() == 4

    row.hover()
    row.get_by_role("button", name="修改视图").click()
    dialog.get_by_label("名称").fill("东门二线")
    dialog.get_by_role("button", name="保存", exact=True).click()
    renamed = views.get_by_role("listitem").filter(has_text="东门二线")
    renamed.hover()
    renamed.get_by_role("button", name="删除").click()
    dialog.get_by_role("button", name="删除").click()
    expect(renamed).to_have_count(0)
    assert node.get("/wall-views")["items"] == []


def test_a_tour_turns_onto_pictures_that_run_already_and_can_be_held(console: Console, node: DemoNode) -> None:
    page = console.page
    one, three = node.cameras[1], node.cameras[3]
    console.open("/live", layout="1", cams=f"{one},{three}", dwell="5")
    console.wait_state(console.tile(0), "playing")
    first = look(page)[0].code
    page.evaluate(_WATCH_TURN, [three])
    page.wait_for_function("() => window.turned !== null", timeout=20_000)
    took = float(page.evaluate("() => window.turned"))
    report("tour: from the turn of the page to its picture", f"{took:.0f} ms")
    assert page.evaluate("() => window.ran"), "the next page had no picture before it was shown"
    second = look(page)[0]
    assert second.state == "playing"
    assert first
    assert second.code
    assert second.code.clip != first.clip
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="继续轮巡")).to_be_visible()
    stands = page.locator(".tour-left").inner_text()
    page.wait_for_timeout(2_200)
    expect(page.locator(".tour-left")).to_have_text(stands)
    expect(page.get_by_test_id("page")).to_have_text("2/2 页")
    page.get_by_role("button", name="停止轮巡").click()
    expect(page.get_by_test_id("tour")).to_have_count(0)


def test_a_wall_in_its_own_window_is_all_pictures_and_lives_in_its_address(console: Console, node: DemoNode) -> None:
    console.open("/live", layout="4", cams=",".join(node.good[:2]))
    console.wait_state(console.tile(0), "playing")
    with console.page.expect_popup() as opened:
        console.page.get_by_role("button", name="在新窗口打开本电视墙").click()
    popup = Console(opened.value, console.base)
    _is_all_pictures(popup)
    popup.page.reload()
    _is_all_pictures(popup)
    popup.page.close()
    assert not popup.unexpected()


def _is_all_pictures(popup: Console) -> None:
    popup.wait_state(popup.tile(1), "playing")
    share = popup.page.evaluate("() => document.querySelector('.wall').getBoundingClientRect().height / innerHeight")
    assert share == pytest.approx(1)
    assert popup.page.locator(".rail, .tree").count() == 0
