"""Integrity: signed roots are on time, and a byte that changed on the disk is found and shown with its part of the recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.past import SECOND_US, now_us

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(180)]


def _oldest(node: DemoNode) -> tuple[str, dict[str, Any]]:
    """The last good camera that has a closed recording, and its oldest one: no other test plays that past."""
    now = now_us()
    for camera in reversed(node.good):
        found = node.get(f"/cameras/{camera}/segments", **{"from": str(now - 3600 * SECOND_US), "to": str(now)})["items"]
        if found:
            return camera, found[0]
    raise AssertionError("no camera has a closed recording")


def _rot(node: DemoNode, segment: dict[str, Any]) -> None:
    """One bit in the middle of the file, where pictures are."""
    (volume,) = node.get("/system")["volumes"]
    path = Path(volume["path"]) / segment["path"]
    with path.open("r+b") as file:
        file.seek(segment["bytes"] // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 0x10]))


def test_a_flipped_bit_is_found_and_shown(console: Console, node: DemoNode) -> None:
    page = console.page
    camera, segment = _oldest(node)
    name = str(node.get(f"/cameras/{camera}")["name"])
    console.open("/integrity")
    roots = page.get_by_role("region", name="分钟签名根")
    expect(roots).to_contain_text("最近签名的分钟")
    expect(page.get_by_text("未发现损坏。")).to_be_visible()
    _rot(node, segment)
    page.get_by_role("button", name="立即全部复核").click()
    expect(page.get_by_text("已开始重新读取全部录像。")).to_be_visible()
    damage = page.get_by_role("region", name="损坏录像").get_by_role("row").filter(has_text=name)
    expect(damage.first).to_contain_text("图像数据被改动", timeout=90_000)
    damage.first.get_by_role("button", name="回放").click()
    page.wait_for_url(f"**/playback?*{camera}*")
