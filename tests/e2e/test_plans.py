"""Record plans in the console: painted by mouse and keyboard, undone, saved, chosen for a camera; record now on a tile."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.console import PATIENCE_MS, Console
from tests.e2e.demo_node import DemoNode

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NAME = "试验计划"


def _plan(node: DemoNode, name: str) -> dict[str, Any]:
    return next(plan for plan in node.get("/record-plans")["items"] if plan["name"] == name)


def _drag(console: Console, row: Locator, from_hour: float, to_hour: float) -> None:
    box = row.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    console.page.mouse.move(box["x"] + box["width"] * (from_hour + 0.25) / 24, y)
    console.page.mouse.down()
    console.page.mouse.move(box["x"] + box["width"] * (to_hour - 0.25) / 24, y, steps=4)
    console.page.mouse.up()


def test_a_plan_is_painted_undone_saved_and_followed_by_a_camera(console: Console, node: DemoNode) -> None:
    page = console.page
    console.open("/plans")
    page.get_by_role("button", name="新建计划").click()
    page.get_by_placeholder("计划名称").fill(NAME)
    page.locator(".ant-radio-button-wrapper").filter(has_text="事件录像").click()
    _drag(console, page.locator('[data-row="monday"]'), 20, 22)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text(re.compile("^周二 20:30–21:00: 事件录像"))).to_be_visible()
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text(f"已保存：{NAME}")).to_be_visible(timeout=PATIENCE_MS)
    saved = _plan(node, NAME)
    week = saved["main"]["week"]
    assert week["monday"][-1] == {"from_min": 1200, "to_min": 1320, "kind": "event"}
    assert week["tuesday"][-1] == {"from_min": 1200, "to_min": 1260, "kind": "event"}
    console.open("/points", q="")
    choice = page.get_by_role("row").nth(2).locator(".record-select")
    choice.click()
    page.locator(".ant-select-dropdown:visible").get_by_text(NAME, exact=True).click()
    expect(choice).to_contain_text(NAME, timeout=PATIENCE_MS)
    changed = [c for c in node.get("/cameras", limit=500)["items"] if c["record"] == saved["id"]]
    assert len(changed) == 1
    console.open("/plans", plan=saved["id"])
    expect(page.locator(".plans-on")).to_contain_text("1 个点位使用")
    expect(page.locator(".plans-on").get_by_role("button", name="删除")).to_be_disabled()
    console.open("/points", q=changed[0]["name"])
    choice = page.get_by_role("row").nth(1).locator(".record-select")
    choice.click()
    page.locator(".ant-select-dropdown:visible").get_by_text("全天录像", exact=True).click()
    expect(choice).to_contain_text("全天录像", timeout=PATIENCE_MS)
    console.open("/plans", plan=saved["id"])
    page.locator(".plans-on").get_by_role("button", name="删除").click()
    page.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(page.get_by_text(NAME)).to_have_count(0)


def test_a_holiday_is_added_and_shown_in_the_preview(console: Console, node: DemoNode) -> None:
    page = console.page
    console.open("/plans", tab="holidays")
    page.get_by_placeholder("开始日期").click()
    today = page.locator(".ant-picker-cell-today").first
    today.click()
    page.locator(".ant-picker-cell-today").first.click()
    page.get_by_placeholder("节假日名称").fill("试验节")
    page.get_by_role("button", name="添加 1 天").click()
    row = page.get_by_role("row").filter(has_text="试验节")
    expect(row).to_contain_text("节假日")
    console.open("/plans", plan="new")
    expect(page.locator(".preview-day").first).to_contain_text("试验节")
    console.open("/plans", tab="holidays")
    row.get_by_role("button", name="删除").click()
    expect(row).to_have_count(0)
    assert node.get("/holidays")["items"] == []


def test_a_tile_records_now_and_stops(console: Console, node: DemoNode) -> None:
    console.open("/live", layout="1", cams=node.plain)
    tile = console.tile(0)
    console.wait_state(tile, "playing")
    tile.hover()
    tile.get_by_role("button", name="立即录像").click()
    stop = tile.get_by_role("button", name=re.compile("停止录像（.*自动结束）"))
    expect(stop).to_be_visible(timeout=PATIENCE_MS)
    (running,) = node.get("/events/running")["items"]
    assert (running["camera_id"], running["forced"], running["reason"]) == (node.plain, True, "manual")
    stop.click()
    expect(tile.get_by_role("button", name="立即录像")).to_be_visible(timeout=PATIENCE_MS)
    assert node.get("/events/running")["items"] == []
