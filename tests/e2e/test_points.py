"""Points: add one by its address with a probe, read causes in words, remove one after a question."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def _paste(console: Console, url: str) -> Locator:
    console.open("/points")
    box = console.page.get_by_placeholder("粘贴 RTSP 地址，回车添加")
    box.fill(url)
    box.press("Enter")
    return console.page.get_by_role("dialog")


def _save(console: Console, drawer: Locator, name: str) -> Locator:
    """The row of the new point."""
    drawer.get_by_label("名称").fill(name)
    drawer.get_by_role("button", name="保存").click()
    expect(console.page.get_by_text(f"已保存：{name}")).to_be_visible()
    return console.page.get_by_role("row").filter(has_text=name)


def _remove(console: Console, row: Locator, name: str) -> None:
    row.get_by_role("button", name="删除").click()
    question = console.page.get_by_role("dialog").filter(has_text=f"删除点位“{name}”？")
    expect(question).to_contain_text("已有录像保留")
    question.get_by_role("button", name="删除").click()
    expect(row).to_have_count(0)


def test_a_point_is_probed_added_watched_and_removed(console: Console, node: DemoNode) -> None:
    drawer = _paste(console, node.sim_url(2))
    drawer.get_by_role("button", name="测试流").click()
    expect(drawer.get_by_text(re.compile("连接成功，用时"))).to_be_visible()
    expect(drawer.get_by_role("listitem").first).to_contain_text("H.264 1280×720")
    row = _save(console, drawer, "试验点位甲")
    expect(row).to_contain_text("在线")
    expect(row).to_contain_text("H.264 1280×720")
    row.get_by_role("button", name="预览").click()
    console.wait_state(console.tile(0), "playing")
    console.open("/points", q="试验点位甲")
    _remove(console, row, "试验点位甲")


def test_a_wrong_password_is_told_in_words(console: Console, node: DemoNode) -> None:
    url = node.sim_url(16).replace("rtsp://", "rtsp://admin:guess@")
    drawer = _paste(console, url)
    expect(drawer.get_by_label("主码流地址", exact=True)).to_have_value(node.sim_url(16))
    expect(drawer.get_by_label("用户名")).to_have_value("admin")
    drawer.get_by_role("button", name="测试流").click()
    alert = drawer.get_by_role("alert")
    expect(alert).to_contain_text("鉴权失败")
    expect(alert).to_contain_text("更正用户名和密码")
    row = _save(console, drawer, "试验点位乙")
    expect(row).to_contain_text("离线 · 鉴权失败")
    _remove(console, row, "试验点位乙")


def test_an_unreachable_address_is_told_in_words(console: Console) -> None:
    drawer = _paste(console, "rtsp://127.0.0.1:1/nowhere")
    drawer.get_by_role("button", name="测试流").click()
    expect(drawer.get_by_role("alert")).to_contain_text("拒绝连接")
