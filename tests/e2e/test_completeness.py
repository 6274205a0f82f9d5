"""Completeness: days of every camera as a map, figures under the pointer, the day in playback, the signed statement as a download."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.demo_node import CAMERAS, DemoNode
from tests.support.wait import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_a_day_is_read_under_the_pointer_and_played_by_a_click(console: Console, node: DemoNode, tmp_path: Path) -> None:
    page = console.page
    console.open("/completeness")
    row = page.get_by_test_id("heat-row")
    expect(row.first).to_be_visible(timeout=60_000)
    expect(row).to_have_count(CAMERAS, timeout=60_000)
    today = row.first.locator("[data-day]").last
    today.hover()
    tip = page.get_by_role("tooltip").filter(has_text="应录时长")
    expect(tip).to_contain_text("实录时长")
    with page.expect_download() as download:
        page.get_by_role("link", name="签名证明").click()
    download.value.save_as(tmp_path / "statement.zip")
    with zipfile.ZipFile(tmp_path / "statement.zip") as archive:
        assert {"statement.json", "statement.json.ed25519", "node.pub"} <= set(archive.namelist())
    today.click()
    page.wait_for_url("**/playback?*")


def test_the_map_is_walked_by_keys_and_sorted_by_name(console: Console, node: DemoNode) -> None:
    page = console.page
    wait_until("figures of all cameras", lambda: len(shown(node)) == CAMERAS, 60)
    console.open("/completeness", order="name")
    names = page.get_by_test_id("heat-row").get_by_role("rowheader")
    expect(names).to_have_count(CAMERAS)
    assert names.all_inner_texts() == [item["name"] for item in shown(node)]
    grid = page.get_by_role("grid")
    grid.focus()
    for key in ("ArrowDown", "ArrowDown", "End", "ArrowUp"):
        grid.press(key)
    expect(page.get_by_test_id("heat-row").nth(1).locator(".heat-at")).to_have_count(1)


def shown(node: DemoNode) -> list[dict[str, str]]:
    """The cameras by name, as the node tells them for today, local time."""
    day = (datetime.now(UTC) + timedelta(hours=8)).strftime("%Y-%m-%d")
    return list(node.get("/completeness", **{"from": day, "to": day, "order": "name"})["items"])
