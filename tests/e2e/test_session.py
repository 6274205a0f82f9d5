"""Who is signed out is told how to come in; keys and language are at hand everywhere."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture
def stranger(browser: Browser, node: DemoNode) -> Generator[Console]:
    """A page of somebody without a session."""
    context = browser.new_context(locale="zh-CN")
    opened = Console(context.new_page(), node.url)
    opened.expect(r"401")
    yield opened
    context.close()
    assert not opened.unexpected()


def test_a_stranger_is_told_how_to_sign_in(stranger: Console) -> None:
    stranger.open("/live")
    expect(stranger.page.get_by_text("您已退出登录。")).to_be_visible()
    expect(stranger.page.get_by_text("一次性登录链接")).to_be_visible()
    expect(stranger.page.get_by_test_id("wall")).to_have_count(0)


def test_a_link_signs_in_only_once(stranger: Console, node: DemoNode) -> None:
    stranger.page.goto(node.login_url)
    alert = stranger.page.get_by_role("alert")
    expect(alert).to_contain_text("登录链接无效或已过期")
    expect(alert).to_contain_text("每个链接只能使用一次")
    assert "token" not in stranger.page.url


def test_the_language_changes_at_once_and_is_kept(console: Console) -> None:
    console.open("/points")
    console.page.get_by_role("button", name="English").click()
    try:
        expect(console.page.get_by_role("columnheader", name="Last frame")).to_be_visible()
        expect(console.page.locator("html")).to_have_attribute("lang", "en")
        console.page.reload()
        expect(console.page.get_by_role("columnheader", name="Last frame")).to_be_visible()
    finally:
        console.page.get_by_role("button", name="中文").click()
    expect(console.page.get_by_role("columnheader", name="最后一帧")).to_be_visible()


def test_the_key_sheet_lists_the_keys_of_the_screen(console: Console, node: DemoNode) -> None:
    console.open("/playback", cams=node.plain)
    console.wait_state(console.past(), "playing")
    console.page.keyboard.press("Shift+Slash")
    sheet = console.page.get_by_role("dialog")
    expect(sheet).to_contain_text("单帧进")
    expect(sheet).to_contain_text("所有页面")
    console.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
