"""The console's times are those of the node's zone, whatever the browser's is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.past import SECOND_US, now_us, open_past, pause

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

ELSEWHERE = ZoneInfo("America/St_Johns")


def test_another_zone_moves_clock_timeline_and_calendar(console: Console, node: DemoNode) -> None:
    page = console.page
    assert node.get("/system")["time_zone"] == "Asia/Shanghai"

    def moved(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"time_zone": ELSEWHERE.key})

    page.route("**/api/v1/system", moved)
    at_us = now_us() - 60 * SECOND_US
    with page.expect_request("**/calendar?*") as asked:
        open_past(console, node.plain, at_us)
    pause(console)
    there = datetime.fromtimestamp(at_us / SECOND_US, UTC).astimezone(ELSEWHERE)
    offset = there.utcoffset()
    assert offset is not None
    assert f"offset_minutes={round(offset.total_seconds() / 60)}" in asked.value.url
    shown = datetime.fromisoformat(page.get_by_test_id("master-time").inner_text())
    assert abs((shown - there.replace(tzinfo=None)).total_seconds()) < 30
    clock = page.locator(".top-clock")
    expect(clock).to_have_attribute("title", f"平台时间，时区：{ELSEWHERE.key}")
    now = datetime.now(ELSEWHERE).replace(tzinfo=None)
    assert abs((datetime.fromisoformat(clock.inner_text()) - now).total_seconds()) < 10
    expect(page.locator(".day-on")).to_have_text(str(shown.day))
