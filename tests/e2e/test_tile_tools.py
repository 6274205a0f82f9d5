"""What a tile does beside playing: no black between streams, stops out of sight, zoom, sound, snapshot, instant replay."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, WebSocket, WebSocketRoute, expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.pictures import look, seconds_apart
from tests.e2e.report import report

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(120)]

ALAW, AAC = 5, 6
"""Simulated cameras with sound, by number."""

# Each rendered frame of the page: how bright the shown picture is, and how wide the stream that it comes from.
_WATCH_LIGHT = """() => {
  const video = document.querySelector('[data-testid=tile-0] video');
  const canvas = document.createElement('canvas');
  canvas.width = 16; canvas.height = 9;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  window.seen = [];
  const look = () => {
    context.clearRect(0, 0, 16, 9);
    context.drawImage(video, 0, 0, 16, 9);
    const rgba = context.getImageData(0, 0, 16, 9).data;
    window.seen.push([Math.max(...rgba.filter((_, i) => i % 4 !== 3)), video.videoWidth]);
    window.watching = requestAnimationFrame(look);
  };
  look();
}"""
_SOUNDS = """() => {
  const [audio, video] = ['audio', 'video'].map((name) => document.querySelector(`[data-testid=tile-0] ${name}`));
  return !audio.paused && !audio.muted && audio.currentTime > 1 && Math.abs(audio.currentTime - video.currentTime) < 0.3;
}"""
_HIDE = """(state) => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def _shot(page: Page, folder: Path) -> np.ndarray:
    """What the screen shows of the first tile's picture, below its name and above its chip, as grey bytes."""
    path = folder / "tile.png"
    page.get_by_test_id("tile-0").locator(".tile-frame").screenshot(path=path)
    return _grey(path)


def _grey(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as file:
        return next(file.decode(video=0)).to_ndarray(format="gray")


def test_a_tile_changes_its_stream_without_a_black_moment(console: Console, node: DemoNode) -> None:
    console.open("/live", layout="4", cams=",".join(node.good[:2]))
    console.wait_state(console.tile(0), "playing")
    console.page.evaluate(_WATCH_LIGHT)
    for width in (1280, 640, 1280):
        console.tile(0).dblclick()
        console.page.wait_for_function("(width) => document.querySelector('[data-testid=tile-0] video').videoWidth === width", arg=width)
        console.page.wait_for_timeout(300)
    seen = console.page.evaluate("() => { cancelAnimationFrame(window.watching); return window.seen; }")
    darkest = min(light for light, _ in seen)
    report("main ↔ sub: darkest brightest pixel while switching", f"{darkest} of 255 in {len(seen)} looks")
    assert {width for _, width in seen} == {640, 1280}
    assert darkest > 60


def test_a_hidden_page_gives_its_streams_back_and_takes_them_again_at_once(console: Console, node: DemoNode) -> None:
    open_now: set[WebSocket] = set()

    def leave(socket: WebSocket) -> None:
        open_now.discard(socket)

    def follow(socket: WebSocket) -> None:
        if "live.mse" in socket.url:
            open_now.add(socket)
            socket.on("close", leave)

    console.page.on("websocket", follow)
    console.open("/live", layout="4", cams=node.plain)
    console.wait_state(console.tile(0), "playing")
    assert len(open_now) == 1
    console.page.evaluate(_HIDE, "hidden")
    for _ in range(80):
        if not open_now:
            break
        console.page.wait_for_timeout(100)
    assert not open_now
    console.page.evaluate(_HIDE, "visible")
    console.page.wait_for_timeout(50)
    assert len(open_now) == 1
    before = look(console.page)[0].wall_us
    console.page.wait_for_function("(us) => Number(document.querySelector('[data-testid=tile-0]').dataset.wallUs) > us + 6e6", arg=before)


def test_the_wheel_enlarges_about_the_pointer_and_a_key_shows_the_whole_again(console: Console, node: DemoNode, tmp_path: Path) -> None:
    page = console.page
    console.open("/live", layout="1", cams=node.plain)
    console.wait_state(console.tile(0), "playing")
    page.evaluate("() => document.querySelector('[data-testid=tile-0] video').pause = () => {}")
    box = console.tile(0).locator(".tile-frame").bounding_box()
    assert box
    before = _shot(page, tmp_path)
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.wheel(0, -1200)
    expect(console.tile(0)).to_contain_text(re.compile(r"\d\.\d×"))
    near = _shot(page, tmp_path)
    assert np.abs(before.astype(int) - near).mean() > 10
    page.mouse.move(box["x"] + 800, box["y"] + 400)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 200, steps=4)
    page.mouse.up()
    assert np.abs(near.astype(int) - _shot(page, tmp_path)).mean() > 5
    page.keyboard.press("z")
    expect(console.tile(0)).not_to_contain_text(re.compile(r"\d\.\d×"))
    assert np.abs(before.astype(int) - _shot(page, tmp_path)).mean() < 10


def test_one_tile_sounds_at_a_time_and_g711_is_said_to_be_silent(console: Console, node: DemoNode) -> None:
    page = console.page
    console.open("/live", layout="4", cams=f"{node.cameras[AAC]},{node.cameras[ALAW]}")
    for index in (0, 1):
        console.wait_state(console.tile(index), "playing")
        console.tile(index).dblclick()  # the main stream has the sound
        page.wait_for_function("(i) => document.querySelector(`[data-testid=tile-${i}] video`).videoWidth === 1280", arg=index)
        page.keyboard.press("m")
        if index == 0:
            page.wait_for_function(_SOUNDS)
        else:
            expect(console.tile(1).get_by_role("status")).to_contain_text("G.711 A")
        page.keyboard.press("Escape")
    assert page.locator(".tile-sounds").count() == 1
    page.keyboard.press("m")
    expect(page.locator(".tile-sounds")).to_have_count(0)


def test_a_snapshot_is_the_whole_picture_with_its_watermark(console: Console, node: DemoNode, tmp_path: Path) -> None:
    console.open("/live", layout="1", cams=node.plain)
    console.wait_state(console.tile(0), "playing")
    console.page.wait_for_function("() => document.querySelector('[data-testid=tile-0] video').videoWidth === 1280")
    console.tile(0).click()
    with console.page.expect_download() as waited:
        console.page.keyboard.press("s")
    name = str(node.get(f"/cameras/{node.plain}")["name"])
    assert re.fullmatch(rf"{re.escape(name)} \d{{4}}-\d\d-\d\d \d\d\.\d\d\.\d\d\.\d{{3}}\.png", waited.value.suggested_filename)
    path = tmp_path / "snapshot.png"
    waited.value.save_as(path)
    picture = _grey(path)
    assert picture.shape == (720, 1280)
    mark = picture[720 - 55 :, :400]
    assert (mark > 200).mean() > 0.02, "no text in the watermark"
    assert (mark < 130).mean() > 0.4, "no scrim behind the text"


def test_the_last_moments_are_played_again_in_the_tile(console: Console, node: DemoNode) -> None:
    page = console.page
    console.open("/live", layout="4", cams=node.plain)
    console.wait_state(console.tile(0), "playing")
    console.tile(0).click()
    page.keyboard.press("i")
    page.locator('[data-testid="replay-0"][data-state="playing"][data-wall-us]').wait_for()
    shown = next(s for _ in range(50) if (s := look(page, "replay-")[0]).code or page.wait_for_timeout(100))
    assert shown.code
    behind = seconds_apart(shown.code.second, shown.at_s)
    assert behind % 60 == pytest.approx(30, abs=5)
    assert shown.at_s - shown.wall_us / 1e6 == pytest.approx(30, abs=5)
    page.keyboard.press("l")
    expect(page.get_by_test_id("replay-0")).to_have_count(0)
    live = look(page)[0]
    assert live.state == "playing"
    assert live.at_s - live.wall_us / 1e6 < 6


def test_a_picture_that_stops_says_why_it_is_begun_anew_and_comes_back(console: Console, node: DemoNode) -> None:
    silent: list[bool] = []

    def between(line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        server.on_message(lambda message: None if silent else line.send(message))

    console.page.route_web_socket(re.compile("live.mse"), between)
    console.open("/live", layout="4", cams=node.plain)
    console.wait_state(console.tile(0), "playing")
    silent.append(True)
    console.wait_state(console.tile(0), "stalled")
    expect(console.tile(0)).to_contain_text("没有收到数据，正在重新连接", timeout=15_000)
    silent.clear()
    console.wait_state(console.tile(0), "playing")
    expect(console.tile(0)).not_to_contain_text("没有收到数据")
