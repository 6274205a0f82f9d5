"""Storage: a volume's figures and state as the node tells them, a quota that is set and taken back, and what would go by it."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(120)]

QUOTA_GB = 500
BIG = 10**9


def _volume(node: DemoNode) -> dict[str, Any]:
    (volume,) = node.get("/storage/volumes")["items"]
    return volume


def _set(console: Console, article: Locator, gb: str) -> None:
    article.get_by_role("button", name="设规则").click()
    drawer = console.page.get_by_role("dialog")
    drawer.get_by_label("最多 GB").fill(gb)
    drawer.get_by_role("button", name="保存").click()
    expect(drawer).to_be_hidden()


def test_a_volume_is_shown_with_its_figures_and_its_cameras(console: Console, node: DemoNode) -> None:
    page = console.page
    console.open("/storage")
    article = page.locator(".volume")
    volume = _volume(node)
    expect(article).to_contain_text(volume["path"])
    expect(article).to_contain_text(f"/ {volume['capacity_bytes'] / BIG:.1f} GB")
    expect(article.get_by_role("meter", name="已用")).to_have_attribute("aria-valuenow", re.compile(r"^\d"))
    expect(article.get_by_text(re.compile("故障|已满"))).to_have_count(0)
    kept = page.get_by_role("row").filter(has_text="主码流")
    expect(kept.first).to_contain_text(re.compile(r"[\d.]+ [kM]B"))
    expect(kept.first).to_contain_text("分钟")


def test_a_quota_is_set_and_what_would_go_by_it_is_told_before(console: Console, node: DemoNode) -> None:
    console.open("/storage")
    article = console.page.locator(".volume")
    rule = console.page.locator(".rule").filter(has_text=f"≤ {QUOTA_GB} GB")
    _set(console, article, str(QUOTA_GB))
    try:
        expect(rule).to_contain_text("存储卷")
        expect(article).to_contain_text(f"/ {QUOTA_GB} GB")
        assert _volume(node)["quota_bytes"] == QUOTA_GB * BIG
        told = subprocess.run(
            [sys.executable, "-m", "vms", "retention", "--data", str(node.data), "--dry-run"], capture_output=True, text=True, check=True
        )
        assert told.stdout.startswith("would be deleted:\n  nothing\n")
        assert f"quota_bytes {QUOTA_GB * BIG}" in told.stdout
    finally:
        _set(console, article, "")
    expect(rule).to_have_count(0)
    assert _volume(node)["quota_bytes"] is None
