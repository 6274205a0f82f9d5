"""The past: the picture's own clock agrees with the timeline, seeks are quick, gaps are told, clips are files that play."""

from __future__ import annotations

import json
import re
import subprocess
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.pictures import Shown, look, seconds_apart
from tests.e2e.report import quantile, report

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECOND_US = 1_000_000
SEEKS = 12
SEEK_S = 10.0
"""The bar is p95 500 ms on an idle machine."""


def _now_us() -> int:
    return time.time_ns() // 1000


def _open(console: Console, camera: str, at_us: int) -> None:
    console.open("/playback", cams=camera, t=str(at_us))
    console.wait_state(console.past(), "playing")


def _readable(console: Console) -> Shown:
    """What the picture shows, once a code can be read from it and the console says its time."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        shown = look(console.page, "past-")[0]
        if shown.code is not None and shown.wall_us:
            return shown
        console.page.wait_for_timeout(100)
    raise AssertionError("the past shows no readable picture")


def _master_us(console: Console) -> int:
    """The timeline's position, which says local time (UTC+8)."""
    text = console.page.get_by_test_id("master-time").inner_text()
    return int(console.page.evaluate("(text) => Date.parse(text.replace(' ', 'T') + '+08:00') * 1000", text))


def _pause(console: Console) -> None:
    console.page.get_by_role("button", name="暂停", exact=True).click()
    console.page.get_by_role("button", name="播放", exact=True).wait_for()


def _settled(console: Console) -> Shown:
    """A paused picture whose code has stopped changing."""
    last = _readable(console)
    for _ in range(40):
        console.page.wait_for_timeout(250)
        shown = _readable(console)
        if shown.code == last.code and shown.wall_us == last.wall_us:
            return shown
        last = shown
    raise AssertionError("the paused picture does not stand still")


def test_picture_time_and_timeline_agree_within_a_second(console: Console, node: DemoNode) -> None:
    _open(console, node.plain, _now_us() - 150 * SECOND_US)
    apart: list[float] = []
    for _ in range(20):
        shown, master_us = _readable(console), _master_us(console)
        assert shown.code is not None
        apart += [seconds_apart(shown.code.second, shown.wall_us / SECOND_US), (master_us - shown.wall_us) / SECOND_US]
        console.page.wait_for_timeout(200)
    report(
        "playback: picture, its label and the timeline apart",
        f"{min(apart):.2f} to {max(apart):.2f} s (half a second is the code's own grain)",
    )
    assert max(map(abs, apart)) <= 1.0


# The browser says when the click came and when a frame of the sought place was first shown.
_WATCH = """() => {
  window.seen = [];
  window.clicked = 0;
  const tile = document.querySelector('[data-testid="past-0"]');
  const see = () => window.seen.push([performance.now(), Number(tile.dataset.wallUs)]);
  new MutationObserver(see).observe(tile, { attributeFilter: ['data-wall-us'] });
  document.querySelector('[data-testid="timeline"]').addEventListener('pointerup', (event) => {
    window.seen = [];
    window.clicked = event.timeStamp;
  }, true);
}"""
_FOUND = """(wall) => {
  const hit = window.seen.find(([, at]) => Math.abs(at - wall) < 1.5e6);
  return hit ? hit[0] - window.clicked : null;
}"""


def test_seeks_show_the_sought_second(console: Console, node: DemoNode) -> None:
    _open(console, node.plain, _now_us() - 60 * SECOND_US)
    console.page.evaluate(_WATCH)
    took: list[float] = []
    for step in range(SEEKS):
        _click_at(console, _now_us() - (40 + (step * 97) % 200) * SECOND_US)
        console.page.wait_for_function("window.clicked > 0")
        wall_us = _url_time(console)
        handle = console.page.wait_for_function(_FOUND, arg=wall_us, timeout=SEEK_S * 1000)
        took.append(float(handle.json_value()))
        shown = _readable(console)
        assert shown.code is not None
        assert abs(seconds_apart(shown.code.second, shown.wall_us / SECOND_US)) <= 1.0
        console.page.evaluate("window.clicked = 0")
        console.page.wait_for_timeout(400)  # or two clicks are a double click, which zooms
    report("playback: seek to first frame", f"p50 {quantile(took, 0.5):.0f} ms, p95 {quantile(took, 0.95):.0f} ms, {len(took)} seeks")


def _click_at(console: Console, us: int) -> None:
    """On the timeline's track, where the view that it shows puts that time."""
    canvas = console.page.get_by_test_id("timeline")
    box = canvas.bounding_box()
    assert box is not None
    from_us, to_us = int(canvas.get_attribute("data-from-us") or 0), int(canvas.get_attribute("data-to-us") or 0)
    x = (us - from_us) / (to_us - from_us) * box["width"]
    console.page.mouse.click(box["x"] + x, box["y"] + box["height"] - 8)


def _url_time(console: Console) -> int:
    return int(parse_qs(urlparse(console.page.url).query)["t"][0])


def test_a_camera_without_recording_says_so(console: Console, node: DemoNode) -> None:
    console.open("/playback", cams=node.locked, t=str(_now_us() - 30 * SECOND_US))
    cover = console.past().get_by_role("status")
    expect(cover).to_contain_text(re.compile("无录像|已到最新录像"))
    expect(cover).to_contain_text("鉴权失败")


@pytest.mark.parametrize("speed", [0.5, 2, 4])
def test_speeds_are_kept(console: Console, node: DemoNode, speed: float) -> None:
    _open(console, node.plain, _now_us() - 200 * SECOND_US)
    console.page.get_by_text(f"{speed:g}×", exact=True).click()
    console.page.wait_for_timeout(1000)
    first = _readable(console)
    console.page.wait_for_timeout(4000)
    last = _readable(console)
    rate = (last.wall_us - first.wall_us) / SECOND_US / (last.at_s - first.at_s)
    report(f"playback at {speed:g}×", f"{rate:.2f}×")
    assert 0.7 * speed < rate < 1.3 * speed


def test_frames_are_stepped_one_by_one(console: Console, node: DemoNode) -> None:
    _open(console, node.plain, _now_us() - 100 * SECOND_US)
    _readable(console)
    _pause(console)
    before = _settled(console)
    for key, by in ((".", 1), (".", 1), (",", -1), (",", -1), (",", -1)):
        console.page.keyboard.press(key)
        after = _settled(console)
        assert before.code is not None
        assert after.code is not None
        assert (after.code.counter - before.code.counter) % 1500 == by % 1500, f"{key}: {before.code} → {after.code}"
        before = after


def test_a_marked_clip_downloads_as_a_film(console: Console, node: DemoNode, tmp_path: Path) -> None:
    _open(console, node.plain, _now_us() - 120 * SECOND_US)
    _readable(console)
    _pause(console)
    console.page.keyboard.press("[")
    console.page.keyboard.press("ArrowRight")
    console.page.keyboard.press("]")
    with console.page.expect_download() as downloading:
        console.page.get_by_test_id("clip-mp4").click()
    film = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(film)
    assert film.suffix == ".mp4"
    command = ["ffprobe", "-v", "warning", "-print_format", "json", "-show_format", "-show_streams", str(film)]
    probe = subprocess.run(command, capture_output=True, text=True, check=True)
    assert probe.stderr == ""
    found = json.loads(probe.stdout)
    assert found["streams"][0]["codec_name"] == "h264"
    assert 9 <= float(found["format"]["duration"]) <= 14


def test_a_gap_is_told_and_jumped(console: Console, node: DemoNode) -> None:
    gap = _gap_of(node)
    _open(console, node.dropping, gap[0] - 3 * SECOND_US)
    expect(console.page.get_by_text(re.compile("缺失（离线）"))).to_be_visible()
    console.page.wait_for_function(
        "(to) => Number(document.querySelector('[data-testid=\"past-0\"]').dataset.wallUs) >= to", arg=gap[1] - SECOND_US // 2
    )
    console.wait_state(console.past(), "playing")
    shown = _readable(console)
    assert shown.code is not None
    assert abs(seconds_apart(shown.code.second, shown.wall_us / SECOND_US)) <= 1.0


def _gap_of(node: DemoNode) -> tuple[int, int]:
    """The first whole drop-out of the camera that drops out, with something behind it."""
    until = time.monotonic() + 150
    while time.monotonic() < until:
        now = _now_us()
        answer = node.get(f"/cameras/{node.dropping}/timeline", **{"from": str(now - 200 * SECOND_US), "to": str(now)})
        for gap in answer["gaps"]:
            start, end = _us(gap["from"]), _us(gap["to"])
            if gap["cause"] == "camera_offline" and end - start > 4 * SECOND_US and now - end > 12 * SECOND_US:
                return start, end
        time.sleep(1)
    raise AssertionError("no drop-out was recorded")


def _us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND_US)
