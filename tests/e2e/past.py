"""Helpers of the tests that play the past: open it, read its picture, know its position."""

from __future__ import annotations

import time
from datetime import datetime

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.pictures import Shown, look

SECOND_US = 1_000_000


def now_us() -> int:
    return time.time_ns() // 1000


def micros(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND_US)


def recorded_at(node: DemoNode, camera: str, back_s: int, need_s: int = 20) -> int:
    """An instant at least `back_s` ago with `need_s` of unbroken recording behind it: the demo's past has a hole where it began."""
    now = now_us()
    answer = node.get(f"/cameras/{camera}/timeline", **{"from": str(now - 290 * SECOND_US), "to": str(now)})
    holes = [(micros(gap["from"]), micros(gap["to"])) for gap in answer["gaps"]]
    for at in range(now - back_s * SECOND_US, now - 280 * SECOND_US, -SECOND_US):
        if all(end < at - SECOND_US or start > at + need_s * SECOND_US for start, end in holes):
            return at
    raise AssertionError(f"{need_s} s of unbroken recording are not there: {answer['gaps']}")


def open_past(console: Console, camera: str, at_us: int) -> None:
    console.open("/playback", cams=camera, t=str(at_us))
    console.wait_state(console.past(), "playing")


def readable(console: Console) -> Shown:
    """What the picture shows, once a code can be read from it and the console says its time."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        shown = look(console.page, "past-")[0]
        if shown.code is not None and shown.wall_us:
            return shown
        console.page.wait_for_timeout(100)
    raise AssertionError("the past shows no readable picture")


def master_us(console: Console) -> int:
    """The timeline's position, which says local time (UTC+8)."""
    text = console.page.get_by_test_id("master-time").inner_text()
    return int(console.page.evaluate("(text) => Date.parse(text.replace(' ', 'T') + '+08:00') * 1000", text))


def pause(console: Console) -> None:
    console.page.get_by_role("button", name="暂停", exact=True).click()
    console.page.get_by_role("button", name="播放", exact=True).wait_for()


def settled(console: Console) -> Shown:
    """A paused picture whose code has stopped changing."""
    last = readable(console)
    for _ in range(40):
        console.page.wait_for_timeout(250)
        shown = readable(console)
        if shown.code == last.code and shown.wall_us == last.wall_us:
            return shown
        last = shown
    raise AssertionError("the paused picture does not stand still")
