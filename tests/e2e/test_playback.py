"""The past: the picture's own clock agrees with the timeline, seeks are quick, gaps are told, clips are files that play."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.past import SECOND_US, master_us, now_us, open_past, pause, readable, recorded_at, settled
from tests.e2e.pictures import seconds_apart
from tests.e2e.report import quantile, report

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SEEKS = 12
SEEK_S = 10.0
"""The bar is p95 500 ms on an idle machine."""


def test_picture_time_and_timeline_agree_within_a_second(console: Console, node: DemoNode) -> None:
    open_past(console, node.plain, recorded_at(node, node.plain, 150))
    apart: list[float] = []
    for _ in range(20):
        shown, head_us = readable(console), master_us(console)
        assert shown.code is not None
        apart += [seconds_apart(shown.code.second, shown.wall_us / SECOND_US), (head_us - shown.wall_us) / SECOND_US]
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
_SOUGHT = "(old) => window.clicked > 0 && new URLSearchParams(location.search).get('t') !== old"
_FOUND = """(wall) => {
  const hit = window.seen.find(([, at]) => Math.abs(at - wall) < 1.5e6);
  return hit ? hit[0] - window.clicked : null;
}"""


def test_seeks_show_the_sought_second(console: Console, node: DemoNode) -> None:
    open_past(console, node.plain, recorded_at(node, node.plain, 60))
    console.page.evaluate(_WATCH)
    took: list[float] = []
    sought_us = _url_time(console)
    for step in range(SEEKS):
        _click_at(console, recorded_at(node, node.plain, 40 + (step * 97) % 200, 3))
        console.page.wait_for_function(
            "(old) => window.clicked > 0 && new URLSearchParams(location.search).get('t') !== old", arg=str(sought_us)
        )
        sought_us = _url_time(console)
        handle = console.page.wait_for_function(_FOUND, arg=sought_us, timeout=SEEK_S * 1000)
        took.append(float(handle.json_value()))
        shown = readable(console)
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
    console.open("/playback", cams=node.locked, t=str(now_us() - 30 * SECOND_US))
    cover = console.past().get_by_role("status")
    expect(cover).to_contain_text(re.compile("无录像|已到最新录像"))
    expect(cover).to_contain_text("鉴权失败")


@pytest.mark.parametrize("speed", [0.5, 2, 4])
def test_speeds_are_kept(console: Console, node: DemoNode, speed: float) -> None:
    open_past(console, node.plain, recorded_at(node, node.plain, 120, 40))
    console.page.get_by_text(f"{speed:g}×", exact=True).click()
    console.page.wait_for_timeout(1000)
    began, first_us = time.monotonic(), master_us(console)
    console.page.wait_for_timeout(4000)
    took_s, last_us = time.monotonic() - began, master_us(console)
    rate = (last_us - first_us) / SECOND_US / took_s
    apart_s = (readable(console).wall_us - last_us) / SECOND_US
    report(f"playback at {speed:g}×", f"{rate:.2f}×, the picture {apart_s:+.1f} s from the timeline's head read before it")
    assert 0.7 * speed < rate < 1.3 * speed
    assert abs(apart_s) < 2.5 * max(1, speed)


def test_frames_are_stepped_one_by_one(console: Console, node: DemoNode) -> None:
    open_past(console, node.plain, recorded_at(node, node.plain, 100))
    readable(console)
    pause(console)
    before = settled(console)
    for key, by in ((".", 1), (".", 1), (",", -1), (",", -1), (",", -1)):
        console.page.keyboard.press(key)
        after = settled(console)
        assert before.code is not None
        assert after.code is not None
        assert (after.code.counter - before.code.counter) % 1500 == by % 1500, f"{key}: {before.code} → {after.code}"
        before = after


def test_a_marked_clip_downloads_as_a_film(console: Console, node: DemoNode, tmp_path: Path) -> None:
    open_past(console, node.plain, recorded_at(node, node.plain, 120))
    readable(console)
    pause(console)
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
