"""A legal hold from a marked span: one officer asks, another decides and releases; the timeline shows it meanwhile."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.officers import another_officer
from tests.e2e.past import SECOND_US, master_us, open_past, pause, recorded_at

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(120)]

CASE = "A-2026-0107"


def _row(console: Console) -> Locator:
    return console.page.get_by_role("row").filter(has_text=CASE)


def _held_tip(console: Console, at_us: int) -> Locator:
    """The tip over the timeline at an instant, if it says that the recording is held."""
    line = console.page.get_by_test_id("timeline")
    box = line.bounding_box()
    assert box is not None
    first, last = (int(line.get_attribute(f"data-{edge}-us") or 0) for edge in ("from", "to"))
    x = box["x"] + box["width"] * (at_us - first) / (last - first)
    console.page.mouse.move(x, 5)
    console.page.mouse.move(x, box["y"] + box["height"] - 10)
    return console.page.locator(".timeline-tip").filter(has_text="已保全")


def test_a_span_is_held_by_one_and_released_by_another(console: Console, node: DemoNode, browser: Browser) -> None:
    page = console.page
    at_us = recorded_at(node, node.good[5], 150)
    open_past(console, node.good[5], at_us)
    pause(console)
    marked_us = master_us(console)
    page.keyboard.press("BracketLeft")
    before = page.get_by_test_id("master-time").inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(text) => document.querySelector('[data-testid=master-time]').innerText > text", arg=before)
    page.keyboard.press("BracketRight")
    page.get_by_role("button", name="保全此时段").click()
    form = page.get_by_role("dialog")
    form.get_by_label("案件编号").fill(CASE)
    form.get_by_label("文书编号").fill("BQ-107")
    form.get_by_label("事由").fill("北门盗窃案")
    form.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("已开始保护，须由另一人审批。")).to_be_visible()
    expect(form).to_be_hidden()
    held_us = marked_us + 5 * SECOND_US
    expect(_held_tip(console, held_us)).to_be_visible()

    console.open("/holds")
    expect(_row(console)).to_contain_text("待审批")
    expect(_row(console).get_by_role("button", name="批准")).to_be_disabled()
    with another_officer(browser, node, "法制员") as second:
        second.open("/holds")
        _row(second).get_by_role("button", name="批准").click()
        expect(_row(second)).to_contain_text("审批：法制员")
        console.open("/holds")
        _row(console).get_by_role("button", name="申请解除").click()
        ask = page.get_by_role("dialog")
        ask.get_by_placeholder("文书编号").fill("JC-107")
        ask.get_by_placeholder("事由").fill("案件已结")
        ask.get_by_role("button", name="申请解除").click()
        expect(_row(console)).to_contain_text("待解除")
        expect(_row(console).get_by_role("button", name="解除", exact=True)).to_be_disabled()
        second.open("/holds")
        _row(second).get_by_role("button", name="解除", exact=True).click()
        expect(_row(second)).to_contain_text("已解除")
        expect(_row(second)).to_contain_text("◔")  # protected for a day more
